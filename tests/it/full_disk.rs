//! Where no file can grow: an error that says so, nothing lost, and nothing left behind.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
    process::{Command, Output},
};

use crate::harness::{Home, assertion, fail, run_with_input, succeed, text, variables};

/// The program with a limit on the size of files, which ends a process that does not heed SIGXFSZ.
fn limited(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_leapp")]).args(arguments);
    home.surround(&mut command);
    command
}

/// What must stay as it is: the person's files, what is sealed, and who is trusted.
fn kept(home: &Home) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_kept = |path: &PathBuf| {
        let path = path.strip_prefix(home.path("")).expect("in the home").to_string_lossy().into_owned();
        [".aws/", ".config/", ".local/state/leapp/trust/", ".local/state/leapp/vault/"]
            .iter()
            .any(|place| path.starts_with(place))
            || path.ends_with("static-profiles.json")
    };
    home.files().into_iter().filter(|(path, _)| is_kept(path)).collect()
}

fn temporary_files(home: &Home) -> Vec<PathBuf> {
    let files = home.files().into_iter().map(|(path, _)| path);
    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".leapp-"))).collect()
}

fn settled() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["prod"]);
    fs::create_dir_all(home.path("work")).expect("made");
    fs::write(home.path("work/.leapp"), "prod").expect("written");
    fs::create_dir_all(home.path("other")).expect("made");
    fs::write(home.path("other/.leapp"), "prod").expect("written");
    succeed(&mut home.leapp(["allow", home.path("work").to_str().expect("UTF-8")]));
    succeed(&mut home.leapp(["session", "edit", "prod", "--profile", "prod"]));
    succeed(&mut home.leapp(["profile", "write", "corp", "--static"]));
    home
}

/// Fails unless a command fails in words, and without a signal.
#[track_caller]
fn refused(output: &Output, arguments: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {:?} {said}", output.status);
    assert!(said.contains("leapp: cannot ") && said.contains("File too large"), "{arguments:?}: {said}");
}

#[test]
fn each_command_that_writes_says_so_and_loses_nothing() {
    let home = settled();
    let before = kept(&home);
    let other = home.path("other").display().to_string();
    for arguments in [
        &["profile", "write", "prod", "--static"] as &[&str],
        &["profile", "sync"],
        &["session", "add", "chained", "new", "--assumer", "corp", "--role-arn", "arn:aws:iam::444455556666:role/R"],
        &["session", "edit", "prod", "--region", "us-west-2"],
        &["session", "rename", "prod", "live"],
        &["session", "remove", "--yes", "audit"],
        &["allow", &other],
        &["deny", &other],
        &["serve", "--foreground", "prod"],
    ] {
        refused(&limited(&home, arguments).output().expect("started"), arguments);
        assert_eq!(temporary_files(&home), [""; 0].map(PathBuf::from), "{arguments:?}");
        let now = kept(&home);
        let is_as_before = |path: &PathBuf| before.get(path) == now.get(path);
        let changed: Vec<_> = before.keys().chain(now.keys()).filter(|path| !is_as_before(path)).collect();
        assert!(changed.is_empty(), "{arguments:?}: {changed:?}");
    }
}

#[test]
fn credentials_are_granted_and_signed_out_of_all_the_same() {
    let home = settled();
    let said = text(&limited(&home, &["exec", "audit", "--", "true"]).output().expect("started").stderr);
    assert!(said.contains("cannot keep anything in"), "{said}");
    let login = run_with_input(&mut limited(&home, &["login", "corp", "--saml-response", "-"]), &assertion(&[]));
    assert!(login.status.success(), "{:?} {}", login.status, text(&login.stderr));
    let output = limited(&home, &["logout", "corp"]).output().expect("started");
    let said = text(&output.stderr);
    assert!(output.status.success(), "{:?} {said}", output.status);
    assert!(said.contains("signed out of `corp`, `prod`, the named profile `corp`"), "{said}");
    assert!(!home.path(".aws/credentials").exists());
    assert_eq!(temporary_files(&home), [""; 0].map(PathBuf::from));

    // The command has the signal as it was: what the shell starts is ended by it; what it is told to ignore, it ignores.
    home.sign_in("corp");
    let write = "dd if=/dev/zero of=\"$HOME/large\" bs=1k count=9 2>/dev/null; echo $?";
    for (trap, status) in [("", "153\n"), ("trap '' XFSZ; ", "1\n")] {
        let mut command = Command::new("bash");
        let line = format!("{trap}ulimit -f 0; exec \"$0\" exec corp -- bash -c '{write}'");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_leapp")]);
        home.surround(&mut command);
        assert_eq!(succeed(&mut command), status, "{trap}");
    }
}

#[test]
fn a_vault_is_not_half_made() {
    let home = Home::new();
    let login = run_with_input(&mut limited(&home, &["login", "corp", "--saml-response", "-"]), &assertion(&[]));
    let said = text(&login.stderr);
    assert!(login.status.success() && said.contains("cannot keep anything in"), "{:?} {said}", login.status);
    home.sign_in("corp");
    let count = home.count("AssumeRoleWithSAML");
    variables(&home, &["corp"]);
    assert_eq!(home.count("AssumeRoleWithSAML"), count);
}

#[test]
fn a_full_standard_output_is_said() {
    let home = settled();
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    for arguments in [
        &["env", "corp"] as &[&str],
        &["env", "--unset"],
        &["serve", "corp"],
        &["hook", "bash"],
        &["--help"],
        &["list"],
    ] {
        let said = fail(1, home.leapp(arguments).stdout(full()));
        assert!(said.starts_with("leapp: cannot write to standard output: No space left"), "{arguments:?}: {said}");
    }
    succeed(&mut home.leapp(["serve", "--stop"]));
    // A file that may not grow is full as well.
    let out = File::create(home.path("out")).expect("made");
    let said = fail(1, limited(&home, &["env", "corp"]).stdout(out));
    assert!(said.starts_with("leapp: cannot write to standard output: File too large"), "{said}");
}

/// A small file system that is full, in a mount namespace of a test's own; then the same with room again.
#[test]
fn a_disk_that_fills_up_and_is_cleared_again_is_as_it_was() {
    let home = settled();
    let script = "set -e
        before=$(mktemp -d -p \"${HOME%/*}\"); trap 'rm -r \"$before\"' EXIT; cp -a \"$HOME/.\" \"$before\"
        mount -t tmpfs -o size=600k tmpfs \"$HOME\"; cp -a \"$before/.\" \"$HOME\"
        for command in 'exec audit -- true' 'session rename prod live' 'session remove --yes audit' 'profile sync' \
            \"deny $HOME/other\" 'profile write prod --static' 'session edit prod --region us-west-2'; do
            dd if=/dev/zero of=\"$HOME/large\" bs=1k 2>/dev/null || true; \"$LEAPP\" $command || true; done
        for place in .aws .config .local/state/leapp/{vault,trust}; do diff -r \"$before/$place\" \"$HOME/$place\"; done
        rm \"$HOME/large\"; \"$LEAPP\" exec prod -- true; \"$LEAPP\" session rename prod live
        \"$LEAPP\" exec live -- true
        find \"$HOME\" -name '.leapp-*'";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "bash", "-c", script]);
    home.surround(&mut command);
    command.env("LEAPP", env!("CARGO_BIN_EXE_leapp"));
    let asked = home.count("AssumeRole");
    let output = command.output().expect("started");
    let said = text(&output.stderr);
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("", Some(0)), "{said}");
    assert_eq!(said.matches("No space left on device").count(), 7, "{said}");
    assert_eq!(home.count("AssumeRole"), asked + 1, "but for `audit`, nothing was got anew");
}
