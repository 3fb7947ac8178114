//! JSON, written straight into a text that is wiped.
//!
//! The rule: `"` and `\` behind a backslash, control characters as `\u00XX` (RFC 8259, section 7).

use super::Script;

/// An object with one member a line.
pub(super) fn object<'a>(script: &mut Script, members: impl Iterator<Item = (&'a str, &'a str)>) {
    script.push("{");
    for (place, (name, value)) in members.enumerate() {
        script.push(if place > 0 { ",\n  " } else { "\n  " });
        quote(script, name);
        script.push(": ");
        quote(script, value);
    }
    script.push("\n}");
}

/// A string.
pub(super) fn quote(script: &mut Script, value: &str) {
    script.push("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                script.push("\\");
                script.push_char(c);
            }
            c if u32::from(c) < 0x20 => script.push(&format!("\\u{:04x}", u32::from(c))),
            c => script.push_char(c),
        }
    }
    script.push("\"");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_parser_reads_back_what_was_written(value in any::<String>()) {
            let mut script = Script::new();
            quote(&mut script, &value);
            prop_assert_eq!(serde_json::from_str::<String>(&script.finish()).expect("JSON"), value);
        }
    }
}
