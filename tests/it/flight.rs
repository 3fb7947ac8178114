//! Single flight: many processes, one sign-in and one call per hop.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use crate::harness::{Home, text, wait_for, wait_until};

fn spawn(home: &Home, session: &str) -> Child {
    home.leapp(["exec", session, "--", "true"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
}

fn finish(children: Vec<Child>) -> Vec<(bool, String)> {
    let end = |child: Child| {
        let output = child.wait_with_output().expect("ended");
        (output.status.success(), text(&output.stderr))
    };
    children.into_iter().map(end).collect()
}

#[test]
fn fifty_processes_cause_one_call_per_hop() {
    let home = Home::new();
    home.sign_in("corp");
    let outcomes = finish((0..50).map(|_| spawn(&home, "audit")).collect());
    assert!(outcomes.iter().all(|(success, _)| *success), "{outcomes:?}");
    assert_eq!((home.count("AssumeRoleWithSAML"), home.count("AssumeRole")), (1, 2));
}

#[test]
fn a_failure_is_shared_rather_than_repeated_by_everyone() {
    let mut home = Home::new();
    home.sign_in("corp");
    home.sts_path = "/fault/500".into();
    let outcomes = {
        // Through this endpoint nobody is signed in, and no browser is there.
        let browser = |mut command: std::process::Command| {
            command.env("LEAPP_BROWSER", "/nonexistent").stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
        };
        let children = (0..20).map(|_| browser(home.leapp(["exec", "prod", "--", "true"])).expect("started"));
        finish(children.collect())
    };
    assert!(outcomes.iter().all(|(success, said)| !success && said.contains("/nonexistent")), "{outcomes:?}");
}

#[test]
fn a_holder_that_dies_frees_the_rest() {
    let mut home = Home::new();
    home.sign_in("corp");
    home.sts_path = "/fault/hang".into();
    // `corp` is not signed in through this endpoint: its holder hangs in the call that the response is for.
    let response = crate::harness::assertion(&[]);
    let mut holder = home
        .leapp(["login", "corp", "--saml-response", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::io::Write::write_all(&mut holder.stdin.take().expect("piped"), &response).expect("written");
    wait_until("the holder calls STS", Duration::from_secs(10), || home.count("AssumeRoleWithSAML") == 1);
    let mut waiting = home
        .leapp(["exec", "corp", "--", "true"])
        .env("LEAPP_BROWSER", "/nonexistent")
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    assert!(wait_for(&mut waiting, Duration::from_millis(500)).is_none(), "it waits for the holder");
    holder.kill().expect("killed");
    holder.wait().expect("ended");
    assert!(wait_for(&mut waiting, Duration::from_secs(2)).is_some(), "the kernel frees the lock of the dead");
    let said = text(&waiting.wait_with_output().expect("ended").stderr);
    assert!(said.contains("/nonexistent"), "it went on to sign in by itself: {said}");
}

#[test]
fn those_who_wait_say_for_whom() {
    let mut home = Home::new();
    home.sts_path = "/fault/hang".into();
    let response = crate::harness::assertion(&[]);
    let mut holder = home
        .leapp(["login", "corp", "--saml-response", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::io::Write::write_all(&mut holder.stdin.take().expect("piped"), &response).expect("written");
    wait_until("the holder calls STS", Duration::from_secs(10), || home.count("AssumeRoleWithSAML") == 1);
    let mut waiting = spawn(&home, "prod");
    std::thread::sleep(Duration::from_secs(3));
    waiting.kill().expect("killed");
    let said = text(&waiting.wait_with_output().expect("ended").stderr);
    holder.kill().expect("killed");
    let pid = holder.id();
    holder.wait().expect("ended");
    assert_eq!(said, format!("leapp: waiting for another leapp (process {pid}): credentials of `corp`\n"));
}
