//! Tells what was sent to the whole process group from what was sent to leapp alone: a process in the same group that
//! does nothing but remember which signals it got.
//!
//! `siginfo` says whether the kernel or a process sent a signal, but not to whom: `kill %1`, `timeout` and a shell that
//! hangs up send theirs to groups.

use std::{
    io::{self, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::Signal,
};
use signal_hook::flag;

use super::{HANDLED, STOPS, launch, stop_set};
use crate::error::{Error, Result};

/// How long the sentinel may take to answer, in milliseconds: it may be stopped. A moment is usual, also on a machine that
/// has much else to do.
const PATIENCE: u16 = 5000;

/// What only the terminal sends, as a rule; where the sentinel is lost, the rule is all there is.
const OF_TERMINAL: [Signal; 4] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGWINCH];

/// A sentinel that runs; it ends when this is dropped, or leapp ends.
pub(super) struct Sentinel {
    /// Held so that the process is waited for by nobody else.
    _process: Child,
    ask: ChildStdin,
    answer: ChildStdout,
    /// How many questions it has not answered.
    open: usize,
}

impl Sentinel {
    /// Starts one, and waits until it is on guard.
    pub(super) fn start() -> io::Result<Self> {
        let mut command: Command = launch::sentinel();
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(ask), Some(mut answer)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("no pipe to the sentinel"));
        };
        answer.read_exact(&mut [0; 2])?;
        Ok(Self { _process: process, ask, answer, open: 0 })
    }

    /// Which signals the group got since this was last asked.
    pub(super) fn seen(&mut self) -> Vec<Signal> {
        self.ask().map_or_else(|_| OF_TERMINAL.to_vec(), of_mask)
    }

    /// What came since the last answer that was read: one that was late is read with the next.
    fn ask(&mut self) -> io::Result<u16> {
        self.ask.write_all(b"?")?;
        self.open += 1;
        let mut seen = 0;
        while self.open > 0 {
            if !self.is_ready()? {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut mask = [0; 2];
            self.answer.read_exact(&mut mask)?;
            seen |= u16::from_le_bytes(mask);
            self.open -= 1;
        }
        Ok(seen)
    }

    fn is_ready(&self) -> io::Result<bool> {
        loop {
            let mut ready = [PollFd::new(std::os::fd::AsFd::as_fd(&self.answer), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::from(PATIENCE)) {
                Err(Errno::EINTR) => {}
                outcome => return Ok(outcome? > 0),
            }
        }
    }
}

/// Every signal that is watched for, a bit each.
fn watched() -> impl Iterator<Item = (u16, Signal)> {
    HANDLED.into_iter().chain(STOPS).enumerate().map(|(place, signal)| (1 << place, signal))
}

fn of_mask(mask: u16) -> Vec<Signal> {
    watched().filter(|(bit, _)| mask & bit != 0).map(|(_, signal)| signal).collect()
}

/// The sentinel's own life: says which signals came, as often as it is asked, until nobody can ask any more.
///
/// What is pending when a question is read has been handled when its answer is written: the kernel delivers signals
/// before it returns from a call.
pub(super) fn watch() -> Result<()> {
    let cannot = |error: io::Error| Error::new("cannot watch for signals").because(error);
    let mut flags = Vec::new();
    for (bit, signal) in watched() {
        let came = Arc::new(AtomicBool::new(false));
        flag::register(signal as i32, Arc::clone(&came)).map_err(cannot)?;
        flags.push((bit, came));
    }
    // Blocked in leapp, and masks are inherited.
    stop_set().thread_unblock().map_err(|errno| cannot(errno.into()))?;
    let (mut questions, mut answers) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let came = flags.iter().filter(|(_, came)| came.swap(false, Ordering::SeqCst));
        let mask = came.fold(0_u16, |mask, (bit, _)| mask | bit);
        answers.write_all(&mask.to_le_bytes()).and_then(|()| answers.flush()).map_err(cannot)?;
        if !matches!(questions.read(&mut [0]), Ok(1)) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_stands_for_signals() {
        let all = watched().fold(0, |mask, (bit, _)| mask | bit);
        assert_eq!(of_mask(all).len(), HANDLED.len() + STOPS.len());
        assert_eq!(of_mask(0), []);
        assert_eq!(of_mask(2), [Signal::SIGINT]);
    }
}
