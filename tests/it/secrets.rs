//! Nothing secret is anywhere but in the environment of the child that was asked for, or where it is to be printed.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::harness::{Home, assertion, contains, run_with_input, secret_in, succeed, text, variables, wait_until};

/// The secrets of a run: what the children of these sessions see, the assertion, the passphrase.
fn secrets(home: &Home, sessions: &[&str], response: &[u8]) -> Vec<(String, String)> {
    let mut secrets = vec![
        ("assertion".to_owned(), text(response).trim().to_owned()),
        ("passphrase".to_owned(), "correct horse battery staple".to_owned()),
    ];
    for session in sessions {
        let set = variables(home, &[session]);
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            secrets.push((format!("{name} of {session}"), set[name].clone()));
        }
    }
    secrets
}

/// Signs in to `corp` with this response.
fn sign_in(home: &Home, response: &[u8]) {
    let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), response);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn no_file_no_trace_and_no_error_holds_a_secret() {
    let home = Home::new();
    let first = assertion(&[]);
    sign_in(&home, &first);
    let mut secrets_ever = secrets(&home, &["corp", "prod"], &first);
    let response = assertion(&[]);
    let mut printed = Vec::new();
    let mut run = |arguments: &[&str], input: &[u8]| {
        let output = run_with_input(&mut home.leapp(arguments.iter().copied()), input);
        printed.push((arguments.join(" "), [output.stdout, output.stderr].concat()));
    };
    run(&["-v", "login", "corp", "--saml-response", "-"], &response);
    run(&["-v", "exec", "prod", "--", "true"], b"");
    run(&["-v", "login", "prod"], b"");
    run(&["-v", "exec", "prod", "--", "/nonexistent"], b"");
    run(&["-v", "env", "prod", "--format", "nosuch"], b"");
    run(&["-v", "list"], b"");
    run(&["-v", "session", "show", "prod"], b"");
    run(&["-v", "logout", "audit"], b"");
    let current = secrets(&home, &["corp", "prod"], &response);
    for ((what, old), (_, new)) in secrets_ever.iter().zip(&current) {
        assert_eq!(old == new, what == "passphrase", "{what} was not replaced");
    }
    secrets_ever.extend(current);
    for (what, secret) in &secrets_ever {
        assert!(secret_in(secret.as_bytes()).is_some(), "{what} would not be found where it may be any secret");
        for (command, output) in &printed {
            assert!(!contains(output, secret), "{what} was printed by `leapp {command}`");
        }
        for (path, bytes) in home.files().iter().filter(|(path, _)| !path.ends_with("passphrase")) {
            assert!(!contains(bytes, secret), "{what} is in {}", path.display());
        }
    }
    for (path, bytes) in home.files().iter().filter(|(path, _)| !path.ends_with("passphrase")) {
        assert_eq!(secret_in(bytes), None, "{}", path.display());
    }
}

/// A script that may run `"$LEAPP"`, under a trace of everything that it starts.
fn traced(home: &Home, script: &str) -> (Output, Vec<u8>) {
    let trace = home.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "100000", "-e", "trace=execve,execveat", "-o"]).arg(&trace);
    command.args(["sh", "-c", script]);
    home.surround(&mut command);
    command.env("LEAPP", env!("CARGO_BIN_EXE_leapp")).env("AWS_ENDPOINT_URL_SIGNIN", home.sts());
    let output = run_with_input(&mut command, b"");
    assert!(output.status.success(), "{script}: {}", text(&output.stderr));
    let bytes = fs::read(&trace).expect("the trace");
    fs::remove_file(&trace).expect("removed");
    assert!(contains(&bytes, "/leapp"), "{script} was not traced");
    (output, bytes)
}

#[test]
fn argv_never_holds_a_secret_and_only_what_prints_secrets_prints_them() {
    let home = Home::new();
    let work = home.path("work");
    fs::create_dir(&work).expect("made");
    fs::write(work.join(".leapp"), "session = \"prod\"\n").expect("written");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("[sessions.prod]\n", "[sessions.prod]\nprofile = \"my-prod\"\n"));
    let response = assertion(&[]);
    sign_in(&home, &response);
    succeed(home.leapp(["allow"]).current_dir(&work));
    let (_, trace) = traced(&home, r#": BedSecret; "$LEAPP" --version"#);
    assert!(secret_in(&trace).is_some(), "arguments are not traced");
    for (script, prints) in [
        (r#""$LEAPP" -v exec prod -- true"#, false),
        (r#""$LEAPP" -v exec --refresh prod -- true"#, false),
        (r#""$LEAPP" -v serve --json prod; "$LEAPP" -v serve --stop prod"#, false),
        (r#"cd "$HOME/work" && "$LEAPP" -v hook-env bash"#, true),
        (r#""$LEAPP" -v env --yes prod"#, true),
        (r#""$LEAPP" -v credential-process prod"#, true),
        (r#""$LEAPP" -v profile write my-prod --static"#, false),
        (r#""$LEAPP" -v console prod --print"#, false),
        (r#""$LEAPP" -v status; "$LEAPP" -v renew prod; "$LEAPP" -v logout prod"#, false),
    ] {
        // What it replaces is searched for too.
        sign_in(&home, &assertion(&[]));
        let (output, trace) = traced(&home, script);
        assert_eq!(secret_in(&trace), None, "in the arguments of a process: {script}");
        assert_eq!(secret_in(&output.stderr), None, "on standard error: {script}");
        assert_eq!(secret_in(&output.stdout).is_some(), prints, "on standard output: {script}");
    }
}

#[test]
fn leapp_itself_cannot_be_read_by_its_neighbours() {
    let mut home = Home::new();
    home.sts_path = "/fault/hang".into();
    let mut child = home
        .leapp(["login", "corp", "--saml-response", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), &assertion(&[])).expect("written");
    wait_until("it calls STS", Duration::from_secs(10), || home.count("AssumeRoleWithSAML") == 1);
    let coredump = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(format!("/proc/{}/mem", child.id())).expect("mem"));
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(coredump.contains("CoreDumping:\t0"));
    assert_eq!(owner, 0, "a process that may not be dumped belongs to root in /proc");
}

#[test]
fn the_childs_core_dumps_are_its_own_business() {
    let home = Home::new();
    home.sign_in("corp");
    let limit = |command: &mut Command| succeed(command);
    let mut plain = Command::new("sh");
    plain.args(["-c", "ulimit -c"]);
    assert_eq!(limit(&mut home.leapp(["exec", "corp", "--", "sh", "-c", "ulimit -c"])), limit(&mut plain));
}
