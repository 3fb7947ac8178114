//! What direnv and mise say that they changed in an environment.
//!
//! Both set variables by directory, as the hook does, and put back what they found. What they found, and what they put
//! in its place, stands in a variable of the environment: a difference in JSON (direnv, `DIRENV_DIFF`) or MessagePack
//! (mise, `__MISE_DIFF`), compressed by zlib, in base64. Formats read from direnv 2.32 and mise 2026.9.

use std::collections::BTreeMap;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::digest::Digest;

/// The longest difference that is read, in bytes, once it is decompressed. A variable has at most 128 KiB (execve(2)).
const MAX_BYTES: usize = 1 << 20;
/// The length of a digest in hexadecimal digits.
const DIGITS: usize = 12;
/// zlib's compression level.
const LEVEL: u8 = 6;

/// The variables that are read.
const TOOLS: [Tool; 2] = [
    Tool { name: "direnv", variable: "DIRENV_DIFF", before: "p", after: "n", format: Format::Json },
    Tool { name: "mise", variable: "__MISE_DIFF", before: "old", after: "new", format: Format::MessagePack },
];

/// A tool, and how it writes its difference.
struct Tool {
    name: &'static str,
    variable: &'static str,
    /// The key of the values that were found.
    before: &'static str,
    /// The key of the values that were set.
    after: &'static str,
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    MessagePack,
}

type Values = BTreeMap<String, Zeroizing<String>>;

/// A part of a difference. What is not a table of texts is kept as it is.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Part {
    Values(Values),
    Other(serde_json::Value),
}

type Difference = BTreeMap<String, Part>;

/// What one tool says.
struct Record {
    tool: &'static Tool,
    difference: Difference,
}

impl Record {
    fn read(tool: &'static Tool, text: &str) -> Option<Self> {
        let packed = tool.engine().decode(text.trim_end_matches('=')).ok()?;
        let bytes = Zeroizing::new(decompress_to_vec_zlib_with_limit(&packed, MAX_BYTES).ok()?);
        let difference: Difference = match tool.format {
            Format::Json => serde_json::from_slice(&bytes).ok()?,
            Format::MessagePack => rmp_serde::from_slice(&bytes).ok()?,
        };
        let is_read = |key| matches!(difference.get(key), Some(Part::Values(_)));
        (is_read(tool.before) && is_read(tool.after)).then_some(Self { tool, difference })
    }

    /// The text of the variable.
    fn write(&self) -> Option<String> {
        let bytes = Zeroizing::new(match self.tool.format {
            Format::Json => serde_json::to_vec(&self.difference).ok()?,
            Format::MessagePack => rmp_serde::to_vec_named(&self.difference).ok()?,
        });
        Some(self.tool.engine().encode(compress_to_vec_zlib(&bytes, LEVEL)))
    }

    fn value(&self, key: &str, name: &str) -> Option<&str> {
        match self.difference.get(key)? {
            Part::Values(values) => values.get(name).map(|value| value.as_str()),
            Part::Other(_) => None,
        }
    }

    fn before(&self, name: &str) -> Option<&str> {
        self.value(self.tool.before, name)
    }

    fn after(&self, name: &str) -> Option<&str> {
        self.value(self.tool.after, name)
    }

    fn changes(&self, name: &str) -> bool {
        self.before(name).is_some() || self.after(name).is_some()
    }
}

impl Tool {
    /// Both leave the padding out or not, by their version.
    fn engine(&self) -> GeneralPurpose {
        let alphabet = if self.format == Format::Json { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        let padded = self.format == Format::Json;
        let config = GeneralPurposeConfig::new()
            .with_encode_padding(padded)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(alphabet, config)
    }
}

/// What the tools say of an environment.
#[derive(Default)]
pub(crate) struct OtherTools {
    records: Vec<Record>,
    unreadable: Option<&'static str>,
    /// The variables that say it, as they stand.
    texts: Vec<(&'static str, Zeroizing<String>)>,
}

impl OtherTools {
    /// Reads what stands in an environment.
    pub(crate) fn read<'e>(environment: impl Fn(&str) -> Option<&'e str>) -> Self {
        let mut tools = Self::default();
        for tool in &TOOLS {
            let Some(text) = environment(tool.variable).filter(|text| !text.is_empty()) else { continue };
            tools.texts.push((tool.variable, Zeroizing::new(text.to_owned())));
            match Record::read(tool, text) {
                Some(record) => tools.records.push(record),
                None => tools.unreadable = Some(tool.name),
            }
        }
        tools
    }

    /// A tool whose difference cannot be read.
    pub(crate) fn unreadable(&self) -> Option<&'static str> {
        self.unreadable
    }

    /// Returns 48 bits of a digest of all that the tools say; nothing where they say nothing.
    pub(crate) fn digest(&self) -> String {
        let texts: Vec<&str> = self.texts.iter().flat_map(|(variable, text)| [*variable, text]).collect();
        let mut digest = Digest::of(&texts).short();
        digest.truncate(if texts.is_empty() { 0 } else { DIGITS });
        digest
    }

    /// Whether a variable holds what a tool put there, or lacks what a tool took out.
    pub(crate) fn hold(&self, name: &str, value: Option<&str>) -> bool {
        self.records.iter().any(|record| record.changes(name) && record.after(name) == value)
    }

    /// Returns what a tool wants in a variable, and what it puts back when its directory is left.
    ///
    /// Where both have changed the variable, the one that found what the other had put there came later.
    pub(crate) fn wish(&self, name: &str) -> Option<Wish<'_>> {
        let changing = || self.records.iter().filter(|record| record.changes(name));
        let is_covered = |record: &Record| {
            changing().any(|other| other.tool.name != record.tool.name && other.before(name) == record.after(name))
        };
        let record = changing().find(|record| !is_covered(record)).or_else(|| changing().next())?;
        Some(Wish { value: record.after(name), found: record.before(name) })
    }

    /// Takes values out of what the tools are going to put back. Returns the variables that say so, and their new texts.
    pub(crate) fn without(&mut self, is_ours: impl Fn(&str, &str) -> bool) -> Vec<(&'static str, Zeroizing<String>)> {
        let mut written = Vec::new();
        for record in &mut self.records {
            let Some(Part::Values(before)) = record.difference.get_mut(record.tool.before) else { continue };
            let all = before.len();
            before.retain(|name, value| !is_ours(name, value));
            if before.len() < all {
                written.extend(record.write().map(|text| (record.tool.variable, Zeroizing::new(text))));
            }
        }
        for (variable, text) in &mut self.texts {
            if let Some((_, new)) = written.iter().find(|(name, _)| name == variable) {
                text.clone_from(new);
            }
        }
        written
    }
}

/// What a tool wants in a variable.
pub(crate) struct Wish<'r> {
    /// The value that it set; none where it took the variable out.
    pub value: Option<&'r str>,
    /// The value that it found, and puts back; none where there was none.
    pub found: Option<&'r str>,
}

/// What direnv would write of a change.
#[cfg(test)]
pub(super) fn record(before: &[(&str, &str)], after: &[(&str, &str)]) -> String {
    record_of(&TOOLS[0], before, after)
}

#[cfg(test)]
fn record_of(tool: &'static Tool, before: &[(&str, &str)], after: &[(&str, &str)]) -> String {
    let part = |values: &[(&str, &str)]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()));
        Part::Values(values.iter().map(owned).collect())
    };
    let difference = [(tool.before.to_owned(), part(before)), (tool.after.to_owned(), part(after))].into();
    Record { tool, difference }.write().expect("written")
}

/// What direnv would do when it leaves: the variables, and what they get back.
#[cfg(test)]
pub(super) fn reverted(text: &str) -> BTreeMap<String, Option<String>> {
    let record = Record::read(&TOOLS[0], text).expect("a record");
    let names = [record.tool.before, record.tool.after].into_iter().flat_map(|key| match &record.difference[key] {
        Part::Values(values) => values.keys(),
        Part::Other(other) => panic!("{other}"),
    });
    names.map(|name| (name.clone(), record.before(name).map(str::to_owned))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `AWS_PROFILE` from `outer` to `frommise`, and `AWS_REGION` set to `r1`, as mise 2026.9 wrote it.
    const MISE: &str = "eAFrXpyfk9K42jE8OD4gyN/N08d1aX5pSWrR4rzU8iZk4RVpRfm5uZnFqatAaoNc3T39/RYVGS4pSCzJmAAA7+ccHg";
    /// `AWS_PROFILE` from `outer` to `e`, and `AWS_REGION` from `r1` to nothing, as direnv 2.32 wrote it.
    const DIRENV: &str = "eJxkzEkPmkAYxvHv8p6lqKgoSQ_DUsoiyKAIvUxksaAyjjjKYvzuTZsmpun1-f_yvICB8gK0D8kG-98s1wAFrg9eNDD6s2LDtHwPFGgm8B4B_V8XMALdwoYXEd3CoIAg8pqJlNW86cX8U__6f6r4paDPJvugPdpq343w96_dr4cTf5Q6CpCnyVtrmujrhAgsxONzxjab5OcZdWZXmXZEn5KbHnNt6FdNx5dlkyLVq6aI5KcD2R0NcujjIdLUbnnh8W5br8uFnGIs0bglTVHIScgmWJjnY6G6cKcd-r158rPwVquHm9DGJRtcV752zn3yDKnvJPesLQb7zM0d8Y2VU_XRNNUuxg-pbKmK02Dh0WQW2XOWLaTZEiGkEzIb9CAYf4X3-1cAAAD__9EVeAU=";

    #[test]
    fn a_record_of_mise_is_read_and_written() {
        let mut tools = OtherTools::read(|name| (name == "__MISE_DIFF").then_some(MISE));
        assert!(tools.unreadable().is_none());
        assert!(tools.hold("AWS_PROFILE", Some("frommise")) && !tools.hold("AWS_PROFILE", Some("outer")));
        let wish = tools.wish("AWS_REGION").expect("a wish");
        assert_eq!((wish.value, wish.found), (Some("r1"), None));
        assert!(tools.wish("AWS_PROFILE").expect("a wish").found == Some("outer") && tools.wish("AWS_VAULT").is_none());
        let digest = tools.digest();
        let written = tools.without(|name, value| (name, value) == ("AWS_PROFILE", "outer"));
        let [(variable, text)] = written.as_slice() else { panic!("{}", written.len()) };
        assert_eq!((*variable, text.ends_with('=')), ("__MISE_DIFF", false));
        let again = OtherTools::read(|name| (name == *variable).then_some(text));
        assert_eq!((again.digest() == tools.digest(), again.digest() == digest), (true, false));
        let wish = again.wish("AWS_PROFILE").expect("a wish");
        assert_eq!((wish.value, wish.found), (Some("frommise"), None));
    }
    #[test]
    fn a_record_of_direnv_is_read_and_written() {
        let mut tools = OtherTools::read(|name| (name == "DIRENV_DIFF").then_some(DIRENV));
        assert!(tools.hold("AWS_PROFILE", Some("e")) && tools.hold("AWS_REGION", None));
        assert!(!tools.hold("AWS_VAULT", None), "it does not change that");
        let wish = tools.wish("AWS_REGION").expect("a wish");
        assert_eq!((wish.value, wish.found), (None, Some("r1")));
        let written = tools.without(|name, value| (name, value) == ("AWS_REGION", "r1"));
        let again =
            OtherTools::read(|name| written.iter().find(|(variable, _)| *variable == name).map(|(_, text)| &***text));
        assert!(again.wish("AWS_REGION").is_none() && again.wish("DIRENV_WATCHES").is_some());
        assert_eq!(again.wish("AWS_PROFILE").expect("a wish").found, Some("outer"));
    }

    #[test]
    fn of_two_tools_the_later_one_is_asked() {
        let direnv = record(&[("A", "outer")], &[("A", "direnv"), ("B", "direnv")]);
        let mise = record_of(&TOOLS[1], &[("A", "direnv")], &[("A", "mise")]);
        let variables = [("DIRENV_DIFF", direnv), ("__MISE_DIFF", mise)];
        let tools =
            OtherTools::read(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, text)| &**text));
        let wish = |name| tools.wish(name).expect("a wish").value;
        assert_eq!((wish("A"), wish("B")), (Some("mise"), Some("direnv")));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let bomb = TOOLS[0].engine().encode(compress_to_vec_zlib(&vec![b' '; 2 * MAX_BYTES], LEVEL));
        let other = TOOLS[0].engine().encode(compress_to_vec_zlib(b"{\"p\": [], \"n\": {}}", LEVEL));
        for text in ["x", "====", MISE, &bomb, &other] {
            let tools = OtherTools::read(|name| (name == "DIRENV_DIFF").then_some(text));
            assert_eq!((tools.unreadable(), tools.wish("AWS_PROFILE").is_none()), (Some("direnv"), true));
        }
        let none = OtherTools::read(|_| Some(""));
        assert_eq!((none.unreadable(), none.digest().as_str()), (None, ""));
    }
}
