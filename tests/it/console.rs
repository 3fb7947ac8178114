//! `leapp console`: against the bed's sign-in peer, and in real browsers.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    harness::{Home, bed, fail, fail_by_fault, succeed, text, wait_until, write_program},
    sign_in::desk::{Desk, Display},
};

/// The sign-in peer is where the home's STS is, with the same tag.
fn sign_in_peer(home: &Home, prefix: &str) -> String {
    let mut command = Command::new("true");
    home.surround(&mut command);
    let endpoint = command.get_envs().find(|(name, _)| *name == "AWS_ENDPOINT_URL_STS").and_then(|(_, value)| value);
    format!("{}{prefix}", endpoint.expect("an endpoint").to_str().expect("a URL"))
}

fn console(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.leapp(["console"]);
    command.args(arguments).env("AWS_ENDPOINT_URL_SIGNIN", sign_in_peer(home, ""));
    command
}

/// What a page says.
fn fetch(url: &str) -> String {
    let script = "import sys, urllib.request; print(urllib.request.urlopen(sys.stdin.read().strip()).read().decode())";
    let mut python = Command::new(bed("LEAPP_BED_PYTHON"));
    let output = crate::harness::run_with_input(python.args(["-c", script]), url.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn asked(home: &Home, action: &str) -> Vec<Value> {
    home.requests().into_iter().filter(|request| request["action"] == action).collect()
}

#[test]
fn what_is_printed_is_accepted() {
    let home = Home::new();
    home.sign_in("corp");
    let output = console(&home, &["-v", "prod", "--print", "--service", "s3"]).output().expect("run");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let url = text(&output.stdout);
    assert!(url.lines().count() == 1 && url.contains("/federation?Action=login&Issuer=leapp&Destination=https%3A"));
    let token = url.trim().rsplit('=').next().expect("a token").to_owned();
    assert!(token.len() > 100 && !text(&output.stderr).contains(&token[..40]), "{}", text(&output.stderr));
    let page = fetch(&url);
    assert!(page.contains("assumed-role/Deploy/"), "{page}");
    assert!(page.contains("https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"), "{page}");
    for (path, bytes) in home.files() {
        let found = bytes.windows(40).any(|window| window == &token.as_bytes()[..40]);
        assert!(!found, "the token is in {}", path.display());
    }
}

#[test]
fn only_a_session_that_is_not_chained_says_how_long() {
    let home = Home::new();
    home.sign_in("corp");
    succeed(&mut console(&home, &["corp", "--print"]));
    succeed(&mut console(&home, &["prod", "--print"]));
    let durations: Vec<Value> =
        asked(&home, "getSigninToken").iter().map(|request| request["duration"].clone()).collect();
    let granted = asked(&home, "AssumeRoleWithSAML")[0]["duration"].clone();
    assert_eq!(durations, [granted, Value::Null]);
}

#[test]
fn a_page_of_the_console_can_be_named_and_no_other() {
    let home = Home::new();
    home.sign_in("corp");
    let page = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:state=running&x=1";
    let url = succeed(&mut console(&home, &["prod", "--print", "--url", page]));
    assert!(fetch(&url).contains("#Instances:state=running&amp;x=1"));
    let said =
        fail(2, &mut console(&home, &["prod", "--print", "--url", "https://console.aws.amazon.com.evil.example/"]));
    assert!(said.contains("is no page of the console in aws"), "{said}");
    assert!(fail(2, &mut console(&home, &["prod", "--print", "--service", "../x"])).contains("cannot take --service"));
    assert_eq!(asked(&home, "getSigninToken").len(), 1);
}

#[test]
fn credentials_go_nowhere_in_the_clear() {
    let home = Home::new();
    for bad in ["http://192.0.2.1/", "http://localhost.evil.example", "http://127.0.0.1@evil.example/", "ftp://x", "x"]
    {
        let said = fail(2, console(&home, &["corp", "--print"]).env("AWS_ENDPOINT_URL_SIGNIN", bad));
        assert!(said.starts_with("leapp: cannot use AWS_ENDPOINT_URL_SIGNIN: credentials go only to"), "{bad}: {said}");
    }
    assert_eq!(home.requests().len(), 0);
}

/// A server that answers everything with this.
fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 16384]);
            let _ = stream.write_all(&answer);
        }
    });
    format!("http://{address}")
}

#[test]
fn what_goes_wrong_is_said_in_bounded_time() {
    let home = Home::new();
    home.sign_in("corp");
    home.write_config(&format!("timeout = \"2s\"\n{}", fs::read_to_string(home.config()).expect("read")));
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(1_000_000));
    let nobody = format!("http://127.0.0.1:{}", {
        TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address").port()
    });
    for (peer, why) in [
        (sign_in_peer(&home, "/fault/500"), "answers with status 500"),
        (sign_in_peer(&home, "/fault/html"), "does not answer as AWS does"),
        (sign_in_peer(&home, "/fault/throttle"), "refuses the credentials (status 400)"),
        (sign_in_peer(&home, "/fault/hang"), "there was no answer within 2s"),
        (sign_in_peer(&home, "/clock/+90000"), "refuses the credentials (status 403)"),
        (server(large.into_bytes()), "the answer is larger than 65536 bytes"),
        (
            server(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n".to_vec()),
            "status 302",
        ),
        (nobody, "Connection refused"),
    ] {
        let start = Instant::now();
        let said = fail_by_fault(1, console(&home, &["corp", "--print"]).env("AWS_ENDPOINT_URL_SIGNIN", &peer));
        assert!(start.elapsed() < Duration::from_secs(10), "{why}: {:?}", start.elapsed());
        assert!(said.starts_with("leapp: cannot sign in to the console as `corp`: http://127.0.0.1:"), "{said}");
        assert!(said.contains(why) && !said.contains("Session="), "{why}: {said}");
    }
}

#[test]
fn two_accounts_are_open_side_by_side() {
    let (desk, display) = (Desk::new(), Display::start());
    desk.sign_in("corp");
    let open = |session| {
        let mut command = console(&desk, &[session]);
        command.env_remove("LEAPP_HEADLESS").env("DISPLAY", &display.name);
        desk.start(&mut command).succeed()
    };
    for session in ["corp", "prod"] {
        let ended = open(session);
        assert!(ended.err.starts_with(&format!("leapp: opened the console of `{session}` (account ")), "{}", ended.err);
        assert_eq!(ended.out, "");
    }
    wait_until("both are signed in", Duration::from_mins(1), || asked(&desk, "login").len() == 2);
    let roles: Vec<Value> = asked(&desk, "login").iter().map(|request| request["role"].clone()).collect();
    assert!(
        roles.contains(&crate::harness::ADMIN.into()) && roles.contains(&crate::harness::DEPLOY.into()),
        "{roles:?}"
    );
    let folder = desk.state().join("console");
    for session in ["corp", "prod"] {
        let profile = folder.join(session);
        assert_eq!(fs::metadata(&profile).expect("a profile").permissions().mode() & 0o777, 0o700);
        let has_profile = format!("--user-data-dir={}", profile.display());
        let browsers = desk.processes();
        assert!(browsers.iter().any(|(_, line)| line.contains(&has_profile)), "{browsers:#?}");
        // (A page's own process is told nothing of its address.)
        assert!(!browsers.iter().any(|(_, line)| line.contains("SigninToken")), "{browsers:#?}");
    }
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 2, "no page is left");
    // A browser that runs already takes the page over.
    open("corp");
    wait_until("it is signed in again", Duration::from_mins(1), || asked(&desk, "login").len() == 3);
    for (process, _) in desk.processes() {
        let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL);
    }
    desk.is_empty_within(Duration::from_secs(1));
    let said = desk.start(&mut desk.leapp(["logout", "corp", "--browser"])).succeed().err;
    assert!(said.contains("the console of `corp`"), "{said}");
    assert!(!folder.join("corp").exists() && folder.join("prod").exists());
}

#[test]
fn where_nothing_can_be_opened_the_way_without_is_named() {
    let home = Home::new();
    home.sign_in("corp");
    let said = fail(1, console(&home, &["corp"]).env_remove("LEAPP_HEADLESS"));
    assert!(said.contains("there is no display") && said.contains("run: leapp console corp --print"), "{said}");
    let said = fail(1, &mut console(&home, &["corp", "--browser", "no-such-browser"]));
    assert!(said.contains("`no-such-browser`") && said.contains("run: leapp console corp --print"), "{said}");
    assert_eq!(asked(&home, "login").len(), 0);
}

#[test]
fn another_browser_may_be_named() {
    let home = Home::new();
    home.sign_in("corp");
    let (script, seen) = (home.path("firefox"), home.path("seen"));
    // It reads the page, as a browser would, and notes what it was started with.
    let text = format!(
        "#!/bin/sh\nfor page; do :; done\ncat \"${{page#file://}}\" > {0}-page\necho \"$@\" > {0}\n",
        seen.display()
    );
    write_program(&script, text);
    let program = script.to_str().expect("a path");
    succeed(console(&home, &["corp", "--browser", program]).env("LEAPP_BROWSER_ARGS", ""));
    wait_until("it has run", Duration::from_secs(10), || seen.exists());
    let line = fs::read_to_string(&seen).expect("read");
    let begin = format!(
        "--profile {} file://{}/.leapp-",
        home.state().join("console/corp").display(),
        home.state().join("console").display()
    );
    assert!(line.starts_with(&begin) && line.ends_with(".html\n"), "{line}");
    let page = fs::read_to_string(home.path("seen-page")).expect("read");
    assert!(page.contains("content=\"0;url=http://127.0.0.1:"), "{page}");
}
