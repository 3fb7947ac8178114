//! The vault among real keyrings, and in all the places where it cannot be.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use crate::harness::{Home, assertion, bed, fail, run_with_input, succeed, text, variables};

/// Runs a shell script as a person in a desktop session with a keyring would, or `--locked`.
fn in_desktop(home: &Home, options: &[&str], script: &str) -> std::process::Output {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/keyring"));
    command.args(options).args(["--", "bash", "-c", script]);
    home.surround(&mut command);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_leapp"));
    let folder = program.parent().expect("a folder").display().to_string();
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").expect("PATH")));
    command.env("LEAPP_BED", bed("LEAPP_BED"));
    command.env_remove("LEAPP_PASSPHRASE_FILE");
    run_with_input(&mut command, &assertion(&[]))
}

#[test]
fn the_key_rests_in_the_os_keyring_where_there_is_one() {
    let home = Home::new();
    let script =
        "set -e; leapp login corp --saml-response -; leapp lock; leapp exec corp -- sh -c 'echo as $LEAPP_SESSION'
        leapp -v exec corp -- true; leapp lock; leapp -v exec corp -- true
        secret-tool search --all application leapp 2>&1 | grep -c '^label'";
    let output = in_desktop(&home, &[], script);
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "as corp\n1\n", "{said}");
    assert_eq!(said.matches("asking the OS keyring").count(), 1, "only after a lock is the bus asked: {said}");
    let header = fs::read_to_string(home.state().join("vault/vault.json")).expect("the header");
    assert!(header.contains("\"key\": \"keyring\""), "{header}");
}

#[test]
fn a_sign_out_of_everything_keeps_the_vault_and_a_reset_takes_it_and_its_key() {
    let home = Home::new();
    let count = "secret-tool search --all application leapp 2>&1 | grep -c '^label' || true";
    let script = format!(
        "set -e; leapp login corp --saml-response -; cp ~/.local/state/leapp/vault/vault.json ~/before
        leapp logout --all; cmp ~/before ~/.local/state/leapp/vault/vault.json; {count}; ls ~/.local/state/leapp/vault
        leapp vault reset --force; {count}; ls ~/.local/state/leapp/vault"
    );
    let output = in_desktop(&home, &[], &script);
    assert_eq!(text(&output.stdout), "1\nvault.json\n0\n", "{}", text(&output.stderr));
    assert!(!home.state().join("vault/vault.json").exists());
    home.sign_in("corp");
}

#[test]
fn what_is_said_of_a_keyring_that_is_gone_can_be_done_at_once() {
    let home = Home::new();
    let output = in_desktop(&home, &[], "leapp login corp --saml-response -; leapp lock");
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Later, over ssh: no bus, and the kernel holds nothing.
    let without_bus = |home: &Home| fail(125, home.leapp(["exec", "corp", "--", "true"]).env("LEAPP_BROWSER", "/none"));
    let said = without_bus(&home);
    assert!(said.starts_with("leapp: cannot unlock the vault: there is no session bus\n"), "{said}");
    assert!(said.contains("in the config: [vault] key = \"passphrase\"\n"), "{said}");
    home.add_config("[vault]\nkey = \"passphrase\"\n");
    let command = said.rsplit("run: ").next().expect("a command").trim();
    // Half of it is told the other half.
    assert!(without_bus(&home).contains(&format!("run: {command}\n")), "{said}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let asked = fail(2, &mut home.leapp(&words));
    let words: Vec<&str> = asked.rsplit("run: leapp ").next().expect("a command").split_whitespace().collect();
    succeed(&mut home.leapp(words));
    home.sign_in("corp");
    variables(&home, &["corp"]);
}

#[test]
fn a_locked_keyring_is_an_error_and_never_a_weaker_store() {
    let home = Home::new();
    let output = in_desktop(&home, &["--locked"], "leapp login corp --saml-response -");
    let said = text(&output.stderr);
    assert!(said.contains("cannot make the vault: the OS keyring is locked"), "{said}");
    assert!(said.contains("[vault] key = \"passphrase\""), "{said}");
    assert!(!home.state().join("vault/vault.json").exists());
}

#[test]
fn no_bus_is_ever_started() {
    let home = Home::new();
    home.sign_in("corp");
    let trace = home.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=execve,connect", "-o"]).arg(&trace);
    command.args([env!("CARGO_BIN_EXE_leapp"), "login", "corp", "--saml-response", "-"]);
    home.surround(&mut command);
    // A machine with `dbus-launch` on the path, and an address that asks for it.
    command.env("DBUS_SESSION_BUS_ADDRESS", "autolaunch:").env("DISPLAY", ":99");
    assert!(run_with_input(&mut command, &assertion(&[])).status.success());
    let trace = fs::read_to_string(trace).expect("the trace");
    assert!(!trace.contains("dbus"), "{trace}");
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
}

#[test]
fn the_kernel_holds_the_key_for_a_time_and_lock_drops_it() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["corp"]);
    let without_passphrase = |home: &Home| {
        let mut command = Command::new("setsid");
        command.args(["-w", env!("CARGO_BIN_EXE_leapp"), "exec", "corp", "--", "true"]);
        home.surround(&mut command);
        command.env_remove("LEAPP_PASSPHRASE_FILE");
        command
    };
    succeed(&mut without_passphrase(&home));
    succeed(&mut home.leapp(["lock"]));
    let said = fail(125, &mut without_passphrase(&home));
    assert!(
        said.contains("cannot unlock the vault: it needs a passphrase, and there is no terminal to ask on"),
        "{said}"
    );
    assert!(said.contains("LEAPP_PASSPHRASE_FILE"), "{said}");
    succeed(&mut home.leapp(["exec", "corp", "--", "true"]));
}

#[test]
fn two_homes_of_one_user_never_meet() {
    let (one, other) = (Home::new(), Home::new());
    one.sign_in("corp");
    other.sign_in("corp");
    succeed(&mut one.leapp(["lock"]));
    succeed(other.leapp(["exec", "corp", "--", "true"]).env_remove("LEAPP_PASSPHRASE_FILE"));
    // A sealed file of the other vault is no file of this one's.
    let sealed = |home: &Home| {
        let entries = fs::read_dir(home.state().join("vault")).expect("a vault");
        entries
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().contains("corp~"))
            .expect("sealed")
    };
    fs::copy(sealed(&other), sealed(&one)).expect("copied");
    succeed(&mut one.leapp(["exec", "corp", "--", "true"]));
    assert_eq!(one.count("AssumeRoleWithSAML"), 2, "credentials were got anew");
}

#[test]
fn damaged_files_mean_a_fresh_sign_in() {
    let home = Home::new();
    home.sign_in("corp");
    let folder = home.state().join("vault");
    let large = vec![0x41; 100_000];
    for damage in [&b""[..], b"leapp-sealed-1\n", b"\0\0\0", &large] {
        for entry in fs::read_dir(&folder).expect("a vault").flatten() {
            if entry.file_name() != "vault.json" {
                fs::write(entry.path(), damage).expect("written");
            }
        }
        home.sign_in("corp");
        variables(&home, &["prod"]);
    }
}

#[test]
fn a_read_only_or_full_disk_keeps_nobody_from_working() {
    let home = Home::new();
    // Everything below the state folder is a file here: nothing can be made, for root neither.
    fs::create_dir_all(home.path(".local/state")).expect("made");
    fs::write(home.state(), "in the way").expect("written");
    let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &assertion(&[]));
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("cannot keep anything in") && said.contains("signed in to `corp`"), "{said}");
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let home = Home::new();
    home.sign_in("corp");
    // No file may grow beyond nothing: every write fails as on a full disk.
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" exec prod -- true", env!("CARGO_BIN_EXE_leapp")]);
    home.surround(&mut command);
    let output = command.output().expect("started");
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("cannot keep anything in"), "{said}");
    variables(&home, &["corp"]);
    assert_eq!(home.count("AssumeRoleWithSAML"), 1, "what was kept before is still there");
}

/// Fails where anybody else may read what is in a folder.
fn all_is_private(folder: &std::path::Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
        if entry.path().is_dir() {
            all_is_private(&entry.path());
        }
    }
}

#[test]
fn what_leapp_writes_is_for_its_user_alone() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["prod"]);
    all_is_private(&home.state());
    assert_eq!(fs::metadata(home.state()).expect("there").permissions().mode() & 0o777, 0o700);
}

#[test]
fn logout_forgets_a_session_and_those_behind_it() {
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["audit"]);
    let output = home.leapp(["logout", "prod"]).output().expect("started");
    assert_eq!(text(&output.stderr), "leapp: signed out of `audit`, `prod`\n");
    variables(&home, &["corp"]);
    assert_eq!(home.count("AssumeRoleWithSAML"), 1);
    let output = home.leapp(["logout", "corp"]).output().expect("started");
    assert_eq!(text(&output.stderr), "leapp: signed out of `corp`\n");
    let said = fail(125, home.leapp(["exec", "corp", "--", "true"]).env("LEAPP_BROWSER", "/nonexistent"));
    assert!(said.contains("/nonexistent"), "the assertion is forgotten too: {said}");
    succeed(&mut home.leapp(["logout", "--all"]));
    let left = fs::read_dir(home.state().join("vault")).expect("a folder").flatten();
    assert_eq!(left.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["vault.json"]);
}

#[test]
fn what_fails_in_a_sign_out_does_not_end_it() {
    let credentials = |home: &Home| {
        let is_one = |path: &std::path::Path| path.to_string_lossy().ends_with(".credentials");
        home.files().iter().filter(|(path, _)| is_one(path)).count()
    };
    let token = |home: &Home| fs::read(home.state().join("gen")).expect("a token");
    let in_the_way = |home: &Home, name: &str| fs::create_dir_all(home.path(name).join("x")).expect("made");

    // The note for the hooks.
    let home = Home::new();
    home.sign_in("corp");
    variables(&home, &["audit"]);
    let before = token(&home);
    fs::write(home.state().join("dismissed"), "in the way").expect("written");
    let said = fail(1, &mut home.leapp(["logout", "prod"]));
    assert!(said.starts_with("leapp: signed out of `audit`, `prod`\nleapp: cannot write /"), "{said}");
    assert_eq!(credentials(&home), 1);
    assert_ne!(token(&home), before);

    // The file with keys in plain text; the assertion is forgotten all the same.
    succeed(&mut home.leapp(["profile", "write", "corp", "--static"]));
    fs::remove_file(home.path(".aws/credentials")).expect("removed");
    in_the_way(&home, ".aws/credentials");
    fs::remove_file(home.state().join("dismissed")).expect("removed");
    let said = fail(1, &mut home.leapp(["logout", "corp"]));
    assert!(
        said.contains("leapp: signed out of `corp`\n") && said.contains("cannot read ~/.aws/credentials"),
        "{said}"
    );
    let said = fail(125, home.leapp(["exec", "corp", "--", "true"]).env("LEAPP_BROWSER", "/nonexistent"));
    assert!(said.contains("/nonexistent"), "{said}");

    // Everything.
    let home = Home::new();
    home.sign_in("corp");
    succeed(&mut home.leapp(["profile", "write", "corp", "--static"]));
    fs::remove_file(home.path(".aws/credentials")).expect("removed");
    in_the_way(&home, ".aws/credentials");
    let said = fail(1, &mut home.leapp(["logout", "--all"]));
    assert!(said.contains("cannot read ~/.aws/credentials") && !said.contains("signed out of everything"), "{said}");
    assert_eq!(credentials(&home), 0);
}

#[test]
fn the_state_token_changes_with_sign_in_and_sign_out() {
    let home = Home::new();
    let token = || fs::read_to_string(home.state().join("gen")).unwrap_or_default();
    home.sign_in("corp");
    let signed_in = token();
    assert!(!signed_in.is_empty());
    succeed(&mut home.leapp(["logout", "corp"]));
    assert_ne!(token(), signed_in);
}

#[test]
fn what_is_got_while_the_person_signs_out_is_not_kept() {
    let mut home = Home::new();
    home.sts_path = "/delay/4000".into();
    home.sign_in("corp");
    // Two hops: the sign-out comes before the second one begins.
    let mut child = home.leapp(["exec", "audit", "--", "true"]).spawn().expect("started");
    let is_at_work = |home: &Home| {
        let locks = fs::read_dir(home.state().join("locks")).into_iter().flatten().flatten();
        locks.into_iter().any(|lock| lock.file_name().to_string_lossy().starts_with("prod~"))
    };
    crate::harness::wait_until("it asks STS", std::time::Duration::from_secs(10), || is_at_work(&home));
    std::thread::sleep(std::time::Duration::from_millis(500));
    succeed(&mut home.leapp(["logout", "corp"]));
    assert!(child.wait().expect("ended").success());
    let kept = |home: &Home| home.files().iter().any(|(path, _)| path.to_string_lossy().ends_with(".credentials"));
    assert!(!kept(&home), "nothing of before the sign-out is left");
}

#[test]
fn the_kernels_key_of_another_vault_is_not_taken() {
    let (one, other) = (Home::new(), Home::new());
    one.sign_in("corp");
    other.sign_in("corp");
    let header = |home: &Home| home.state().join("vault/vault.json");
    let id = |home: &Home| -> String {
        let header: serde_json::Value = serde_json::from_slice(&fs::read(header(home)).expect("read")).expect("JSON");
        header["id"].as_str().expect("an id").to_owned()
    };
    let text = fs::read_to_string(header(&one)).expect("read");
    fs::write(header(&one), text.replace(&id(&one), &id(&other))).expect("written");
    let said = fail(125, one.leapp(["exec", "corp", "--", "true"]).env("LEAPP_PASSPHRASE_FILE", one.path("none")));
    assert!(said.contains("LEAPP_PASSPHRASE_FILE"), "the passphrase is asked for: {said}");
}

#[test]
fn a_bus_that_never_answers_is_given_up() {
    let home = Home::new();
    let socket = home.path("bus");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let start = std::time::Instant::now();
    let mut command = home.leapp(["login", "corp", "--saml-response", "-"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    let said = text(&run_with_input(&mut command, &assertion(&[])).stderr);
    assert!(start.elapsed() < std::time::Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(said.contains("the OS keyring answers: nothing, though it takes connections"), "{said}");
}

#[test]
fn too_little_memory_is_no_damaged_vault() {
    let home = Home::new();
    // Enough for leapp, but not for what the passphrase takes beside it.
    let limited = || {
        let mut command = Command::new("bash");
        command.args(["-c", "ulimit -v 60000; exec \"$0\" exec corp -- true", env!("CARGO_BIN_EXE_leapp")]);
        home.surround(&mut command);
        fail(125, &mut command)
    };
    let size = "its passphrase takes 64 MiB of memory to check, and this process gets no more";
    let said = limited();
    assert!(said.starts_with(&format!("leapp: cannot make the vault: {size}\n  give leapp more memory ")), "{said}");
    home.sign_in("corp");
    succeed(&mut home.leapp(["lock"]));
    let said = limited();
    let start = format!("leapp: cannot unlock the vault: {size}\n  the vault is whole; give leapp more memory ");
    assert!(said.starts_with(&start), "{said}");
    assert!(!said.contains("logout") && !said.contains("reset"), "nothing that destroys it: {said}");
    succeed(&mut home.leapp(["exec", "corp", "--", "true"]));
}
