//! A text under way that may hold secrets.

use zeroize::Zeroizing;

/// Enough for a session's statements in most shells.
const USUAL: usize = 8 * 1024;

/// A text that grows and leaves no copies of itself behind: where it outgrows its room it moves, and the room that it
/// leaves is wiped. (A `String` that grows leaves its old room as it was.)
pub(super) struct Script(Zeroizing<String>);

impl Script {
    /// An empty text.
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(USUAL)))
    }

    /// Adds a text at the end.
    pub(super) fn push(&mut self, text: &str) {
        let needed = self.0.len() + text.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(needed * 2));
            larger.push_str(&self.0);
            self.0 = larger;
        }
        self.0.push_str(text);
    }

    /// Adds a character at the end.
    pub(super) fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]));
    }

    /// Adds texts at the end, with a separator between them.
    pub(super) fn push_joined<'a>(&mut self, texts: impl Iterator<Item = &'a str>, separator: &str) {
        for (place, text) in texts.enumerate() {
            if place > 0 {
                self.push(separator);
            }
            self.push(text);
        }
    }

    /// Its length, in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The whole text.
    pub(super) fn finish(self) -> Zeroizing<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_outgrows_its_first_room() {
        let mut script = Script::new();
        let long = "0123456789".repeat(USUAL);
        script.push("a");
        script.push(&long);
        script.push_char('é');
        script.push_joined(["x", "y"].into_iter(), ", ");
        assert_eq!(*script.finish(), format!("a{long}éx, y"));
    }
}
