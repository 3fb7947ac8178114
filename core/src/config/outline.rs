//! Where things stand in a config's text: every key with its place, down to the byte.
//!
//! `toml_edit` prints a document anew: it drops carriage returns and groups dotted keys. An edit that must leave all
//! else as it was needs places instead, and no parser tells where the second `x` of `x.a = 1`, `x.b = 2` stands. The
//! text is known to be valid TOML before it comes here, so this scanner has only ends to find, nothing to judge; on
//! any other text it may be wrong, but it ends and does not panic.

use std::ops::Range;

/// A header, or a key with its value, wherever it stands.
#[derive(Debug)]
pub(super) struct Item {
    /// The whole path from the root of the document.
    pub(super) path: Vec<Segment>,
    /// How many segments of the path are inherited from a header or an outer table; the others are written here.
    pub(super) inherited: usize,
    /// The value; none for a header.
    pub(super) value: Option<Range<usize>>,
    /// What it stands in.
    pub(super) place: Place,
}

/// A part of a dotted key.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// What it means, without quotes.
    pub(super) name: String,
    /// Where it is written, with quotes.
    pub(super) span: Range<usize>,
}

/// What an item stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Lines of its own: from the start of the first to past the end of the last.
    Lines(Range<usize>),
    /// An inline table, from brace to brace.
    Inline(Range<usize>),
}

impl Item {
    /// Whether its path starts with these names.
    pub(super) fn is_under(&self, names: &[&str]) -> bool {
        self.path.len() >= names.len() && self.path.iter().zip(names).all(|(segment, name)| segment.name == *name)
    }

    /// Whether its path has exactly these names.
    pub(super) fn is_at(&self, names: &[&str]) -> bool {
        self.path.len() == names.len() && self.is_under(names)
    }

    /// Whether it is a header.
    pub(super) fn is_header(&self) -> bool {
        self.value.is_none()
    }

    /// Where its own key starts.
    pub(super) fn start(&self) -> usize {
        self.path.get(self.inherited).map_or(0, |segment| segment.span.start)
    }
}

/// Every item of a valid TOML text, in the order in which they are written; a table before what is in it.
pub(super) fn outline(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut header: Vec<Segment> = Vec::new();
    let mut scanner = Scanner::new(text, if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 });
    let first = scanner.at;
    loop {
        scanner.skip_trivia();
        let Some(byte) = scanner.peek() else { return items };
        let start = text[..scanner.at].rfind('\n').map_or(first, |newline| newline + 1);
        if byte == b'[' {
            scanner.skip_while(|byte| byte == b'[');
            header = scanner.key();
            scanner.skip_line();
            let place = Place::Lines(start..scanner.at);
            items.push(Item { path: header.clone(), inherited: 0, value: None, place });
        } else {
            let (path, value) = scanner.entry(&header);
            scanner.skip_line();
            let place = Place::Lines(start..scanner.at);
            items.push(Item { path: path.clone(), inherited: header.len(), value: Some(value.clone()), place });
            within(text, &value, &path, &mut items);
        }
    }
}

/// The items of an inline table; none where the value is something else.
fn within(text: &str, table: &Range<usize>, outer: &[Segment], items: &mut Vec<Item>) {
    let mut scanner = Scanner::new(text, table.start);
    if scanner.peek() != Some(b'{') {
        return;
    }
    scanner.at += 1;
    loop {
        scanner.skip_trivia();
        if scanner.at >= table.end || matches!(scanner.peek(), None | Some(b'}')) {
            return;
        }
        let (path, value) = scanner.entry(outer);
        let place = Place::Inline(table.clone());
        items.push(Item { path: path.clone(), inherited: outer.len(), value: Some(value.clone()), place });
        within(text, &value, &path, items);
        scanner.skip_trivia();
        match scanner.peek() {
            Some(b',') => scanner.at += 1,
            _ => return,
        }
    }
}

/// The elements of an array; none where the value is something else.
pub(super) fn elements(text: &str, array: &Range<usize>) -> Vec<Range<usize>> {
    let mut scanner = Scanner::new(text, array.start);
    let mut found = Vec::new();
    let mut before = b'[';
    while scanner.at < array.end && scanner.peek() == Some(before) {
        scanner.pass(1);
        scanner.skip_trivia();
        let start = scanner.at;
        scanner.skip_value();
        found.extend((start < scanner.at).then_some(start..scanner.at));
        scanner.skip_trivia();
        before = b',';
    }
    found
}

/// The place of the next byte, from `at` on, that is neither white space nor in a comment.
pub(super) fn after_trivia(text: &str, at: usize) -> usize {
    let mut scanner = Scanner::new(text, at);
    scanner.skip_trivia();
    scanner.at
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes `count` bytes, never beyond the end.
    fn pass(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    fn starts_with(&self, what: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(what)
    }

    fn skip_while(&mut self, holds: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&holds) {
            self.at += 1;
        }
    }

    fn skip_spaces(&mut self) {
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
    }

    fn skip_line(&mut self) {
        self.skip_while(|byte| byte != b'\n');
        self.pass(1);
    }

    fn skip_trivia(&mut self) {
        loop {
            self.skip_while(|byte| byte.is_ascii_whitespace());
            if self.peek() != Some(b'#') {
                return;
            }
            self.skip_while(|byte| byte != b'\n');
        }
    }

    /// `key = value`: the whole path, and where the value is.
    fn entry(&mut self, outer: &[Segment]) -> (Vec<Segment>, Range<usize>) {
        let mut path = outer.to_vec();
        path.append(&mut self.key());
        self.pass(1);
        self.skip_trivia();
        let start = self.at;
        self.skip_value();
        (path, start..self.at)
    }

    /// A dotted key, up to what follows it.
    fn key(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        loop {
            self.skip_spaces();
            let start = self.at;
            match self.peek() {
                Some(b'"' | b'\'') => self.skip_string(),
                _ => self.skip_while(|byte| !b" \t\r\n.=]#,{}".contains(&byte)),
            }
            let written = self.text.get(start..self.at).unwrap_or_default();
            segments.push(Segment { name: meaning_of_key(written), span: start..self.at });
            self.skip_spaces();
            if self.peek() != Some(b'.') {
                return segments;
            }
            self.at += 1;
        }
    }

    fn skip_value(&mut self) {
        match self.peek() {
            Some(b'"' | b'\'') => self.skip_string(),
            Some(b'[' | b'{') => self.skip_brackets(),
            _ => {
                self.skip_while(|byte| !b",]}#\r\n".contains(&byte));
                while self.at > 0 && b" \t".contains(&self.bytes[self.at - 1]) {
                    self.at -= 1;
                }
            }
        }
    }

    /// A string of any of the four sorts.
    fn skip_string(&mut self) {
        let Some(quote) = self.peek() else { return };
        let triple = [quote; 3];
        let is_long = self.starts_with(&triple);
        self.pass(if is_long { 3 } else { 1 });
        while let Some(byte) = self.peek() {
            if byte == b'\\' && quote == b'"' {
                self.pass(2);
            } else if is_long && self.starts_with(&triple) {
                self.pass(3);
                // Up to two quotes may stand at the very end of the content.
                (0..2).for_each(|_| self.pass(usize::from(self.peek() == Some(quote))));
                return;
            } else {
                self.pass(1);
                if byte == quote && !is_long {
                    return;
                }
            }
        }
    }

    /// An array or an inline table, with all that is in it.
    fn skip_brackets(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' => self.skip_string(),
                b'#' => self.skip_while(|byte| byte != b'\n'),
                _ => {
                    self.at += 1;
                    match byte {
                        b'[' | b'{' => depth += 1,
                        b']' | b'}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    if depth == 0 {
                        return;
                    }
                }
            }
        }
    }
}

/// What a part of a key means, without its quotes and escapes.
fn meaning_of_key(written: &str) -> String {
    let parsed = if written.starts_with(['"', '\'']) { toml_edit::Key::parse(written).ok() } else { None };
    parsed.as_deref().and_then(<[_]>::first).map_or_else(|| written.to_owned(), |key| key.get().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each item as `path: value`, and whether it is inline.
    fn shown(text: &str) -> Vec<String> {
        let show = |item: &Item| {
            let path: Vec<&str> = item.path.iter().map(|segment| segment.name.as_str()).collect();
            let value = item.value.clone().map_or("header", |range| &text[range]);
            let mark = if matches!(item.place, Place::Inline(_)) { "~" } else { "" };
            format!("{mark}{}: {value}", path.join("/"))
        };
        outline(text).iter().map(show).collect()
    }

    #[test]
    fn every_key_is_found_wherever_it_stands() {
        let text = "\u{feff}a = 1 # x\r\n\"b.c\" . 'd' = [ # ]\n 1, '}', ]\n[ s . \"t\" ]\nu = { v = \"}\\\"\", w.x = '''\n#''''' }\n\
                    y = \"\"\"\\\"\"\"\"\"\n[s.t.z]\nlast = 2020-01-01 10:00:00 ";
        assert_eq!(
            shown(text),
            [
                "a: 1",
                "b.c/d: [ # ]\n 1, '}', ]",
                "s/t: header",
                "s/t/u: { v = \"}\\\"\", w.x = '''\n#''''' }",
                "~s/t/u/v: \"}\\\"\"",
                "~s/t/u/w/x: '''\n#'''''",
                "s/t/y: \"\"\"\\\"\"\"\"\"",
                "s/t/z: header",
                "s/t/z/last: 2020-01-01 10:00:00",
            ]
        );
        let lines = outline(text).into_iter().map(|item| item.place).next().expect("a line");
        assert_eq!(lines, Place::Lines(3..14));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", toml in "[a\\[\\]{}\"'=.,#\\\\\n\r ]{0,60}") {
            outline(&text);
            outline(&toml);
        }
    }
}
