//! The files of AWS's tools, as far as it matters which keys stand under a profile. Pure.
//!
//! Read as botocore reads them, through Python's `RawConfigParser`: a line that is indented more than the key above it
//! continues that key's value, and what is under `[DEFAULT]` is under every profile that the file has. Where SDKs read
//! differently, as with spaces around a name, a profile is found if any of them finds it.

use std::iter;

use crate::named_profiles::Kind;

/// Keys of a profile with which it brings credentials, so that SDKs look no further.
const WINNING: [&str; 10] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "credential_process",
    "role_arn",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
];

/// Keys that make sense beside those alone.
const BESIDE: [&str; 5] =
    ["aws_session_token", "aws_security_token", "source_profile", "credential_source", "sso_region"];

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

/// A key under a profile with which it brings credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winning {
    /// The key's name.
    pub key: String,
    /// From 1 on.
    pub line: usize,
}

impl Winning {
    /// The first one under a profile.
    pub fn under(profile: &str, kind: Kind, text: &str) -> Option<Self> {
        let has_profile = has_profile(profile, kind, text);
        lines(text, profile, kind).zip(1..).find_map(|((_, place), line)| {
            let (_, key) = place.filter(|(of, _)| has_profile || *of == Of::Profile)?;
            WINNING.contains(&&*key).then_some(Self { key, line })
        })
    }
}

/// The text without the credentials of a profile; every other byte of it stays.
pub fn without_credentials(profile: &str, kind: Kind, text: &str) -> String {
    let has_profile = has_profile(profile, kind, text);
    let goes = |(of, key): &(Of, String)| {
        (has_profile || *of == Of::Profile) && (WINNING.contains(&&**key) || BESIDE.contains(&&**key))
    };
    lines(text, profile, kind).filter(|(_, place)| !place.as_ref().is_some_and(goes)).map(|(line, _)| line).collect()
}

/// What a key is under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The profile that is asked for.
    Profile,
    /// `[DEFAULT]`.
    EveryProfile,
}

/// Every line with its end, and the key that it belongs to, where that is under the profile or under all.
fn lines<'t>(text: &'t str, profile: &str, kind: Kind) -> impl Iterator<Item = (&'t str, Option<(Of, String)>)> {
    let mut under = None;
    // The key that is being read, and how far it is indented.
    let mut open: Option<(usize, String)> = None;
    split_lines(text).map(move |line| {
        let key = match read(line, open.as_ref().map(|(above, _)| *above)) {
            Line::Section(name) => {
                under = match name {
                    "DEFAULT" => Some(Of::EveryProfile),
                    name => is_profile(name, profile, kind).then_some(Of::Profile),
                };
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
        (line, under.zip(key))
    })
}

/// The lines with their ends: `\n`, `\r\n`, or `\r` alone, as Python has them.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        let end =
            rest.find(['\n', '\r']).map_or(rest.len(), |end| end + if rest[end..].starts_with("\r\n") { 2 } else { 1 });
        let (line, after) = rest.split_at(end);
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

fn has_profile(profile: &str, kind: Kind, text: &str) -> bool {
    split_lines(text).any(|line| matches!(read(line, None), Line::Section(name) if is_profile(name, profile, kind)))
}

fn read(line: &str, above: Option<usize>) -> Line<'_> {
    let text = line.trim().trim_start_matches('\u{feff}');
    if text.is_empty() || text.starts_with(['#', ';']) {
        return Line::Other;
    }
    if above.is_some_and(|above| indent(line) > above) {
        return Line::Continued;
    }
    if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).map(|(name, _)| name) {
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

/// `[NAME]`; in the config, `[profile NAME]` too, with and without quotes.
fn is_profile(section: &str, name: &str, kind: Kind) -> bool {
    let section = section.trim();
    let bare = section.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace));
    match (kind, bare) {
        (Kind::Credentials, _) => section == name,
        (Kind::Config, bare) => bare.unwrap_or(section).trim().trim_matches(['"', '\'']) == name,
    }
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
            ("[default]\rregion = x\rrole_arn = y\r", Some("role_arn")),
            ("[DEFAULT]\nrole_arn = x\n[default]\n", Some("role_arn")),
            ("[DEFAULT]\nrole_arn = x\n[dev]\n", None),
            ("[default]\n[no section = x\nrole_arn = x\n", Some("role_arn")),
            ("", None),
        ] {
            assert_eq!(Winning::under("default", Kind::Config, text).map(|found| found.key).as_deref(), key, "{text}");
        }
    }

    #[test]
    fn those_of_any_profile_are_found_with_their_line() {
        let text = "[default]\nrole_arn = x\n[my prod]\nregion = x\n\n  # mine\nsource_profile = y\nrole_arn = z\n";
        let found = Winning::under("my prod", Kind::Credentials, text);
        assert_eq!(found, Some(Winning { key: "role_arn".into(), line: 8 }));
        assert_eq!(Winning::under("prod", Kind::Credentials, text), None);
    }

    #[test]
    fn they_are_taken_out_and_the_rest_stays() {
        let text = "# a\n[default]\nregion = x\naws_access_key_id = A\naws_secret_access_key = B\n s3 = continued\n# b\n\
                    s3 =\n  role_arn = stays\noutput = json\n[profile dev]\naws_access_key_id = C\n";
        assert_eq!(
            without_credentials("default", Kind::Config, text),
            "# a\n[default]\nregion = x\n# b\ns3 =\n  role_arn = stays\noutput = json\n[profile dev]\n\
             aws_access_key_id = C\n"
        );
        assert_eq!(
            without_credentials("default", Kind::Config, "[default]\r\nrole_arn=x\r\nregion=y"),
            "[default]\r\nregion=y"
        );
    }

    proptest! {
        #[test]
        fn nothing_wins_in_what_is_left(text in "(\\[default\\]|\\[dev\\]|role_arn|sso_session|region| |=|x|#|\n|\r\n){0,40}") {
            let rest = without_credentials("default", Kind::Config, &text);
            prop_assert_eq!(Winning::under("default", Kind::Config, &rest), None);
            prop_assert_eq!(without_credentials("default", Kind::Config, &rest), rest);
        }
    }
}
