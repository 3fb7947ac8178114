//! A shell on a terminal of its own, and a person who types.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use nix::pty::{Winsize, openpty};

use crate::harness::{Home, wait_for, wait_until, write_program};

/// How long a shell may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment of a child, without what every shell changes by itself.
pub(super) type Variables = BTreeMap<String, String>;

/// A shell that reads what is typed.
pub(super) struct Console {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    reports: PathBuf,
    next: usize,
    /// What the shell shows when it reads, where it throws away what was typed before.
    prompt: Option<&'static str>,
}

impl Console {
    /// Starts a shell in the home, with a command `report` that writes down the environment that children get.
    pub(super) fn start(home: &Home, mut command: Command) -> Self {
        let reports = home.path("reports");
        fs::create_dir_all(&reports).expect("made");
        let bin = home.path("bin");
        write_program(
            &bin.join("report"),
            format!("#!/bin/sh\nenv -0 >'{0}/'\"$1.part\"\nmv '{0}/'\"$1.part\" '{0}/'\"$1\"\n", reports.display()),
        );
        let pty =
            openpty(Some(&Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 }), None).expect("a terminal");
        let keyboard = File::from(pty.master);
        let end = || Stdio::from(pty.slave.try_clone().expect("a terminal"));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the shell starts");
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut reader, mut answers) = (keyboard.try_clone().expect("a terminal"), keyboard.try_clone().expect("one"));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                // Line editors ask where the cursor is, and what the terminal can.
                if text.contains("\u{1b}[6n") {
                    let _ = answers.write_all(b"\x1b[1;1R");
                }
                if text.contains("\u{1b}[c") || text.contains("\u{1b}[0c") {
                    let _ = answers.write_all(b"\x1b[?62;c");
                }
                shown.lock().expect("a screen").push_str(&text);
            }
        });
        Self { child, keyboard, screen, reports, next: 0, prompt: None }
    }

    /// Waits for this prompt before anything is typed.
    pub(super) fn waiting_for(mut self, prompt: &'static str) -> Self {
        self.prompt = Some(prompt);
        self.expect(prompt);
        self
    }

    /// Types a line.
    pub(super) fn line(&mut self, text: &str) {
        let prompts = self.prompt.map(|prompt| (prompt, self.times_shown(prompt)));
        self.keyboard.write_all(format!("{text}\r").as_bytes()).expect("typed");
        if let Some((prompt, before)) = prompts {
            let what = || format!("the next prompt; the screen:\n{}", self.screen());
            wait_until(&what(), PATIENCE, || self.times_shown(prompt) > before);
        }
    }

    /// Types keys.
    pub(super) fn keys(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("typed");
    }

    /// Types a line, and tells what environment the next command gets.
    #[track_caller]
    pub(super) fn after(&mut self, text: &str) -> Variables {
        if !text.is_empty() {
            self.line(text);
        }
        self.report()
    }

    /// What environment a command gets that is typed at the next prompt.
    #[track_caller]
    pub(super) fn at_next_prompt(&mut self) -> Variables {
        self.line("");
        self.report()
    }

    /// What environment a command gets that is typed at this prompt.
    #[track_caller]
    pub(super) fn report(&mut self) -> Variables {
        let name = self.next_report();
        self.line(&format!("report {name}"));
        self.read(&name)
    }

    /// The report that the typed line makes: for one that says `report` itself.
    #[track_caller]
    pub(super) fn reported_by(&mut self, line: impl FnOnce(&str) -> String) -> Variables {
        let name = self.next_report();
        let line = line(&format!("report {name}"));
        self.line(&line);
        self.read(&name)
    }

    /// The name of the next report, which no other shell of this home has.
    fn next_report(&self) -> String {
        format!("{}-{}", self.pid(), self.next)
    }

    #[track_caller]
    fn read(&mut self, name: &str) -> Variables {
        self.next += 1;
        let file = self.reports.join(name);
        let start = std::time::Instant::now();
        while !file.exists() {
            assert!(start.elapsed() < PATIENCE, "no report; the screen:\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
        let text = fs::read(&file).expect("a report");
        text.split(|byte| *byte == 0)
            .map(|entry| String::from_utf8_lossy(entry).into_owned())
            .filter_map(|entry| entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect()
    }

    /// All that was shown.
    pub(super) fn screen(&self) -> String {
        self.screen.lock().expect("a screen").clone()
    }

    /// How often something was shown, whatever line breaks and colours are in it.
    pub(super) fn times_shown(&self, text: &str) -> usize {
        self.screen().matches(text).count()
    }

    /// Waits until something is shown.
    #[track_caller]
    pub(super) fn expect(&self, text: &str) {
        wait_until(&format!("{text:?} is shown; the screen:\n{}", self.screen()), PATIENCE, || {
            self.screen().contains(text)
        });
    }

    /// The shell's process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// The shell goes with its terminal.
impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.keyboard.write_all(b"\x03\x04");
        if wait_for(&mut self.child, Duration::from_millis(500)).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
