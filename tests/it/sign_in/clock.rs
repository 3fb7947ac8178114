//! A clock of this machine that is wrong: it locks nobody out of what STS takes.

use std::{fs, path::PathBuf, process::Command};

use super::desk::{Desk, Running};
use crate::harness::{ADMIN, assertion, sweep_faketime};

/// leapp on a machine whose clock is off by so much, such as `-20m`.
fn leapp(desk: &Desk, off: &str, arguments: &[&str]) -> Command {
    sweep_faketime();
    let mut command = Command::new("faketime");
    command.args(["-f", off, env!("CARGO_BIN_EXE_leapp")]).args(arguments);
    desk.surround(&mut command);
    command
}

fn response(desk: &Desk, options: &[&str]) -> PathBuf {
    let file = desk.path("response");
    fs::write(&file, assertion(options)).expect("written");
    file
}

fn sign_in(desk: &Desk, off: &str, options: &[&str]) -> Running {
    let file = response(desk, options);
    desk.start(&mut leapp(desk, off, &["login", "corp", "--saml-response", &file.display().to_string()]))
}

/// A second session of the same identity provider, where no browser can sign in.
fn second(desk: &Desk, off: &str) -> Running {
    desk.start(leapp(desk, off, &["exec", "ro", "--", "true"]).env("LEAPP_BROWSER", "/nonexistent"))
}

#[test]
fn a_fresh_response_is_taken_whatever_the_clock_says() {
    for off in ["-20m", "-7m", "-4m", "-2m", "+2m", "+7m", "+20m"] {
        let desk = Desk::new();
        sign_in(&desk, off, &[]).succeed();
        second(&desk, off).succeed();
        assert_eq!(desk.count("AssumeRoleWithSAML"), 2, "{off}");
    }
}

#[test]
fn a_kept_response_ages_by_the_time_since_it_came() {
    for (then, now) in [("+0s", "+5m"), ("+20m", "+25m"), ("+20m", "+0s"), ("-20m", "-15m")] {
        let desk = Desk::new();
        sign_in(&desk, then, &[]).succeed();
        let ended = second(&desk, now).end_with(125);
        assert!(ended.err.contains("cannot find the configured browser"), "{then} {now}: {}", ended.err);
        assert_eq!(desk.count("AssumeRoleWithSAML"), 1, "{then} {now}");
    }
}

#[test]
fn what_sts_refuses_for_its_time_shows_both_clocks() {
    for (age, off, said, verdict) in [
        ("600", "+0s", "ExpiredTokenException: ", ": it has expired, unless that clock is wrong\n"),
        ("600", "-20m", "ExpiredTokenException: ", ": its time has not come, unless that clock is wrong\n"),
        ("-600", "+0s", "Assertion is not yet valid", ": its time has not come, unless that clock is wrong\n"),
        ("-600", "+10m", "Assertion is not yet valid", ": it is good by that clock, so that the identity provider's"),
    ] {
        let desk = Desk::new();
        let ended = sign_in(&desk, off, &["--age", age]).end_with(1);
        assert!(
            ended.err.starts_with(&format!("leapp: cannot get credentials for `corp` ({ADMIN}): ")),
            "{}",
            ended.err
        );
        for part in [said, "the SAML response is good from 20", " UTC, and the clock of this machine says 20", verdict]
        {
            assert!(ended.err.contains(part), "{age} {off}: no {part}: {}", ended.err);
        }
        assert_eq!(desk.count("AssumeRoleWithSAML"), 1);
        // What STS has refused is not kept.
        assert!(second(&desk, off).end_with(125).err.contains("cannot find the configured browser"));
    }
}
