//! Pages of a test's own, in the place of whatever hosts a sign-in leads through.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::{Map, Value};

use crate::harness::{assertion, text};

/// Pages that are served until this is dropped, and what was asked of them.
pub struct Pages {
    server: Child,
    // Where this is closed the server ends.
    _input: ChildStdin,
    port: u16,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Pages {
    /// Serves these: from `host/path` to a page, or to an object with `status`, `headers` and `body`.
    pub fn serve(routes: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let routes: Map<String, Value> = routes.into_iter().map(|(place, page)| (place.to_owned(), page)).collect();
        let mut server = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/pages"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/bed/pages");
        let mut input = server.stdin.take().expect("piped");
        writeln!(input, "{}", Value::Object(routes)).expect("written");
        let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines().map(|line| line.expect("read"));
        let port = lines.next().expect("a port").parse().expect("a port");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for line in lines {
                seen.lock().expect("whole").push(serde_json::from_str(&line).expect("a request"));
            }
        });
        Self { server, _input: input, port, requests }
    }

    /// The browser's arguments with which every name leads here.
    pub fn browser_args(&self) -> String {
        format!(
            "--remote-debugging-port=0 --ignore-certificate-errors \
             '--host-resolver-rules=MAP * 127.0.0.1:{}, EXCLUDE 127.0.0.1'",
            self.port
        )
    }

    /// The requests of this place, `host/path`.
    pub fn requests(&self, place: &str) -> Vec<Value> {
        let is_of = |request: &&Value| {
            [&request["host"], &request["path"]].iter().filter_map(|v| v.as_str()).collect::<String>() == place
        };
        self.requests.lock().expect("whole").iter().filter(is_of).cloned().collect()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A page that posts a `SAMLResponse` on by itself.
pub fn posting(to: &str, response: &str) -> Value {
    format!(
        "<!DOCTYPE html><title>x</title><body onload=\"document.forms[0].submit()\"><form method=post action=\"{to}\">\
         <input type=hidden name=SAMLResponse value=\"{response}\"><input type=hidden name=RelayState value=\"\"></form>"
    )
    .into()
}

/// A page that stays.
pub fn staying() -> Value {
    "<!DOCTYPE html><title>x</title><p>You are signed in.".into()
}

/// A response for alice that STS takes.
pub fn good_response() -> String {
    text(&assertion(&[])).trim().to_owned()
}
