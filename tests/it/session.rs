//! `leapp session`: the config as it is on the disk before and after.

mod home;
mod terminal;

use std::{fs, os::unix::fs::PermissionsExt as _, thread};

use home::{Home, federated};
use leapp::vault::EntryName;
use nix::sys::signal::Signal;
use terminal::Terminal;

#[test]
fn the_first_session_makes_a_private_file() {
    let home = Home::new();
    let run = home.leapp(&federated("corp"));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.out, "");
    assert!(run.err.contains("added `corp` to ~/.config/leapp/config.toml"), "{run:?}");
    assert!(home.config().starts_with("# The sessions of leapp."));
    assert_eq!(home.mode(".config/leapp/config.toml"), 0o600);
    assert_eq!(home.mode(".config/leapp"), 0o700);
    assert_eq!(home.mode(".config"), 0o700);
    assert_eq!(home.leapp(&["list", "--json"]).json()[0]["session"], "corp");
}

#[test]
fn every_flag_ends_in_its_field() {
    let home = Home::with_corp();
    let run = home.leapp(&[
        "session",
        "add",
        "chained",
        "prod",
        "--assumer",
        "corp",
        "--role-arn",
        "arn:aws:iam::444455556666:role/t/Deploy",
        "--role-session-name",
        "{user}",
        "--external-id",
        "id",
        "--source-identity",
        "alice",
        "--tags",
        "a=b",
        "--tags",
        "c d=e",
        "--transitive-tags",
        "a",
        "--policy-arns",
        "arn:aws:iam::aws:policy/A",
        "--policy",
        r#"{"a":"it's"}"#,
        "--mfa-device",
        "arn:aws:iam::111122223333:mfa/a",
        "--region",
        "eu-west-1",
        "--profile",
        "prod",
        "--duration",
        "1h30m",
        "--protected",
        "--exec",
        "refresh",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    let shown = home.leapp(&["session", "show", "prod", "--json"]).json();
    let wanted = serde_json::json!({
        "session": "prod", "kind": "chained", "assumer": "corp",
        "role_arn": "arn:aws:iam::444455556666:role/t/Deploy", "role_session_name": "{user}", "external_id": "id",
        "source_identity": "alice", "tags": { "a": "b", "c d": "e" }, "transitive_tags": ["a"],
        "policy_arns": ["arn:aws:iam::aws:policy/A"], "policy": r#"{"a":"it's"}"#,
        "mfa_device": "arn:aws:iam::111122223333:mfa/a", "region": "eu-west-1", "profile": "prod",
        "duration": "90m", "protected": true, "auto": "ask",
        "exec": "refresh",
        "chain": ["corp", "prod"], "account": "444455556666", "partition": "aws", "effective_region": "eu-west-1",
        "file": "~/.config/leapp/config.toml", "line": 9,
    });
    assert_eq!(shown, wanted);
    let text = home.leapp(&["session", "show", "prod"]).out;
    for part in [
        "assumer            corp\n",
        "chain              corp → prod\n",
        "in CloudTrail      alice\n",
        "config.toml:9\n",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn without_a_terminal_one_error_names_all_that_is_missing() {
    let home = Home::with_corp();
    let federated =
        home.leapp(&["session", "add", "federated", "x", "--idp-arn", "arn:aws:iam::111122223333:saml-provider/x"]);
    assert_eq!((federated.code, federated.out.as_str()), (2, ""));
    assert!(federated.err.contains("missing is: --saml-url, --role-arn\n"), "{federated:?}");
    let chained = home.leapp(&["session", "add", "chained"]);
    assert!(
        chained.err.contains(
            "missing is: NAME, --assumer, --role-arn\n  with all of it: leapp session add chained NAME --assumer"
        ),
        "{chained:?}"
    );
    for (arguments, said) in [
        (&["session", "add"] as &[&str], "run: leapp session add chained --help"),
        (&["session", "edit", "corp"], "no setting is named"),
        (&["session", "remove", "corp"], "run: leapp session remove --yes corp"),
    ] {
        let run = home.leapp(arguments);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains(said), "{run:?}");
    }
}

#[test]
fn a_bad_flag_is_told_before_anything_else() {
    let home = Home::new();
    home.write("not = [ toml");
    let run = home.leapp(&["session", "add", "federated", "--role-arn", "Admin"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("leapp: cannot take --role-arn: not the ARN of a role"), "{run:?}");
    let run = home.leapp(&["session", "edit", "x", "--duration", "1m"]);
    assert!(run.err.starts_with("leapp: cannot take --duration: a session lasts 15m to 12h"), "{run:?}");
}

#[test]
fn a_config_that_is_not_valid_is_never_written() {
    let home = Home::new();
    for broken in ["not = [ toml", "[sessions.x]\nkind = \"chained\"\nassumer = \"gone\"\nrole_arn = \"x\"\n"] {
        home.write(broken);
        for arguments in
            [&federated("corp") as &[&str], &["session", "remove", "x", "-y"], &["session", "rename", "x", "y"]]
        {
            let run = home.leapp(arguments);
            assert_eq!(run.code, 2, "{run:?}");
            assert!(run.err.starts_with("leapp: ~/.config/leapp/config.toml:"), "{run:?}");
            assert_eq!(home.config(), broken);
        }
    }
}

#[test]
fn an_edit_that_would_break_the_config_changes_nothing() {
    let home = Home::with_chain();
    let before = home.config();
    for (arguments, said) in [
        (&["edit", "prod", "--assumer", "dev"] as &[&str], "the sessions assume one another in a circle"),
        (&["edit", "corp", "--region", "cn-north-1"], "give: --region us-east-1"),
        (&["edit", "prod", "--tags", "a=b", "--tags", "a=c"], "cannot take --tags: the tag `a` is given twice"),
        (
            &["edit", "prod", "--saml-url", "https://x.test/"],
            "cannot take --saml-url: it belongs to federated sessions",
        ),
        (&["edit", "prod", "--unset", "assumer"], "a chained session needs it"),
        (&["edit", "prod", "--unset", "regio"], "did you mean `region`?"),
        (&["edit", "prdo", "--region", "eu-west-1"], "did you mean `prod`?"),
        (&["rename", "prod", "dev"], "there is a session `dev` already"),
        (&["rename", "prod", "a b"], "cannot take `a b` as a name"),
        (&["rename", "nope", "x"], "there is no session `nope`"),
        (
            &["remove", "-y", "corp"],
            "`dev` and `prod` are chained from it\n  to remove those as well, run: leapp session remove --chained corp",
        ),
        (&["show", "\u{1b}[2J"], "there is no session `\\u{1b}[2J`"),
    ] {
        let run = home.leapp(&[&["session"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert!(run.err.contains(said), "{said} in {run:?}");
        assert_eq!(home.config(), before);
    }
}

#[test]
fn sessions_are_edited_renamed_and_removed() {
    let home = Home::with_chain();
    let with_comment = format!("# mine\r\n{}# end", home.config());
    home.write(&with_comment);
    let run = home.leapp(&["session", "edit", "dev", "--region", "eu-west-1", "--protected", "--unset", "external-id"]);
    assert!(run.err.contains("`dev`: region: eu-west-1 (was not set)"), "{run:?}");
    assert!(run.err.contains("`dev`: protected: true (was false)"), "{run:?}");
    assert!(home.config().starts_with("# mine\r\n# The sessions"));
    assert!(home.config().ends_with("# end"));
    let run = home.leapp(&["session", "edit", "dev", "--protected=false", "--region=eu-west-1"]);
    assert_eq!(run.err, "leapp: `dev`: protected: false (was true)\n");
    assert_eq!(home.leapp(&["session", "edit", "dev", "--region=eu-west-1"]).err, "leapp: `dev` is as it was\n");
    let run = home.leapp(&["session", "rename", "prod", "live"]);
    assert_eq!(run.err, "leapp: renamed `prod` to `live`\nleapp: `dev` starts from `live` now\n");
    assert_eq!(home.leapp(&["session", "show", "--json", "dev"]).json()["chain"][1], "live");
    let run = home.leapp(&["session", "remove", "--yes", "--chained", "live"]);
    assert!(run.err.starts_with("leapp: removed `live` and `dev` from"), "{run:?}");
    assert_eq!(home.leapp(&["list", "--json"]).json().as_array().map(Vec::len), Some(1));
    assert!(home.config().ends_with("\n# end"));
}

#[test]
fn removing_a_session_forgets_its_credentials() {
    let home = Home::with_chain();
    let vault = home.path(".local/state/leapp/vault");
    fs::create_dir_all(&vault).expect("folder");
    let kept = |alias: &str| vault.join(EntryName::new(alias, "0123456789abcdef", "credentials").as_str());
    for alias in ["corp", "prod", "dev", "dev2"] {
        fs::write(kept(alias), "sealed").expect("written");
    }
    let run = home.leapp(&["session", "remove", "-y", "--chained", "prod"]);
    assert!(run.err.ends_with("\nleapp: signed out of `dev`, `prod`\n"), "{run:?}");
    assert_eq!(["corp", "prod", "dev", "dev2"].map(|alias| kept(alias).exists()), [true, false, false, true]);
    assert!(home.path(".local/state/leapp/gen").exists());
}

#[test]
fn twenty_at_once_lose_nothing() {
    let home = Home::with_corp();
    thread::scope(|scope| {
        for n in 0..20 {
            let home = &home;
            scope.spawn(move || {
                let run = home.leapp(&federated(&format!("s{n}")));
                assert_eq!(run.code, 0, "{run:?}");
            });
        }
    });
    assert_eq!(home.leapp(&["list", "--json"]).json().as_array().map(Vec::len), Some(21));
    assert_eq!(fs::read_dir(home.path(".config/leapp")).expect("folder").count(), 1, "temporary files are left");
}

#[test]
fn a_link_stays_and_so_do_mode_and_owner() {
    let home = Home::with_corp();
    let (link, real) = (home.path(".config/leapp/config.toml"), home.path("dotfiles/leapp.toml"));
    fs::create_dir(home.path("dotfiles")).expect("folder");
    fs::rename(&link, &real).expect("moved");
    std::os::unix::fs::symlink("../../dotfiles/leapp.toml", &link).expect("linked");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("mode");
    // Only root may give a file to any group; for everybody else it stays as it is.
    let _ = std::os::unix::fs::chown(&real, None, Some(12346));
    let owner = home.owner("dotfiles/leapp.toml");
    assert_eq!(home.leapp(&federated("other")).code, 0);
    assert!(link.is_symlink());
    assert!(home.config().contains("[sessions.other]"));
    assert_eq!((home.mode("dotfiles/leapp.toml"), home.owner("dotfiles/leapp.toml")), (0o640, owner));
    // A link to a file that is not there yet.
    fs::remove_file(&real).expect("removed");
    assert_eq!(home.leapp(&federated("corp")).code, 0);
    assert!(link.is_symlink() && real.is_file());
}

#[test]
fn a_config_that_others_may_write_is_refused() {
    let home = Home::with_corp();
    let file = home.path(".config/leapp/config.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("mode");
    let run = home.leapp(&["list"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("everybody may write to it\n  run: chmod o-w ~/.config/leapp/config.toml"), "{run:?}");
    // Only root may give a file away.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("mode");
    if std::os::unix::fs::chown(&file, Some(12345), None).is_ok() {
        let run = home.leapp(&["list"]);
        assert!(run.err.contains("it belongs to somebody else"), "{run:?}");
    }
}

#[test]
fn where_nothing_can_be_written_the_old_file_stays() {
    let home = Home::with_corp();
    let before = home.config();
    let run = home.leapp_through("trap '' XFSZ; ulimit -f 0; exec \"$@\"", &federated("other"));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.starts_with("leapp: cannot write ~/.config/leapp/config.toml: File too large"), "{run:?}");
    assert!(run.err.contains("nothing was changed"), "{run:?}");
    assert_eq!(home.config(), before);
    assert_eq!(fs::read_dir(home.path(".config/leapp")).expect("folder").count(), 1, "temporary files are left");
    fs::set_permissions(home.path(".config/leapp/config.toml"), fs::Permissions::from_mode(0o400)).expect("mode");
    let run = home.leapp(&federated("other"));
    assert!(run.err.contains("~/.config/leapp/config.toml is read-only"), "{run:?}");
    assert_eq!(home.config(), before);
}

#[test]
fn where_no_file_can_be_made_it_says_so() {
    let home = Home::new();
    fs::write(home.path("file"), "").expect("written");
    let run = home.leapp_in(&[("LEAPP_CONFIG", "/proc/leapp/config.toml")], &federated("corp"));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.starts_with("leapp: cannot write /proc/leapp/config.toml: "), "{run:?}");
    let inside_file = home.path("file/config.toml");
    let run = home.leapp_in(&[("LEAPP_CONFIG", inside_file.to_str().expect("text"))], &federated("corp"));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("~/file/config.toml: Not a directory"), "{run:?}");
}

#[test]
fn what_is_missing_is_asked_for_and_each_answer_is_checked() {
    let home = Home::new();
    let mut terminal = Terminal::run(&home, &["session", "add", "federated"]);
    terminal.answers("alias: ", "a b");
    terminal.expect("an alias has 1 to 64");
    terminal.answers("alias: ", "corp");
    terminal.answers("SAML 2.0 URL: ", "http://acme.test/");
    terminal.expect("a sign-in goes over https");
    terminal.answers("SAML 2.0 URL: ", "https://acme.test/");
    terminal.answers("role ARN: ", "arn:aws:iam::111122223333:role/Admin");
    terminal.answers("AWS identity provider ARN: ", "arn:aws:iam::999922223333:saml-provider/okta");
    terminal.answers("region [none]: ", "");
    // The whole is checked too; what was answered is the default the second time.
    terminal.expect("the provider is in account 999922223333");
    terminal.answers("SAML 2.0 URL [https://acme.test/]: ", "");
    terminal.answers("role ARN [arn:aws:iam::111122223333:role/Admin]: ", "");
    terminal.answers(
        "ARN [arn:aws:iam::999922223333:saml-provider/okta]: ",
        "arn:aws:iam::111122223333:saml-provider/okta",
    );
    terminal.answers("region [none]: ", "eu-west-1");
    let (code, out) = terminal.end();
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(home.leapp(&["list", "--json"]).json()[0]["region"], "eu-west-1");

    let mut terminal = Terminal::run(
        &home,
        &["session", "add", "federated", "corp2", "--role-arn", "arn:aws:iam::111122223333:role/B"],
    );
    terminal.answers("SAML 2.0 URL [https://acme.test/]: ", "");
    terminal.answers("ARN [arn:aws:iam::111122223333:saml-provider/okta]: ", "");
    terminal.answers("region [none]: ", "");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn the_kind_and_the_assumer_are_picked() {
    let home = Home::with_chain();
    let mut terminal = Terminal::run(&home, &["session", "add"]);
    terminal.answers("kind", "chai");
    terminal.answers("alias: ", "new");
    terminal.answers("assumer session", "prod");
    terminal.answers("role ARN: ", "arn:aws:iam::444455556666:role/New");
    terminal.answers("region [none]: ", "");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(home.leapp(&["session", "show", "--json", "new"]).json()["assumer"], "prod");
}

#[test]
fn a_profile_is_picked_among_those_that_are_there() {
    let home = Home::new();
    fs::create_dir(home.path(".aws")).expect("made");
    fs::write(home.path(".aws/config"), "[default]\n[profile work]\nregion = eu-north-1\n[sso-session x]\n")
        .expect("written");
    let mut terminal = Terminal::run(&home, &["session", "add"]);
    terminal.answers("kind", "profile");
    terminal.answers("alias: ", "base");
    terminal.answers("profile of ~/.aws/config", "work");
    terminal.answers("region [eu-north-1]: ", "");
    assert_eq!(terminal.end().0, Some(0));
    let shown = home.leapp(&["session", "show", "--json", "base"]).json();
    assert_eq!((&shown["source_profile"], &shown["region"]), (&"work".into(), &serde_json::Value::Null));
}

#[test]
fn ctrl_c_writes_nothing_and_leaves_the_terminal_as_it_was() {
    for (place, arguments) in [("alias: ", &["session", "add", "federated"] as &[&str]), ("kind", &["session", "add"])]
    {
        let home = Home::new();
        let mut terminal = Terminal::run(&home, arguments);
        terminal.expect(place);
        terminal.settle();
        terminal.send("\u{3}");
        terminal.expect("nothing was done: you ended it");
        let (code, out) = terminal.end();
        assert_eq!((code, out.as_str()), (Some(130), ""), "{place}");
        assert!(!home.path(".config").exists());
    }
}

#[test]
fn a_signal_ends_a_question_and_leaves_the_terminal_as_it_was() {
    for (place, arguments) in [("alias: ", &["session", "add", "federated"] as &[&str]), ("kind", &["session", "add"])]
    {
        for signal in [Signal::SIGTERM, Signal::SIGHUP] {
            let mut terminal = Terminal::run(&Home::new(), arguments);
            terminal.expect(place);
            terminal.settle();
            terminal.signal(signal);
            assert_eq!(terminal.end(), (None, String::new()), "{place}: ended by {signal}");
        }
    }
}

#[test]
fn an_edit_without_flags_asks_for_each_setting() {
    let home = Home::with_chain();
    assert_eq!(home.leapp(&["session", "edit", "dev", "--external-id", "abc"]).code, 0);
    let mut terminal = Terminal::run(&home, &["session", "edit", "dev"]);
    terminal.expect("Enter keeps a setting, - removes it.");
    terminal.answers("assumer session", "");
    terminal.answers("role ARN [arn:aws:iam::444455556666:role/dev]: ", "");
    terminal.answers("region [none]: ", "eu");
    terminal.answers("region [none]: ", "eu-west-1");
    terminal.answers("named profile [none]: ", "");
    terminal.answers("duration [none]: ", "4h");
    terminal.answers("role session name [{user}@{host}]: ", "");
    terminal.answers("external id [abc]: ", "-");
    terminal.answers("source identity [none]: ", "");
    terminal.answers("session tags, KEY=VALUE", "a=b, c=d");
    for label in ["transitive tags", "policy ARNs", "inline policy", "MFA device"] {
        terminal.answers(label, "");
    }
    terminal.answers("protected (true or false) [false]: ", "yes");
    terminal.answers("directories may switch to it (ask, allow or never) [ask]: ", "");
    terminal.answers("exec (refresh or once) [once]: ", "");
    for said in [
        "region: eu-west-1 (was not set)",
        "duration: 4h",
        "external_id: not set (was abc)",
        "a=b, c=d",
        "protected: true",
    ] {
        terminal.expect(said);
    }
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_removal_is_asked_about() {
    let home = Home::with_corp();
    let before = home.config();
    let mut terminal = Terminal::run(&home, &["session", "remove", "corp"]);
    terminal.answers("Remove `corp` from ~/.config/leapp/config.toml? [y/N] ", "");
    terminal.expect("nothing was removed");
    assert_eq!(terminal.end().0, Some(1));
    assert_eq!(home.config(), before);
    let mut terminal = Terminal::run(&home, &["session", "remove", "corp"]);
    terminal.answers("[y/N] ", "y");
    assert_eq!(terminal.end().0, Some(0));
    assert!(!home.config().contains("corp"));
}
