//! A command line for `credential_process`.

/// A command line that everybody reads as these words.
///
/// botocore takes it apart with Python's `shlex` and runs it without a shell; the SDKs for Rust, Go, Java and JavaScript
/// hand it to `sh -c`. Single quotes are the same to both. All of them may take white space and `#` or `;` for the
/// beginning of a comment, quoted or not ("Format of the config file", AWS SDKs and Tools Reference Guide): the quotes
/// end and begin between the two.
pub fn command_line(words: &[&str]) -> String {
    words.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ")
}

fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("'");
    let mut after_space = false;
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("'\\''"),
            '#' | ';' if after_space => {
                quoted.push_str("''");
                quoted.push(c);
            }
            c => quoted.push(c),
        }
        after_space = c.is_whitespace();
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_needs_quotes_has_them() {
        assert_eq!(command_line(&["/usr/bin/leapp", "x@y+z"]), "/usr/bin/leapp x@y+z");
        assert_eq!(command_line(&["/My Apps/it's", ""]), r"'/My Apps/it'\''s' ''");
        assert_eq!(command_line(&["/a #b ;c"]), "'/a ''#b '';c'");
    }

    proptest! {
        #[test]
        fn the_words_come_back_and_no_comment_begins(words in prop::collection::vec("[ -~é]{0,12}", 1..4)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let line = command_line(&words);
            prop_assert_eq!(shell_words::split(&line).expect(&line), words);
            prop_assert!(!line.contains(" #") && !line.contains(" ;"), "{}", line);
        }
    }
}
