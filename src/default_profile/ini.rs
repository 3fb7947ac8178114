//! The files of AWS's tools, as far as it matters which keys stand under `[default]`. Pure.
//!
//! Read as botocore reads them, through Python's `RawConfigParser`: a line that is indented more than the key above it
//! continues that key's value.

/// Keys of a profile with which it brings credentials, so that SDKs look no further.
const WINNING: [&str; 9] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "credential_process",
    "role_arn",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "login_session",
];

/// Keys that make sense beside those alone.
const BESIDE: [&str; 6] =
    ["aws_session_token", "aws_security_token", "source_profile", "credential_source", "sso_role_name", "sso_region"];

/// What a line is.
enum Line<'a> {
    /// `[name]`.
    Section(&'a str),
    /// `key = value`.
    Key(String),
    /// More of the value above.
    Continued,
    /// A comment, an empty line, or what no parser would take.
    Other,
}

/// The first key under `[default]` with which it brings credentials.
pub(super) fn winning_key(text: &str) -> Option<String> {
    lines(text).find(|(_, key)| key.as_deref().is_some_and(|key| WINNING.contains(&key))).and_then(|(_, key)| key)
}

/// The text without the credentials of `[default]`; every other byte of it stays.
pub(super) fn without_credentials(text: &str) -> String {
    let goes = |key: &str| WINNING.contains(&key) || BESIDE.contains(&key);
    lines(text).filter(|(_, key)| !key.as_deref().is_some_and(goes)).map(|(line, _)| line).collect()
}

/// Every line with its end, and the key under `[default]` that it belongs to.
fn lines(text: &str) -> impl Iterator<Item = (&str, Option<String>)> {
    let mut is_default = false;
    // The key that is being read, and how far it is indented.
    let mut open: Option<(usize, String)> = None;
    text.split_inclusive('\n').map(move |line| {
        let key = match read(line, open.as_ref().map(|(above, _)| *above)) {
            Line::Section(name) => {
                is_default = is_default_profile(name);
                open = None;
                None
            }
            Line::Key(key) => {
                open = Some((indent(line), key.clone()));
                Some(key)
            }
            Line::Continued => open.as_ref().map(|(_, key)| key.clone()),
            Line::Other => None,
        };
        (line, key.filter(|_| is_default))
    })
}

fn read(line: &str, above: Option<usize>) -> Line<'_> {
    let text = line.trim().trim_start_matches('\u{feff}');
    if text.is_empty() || text.starts_with(['#', ';']) {
        return Line::Other;
    }
    if above.is_some_and(|above| indent(line) > above) {
        return Line::Continued;
    }
    if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
        return Line::Section(name);
    }
    match text.split_once(['=', ':']) {
        Some((key, _)) => Line::Key(key.trim().to_lowercase()),
        None => Line::Other,
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// `[default]`, and `[profile default]` with and without quotes.
fn is_default_profile(name: &str) -> bool {
    let name = name.trim();
    let name = name.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(name);
    name.trim().trim_matches(['"', '\'']) == "default"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_keys_under_default_are_found() {
        for (text, key) in [
            ("[default]\naws_access_key_id = A\n", Some("aws_access_key_id")),
            ("[ default ]\r\nregion=x\r\nCredential_Process: /bin/x\r\n", Some("credential_process")),
            ("\u{feff}[profile default]\nrole_arn=x", Some("role_arn")),
            ("[profile \"default\"]\n\tsso_session = x", Some("sso_session")),
            ("[default] # mine\n  aws_access_key_id = A\n  region = x\n", Some("aws_access_key_id")),
            ("[default]\nregion = x\n[dev]\naws_access_key_id = A\n", None),
            ("[default]\n# aws_access_key_id = A\n;role_arn = A\n", None),
            ("[default]\ns3 =\n  role_arn = x\n", None),
            ("[profile default2]\nrole_arn = x\n[profiledefault]\nrole_arn = x\n", None),
            ("", None),
        ] {
            assert_eq!(winning_key(text).as_deref(), key, "{text}");
        }
    }

    #[test]
    fn they_are_taken_out_and_the_rest_stays() {
        let text = "# a\n[default]\nregion = x\naws_access_key_id = A\naws_secret_access_key = B\n s3 = continued\n# b\n\
                    s3 =\n  role_arn = stays\noutput = json\n[profile dev]\naws_access_key_id = C\n";
        assert_eq!(
            without_credentials(text),
            "# a\n[default]\nregion = x\n# b\ns3 =\n  role_arn = stays\noutput = json\n[profile dev]\n\
             aws_access_key_id = C\n"
        );
        assert_eq!(without_credentials("[default]\r\nrole_arn=x\r\nregion=y"), "[default]\r\nregion=y");
    }

    proptest! {
        #[test]
        fn nothing_wins_in_what_is_left(text in "(\\[default\\]|\\[dev\\]|role_arn|sso_session|region| |=|x|#|\n|\r\n){0,40}") {
            let rest = without_credentials(&text);
            prop_assert_eq!(winning_key(&rest), None);
            prop_assert_eq!(without_credentials(&rest), rest);
        }
    }
}
