//! Questions to the person, on `/dev/tty`: standard input and output belong to the shell and the scripts.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
};

use nix::{
    sys::termios::{self, LocalFlags, SetArg, SpecialCharacterIndices, Termios},
    unistd::{getpgrp, tcgetpgrp},
};
use signal_hook::low_level::emulate_default_handler;
use zeroize::Zeroizing;

use crate::{
    context::{Attention, Context},
    error::{Error, Kind, Result},
    secret::Secret,
    signals::Signals,
};

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 4096;

/// The person's terminal.
pub(crate) struct Terminal {
    tty: File,
}

impl Terminal {
    /// The controlling terminal; none in a pipeline of a daemon, a container without one, or CI, nor where nobody may
    /// be asked.
    pub(crate) fn open(context: &Context) -> Option<Self> {
        if context.attention() != Attention::Person {
            return None;
        }
        OpenOptions::new().read(true).write(true).open("/dev/tty").ok().map(|tty| Self { tty })
    }

    /// The controlling terminal, where this process may ask on it: a job in the background that reads from its terminal,
    /// or sets it, is stopped until somebody notices.
    pub(crate) fn in_foreground() -> Option<File> {
        let tty = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        (tcgetpgrp(&tty).ok()? == getpgrp()).then_some(tty)
    }

    /// Says a line.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        (&self.tty).write_all(format!("{text}\n").as_bytes()).map_err(|error| lost(&error))
    }

    /// Asks for a line of text that may be seen.
    pub(crate) fn ask(&self, question: &str) -> Result<String> {
        let answer = self.read_line(question, true)?;
        Ok(answer.expose().trim().to_owned())
    }

    /// Asks for a line of text that nobody may see.
    pub(crate) fn ask_secret(&self, question: &str) -> Result<Secret> {
        self.read_line(question, false)
    }

    /// Reads a line by its bytes rather than through the terminal's own line mode, so that Ctrl-C is an answer that
    /// is seen here, and the terminal never stays without echo.
    fn read_line(&self, question: &str, visible: bool) -> Result<Secret> {
        let raw = Raw::enter(&self.tty).map_err(|error| lost(&error))?;
        let write = |text: &[u8]| (&self.tty).write_all(text).map_err(|error| lost(&error));
        write(question.as_bytes())?;
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
        let answer = loop {
            let mut byte = [0];
            match (&self.tty).read(&mut byte) {
                Ok(0) => break Err(cancelled()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(lost(&error)),
            }
            match byte[0] {
                b'\r' | b'\n' => break Ok(()),
                0x03 | 0x1c => break Err(interrupted()),
                0x04 if line.is_empty() => break Err(cancelled()),
                0x08 | 0x7f => {
                    if remove_character(&mut line) && visible {
                        write(b"\x08 \x08")?;
                    }
                }
                0x15 => {
                    while remove_character(&mut line) {
                        if visible {
                            write(b"\x08 \x08")?;
                        }
                    }
                }
                byte if byte < 0x20 || line.len() == MAX_ANSWER => {}
                byte => {
                    line.push(byte);
                    if visible {
                        write(&[byte])?;
                    }
                }
            }
        };
        write(b"\r\n")?;
        drop(raw);
        answer?;
        let text =
            std::str::from_utf8(&line).map_err(|_| Error::new("cannot read the answer").because("it is not UTF-8"))?;
        Ok(Secret::new(text))
    }
}

/// Removes the last character, which may have several bytes.
fn remove_character(line: &mut Vec<u8>) -> bool {
    while let Some(byte) = line.pop() {
        if byte & 0xc0 != 0x80 {
            return true;
        }
    }
    false
}

/// The person gave no answer: the end of the input, or Esc.
pub(super) fn cancelled() -> Error {
    Error::new("nothing was done").because("you ended it").kind(Kind::Cancelled)
}

/// The person ended this process: Ctrl-C.
pub(super) fn interrupted() -> Error {
    cancelled().kind(Kind::Interrupted)
}

pub(super) fn lost(error: &io::Error) -> Error {
    Error::new("cannot ask on the terminal").because(error).kind(Kind::NeedsPerson)
}

/// The terminal without echo, line mode and signals, until this is dropped.
struct Raw<'a> {
    tty: &'a File,
    before: Termios,
    _signals: Signals,
}

impl<'a> Raw<'a> {
    fn enter(tty: &'a File) -> io::Result<Self> {
        let signals = restored_on_signal(tty, b"\r\n", |_| true)?;
        let before = termios::tcgetattr(tty)?;
        let mut raw = before.clone();
        raw.local_flags &= !(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG | LocalFlags::IEXTEN);
        raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        termios::tcsetattr(tty, SetArg::TCSADRAIN, &raw)?;
        Ok(Self { tty, before, _signals: signals })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(self.tty, SetArg::TCSADRAIN, &self.before);
    }
}

/// As long as what this gives lives, a signal that `ends` leapp does so with the terminal as it is now, and `farewell`
/// written on it.
pub(super) fn restored_on_signal(tty: &File, farewell: &'static [u8], ends: fn(i32) -> bool) -> io::Result<Signals> {
    let (mut tty, now) = (tty.try_clone()?, termios::tcgetattr(tty)?);
    Signals::forward(move |signal| {
        if ends(signal) {
            let _ = termios::tcsetattr(&tty, SetArg::TCSANOW, &now);
            let _ = tty.write_all(farewell);
            // As if nobody had listened: who sent the signal sees its effect.
            let _ = emulate_default_handler(signal);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_removed_whole() {
        let mut line = "aé€".as_bytes().to_vec();
        assert!(remove_character(&mut line));
        assert_eq!(line, "aé".as_bytes());
        assert!(remove_character(&mut line));
        assert!(remove_character(&mut line));
        assert!(!remove_character(&mut line));
    }
}
