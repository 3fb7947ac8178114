//! What the browser remembers, and when it does no longer.

use std::fs;

use super::desk::{Desk, Display};

/// The identity provider knows nobody any more: its cookies are gone.
fn end_at_provider(desk: &Desk) {
    for entry in fs::read_dir(desk.profile("ssp").join("Default")).expect("a profile").flatten() {
        if entry.file_name().to_string_lossy().starts_with("Cookies") {
            fs::remove_file(entry.path()).expect("removed");
        }
    }
}

#[test]
fn the_second_sign_in_needs_neither_a_person_nor_a_display() {
    let desk = Desk::remembered();
    let again = || desk.start(&mut desk.leapp_auto(None, &["exec", "corp", "--", "true"])).succeed();
    assert_eq!(again().err, "leapp: signed in to `corp` as alice@example.org\n", "whom the browser remembers is said");
    desk.is_empty();
    assert_eq!(desk.count("AssumeRoleWithSAML"), 2);
    desk.sign_out();
    again();
    assert_eq!(desk.count("AssumeRoleWithSAML"), 3, "what was silent stays so");
}

#[test]
fn nanoidp_remembers_too() {
    let desk = Desk::new();
    let carol = desk.carol();
    desk.start(&mut desk.leapp(["login", "nano"])).succeed();
    carol.succeed();
    desk.start(&mut desk.leapp(["logout", "nano"])).succeed();
    desk.start(&mut desk.leapp_auto(None, &["exec", "nano", "--", "true"])).succeed();
    desk.is_empty();
}

#[test]
fn the_window_opens_when_the_provider_has_forgotten() {
    let desk = Desk::remembered();
    end_at_provider(&desk);
    let display = Display::start();
    let alice = desk.person("ssp", &["--window", "--user", "alice", "--password", "wonder"]);
    let ended = desk.start(&mut desk.leapp_auto(Some(&display), &["-v", "exec", "corp", "--", "true"])).succeed();
    alice.succeed();
    desk.is_empty();
    let place = |part: &str| ended.err.find(part).unwrap_or_else(|| panic!("no {part}: {}", ended.err));
    assert!(place("Silent") < place("Person"), "{}", ended.err);
    desk.sign_out();
    desk.start(&mut desk.leapp_auto(None, &["exec", "corp", "--", "true"])).succeed();
}

#[test]
fn without_a_display_it_says_what_to_do_when_the_provider_has_forgotten() {
    let desk = Desk::remembered();
    end_at_provider(&desk);
    let said = desk.start(&mut desk.leapp_auto(None, &["exec", "corp", "--", "true"])).end_with(125).err;
    desk.is_empty();
    assert_eq!(
        said,
        "leapp: cannot sign in to `corp`: it needs you in a browser window, and there is no display\n  \
         sign in from a desktop, or with X forwarding (`ssh -X`), so that DISPLAY is set\n  \
         with a response from elsewhere: leapp login corp --saml-response FILE\n"
    );
}
