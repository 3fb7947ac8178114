//! This process and the one that it becomes.

use std::{io, os::unix::process::CommandExt as _, panic, process::Command};

use crate::{
    context::to_stderr,
    environment::Plan,
    error::{Error, Kind, Result},
    shell::Shell,
};

/// Forbids core dumps and debuggers of the same user while leapp runs; `execve` allows them again for the child.
pub(crate) fn keep_secrets_out_of_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// A panic is a fault of leapp's; its message may hold anything, so that only its place is said.
pub(crate) fn say_nothing_secret_in_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        to_stderr(&format!("leapp: internal error{place}\n  please report it\n"));
    }));
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
    let cannot = Error::new(format!("cannot run `{program}`")).because(reason(&error));
    Err(match error.kind() {
        io::ErrorKind::NotFound => cannot.kind(Kind::NotFound),
        _ => cannot.kind(Kind::NotRunnable),
    })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such command".into(),
        io::ErrorKind::PermissionDenied => "it may not be executed".into(),
        io::ErrorKind::ArgumentListTooLong => "arguments and environment are too long together".into(),
        _ => error.to_string(),
    }
}

/// How far up the processes a shell is looked for: `leapp` may run below `time`, `sudo -E` or a wrapper.
const ANCESTORS: usize = 5;

/// The shell that runs this process: the nearest ancestor that is one, else the person's login shell.
pub(crate) fn shell_above(login_shell: Option<&str>) -> Option<Shell> {
    let mut pid = nix::unistd::getppid().as_raw();
    for _ in 0..ANCESTORS {
        let Some(process) = Ancestor::read(pid) else { break };
        if let Some(shell) = process.shell() {
            return Some(shell);
        }
        pid = process.parent;
    }
    login_shell.and_then(Shell::from_process)
}

/// A process as `/proc` or `ps` tells of it.
struct Ancestor {
    parent: i32,
    arguments: Vec<String>,
}

impl Ancestor {
    fn shell(&self) -> Option<Shell> {
        Shell::from_arguments(self.arguments.iter().map(String::as_str))
    }

    #[cfg(target_os = "linux")]
    fn read(pid: i32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?;
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let arguments = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Some(Self { parent, arguments })
    }

    #[cfg(not(target_os = "linux"))]
    fn read(pid: i32) -> Option<Self> {
        let output = Command::new("/bin/ps").args(["-o", "ppid=,args=", "-p", &pid.to_string()]).output().ok()?;
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = line.split_whitespace().map(str::to_owned);
        Some(Self { parent: words.next()?.parse().ok()?, arguments: words.collect() })
    }
}
