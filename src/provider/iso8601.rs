//! Pure: points in time as other programs write them, in every form of ISO 8601 that botocore takes.

use time::{OffsetDateTime, format_description::well_known::Iso8601};

/// Reads a date and a time of day with a zone: `2030-01-31T23:59:59.5+01:00`, `20300131T2359Z`,
/// `2030-01-31 23:59:59 UTC`. None where it is something else; without a zone, no two machines agree on it.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let has_dashes = text.as_bytes().get(4) == Some(&b'-');
    let (date, rest) = text.split_at_checked(if has_dashes { "2030-01-31".len() } else { "20300131".len() })?;
    let time = rest.strip_prefix(['T', 't']).unwrap_or(rest.trim_start());
    let (time, zone) = time.split_at(time.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c))?);
    let zone = match zone.trim_start() {
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        offset => offset.replace(':', ""),
    };
    // In the basic format, where nothing stands between the digits.
    let basic = format!("{}T{}{zone}", date.replace('-', ""), time.replace(':', "").replace(',', "."));
    let at = OffsetDateTime::parse(&basic, &Iso8601::PARSING).ok()?;
    (at.offset().whole_hours().abs() < 24).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{UtcOffset, format_description::well_known::Rfc3339};

    use super::*;

    proptest! {
        #[test]
        fn what_rfc_3339_writes_is_read(seconds in -62_135_596_800_i64..253_402_300_799, hours in -23_i8..=23) {
            let at = OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
            let offset = UtcOffset::from_hms(hours, 0, 0).expect("an offset");
            if let Some(written) = at.checked_to_offset(offset).and_then(|at| at.format(&Rfc3339).ok()) {
                prop_assert_eq!(parse(&written), Some(at), "{}", written);
            }
        }

        #[test]
        fn reading_never_panics(text in "[0-9TtZzUCGM:.,+ é-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
