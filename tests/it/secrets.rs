//! Nothing secret is anywhere but in the environment of the child that was asked for.

use std::{fs, process::Stdio, time::Duration};

use crate::harness::{Home, assertion, run_with_input, succeed, text, variables, wait_until};

/// The secrets of a run: what the child sees, the assertion, the passphrase.
fn secrets(home: &Home, response: &[u8]) -> Vec<(String, String)> {
    let mut secrets = vec![
        ("assertion".to_owned(), text(response).trim().to_owned()),
        ("passphrase".to_owned(), "correct horse battery staple".to_owned()),
    ];
    for session in ["corp", "prod"] {
        let set = variables(home, &[session]);
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            secrets.push((format!("{name} of {session}"), set[name].clone()));
        }
    }
    secrets
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn no_file_no_trace_and_no_error_holds_a_secret() {
    let home = Home::new();
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
    let secrets = secrets(&home, &response);
    for (what, secret) in &secrets {
        assert!(secret.len() > 20, "{what}");
        for (command, output) in &printed {
            assert!(!contains(output, secret), "{what} was printed by `leapp {command}`");
        }
        for (path, bytes) in home.files().iter().filter(|(path, _)| !path.ends_with("passphrase")) {
            assert!(!contains(bytes, secret), "{what} is in {}", path.display());
        }
    }
}

#[test]
fn argv_never_holds_a_secret() {
    let home = Home::new();
    let response = assertion(&[]);
    assert!(run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &response).status.success());
    let trace = home.path("trace");
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-qq", "-s", "100000", "-e", "trace=execve", "-o"]).arg(&trace);
    command.args([env!("CARGO_BIN_EXE_leapp"), "exec", "prod", "--", "true"]);
    home.surround(&mut command);
    succeed(&mut command);
    let trace = fs::read(&trace).expect("the trace");
    for (what, secret) in secrets(&home, &response) {
        let seen = trace.split(|byte| *byte == b'\n').any(|line| {
            // Arguments are in brackets; the environment is shown as an address.
            contains(line, &secret)
        });
        assert!(!seen, "{what} is in the arguments of a process");
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
    let limit = |command: &mut std::process::Command| succeed(command);
    let mut plain = std::process::Command::new("sh");
    plain.args(["-c", "ulimit -c"]);
    assert_eq!(limit(&mut home.leapp(["exec", "corp", "--", "sh", "-c", "ulimit -c"])), limit(&mut plain));
}
