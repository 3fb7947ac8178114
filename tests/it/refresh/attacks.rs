//! The endpoint, and those who should not be there: nothing but a status and a short body comes back.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::open::{LONG, Open, head};
use crate::harness::Home;

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
