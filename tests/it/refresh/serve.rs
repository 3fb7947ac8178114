//! `leapp serve`: an endpoint for a shell, for programs, and for containers.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::open::{LONG, head};
use crate::harness::{Home, bed, succeed, text, wait_for, wait_until};

const WHO: &str = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    home
}

/// A script of this shell, in which `$LEAPP` and `$PYTHON` are programs.
fn script(home: &Home, shell: &str, text: &str) -> Command {
    let mut command = Command::new(shell);
    command.args(["-c", text]);
    home.surround(&mut command);
    command.env("LEAPP", env!("CARGO_BIN_EXE_leapp")).env("PYTHON", bed("LEAPP_BED_PYTHON")).env("WHO", WHO);
    command
}

/// The address, the path and the token of a server that printed JSON.
fn opened(printed: &str) -> (String, String, String) {
    let json: Value = serde_json::from_str(printed).expect("JSON");
    assert_eq!(json.as_object().expect("an object").len(), 2, "{json}");
    let uri =
        json["AWS_CONTAINER_CREDENTIALS_FULL_URI"].as_str().expect("a URI").strip_prefix("http://").expect("http");
    let (address, path) = uri.split_once('/').expect("a path");
    let token = json["AWS_CONTAINER_AUTHORIZATION_TOKEN"].as_str().expect("a token");
    (address.to_owned(), format!("/{path}"), token.to_owned())
}

fn is_open(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

#[test]
fn a_shell_is_served_until_it_ends() {
    let home = signed_in();
    for shell in ["bash", "zsh", "dash"] {
        let who = "eval \"$(\"$LEAPP\" serve prod)\" && \"$PYTHON\" -c \"$WHO\" && \
                   echo \"$AWS_CONTAINER_CREDENTIALS_FULL_URI ${AWS_ACCESS_KEY_ID-none}\" && read wait";
        let mut command = script(&home, shell, who);
        command.env("AWS_ACCESS_KEY_ID", "AKIAOFTHESHELL").env("AWS_SECRET_ACCESS_KEY", "x");
        let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        let mut printed = String::new();
        let mut out = running.stdout.take().expect("piped");
        while !printed.ends_with("none\n") {
            let mut bytes = [0; 256];
            let count = out.read(&mut bytes).expect("read");
            assert_ne!(count, 0, "{shell}: {printed}");
            printed.push_str(&text(&bytes[..count]));
        }
        assert!(printed.starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/"), "{shell}: {printed}");
        let address =
            printed.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("a URI").to_owned();
        // Longer than a server takes to notice that a shell is gone.
        std::thread::sleep(Duration::from_millis(600));
        assert!(is_open(&address), "{shell}");
        drop(running.stdin.take());
        wait_for(&mut running, LONG).expect("an end");
        wait_until("the server ends with its shell", LONG, || !is_open(&address));
    }
    assert_eq!(fs::read_dir(home.state().join("serve")).expect("a folder").count(), 0);
}

#[test]
fn a_failure_stops_the_line() {
    let home = signed_in();
    let line = "export AWS_ACCESS_KEY_ID=old; eval \"$(\"$LEAPP\" serve crop)\" && echo went on; \
                echo \"${AWS_ACCESS_KEY_ID-none}\"";
    let output = script(&home, "bash", line).output().expect("started");
    assert_eq!(text(&output.stdout), "none\n");
    assert!(text(&output.stderr).contains("did you mean `corp`?"));
}

#[test]
fn servers_are_stopped_by_name_or_together() {
    let home = signed_in();
    let line = "\"$LEAPP\" serve --json corp > corp && \"$LEAPP\" serve --json prod > prod && \
                \"$LEAPP\" serve --stop corp && read wait";
    let mut running = script(&home, "bash", line)
        .current_dir(home.path(""))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let servers = home.state().join("serve");
    wait_until("one is left", LONG, || {
        fs::read_dir(&servers).is_ok_and(|entries| entries.count() == 1) && home.path("prod").exists()
    });
    let address = |name: &str| opened(&fs::read_to_string(home.path(name)).expect("printed")).0;
    wait_until("that of corp has ended", LONG, || !is_open(&address("corp")));
    assert!(is_open(&address("prod")));
    let stop = || text(&home.leapp(["serve", "--stop"]).output().expect("started").stderr);
    assert_eq!(stop(), "leapp: the server has stopped\n");
    assert!(!is_open(&address("prod")));
    assert_eq!(stop(), "leapp: no server is running\n");
    drop(running.stdin.take());
    let mut said = String::new();
    running.stderr.take().expect("piped").read_to_string(&mut said).expect("read");
    assert_eq!(said, "leapp: the server of `corp` has stopped\n");
    running.wait().expect("ended");
}

#[test]
fn servers_end_with_the_sign_in_of_their_session() {
    let home = signed_in();
    let line = "for name in corp prod audit; do \"$LEAPP\" serve --json $name > $name || exit; done; echo; read wait";
    let start = || {
        let mut running = script(&home, "bash", line);
        let mut running =
            running.current_dir(home.path("")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        assert_eq!(running.stdout.as_mut().expect("piped").read(&mut [0; 1]).expect("read"), 1);
        running
    };
    let open = || {
        let address = |name: &&str| opened(&fs::read_to_string(home.path(name)).expect("printed")).0;
        ["corp", "prod", "audit"].into_iter().filter(|name| is_open(&address(name))).collect::<Vec<_>>()
    };
    let says = |arguments: &[&str]| text(&home.leapp(arguments).output().expect("started").stderr);
    let mut running = start();
    assert_eq!(open(), ["corp", "prod", "audit"]);
    let said = says(&["logout", "prod"]);
    assert_eq!(said, "leapp: signed out of `audit`, `prod`\nleapp: the servers of `audit` and `prod` have stopped\n");
    // The kernel closes what a process had one by one.
    wait_until("the others have ended", LONG, || open() == ["corp"]);
    assert_eq!(says(&["logout", "audit"]), "leapp: `audit` was signed out already\n");
    drop(running.stdin.take());
    running.wait().expect("ended");

    let mut running = start();
    let said = says(&["logout", "--all"]);
    let stopped = "leapp: the servers of `audit`, `corp` and `prod` have stopped\n";
    assert_eq!(said, format!("leapp: signed out of everything\n{stopped}"));
    wait_until("all have ended", LONG, || open().is_empty());
    drop(running.stdin.take());
    running.wait().expect("ended");

    home.sign_in("corp");
    let mut running = start();
    let said = says(&["session", "remove", "--yes", "audit"]);
    assert!(said.ends_with("leapp: the server of `audit` has stopped\n"), "{said}");
    wait_until("it has ended", LONG, || open() == ["corp", "prod"]);
    drop(running.stdin.take());
    running.wait().expect("ended");
    wait_until("they end with their shell", LONG, || open().is_empty());
}

#[test]
fn a_server_behind_the_shell_says_its_steps_where_they_are_asked_for() {
    let home = Home::at_sts("/ttl/8");
    let line = "\"$LEAPP\" -v serve --json corp > printed 2> said || exit; cp said front; \"$LEAPP\" serve --json corp 2> quiet; read wait";
    let mut running = script(&home, "bash", line)
        .current_dir(home.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    let read = |name: &str| fs::read_to_string(home.path(name)).unwrap_or_default();
    wait_until("the server says how it renews", LONG, || {
        let (front, said) = (read("front"), read("said"));
        !front.is_empty() && said.strip_prefix(&front).is_some_and(|more| more.contains("leapp: · STS answered"))
    });
    assert_eq!(read("quiet"), "", "who did not ask is told nothing");
    drop(running.stdin.take());
    running.wait().expect("ended");
}

#[test]
fn there_is_no_server_of_a_session_that_is_none() {
    let home = Home::new();
    let said = text(&home.leapp(["serve", "--stop", "crop"]).output().expect("started").stderr);
    assert_eq!(said, "leapp: there is no session `crop`\n  did you mean `corp`?\n");
    assert_eq!(home.leapp(["serve", "--stop", "crop"]).status().expect("ended").code(), Some(2));
    assert_eq!(succeed(&mut home.leapp(["serve", "--stop", "corp"])), "");
}

#[test]
fn a_socket_is_for_its_owner_and_for_containers() {
    let home = signed_in();
    let socket = home.path("private/leapp.sock");
    let path = socket.to_str().expect("UTF-8");
    let mut server = home.leapp(["serve", "--json", "--foreground", "--socket", path, "prod"]);
    let mut server = server.stdout(Stdio::piped()).spawn().expect("started");
    let mut out = server.stdout.take().expect("piped");
    let mut printed = String::new();
    while !printed.ends_with("}\n") {
        let mut bytes = [0; 512];
        let count = out.read(&mut bytes).expect("read");
        assert_ne!(count, 0, "{printed}");
        printed.push_str(&text(&bytes[..count]));
    }
    let metadata = fs::symlink_metadata(&socket).expect("a socket");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);

    let (address, way, token) = opened(&printed);
    let line = format!("GET {way} HTTP/1.1");
    assert!(ask(&socket, &head(&line, &address, Some(&token), "")).starts_with("HTTP/1.1 200 "));
    assert!(ask(&socket, &head(&line, &address, Some("x"), "")).starts_with("HTTP/1.1 401 "));
    assert!(ask(&socket, &head(&line, "evil.test", Some(&token), "")).starts_with("HTTP/1.1 421 "));

    // A network of its own, as a container has: there the address leads nowhere, and the recipe to the socket.
    let mut contained = Command::new("unshare");
    contained.args(["--map-root-user", "--net", "sh", "-c", "ip link set lo up && exec \"$PYTHON\" -c \"$FORWARD\""]);
    home.surround(&mut contained);
    contained
        .env("PYTHON", bed("LEAPP_BED_PYTHON"))
        .env("FORWARD", FORWARD)
        .env("SOCKET", &socket)
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{address}{way}"))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", &token);
    assert!(succeed(&mut contained).starts_with("ASIA"));

    kill(Pid::from_raw(i32::try_from(server.id()).expect("a process id")), Signal::SIGTERM).expect("sent");
    assert_eq!(wait_for(&mut server, LONG).expect("an end").code(), Some(0));
    assert!(!socket.exists() && !is_open(&address));
}

/// What `socat TCP-LISTEN:PORT,bind=127.0.0.1,fork UNIX-CONNECT:SOCKET` does, and a client beside it.
const FORWARD: &str = "
import os, socket, threading, urllib.parse, boto3
port = urllib.parse.urlsplit(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']).port
listener = socket.create_server(('127.0.0.1', port))
def pump(a, b):
    while data := a.recv(65536):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def forward():
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        far.connect(os.environ['SOCKET'])
        for ends in ((near, far), (far, near)):
            threading.Thread(target=pump, args=ends, daemon=True).start()
threading.Thread(target=forward, daemon=True).start()
print(boto3.Session().get_credentials().get_frozen_credentials().access_key)
";

fn ask(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("connected");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    text(&answer)
}

#[test]
fn a_server_in_front_ends_with_who_started_it() {
    let home = signed_in();
    let line = "\"$LEAPP\" serve --json --foreground corp > printed & while [ ! -s printed ]; do sleep 0.05; done";
    let status = script(&home, "dash", line).current_dir(home.path("")).status().expect("ended");
    assert!(status.success());
    let address = opened(&fs::read_to_string(home.path("printed")).expect("printed")).0;
    wait_until("it ends", LONG, || !is_open(&address));
}

#[test]
fn a_protected_session_is_asked_about_first() {
    let home = signed_in();
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("[sessions.prod]\n", "[sessions.prod]\nprotected = true\n"));
    let mut command = Command::new("setsid");
    command.args(["-w", env!("CARGO_BIN_EXE_leapp"), "serve", "--json", "prod"]);
    home.surround(&mut command);
    let output = command.output().expect("started");
    assert!(text(&output.stderr).contains("`prod` is protected"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
}
