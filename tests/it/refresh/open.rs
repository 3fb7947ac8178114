//! An endpoint of `leapp exec --refresh`, and requests to it byte for byte.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::harness::{Home, text, wait_for, wait_until};

/// How long anything may take on a busy machine.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// An endpoint, open for as long as its command waits for standard input to end.
pub(super) struct Open {
    pub(super) leapp: Child,
    pub(super) address: String,
    pub(super) path: String,
    pub(super) token: String,
    said: std::path::PathBuf,
}

impl Open {
    /// That of `corp`, in a home that has signed in to it.
    pub(super) fn of(home: &Home) -> Self {
        Self::start(home, |words| home.leapp(words))
    }

    /// That of a leapp which `command` makes. What it says, with `-v`, goes to a file.
    pub(super) fn start(home: &Home, command: impl FnOnce(&[&str]) -> Command) -> Self {
        let script = "trap '' INT; env > \"$HOME/seen.new\"; mv \"$HOME/seen.new\" \"$HOME/seen\"; read wait";
        let said = home.path("said");
        let mut command = command(&["-v", "exec", "--refresh", "corp", "--", "sh", "-c", script]);
        command.stdin(Stdio::piped()).stderr(fs::File::create(&said).expect("made"));
        let leapp = command.spawn().expect("started");
        wait_until("the command runs", LONG, || home.path("seen").exists());
        let seen = fs::read_to_string(home.path("seen")).expect("read");
        let of = |name: &str| seen.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).expect("set");
        let uri = of("AWS_CONTAINER_CREDENTIALS_FULL_URI").strip_prefix("http://").expect("http");
        let (address, path) = uri.split_once('/').expect("a path");
        let (address, path) = (address.to_owned(), format!("/{path}"));
        let token = of("AWS_CONTAINER_AUTHORIZATION_TOKEN").to_owned();
        Self { leapp, address, path, token, said }
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("connected");
        stream.set_read_timeout(Some(LONG)).expect("set");
        stream
    }

    /// Sends bytes, and gives all that comes back.
    pub(super) fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // It may be answered, and closed, before it has said all.
        let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        text(&answer)
    }

    /// The request that an SDK makes.
    pub(super) fn good(&self) -> String {
        head(&format!("GET {} HTTP/1.1", self.path), &self.address, Some(&self.token), "")
    }

    /// What it is answered.
    pub(super) fn answer(&self) -> String {
        self.say(self.good().as_bytes())
    }

    /// Whether it is answered with credentials.
    pub(super) fn is_served(&self) -> bool {
        let answer = self.answer();
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"AccessKeyId\":\"ASIA")
    }

    /// This is answered with that status, and with nothing that helps anybody.
    #[track_caller]
    pub(super) fn refuses(&self, status: u16, request: &str) {
        let answer = self.say(request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}\nto {request:.300}");
        assert!(answer.len() < 400, "{answer}");
        let lower = answer.to_lowercase();
        for secret in ["accesskeyid", "asia", "access-control", "server:", &self.path, &self.token] {
            assert!(!lower.contains(&secret.to_lowercase()), "{secret} in {answer}");
        }
    }

    /// How much memory leapp has, in KiB.
    pub(super) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.leapp.id())).expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// What leapp has said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.said).expect("read")
    }

    /// Ends the command; gives what leapp said.
    pub(super) fn end(mut self) -> String {
        drop(self.leapp.stdin.take());
        let status = wait_for(&mut self.leapp, LONG).expect("an end");
        assert_eq!(status.code(), Some(1), "read is at the end of its input");
        self.said()
    }
}

/// A request's head.
pub(super) fn head(line: &str, host: &str, token: Option<&str>, more: &str) -> String {
    let token = token.map_or(String::new(), |token| format!("Authorization: {token}\r\n"));
    format!("{line}\r\nHost: {host}\r\n{token}{more}\r\n")
}
