//! A remedy is a command that works: what an error says to run is run.
//!
//! Each command behind `run: ` is carried out in a copy of the home, without a terminal and without a browser. It must go
//! well, or end in another problem than the one that it is for. Where it stands alone (`to do something else, run: …` is
//! another way), what failed before must then go well, or end in another problem.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::{ffi::OsStrExt as _, ffi::OsStringExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
    time::SystemTime,
};

use crate::harness::{run_with_input, text};

/// Programs that do nothing but to the home that they are run in.
const CARRIED_OUT: [&str; 4] = ["leapp", "chmod", "mkdir", "echo"];
/// Those that reach farther: tests of their own run these.
const ELSEWHERE: [&str; 4] = ["aws", "kill", "set", "chown"];
/// What only tells something.
const TELLING: [&str; 6] = [" list", " status", "--help", " env ", " show ", " exec "];

/// When remedies were carried out, by the tag of the STS that they asked.
static ASKED: Mutex<Vec<(String, f64, f64)>> = Mutex::new(Vec::new());

/// Whether a remedy asked the STS with this tag at that time.
pub fn asked(tag: &str, time: f64) -> bool {
    ASKED.lock().expect("no panic").iter().any(|(of, from, to)| of == tag && (*from..=*to).contains(&time))
}

/// What follows where a remedy was carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// What failed is tried again.
    Again,
    /// Nothing: a fault at the other end goes on.
    Nothing,
}

/// Carries out each command that is said after `command` failed.
#[track_caller]
pub fn carry_out(command: &Command, input: &[u8], said: &str, then: Then) {
    let remedies: Vec<(&str, &str)> = said.lines().filter_map(|line| line.split_once("run: ")).collect();
    let Some(home) = variable(command, "HOME").filter(|_| !remedies.is_empty()).map(PathBuf::from) else { return };
    let began = now();
    for (before_it, remedy) in remedies {
        // The same verb in other words is what was wanted itself.
        let verb = remedy.split_whitespace().nth(1).map(OsStr::new);
        let is_same_verb = command.get_args().find(|word| !word.as_bytes().starts_with(b"-")) == verb;
        let heals = then == Then::Again && before_it.trim().is_empty() && !is_same_verb;
        let program = remedy.split_whitespace().next().unwrap_or_default();
        if ELSEWHERE.contains(&program) {
            continue;
        }
        assert!(CARRIED_OUT.contains(&program), "nobody knows how to carry out `{remedy}`: {said}");
        let copy = Copy::of(&home);
        let mut shell =
            copy.command(Command::new("sh").args(["-c", &copy.moved(OsStr::new(remedy)).to_string_lossy()]), command);
        let (worked, problem) = outcome(&shell.output().expect("sh"));
        let before = sentence(said);
        let has_terminal_alone = problem.contains("there is no terminal");
        assert!(worked || has_terminal_alone || problem != before, "`{remedy}` ends in the same problem: {said}");
        assert!(worked || has_terminal_alone || !is_no_command(&problem), "`{remedy}` is no command: {problem}");
        if worked && heals && !TELLING.iter().any(|it| format!("{remedy} ").contains(it)) {
            let mut again = copy.command(&mut same(command), command);
            let (works, problem) = outcome(&run_with_input(&mut again, input));
            assert!(works || problem != before, "`{remedy}` changes nothing about it: {said}");
        }
    }
    if let Some(tag) = variable(command, "AWS_ENDPOINT_URL_STS").as_deref().and_then(tag_of) {
        ASKED.lock().expect("no panic").push((tag, began, now()));
    }
}

/// What a usage error, or a shell, says of a command that cannot be run at all.
fn is_no_command(problem: &str) -> bool {
    ["unexpected argument", "invalid value", "unrecognized subcommand", "not found", "cannot take --", "Usage:"]
        .iter()
        .any(|part| problem.contains(part))
}

/// Whether it went well, and the sentence of its error.
fn outcome(output: &Output) -> (bool, String) {
    (output.status.success(), sentence(&text(&output.stderr)))
}

/// The error, without hints and without what was said before it.
fn sentence(said: &str) -> String {
    let is_error = |line: &&str| !line.starts_with("  ");
    said.lines().rfind(is_error).unwrap_or_default().to_owned()
}

fn variable(command: &Command, name: &str) -> Option<OsString> {
    command.get_envs().find(|(is, _)| *is == name)?.1.map(OsStr::to_owned)
}

/// The same words, for another home.
fn same(command: &Command) -> Command {
    let mut again = Command::new(command.get_program());
    again.args(command.get_args());
    again
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs_f64()
}

/// The tag in the path of a bed's STS.
fn tag_of(endpoint: &OsStr) -> Option<String> {
    Some(endpoint.to_str()?.split_once("/t/")?.1.split('/').next()?.to_owned())
}

/// A copy of a home.
struct Copy {
    folder: tempfile::TempDir,
    of: PathBuf,
}

impl Copy {
    fn of(home: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("leapp-remedy-").tempdir().expect("a folder");
        // What has gone meanwhile is not copied.
        Command::new("cp").arg("-a").arg(home.join(".")).arg(folder.path()).output().expect("cp");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("closed");
        let copy = Self { folder, of: home.to_owned() };
        copy.settle(copy.folder.path());
        copy
    }

    /// Puts the copy's path in the place of the home's in each file: what is written there is not to be the home's.
    fn settle(&self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            let bytes = if kind.is_file() { fs::read(&path).unwrap_or_default() } else { Vec::new() };
            let moved = self.moved(OsStr::from_bytes(&bytes));
            if kind.is_dir() {
                self.settle(&path);
            } else if moved.as_bytes() != bytes {
                fs::write(&path, moved.as_bytes()).expect("written");
            }
        }
    }

    /// A text with the copy in place of the home.
    fn moved(&self, text: &OsStr) -> OsString {
        let (from, to) = (self.of.as_os_str().as_bytes(), self.folder.path().as_os_str().as_bytes());
        let (mut moved, mut rest) = (Vec::new(), text.as_bytes());
        while let Some(place) = rest.windows(from.len()).position(|window| window == from) {
            moved.extend_from_slice(&rest[..place]);
            moved.extend_from_slice(to);
            rest = &rest[place + from.len()..];
        }
        moved.extend_from_slice(rest);
        OsString::from_vec(moved)
    }

    /// A command in the copy, with the environment of `like`: without a terminal, without a browser.
    fn command(&self, command: &mut Command, like: &Command) -> Command {
        let mut moved = Command::new("timeout");
        moved.args(["60", "setsid", "-w"]).arg(self.moved(command.get_program()));
        moved.args(command.get_args().map(|argument| self.moved(argument))).env_clear();
        for (name, value) in like.get_envs() {
            moved.env(name, self.moved(value.unwrap_or_default()));
        }
        let built = Path::new(env!("CARGO_BIN_EXE_leapp")).parent().expect("a folder");
        let path = variable(like, "PATH").unwrap_or_default();
        let path = [built.as_os_str(), &path].join(OsStr::new(":"));
        moved.env("PATH", path).env("LEAPP_BROWSER", "/nonexistent/browser");
        if let Some(folder) = like.get_current_dir() {
            moved.current_dir(self.moved(folder.as_os_str()));
        }
        moved
    }
}
