//! `leapp credential-process` by itself.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::pty::openpty;
use serde_json::Value;

use crate::{
    harness::{Home, assertion, chained, run_with_input, text, variables},
    sign_in::desk::Desk,
};

const LEAPP: &str = env!("CARGO_BIN_EXE_leapp");

/// What was printed, which must be all of it.
fn printed(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

/// Nothing on standard output, one line on standard error, exit code 1.
fn refused(output: &Output) -> String {
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{}", text(&output.stderr));
    let said = text(&output.stderr);
    assert!(said.starts_with("leapp: ") && said.lines().count() == 1, "{said}");
    said
}

#[test]
fn it_prints_what_a_child_of_exec_has() {
    let home = Home::new();
    home.sign_in("corp");
    let child = variables(&home, &["prod"]);
    let json = printed(&home.leapp(["credential-process", "prod"]).output().expect("run"));
    assert_eq!(json["Version"], 1);
    assert_eq!(json["AccountId"], "444455556666");
    for (name, variable) in [
        ("AccessKeyId", "AWS_ACCESS_KEY_ID"),
        ("SecretAccessKey", "AWS_SECRET_ACCESS_KEY"),
        ("SessionToken", "AWS_SESSION_TOKEN"),
        ("Expiration", "AWS_CREDENTIAL_EXPIRATION"),
    ] {
        assert_eq!(json[name], child[variable].as_str(), "{name}");
    }
    assert_eq!(json.as_object().expect("an object").len(), 6);
    assert_eq!(home.count("AssumeRole"), 1);
    let as_the_app_wrote_it = home.leapp(["session", "generate", "prod"]).output().expect("run");
    assert_eq!(printed(&as_the_app_wrote_it), json);
}

#[test]
fn without_a_terminal_it_fails_with_what_to_run() {
    let home = Home::new();
    let start = Instant::now();
    for more in [&[][..], &["--no-prompt"], &["--wait", "1s"]] {
        // A session of its own has no controlling terminal.
        let mut command = Command::new("setsid");
        command.args(["-w", LEAPP, "credential-process", "prod"]).args(more);
        home.surround(&mut command);
        let said = refused(&command.output().expect("run"));
        assert_eq!(
            said, "leapp: cannot get credentials for `prod`: `corp` is signed out; run: leapp login corp\n",
            "{more:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(refused(&home.leapp(["credential-process", "nope"]).output().expect("run")).contains("leapp list"));
    assert_eq!(home.requests().len(), 0);
}

#[test]
fn with_wait_a_sign_in_elsewhere_will_do() {
    let home = Home::new();
    let waiting = home
        .leapp(["credential-process", "prod", "--no-prompt", "--wait", "60s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    thread::sleep(Duration::from_secs(1));
    home.sign_in("corp");
    assert_eq!(printed(&waiting.wait_with_output().expect("ended"))["AccountId"], "444455556666");
}

/// Runs the program at a terminal that is not where its output goes, and types an answer to a question.
fn at_a_terminal(home: &Home, arguments: &[&str], question: &str, answer: &str) -> Output {
    let pty = openpty(None, None).expect("a terminal");
    let mut keyboard = File::from(pty.master);
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", LEAPP]).args(arguments);
    home.surround(&mut command);
    let child = command.stdin(pty.slave).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    drop(command);
    let mut shown = String::new();
    let mut bytes = [0; 4096];
    while !shown.contains(question) {
        let count = keyboard.read(&mut bytes).unwrap_or_default();
        assert!(count > 0, "{question:?} is not shown: {shown:?}");
        shown.push_str(&text(&bytes[..count]));
    }
    keyboard.write_all(answer.as_bytes()).expect("typed");
    // What is shown from now on is read, so that nobody waits for it.
    let reader = thread::spawn(move || while matches!(keyboard.read(&mut bytes), Ok(1..)) {});
    let output = child.wait_with_output().expect("ended");
    reader.join().expect("read");
    output
}

/// `guarded`, whose role wants a code.
fn with_guarded() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    let device = "mfa_device = \"arn:aws:iam::111122223333:mfa/alice\"";
    home.add_config(&chained("guarded", "corp", "arn:aws:iam::444455556666:role/Guarded", device));
    home
}

#[test]
fn at_a_terminal_it_asks_there_and_nowhere_else() {
    let home = with_guarded();
    let question = "MFA code of arn:aws:iam::111122223333:mfa/alice: ";
    let output = at_a_terminal(&home, &["credential-process", "guarded"], question, "123456\r");
    assert_eq!(printed(&output)["AccountId"], "444455556666");
    let said = refused(&at_a_terminal(&with_guarded(), &["credential-process", "guarded"], question, "\u{3}"));
    assert!(said.contains("you ended it"), "{said}");
}

#[test]
fn with_no_prompt_it_asks_nowhere() {
    let home = with_guarded();
    let pty = openpty(None, None).expect("a terminal");
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", LEAPP, "credential-process", "--no-prompt", "guarded"]);
    home.surround(&mut command);
    let output = command.stdin(pty.slave).output().expect("run");
    assert!(refused(&output).ends_with("; on a terminal, run: leapp login guarded\n"));
}

#[test]
fn twenty_at_once_cause_one_sign_in_and_one_call_per_hop() {
    let desk = Desk::remembered();
    let (browser, starts) = desk.counted_browser();
    let running: Vec<_> = (0..20)
        .map(|_| {
            let mut command = desk.leapp_auto(None, &["credential-process", "prod"]);
            desk.start(command.env("LEAPP_BROWSER", &browser))
        })
        .collect();
    for one in running {
        assert!(one.succeed().out.starts_with("{\"Version\":1,"));
    }
    assert_eq!(starts(), 1);
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (2, 1));
    desk.is_empty();
}

#[test]
fn short_credentials_are_renewed_at_half_their_life_and_no_sooner() {
    let home = Home::at_sts("/ttl/8");
    let key = || printed(&home.leapp(["credential-process", "corp"]).output().expect("run"))["AccessKeyId"].clone();
    let first = key();
    assert_eq!(key(), first);
    thread::sleep(Duration::from_millis(4500));
    assert_ne!(key(), first);
}

#[test]
fn what_cannot_be_renewed_serves_while_it_lives() {
    let home = Home::at_sts("/ttl/20");
    let run = |proxy: &str| {
        let mut command = home.leapp(["credential-process", "corp"]);
        command.env("HTTP_PROXY", proxy).output().expect("run")
    };
    let first = printed(&run(""));
    thread::sleep(Duration::from_secs(11));
    let start = Instant::now();
    // Nobody listens there.
    assert_eq!(printed(&run("http://127.0.0.1:9")), first);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert_ne!(printed(&run("")), first);
}

#[test]
fn from_the_vault_it_starts_no_thread_and_opens_no_connection() {
    let home = Home::new();
    home.sign_in("corp");
    let trace = home.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=clone,clone3,fork,vfork,socket,connect,epoll_create1,openat", "-o"])
        .arg(&trace);
    command.args([LEAPP, "credential-process", "corp"]);
    home.surround(&mut command);
    printed(&command.output().expect("strace"));
    let trace = fs::read_to_string(&trace).expect("the trace");
    assert!(trace.contains("config.toml") && !trace.contains("/dev/tty"), "{trace}");
    for call in ["clone", "fork", "socket", "connect", "epoll", ".lock"] {
        assert!(!trace.contains(call), "{call}: {trace}");
    }
}

#[test]
fn no_trace_holds_a_secret() {
    let home = Home::new();
    let output = run_with_input(&mut home.leapp(["-v", "login", "corp", "--saml-response", "-"]), &assertion(&[]));
    assert!(output.status.success());
    let output = home.leapp(["-v", "credential-process", "prod"]).output().expect("run");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for name in ["SecretAccessKey", "SessionToken"] {
        assert!(!text(&output.stderr).contains(json[name].as_str().expect("a text")), "{name}");
    }
}
