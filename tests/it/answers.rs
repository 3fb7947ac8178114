//! Whatever answers in the place of STS: leapp ends in bounded time and memory, says so in bounded words, and takes no
//! credentials that are not those that were asked for.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    harness::{ADMIN, Home, assertion, secret_in, text, wait_for},
    stub::{Answer, Grant, Stub, dated, http, refusal},
};

/// What STS may take, and what an attempt more or less adds to it.
const TIMEOUT: &str = "timeout = \"3s\"\n";
const LONGEST: Duration = Duration::from_secs(8);
/// The most memory that a run may take, in KiB. The vault's passphrase alone takes 64 MiB.
const MOST_MEMORY: u64 = 100_000;
/// The most that is said, in bytes.
const MOST_WORDS: usize = 3000;

/// What a run came to.
struct Ended {
    code: Option<i32>,
    said: String,
    time: Duration,
    memory: u64,
}

/// A home whose vault is made already, so that each run takes only what its answer costs.
struct Desk {
    home: Home,
    response: std::path::PathBuf,
}

impl Desk {
    fn new(response: &[u8]) -> Self {
        let mut home = Home::new();
        let config = fs::read_to_string(home.config()).expect("read");
        home.write_config(&format!("{TIMEOUT}{config}"));
        let path = home.path("response");
        fs::write(&path, response).expect("written");
        home.endpoint = Some(Stub::always(http("200 OK", "text/xml", grant().xml())).url);
        let desk = Self { home, response: path };
        assert_eq!(desk.sign_in().code, Some(0));
        desk
    }

    /// Signs in at an STS of this kind.
    fn at(&mut self, stub: &Stub) -> Ended {
        self.home.endpoint = Some(stub.url.clone());
        self.sign_in()
    }

    fn sign_in(&self) -> Ended {
        let mut command = self.home.leapp(["login", "corp", "--saml-response"]);
        ended(command.arg(&self.response))
    }

    /// Whether credentials of `corp` are kept for this endpoint.
    fn has_kept(&self) -> bool {
        let mut command = self.home.leapp(["exec", "corp", "--", "true"]);
        command.env("LEAPP_BROWSER", "/nonexistent").output().expect("run").status.success()
    }
}

/// Runs a command, and looks at its memory until it ends.
fn ended(command: &mut Command) -> Ended {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    let status_file = format!("/proc/{}/status", child.id());
    let mut stderr = child.stderr.take().expect("piped");
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut stderr, &mut said).map(|_| said)
    });
    let mut memory = 0;
    let status = loop {
        let peak = fs::read_to_string(&status_file).unwrap_or_default();
        let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        memory = peak.unwrap_or(0).max(memory);
        if let Some(status) = wait_for(&mut child, Duration::from_millis(10)) {
            break status;
        }
        assert!(start.elapsed() < 4 * LONGEST, "it does not end");
    };
    let said = reader.join().expect("no panic").expect("read");
    assert_eq!(secret_in(&said), None, "a secret on standard error: {}", text(&said));
    Ended { code: status.code(), said: text(&said), time: start.elapsed(), memory }
}

/// What is promised of every answer that is no good one.
fn holds(name: &str, ended: &Ended) {
    let Ended { code, said, time, memory } = ended;
    assert_eq!(*code, Some(1), "{name}: {said}");
    assert!(said.starts_with("leapp: cannot get credentials for `corp`"), "{name}: {said}");
    assert!(said.len() < MOST_WORDS, "{name}: {} bytes: {said:.300}", said.len());
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{name}: {said:?}");
    assert!(*time < LONGEST, "{name}: {time:?}");
    assert!(*memory < MOST_MEMORY, "{name}: {memory} KiB");
}

fn grant() -> Grant {
    Grant::of("AssumeRoleWithSAML", ADMIN, 3600, time::Duration::ZERO)
}

fn xml(document: impl AsRef<[u8]>) -> Answer {
    http("200 OK", "text/xml", document)
}

/// An answer whose head and body are these.
fn raw(head: &str, body: &[u8]) -> Answer {
    Answer::Bytes([format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat())
}

fn endless(head: &str, piece: &[u8]) -> Answer {
    Answer::Endless(head.as_bytes().to_vec(), piece.to_vec())
}

/// A good answer with another value of a field, or without it.
fn with(field: &str, value: Option<&str>) -> Answer {
    xml(grant().with(field, value).xml())
}

fn good() -> Vec<(&'static str, Answer)> {
    let whole = dated(time::Duration::ZERO, "200 OK", "text/xml", grant().xml().as_bytes());
    let document = grant().xml();
    let chunks: Vec<u8> = document.as_bytes().chunks(100).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
    vec![
        ("good", Answer::Bytes(whole.clone())),
        (
            "after 100 and 103",
            Answer::Bytes([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n", &*whole].concat()),
        ),
        ("in chunks", raw("200 OK\r\nTransfer-Encoding: chunked", &chunks)),
        ("of another type", http("200 OK", "application/octet-stream", &document)),
        ("without a length", raw("200 OK\r\nConnection: close", document.as_bytes())),
        ("without a Date", raw(&format!("200 OK\r\nContent-Length: {}", document.len()), document.as_bytes())),
        ("with more elements", xml(document.replace("<Credentials>", "<Later><a/></Later><Credentials>"))),
        ("for ever", with("Expiration", Some("9999-12-31T23:59:59Z"))),
    ]
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Answers that are cut, too large, slow, or of something else; and a part of what is said of each.
fn broken() -> Vec<(&'static str, Answer, &'static str)> {
    let document = grant().xml();
    let half = &document[..document.len() / 2];
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n";
    let sized = |length: u64| format!("{head}Content-Length: {length}\r\n\r\n");
    let not_sts = "does not answer as STS does";
    let megabyte = vec![b'A'; 1 << 20];
    vec![
        ("nothing in it", xml(""), not_sts),
        ("a page", http("200 OK", "text/html", "<!DOCTYPE html><html><body>Guest network</body></html>"), not_sts),
        ("a page that refuses", http("403 Forbidden", "text/html", "<html><p>no</html>"), not_sts),
        ("JSON", http("200 OK", "application/json", "{\"Credentials\":{}}"), not_sts),
        ("no content", raw("204 No Content", b""), not_sts),
        ("half a document", xml(half), not_sts),
        ("cut off", raw("200 OK\r\nContent-Length: 100000", half.as_bytes()), "its answer breaks off"),
        (
            "cut off in a chunk",
            raw("200 OK\r\nTransfer-Encoding: chunked", &chunk(half.as_bytes())[..80]),
            "breaks off",
        ),
        ("gigabytes by length", endless(&sized(3 << 30), &megabyte), "its answer is larger than"),
        ("gigabytes without length", endless(&format!("{head}\r\n"), &megabyte), "its answer is larger than"),
        (
            "gigabytes in chunks",
            endless(&format!("{head}Transfer-Encoding: chunked\r\n\r\n"), &chunk(&megabyte)),
            "larger",
        ),
        (
            "a head without end",
            endless("HTTP/1.1 200 OK\r\n", b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
            "",
        ),
        ("100 Continue without end", Answer::Drip(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(9)), "did not answer"),
        ("ten thousand headers", raw(&format!("200 OK{}", "\r\nA: b".repeat(10_000)), b""), ""),
        (
            "a head byte by byte",
            Answer::Drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n".repeat(2)),
            "did not answer",
        ),
        ("a body byte by byte", Answer::Drip([sized(9999).as_bytes(), document.as_bytes()].concat()), "did not answer"),
        ("silence", Answer::Nothing, "did not answer"),
        ("the end at once", Answer::Bytes(Vec::new()), ""),
        ("no HTTP", Answer::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), ""),
        ("no status", Answer::Bytes(b"HTTP/1.1 abc\r\n\r\n".to_vec()), ""),
        ("HTTP/2", Answer::Bytes(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64".to_vec()), ""),
        ("two lengths", raw("200 OK\r\nContent-Length: 3\r\nContent-Length: 5", b"<a/>"), ""),
        (
            "gzip",
            http("200 OK\r\nContent-Encoding: gzip", "text/xml", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1"),
            not_sts,
        ),
        ("not UTF-8", xml(b"<AssumeRoleWithSAMLResponse>\xff\xfe</AssumeRoleWithSAMLResponse>"), not_sts),
        ("a hundred thousand elements deep", xml("<a>".repeat(100_000)), not_sts),
        (
            "deep credentials",
            xml(document.replace("<Credentials>", &format!("<Credentials>{}", "<Credentials>".repeat(50_000)))),
            not_sts,
        ),
        (
            "entities",
            xml(format!(
                "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]>{}",
                "a".repeat(1000),
                "&a;".repeat(1000),
                document.replace("ASIA", "&b;")
            )),
            not_sts,
        ),
    ]
}

/// Answers of STS that refuse, and those whose credentials are none; and a part of what is said of each.
fn refusing() -> Vec<(&'static str, Answer, &'static str)> {
    let error = |code: &str, message: &str| http("400 Bad Request", "text/xml", refusal(code, message));
    let not_sts = "does not answer as STS does";
    let of = |role: &str| xml(Grant::of("AssumeRoleWithSAML", role, 3600, time::Duration::ZERO).xml());
    let document = grant().xml();
    vec![
        ("an error of 5 MB", error("AccessDenied", &"why ".repeat(1_250_000)), "its answer is larger than"),
        ("an error of 900 KB", error("AccessDenied", &"why ".repeat(225_000)), "AccessDenied: why why"),
        ("a code of 900 KB", error(&"Code".repeat(225_000), "why"), "CodeCode"),
        (
            "an error with lines",
            error("Odd", "a&#10;  run: leapp logout --all&#10;b"),
            "Odd: a run: leapp logout --all b",
        ),
        (
            "an error with escapes",
            error("Odd", "&#27;]0;x&#7;\u{202e}y&#155;2J"),
            "\\u{1b}]0;x\\u{7}\\u{202e}y\\u{9b}2J",
        ),
        (
            "an error without a code",
            http("400 Bad Request", "text/xml", "<ErrorResponse><Error/></ErrorResponse>"),
            not_sts,
        ),
        ("an error with status 200", http("200 OK", "text/xml", refusal("AccessDenied", "no")), not_sts),
        ("500 and a page", http("500 Internal Server Error", "text/html", "<html>"), "try again in a while"),
        ("503", http("503 Service Unavailable", "text/plain", ""), "try again in a while"),
        ("429", http("429 Too Many Requests", "text/xml", refusal("Odd", "slow down")), "too many requests"),
        ("another action", xml(document.replace("AssumeRoleWithSAML", "AssumeRole")), not_sts),
        (
            "another role",
            of("arn:aws:iam::111122223333:role/Other"),
            "credentials of `arn:aws:sts::111122223333:assumed-role/Other",
        ),
        ("another account", of("arn:aws:iam::999999999999:role/Admin"), "credentials of `arn:aws:sts::999999999999"),
        ("another partition", of("arn:aws-cn:iam::111122223333:role/Admin"), "credentials of `arn:aws-cn"),
        ("nobody", xml(document.replace("AssumedRoleUser>", "Nobody>")), not_sts),
        ("no credentials", xml(document.replace("Credentials>", "Nothing>")), not_sts),
        ("an empty key", with("AccessKeyId", Some("")), not_sts),
        ("an empty secret", with("SecretAccessKey", Some("")), not_sts),
        ("an empty token", with("SessionToken", Some("")), not_sts),
        ("no key", with("AccessKeyId", None), not_sts),
        ("no secret", with("SecretAccessKey", None), not_sts),
        ("no token", with("SessionToken", None), not_sts),
        ("a token of two lines", with("SessionToken", Some("FQoG&#10;x")), not_sts),
        ("a token of blanks", with("SessionToken", Some("   ")), not_sts),
        ("a token that no environment takes", with("SessionToken", Some(&"F".repeat(200_000))), not_sts),
        ("no end", with("Expiration", None), not_sts),
        ("an end that is no time", with("Expiration", Some("soon")), not_sts),
        ("an end that is over", with("Expiration", Some("2020-01-01T00:00:00Z")), "ended at 2020-01-01"),
    ]
}

/// Looks at these answers, some at a time: those that are slow wait for each other's end.
fn look_at(answers: Vec<(&'static str, Answer, &'static str)>, judge: impl Fn(&str, &str, &Ended, bool) + Sync) {
    let response = assertion(&[]);
    let next = std::sync::Mutex::new(answers.into_iter());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut desk = Desk::new(&response);
                loop {
                    let Some((name, answer, part)) = next.lock().expect("no panic").next() else { break };
                    let ended = desk.at(&Stub::always(answer));
                    judge(name, part, &ended, desk.has_kept());
                }
            });
        }
    });
}

#[test]
fn a_good_answer_is_taken_however_it_comes_and_for_no_longer_than_was_asked() {
    let answers = good().into_iter().map(|(name, answer)| (name, answer, "signed in to `corp`")).collect();
    look_at(answers, |name, part, ended, is_kept| {
        assert!(ended.code == Some(0) && ended.said.contains(part) && is_kept, "{name}: {}", ended.said);
        let left = ended.said.rsplit(", ").next().unwrap_or_default();
        // The response asks for four hours.
        assert!(
            ["59m ", "1h left", "3h 59m", "4h left"].iter().any(|it| left.starts_with(it)),
            "{name}: {}",
            ended.said
        );
    });
    some_bytes_changed();
}

#[test]
fn what_is_no_answer_of_aws_is_told_within_bounds() {
    look_at(broken(), |name, part, ended, is_kept| {
        holds(name, ended);
        assert!(ended.said.contains(part) && !is_kept, "{name}: {}", ended.said);
    });
    nobody_is_sent_elsewhere();
    the_federation_endpoint_is_bounded_like_sts();
}

#[test]
fn what_sts_refuses_and_credentials_that_are_none_are_told_within_bounds() {
    look_at(refusing(), |name, part, ended, is_kept| {
        holds(name, ended);
        assert!(ended.said.contains(part) && !is_kept, "{name}: {}", ended.said);
    });
}

fn nobody_is_sent_elsewhere() {
    let elsewhere = Stub::always(xml(grant().xml()));
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let stub = Stub::always(raw(&format!("{status}\r\nLocation: {}\r\nContent-Length: 0", elsewhere.url), b""));
        holds(status, &Desk::new(&assertion(&[])).at(&stub));
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

/// A good answer with some bytes changed is taken or refused, and never more.
fn some_bytes_changed() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    let seed = std::env::var("LEAPP_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
    let mut random = Random(seed | 1);
    let mut desk = Desk::new(&assertion(&[]));
    for _ in 0..60 {
        let mut bytes = dated(time::Duration::ZERO, "200 OK", "text/xml", grant().xml().as_bytes());
        for _ in 0..=random.below(3) {
            random.change(&mut bytes);
        }
        let shown = format!("LEAPP_TEST_SEED={seed}: {}", text(&bytes));
        let ended = desk.at(&Stub::always(Answer::Bytes(bytes)));
        if ended.code != Some(0) {
            holds(&shown, &ended);
        }
    }
}

/// Numbers of a sequence that a seed determines (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("small")
    }

    /// Changes, cuts, doubles or takes out something.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        let place = self.below(bytes.len());
        let end = (place + self.below(40)).min(bytes.len());
        match self.below(5) {
            0 => bytes[place] = self.below(256).try_into().expect("a byte"),
            1 => bytes.truncate(place.max(1)),
            2 => drop(bytes.drain(place..end)),
            3 => drop(bytes.splice(place..place, bytes[place..end].to_vec())),
            _ => drop(bytes.splice(place..end, *b"&#x1b;<a>\"'\0")),
        }
    }
}

fn the_federation_endpoint_is_bounded_like_sts() {
    let desk = Desk::new(&assertion(&[]));
    let megabyte = vec![b'A'; 1 << 20];
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    for (name, answer, part) in [
        ("gigabytes", endless(&format!("{head}Content-Length: 3221225472\r\n\r\n"), &megabyte), "larger than"),
        ("gigabytes without length", endless(&format!("{head}\r\n"), &megabyte), "larger than"),
        ("byte by byte", Answer::Drip(head.as_bytes().to_vec()), "no answer within 3s"),
        ("cut off", raw("200 OK\r\nContent-Length: 100", b"{\"SigninToken\":"), ""),
        ("no token", http("200 OK", "application/json", "{\"SigninToken\":null}"), "does not answer as AWS does"),
        ("a refusal of 60 KB", http("403 Forbidden", "text/plain", "x".repeat(60_000)), "refuses the credentials"),
    ] {
        let mut command = desk.home.leapp(["console", "corp", "--print"]);
        let ended = ended(command.env("AWS_ENDPOINT_URL_SIGNIN", Stub::always(answer).url));
        assert_eq!(ended.code, Some(1), "{name}: {}", ended.said);
        assert!(ended.said.contains(part) && ended.said.len() < MOST_WORDS, "{name}: {}", ended.said);
        assert!(ended.time < LONGEST && ended.memory < MOST_MEMORY, "{name}: {:?}, {} KiB", ended.time, ended.memory);
    }
}

#[test]
fn what_verbose_says_of_sts_is_so() {
    let mut desk = Desk::new(&assertion(&[]));
    let said = |home: &Home| {
        let mut command = home.leapp(["-v", "login", "corp", "--saml-response"]);
        ended(command.arg(home.path("response"))).said
    };
    desk.home.endpoint = Some(Stub::always(Answer::Nothing).url);
    let silent = said(&desk.home);
    assert!(silent.contains("STS was asked in vain after ") && !silent.contains("STS answered"), "{silent}");
    desk.home.endpoint = Some("http://127.0.0.1:9".into());
    let refused = said(&desk.home);
    assert!(refused.contains("STS was asked in vain after ") && !refused.contains("STS answered"), "{refused}");
    for (ahead, part) in [
        (0, "this machine's clock and AWS's agree"),
        (1200, "this machine's clock is 20m behind AWS's"),
        (-7200, "this machine's clock is 2h ahead of AWS's"),
    ] {
        let ahead = time::Duration::seconds(ahead);
        let document = Grant::of("AssumeRoleWithSAML", ADMIN, 3600, ahead).xml();
        desk.home.endpoint =
            Some(Stub::always(Answer::Bytes(dated(ahead, "200 OK", "text/xml", document.as_bytes()))).url);
        let answered = said(&desk.home);
        assert!(answered.contains("STS answered after ") && answered.contains("; AWS's clock says 2"), "{answered}");
        assert!(answered.contains(part), "{answered}");
    }
}
