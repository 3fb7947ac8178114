//! A command under leapp gets signals as it would without: each once.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use super::terminal::Terminal;
use crate::harness::{Home, bed, text, wait_for, wait_until};

const LONG: Duration = Duration::from_secs(20);

/// Counts the signals that it gets, a line each, and ends by SIGKILL or when told to.
const COUNTER: &str = "
import os, signal, sys, time
out = open(sys.argv[1], 'a')
def note(number, frame):
    print(signal.Signals(number).name, file=out, flush=True)
for name in 'HUP INT QUIT TERM USR1 USR2 TSTP CONT WINCH'.split():
    signal.signal(getattr(signal, 'SIG' + name), note)
print('ready', os.getpid(), file=out, flush=True)
while not os.path.exists(sys.argv[1] + '.end'):
    time.sleep(0.02)
";

/// What leapp alone may be sent.
const SENT: [Signal; 9] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTSTP,
    Signal::SIGCONT,
    Signal::SIGWINCH,
];

/// A counter under leapp.
struct Counted {
    leapp: Child,
    notes: PathBuf,
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

impl Counted {
    fn start(home: &Home, surround: impl FnOnce(&mut Command)) -> Self {
        let notes = home.path("notes");
        let python = bed("LEAPP_BED_PYTHON");
        let words = ["exec", "--refresh", "corp", "--", &python, "-c", COUNTER, notes.to_str().expect("UTF-8")];
        let mut command = home.leapp(words);
        surround(&mut command);
        let leapp = command.spawn().expect("started");
        let counted = Self { leapp, notes };
        wait_until("the counter is ready", LONG, || counted.seen("ready").len() == 1);
        counted
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.notes).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn seen(&self, start: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.starts_with(start)).collect()
    }

    fn child(&self) -> Pid {
        let line = self.seen("ready").remove(0);
        Pid::from_raw(line.rsplit(' ').next().expect("a word").parse().expect("a process id"))
    }

    /// The counter gets what `send` causes, once, and nothing else.
    #[track_caller]
    fn gets_once(&self, signal: Signal, send: impl FnOnce()) {
        let before = self.lines();
        send();
        wait_until(&format!("{signal} arrives"), LONG, || self.lines().len() > before.len());
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(self.lines()[before.len()..], [signal.to_string()]);
    }

    /// The counter ends by itself, and leapp with it.
    fn end(mut self) {
        fs::write(self.notes.with_extension("end"), "").expect("written");
        let status = wait_for(&mut self.leapp, LONG).expect("an end");
        assert_eq!(status.code(), Some(0));
    }
}

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    home
}

fn is_gone(process: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
}

#[test]
fn what_leapp_is_sent_the_command_gets_once() {
    let home = signed_in();
    let counted = Counted::start(&home, |command| {
        std::os::unix::process::CommandExt::process_group(command, 0);
    });
    for signal in SENT {
        counted.gets_once(signal, || kill(pid(&counted.leapp), signal).expect("sent"));
    }
    counted.end();
}

#[test]
fn what_the_whole_group_is_sent_the_command_gets_once() {
    let home = signed_in();
    let counted = Counted::start(&home, |command| {
        std::os::unix::process::CommandExt::process_group(command, 0);
    });
    for signal in SENT {
        counted.gets_once(signal, || killpg(pid(&counted.leapp), signal).expect("sent"));
    }
    counted.end();
}

/// leapp as the leader of a terminal's session, as a terminal window or `ssh -t` start it.
fn leads_session<'a>(home: &'a Home, terminal: &'a Terminal) -> impl FnOnce(&mut Command) + 'a {
    |command| {
        let mut leader = Command::new("setsid");
        leader.args(["-c", "-w"]).arg(command.get_program()).args(command.get_args());
        home.surround(&mut leader);
        terminal.connect(&mut leader);
        *command = leader;
    }
}

#[test]
fn what_the_terminal_sends_the_command_gets_once() {
    let home = signed_in();
    let terminal = Terminal::new();
    let counted = Counted::start(&home, leads_session(&home, &terminal));
    counted.gets_once(Signal::SIGINT, || terminal.types("\x03"));
    counted.gets_once(Signal::SIGQUIT, || terminal.types("\x1c"));
    counted.gets_once(Signal::SIGTSTP, || terminal.types("\x1a"));
    counted.gets_once(Signal::SIGWINCH, || terminal.resize());
    counted.gets_once(Signal::SIGTERM, || kill(pid(&counted.leapp), Signal::SIGTERM).expect("sent"));
    counted.gets_once(Signal::SIGINT, || kill(pid(&counted.leapp), Signal::SIGINT).expect("sent"));
    counted.end();
}

#[test]
fn a_terminal_that_hangs_up_is_told_of_once() {
    let home = signed_in();
    let terminal = Terminal::new();
    let counted = Counted::start(&home, leads_session(&home, &terminal));
    terminal.hang_up();
    wait_until("the hang-up arrives", LONG, || counted.lines().len() >= 3);
    std::thread::sleep(Duration::from_millis(150));
    let mut seen = counted.lines()[1..].to_vec();
    seen.sort();
    assert_eq!(seen, ["SIGCONT", "SIGHUP"], "both are what the kernel sends to the leader of a session");
    counted.end();
}

#[test]
fn what_leapp_was_started_to_ignore_stays_ignored() {
    let home = signed_in();
    let counted = Counted::start(&home, |command| {
        let mut deaf = Command::new("sh");
        deaf.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
        home.surround(&mut deaf);
        *command = deaf;
    });
    // The counter has a handler of its own: what matters is that leapp, which ignores it, does not die of it.
    kill(pid(&counted.leapp), Signal::SIGHUP).expect("sent");
    counted.gets_once(Signal::SIGTERM, || kill(pid(&counted.leapp), Signal::SIGTERM).expect("sent"));
    counted.end();
}

#[test]
fn a_leapp_that_is_killed_leaves_no_command() {
    let home = signed_in();
    let mut counted = Counted::start(&home, |_| {});
    let child = counted.child();
    let family = children(pid(&counted.leapp));
    assert!(family.contains(&child) && family.len() == 2, "{family:?}");
    counted.leapp.kill().expect("killed");
    counted.leapp.wait().expect("ended");
    wait_until("all of it is gone", LONG, || family.iter().all(|process| is_gone(*process)));
}

#[test]
fn a_command_that_is_killed_leaves_no_leapp() {
    let home = signed_in();
    let mut counted = Counted::start(&home, |_| {});
    let family = children(pid(&counted.leapp));
    kill(counted.child(), Signal::SIGKILL).expect("killed");
    let status = wait_for(&mut counted.leapp, Duration::from_secs(5)).expect("an end");
    assert_eq!(status.code(), Some(128 + 9));
    wait_until("all of it is gone", LONG, || family.iter().all(|process| is_gone(*process)));
}

fn children(of: Pid) -> Vec<Pid> {
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(of.to_string().as_str())
        })
        .collect()
}

#[test]
fn exit_codes_are_those_of_exec() {
    let home = signed_in();
    let code = |words: &[&str]| {
        let mut all = vec!["exec", "--refresh", "corp", "--"];
        all.extend(words);
        let output = home.leapp(all).output().expect("started");
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(code(&["true"]), (Some(0), String::new()));
    assert_eq!(code(&["sh", "-c", "exit 7"]), (Some(7), String::new()));
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), (Some(143), String::new()));
    assert_eq!(code(&["sh", "-c", "kill -KILL $$"]), (Some(137), String::new()));
    let none = "leapp: cannot run `no-such-command`: there is no such command\n";
    assert_eq!(code(&["no-such-command"]), (Some(127), none.into()));
    let denied = "leapp: cannot run `/etc/passwd`: it may not be executed\n";
    assert_eq!(code(&["/etc/passwd"]), (Some(126), denied.into()));
    let failed = home.leapp(["exec", "--refresh", "crop", "--", "true"]).output().expect("started");
    assert_eq!(failed.status.code(), Some(125));
    let mut interrupted = home.leapp(["exec", "--refresh", "corp", "--", "sh", "-c", "kill -INT $$"]);
    assert_eq!(interrupted.status().expect("ended").signal(), Some(2), "a shell that runs a script asks for this");
}

/// An interactive bash on a terminal, and in it `leapp` as a function that runs this home's.
fn shell(home: &Home) -> (Terminal, Child) {
    let mut terminal = Terminal::new();
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", "bash", "--norc", "--noprofile", "-i"]);
    home.surround(&mut command);
    terminal.connect(&mut command);
    command.env("PS1", "PROMPT> ").env("LEAPP", env!("CARGO_BIN_EXE_leapp"));
    let shell = command.spawn().expect("bash");
    terminal.expect("PROMPT> ");
    (terminal, shell)
}

/// What is run where jobs are stopped and continued: says that it is there, and reads lines.
const READER: &str = "\"$LEAPP\" exec --refresh corp -- sh -c 'echo rea\"\"dy; while read x; do echo got-$x; done'";

#[test]
fn a_job_stops_and_goes_on_as_ever() {
    let home = signed_in();
    let (mut terminal, mut bash) = shell(&home);
    terminal.types(&format!("{READER}\n"));
    terminal.expect("ready");
    for round in ["one", "two"] {
        terminal.types(&format!("{round}\n"));
        terminal.expect(&format!("got-{round}"));
        terminal.types("\x1a");
        terminal.expect("Stopped");
        terminal.expect("PROMPT> ");
        terminal.types("echo status-$?\n");
        terminal.expect("status-148");
        terminal.types("fg\n");
        terminal.expect("exec --refresh");
    }
    terminal.types("three\n");
    terminal.expect("got-three");
    terminal.types("\x1a");
    terminal.expect("PROMPT> ");
    terminal.types("bg; sleep 0.3; jobs\n");
    // In the background it reads from the terminal, and is stopped for that.
    terminal.expect("Stopped");
    terminal.types("fg\n");
    terminal.expect("exec --refresh");
    terminal.types("four\n");
    terminal.expect("got-four");
    terminal.types("\x03");
    terminal.expect("PROMPT> ");
    terminal.types("echo code-$?; exit\n");
    terminal.expect("code-130");
    wait_for(&mut bash, LONG).expect("bash ends");
}

#[test]
fn an_interactive_shell_below_it_has_jobs_of_its_own() {
    let home = signed_in();
    let (mut terminal, mut bash) = shell(&home);
    terminal.types("\"$LEAPP\" exec --refresh corp -- bash --norc --noprofile -i\n");
    terminal.expect("PROMPT> ");
    terminal.types("echo level-$SHLVL; sleep 60\n");
    terminal.expect("level-2");
    wait_until("it sleeps", LONG, || home_runs(&home, "sleep 60"));
    terminal.types("\x03");
    terminal.expect("PROMPT> ");
    terminal.types("echo code-$?; sleep 61\n");
    terminal.expect("code-130");
    wait_until("it sleeps", LONG, || home_runs(&home, "sleep 61"));
    terminal.types("\x1a");
    terminal.expect("Stopped");
    terminal.types("fg\n");
    terminal.expect("sleep 61");
    // bash says what it continues before it hands over the terminal.
    std::thread::sleep(Duration::from_millis(300));
    terminal.types("\x03");
    terminal.expect("PROMPT> ");
    terminal.types("exit 5\n");
    terminal.expect("PROMPT> ");
    terminal.types("echo \"code-$? level-$SHLVL\"; exit\n");
    terminal.expect("code-5 level-1");
    wait_for(&mut bash, LONG).expect("bash ends");
}

#[test]
fn ctrl_c_ends_the_script_around_it_too() {
    let home = signed_in();
    let (mut terminal, mut bash) = shell(&home);
    terminal.types("bash -c 'for i in 1 2 3; do \"$LEAPP\" exec --refresh corp -- sleep 60; echo af\"\"ter; done'\n");
    wait_until("it sleeps", LONG, || home_runs(&home, "sleep 60"));
    terminal.types("\x03");
    terminal.expect("PROMPT> ");
    terminal.types("exit\n");
    wait_for(&mut bash, LONG).expect("bash ends");
    assert!(!terminal.seen().contains("after"), "{}", terminal.seen());
}

#[test]
fn pipelines_and_terminal_modes_are_left_alone() {
    let home = signed_in();
    let (mut terminal, mut bash) = shell(&home);
    terminal.types("\"$LEAPP\" exec --refresh corp -- echo a-b | tr a-b x-y\n");
    terminal.expect("x-y");
    terminal.types("cd; stty -g > before; \"$LEAPP\" exec --refresh corp -- stty -echo; stty -g > after; stty sane\n");
    wait_until("the modes are written", LONG, || fs::metadata(home.path("after")).is_ok_and(|file| file.len() > 0));
    terminal.types("\nexit\n");
    wait_for(&mut bash, LONG).expect("bash ends");
    let modes = |name: &str| fs::read_to_string(home.path(name)).expect("written");
    assert_ne!(modes("before"), modes("after"), "what the command changes, stays changed");
}

/// Whether a process of this home runs with these words.
fn home_runs(home: &Home, words: &str) -> bool {
    let folder = home.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    fs::read_dir("/proc").expect("/proc").flatten().any(|process| {
        let read = |name: &str| text(&fs::read(process.path().join(name)).unwrap_or_default());
        read("cmdline").replace('\0', " ").trim() == words && read("environ").contains(folder)
    })
}
