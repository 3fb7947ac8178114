//! The block: found, taken out, put in.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Kind,
    sections::{BOM, lines, sections},
};

/// Before each line of a section that is set aside.
const SET_ASIDE: &[u8] = b"# set aside by leapp: ";
/// On the opening mark, where the block brought an end to the line before it.
const UNENDED: &str = " (the line before had no end)";
/// On the opening mark, where there was no file before.
const NEW_FILE: &str = " (there was no file)";

/// A profile of the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// The lines below its header.
    pub lines: Vec<String>,
}

/// Why a file is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A mark of the block stands alone at this line.
    Marks {
        /// From 1 on.
        line: usize,
    },
    /// There is a profile of that name at this line.
    Taken {
        /// The profile's name.
        name: String,
        /// From 1 on.
        line: usize,
    },
}

/// A file as it is without leapp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    kind: Kind,
    /// Whether it begins with a byte order mark.
    bom: bool,
    /// Its bytes after that.
    text: Vec<u8>,
    /// Where the block was.
    place: Option<usize>,
    /// Whether leapp made the file.
    was_new: bool,
    /// The profiles that were in the block.
    pub profiles: Vec<Profile>,
    /// The profiles of the person's that were set aside.
    set_aside: Vec<String>,
}

impl Restored {
    /// Takes the block out of a file, where there is one; none is where there is no file.
    ///
    /// # Errors
    /// Where the block's marks are not a pair.
    pub fn from(file: Option<&[u8]>, kind: Kind) -> Result<Self, Refused> {
        let whole = file.unwrap_or_default();
        let text = whole.strip_prefix(BOM).unwrap_or(whole);
        let mut restored = Self {
            kind,
            bom: whole.len() != text.len(),
            text: Vec::with_capacity(text.len()),
            place: None,
            was_new: file.is_none(),
            profiles: Vec::new(),
            set_aside: Vec::new(),
        };
        match find(text, kind)? {
            None => restored.take_back(text),
            Some(block) => {
                let opening = String::from_utf8_lossy(&text[block.opening.clone()]).into_owned();
                let after = &text[block.closing.end..];
                let mut before = &text[..block.opening.start];
                if opening.trim_end().ends_with(UNENDED) && after.is_empty() {
                    let end: &[u8] = if opening.ends_with("\r\n") { b"\r\n" } else { b"\n" };
                    before = before.strip_suffix(end).unwrap_or(before);
                }
                restored.was_new = opening.trim_end().ends_with(NEW_FILE);
                restored.profiles = profiles(&text[block.opening.end..block.closing.start], kind);
                restored.take_back(before);
                restored.place = Some(restored.text.len());
                restored.take_back(after);
            }
        }
        Ok(restored)
    }

    /// Copies what was there, and takes back what was set aside.
    fn take_back(&mut self, text: &[u8]) {
        for (_, line) in lines(text) {
            let mut own = line;
            // Also what was set aside twice, by hand: else each sync would take back a little more. A mark never was.
            while let Some(rest) = own.strip_prefix(SET_ASIDE).filter(|rest| mark(rest, self.kind).is_none()) {
                own = rest;
            }
            if own.len() < line.len() {
                let sections = sections(own, self.kind);
                self.set_aside.extend(sections.into_iter().filter_map(|section| section.profile));
            }
            self.text.extend(own);
        }
    }

    /// Whether the file had a block.
    pub fn had_block(&self) -> bool {
        self.place.is_some()
    }

    /// The file without the block; none where leapp made it, and nobody wrote into it since.
    pub fn without_block(&self) -> Option<Vec<u8>> {
        let is_gone = self.was_new && self.text.is_empty();
        (!is_gone).then(|| [self.bom(), &self.text].concat())
    }

    /// The file with these profiles in its block. A profile of the person's that has the name of one of them is set
    /// aside with `force`, or where it was already.
    ///
    /// # Errors
    /// Where a profile of that name is there, and shall stay.
    pub fn with_block(&self, profiles: &[Profile], force: bool) -> Result<Option<Vec<u8>>, Refused> {
        if profiles.is_empty() {
            return Ok(self.without_block());
        }
        let aside = self.in_the_way(profiles, force)?;
        let place = self.place.unwrap_or(self.text.len());
        let mut bytes = self.bom().to_vec();
        let mut is_in = false;
        for (range, line) in lines(&self.text) {
            if range.start == place {
                bytes.extend(self.block(profiles, ""));
                is_in = true;
            }
            let is_aside = aside.iter().any(|aside| aside.contains(&range.start));
            if is_aside && !line.trim_ascii().is_empty() {
                bytes.extend(SET_ASIDE);
            }
            bytes.extend(line);
        }
        if !is_in {
            let is_unended = !self.text.is_empty() && !self.text.ends_with(b"\n");
            let note = match (is_unended, self.was_new && self.text.is_empty()) {
                (true, _) => UNENDED,
                (_, true) => NEW_FILE,
                _ => "",
            };
            if is_unended {
                bytes.extend(self.line_end().as_bytes());
            }
            bytes.extend(self.block(profiles, note));
        }
        Ok(Some(bytes))
    }

    /// Where the person's own profiles of these names are.
    fn in_the_way(&self, profiles: &[Profile], force: bool) -> Result<Vec<Range<usize>>, Refused> {
        let mut aside = Vec::new();
        for section in sections(&self.text, self.kind) {
            let Some(name) = section.profile.filter(|name| profiles.iter().any(|profile| profile.name == *name)) else {
                continue;
            };
            if !force && !self.set_aside.contains(&name) {
                let line = self.line_in_file(section.line);
                return Err(Refused::Taken { name, line });
            }
            aside.push(section.range);
        }
        Ok(aside)
    }

    /// The line of the file as it is on the disk, where the block is before it.
    fn line_in_file(&self, line: usize) -> usize {
        let block_lines: usize = self.profiles.iter().map(|profile| profile.lines.len() + 1).sum();
        let before = self.place.map(|place| lines(&self.text[..place]).count());
        if before.is_some_and(|before| line > before) { line + block_lines + 2 } else { line }
    }

    fn bom(&self) -> &'static [u8] {
        if self.bom { BOM } else { b"" }
    }

    /// How lines end here.
    fn line_end(&self) -> &'static str {
        let first = lines(&self.text).next().map_or(&b""[..], |(_, line)| line);
        if first.ends_with(b"\r\n") { "\r\n" } else { "\n" }
    }

    fn block(&self, profiles: &[Profile], note: &str) -> Vec<u8> {
        let verb = self.kind.verb();
        let how = match self.kind {
            Kind::Config => "leapp profile sync --remove",
            Kind::Credentials => "leapp logout",
        };
        let mut lines = vec![format!("{} (taken out by: {how}){note}", opening(verb))];
        for profile in profiles {
            lines.push(header(&profile.name, self.kind));
            lines.extend(profile.lines.iter().cloned());
        }
        lines.push(closing(verb));
        lines.iter().flat_map(|line| [line.as_str(), self.line_end()]).collect::<String>().into_bytes()
    }
}

fn opening(verb: &str) -> String {
    format!("# >>> {verb} >>>")
}

fn closing(verb: &str) -> String {
    format!("# <<< {verb} <<<")
}

fn header(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Credentials => format!("[{name}]"),
        Kind::Config if name == "default" => "[default]".to_owned(),
        Kind::Config if name.contains(char::is_whitespace) => format!("[profile \"{name}\"]"),
        Kind::Config => format!("[profile {name}]"),
    }
}

/// Where the marks are.
struct Marks {
    opening: Range<usize>,
    closing: Range<usize>,
}

/// Whether a line is a mark of the block: the opening one, or the closing one.
fn mark(line: &[u8], kind: Kind) -> Option<bool> {
    let is_opening = line.starts_with(opening(kind.verb()).as_bytes());
    (is_opening || line.trim_ascii_end() == closing(kind.verb()).as_bytes()).then_some(is_opening)
}

fn find(text: &[u8], kind: Kind) -> Result<Option<Marks>, Refused> {
    let mut marks: Vec<(usize, bool, Range<usize>)> = Vec::new();
    for (number, (range, line)) in lines(text).enumerate() {
        if let Some(is_opening) = mark(line, kind) {
            marks.push((number + 1, is_opening, range));
        }
    }
    match marks.as_slice() {
        [] => Ok(None),
        [(_, true, opening), (_, false, closing)] => {
            Ok(Some(Marks { opening: opening.clone(), closing: closing.clone() }))
        }
        [first, ..] => {
            let is_odd = |(place, mark): &(usize, &(usize, bool, _))| *place > 1 || mark.1 != (*place == 0);
            let odd = marks.iter().enumerate().find(is_odd).map_or(first, |(_, mark)| mark);
            Err(Refused::Marks { line: odd.0 })
        }
    }
}

/// The profiles of a block, each with the lines up to the next.
fn profiles(text: &[u8], kind: Kind) -> Vec<Profile> {
    let starts: BTreeMap<usize, Option<String>> =
        sections(text, kind).into_iter().map(|section| (section.range.start, section.profile)).collect();
    let mut found: Vec<Profile> = Vec::new();
    for (range, line) in lines(text) {
        if let Some(name) = starts.get(&range.start) {
            found.push(Profile { name: name.clone().unwrap_or_default(), lines: Vec::new() });
        } else if let Some(profile) = found.last_mut() {
            profile.lines.push(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
        }
    }
    found
}
