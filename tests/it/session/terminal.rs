//! The program at a terminal, and a person who waits for a question before answering it.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::AsFd as _,
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    pty::openpty,
    sys::{
        signal::{Signal, kill},
        termios::{LocalFlags, OutputFlags, tcgetattr},
    },
    unistd::Pid,
};

use super::home::Home;

/// How long an answer of the program may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A terminal with the program at it; its standard output goes elsewhere.
pub(super) struct Terminal {
    child: Child,
    keyboard: File,
    before: Settings,
    screen: mpsc::Receiver<Vec<u8>>,
    /// What was shown and not yet expected.
    shown: String,
    /// All that was shown.
    seen: String,
}

impl Terminal {
    /// Starts the program.
    pub(super) fn run(home: &Home, arguments: &[&str]) -> Self {
        let pty = openpty(None, None).expect("a terminal");
        let keyboard = File::from(pty.master);
        let before = settings(&keyboard);
        let end = || Stdio::from(pty.slave.try_clone().expect("a terminal"));
        // setsid -c makes it the controlling terminal, the one behind /dev/tty.
        let mut command = home.command("setsid");
        command.args(["-c", "-w", env!("CARGO_BIN_EXE_leapp")]).args(arguments);
        let child = command.stdin(end()).stderr(end()).stdout(Stdio::piped()).spawn().expect("setsid runs");
        let mut reader = keyboard.try_clone().expect("a terminal");
        let (sender, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, before, screen, shown: String::new(), seen: String::new() }
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(super) fn expect(&mut self, text: &str) {
        loop {
            if let Some(place) = self.shown.find(text) {
                self.shown.drain(..place + text.len());
                return;
            }
            match self.screen.recv_timeout(PATIENCE) {
                Ok(bytes) => self.show(&bytes),
                Err(end) => panic!("{text:?} is not shown ({end}); what is: {:?}", self.shown),
            }
        }
    }

    /// Waits until nothing more is shown: a picker draws itself in steps.
    pub(super) fn settle(&mut self) {
        while let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(200)) {
            self.show(&bytes);
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        self.shown.push_str(&text);
        self.seen.push_str(&text);
    }

    /// Types.
    pub(super) fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
    }

    /// Sends the program a signal.
    pub(super) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process");
        kill(Pid::from_raw(pid), signal).expect("sent");
    }

    /// Waits for a question and answers it.
    #[track_caller]
    pub(super) fn answers(&mut self, question: &str, answer: &str) {
        self.expect(question);
        self.send(&format!("{answer}\r"));
    }

    /// Waits for the end: the exit code, and what standard output got. The terminal must be as it was.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        let mut out = String::new();
        self.child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("UTF-8");
        let code = self.child.wait().expect("an end").code();
        self.settle();
        assert_eq!(settings(&self.keyboard), self.before);
        let hidden = self.seen.rfind("\u{1b}[?25l");
        assert!(hidden <= self.seen.rfind("\u{1b}[?25h"), "the cursor stays hidden: {:?}", self.seen);
        (code, out)
    }
}

/// Whether a terminal echoes, edits lines and takes signals, and how it ends them.
type Settings = (LocalFlags, OutputFlags);

fn settings(terminal: &File) -> Settings {
    let settings = tcgetattr(terminal.as_fd()).expect("settings");
    (settings.local_flags, settings.output_flags)
}
