//! A sign-in that is ended before it is done: at once, said in a word, with no browser left.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;

use super::desk::{Desk, LONG, Running};
use crate::harness::{bed, wait_until};

/// The most that an end may take.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A process that waits for a person who does not come.
fn waiting(desk: &Desk, session: &str) -> Running {
    let waiting = desk.start(&mut desk.leapp(["exec", session, "--", "true"]));
    waiting.says("sign in to `");
    waiting
}

#[test]
fn signals_end_it_at_once() {
    let desk = Desk::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let waiting = waiting(&desk, "corp");
        waiting.signal(signal);
        let ended = waiting.end_within(AT_ONCE);
        desk.is_empty();
        assert_eq!(ended.code, Some(125), "{signal}");
        assert!(ended.err.ends_with("leapp: the sign-in to `corp` was given up: interrupted\n"), "{}", ended.err);
    }
}

#[test]
fn ctrl_c_on_a_terminal_ends_it_at_once() {
    let desk = Desk::new();
    let mut command = Command::new("script");
    let line = format!("exec {} exec corp -- true", env!("CARGO_BIN_EXE_leapp"));
    command.args(["-qec", &line, "/dev/null"]);
    desk.surround(&mut command);
    let mut terminal = desk.start(command.stdin(Stdio::piped()));
    terminal.says("sign in to `corp`");
    let mut keys = terminal.child().stdin.take().expect("piped");
    keys.write_all(b"\x03").expect("typed");
    let ended = terminal.end_within(AT_ONCE);
    desk.is_empty();
    assert_eq!(ended.code, Some(125));
    assert!(ended.out.ends_with("\r\u{1b}[2Kleapp: the sign-in to `corp` was given up: interrupted\r\n"), "{ended:?}");
    assert!(!ended.out.contains("signed in"), "{ended:?}");
}

#[test]
fn a_browser_that_has_not_said_a_word_keeps_nobody_waiting() {
    let desk = Desk::new();
    let browser = desk.program("deaf-browser", "#!/bin/bash\ntrap '' TERM\nwhile :; do sleep 1; done\n");
    let starting = desk.start(desk.leapp(["exec", "corp", "--", "true"]).env("LEAPP_BROWSER", browser));
    wait_until("the browser runs", LONG, || desk.processes().iter().any(|(_, line)| line.contains("deaf-browser")));
    starting.signal(Signal::SIGINT);
    let ended = starting.end_within(AT_ONCE);
    desk.is_empty();
    assert_eq!(ended.code, Some(125));
    assert_eq!(ended.err, "leapp: the sign-in to `corp` was given up: interrupted\n");
}

#[test]
fn a_leapp_that_is_killed_leaves_no_browser() {
    let desk = Desk::new();
    let waiting = waiting(&desk, "corp");
    waiting.signal(Signal::SIGKILL);
    waiting.end_within(AT_ONCE);
    desk.is_empty_within(Duration::from_secs(5));
}

/// When the one who signs in is ended by this signal, the next one who waits goes on by itself.
fn hands_over_after(signal: Signal) {
    let desk = Desk::new();
    let first = waiting(&desk, "corp");
    let second = desk.start(&mut desk.leapp(["exec", "corp", "--", "true"]));
    second.says("waiting for another leapp");
    first.signal(signal);
    first.end_within(AT_ONCE);
    let alice = desk.alice();
    second.succeed();
    alice.succeed();
    desk.is_empty();
    assert_eq!(desk.count("AssumeRoleWithSAML"), 1);
}

#[test]
fn after_an_interruption_the_next_one_signs_in() {
    hands_over_after(Signal::SIGINT);
}

#[test]
fn after_a_kill_the_next_one_signs_in() {
    hands_over_after(Signal::SIGKILL);
}

#[test]
fn nobody_waits_longer_than_the_config_says() {
    let desk = Desk::new();
    desk.set("sign_in_timeout = \"5s\"");
    let ended = desk.start(&mut desk.leapp(["exec", "corp", "--", "true"])).end_with(125);
    desk.is_empty();
    assert!(ended.time < Duration::from_secs(9), "{:?}", ended.time);
    let (before, place) = ended.err.split_once("; the browser was at `").expect("a place");
    let (place, after) = place.split_once('`').expect("a place");
    assert!(before.ends_with("leapp: cannot sign in to `corp`: the sign-in was not finished within 5s"), "{before}");
    assert!(place.starts_with(&bed("LEAPP_BED_SSP")) && !place.contains('?'), "{place}");
    assert_eq!(after, "\n  run: leapp login corp\n  where it takes longer, set `sign_in_timeout` in the config\n");
}
