//! Questions whose answers are checked at once, and asked for again with the reason.

use std::io::{self, IsTerminal as _};

use super::terminal::Terminal;
use crate::{
    context::Context,
    error::{Result, escaped, escaped_lines},
    session::Invalid,
};

/// A person at a terminal who answers questions.
pub(crate) struct Form {
    terminal: Terminal,
}

/// An answer to a question that has one already, or may have none.
pub(crate) enum Answer<T> {
    /// Enter: as it is.
    Keep,
    /// `-`: none.
    Clear,
    /// Something else.
    New(T),
}

impl Form {
    /// The person, where there is one: a terminal, and standard input from it. Where that comes from elsewhere, a
    /// program runs this one.
    pub(crate) fn open(context: &Context) -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        Terminal::open(context).map(|terminal| Self { terminal })
    }

    /// Says something, as [`Context::say`] does.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        self.terminal.say(&escaped_lines(text))
    }

    /// Asks until the answer is one that `read` takes; Enter takes the default.
    pub(crate) fn ask<T>(
        &self,
        label: &str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T> {
        loop {
            let answer = self.answer(label, default)?;
            match (answer.as_str(), default) {
                ("", None) => {}
                ("", Some(default)) => match read(default) {
                    Ok(value) => return Ok(value),
                    Err(why) => self.say(&format!("  {why}"))?,
                },
                (text, _) => match read(text) {
                    Ok(value) => return Ok(value),
                    Err(why) => self.say(&format!("  {why}"))?,
                },
            }
        }
    }

    /// Asks for what may stay as it is, or be none.
    pub(crate) fn ask_optional<T>(
        &self,
        label: &str,
        present: &str,
        read: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Answer<T>> {
        loop {
            match self.answer(label, Some(present))?.as_str() {
                "" => return Ok(Answer::Keep),
                "-" => return Ok(Answer::Clear),
                text => match read(text) {
                    Ok(value) => return Ok(Answer::New(value)),
                    Err(why) => self.say(&format!("  {why}"))?,
                },
            }
        }
    }

    /// Asks for a yes; anything else is a no.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool> {
        let answer = self.terminal.ask(&format!("{} [y/N] ", escaped(question)))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    fn answer(&self, label: &str, default: Option<&str>) -> Result<String> {
        let default = default.map_or(String::new(), |default| format!(" [{}]", escaped(default)));
        self.terminal.ask(&format!("{label}{default}: "))
    }
}
