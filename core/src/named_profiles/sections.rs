//! What stands where in such a file, as far as it can be told without judging it.

use std::{borrow::Cow, ops::Range};

use super::Kind;

/// UTF-8's byte order mark, which some editors put before everything else.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A section: its header and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The profile that it is of; none for `[services x]`, `[sso-session x]` and whatever else there is.
    pub profile: Option<String>,
    /// The line of its header, from 1 on.
    pub line: usize,
    /// From its header to its last setting; comments and empty lines after that belong to nobody.
    pub(super) range: Range<usize>,
}

/// Every line with its ending, and where it is.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (Range<usize>, &[u8])> {
    let mut start = 0;
    text.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end;
        (range, line)
    })
}

/// The sections of a file, in their order.
///
/// A header may be indented, but not where Python's `configparser`, with which botocore reads, takes the line for more
/// of the setting above it.
pub fn sections(text: &[u8], kind: Kind) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut has_setting = false;
    for (number, (range, line)) in lines(text).enumerate() {
        let line = if range.start == 0 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let bare = line.trim_ascii();
        let continues = has_setting && line.first().is_some_and(u8::is_ascii_whitespace);
        if let Some(header) = header(bare).filter(|_| !continues) {
            let start = range.end - line.len();
            found.push(Section { profile: profile(header, kind), line: number + 1, range: start..range.end });
            has_setting = false;
        } else if !bare.is_empty() && !is_comment(bare) {
            has_setting = true;
            if let Some(section) = found.last_mut() {
                section.range.end = range.end;
            }
        }
    }
    found
}

pub(super) fn is_comment(bare: &[u8]) -> bool {
    bare.starts_with(b"#") || bare.starts_with(b";")
}

/// What is between the brackets.
fn header(bare: &[u8]) -> Option<&[u8]> {
    let inner = bare.strip_prefix(b"[")?;
    let end = inner.iter().position(|byte| *byte == b']')?;
    Some(&inner[..end])
}

/// The profile that a header speaks of. Quotes are for names with spaces (`[profile "x y"]`, as botocore reads it).
fn profile(header: &[u8], kind: Kind) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let name = match kind {
        Kind::Credentials => text.trim(),
        Kind::Config if text.trim() == "default" => "default",
        Kind::Config => {
            let rest = text.trim_start().strip_prefix("profile")?;
            rest.starts_with(char::is_whitespace).then(|| unquoted(rest.trim()))?
        }
    };
    Some(name.to_owned())
}

fn unquoted(name: &str) -> &str {
    let within = |quote| name.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(name)
}

impl Section {
    /// Its settings; those that are nested below another (`s3 =`) are not among them.
    pub fn settings<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = (String, Cow<'a, str>)> + use<'a> {
        text[self.range.clone()].split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
            if line.first().is_none_or(u8::is_ascii_whitespace) || is_comment(line) {
                return None;
            }
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let key = String::from_utf8_lossy(line[..equals].trim_ascii()).to_ascii_lowercase();
            Some((key, String::from_utf8_lossy(line[equals + 1..].trim_ascii())))
        })
    }
}
