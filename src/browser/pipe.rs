//! The pipe to a browser: commands in, messages out on a channel.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::sync::mpsc::Sender;
use std::thread;

use serde_json::Value;
use zeroize::Zeroizing;

use super::frames::{Frames, TooLarge};

/// What may happen while a browser runs.
pub(super) enum Event {
    /// It said something.
    Message(Zeroizing<Vec<u8>>),
    /// It said more at once than is taken.
    TooLarge,
    /// It hung up: it has ended, or is about to.
    Gone,
    /// The person, or the system, wants leapp to end.
    Interrupted,
}

/// leapp's end of the pipe.
pub(super) struct Pipe {
    commands: PipeWriter,
    messages: PipeReader,
}

/// The browser's end: what it reads at file descriptor 3, and what it writes at 4.
pub(super) struct FarEnd {
    pub(super) commands: OwnedFd,
    pub(super) messages: OwnedFd,
}

impl Pipe {
    /// Makes both ends.
    pub(super) fn new() -> io::Result<(Self, FarEnd)> {
        let (far_commands, commands) = io::pipe()?;
        let (messages, far_messages) = io::pipe()?;
        Ok((Self { commands, messages }, FarEnd { commands: far_commands.into(), messages: far_messages.into() }))
    }

    /// Reads in a thread from now on, until the browser hangs up. Gives what sends.
    pub(super) fn listen(self, events: Sender<Event>) -> Commands {
        let mut messages = self.messages;
        thread::spawn(move || {
            let ended = read(&mut messages, &events);
            // Where nobody listens any more the end is known there.
            let _ = events.send(ended);
        });
        Commands(self.commands)
    }
}

/// The sending end.
pub(super) struct Commands(PipeWriter);

impl Commands {
    /// Sends one command.
    pub(super) fn send(&mut self, command: &Value) -> io::Result<()> {
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.0.write_all(&bytes)
    }
}

fn read(messages: &mut PipeReader, events: &Sender<Event>) -> Event {
    let mut frames = Frames::default();
    let mut piece = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        let length = match messages.read(&mut piece) {
            Ok(0) => return Event::Gone,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Event::Gone,
        };
        let heard = frames.push(&piece[..length], |message| {
            let _ = events.send(Event::Message(message));
        });
        if heard == Err(TooLarge) {
            return Event::TooLarge;
        }
    }
}
