//! The window in which a person signs in.

use std::time::Duration;

use super::desk::{Desk, Display};

#[test]
fn a_first_sign_in_shows_a_window_at_once() {
    let desk = Desk::new();
    let display = Display::start();
    let alice = desk.person("ssp", &["--window", "--user", "alice", "--password", "wonder"]);
    let ended = desk.start(&mut desk.leapp_auto(Some(&display), &["-v", "exec", "corp", "--", "true"])).succeed();
    alice.succeed();
    assert!(!ended.err.contains("Silent"), "{}", ended.err);
    desk.is_empty();
}

#[test]
fn closing_the_window_ends_it_at_once_for_everyone_who_waits() {
    let desk = Desk::new();
    let display = Display::start();
    let exec = |session| {
        let mut command = desk.leapp(["exec", session, "--", "true"]);
        desk.start(command.env("LEAPP_HEADLESS", "never").env("DISPLAY", &display.name))
    };
    let first = exec("prod");
    first.says("sign in to `corp` in the browser window (127.0.0.1:");
    let others = [exec("prod"), exec("corp"), exec("ro")];
    for other in &others {
        other.says("leapp: waiting for another leapp");
    }
    desk.person("ssp", &["--close-window"]).succeed();
    let soon = Duration::from_secs(3);
    let said = first.end_within(soon);
    let reason = "the sign-in to `corp` was given up: its window was closed\n  run: leapp login corp\n";
    assert_eq!(said.code, Some(125));
    assert!(said.err.ends_with(&format!("leapp: cannot get credentials for `prod`: {reason}")), "{}", said.err);
    for other in others {
        let said = other.end_within(soon);
        assert!(said.code == Some(125) && said.err.ends_with(reason), "{}", said.err);
    }
    desk.is_empty();
}
