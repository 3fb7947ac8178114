//! A server of `leapp serve --foreground`, and whether it hands out keys.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::harness::{text, wait_for};

/// How long anything may take on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A server, which ends with this.
pub(crate) struct Served {
    child: Child,
    printed: Option<Value>,
}

impl Served {
    /// Starts it, and waits until it is open or has ended.
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("started");
        let mut out = child.stdout.take().expect("piped");
        let mut printed = Vec::new();
        while !printed.ends_with(b"}\n") {
            let mut bytes = [0; 512];
            match out.read(&mut bytes) {
                Ok(count @ 1..) => printed.extend(&bytes[..count]),
                _ => break,
            }
        }
        Self { child, printed: serde_json::from_slice(&printed).ok() }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it hands out keys.
    pub(crate) fn serves(&self) -> bool {
        let Some(printed) = &self.printed else { return false };
        let uri = printed["AWS_CONTAINER_CREDENTIALS_FULL_URI"].as_str().expect("a URI");
        let (address, path) = uri.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
        let token = printed["AWS_CONTAINER_AUTHORIZATION_TOKEN"].as_str().expect("a token");
        let Ok(mut stream) = TcpStream::connect(address) else { return false };
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\r\n");
        let mut answer = Vec::new();
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
        text(&answer).contains("SecretAccessKey")
    }

    /// Whether it ends in time.
    pub(crate) fn ends(&mut self) -> bool {
        wait_for(&mut self.child, LONG).is_some()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a process id")), Signal::SIGTERM);
        let _ = wait_for(&mut self.child, LONG);
    }
}
