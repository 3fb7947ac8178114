//! The shell that runs this process.

use std::{iter, sync::OnceLock};

use nix::unistd::{Pid, getpgid, getppid};

use super::table::{arguments_of, parent_of};
use crate::shell::Shell;

/// How far up the processes a shell is looked for: `leapp` may run below `time`, `sudo -E` or a wrapper.
const ANCESTORS: usize = 5;

/// The shell that runs this process: the nearest ancestor that is one, else the person's login shell.
pub(crate) fn shell_above(login_shell: Option<&str>) -> Option<Shell> {
    static ABOVE: OnceLock<Option<Shell>> = OnceLock::new();
    let above = ABOVE.get_or_init(|| ancestors().find_map(|pid| shell_of(&arguments_of(pid)?)));
    above.or_else(|| login_shell.and_then(Shell::from_process))
}

/// The processes above this one, from the nearest on.
fn ancestors() -> impl Iterator<Item = i32> {
    iter::successors(Some(getppid().as_raw()), |pid| parent_of(*pid)).take(ANCESTORS)
}

/// The shell that this command was typed into, or the script that it stands in.
///
/// `$(…)` runs in a copy of the shell, which ends with it: a copy has its original's arguments and process group.
pub(super) fn lasting() -> Option<i32> {
    let is_shell = |pid: &i32| arguments_of(*pid).is_some_and(|arguments| shell_of(&arguments).is_some());
    ancestors().find(is_shell).map(original)
}

fn shell_of(arguments: &[String]) -> Option<Shell> {
    Shell::from_arguments(arguments.iter().map(String::as_str))
}

/// The shell of which this process is a copy, made by `fork` and nothing after it; else itself.
fn original(pid: i32) -> i32 {
    let group = |pid| getpgid(Some(Pid::from_raw(pid))).ok();
    let is_copy = |pid, parent| {
        group(pid) != Some(Pid::from_raw(pid))
            && arguments_of(pid) == arguments_of(parent)
            && group(pid) == group(parent)
    };
    let copied = iter::successors(Some(pid), |pid| parent_of(*pid).filter(|parent| is_copy(*pid, *parent)));
    copied.last().unwrap_or(pid)
}
