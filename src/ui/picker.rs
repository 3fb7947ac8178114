//! A list to pick one from, on the person's terminal.

use std::fs::OpenOptions;

use dialoguer::{FuzzySelect, console::Term};
use signal_hook::consts::SIGINT;

use crate::error::{Error, Kind, Result, escaped};

/// The rows that are shown at once.
const MAX_ROWS: usize = 12;

/// Has the person pick one of `items`; gives its place.
pub(crate) fn pick(prompt: &str, items: &[&str], first: usize) -> Result<usize> {
    let tty = || OpenOptions::new().read(true).write(true).open("/dev/tty");
    let term = tty().and_then(|read| Ok(Term::read_write_pair(read, tty()?))).map_err(|error| lost(&error))?;
    // Ctrl-C is a signal that the picker raises against its own process, with the cursor still hidden.
    let noticed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let registered = signal_hook::flag::register(SIGINT, noticed).map_err(|error| lost(&error))?;
    let shown: Vec<String> = items.iter().map(|item| escaped(item)).collect();
    let picked =
        FuzzySelect::new().with_prompt(prompt).items(&shown).default(first).max_length(MAX_ROWS).interact_on_opt(&term);
    let _ = term.show_cursor();
    signal_hook::low_level::unregister(registered);
    match picked {
        Ok(Some(place)) => Ok(place),
        Ok(None) => Err(cancelled()),
        Err(dialoguer::Error::IO(error)) if error.kind() == std::io::ErrorKind::Interrupted => Err(cancelled()),
        Err(dialoguer::Error::IO(error)) => Err(lost(&error)),
    }
}

fn cancelled() -> Error {
    Error::new("nothing was done").because("you ended it").kind(Kind::Cancelled)
}

fn lost(error: &std::io::Error) -> Error {
    Error::new("cannot ask on the terminal").because(error).kind(Kind::NeedsPerson)
}
