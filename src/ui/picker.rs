//! A list to pick one from, on the person's terminal.

use std::fs::OpenOptions;

use dialoguer::{FuzzySelect, console::Term};
use signal_hook::{consts::SIGINT, low_level::emulate_default_handler};

use super::terminal::{cancelled, interrupted, lost, restored_on_signal};
use crate::error::{Result, escaped};

/// The rows that are shown at once.
const MAX_ROWS: usize = 12;

/// Has the person pick one of `items`; gives its place.
pub(crate) fn pick(prompt: &str, items: &[&str], first: usize) -> Result<usize> {
    let tty = || OpenOptions::new().read(true).write(true).open("/dev/tty");
    let tty = || tty().map_err(|error| lost(&error));
    let term = Term::read_write_pair(tty()?, tty()?);
    // Ctrl-C is a signal that the picker raises against its own process, with the cursor still hidden: it is told apart
    // by what the picker answers.
    let signals =
        restored_on_signal(&tty()?, b"\x1b[?25h\r\n", |signal| signal != SIGINT).map_err(|error| lost(&error))?;
    let shown: Vec<String> = items.iter().map(|item| escaped(item)).collect();
    let picked =
        FuzzySelect::new().with_prompt(prompt).items(&shown).default(first).max_length(MAX_ROWS).interact_on_opt(&term);
    let _ = term.show_cursor();
    // The picker may be woken by a signal before that is told; it takes it for Ctrl-C.
    if let Some(signal) = signals.gravest().filter(|signal| *signal != SIGINT) {
        let _ = emulate_default_handler(signal);
    }
    drop(signals);
    match picked {
        Ok(Some(place)) => Ok(place),
        Ok(None) => Err(cancelled()),
        Err(dialoguer::Error::IO(error)) if error.kind() == std::io::ErrorKind::Interrupted => Err(interrupted()),
        Err(dialoguer::Error::IO(error)) => Err(lost(&error)),
    }
}
