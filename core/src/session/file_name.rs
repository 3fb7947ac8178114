//! Pure: the names of the files and folders that are a session's own.

use super::Alias;
use crate::digest::Digest;

/// Between an alias and what tells its case; no alias has it.
const MARK: char = '=';
/// As many digits of a digest as tell `Prod` from `prod`.
const DIGITS: usize = 8;

impl Alias {
    /// The name of a file that is this session's alone, also on a file system that ignores case (APFS, NTFS, ext4 with
    /// `casefold`), where `Prod` and `prod` would be one file: what has capitals is told by a digest of it.
    pub fn file_name(&self) -> String {
        if !self.as_str().bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.to_string();
        }
        format!("{self}{MARK}{}", &Digest::of(&[self.as_str()]).short()[..DIGITS])
    }

    /// The alias whose file has this name, or had it before capitals were told: what lies there is forgotten with the rest.
    pub fn of_file(name: &str) -> Option<Self> {
        let alias = Self::parse(name.split(MARK).next()?).ok()?;
        (name == alias.as_str() || name == alias.file_name()).then_some(alias)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_sessions_have_one_file_where_case_is_ignored(
            letters in "[a-zA-Z0-9_][a-zA-Z0-9._@+-]{0,8}",
            capitals in any::<u16>(),
        ) {
            let other: String = letters
                .chars()
                .enumerate()
                .map(|(place, c)| if capitals >> place & 1 == 1 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect();
            let (one, other) = (Alias::parse(&letters).expect("an alias"), Alias::parse(&other).expect("an alias"));
            let same = one.file_name().eq_ignore_ascii_case(&other.file_name());
            prop_assert_eq!(same, one == other);
            prop_assert_eq!(Alias::of_file(&one.file_name()), Some(one.clone()));
            prop_assert_eq!(Alias::of_file(one.as_str()), Some(one));
        }
    }

    #[test]
    fn names_without_capitals_are_as_they_were() {
        let alias = |text| Alias::parse(text).expect("an alias");
        assert_eq!(alias("prod-eu.1").file_name(), "prod-eu.1");
        assert_eq!(Alias::of_file(&alias("Prod").file_name().replace("Prod", "PROD")), None);
        assert_eq!(Alias::of_file(".leapp-12345678.new"), None);
    }
}
