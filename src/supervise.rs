//! A command that runs below leapp as if leapp were not there: it gets every signal once, stops and goes on with its
//! shell's job, and dies with leapp.
//!
//! leapp and the command are in one process group, so that the terminal's own signals (Ctrl-C, Ctrl-Z, a resize) reach
//! both, and pipelines and scripts work. What was sent to leapp alone is handed on; [`sentinel`] tells the two apart.
//! [`launch`] is how the command is started.

mod launch;
mod sentinel;

use std::{
    ffi::{OsStr, OsString},
    io,
    process::Command,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, Signal, kill, raise},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getpgid, getpgrp},
};
use signal_hook::{iterator::Signals, low_level::emulate_default_handler};

pub(crate) use self::launch::inner;
use self::sentinel::Sentinel;
use crate::{
    environment::Plan,
    error::{Error, Result},
    process::is_ignored,
    signals,
};

/// What ends, wakes or informs a program, beside [`STOPS`].
const HANDLED: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCONT,
    Signal::SIGWINCH,
];

/// What stops a job. These are blocked rather than handled: a handler could not be taken away again, and leapp has to
/// stop by them as the command does, for its shell to see.
const STOPS: [Signal; 3] = [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];

/// Long enough for the kernel to give a signal to a whole process group.
const GROUP_DELIVERY: Duration = Duration::from_millis(5);

/// From when this is made, signals wait for a command to get them.
pub(crate) struct Supervision {
    signals: Receiver<Signal>,
    sentinel: Sentinel,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    By(Signal),
}

impl Supervision {
    /// Begins to heed signals. Threads that are made from now on leave them alone.
    ///
    /// # Errors
    /// Where the system gives no more handlers, threads or processes.
    pub(crate) fn begin() -> Result<Self> {
        signals::leave_to_others();
        Self::start().map_err(|error| cannot(&error))
    }

    fn start() -> io::Result<Self> {
        let (sender, signals) = mpsc::channel();
        stop_set().thread_block()?;
        let heeded = HANDLED.into_iter().filter(|signal| !is_ignored(*signal as i32));
        let mut handled = Signals::new(heeded.chain([Signal::SIGCHLD]).map(|signal| signal as i32))?;
        let stops = sender.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            let known = handled.forever().filter_map(|signal| Signal::try_from(signal).ok());
            send(&sender, known);
        })?;
        thread::Builder::new().name("stops".into()).spawn(move || {
            send(&stops, std::iter::from_fn(|| stop_set().wait().ok()));
        })?;
        Ok(Self { signals, sentinel: Sentinel::start()? })
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// Where it could not be started at all. That there is no such command, the launcher says, and its exit code.
    pub(crate) fn run(self, program: &OsStr, arguments: &[OsString], plan: &Plan) -> Result<End> {
        let mut command = launch::command(program, arguments);
        for name in plan.removals() {
            command.env_remove(name);
        }
        command.envs(plan.variables());
        let child = spawn(&mut command).map_err(|error| cannot(&error))?;
        Supervisor { child, supervision: self }.attend().map_err(|errno| cannot(&errno.into()))
    }
}

impl End {
    /// The exit code: 128 + n where signal n ended it.
    ///
    /// Where that was Ctrl-C's, leapp ends by it too, here: a shell that runs a script asks how its command ended, and
    /// only then ends the script.
    pub(crate) fn hand_on(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::By(signal) => {
                // The first process of a container does not die of signals.
                if signal == Signal::SIGINT && std::process::id() != 1 {
                    let _ = emulate_default_handler(signal as i32);
                }
                128 | u8::try_from(signal as i32).unwrap_or_default()
            }
        }
    }
}

/// Starts a command in this thread, which lives as long as leapp: the command dies with the thread that started it.
fn spawn(command: &mut Command) -> io::Result<Pid> {
    let child = command.spawn()?;
    i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)
}

fn cannot(error: &io::Error) -> Error {
    Error::new("cannot supervise a command").because(error)
}

fn stop_set() -> SigSet {
    STOPS.into_iter().collect()
}

fn send(receiver: &Sender<Signal>, signals: impl Iterator<Item = Signal>) {
    for signal in signals {
        if receiver.send(signal).is_err() {
            break;
        }
    }
}

/// A command that runs.
struct Supervisor {
    child: Pid,
    supervision: Supervision,
}

impl Supervisor {
    /// Hands signals on until the command has ended.
    fn attend(mut self) -> nix::Result<End> {
        while let Ok(first) = self.supervision.signals.recv() {
            if first != Signal::SIGCHLD {
                thread::sleep(GROUP_DELIVERY);
            }
            let mut signals = vec![first];
            signals.extend(self.supervision.signals.try_iter());
            signals.sort_unstable();
            signals.dedup();
            self.hand_on(&signals);
            // Asked always: what a signal did to the command may be seen already.
            if let Some(end) = self.look()? {
                return Ok(end);
            }
        }
        Err(Errno::ECHILD)
    }

    /// Hands on what leapp alone was sent. What the whole process group got, the command got too, unless it has left
    /// the group, as an interactive shell does.
    fn hand_on(&mut self, signals: &[Signal]) {
        if signals == [Signal::SIGCHLD] {
            return;
        }
        let is_in_group = getpgid(Some(self.child)) == Ok(getpgrp());
        let seen = self.supervision.sentinel.seen();
        for signal in signals.iter().filter(|signal| **signal != Signal::SIGCHLD) {
            if !is_in_group || !seen.contains(signal) {
                // The command is waited for below, so that its number is its own still.
                let _ = kill(self.child, *signal);
            }
        }
    }

    /// Looks what became of the command; where it has stopped, leapp stops too until somebody continues it.
    fn look(&self) -> nix::Result<Option<End>> {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        loop {
            match waitpid(self.child, Some(flags)) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(Some(End::Code(u8::try_from(code).unwrap_or(u8::MAX)))),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Some(End::By(signal))),
                Ok(WaitStatus::Stopped(_, signal)) => stop_by(signal)?,
                Ok(_) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Stops this process, by the signal that stopped the command: the shell says what that was.
fn stop_by(signal: Signal) -> nix::Result<()> {
    raise(signal)?;
    if STOPS.contains(&signal) {
        // Here it stops. A process group that nobody could continue is not stopped, the kernel sees to that.
        stop_set().thread_unblock()?;
        stop_set().thread_block()?;
    }
    Ok(())
}
