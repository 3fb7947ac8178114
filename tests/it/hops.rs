//! Chained sessions: every hop, what is sent to STS, and what is kept.

use crate::harness::{DEPLOY, Home, chained, fail, succeed, text, variables};

const PARTNER: &str = "arn:aws:iam::444455556666:role/Partner";

#[test]
fn a_chain_of_three_is_walked_once_and_each_hop_is_kept() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["audit"]);
    assert_eq!((home.count("AssumeRoleWithSAML"), home.count("AssumeRole")), (1, 2));
    variables(&home, &["audit"]);
    variables(&home, &["prod"]);
    variables(&home, &["corp"]);
    assert_eq!((home.count("AssumeRoleWithSAML"), home.count("AssumeRole")), (1, 2), "all of it was kept");
}

#[test]
fn the_hops_of_a_chain_share_a_connection() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["audit"]);
    let connections: Vec<String> = home
        .requests()
        .iter()
        .filter(|request| request["action"] == "AssumeRole")
        .map(|request| request["connection"].to_string())
        .collect();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0], connections[1]);
}

#[test]
fn all_settings_reach_sts() {
    let home = Home::new();
    home.add_config(&chained(
        "partner",
        "corp",
        PARTNER,
        "external_id = \"leapp-bed-external\"\nsource_identity = \"alice\"\nrole_session_name = \"{user}-at-work\"\n\
         tags = { team = \"core\", cost = \"42\" }\ntransitive_tags = [\"team\"]\n\
         policy = '{\"Version\":\"2012-10-17\",\"Statement\":[]}'\n\
         policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\nduration = \"30m\"",
    ));
    home.sign_in("corp");
    variables(&home, &["partner"]);
    let request = home.requests().into_iter().rfind(|request| request["action"] == "AssumeRole").expect("asked");
    assert_eq!(request["role_session_name"], "alice-at-work");
    assert_eq!(request["external_id"], "leapp-bed-external");
    assert_eq!(request["source_identity"], "alice");
    assert_eq!(request["tags"], serde_json::json!({"team": "core", "cost": "42"}));
    assert_eq!(request["transitive"], serde_json::json!(["team"]));
    assert_eq!(request["policy"], true);
    assert_eq!(request["policy_arns"], serde_json::json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
    assert_eq!(request["duration"], 1800);
}

#[test]
fn tags_that_differ_in_case_alone_are_refused_before_anybody_is_asked() {
    let home = Home::new();
    let with = |more: &str| chained("tagged", "corp", DEPLOY, more);
    let before = std::fs::read_to_string(home.config()).expect("read");
    home.sign_in("corp");
    home.add_config(&with("tags = { Team = \"1\", team = \"2\" }"));
    let said = fail(125, &mut home.leapp(["exec", "tagged", "--", "true"]));
    assert!(said.contains("the tags `Team` and `team` differ in case alone"), "{said}");
    assert_eq!(home.count("AssumeRole"), 0);
    // Which of them go on is said without regard to case.
    home.write_config(&format!("{before}{}", with("tags = { Team = \"1\" }\ntransitive_tags = [\"team\"]")));
    variables(&home, &["tagged"]);
    let request = home.requests().into_iter().rfind(|request| request["action"] == "AssumeRole").expect("asked");
    assert_eq!(request["transitive"], serde_json::json!(["team"]));
}

#[test]
fn an_edit_of_the_config_takes_effect_at_once() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["prod"]);
    let edits =
        ["duration = \"20m\"", "tags = { a = \"b\" }", "role_session_name = \"other\"", "source_identity = \"me\""];
    for (nth, edit) in edits.iter().enumerate() {
        let text = std::fs::read_to_string(home.config()).expect("read");
        home.write_config(&text.replace("[sessions.prod]\n", &format!("[sessions.prod]\n{edit}\n")));
        variables(&home, &["prod"]);
        assert_eq!(home.count("AssumeRole"), 2 + nth, "{edit}");
    }
    variables(&home, &["prod", "--duration", "15m"]);
    assert_eq!(home.count("AssumeRole"), 6, "another duration is another set of credentials");
}

#[test]
fn a_chained_session_is_capped_at_an_hour_and_says_so() {
    let home = Home::new();
    home.sign_in("corp");
    let output = home.leapp(["exec", "prod", "--duration", "4h", "--", "true"]).output().expect("started");
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "leapp: `prod` gets 1h: AWS allows chained roles no more\n");
    assert_eq!(home.requests().last().expect("asked")["duration"], 3600);
}

#[test]
fn a_federated_duration_steps_down_to_what_the_role_allows_and_says_so() {
    let home = Home::new();
    let read_only = "arn:aws:iam::111122223333:role/ReadOnly";
    home.add_config(&crate::harness::federated("ro", "ssp", read_only, "duration = \"12h\""));
    home.sign_in("corp");
    let output = home.leapp(["exec", "ro", "--", "true"]).output().expect("started");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "leapp: `ro` gets 1h: its role does not allow 12h\n");
}

#[test]
fn one_assertion_serves_every_session_of_its_provider() {
    let home = Home::new();
    home.add_config(&crate::harness::federated(
        "ro",
        "ssp",
        "arn:aws:iam::111122223333:role/ReadOnly",
        "duration = \"1h\"",
    ));
    home.sign_in("corp");
    assert!(variables(&home, &["ro"])["LEAPP_SESSION"] == "ro", "no browser: it would find nobody to sign in");
    assert_eq!(home.count("AssumeRoleWithSAML"), 2);
}

#[test]
fn credentials_near_their_end_are_renewed_first() {
    let mut home = Home::new();
    home.sign_in("corp");
    home.sts_path = "/ttl/240".into();
    // The endpoint is part of what shapes credentials: sign in through this one.
    home.sign_in("corp");
    variables(&home, &["prod", "--min-ttl", "1m"]);
    assert_eq!(home.count("AssumeRole"), 1);
    variables(&home, &["prod", "--min-ttl", "1m"]);
    assert_eq!(home.count("AssumeRole"), 1, "240 seconds are more than a minute");
    variables(&home, &["prod", "--min-ttl", "200s"]);
    assert_eq!(home.count("AssumeRole"), 1, "nearly 240 seconds are more than 200");
}

#[test]
fn a_min_ttl_above_what_is_granted_is_said_once_and_renews_nothing() {
    let mut home = Home::new();
    home.sts_path = "/ttl/240".into();
    home.sign_in("corp");
    let said = |arguments: &[&str]| text(&home.leapp(arguments).output().expect("started").stderr);
    let first = said(&["exec", "prod", "--", "true"]);
    assert!(first.starts_with("leapp: `prod` was granted ") && first.contains("--min-ttl asks for 5m"), "{first}");
    assert_eq!(said(&["exec", "prod", "--", "true"]), "");
    assert_eq!(said(&["exec", "prod", "--min-ttl", "12h", "--", "true"]), "");
    assert_eq!(home.count("AssumeRole"), 1);
}

#[test]
fn without_the_cache_nothing_is_read_and_nothing_is_kept() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["prod"]);
    let before: Vec<_> =
        home.files().into_iter().filter(|(path, _)| path.to_string_lossy().contains("/vault/")).collect();
    let said = fail(125, home.leapp(["exec", "prod", "--no-cache", "--", "true"]).env("LEAPP_BROWSER", "/nonexistent"));
    assert!(said.contains("/nonexistent"), "a sign-in was tried anew: {said}");
    let after: Vec<_> =
        home.files().into_iter().filter(|(path, _)| path.to_string_lossy().contains("/vault/")).collect();
    assert_eq!(before, after);
}

#[test]
fn the_external_id_the_role_asks_for_is_named_when_it_is_missing() {
    let home = Home::new();
    home.add_config(&chained("partner", "corp", PARTNER, "external_id = \"wrong\""));
    home.sign_in("corp");
    let said = fail(125, &mut home.leapp(["exec", "partner", "--", "true"]));
    assert!(said.contains("cannot get credentials for `partner`") && said.contains("AccessDenied"), "{said}");
    assert!(said.contains("to the role of `corp` with this external id"), "{said}");
    let config = std::fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("external_id = \"wrong\"", ""));
    let said = fail(125, &mut home.leapp(["exec", "partner", "--", "true"]));
    let remedy = "if it asks for an external id, add it: leapp session edit partner --external-id ID";
    assert!(said.contains(remedy), "{said}");
    succeed(&mut home.leapp(["session", "edit", "partner", "--external-id", "leapp-bed-external"]));
    succeed(&mut home.leapp(["exec", "partner", "--", "true"]));
}

#[test]
fn an_mfa_code_is_asked_for_on_the_terminal_only() {
    let home = Home::new();
    let device = "mfa_device = \"arn:aws:iam::111122223333:mfa/alice\"";
    home.add_config(&chained("guarded", "corp", "arn:aws:iam::444455556666:role/Guarded", device));
    home.sign_in("corp");
    let mut alone = std::process::Command::new("setsid");
    alone.args(["-w", env!("CARGO_BIN_EXE_leapp"), "exec", "guarded", "--", "true"]);
    home.surround(&mut alone);
    let said = fail(125, &mut alone);
    assert!(said.contains("needs a code of arn:aws:iam::111122223333:mfa/alice"), "{said}");
    assert!(said.contains("run: leapp login guarded"), "{said}");
    let on_terminal = |code: &str| {
        let mut command = std::process::Command::new("script");
        let line = format!("{} login guarded", env!("CARGO_BIN_EXE_leapp"));
        command.args(["-qec", &line, "/dev/null"]);
        home.surround(&mut command);
        text(&crate::harness::run_with_input(&mut command, format!("{code}\n").as_bytes()).stdout)
    };
    assert!(on_terminal("000000").contains("MultiFactorAuthentication failed"), "a wrong code");
    assert!(on_terminal("12345").contains("an MFA code has six digits"));
    assert!(on_terminal("123456").contains("signed in to `guarded`"), "the right code");
    succeed(&mut home.leapp(["exec", "guarded", "--", "true"]));
}
