//! A process, told apart from any later one that has its number.

use std::fmt;

use nix::{
    errno::Errno,
    sys::signal::kill,
    unistd::{Pid, getppid},
};

use super::{shell, table::start_of};

/// A process that somebody else ends, told from a later one of its number by when it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pid: i32,
    /// In ticks since the machine started; none where the system does not tell.
    start: Option<u64>,
}

impl Process {
    /// The one that started this.
    pub(crate) fn parent() -> Self {
        Self::of(getppid().as_raw())
    }

    /// The shell that this command was typed into, or the script that it stands in; else the process that started this.
    pub(crate) fn lasting_shell() -> Self {
        shell::lasting().map_or_else(Self::parent, Self::of)
    }

    fn of(pid: i32) -> Self {
        Self { pid, start: start_of(pid) }
    }

    /// Whether it runs still.
    pub(crate) fn lives(&self) -> bool {
        match self.start {
            Some(_) => start_of(self.pid) == self.start,
            None => kill(Pid::from_raw(self.pid), None) != Err(Errno::ESRCH),
        }
    }

    /// Reads what `Display` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (pid, start) = text.split_once('@').map_or((text, None), |(pid, start)| (pid, Some(start)));
        Some(Self { pid: pid.parse().ok()?, start: start.map(str::parse).transpose().ok()? })
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.start {
            Some(start) => write!(f, "{}@{start}", self.pid),
            None => write!(f, "{}", self.pid),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_known_again() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("started");
        let process = Process::of(i32::try_from(child.id()).expect("a process id"));
        assert_eq!(Process::parse(&process.to_string()), Some(process.clone()));
        assert!(process.lives());
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!process.lives());
        assert!(Process::parent().lives());
        assert_eq!(Process::parse("x"), None);
    }
}
