//! Where somebody signs in: a home with its browser profiles, a display, the person. Nothing is left of any of them.

use std::{
    fs::{self, File},
    io::Read as _,
    ops::Deref,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::harness::{Home, bed, federated, text, wait_for, wait_until, write_program};

/// Longer than anything here takes, on a machine that has much else to do.
pub const LONG: Duration = Duration::from_mins(1);

/// A session at nanoidp.
const NANO_ADMIN: &str = "arn:aws:iam::111122223333:role/Admin";

/// A home whose programs leave no process behind: what is left when it goes is ended.
pub struct Desk {
    pub home: Home,
}

impl Desk {
    /// A home with `corp`, `ro` and `deploy` at SimpleSAMLphp, `nano` at nanoidp, `prod` and `audit` chained from `corp`.
    pub fn new() -> Self {
        let home = Home::new();
        let one_hour = "duration = \"1h\"";
        home.add_config(&federated("ro", "ssp", "arn:aws:iam::111122223333:role/ReadOnly", one_hour));
        home.add_config(&federated("deploy", "ssp", "arn:aws:iam::444455556666:role/team/Deploy", one_hour));
        home.add_config(&federated("nano", "nano", NANO_ADMIN, one_hour));
        let desk = Self { home };
        desk.set("sign_in_timeout = \"50s\"");
        desk
    }

    /// A home whose person has signed in at SimpleSAMLphp before, and was signed out of AWS since.
    pub fn remembered() -> Self {
        let desk = Self::new();
        let alice = desk.alice();
        desk.start(&mut desk.leapp(["login", "corp"])).succeed();
        alice.succeed();
        desk.sign_out();
        desk
    }

    /// Forgets the credentials and the assertion; the browser remembers.
    pub fn sign_out(&self) {
        self.start(&mut self.leapp(["logout", "corp"])).succeed();
    }

    /// leapp as a person has it, who set no `LEAPP_HEADLESS`; with a display or without one.
    pub fn leapp_auto(&self, display: Option<&Display>, arguments: &[&str]) -> Command {
        let mut command = self.leapp(arguments);
        command.env_remove("LEAPP_HEADLESS");
        if let Some(display) = display {
            command.env("DISPLAY", &display.name);
        }
        command
    }

    /// Puts a setting before the sessions.
    pub fn set(&self, setting: &str) {
        let config = fs::read_to_string(self.config()).expect("read");
        let key = setting.split(' ').next().unwrap_or_default();
        let others: Vec<&str> = config.lines().filter(|line| !line.starts_with(key)).collect();
        self.write_config(&format!("{setting}\n{}\n", others.join("\n")));
    }

    /// Has `corp` sign in elsewhere.
    pub fn move_provider(&self, url: &str) {
        let config = fs::read_to_string(self.config()).expect("read");
        self.write_config(&config.replace(&bed("LEAPP_BED_SSP_URL"), url));
    }

    /// The profile of the browser for `ssp` or `nano`.
    pub fn profile(&self, provider: &str) -> PathBuf {
        let base = bed(if provider == "ssp" { "LEAPP_BED_SSP" } else { "LEAPP_BED_NANO" });
        let host = base.trim_start_matches("http://").replace(':', "_");
        self.state().join("browser").join(host)
    }

    /// A person sits down, to do this in the browser for `provider` once there is one.
    pub fn person(&self, provider: &str, what: &[&str]) -> Running {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/person"));
        command.arg(self.profile(provider)).args(what).args(["--timeout", "50"]).stdin(Stdio::null());
        self.start(&mut command)
    }

    /// Alice, who signs in at SimpleSAMLphp.
    pub fn alice(&self) -> Running {
        self.person("ssp", &["--user", "alice", "--password", "wonder"])
    }

    /// Carol, who signs in at nanoidp.
    pub fn carol(&self) -> Running {
        self.person("nano", &["--user", "carol", "--password", "carol-pw", "--totp", "JBSWY3DPEHPK3PXP"])
    }

    /// Starts a command; what it prints goes to files, so that nobody waits for a pipe.
    pub fn start(&self, command: &mut Command) -> Running {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = |name: &str| self.path(&format!("{name}-{number}"));
        let (out, err) = (file("out"), file("err"));
        command.stdout(File::create(&out).expect("made")).stderr(File::create(&err).expect("made"));
        let what = format!("{command:?}");
        Running { child: command.spawn().expect("started"), what, out, err, since: Instant::now() }
    }

    /// A browser that counts its starts; gives how to set it, and how to ask.
    pub fn counted_browser(&self) -> (PathBuf, impl Fn() -> usize) {
        let real = std::env::split_paths(&std::env::var_os("PATH").expect("PATH"))
            .map(|folder| folder.join("chromium"))
            .find(|file| file.exists())
            .expect("chromium; run: tests/bed/install");
        let starts = self.path("starts");
        let script = format!("#!/bin/sh\necho x >> '{}'\nexec '{}' \"$@\"\n", starts.display(), real.display());
        let wrapper = self.program("counted-browser", &script);
        (wrapper, move || fs::read_to_string(&starts).unwrap_or_default().lines().count())
    }

    /// A script of this home.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let file = self.path(name);
        write_program(&file, script);
        file
    }

    /// The processes that belong to this home: its environment is theirs, or they were told of its folder.
    pub fn processes(&self) -> Vec<(Pid, String)> {
        let folder = self.path("").display().to_string();
        let folder = folder.trim_end_matches('/');
        let is_mine = |bytes: Vec<u8>| bytes.windows(folder.len()).any(|window| window == folder.as_bytes());
        let read = |process: &fs::DirEntry, name: &str| fs::read(process.path().join(name)).unwrap_or_default();
        fs::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .filter_map(|process| Some((process.file_name().to_str()?.parse().ok()?, process)))
            // A process that has ended, and that nobody asked about yet, has neither.
            .filter(|(_, process)| is_mine(read(process, "cmdline")) || is_mine(read(process, "environ")))
            .map(|(id, process)| (Pid::from_raw(id), text(&read(&process, "cmdline")).replace('\0', " ")))
            .collect()
    }

    /// No process of this home is left. The kernel takes a moment to clear away what was ended.
    pub fn is_empty_within(&self, time: Duration) {
        let start = Instant::now();
        while !self.processes().is_empty() {
            assert!(start.elapsed() < time, "left behind: {:#?}", self.processes());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Nor is a file of leapp's, or a socket of its browser's, left where temporary files are. (Chromium's own hidden
    /// files are its own affair.)
    pub fn has_no_temporary_file(&self) {
        let names = fs::read_dir(self.temporary()).expect("there").flatten().map(|file| file.file_name());
        let left: Vec<_> = names.filter(|name| !name.as_encoded_bytes().starts_with(b".")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// As [`Desk::is_empty_within`], right after leapp has ended.
    pub fn is_empty(&self) {
        self.is_empty_within(Duration::from_secs(1));
        self.has_no_temporary_file();
    }
}

impl Deref for Desk {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for (process, _) in self.processes() {
            let _ = kill(process, Signal::SIGKILL);
        }
    }
}

/// A command that runs. It is ended where the test goes on without it.
pub struct Running {
    child: Child,
    what: String,
    out: PathBuf,
    err: PathBuf,
    since: Instant,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub time: Duration,
}

impl Running {
    /// Waits for its end.
    pub fn end_within(mut self, time: Duration) -> Ended {
        let status = wait_for(&mut self.child, time);
        let (out, err) = (self.out(), self.err());
        let status = status.unwrap_or_else(|| panic!("not within {time:?}: {}\n{out}\n{err}", self.what));
        Ended { code: status.code(), out, err, time: self.since.elapsed() }
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        self.end_within(LONG)
    }

    /// It succeeds.
    pub fn succeed(self) -> Ended {
        self.end_with(0)
    }

    /// It ends with this exit code.
    pub fn end_with(self, code: i32) -> Ended {
        let what = self.what.clone();
        let ended = self.end();
        assert_eq!(ended.code, Some(code), "{what}\n{}\n{}", ended.out, ended.err);
        ended
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn out(&self) -> String {
        text(&fs::read(&self.out).unwrap_or_default())
    }

    pub fn err(&self) -> String {
        text(&fs::read(&self.err).unwrap_or_default())
    }

    /// Waits until it has said this.
    pub fn says(&self, part: &str) {
        wait_until(&format!("{} says: {part}", self.what), LONG, || {
            self.out().contains(part) || self.err().contains(part)
        });
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.id()).expect("a process id")), signal).expect("signalled");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An X server without a screen.
pub struct Display {
    server: Child,
    pub name: String,
}

impl Display {
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb; run: tests/bed/install");
        let mut number = Vec::new();
        let mut byte = [0];
        let out = server.stdout.as_mut().expect("piped");
        while out.read(&mut byte).expect("read") == 1 && byte != [b'\n'] {
            number.push(byte[0]);
        }
        assert!(!number.is_empty(), "Xvfb did not start");
        Self { name: format!(":{}", text(&number)), server }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Not SIGKILL: it has a lock and a socket to take away.
        let _ = kill(Pid::from_raw(i32::try_from(self.server.id()).expect("a process id")), Signal::SIGTERM);
        if wait_for(&mut self.server, Duration::from_secs(5)).is_none() {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}
