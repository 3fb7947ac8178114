//! Renewals: silent, in the background, and what becomes of requests where they fail.

use std::{
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::open::{LONG, Open};
use crate::{
    harness::{Home, fail, wait_until},
    sign_in::desk::Desk,
};

#[test]
fn the_person_is_asked_for_by_one_line_and_requests_are_answered_meanwhile() {
    let home = Home::at_sts("/ttl/12");
    let open = Open::of(&home);
    crate::harness::succeed(&mut home.leapp(["logout", "corp"]));
    let line = "cannot be renewed: `corp` is signed out; run: leapp login corp";
    wait_until("the line", LONG, || open.said().contains(line));
    assert!(open.is_served(), "what lives still is given");
    wait_until("the end", LONG, || !open.is_served());
    let answer = open.answer();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    assert_eq!(body["code"], "CredentialsExpired");
    assert_eq!(body["message"], "`corp` is signed out; run: leapp login corp");
    home.sign_in("corp");
    // The next try would come after a pause of up to a minute, if nobody had signed in.
    wait_until("it is served again", Duration::from_secs(10), || open.is_served());
    let said = open.end();
    assert_eq!(said.matches("leapp: the credentials of `corp`").count(), 1, "{said}");
}

#[test]
fn no_request_waits_for_a_renewal() {
    let home = Home::at_sts("/ttl/6/delay/1500");
    let open = Open::of(&home);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let asked = Instant::now();
        assert!(open.is_served());
        assert!(asked.elapsed() < Duration::from_millis(700), "{:?}", asked.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
    assert!(home.count("AssumeRoleWithSAML") >= 3);
    open.end();
}

#[test]
fn a_remembered_sign_in_renews_silently() {
    let mut desk = Desk::remembered();
    desk.home.sts_path = "/ttl/12".into();
    let desk = desk;
    // The first credentials come from the browser too: what heeded signals then must not heed them now.
    let open = Open::start(&desk, |words| desk.leapp_auto(None, words));
    let before = desk.count("AssumeRoleWithSAML");
    desk.sign_out();
    wait_until("a renewal", LONG, || desk.count("AssumeRoleWithSAML") > before);
    kill(Pid::from_raw(i32::try_from(open.leapp.id()).expect("a process id")), Signal::SIGINT).expect("sent");
    for _ in 0..14 {
        assert!(open.is_served());
        thread::sleep(Duration::from_secs(1));
    }
    let said = open.end();
    assert!(said.contains("Silent") && !said.contains("Person") && !said.contains("cannot be renewed"), "{said}");
    desk.is_empty();
}

#[test]
fn what_needs_the_person_is_asked_for_before_the_command_starts() {
    let home = Home::at_sts("/ttl/4");
    thread::sleep(Duration::from_millis(2500));
    crate::harness::succeed(&mut home.leapp(["logout", "corp"]));
    let ran = home.path("ran").display().to_string();
    let mut command = home.leapp(["exec", "--refresh", "prod", "--", "touch", &ran]);
    let said = fail(125, command.env("LEAPP_HEADLESS", "auto"));
    assert!(said.contains("it needs you in a browser window"), "{said}");
    assert!(!home.path("ran").exists());
}

#[test]
fn a_vault_that_is_locked_meanwhile_keeps_no_silent_sign_in_from_renewing() {
    let mut desk = Desk::remembered();
    desk.home.sts_path = "/ttl/10".into();
    let desk = desk;
    let open = Open::start(&desk, |words| desk.leapp_auto(None, words));
    let before = desk.count("AssumeRoleWithSAML");
    // Nobody knows the passphrase any more, and the kernel has forgotten the key.
    std::fs::rename(desk.path("passphrase"), desk.path("elsewhere")).expect("renamed");
    crate::harness::succeed(&mut desk.leapp(["lock"]));
    wait_until("a renewal", LONG, || desk.count("AssumeRoleWithSAML") > before);
    assert!(open.is_served());
    assert!(!open.end().contains("cannot be renewed"));
    desk.is_empty();
}

#[test]
fn what_is_renewed_under_a_name_that_is_gone_is_served_and_not_kept() {
    let mut desk = Desk::remembered();
    desk.home.sts_path = "/ttl/10".into();
    let desk = desk;
    let open = Open::start(&desk, |words| desk.leapp_auto(None, words));
    let before = desk.count("AssumeRoleWithSAML");
    crate::harness::succeed(&mut desk.leapp(["session", "rename", "corp", "work"]));
    wait_until("a renewal", LONG, || desk.count("AssumeRoleWithSAML") > before);
    thread::sleep(Duration::from_secs(2));
    assert!(open.is_served());
    let kept = |name: &str| desk.files().iter().any(|(path, _)| path.to_string_lossy().contains(name));
    assert!(!kept("/vault/corp~") && kept("/vault/work~"), "nobody could sign out of it");
    assert!(!open.end().contains("cannot be renewed"));
    desk.is_empty();
}
