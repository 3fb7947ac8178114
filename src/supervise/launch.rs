//! The program between leapp and a command: leapp itself, for as long as it takes to arrange that the command dies with
//! the leapp that started it. (`Command::pre_exec` could do that, in unsafe code.)

use std::{
    ffi::{OsStr, OsString},
    process::{Command, ExitCode},
};

use nix::unistd::getppid;

use super::{sentinel, stop_set};
use crate::{
    context::to_stderr,
    environment::Plan,
    error::{Error, Kind, Result},
    process::{become_program, this_program},
};

const LAUNCH: &str = "__launch";
const SENTINEL: &str = "__sentinel";

/// The launcher of a command.
pub(super) fn command(program: &OsStr, arguments: &[OsString]) -> Command {
    let mut command = this_program();
    command.arg(LAUNCH).arg(std::process::id().to_string()).arg(program).args(arguments);
    command
}

/// The sentinel.
pub(super) fn sentinel() -> Command {
    let mut command = this_program();
    command.arg(SENTINEL).arg(std::process::id().to_string());
    command
}

/// Plays one of these parts, where the arguments say so.
pub(crate) fn inner(arguments: &[OsString]) -> Option<ExitCode> {
    let part = arguments.get(1).and_then(|part| part.to_str())?;
    let outcome = match part {
        LAUNCH => launch(&arguments[2..]),
        SENTINEL => tie_to_parent(arguments.get(2)).and_then(|()| sentinel::watch()),
        _ => return None,
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            to_stderr(&format!("{error}\n"));
            ExitCode::from(error.exec_exit_code())
        }
    })
}

/// Becomes the command.
fn launch(arguments: &[OsString]) -> Result<()> {
    let [parent, program, rest @ ..] = arguments else { return Err(Error::usage("cannot launch nothing")) };
    tie_to_parent(Some(parent))?;
    // Signal masks are inherited, and leapp's blocks these.
    stop_set().thread_unblock().map_err(|error| Error::new("cannot launch a command").because(error))?;
    become_program(Command::new(program).args(rest), &Plan::new())
}

/// Has the kernel kill this process when its parent ends, and whatever it becomes. (A program that is setuid is let go:
/// `PR_SET_PDEATHSIG` in prctl(2).)
fn tie_to_parent(parent: Option<&OsString>) -> Result<()> {
    let gone = || Error::new("cannot go on").because("leapp has ended").kind(Kind::Interrupted);
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(|error| gone().because(error))?;
    // It may have ended before that.
    let is_there = parent.and_then(|parent| parent.to_str()).is_some_and(|parent| parent == getppid().to_string());
    if is_there { Ok(()) } else { Err(gone()) }
}
