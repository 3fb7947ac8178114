//! The name under which a role session appears in CloudTrail.

use super::{arn::Invalid, names::is_sts_word};

/// The longest name that STS takes (`AssumeRole`, parameter `RoleSessionName`: 2 to 64 of `[\w+=,.@-]`).
const MAX_LENGTH: usize = 64;

/// A role session's name, in which `{user}` and `{host}` stand for the person's login and machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSessionName(String);

impl Default for RoleSessionName {
    fn default() -> Self {
        Self("{user}@{host}".to_owned())
    }
}

impl RoleSessionName {
    /// Reads a template.
    ///
    /// # Errors
    /// Where a placeholder is unknown, or a character is outside STS's alphabet.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = text.replace("{user}", "").replace("{host}", "");
        if plain.contains(['{', '}']) {
            return Err("a role session name knows the placeholders {user} and {host}".into());
        }
        let has_placeholder = plain.len() != text.len();
        if !is_sts_word(&plain, "") || plain.len() > MAX_LENGTH || (!has_placeholder && plain.len() < 2) {
            return Err("a role session name has 2 to 64 letters, digits and _+=,.@-".into());
        }
        Ok(Self(text.to_owned()))
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for this person and machine, trimmed to what STS takes: other characters become `-`, the host loses
    /// its domain, and what is too long is cut.
    pub fn expand(&self, user: &str, host: &str) -> String {
        let host = host.split('.').next().unwrap_or(host);
        let mut name: String = self
            .0
            .replace("{user}", &sts_alphabet(user))
            .replace("{host}", &sts_alphabet(host))
            .chars()
            .take(MAX_LENGTH)
            .collect();
        while name.len() < 2 {
            name.push('-');
        }
        name
    }
}

fn sts_alphabet(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() && is_sts_word(c.encode_utf8(&mut [0; 4]), "") { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn placeholders_are_filled_and_trimmed() {
        let name = RoleSessionName::parse("{user}@{host}").expect("valid");
        assert_eq!(name.expand("alice", "laptop.example.org"), "alice@laptop");
        assert_eq!(name.expand("DOMAIN\\älice", "my box"), "DOMAIN--lice@my-box");
        assert_eq!(name.expand(&"x".repeat(80), "h").len(), 64);
    }

    #[test]
    fn what_sts_would_refuse_is_refused_here() {
        for bad in ["", "x", "a b", "{name}", "{user", "a/b", &"x".repeat(65)] {
            assert!(RoleSessionName::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_expanded_name_is_always_one_that_sts_takes(user in ".*", host in ".*") {
            let name = RoleSessionName::default().expand(&user, &host);
            prop_assert!((2..=64).contains(&name.len()) && is_sts_word(&name, ""), "{name:?}");
        }
    }
}
