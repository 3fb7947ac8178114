//! A line on standard error that says what is being waited for.

use std::{
    cell::Cell,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::{
    context::{Attention, Context, to_stderr},
    error::escaped,
};

const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// What is over sooner is not worth a line.
const DELAY: Duration = Duration::from_millis(150);
const FRAME: Duration = Duration::from_millis(80);

/// A spinner that turns until it is dropped; where nobody watches, it stays silent.
pub(crate) struct Spinner {
    text: String,
    /// Whether the text was said as a plain line, or shall not be.
    said: Cell<bool>,
    turning: Option<(mpsc::Sender<String>, thread::JoinHandle<()>)>,
}

impl Spinner {
    /// Starts to say `text`.
    pub(crate) fn start(context: &Context, text: &str) -> Self {
        let text = escaped(text);
        let turning = context.is_watched().then(|| {
            let (sender, receiver) = mpsc::channel();
            let first = text.clone();
            (sender, thread::spawn(move || turn(&first, &receiver)))
        });
        Self { text, said: Cell::new(context.attention() != Attention::Person), turning }
    }

    /// Says something else from now on.
    pub(crate) fn change(&self, text: &str) {
        if let Some((sender, _)) = &self.turning {
            let _ = sender.send(escaped(text));
        }
    }

    /// Says what the person has to do: turning from now on, or at once as a plain line where no terminal shows that.
    pub(crate) fn announce(&self, text: &str) {
        match &self.turning {
            Some(_) => self.change(&format!("{text}; Ctrl-C ends it")),
            None => to_stderr(&format!("leapp: {}\n", escaped(text))),
        }
    }

    /// Says the text as a plain line, once, where no terminal shows it turning.
    pub(crate) fn say_once_if_unwatched(&self) {
        if self.turning.is_none() && !self.said.replace(true) {
            to_stderr(&format!("leapp: {}\n", self.text));
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.turning.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

fn turn(first: &str, receiver: &mpsc::Receiver<String>) {
    let mut text = first.to_owned();
    let mut pause = DELAY;
    let mut shown = false;
    for frame in FRAMES.iter().cycle() {
        match receiver.recv_timeout(pause) {
            Ok(next) => text = next,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        to_stderr(&format!("\r\u{1b}[2K{frame} {text}"));
        shown = true;
        pause = FRAME;
    }
    if shown {
        to_stderr("\r\u{1b}[2K");
    }
}
