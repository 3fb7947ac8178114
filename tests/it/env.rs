//! `leapp env`: what a shell evaluates, and that a failure never lets the line go on.

use std::process::Command;

use crate::harness::{Home, bed, fail, succeed, text};

/// Runs a script in a shell that finds `leapp` on its path.
fn in_shell(home: &Home, shell: &[&str], script: &str) -> String {
    let output = shell_command(home, shell, script).output().expect("started");
    text(&output.stdout)
}

fn shell_command(home: &Home, shell: &[&str], script: &str) -> Command {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(script);
    home.surround(&mut command);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_leapp"));
    let folder = program.parent().expect("a folder").display().to_string();
    command.env("PATH", format!("{folder}:{}:{}", bed("LEAPP_BED_BIN"), std::env::var("PATH").expect("PATH")));
    command.env("AWS_ACCESS_KEY_ID", "OUTER").env("AWS_SECRET_ACCESS_KEY", "OUTER").env("AWS_PROFILE", "outer");
    command
}

const LOADED: &str = "eval \"$(leapp env prod)\" && echo \"$LEAPP_SESSION ${AWS_PROFILE-none} $AWS_REGION\"";

#[test]
fn each_shell_is_recognised_and_loads_the_credentials() {
    let home = Home::new();
    home.sign_in("corp");
    for shell in [&["bash", "-c"][..], &["zsh", "-fc"], &["dash", "-c"], &["ksh93", "-c"], &["mksh", "-c"]] {
        assert_eq!(in_shell(&home, shell, LOADED), "prod none eu-west-1\n", "{shell:?}");
    }
    let fish = "leapp env prod | source; and echo $LEAPP_SESSION (set -q AWS_PROFILE; or echo none) $AWS_REGION";
    assert_eq!(in_shell(&home, &["fish", "--no-config", "-c"], fish), "prod none eu-west-1\n");
    let tcsh = "eval \"`leapp env prod`\" && echo $LEAPP_SESSION $?AWS_PROFILE $AWS_REGION";
    assert_eq!(in_shell(&home, &["tcsh", "-fc"], tcsh), "prod 0 eu-west-1\n");
    let elvish = "leapp env prod | eval (slurp); echo $E:LEAPP_SESSION (has-env AWS_PROFILE) $E:AWS_REGION";
    assert_eq!(in_shell(&home, &["elvish", "-norc", "-c"], elvish), "prod $false eu-west-1\n");
}

#[test]
fn a_failure_unsets_what_was_there_and_stops_the_line() {
    let home = Home::new();
    let cases =
        ["env nosuch", "env", "env prod --duration 99h", "env --no-such-option prod", "env prod --shell nosuch"];
    for arguments in cases {
        let script = format!("eval \"$(leapp {arguments})\" && echo went on; echo \"<${{AWS_ACCESS_KEY_ID-none}}>\"");
        for shell in [&["bash", "-c"][..], &["zsh", "-fc"], &["dash", "-c"], &["ksh93", "-c"]] {
            assert_eq!(in_shell(&home, shell, &script), "<none>\n", "{shell:?} {arguments}");
        }
    }
    let fish = "leapp env nosuch | source; and echo went on; set -q AWS_ACCESS_KEY_ID; or echo none";
    assert_eq!(in_shell(&home, &["fish", "--no-config", "-c"], fish), "none\n");
}

#[test]
fn what_is_said_to_the_person_never_reaches_the_shell() {
    let home = Home::new();
    let output = shell_command(&home, &["bash", "-c"], "leapp env nosuch").output().expect("started");
    assert!(!text(&output.stdout).contains("session `nosuch`"));
    assert!(text(&output.stderr).starts_with("leapp: there is no session `nosuch`\n"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn unset_takes_everything_out() {
    let home = Home::new();
    home.sign_in("corp");
    let script = "eval \"$(leapp env corp)\"; eval \"$(leapp env --unset)\" && env | grep -cE '^(AWS_ACCESS|AWS_SE|AWS_REGION|LEAPP_SESSION)'";
    assert_eq!(in_shell(&home, &["bash", "-c"], script), "0\n");
}

#[test]
fn formats_are_for_programs() {
    let home = Home::new();
    home.sign_in("corp");
    let json: serde_json::Value =
        serde_json::from_str(&succeed(&mut home.leapp(["env", "corp", "--format", "json"]))).expect("JSON");
    assert_eq!(json["LEAPP_SESSION"], "corp");
    let dotenv = succeed(&mut home.leapp(["env", "corp", "--format", "dotenv"]));
    assert!(dotenv.lines().any(|line| line.starts_with("AWS_ACCESS_KEY_ID=")), "{dotenv}");
    let failed = home.leapp(["env", "nosuch", "--format", "json"]).output().expect("started");
    assert_eq!(text(&failed.stdout), "");
}

#[test]
fn a_protected_session_is_asked_for_and_never_assumed() {
    let home = Home::new();
    home.add_config(&crate::harness::chained("live", "corp", crate::harness::DEPLOY, "protected = true"));
    home.sign_in("corp");
    let mut command = Command::new("setsid");
    command.args(["-w", env!("CARGO_BIN_EXE_leapp"), "env", "live", "--shell", "sh"]);
    home.surround(&mut command);
    let said = fail(1, &mut command);
    assert!(said.contains("`live` is protected: there is no terminal to ask on"), "{said}");
    assert!(said.contains("leapp env --yes live"), "{said}");
    succeed(&mut home.leapp(["env", "live", "--yes"]));
    succeed(&mut home.leapp(["exec", "live", "--", "true"]));
}

#[test]
fn a_line_stops_even_where_leapp_has_no_time_to_say_anything() {
    let mut home = Home::new();
    home.sign_in("corp");
    home.sts_path = "/fault/hang".into();
    let ends = ["timeout 1 leapp env prod", "timeout -s KILL 1 leapp env prod", "ulimit -s 64; leapp env prod"];
    for end in ends {
        let script = format!("eval \"$({end} 2>/dev/null)\" && echo went on; echo \"<${{AWS_ACCESS_KEY_ID-none}}>\"");
        for shell in [&["bash", "-c"][..], &["zsh", "-fc"], &["dash", "-c"], &["ksh93", "-c"], &["mksh", "-c"]] {
            let said = in_shell(&home, shell, &script);
            assert!(!said.contains("went on"), "{shell:?} {end}: {said}");
        }
        let strict = format!("set -e; eval \"$({end} 2>/dev/null)\"; echo went on");
        assert_eq!(in_shell(&home, &["bash", "-c"], &strict), "", "{end}");
    }
    let script =
        "eval \"$(timeout 1 leapp env prod 2>/dev/null)\" && echo went on; echo \"<${AWS_ACCESS_KEY_ID-none}>\"";
    assert_eq!(in_shell(&home, &["bash", "-c"], script), "<none>\n");
    let fish =
        "timeout 1 leapp env prod 2>/dev/null | source; and echo went on; set -q AWS_ACCESS_KEY_ID; or echo none";
    assert_eq!(in_shell(&home, &["fish", "--no-config", "-c"], fish), "none\n");
    let tcsh = "eval \"`timeout 1 leapp env prod`\" && echo went on; echo $?AWS_ACCESS_KEY_ID";
    assert_eq!(in_shell(&home, &["tcsh", "-fc"], tcsh), "0\n");
    let xonsh = "with ${...}.swap(XONSH_SUBPROC_RAISE_ERROR=False): execx($(timeout 1 leapp env prod) or \"raise RuntimeError('no answer')\")\nprint('went on')";
    let program = format!("{}/xonsh", bed("LEAPP_BED_BIN"));
    assert_eq!(in_shell(&home, &[&program, "--no-rc", "-c"], xonsh), "");
}

#[test]
fn a_verb_that_was_misspelt_or_misplaced_stops_the_line_too() {
    let home = Home::new();
    for words in ["leapp --region eu-west-1 env prod", "leapp evn prod", "leapp '' env prod", "leapp"] {
        let script = format!("eval \"$({words} 2>/dev/null)\" && echo went on; echo \"<${{AWS_ACCESS_KEY_ID-none}}>\"");
        assert_eq!(in_shell(&home, &["bash", "-c"], &script), "<none>\n", "{words}");
    }
}

#[test]
fn a_strict_script_goes_on_with_new_credentials() {
    let home = Home::new();
    home.sign_in("corp");
    let script = "set -eu; eval \"$(leapp env prod)\"; echo \"$LEAPP_SESSION\"";
    for shell in [&["bash", "-c"][..], &["zsh", "-fc"], &["dash", "-c"], &["ksh93", "-c"], &["mksh", "-c"]] {
        assert_eq!(in_shell(&home, shell, script), "prod\n", "{shell:?}");
    }
}

#[test]
fn the_region_of_one_session_is_not_left_to_the_next() {
    let home = Home::new();
    home.write_config(&format!(
        "{}{}",
        crate::harness::federated("corp", "ssp", crate::harness::ADMIN, "region = \"ap-southeast-2\""),
        crate::harness::chained("prod", "corp", crate::harness::DEPLOY, ""),
    ));
    home.sign_in("corp");
    let script = "eval \"$(leapp env corp)\"; eval \"$(leapp env prod)\"; echo \"$LEAPP_SESSION <${AWS_REGION-none}>\"";
    assert_eq!(in_shell(&home, &["bash", "-c"], script), "prod <none>\n");
    let own = "export AWS_REGION=eu-north-1; eval \"$(leapp env prod)\"; echo \"<${AWS_REGION-none}>\"";
    assert_eq!(in_shell(&home, &["bash", "-c"], own), "<eu-north-1>\n", "the person's own choice stays");
    let said = fail(125, &mut home.leapp(["exec", "prod", "--region", "cn-north-1", "--", "true"]));
    assert!(said.contains("`cn-north-1` is a region of aws-cn"), "{said}");
}
