//! What went wrong, and what to do next.
//!
//! Every error is a pair: a sentence `what failed: why`, and hints that can be pasted. Texts are lowercase
//! fragments. Nothing secret ever enters one, and whatever came from outside is escaped when it is printed.

use std::fmt::{self, Write as _};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Exit codes of the program (`exec` follows `env`, `timeout` and `docker run`).
pub mod exit {
    /// Anything that failed outside `exec`.
    pub const FAILURE: u8 = 1;
    /// The command line or the config was not understood.
    pub const USAGE: u8 = 2;
    /// Ctrl-C, or another signal that leapp heard, as shells have it for SIGINT: 128 + 2.
    pub const INTERRUPTED: u8 = 130;
    /// `exec`: leapp itself failed, the command was not started.
    pub const EXEC_FAILURE: u8 = 125;
    /// `exec`: the command was found but could not be run.
    pub const NOT_RUNNABLE: u8 = 126;
    /// `exec`: the command was not found.
    pub const NOT_FOUND: u8 = 127;
}

/// What kind of failure an [`Error`] is; it decides the exit code and what a caller may try next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something failed.
    Failed,
    /// The person wrote something that cannot be understood.
    Usage,
    /// The person ended it: an answer, or a closed window.
    Cancelled,
    /// A signal ended it, Ctrl-C among them: this process was meant, and no other that wants the same.
    Interrupted,
    /// A person would have to do something, and here none can: answer, sign in at a display, start a browser. Another
    /// process that wants the same may be better off.
    NeedsPerson,
    /// Something could not be written down; what it says may serve all the same.
    NotKept,
    /// A command exists but cannot be run.
    NotRunnable,
    /// A command does not exist.
    NotFound,
}

/// What failed, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    what: String,
    why: Option<String>,
    hints: Vec<String>,
}

impl Error {
    /// An error that says what failed, as a lowercase fragment: ``cannot read `config.toml` ``.
    pub fn new(what: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, what: what.into(), why: None, hints: Vec::new() }
    }

    /// An error of the person's own input: exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(what).kind(Kind::Usage)
    }

    /// Adds why it failed.
    #[must_use]
    pub fn because(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    /// Adds one thing to do next. A hint that is a command starts with `run: `, so that the rest can be pasted.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Sets the kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Puts an outer failure before this one, which becomes its reason; kind and hints stay.
    #[must_use]
    pub fn within(mut self, what: impl Into<String>) -> Self {
        let inner = self.sentence();
        self.what = what.into();
        self.why = Some(inner);
        self
    }

    /// The kind.
    pub fn which(&self) -> Kind {
        self.kind
    }

    /// `what failed: why`, unescaped and without hints.
    pub fn sentence(&self) -> String {
        match &self.why {
            Some(why) => format!("{}: {why}", self.what),
            None => self.what.clone(),
        }
    }

    /// Why it failed, without what; what failed where nobody said why.
    pub fn why(&self) -> &str {
        self.why.as_deref().unwrap_or(&self.what)
    }

    /// The hints, in the order in which they were added.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The exit code outside `exec`.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Usage => exit::USAGE,
            Kind::NotRunnable => exit::NOT_RUNNABLE,
            Kind::NotFound => exit::NOT_FOUND,
            Kind::Interrupted => exit::INTERRUPTED,
            Kind::Failed | Kind::Cancelled | Kind::NeedsPerson | Kind::NotKept => exit::FAILURE,
        }
    }

    /// The exit code of `exec`: 126 and 127 speak of the command, 125 of leapp itself.
    pub fn exec_exit_code(&self) -> u8 {
        match self.kind {
            Kind::NotRunnable => exit::NOT_RUNNABLE,
            Kind::NotFound => exit::NOT_FOUND,
            _ => exit::EXEC_FAILURE,
        }
    }
}

impl std::error::Error for Error {}

/// The whole message as it is printed on a terminal: escaped, with a line per hint.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leapp: {}", escaped_lines(&self.sentence()))?;
        for hint in &self.hints {
            write!(f, "\n  {}", escaped_lines(hint))?;
        }
        Ok(())
    }
}

/// Text from outside made safe for a terminal: control characters (escape sequences among them), and the
/// invisible characters that reorder or hide text, become `\u{…}`.
pub fn escaped(text: &str) -> String {
    escape(text, false)
}

/// As [`escaped`], but line feeds stay; following lines are indented, so that none can pass for a message of its own.
pub fn escaped_lines(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, keep_lines: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if keep_lines => safe.push_str("\n  "),
            c if c.is_control() || is_deceptive(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Characters that print nothing, or that change the order in which others are printed (Unicode TR 36).
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_what_why_and_next() {
        let error =
            Error::new("cannot sign in to `corp`").because("the window was closed").hint("run: leapp login corp");
        assert_eq!(
            error.to_string(),
            "leapp: cannot sign in to `corp`: the window was closed\n  run: leapp login corp"
        );
    }

    #[test]
    fn what_comes_from_outside_cannot_drive_the_terminal() {
        let error = Error::new("no session `\u{1b}]0;pwned\u{7}`").because("a\u{202e}b\rc\nd");
        assert_eq!(error.to_string(), "leapp: no session `\\u{1b}]0;pwned\\u{7}`: a\\u{202e}b\\u{d}c\n  d");
    }

    #[test]
    fn an_outer_failure_keeps_kind_and_hints() {
        let error = Error::new("inner").because("why").hint("run: x").kind(Kind::Cancelled).within("outer");
        assert_eq!(error.to_string(), "leapp: outer: inner: why\n  run: x");
        assert_eq!(error.which(), Kind::Cancelled);
    }

    #[test]
    fn exit_codes_follow_the_kind() {
        let code = |kind| (Error::new("x").kind(kind).exit_code(), Error::new("x").kind(kind).exec_exit_code());
        assert_eq!(code(Kind::Failed), (1, 125));
        assert_eq!(code(Kind::Usage), (2, 125));
        assert_eq!(code(Kind::Interrupted), (130, 125));
        assert_eq!(code(Kind::NotRunnable), (126, 126));
        assert_eq!(code(Kind::NotFound), (127, 127));
    }
}
