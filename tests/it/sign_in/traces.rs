//! What a sign-in leaves: on the terminal nothing, in a file only words, in the browser's profile no secret.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use super::desk::Desk;
use crate::harness::{assertion, text};

#[test]
fn without_a_terminal_only_words_are_written() {
    let desk = Desk::new();
    let alice = desk.alice();
    let ended = desk.start(&mut desk.leapp(["exec", "corp", "--", "true"])).succeed();
    alice.succeed();
    assert!(ended.err.starts_with("leapp: sign in to `corp` at 127.0.0.1:"), "{}", ended.err);
    assert!(ended.err.ends_with("\nleapp: signed in to `corp` as alice@example.org\n"), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 2, "{}", ended.err);
    assert!(!ended.err.replace('\n', "").contains(char::is_control), "{:?}", ended.err);
}

#[test]
fn on_a_terminal_the_line_turns_and_is_erased() {
    let desk = Desk::new();
    let mut command = Command::new("script");
    let line = format!("{} exec corp -- echo done", env!("CARGO_BIN_EXE_leapp"));
    command.args(["-qec", &line, "/dev/null"]);
    desk.surround(&mut command);
    let terminal = desk.start(&mut command);
    terminal.says("sign in to `corp` at 127.0.0.1:");
    let alice = desk.alice();
    let shown = terminal.succeed().out;
    alice.succeed();
    assert!(shown.contains("Ctrl-C ends it"), "{shown:?}");
    let turned = shown.strip_suffix("\r\u{1b}[2Kleapp: signed in to `corp` as alice@example.org\r\ndone\r\n");
    let turned = turned.unwrap_or_else(|| panic!("{shown:?}"));
    assert!(!turned.contains('\n'), "one line, over and over: {shown:?}");
}

#[test]
fn neither_password_nor_assertion_rests_in_the_profile() {
    let desk = Desk::new();
    let (alice, carol) = (desk.alice(), desk.carol());
    desk.start(&mut desk.leapp(["login", "corp"])).succeed();
    desk.start(&mut desk.leapp(["login", "nano"])).succeed();
    alice.succeed();
    carol.succeed();
    desk.sign_out();
    desk.start(&mut desk.leapp_auto(None, &["login", "corp"])).succeed();
    // All responses of SimpleSAMLphp begin like this one.
    let beginning = text(&assertion(&[])[..60]);
    let secrets = ["wonder", "carol-pw", "SAMLResponse", &beginning, "saml:AttributeStatement"];
    let folder = desk.state().join("browser");
    let files: Vec<_> = desk.files().into_iter().filter(|(path, _)| path.starts_with(&folder)).collect();
    assert!(files.len() > 20, "two profiles");
    for (path, bytes) in files {
        for secret in secrets {
            let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for form in [secret.as_bytes(), &wide] {
                let found = bytes.windows(form.len()).any(|window| window == form);
                assert!(!found, "`{secret}` is in {}", path.display());
            }
        }
    }
    for provider in ["ssp", "nano"] {
        let mode = fs::metadata(desk.profile(provider)).expect("a profile").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{provider}");
    }
}
