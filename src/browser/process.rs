//! The life of a browser process, and its certain end.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt as _, FdMapping};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::pipe::FarEnd;
use crate::error::{Error, Kind, Result};

/// How much of what the browser complains about is kept.
const TAIL: usize = 4096;

/// How often a process that should end is looked at.
const GLANCE: Duration = Duration::from_millis(2);

/// How long it has to end when it is told to.
const TERM: Duration = Duration::from_millis(500);

/// A running browser, with its helpers in a process group of their own. When it is dropped they are gone.
pub(super) struct Process {
    child: Child,
    ended: Option<ExitStatus>,
    complaints: Arc<Mutex<Vec<u8>>>,
    /// Reads them.
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it. The group of its own keeps a Ctrl-C of the terminal away from it: leapp ends it in good order.
    pub(super) fn start(
        program: &Path,
        arguments: &[OsString],
        withheld: &[OsString],
        far_end: FarEnd,
    ) -> Result<Self> {
        let cannot = || Error::new(format!("cannot start the browser `{}`", program.display())).kind(Kind::NeedsPerson);
        let mut command = Command::new(program);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        for name in withheld {
            command.env_remove(name);
        }
        let mappings = vec![
            FdMapping { parent_fd: far_end.commands, child_fd: 3 },
            FdMapping { parent_fd: far_end.messages, child_fd: 4 },
        ];
        command.fd_mappings(mappings).map_err(|error| cannot().because(error))?;
        let mut child = command.spawn().map_err(|error| cannot().because(error))?;
        let complaints = Arc::default();
        let listener = child.stderr.take().map(|stderr| keep_tail(stderr, Arc::clone(&complaints)));
        Ok(Self { child, ended: None, complaints, listener })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Waits for its end, at most this long.
    pub(super) fn wait(&mut self, longest: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + longest;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(GLANCE);
        }
    }

    /// The last that it complained about: a missing library, no display.
    pub(super) fn complaints(&self) -> String {
        // What it said last may still be in the pipe. A helper that outlives it holds the pipe open.
        let deadline = Instant::now() + TERM;
        let is_listening = || self.listener.as_ref().is_some_and(|listener| !listener.is_finished());
        while self.ended.is_some() && is_listening() && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
        let tail = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        last_lines(&String::from_utf8_lossy(&tail))
    }

    /// Ends it, whatever state it is in. Its helpers end with it; one that does not is ended too.
    fn end(&mut self) {
        if self.ended().is_none() {
            self.signal(Signal::SIGTERM);
            self.wait(TERM);
        }
        // The group outlives its leader for as long as it has members, and so does its number.
        self.signal(Signal::SIGKILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    fn signal(&self, signal: Signal) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // There is nothing to do about a group that is gone already.
            let _ = killpg(Pid::from_raw(group), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// How a process ended, for people.
pub(super) fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or_else(|_| signal.to_string(), |signal| signal.to_string());
            format!("it was ended by {name}")
        }
        (None, None) => "it ended".to_owned(),
    }
}

/// Keeps the end of what comes, in a thread: a browser that nobody listens to would stop at a full pipe.
fn keep_tail(mut stderr: impl Read + Send + 'static, tail: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stderr.read(&mut piece) {
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.extend_from_slice(&piece[..length]);
            let excess = tail.len().saturating_sub(TAIL);
            tail.drain(..excess);
        }
    })
}

/// The last few lines that tell something: what Chromium logged as errors, where it logged any (the scripts that start
/// it complain of less), without those that it writes wherever there is no D-Bus, or when one of its processes is gone.
fn last_lines(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_noise = |line: &&str| line.contains(":dbus/") || line.contains("/zygote/");
    let mut told: Vec<&str> = lines().filter(|line| !is_noise(line)).filter_map(logged).collect();
    if told.is_empty() {
        told = lines().filter(|line| !is_noise(line)).collect();
    }
    told[told.len().saturating_sub(4)..].join("\n")
}

/// What follows `[PROCESS:THREAD:TIME:ERROR:FILE:LINE] `, in a line that has that.
fn logged(line: &str) -> Option<&str> {
    let (head, text) = line.strip_prefix('[')?.split_once("] ")?;
    (head.contains(":ERROR:") || head.contains(":FATAL:")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_short() {
        assert_eq!(last_lines("1\n2\n\n 3\n4\n5\n"), "2\n3\n4\n5");
        assert_eq!(last_lines("x: no such library\n[1:1:0/0:ERROR:dbus/bus.cc:3] no bus\n"), "x: no such library");
        assert_eq!(
            last_lines("sh: 9: what?\n[1:1:0/0:ERROR:ui/x.cc:3] no display\n[1:1:0/0:ERROR:dbus/bus.cc:3] no bus\n"),
            "no display"
        );
        assert_eq!(last_lines(""), "");
    }

    #[test]
    fn an_ending_is_told() {
        assert_eq!(ending(ExitStatus::from_raw(256)), "it ended with exit code 1");
        assert_eq!(ending(ExitStatus::from_raw(9)), "it was ended by SIGKILL");
    }
}
