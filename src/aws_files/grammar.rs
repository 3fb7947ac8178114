//! Pure: the grammar of `~/.aws/config` and `~/.aws/credentials`.
//!
//! It is that of the AWS SDK for Rust (`aws-runtime`, `env_config::parse` and `normalize`), which reads the same text
//! after leapp did. A general reader of INI files would not do: they refuse a comment behind a header, take `:` for
//! `=`, and make settings of their own of what is nested.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The kind of a section that is a profile.
pub(super) const PROFILE: &str = "profile";

/// The settings of a section; keys in lowercase. The values are secret.
pub(crate) type Properties = BTreeMap<String, Zeroizing<String>>;

/// The sections of a file, or of both.
pub(super) type Sections = BTreeMap<SectionName, Properties>;

/// Which of the two files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Config,
    Credentials,
}

/// What kind of section, and its name: `[sso-session dev]`. The kind is empty for a section of the config that no
/// SDK takes for a profile: `[dev]` in place of `[profile dev]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SectionName {
    pub(super) kind: String,
    pub(super) name: String,
}

/// What is wrong with a text, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

const WHITESPACE: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

impl SectionName {
    pub(super) fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned() }
    }

    /// Reads what stands between the brackets; none where the section has no meaning in such a file.
    fn parse(kind: FileKind, text: &str) -> Option<Self> {
        let text = text.trim_matches(WHITESPACE);
        let (prefix, name) = match text.split_once(WHITESPACE) {
            Some((prefix, name)) => (Some(prefix), name.trim()),
            None => (None, text),
        };
        let section = match (kind, prefix) {
            (FileKind::Config, Some(prefix)) => Self::new(prefix, name),
            (FileKind::Config, None) if name == "default" => Self::new(PROFILE, name),
            (FileKind::Config, None) => Self::new("", name),
            (FileKind::Credentials, None) => Self::new(PROFILE, name),
            (FileKind::Credentials, Some(_)) => return None,
        };
        is_identifier(name).then_some(section)
    }
}

/// Whether the SDK takes a name; others it passes over in silence.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c))
}

/// Reads a file.
pub(super) fn parse(kind: FileKind, text: &str) -> Result<Sections, Wrong> {
    let mut reader =
        Reader { kind, sections: Sections::new(), has_prefixed_default: false, section: Place::Before, key: None };
    for (index, line) in text.lines().enumerate() {
        reader.line(line).map_err(|why| Wrong { line: index + 1, why })?;
    }
    Ok(reader.sections)
}

/// Where a line stands.
enum Place {
    /// Before any section.
    Before,
    /// In a section that has no meaning.
    Ignored,
    In(SectionName),
}

struct Reader {
    kind: FileKind,
    sections: Sections,
    has_prefixed_default: bool,
    section: Place,
    /// The setting above, and whether others are nested in it.
    key: Option<(String, bool)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.trim_matches(WHITESPACE).is_empty() || line.starts_with(COMMENT) {
            return Ok(());
        }
        if line.starts_with('[') {
            return self.header(line);
        }
        if matches!(self.section, Place::Before) {
            return Err("a section such as [default] comes first");
        }
        if line.starts_with(WHITESPACE) { self.continuation(line) } else { self.property(line) }
    }

    fn header(&mut self, line: &str) -> Result<(), &'static str> {
        let line = without_comment(line, false);
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let name = name.ok_or("a section's name ends in ]")?;
        self.key = None;
        self.section = match SectionName::parse(self.kind, name) {
            Some(section) if self.is_replaced(&section, name) => Place::Ignored,
            Some(section) => Place::In(section),
            None => Place::Ignored,
        };
        if let Place::In(section) = &self.section {
            self.sections.entry(section.clone()).or_default();
        }
        Ok(())
    }

    /// In the config `[profile default]` replaces whatever `[default]` says, before it and after it.
    fn is_replaced(&mut self, section: &SectionName, written: &str) -> bool {
        if self.kind != FileKind::Config || *section != SectionName::new(PROFILE, "default") {
            return false;
        }
        if written.trim_matches(WHITESPACE) == "default" {
            return self.has_prefixed_default;
        }
        if !self.has_prefixed_default {
            self.has_prefixed_default = true;
            self.sections.remove(section);
        }
        false
    }

    fn property(&mut self, line: &str) -> Result<(), &'static str> {
        let (key, value) = key_and_value(line)?;
        self.key = Some((key.clone(), value.is_empty()));
        if let Place::In(section) = &self.section
            && is_identifier(&key)
        {
            self.sections.entry(section.clone()).or_default().insert(key, Zeroizing::new(value.to_owned()));
        }
        Ok(())
    }

    fn continuation(&mut self, line: &str) -> Result<(), &'static str> {
        let (key, is_nesting) = self.key.as_ref().ok_or("a line that starts with a space continues a setting")?;
        if *is_nesting {
            key_and_value(line)?;
        }
        if let Place::In(section) = &self.section
            && let Some(value) = self.sections.get_mut(section).and_then(|properties| properties.get_mut(key))
        {
            value.push('\n');
            value.push_str(line.trim_matches(WHITESPACE));
        }
        Ok(())
    }
}

fn key_and_value(line: &str) -> Result<(String, &str), &'static str> {
    let (key, value) = without_comment(line, true).split_once('=').ok_or("a setting is KEY = VALUE")?;
    match key.trim_matches(WHITESPACE) {
        "" => Err("a setting is KEY = VALUE"),
        key => Ok((key.to_ascii_lowercase(), value.trim_matches(WHITESPACE))),
    }
}

/// A line without what follows a `#` or `;`; behind a value, that needs white space before it.
fn without_comment(line: &str, needs_space: bool) -> &str {
    let line = line.trim_matches(WHITESPACE);
    let mut is_after_space = false;
    for (place, c) in line.char_indices() {
        if COMMENT.contains(&c) && (is_after_space || !needs_space) {
            return line[..place].trim_matches(WHITESPACE);
        }
        is_after_space = c.is_whitespace();
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each section as `kind name: key=value, …`.
    fn shown(kind: FileKind, text: &str) -> Vec<String> {
        let show = |(section, properties): (SectionName, Properties)| {
            let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", **value)).collect();
            format!("{} {}: {}", section.kind, section.name, properties.join(", "))
        };
        parse(kind, text).expect(text).into_iter().map(show).collect()
    }

    #[test]
    fn the_config_is_read_as_the_sdk_reads_it() {
        let text = "# c\n; c\n[default] # c\r\nA = b # c\n\n[profile\tx/y@z+1]\ncredential_process = a b#c ;d\n\
                    s3 =\n  max = 1\n  # not a comment = 1\nk=v\n  more\n[dev]\na=b\n[profile a b]\nx=y\n[sso-session s]\nsso_region = r\n";
        assert_eq!(
            shown(FileKind::Config, text),
            [
                " dev: a=b",
                "profile default: a=b",
                "profile x/y@z+1: credential_process=a b#c, k=v\nmore, s3=\nmax = 1\n# not a comment = 1",
                "sso-session s: sso_region=r",
            ]
        );
    }

    #[test]
    fn the_credentials_have_no_prefixes() {
        let text = "[a]\naws_secret_access_key = a=b/+#c\n[profile b]\nx = y\n[a]\naws_session_token=t\n";
        let wanted = ["profile a: aws_secret_access_key=a=b/+#c, aws_session_token=t"];
        assert_eq!(shown(FileKind::Credentials, text), wanted);
    }

    #[test]
    fn a_prefixed_default_replaces_the_bare_one() {
        for text in ["[default]\na=1\n[profile default]\nb=2\n", "[profile default]\nb=2\n[default]\na=1\n"] {
            assert_eq!(shown(FileKind::Config, text), ["profile default: b=2"]);
        }
    }

    #[test]
    fn what_the_sdk_refuses_is_refused_by_its_line() {
        for (line, text) in
            [(1, "a = b"), (2, "[a]\nb"), (1, "[a"), (2, "[a]\n b = c"), (2, "[a]\n= b"), (3, "[a]\nb =\n c")]
        {
            assert_eq!(parse(FileKind::Credentials, text).expect_err(text).line, line, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", ini in "[a\\[\\]=#; \t\n\r]{0,40}") {
            for kind in [FileKind::Config, FileKind::Credentials] {
                let _ = parse(kind, &text);
                let _ = parse(kind, &ini);
            }
        }
    }
}
