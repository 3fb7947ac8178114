//! Names that a person may have meant.

/// Up to three of `known` that are near to `name`, the nearest first.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    near.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_near_and_strangers_are_not() {
        let known = ["prod", "prod-eu", "dev", "corp"];
        assert_eq!(nearest("prdo", known), ["prod", "prod-eu"]);
        assert_eq!(nearest("PROD", known)[0], "prod");
        assert!(nearest("zebra", known).is_empty());
    }
}
