//! The secret that another program prints.

use std::{
    io::{self, Read as _},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use zeroize::Zeroizing;

use super::table::children_of;

/// How often a command that has closed its output is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// How a command ends within `time`, and the secret that it prints, at most `limit` bytes; it is ended where it takes
/// longer or prints more.
///
/// It stays in this process's group, so that it can ask on the terminal, and Ctrl-C reaches it too. What it started
/// is found by its parents, then, and ended with it: it would hold the pipes on which others wait for leapp.
///
/// # Errors
/// Where it cannot be started, takes longer ([`io::ErrorKind::TimedOut`]), or prints more.
pub(crate) fn output_within(
    command: &mut Command,
    time: Duration,
    limit: usize,
) -> io::Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let end = Instant::now() + time;
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let ended =
        read_until(child.stdout.take(), end, limit).and_then(|output| Ok((wait_until(&mut child, end)?, output)));
    if ended.is_err() {
        end_with_descendants(&mut child);
    }
    ended
}

/// What is printed until all that hold the pipe have closed it. The thread that reads outlives a command that is
/// ended, where others of its own making still hold the pipe; it ends with this process.
fn read_until(pipe: Option<ChildStdout>, end: Instant, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let pipe = pipe.ok_or_else(|| io::Error::other("it has no output"))?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
        let mut output = Zeroizing::new(Vec::with_capacity(limit + 1));
        let read = pipe.take(limit as u64 + 1).read_to_end(&mut output).map(|_| output);
        let _ = sender.send(read);
    });
    let left = end.saturating_duration_since(Instant::now());
    let output = receiver.recv_timeout(left).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if output.len() > limit {
        return Err(io::Error::other(format!("it printed more than {limit} bytes")));
    }
    Ok(output)
}

fn end_with_descendants(child: &mut Child) {
    let mut ended = i32::try_from(child.id()).map_or(Vec::new(), |pid| vec![pid]);
    let mut place = 0;
    while let Some(pid) = ended.get(place).copied() {
        place += 1;
        ended.extend(children_of(pid));
    }
    for pid in ended.into_iter().skip(1) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.kill().and_then(|()| child.wait());
}

fn wait_until(child: &mut Child, end: Instant) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= end {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(PAUSE);
    }
}
