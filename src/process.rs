//! This process and the one that it becomes.

use std::{
    env,
    ffi::OsStr,
    fmt,
    fs::File,
    io::{self, Read as _},
    iter,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::process::CommandExt as _,
    },
    panic,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{AccessFlags, Pid, access, dup2_stderr, getpgid},
};
use zeroize::Zeroizing;

use crate::{
    context::{Context, to_stderr},
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

/// The processes that a process started; none where the kernel does not tell.
#[cfg(target_os = "linux")]
fn children_of(pid: i32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// The processes that a process started, as `ps` tells.
#[cfg(not(target_os = "linux"))]
fn children_of(pid: i32) -> Vec<i32> {
    let Ok(output) = Command::new("/bin/ps").args(["-A", "-o", "pid=,ppid="]).output() else { return Vec::new() };
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let pairs = table.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let of_parent = pairs.filter(|(_, parent)| parent.trim().parse() == Ok(pid));
    of_parent.filter_map(|(child, _)| child.parse().ok()).collect()
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

/// This program again: the file that runs, also where another was put in its place.
pub(crate) fn this_program() -> Command {
    let ambient = || env::current_exe().unwrap_or_else(|_| "leapp".into());
    let mut command = Command::new(if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { ambient() });
    command.arg0("leapp");
    command
}

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
    iter::successors(Some(nix::unistd::getppid().as_raw()), |pid| parent_of(*pid)).take(ANCESTORS)
}

fn shell_of(arguments: &[String]) -> Option<Shell> {
    Shell::from_arguments(arguments.iter().map(String::as_str))
}

#[cfg(target_os = "linux")]
fn arguments_of(pid: i32) -> Option<Vec<String>> {
    let line = of_proc(pid, "cmdline")?;
    Some(line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

#[cfg(not(target_os = "linux"))]
fn arguments_of(pid: i32) -> Option<Vec<String>> {
    Some(of_ps(pid, "args=")?.split_whitespace().map(str::to_owned).collect())
}

#[cfg(target_os = "linux")]
fn parent_of(pid: i32) -> Option<i32> {
    stat_of(pid)?.split(' ').nth(1)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn parent_of(pid: i32) -> Option<i32> {
    of_ps(pid, "ppid=")?.trim().parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn of_ps(pid: i32, what: &str) -> Option<String> {
    let output = Command::new("/bin/ps").args(["-o", what, "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A file of `/proc/PID`. Such a file says that it is empty: without room it would be read in many small pieces.
fn of_proc(pid: i32, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    File::open(format!("/proc/{pid}/{name}")).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What `/proc/PID/stat` says from the process's state on. The name before it, in parentheses, may have anything in it.
fn stat_of(pid: i32) -> Option<String> {
    let stat = String::from_utf8_lossy(&of_proc(pid, "stat")?).into_owned();
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

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
        Self::of(nix::unistd::getppid().as_raw())
    }

    /// The shell that this command was typed into, or the script that it stands in; else the process that started this.
    ///
    /// `$(…)` runs in a copy of the shell, which ends with it: a copy has its original's arguments and process group.
    pub(crate) fn lasting_shell() -> Self {
        let is_shell = |pid: &i32| arguments_of(*pid).is_some_and(|arguments| shell_of(&arguments).is_some());
        ancestors().find(is_shell).map_or_else(Self::parent, |pid| Self::of(original(pid)))
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

/// When a process started; none where there is none, or it has ended and nobody has asked about it yet.
fn start_of(pid: i32) -> Option<u64> {
    let stat = stat_of(pid)?;
    // The state, and 19 fields later the start.
    let mut fields = stat.split(' ');
    let is_over = matches!(fields.next(), Some("Z" | "X") | None);
    fields.nth(18).filter(|_| !is_over)?.parse().ok()
}

/// Whether the signal was ignored before anything was registered. Only Linux tells without unsafe code.
pub(crate) fn is_ignored(signal: i32) -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, signal))
}

/// Reads the line `SigIgn:` of `/proc/PID/status`, a bit per signal.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use nix::libc::{SIGHUP, SIGINT};

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

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let status = "Name:\tleapp\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert!(ignores(status, SIGHUP));
        assert!(!ignores(status, SIGINT));
        assert!(!ignores("", SIGHUP));
    }
}
