//! This process and the one that it becomes; what is below, above and beside it.

mod identity;
mod output;
mod shell;
mod table;

use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    panic,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

pub(crate) use identity::Process;
use nix::{
    libc::{RLIM_INFINITY, SIGXFSZ},
    sys::resource::{Resource, getrlimit},
    unistd::{AccessFlags, access, dup2_stderr},
};
pub(crate) use output::output_within;
pub(crate) use shell::shell_above;
use signal_hook::flag;
pub(crate) use table::is_ignored;

use crate::{
    context::{Context, to_stderr},
    environment::Plan,
    error::{Error, Kind, Result},
};

/// Forbids core dumps and debuggers of the same user while leapp runs; `execve` allows them again for the child.
pub(crate) fn keep_secrets_out_of_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) an error, as one on a full disk is: SIGXFSZ would end
/// the process in the middle of its work (setrlimit(2), `RLIMIT_FSIZE`). A handler is no inheritance: the command that
/// leapp becomes has the signal as it was.
pub(crate) fn survive_the_file_limit() {
    let is_limited = getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|(now, _)| now != RLIM_INFINITY);
    if is_limited && !is_ignored(SIGXFSZ) {
        let _ = flag::register(SIGXFSZ, Arc::default());
    }
}

/// A panic is a fault of leapp's; its message may hold anything, so that only its place is said.
pub(crate) fn say_nothing_secret_in_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        to_stderr(&format!("leapp: internal error{place}\n  please report it\n"));
    }));
}

/// Does `work` with standard error on a terminal, and puts it back: what a person has to see is of no use to the program
/// that reads standard error.
pub(crate) fn with_stderr_on<T>(terminal: &File, work: impl FnOnce() -> T) -> T {
    let before = io::stderr().as_fd().try_clone_to_owned().and_then(|before| {
        dup2_stderr(terminal)?;
        Ok(Stderr(before))
    });
    let done = work();
    drop(before);
    done
}

/// Where standard error was; there again when this is dropped.
struct Stderr(OwnedFd);

impl Drop for Stderr {
    fn drop(&mut self) {
        let _ = dup2_stderr(&self.0);
    }
}

/// How this program can be run again from anywhere: where the search path leads to it, by that name, since a package
/// manager's link outlives the version that it leads to; else by its own path.
///
/// # Errors
/// Where the system does not say where it is.
pub(crate) fn own_path(search: Option<&OsStr>) -> io::Result<PathBuf> {
    let real = env::current_exe()?.canonicalize()?;
    let entries = search.map(|search| env::split_paths(search).collect::<Vec<_>>()).unwrap_or_default();
    let named = entries.into_iter().filter(|entry| entry.is_absolute()).map(|entry| entry.join("leapp"));
    Ok(named.into_iter().find(|path| path.canonicalize().is_ok_and(|found| found == real)).unwrap_or(real))
}

/// Becomes another program: no leapp stays behind, signals and exit code are the program's own.
///
/// # Errors
/// Always, since it returns only where the program could not be started.
pub(crate) fn become_program(command: &mut Command, plan: &Plan) -> Result<()> {
    for name in plan.removals() {
        command.env_remove(name);
    }
    command.envs(plan.variables());
    let error = command.exec();
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = Error::new(format!("cannot run `{program}`")).because(reason(&error, command.get_program()));
    Err(match error.kind() {
        io::ErrorKind::NotFound => cannot.kind(Kind::NotFound),
        _ => cannot.kind(Kind::NotRunnable),
    })
}

fn reason(error: &io::Error, program: &OsStr) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let search = Context::ambient(false).ok();
            let search = search.as_ref().and_then(|context| context.environment().get_os("PATH"));
            find(search, program).map_or_else(|| "there is no such command".into(), |file| without_interpreter(&file))
        }
        io::ErrorKind::PermissionDenied => "it may not be executed".into(),
        io::ErrorKind::ArgumentListTooLong => "arguments and environment are too long together".into(),
        _ => error.to_string(),
    }
}

/// The file that a command stands for: itself where it has a slash, else the first on the search path that may be
/// executed.
pub(crate) fn find(search: Option<&OsStr>, program: &OsStr) -> Option<PathBuf> {
    let may_run = |path: &PathBuf| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    if program.is_empty() {
        return None;
    }
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(may_run);
    }
    env::split_paths(search?).map(|folder| folder.join(program)).find(may_run)
}

/// Why the kernel does not find a file that is there: what it is to be run by is not (execve(2), ENOENT).
fn without_interpreter(file: &Path) -> String {
    let mut head = Vec::with_capacity(MAX_HEAD);
    let read = File::open(file).and_then(|file| file.take(MAX_HEAD as u64).read_to_end(&mut head));
    let line = head.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"#!"));
    let words = line.filter(|_| read.is_ok()).map(String::from_utf8_lossy);
    match words.as_deref().and_then(|words| words.trim_matches([' ', '\t']).split([' ', '\t']).next()) {
        Some(interpreter) => format!("{} is there, but not its interpreter `{interpreter}`", file.display()),
        None => format!("{} is there, but not the loader that it needs", file.display()),
    }
}

/// As much of a script's first line as Linux reads.
const MAX_HEAD: usize = 256;

/// This program again: the file that runs, also where another was put in its place.
pub(crate) fn this_program() -> Command {
    let ambient = || env::current_exe().unwrap_or_else(|_| "leapp".into());
    let mut command = Command::new(if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { ambient() });
    command.arg0("leapp");
    command
}
