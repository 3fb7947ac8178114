//! The endpoint, and those who should not be there: nothing but a status and a short body comes back.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::open::{LONG, Open, head};
use crate::harness::{Home, wait_until};

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    home
}

#[test]
fn only_the_right_request_is_answered() {
    let home = signed_in();
    let open = Open::of(&home);
    let line = format!("GET {} HTTP/1.1", open.path);
    let (host, token) = (open.address.as_str(), open.token.as_str());
    let answer = open.say(open.good().as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    for field in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"] {
        assert!(body[field].as_str().is_some_and(|value| !value.is_empty()), "{field}");
    }
    assert_eq!(body["AccountId"], "111122223333");
    assert_eq!(token.len(), 43, "256 bits in base64");

    // Tokens.
    let with = |token: Option<&str>| head(&line, host, token, "");
    open.refuses(401, &with(None));
    for wrong in ["x", "", &token[1..], &token[..42], &format!("{token}x"), &token.to_lowercase(), &"x".repeat(43)] {
        open.refuses(401, &with(Some(wrong)));
    }
    open.refuses(401, &with(Some(&format!("Bearer {token}"))));
    open.refuses(401, &head(&line, host, Some(token), &format!("Authorization: {token}\r\n")));
    open.refuses(431, &with(Some(&"x".repeat(100_000))));

    // Hosts: a name that was made to point here (DNS rebinding) is not this address.
    for foreign in
        ["evil.test", "localhost", &host.replace("127.0.0.1", "localhost"), "127.0.0.1", "127.0.0.1:1", "[::1]"]
    {
        open.refuses(421, &head(&line, foreign, Some(token), ""));
    }
    open.refuses(421, &format!("{line}\r\nAuthorization: {token}\r\n\r\n"));
    open.refuses(421, &head(&line, host, Some(token), &format!("Host: {host}\r\n")));
    open.refuses(421, &head(&format!("GET http://{host}{} HTTP/1.1", open.path), host, Some(token), ""));

    // Methods, paths, and web pages.
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"] {
        let preflight = "Content-Length: 0\r\nAccess-Control-Request-Method: GET\r\n";
        open.refuses(405, &head(&format!("{method} {} HTTP/1.1", open.path), host, Some(token), preflight));
    }
    for path in ["/", "/x", &open.path[..20], &format!("{}x", open.path), &format!("{}?x", open.path), "/../.."] {
        open.refuses(404, &head(&format!("GET {path} HTTP/1.1"), host, Some(token), ""));
    }
    open.refuses(403, &head(&line, host, Some(token), "Origin: http://evil.test\r\n"));

    // What is no HTTP, or too much of it.
    open.refuses(400, "hello\r\n\r\n");
    open.refuses(431, &head(&line, host, Some(token), &"X-A: b\r\n".repeat(200)));
    open.refuses(431, &head(&line, host, Some(token), &format!("X-A: {}\r\n", "b".repeat(1 << 20))));

    assert!(open.is_served());
    let (path, token) = (open.path.clone(), open.token.clone());
    let secret = body["SecretAccessKey"].as_str().expect("a secret").to_owned();
    let said = open.end();
    assert!(![path, token, secret].iter().any(|hidden| said.contains(hidden.as_str())), "{said}");
}

#[test]
fn who_dawdles_is_cut_off_and_keeps_nobody_waiting() {
    let home = signed_in();
    let open = Open::of(&home);
    let mut slow = open.connect();
    let start = Instant::now();
    let request = open.good();
    // Many who say nothing at all, and one who sends a byte a second.
    let silent: Vec<TcpStream> = (0..100).map(|_| open.connect()).collect();
    let mut sent = 0;
    for byte in request.bytes() {
        if slow.write_all(&[byte]).is_err() || start.elapsed() > LONG {
            break;
        }
        sent += 1;
        assert!(open.is_served(), "others are served meanwhile");
        thread::sleep(Duration::from_secs(1));
    }
    assert!(sent < 10, "{sent} bytes were taken, one a second");
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "closed without an answer");
    }
    open.end();
}

#[test]
fn ten_thousand_requests_over_200_connections_leave_the_memory_flat() {
    let home = signed_in();
    let open = Open::of(&home);
    let ask = |requests: usize| {
        thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| (0..requests).for_each(|_| assert!(open.is_served())));
            }
        });
    };
    ask(5);
    let before = open.memory();
    ask(50);
    let after = open.memory();
    assert!(after < before + 1024, "{before} KiB before, {after} KiB after");
    assert!(open.is_served());
    let open_files = fs::read_dir(format!("/proc/{}/fd", open.leapp.id())).expect("a folder").count();
    assert!(open_files < 40, "{open_files} files are open");
    assert_eq!(home.count("AssumeRoleWithSAML"), 1);
    open.end();
}

/// Holds so many connections that say nothing, and opens new ones, 2,000 a second at most, for those that are ended. Its
/// only output: that all are there, as soon as they are.
const IDLE: &str = "
import resource, select, socket, sys, time
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
host, port = sys.argv[1].split(':')
poll, held = select.poll(), {}
def connect():
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex((host, int(port)))
    held[one.fileno()] = one
    poll.register(one, select.POLLIN)
for _ in range(int(sys.argv[2])):
    connect()
print('there', flush=True)
while True:
    time.sleep(0.05)
    for number, _ in poll.poll()[:100]:
        poll.unregister(number)
        held.pop(number).close()
        connect()
";

/// A process that holds idle connections, ended when this is dropped.
struct Crowd(Child);

impl Crowd {
    /// `count` connections of this user, or of another.
    fn gather(open: &Open, count: usize, is_foreign: bool) -> Self {
        let mut command = Command::new("setpriv");
        if is_foreign {
            // Only root can be somebody else.
            command = Command::new(if nix::unistd::geteuid().is_root() { "setpriv" } else { "sudo" });
            if !nix::unistd::geteuid().is_root() {
                command.args(["-n", "setpriv"]);
            }
            command.args(["--reuid=12345", "--regid=12345", "--clear-groups"]);
        }
        command.args(["/usr/bin/python3", "-c", IDLE, &open.address, &count.to_string()]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("started");
        let mut said = [0; 6];
        child
            .stdout
            .as_mut()
            .expect("piped")
            .read_exact(&mut said)
            .expect("this test needs root, or sudo without a password");
        Self(child)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long the good request takes, in the middle of so many tries: on a machine that does other things too, one of them
/// may be late.
fn usual_time(open: &Open) -> Duration {
    let time = |_| {
        let start = Instant::now();
        assert!(open.is_served());
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..21).map(time).collect();
    times.sort();
    assert!(times[20] < Duration::from_secs(2), "what botocore waits for: {times:?}");
    times[10]
}

#[test]
fn two_thousand_idle_connections_keep_nobody_waiting() {
    let home = signed_in();
    let open = Open::of(&home);
    for is_foreign in [false, true] {
        let request = open.good();
        let (start, end) = request.split_at(40);
        let mut slow = open.connect();
        slow.write_all(start.as_bytes()).expect("sent");
        let crowd = Crowd::gather(&open, 2000, is_foreign);
        if is_foreign {
            // A stranger ends no connection of the person's, however much older that is.
            let mut answer = String::new();
            slow.write_all(end.as_bytes()).and_then(|()| slow.read_to_string(&mut answer)).expect("answered");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        let time = usual_time(&open);
        assert!(time < Duration::from_millis(100), "{time:?}");
        drop(crowd);
    }
    open.end();
}

/// Numbers of a sequence (SplitMix64) that a seed begins.
struct Chance(u64);

impl Chance {
    /// Begun by `LEAPP_BED_SEED`, or by the time.
    fn new() -> Self {
        let given = std::env::var("LEAPP_BED_SEED").ok().map(|seed| seed.parse().expect("a number"));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        Self(given.unwrap_or_else(|| now.subsec_nanos().into()))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("small")
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| u8::try_from(self.below(256)).expect("a byte")).collect()
    }
}

#[test]
fn whatever_is_sent_the_good_request_is_answered_and_nothing_grows() {
    let home = signed_in();
    let open = Open::of(&home);
    let mut chance = Chance::new();
    println!("to have it again: LEAPP_BED_SEED={}", chance.0);
    let good = open.good();
    assert!(open.is_served());
    let before = open.memory();
    let crowd = Crowd::gather(&open, 2000, true);
    let mut held: Vec<TcpStream> = Vec::new();
    for round in 0..1500 {
        let mut stream = open.connect();
        stream.set_read_timeout(Some(Duration::from_millis(5))).expect("set");
        let sent = match chance.below(6) {
            // Nothing, garbage, half of it, all of it with a byte changed, too much, and all of it in pieces.
            0 => Vec::new(),
            1 => chance.bytes(600),
            2 => good.as_bytes()[..chance.below(good.len())].to_vec(),
            3 => {
                let mut changed = good.clone().into_bytes();
                let place = chance.below(changed.len());
                changed[place] ^= 1 << chance.below(8);
                changed
            }
            4 => head("GET / HTTP/1.1", &open.address, None, &format!("X: {}\r\n", "y".repeat(20_000))).into_bytes(),
            _ => good.clone().into_bytes(),
        };
        for piece in sent.chunks(1 + chance.below(sent.len() + 1)) {
            let _ = stream.write_all(piece);
        }
        match chance.below(3) {
            0 => held.push(stream),
            1 => drop(stream),
            _ => {
                let mut answer = [0; 200];
                let _ = stream.read(&mut answer);
            }
        }
        if held.len() > 600 {
            held.swap_remove(chance.below(held.len()));
        }
        if round % 50 == 0 {
            let start = Instant::now();
            assert!(open.is_served() && start.elapsed() < Duration::from_secs(2), "after {round} attacks");
        }
    }
    drop((held, crowd));
    let files = || fs::read_dir(format!("/proc/{}/fd", open.leapp.id())).expect("a folder").count();
    wait_until("it lets go of all of them", LONG, || files() < 40);
    let after = open.memory();
    assert!(after < before + 16 * 1024, "{before} KiB before, {after} KiB after");
    open.end();
}
