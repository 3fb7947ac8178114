//! Pure: what stands in a `.leapp` file.

use toml::de::{DeTable, DeValue};

use crate::session::Alias;

/// Reads a `.leapp` file: TOML with `session = "dev"` and nothing else, or the bare word `dev`, with comments.
///
/// # Errors
/// Why it names no session. Of the text itself nothing is repeated but what is an alias: it may come from anywhere.
pub fn parse(bytes: &[u8]) -> Result<Alias, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(alias) = bare(text) {
        return Ok(alias);
    }
    let meant = || "it must say session = \"NAME\", or the NAME alone".to_owned();
    let document = DeTable::parse(text).map_err(|_| meant())?;
    let table = document.get_ref();
    if table.len() > 1 {
        return Err("it may say nothing but session = \"NAME\"".into());
    }
    match table.get("session").map(toml::Spanned::get_ref) {
        Some(DeValue::String(name)) => Alias::parse(name),
        _ => Err(meant()),
    }
}

/// The one word of a text, beside comments.
fn bare(text: &str) -> Option<Alias> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let word = lines.next().filter(|_| lines.next().is_none())?;
    Alias::parse(word.split('#').next().unwrap_or_default().trim_end()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_session_is_named_in_two_ways() {
        for text in [
            "dev",
            "dev\n",
            "  dev \r\n",
            "# why\n\ndev # and what\n",
            "session = \"dev\"",
            "\u{feff}session = 'dev' # x\n# y\n",
        ] {
            assert_eq!(parse(text.as_bytes()).expect(text).as_str(), "dev");
        }
    }

    #[test]
    fn everything_else_names_none() {
        for text in [
            "",
            "# dev",
            "dev prod",
            "dev\nprod",
            "../dev",
            "-dev",
            "$(id)",
            "`id`",
            "session = 1",
            "session = [\"dev\"]",
            "session = \"dev\"\nregion = \"eu-west-1\"",
            "sessions = \"dev\"",
            "session = \"\\u001b]0;x\"",
            "\u{1b}[31mdev",
            "d\u{202e}ev",
        ] {
            let why = parse(text.as_bytes()).expect_err(text);
            assert!(why.chars().all(|c| !c.is_control()), "{why:?}");
        }
        assert!(parse(b"dev\0").is_err() && parse(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn every_alias_is_read(alias in "[A-Za-z0-9_][A-Za-z0-9._@+-]{0,63}") {
            for text in [alias.clone(), format!("session = \"{alias}\"")] {
                prop_assert_eq!(parse(text.as_bytes()).map(|read| read.to_string()), Ok(alias.clone()));
            }
        }
    }
}
