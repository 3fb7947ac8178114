//! Many at once: one sign-in, and one call per hop.

use std::time::{Duration, Instant};

use super::desk::{Desk, LONG, Running};

/// Starts that many, and waits for them all; gives how often a browser started.
fn crowd(desk: &Desk, headless: &str, sessions: impl Iterator<Item = &'static str>) -> usize {
    // What is counted here does not depend on how busy the machine is.
    desk.set("timeout = \"1m\"");
    let (browser, starts) = desk.counted_browser();
    let exec = |session| {
        let mut command = desk.leapp(["exec", session, "--", "true"]);
        desk.start(command.env("LEAPP_BROWSER", &browser).env("LEAPP_HEADLESS", headless))
    };
    let start = Instant::now();
    let running: Vec<Running> = sessions.map(exec).collect();
    for one in running {
        one.succeed();
    }
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    desk.is_empty();
    starts()
}

#[test]
fn a_hundred_cold_processes_cause_one_sign_in_and_one_call_per_hop() {
    let desk = Desk::remembered();
    assert_eq!(desk.count("AssumeRoleWithSAML"), 1, "of the sign-in before");
    assert_eq!(crowd(&desk, "auto", (0..100).map(|_| "prod")), 1);
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (2, 1));
}

#[test]
fn a_hundred_processes_wait_for_the_one_window_of_a_first_sign_in() {
    let desk = Desk::new();
    let alice = desk.alice();
    assert_eq!(crowd(&desk, "always", (0..100).map(|_| "prod")), 1);
    alice.succeed();
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (1, 1));
}

#[test]
fn the_sessions_of_one_provider_share_one_sign_in() {
    let desk = Desk::remembered();
    assert_eq!(crowd(&desk, "auto", ["corp", "ro", "deploy"].into_iter().cycle().take(10)), 1);
    assert_eq!(desk.count("AssumeRoleWithSAML"), 1 + 3);
}

#[test]
fn two_providers_sign_in_at_the_same_time() {
    let desk = Desk::new();
    let (alice, carol) = (desk.alice(), desk.carol());
    assert_eq!(crowd(&desk, "always", ["corp", "nano"].into_iter()), 2);
    alice.succeed();
    carol.succeed();
}

#[test]
fn a_session_that_is_refused_does_not_cost_the_others_their_sign_in() {
    let desk = Desk::new();
    desk.add_config(&crate::harness::federated("root", "ssp", "arn:aws:iam::111122223333:role/Root", ""));
    let (browser, starts) = desk.counted_browser();
    let exec = |session: &str| {
        let mut command = desk.leapp(["exec", session, "--", "true"]);
        desk.start(command.env("LEAPP_BROWSER", &browser))
    };
    let root = exec("root");
    root.says("sign in to `root`");
    let others = [exec("corp"), exec("ro")];
    for other in &others {
        other.says("waiting for another leapp");
    }
    let alice = desk.alice();
    let refused = root.end_with(125).err;
    assert!(refused.contains("does not offer you"), "{refused}");
    for other in others {
        other.succeed();
    }
    alice.succeed();
    assert_eq!(starts(), 1);
    desk.is_empty_within(Duration::from_secs(1));
}
