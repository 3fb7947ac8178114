//! One scenario in every shell: enter, go deeper, switch, leave, edit, delete, create, sign out and in elsewhere,
//! expiry, and what a person sets meanwhile.

use std::{fs, thread, time::Duration};

use super::{
    console::{Console, Variables},
    people::{OUTER, Person},
};

/// What a shell cannot do, written down in docs/hooks.md.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    None,
    /// It tells files apart by inode, size and second: two changes of one second may look like one.
    Seconds,
}

impl Limits {
    /// Waits until a change is not one of the same second.
    fn next_second(self) {
        thread::sleep(Duration::from_millis(if self == Self::Seconds { 1100 } else { 0 }));
    }
}

#[track_caller]
pub(super) fn holds_outer(seen: &Variables) {
    for (name, value) in OUTER {
        assert_eq!(seen.get(name).map(String::as_str), Some(value), "{name}: {:?}", leapp_of(seen));
    }
    for name in ["AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_CREDENTIAL_EXPIRATION", "LEAPP_SESSION"] {
        assert_eq!(seen.get(name), None, "{name}");
    }
}

/// The variables that this is about, for messages.
fn leapp_of(seen: &Variables) -> Vec<String> {
    let ours = |name: &str| name.starts_with("AWS_") || name.starts_with("LEAPP_") || name.contains("leapp");
    seen.iter().filter(|(name, _)| ours(name)).map(|(name, value)| format!("{name}={value:.40}")).collect()
}

#[track_caller]
pub(super) fn holds(seen: &Variables, session: &str) {
    assert_eq!(seen.get("LEAPP_SESSION").map(String::as_str), Some(session), "{:?}", leapp_of(seen));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"] {
        let value = seen.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", leapp_of(seen)));
        assert!(!OUTER.iter().any(|(_, outer)| outer == value), "{name}");
    }
    assert_eq!(seen.get("AWS_DEFAULT_REGION").map(String::as_str), Some("eu-west-1"));
    assert_eq!(seen.get("AWS_PROFILE"), None);
    holds_no_copy(seen);
}

#[track_caller]
pub(super) fn holds_none(seen: &Variables) {
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "LEAPP_SESSION"] {
        assert_eq!(seen.get(name), None, "{name}: {:?}", leapp_of(seen));
    }
    holds_no_copy(seen);
}

/// What was there before is the shell's own, and no child's.
#[track_caller]
fn holds_no_copy(seen: &Variables) {
    for (name, value) in seen {
        assert!(!name.contains("__leapp") && !value.contains("outer 'secret'"), "{name}");
    }
}

fn scenario(shell: &'static str, limits: Limits) {
    let mut person = Person::new(shell);
    let mut console = person.start("");
    let at = |name: &str| format!("cd {}", person.path(name).display());

    holds_outer(&console.report());
    assert_eq!(person.calls(), 0, "nothing to do outside of every directory");

    holds(&console.after(&at("work/dev")), "corp");
    assert_eq!(person.calls(), 1);
    for _ in 0..3 {
        console.line("");
    }
    holds(&console.after(&at("work/dev/deep")), "corp");
    assert_eq!(person.calls(), 1, "nothing changed");
    console.expect("leapp: corp (~/work/dev), ");
    assert_eq!(console.times_shown("leapp: corp (~/work/dev), "), 1);

    holds(&console.after(&at("work/prod")), "prod");
    assert_eq!(person.calls(), 2);
    holds_outer(&console.after(&at(".")));
    assert_eq!(person.calls(), 3);

    changes_of_the_file(&person, &mut console, limits);
    changes_elsewhere(&person, &mut console, limits);
    what_a_person_sets_stays(&person, &mut console, limits);
    expiry(&mut person, &mut console, limits);
}

fn changes_of_the_file(person: &Person, console: &mut Console, limits: Limits) {
    let (folder, file) = (person.path("work/new"), person.path("work/new").join(".leapp"));
    person.directory("work/new", None);
    holds_outer(&console.after(&format!("cd {}", folder.display())));
    limits.next_second();
    fs::write(&file, "prod\n").expect("written");
    holds_outer(&console.at_next_prompt());
    console.expect("leapp: ~/work/new/.leapp asks for session `prod`; run: leapp allow");
    limits.next_second();
    person.leapp(&["allow", folder.to_str().expect("UTF-8")]);
    holds(&console.at_next_prompt(), "prod");
    // A comment does not ask again, and another session does.
    limits.next_second();
    fs::write(&file, "prod # really\n").expect("written");
    holds(&console.at_next_prompt(), "prod");
    limits.next_second();
    fs::write(&file, "session = 'corp'\n").expect("written");
    holds_outer(&console.at_next_prompt());
    fs::remove_file(&file).expect("removed");
    holds_outer(&console.at_next_prompt());
    limits.next_second();
    fs::write(&file, "prod\n").expect("written");
    holds(&console.at_next_prompt(), "prod");
    limits.next_second();
    person.leapp(&["deny", folder.to_str().expect("UTF-8")]);
    holds_outer(&console.at_next_prompt());
}

fn changes_elsewhere(person: &Person, console: &mut Console, limits: Limits) {
    holds(&console.after(&format!("cd {}", person.path("work/prod").display())), "prod");
    limits.next_second();
    person.leapp(&["logout", "corp"]);
    holds_none(&console.at_next_prompt());
    console.expect("leapp: prod is signed out; run: leapp login");
    let calls = person.calls();
    console.line("");
    holds_none(&console.at_next_prompt());
    assert_eq!(person.calls(), calls, "it is not tried at every prompt");
    limits.next_second();
    person.home.sign_in("corp");
    // The hook renews a chained session whose assumer is signed in.
    holds(&console.at_next_prompt(), "prod");
}

fn what_a_person_sets_stays(person: &Person, console: &mut Console, limits: Limits) {
    let (dev, outside) = (format!("cd {}", person.path("work/dev").display()), person.path("."));
    let before = console.after(&dev);
    holds(&before, "corp");
    console.line(&person.set("AWS_REGION", "mine"));
    limits.next_second();
    person.home.sign_in("corp");
    let renewed = console.at_next_prompt();
    holds(&renewed, "corp");
    assert_ne!(renewed["AWS_SECRET_ACCESS_KEY"], before["AWS_SECRET_ACCESS_KEY"], "renewed");
    assert_eq!(renewed["AWS_REGION"], "mine");
    let after = console.after(&format!("cd {}", outside.display()));
    assert_eq!(after["AWS_REGION"], "mine");
    assert_eq!(after["AWS_ACCESS_KEY_ID"], "AKIAOUTER");
    console.line(&person.set("AWS_REGION", "us-east-2"));
    holds_outer(&console.at_next_prompt());

    // Key, secret and token are one identity.
    console.line(&dev);
    console.line(&person.set("AWS_ACCESS_KEY_ID", "AKIAMINE"));
    console.line(&person.set("AWS_SECRET_ACCESS_KEY", "mine"));
    limits.next_second();
    person.home.sign_in("corp");
    for seen in [console.at_next_prompt(), console.after(&format!("cd {}", outside.display()))] {
        assert_eq!((&*seen["AWS_ACCESS_KEY_ID"], &*seen["AWS_SECRET_ACCESS_KEY"]), ("AKIAMINE", "mine"));
        assert_eq!(seen.get("AWS_SESSION_TOKEN"), None);
        assert_eq!(seen.get("AWS_CREDENTIAL_EXPIRATION"), None);
    }
    for (name, value) in OUTER.iter().filter(|(name, _)| !name.contains("SECRET")) {
        console.line(&person.set(name, value));
    }
}

fn expiry(person: &mut Person, console: &mut Console, limits: Limits) {
    person.home.sts_path = "/ttl/5".into();
    person.leapp(&["logout", "--all"]);
    console.line(&person.set("AWS_ENDPOINT_URL_STS", &person.home.sts()));
    person.home.sign_in("corp");
    holds(&console.after(&format!("cd {}", person.path("work/dev").display())), "corp");
    let calls = person.calls();
    // tcsh tells the time by its terminal, within 8 seconds.
    thread::sleep(Duration::from_secs(if limits == Limits::Seconds { 15 } else { 6 }));
    holds_none(&console.at_next_prompt());
    assert_eq!(person.calls(), calls + 1);
    console.line("");
    holds_none(&console.at_next_prompt());
    assert_eq!(person.calls(), calls + 1);
}

#[test]
fn bash() {
    scenario("bash", Limits::None);
}

#[test]
fn zsh() {
    scenario("zsh", Limits::None);
}

#[test]
fn fish() {
    scenario("fish", Limits::None);
}

#[test]
fn ksh93() {
    scenario("ksh93", Limits::None);
}

#[test]
fn mksh() {
    scenario("mksh", Limits::None);
}

#[test]
fn nushell() {
    scenario("nu", Limits::None);
}

#[test]
fn elvish() {
    scenario("elvish", Limits::None);
}

#[test]
fn xonsh() {
    scenario("xonsh", Limits::None);
}

#[test]
fn tcsh() {
    scenario("tcsh", Limits::Seconds);
}
