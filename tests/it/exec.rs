//! `leapp exec`: the child, its environment, its exit code.

use std::{fs, os::unix::process::ExitStatusExt as _, process::Stdio};

use crate::harness::{Home, fail, succeed, text, variables, write_program};

#[test]
fn the_child_has_the_sessions_credentials_and_no_others() {
    let home = Home::new();
    home.sign_in("corp");
    let set = variables(&home, &["prod"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"] {
        assert!(set.get(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
    assert_eq!(set["AWS_REGION"], "eu-west-1");
    assert_eq!(set["AWS_DEFAULT_REGION"], "eu-west-1");
    assert_eq!(set["LEAPP_SESSION"], "prod");
    assert_eq!(variables(&home, &["prod", "--region", "us-west-2"])["AWS_REGION"], "us-west-2");
}

#[test]
fn every_competitor_is_taken_out_of_the_childs_environment() {
    let home = Home::new();
    home.sign_in("corp");
    let competitors = [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_ACCOUNT_ID",
        "AWS_SESSION_EXPIRATION",
    ];
    let mut command = home.leapp(["exec", "corp", "--", "env"]);
    command.envs(competitors.map(|name| (name, "of-somebody-else")));
    command.env("AWS_CREDENTIAL_EXPIRATION", "2001-01-01T00:00:00Z").env("AWS_ACCESS_KEY_ID", "of-somebody-else");
    let seen = succeed(&mut command);
    assert!(!seen.contains("of-somebody-else") && !seen.contains("2001-01-01"), "{seen}");
}

#[test]
fn the_calling_shells_credentials_are_never_used() {
    let home = Home::new();
    home.sign_in("corp");
    let mut command = home.leapp(["exec", "prod", "--", "true"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAOFTHESHELL").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_PROFILE", "nosuch");
    succeed(&mut command);
    let keys: Vec<String> = home.requests().iter().map(|request| request["access_key"].to_string()).collect();
    assert!(!keys.iter().any(|key| key.contains("OFTHESHELL")), "{keys:?}");
}

#[test]
fn the_real_aws_cli_is_who_the_session_says() {
    let home = Home::new();
    home.sign_in("corp");
    let aws = format!("{}/aws", crate::harness::bed("LEAPP_BED_BIN"));
    let who = |session| {
        let words = ["exec", session, "--", &aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        succeed(&mut home.leapp(words)).trim().to_owned()
    };
    assert_eq!(who("corp"), "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org");
    assert!(who("prod").starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/alice@"));
}

#[test]
fn exit_codes_are_the_commands_own_or_say_whose_fault_it_was() {
    let home = Home::new();
    home.sign_in("corp");
    fail(7, &mut home.leapp(["exec", "corp", "--", "sh", "-c", "exit 7"]));
    let killed = home.leapp(["exec", "corp", "--", "sh", "-c", "kill -TERM $$"]).status().expect("started");
    assert_eq!(killed.signal(), Some(15), "execve: the signal is the child's own");
    assert!(fail(127, &mut home.leapp(["exec", "corp", "--", "no-such-command"])).contains("there is no such command"));
    assert!(fail(126, &mut home.leapp(["exec", "corp", "--", "/etc/passwd"])).contains("may not be executed"));
    assert_eq!(
        fail(125, &mut home.leapp(["exec", "crop", "--", "true"])),
        "leapp: there is no session `crop`\n  did you mean `corp`?\n"
    );
    fail(125, &mut home.leapp(["exec", "corp", "--region", "nowhere", "--", "true"]));
    assert!(fail(125, &mut home.leapp(["exec", "--no-such-option", "corp"])).contains("unexpected argument"));
    assert!(fail(125, &mut home.leapp(["exec", "--", "true"])).contains("no session is named"));
}

#[test]
fn a_script_whose_interpreter_is_missing_is_no_missing_command() {
    let home = Home::new();
    home.sign_in("corp");
    let script = home.path("my-script");
    write_program(&script, "#! /no/such/python -u\r\nprint()\n");
    let path = format!("{}:{}", std::env::var("PATH").expect("a path"), home.path("").display());
    for words in [["exec", "corp", "my-script"].as_slice(), &["exec", "--refresh", "corp", "my-script"]] {
        let said = fail(127, home.leapp(words).env("PATH", &path));
        assert!(said.starts_with("leapp: cannot run `my-script`: /"), "{said}");
        assert!(said.ends_with("/my-script is there, but not its interpreter `/no/such/python`\n"), "{said}");
    }
    // As an editor of another system leaves it.
    fs::write(&script, "#!/bin/sh\r\n").expect("written");
    let said = fail(127, home.leapp(["exec", "corp", "--", script.to_str().expect("UTF-8")]).env("PATH", ""));
    assert!(said.contains("is there, but not its interpreter `/bin/sh\\u{d}`\n"), "{said}");
}

#[test]
fn a_directory_whose_file_does_not_count_is_said() {
    let home = Home::new();
    home.sign_in("corp");
    let folder = home.path("w");
    fs::create_dir(&folder).expect("made");
    let leapp = |words: &[&str]| {
        let mut command = home.leapp(words.iter().copied());
        command.current_dir(&folder);
        command
    };
    let said = |file: &str, code: i32, words: &[&str]| {
        fs::write(folder.join(".leapp"), file).expect("written");
        fail(code, &mut leapp(words))
    };
    let unknown = "leapp: no session is named: ~/w/.leapp asks for session `prod`\n  run: leapp allow\n";
    assert_eq!(said("prod\n", 125, &["exec", "--", "true"]), unknown);
    assert_eq!(said("prod\n", 2, &["env", "--shell", "sh"]), unknown);
    assert_eq!(said("prod\n", 2, &["login"]), unknown);
    assert_eq!(fail(2, &mut leapp(&["allow", "/nonexistent"])), "leapp: there is no file /nonexistent\n");
    succeed(&mut leapp(&["deny"]));
    assert!(said("prod\n", 2, &["login"]).contains("`prod`, and is denied\n  run: leapp allow\n"));
    assert!(said("crop\n", 2, &["login"]).contains("asks for session `crop`, and there is none\n  run: leapp list\n"));
    assert!(said("a b\n", 2, &["login"]).contains("~/w/.leapp is not used: "));
    fs::write(folder.join(".leapp"), "prod\n").expect("written");
    succeed(&mut leapp(&["allow"]));
    assert_eq!(succeed(&mut leapp(&["exec", "--", "sh", "-c", "echo $LEAPP_SESSION"])), "prod\n");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("[sessions.prod]\n", "[sessions.prod]\nprotected = true\n"));
    assert_eq!(
        said("prod\n", 2, &["login"]),
        "leapp: no session is named: no directory switches to `prod`, as ~/w/.leapp asks\n  \
         to use it all the same, name it: prod\n"
    );
}

#[test]
fn a_command_in_the_place_of_the_session_is_told_apart() {
    let home = Home::new();
    home.sign_in("corp");
    fs::write(home.path(".leapp"), "corp\n").expect("written");
    let said = || fail(125, home.leapp(["exec", "sh", "-c", "echo $A"]).current_dir(home.path("")));
    let hints = "leapp: there is no session `sh`\n  run: leapp list\n ";
    assert_eq!(said(), format!("{hints} to run a program, name a session: leapp exec SESSION -- sh -c 'echo $A'\n"));
    succeed(home.leapp(["allow"]).current_dir(home.path("")));
    assert_eq!(said(), format!("{hints} run: leapp exec -- sh -c 'echo $A'\n"));
    assert!(!fail(125, &mut home.leapp(["exec", "no-such-thing", "x"])).contains("exec SESSION"));
}

#[test]
fn kept_credentials_are_traced() {
    let home = Home::new();
    home.sign_in("corp");
    let output = home.leapp(["-v", "exec", "corp", "--", "true"]).output().expect("started");
    let said = text(&output.stderr);
    let who = "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org";
    assert!(said.contains(&format!("leapp: · taking the kept credentials of `corp`: {who}, ")), "{said}");
    assert!(said.ends_with(" left\n"), "{said}");
    assert_eq!(text(&home.leapp(["exec", "corp", "--", "true"]).output().expect("started").stderr), "");
}

#[test]
fn no_parent_stays_and_nothing_is_printed() {
    let home = Home::new();
    home.sign_in("corp");
    let mut child = home
        .leapp(["exec", "corp", "--", "sh", "-c", "echo $$; exec 1>&-; read wait"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut printed = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().expect("piped"), &mut printed).expect("read");
    assert_eq!(printed.trim(), child.id().to_string(), "the child is the process that was started");
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn without_a_command_the_users_shell_starts() {
    let home = Home::new();
    home.sign_in("corp");
    let shell = home.path("my-shell");
    write_program(&shell, "#!/bin/sh\necho \"shell of $LEAPP_SESSION\"\n");
    assert_eq!(succeed(home.leapp(["exec", "corp"]).env("SHELL", &shell)), "shell of corp\n");
}

#[test]
fn what_is_written_after_the_command_is_the_commands_own() {
    let home = Home::new();
    home.sign_in("corp");
    let echoed = |words: &[&str]| succeed(&mut home.leapp(words.iter().copied()));
    assert_eq!(echoed(&["exec", "corp", "--", "echo", "--region", "x", "--", "-v"]), "--region x -- -v\n");
    assert_eq!(echoed(&["exec", "corp", "echo", "-n", "--help"]), "--help");
}

#[test]
fn a_missing_or_broken_config_is_said_before_anything_else() {
    let home = Home::empty();
    let said = fail(125, &mut home.leapp(["exec", "corp", "--", "true"]));
    assert!(said.contains("there is no session `corp`: ~/.config/leapp/config.toml has none"), "{said}");
    home.write_config("[sessions.corp]\nkind = \"federated\"\nsaml_ulr = \"x\"\n");
    let said = fail(125, &mut home.leapp(["exec", "corp", "--", "true"]));
    let start = "leapp: ~/.config/leapp/config.toml:3: sessions.corp.saml_ulr: there is no such key, and `saml_url` is";
    assert!(said.starts_with(start) && said.contains("did you mean `saml_url`?"), "{said}");
    assert!(fail(125, home.leapp(["exec", "corp"]).env_remove("HOME")).contains("HOME is not set"));
}
