//! `leapp login --all` and `leapp renew`: every session in turn.

use std::fs;

use crate::{
    harness::{Home, fail, text, variables},
    sign_in::desk::Desk,
};

/// Forgets the assertions, as if some time had passed.
fn forget_assertions(home: &Home) {
    for file in fs::read_dir(home.state().join("vault")).expect("a vault").flatten() {
        if file.file_name().to_string_lossy().starts_with("idp-") {
            fs::remove_file(file.path()).expect("removed");
        }
    }
}

fn says(home: &Home, arguments: &[&str]) -> String {
    let output = home.leapp(arguments).output().expect("run");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

#[test]
fn all_sessions_cause_one_sign_in_per_identity_provider() {
    let desk = Desk::new();
    let (browser, starts) = desk.counted_browser();
    let (alice, carol) = (desk.alice(), desk.carol());
    let ended = desk.start(desk.leapp(["login", "--all"]).env("LEAPP_BROWSER", &browser)).succeed();
    alice.succeed();
    carol.succeed();
    let lines: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("leapp: signed in to `")).collect();
    let sessions: Vec<&str> = lines.iter().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(sessions, ["corp", "deploy", "nano", "ro", "prod", "audit"], "{}", ended.err);
    assert_eq!(starts(), 2);
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (4, 2));
    desk.is_empty();
}

#[test]
fn where_nobody_signs_in_the_other_sessions_of_that_provider_are_not_tried() {
    let desk = Desk::new();
    desk.set("sign_in_timeout = \"4s\"");
    let (browser, starts) = desk.counted_browser();
    let ended = desk.start(desk.leapp(["login", "--all"]).env("LEAPP_BROWSER", &browser)).end_with(1);
    assert_eq!(starts(), 2, "one for each provider: {}", ended.err);
    for session in ["deploy", "ro", "prod", "audit"] {
        let line = format!("leapp: `{session}`: not tried, since nobody signed in for `corp`\n");
        assert!(ended.err.contains(&line), "{}", ended.err);
    }
    assert!(ended.err.ends_with("leapp: cannot sign in to 6 of 6 sessions\n"), "{}", ended.err);
    desk.is_empty();
}

#[test]
fn what_one_session_is_refused_the_others_get() {
    let desk = Desk::new();
    desk.add_config(&crate::harness::federated("absent", "ssp", "arn:aws:iam::111122223333:role/Absent", ""));
    let (alice, carol) = (desk.alice(), desk.carol());
    let ended = desk.start(&mut desk.leapp(["login", "--all"])).end_with(1);
    alice.succeed();
    carol.succeed();
    assert!(ended.err.contains("leapp: `absent`: "), "{}", ended.err);
    assert_eq!(ended.err.matches("leapp: signed in to `").count(), 6, "{}", ended.err);
    assert!(ended.err.ends_with("leapp: cannot sign in to 1 of 7 sessions\n"), "{}", ended.err);
}

#[test]
fn the_lines_of_an_error_stay_lines() {
    let desk = Desk::new();
    let browser = desk.program("browser", "#!/bin/sh\nprintf 'first complaint\\nsecond complaint\\n' >&2\nexit 1\n");
    let shown = browser.display();
    let ended = desk.start(desk.leapp(["login", "--all"]).env("LEAPP_BROWSER", &browser)).end_with(1);
    let said = format!(
        "leapp: `corp`: cannot start the browser `{shown}`: it ended with exit code 1\n  first complaint\n  \
         second complaint\nleapp: `corp`: with a response from elsewhere: leapp login corp --saml-response FILE\n"
    );
    assert!(ended.err.contains(&said), "{}", ended.err);
    assert!(!ended.err.contains("\\u{a}"), "{}", ended.err);
}

#[test]
fn renewing_gets_new_credentials_for_what_is_signed_in() {
    let home = Home::new();
    assert_eq!(says(&home, &["renew"]), "leapp: no session is signed in\n");
    home.sign_in("corp");
    let before = [variables(&home, &["corp"]), variables(&home, &["prod"])];
    let said = says(&home, &["renew", "--all"]);
    let sessions: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("leapp: renewed `")).collect();
    assert!(
        matches!(sessions.as_slice(), [corp, prod] if corp.starts_with("corp`") && prod.starts_with("prod`")),
        "{said}"
    );
    let after = [variables(&home, &["corp"]), variables(&home, &["prod"])];
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before["AWS_ACCESS_KEY_ID"], after["AWS_ACCESS_KEY_ID"]);
    }
    assert_eq!((home.count("AssumeRoleWithSAML"), home.count("AssumeRole")), (2, 2));
    assert!(says(&home, &["renew", "prod"]).starts_with("leapp: renewed `prod`, "));
    assert_eq!(home.count("AssumeRole"), 3);
    assert_eq!(
        fail(1, &mut home.leapp(["renew", "audit"])),
        "leapp: `audit` is signed out\n  run: leapp login audit\n"
    );
}

#[test]
fn what_needs_the_person_stays_as_it_is() {
    let home = Home::new();
    home.sign_in("corp");
    let before = variables(&home, &["corp"]);
    forget_assertions(&home);
    let said = fail(1, &mut home.leapp(["renew"]));
    assert!(
        said.starts_with("leapp: `corp` stays as it is (") && said.contains(" left): `corp` is signed out"),
        "{said}"
    );
    assert!(said.ends_with("leapp: cannot renew 1 of 1 sessions\n"), "{said}");
    assert_eq!(variables(&home, &["corp"]), before);
}

#[test]
fn what_to_do_about_a_session_is_said_beside_it() {
    let home = Home::empty();
    home.write_config("[sessions.lost]\nkind = \"profile\"\nsource_profile = \"nosuch\"\n");
    let said = fail(1, &mut home.leapp(["login", "--all"]));
    let alone = fail(2, &mut home.leapp(["login", "lost"]));
    let hints: Vec<&str> = alone.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(!hints.is_empty(), "{alone}");
    for hint in hints {
        assert!(said.contains(&format!("leapp: `lost`: {hint}\n")), "{said}");
    }
}
