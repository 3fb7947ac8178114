//! `leapp status`: what the shell holds, whatever the config says by then.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

use crate::harness::{Home, succeed, variables};

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    home
}

fn status(home: &Home, variables: &BTreeMap<String, String>, flag: Option<&str>) -> Command {
    let mut command = home.leapp(["status"].into_iter().chain(flag));
    for (name, value) in variables {
        if name.starts_with("AWS_") || name.starts_with("LEAPP_") {
            command.env(name, value);
        }
    }
    command
}

fn text(home: &Home, variables: &BTreeMap<String, String>) -> String {
    succeed(&mut status(home, variables, None))
}

fn json(home: &Home, variables: &BTreeMap<String, String>) -> Value {
    serde_json::from_str(&succeed(&mut status(home, variables, Some("--json")))).expect("JSON")
}

fn prompt(home: &Home, variables: &BTreeMap<String, String>) -> String {
    succeed(&mut status(home, variables, Some("--prompt")))
}

/// As `leapp env` leaves a shell.
fn env(home: &Home, session: &str) -> BTreeMap<String, String> {
    let mut held = variables(home, &[session]);
    held.remove("LEAPP_STATE");
    held
}

#[test]
fn account_and_role_are_those_of_the_keys() {
    let home = signed_in();
    let held = env(&home, "prod");
    let said = text(&home, &held);
    for line in ["session    prod  (from leapp env)\n", "account    444455556666\n", "role       team/Deploy\n"] {
        assert!(said.contains(line), "{said}");
    }
    assert!(said.contains("region     eu-west-1\n") && !said.contains("keys "), "{said}");
    assert_eq!(json(&home, &held)["role_arn"], crate::harness::DEPLOY);

    let other = "arn:aws:iam::111122223333:role/Other";
    succeed(&mut home.leapp(["session", "edit", "prod", "--role-arn", other, "--region", "us-west-2"]));
    let said = text(&home, &held);
    for line in [
        "account    444455556666\n",
        "role       Deploy\n",
        "keys       `prod` has changed in the config since; for its present role, run: leapp exec prod\n",
        "region     eu-west-1\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let json = json(&home, &held);
    assert_eq!((&json["account"], &json["role_arn"]), (&"444455556666".into(), &Value::Null));
}

#[test]
fn keys_that_are_not_the_sessions_are_not_taken_for_it() {
    let home = signed_in();
    let (mut held, corp) = (env(&home, "prod"), env(&home, "corp"));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        held.insert(name.into(), corp[name].clone());
    }
    held.insert("AWS_PROFILE".into(), "work".into());
    let said = text(&home, &held);
    assert!(said.contains("account    111122223333\n"), "{said}");
    assert!(said.contains("keys       they are those of `corp`, not of `prod`\n"), "{said}");
    assert!(said.contains("rival      AWS_PROFILE is `work`, which some SDKs prefer to the keys\n"), "{said}");

    held.insert("AWS_ACCESS_KEY_ID".into(), "ASIASOMEBODYELSE".into());
    let said = text(&home, &held);
    assert!(said.contains("account    unknown\n") && !said.contains("role  "), "{said}");
    assert!(said.contains("AWS_ACCESS_KEY_ID is none that leapp keeps: `prod` was renewed or changed"), "{said}");
    let json = json(&home, &held);
    assert_eq!((&json["account"], &json["identity"]), (&Value::Null, &Value::Null));

    // What is signed out is not known any more.
    succeed(&mut home.leapp(["logout", "--all"]));
    assert!(text(&home, &corp).contains("account    unknown\n"));
}

#[test]
fn a_prompt_names_no_session_whose_keys_are_gone() {
    let home = signed_in();
    for mut held in [env(&home, "prod"), variables(&home, &["prod"])] {
        assert!(prompt(&home, &held).starts_with("prod "));
        held.insert("AWS_ACCESS_KEY_ID".into(), "AKIASOMEBODYELSE".into());
        assert_eq!(prompt(&home, &held), "");
        held.remove("AWS_ACCESS_KEY_ID");
        assert_eq!(prompt(&home, &held), "");
    }
    // By the marks, also where the keys look like a session's.
    let mut held = variables(&home, &["prod"]);
    held.insert("AWS_ACCESS_KEY_ID".into(), "ASIASOMEBODYELSE".into());
    assert_eq!(prompt(&home, &held), "");
    let refreshed = variables(&home, &["--refresh", "prod"]);
    assert_eq!(prompt(&home, &refreshed), "prod\n");

    // `leapp env` in a shell of `leapp exec` brings its own marks.
    let line = "eval \"$(\"$0\" env corp --shell sh)\"; \"$0\" status --prompt; \
                eval \"$(\"$0\" serve prod --shell sh)\"; \"$0\" status --prompt; \"$0\" status";
    let leapp = env!("CARGO_BIN_EXE_leapp");
    let said = succeed(&mut home.leapp(["exec", "prod", "--", "sh", "-c", line, leapp]));
    assert!(said.starts_with("corp ") && said.contains("\nprod\nsession    prod  (from leapp exec)\n"), "{said}");
    assert!(said.contains("account    unknown\nkeys       programs fetch them from an endpoint, and only"), "{said}");
}

#[test]
fn a_session_that_cannot_be_read_is_a_line_of_the_watch() {
    let home = signed_in();
    home.add_config("[sessions.lost]\nkind = \"profile\"\nsource_profile = \"nosuch\"\n");
    let said = succeed(&mut home.leapp(["status", "--watch"]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[1].starts_with("corp   █") && lines[3].starts_with("prod   ░"), "{said}");
    assert!(lines[2].starts_with("lost   cannot ") && lines[2].contains("`nosuch`"), "{said}");
}
