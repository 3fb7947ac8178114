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

/// A home whose STS has this fault, and whose assertion is at hand: the sign-in that brought it ended at STS.
fn with_fault(fault: &str) -> Home {
    let mut home = Home::new();
    home.sts_path = fault.into();
    let mut first = home
        .leapp(["login", "corp", "--saml-response", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::io::Write::write_all(&mut first.stdin.take().expect("piped"), &crate::harness::assertion(&[]))
        .expect("written");
    wait_until("the first sign-in calls STS", Duration::from_secs(20), || home.count("AssumeRoleWithSAML") > 0);
    end(first);
    home
}

#[test]
fn a_failure_is_shared_rather_than_repeated_by_everyone() {
    let home = with_fault("/fault/500");
    let before = home.count("AssumeRoleWithSAML");
    let outcomes = finish((0..20).map(|_| spawn(&home, "prod")).collect());
    assert!(outcomes.iter().all(|(success, said)| !success && said.contains("AWS's own trouble")), "{outcomes:?}");
    assert_eq!(home.count("AssumeRoleWithSAML"), before + 4, "four attempts of one process");
}

/// A process that holds the lock of `corp` while STS does not answer it.
fn holder(home: &Home) -> Child {
    let child = spawn(home, "corp");
    wait_until("the holder calls STS", Duration::from_secs(20), || home.count("AssumeRoleWithSAML") == 2);
    child
}

fn end(mut child: Child) -> String {
    child.kill().expect("killed");
    text(&child.wait_with_output().expect("ended").stderr)
}

#[test]
fn a_holder_that_dies_frees_the_rest() {
    let home = with_fault("/fault/hang");
    let first = holder(&home);
    let mut waiting = spawn(&home, "corp");
    assert!(wait_for(&mut waiting, Duration::from_millis(500)).is_none(), "it waits for the holder");
    assert_eq!(home.count("AssumeRoleWithSAML"), 2);
    end(first);
    wait_until("the next one calls STS", Duration::from_secs(2), || home.count("AssumeRoleWithSAML") == 3);
    end(waiting);
}

#[test]
fn those_who_wait_say_for_whom() {
    let home = with_fault("/fault/hang");
    let first = holder(&home);
    let waiting = spawn(&home, "prod");
    std::thread::sleep(Duration::from_secs(3));
    let said = end(waiting);
    assert_eq!(said, format!("leapp: waiting for another leapp (process {}): credentials of `corp`\n", first.id()));
    end(first);
}
