//! `.leapp` files that nobody should have to meet.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{sys::stat::Mode, unistd::mkfifo};

use super::people::Person;
use crate::harness::{bed, text};

/// What a shell is told to say where a variable cannot be set.
const FAILURE: &str = "else _leapp_say 'leapp: a variable is readonly: no credentials are loaded'";

/// What `hook-env` does in a directory: loads nothing, ends well and soon, and prints nothing that drives a terminal.
#[track_caller]
fn loads_nothing(person: &Person, directory: &Path, name: &str) {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leapp"));
    person.home.surround(&mut command);
    let output = command.args(["hook-env", "bash"]).current_dir(directory).output().expect("ran");
    assert!(start.elapsed() < Duration::from_secs(5), "{name}");
    let (out, mut said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {said}");
    assert!(!out.contains("AWS_"), "{name}: {out}");
    for line in out.lines() {
        if let Some(line) = line.strip_prefix("then _leapp_say '") {
            said.push_str(line.strip_suffix('\'').expect("one line"));
            continue;
        }
        let is_form = ["__leapp_at='0'", "if :", "then :", "fi", FAILURE].contains(&line);
        assert!(is_form || line.contains("LEAPP_STATE"), "{name}: {line}");
    }
    assert!(said.lines().count() <= 1 && said.len() < 400, "{name}: {said}");
    assert!(said.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{name}: {said:?}");
}

#[test]
fn hostile_files_load_nothing() {
    let person = Person::new("bash");
    let long = "a".repeat(1 << 20);
    let large = "# comment\n".repeat(1 << 20);
    let contents: Vec<(&str, Vec<u8>)> = vec![
        ("an escape sequence", b"\x1b]0;owned\x07\x1b[2J".to_vec()),
        ("an escape sequence in TOML", b"session = \"\\u001b[31mcorp\"".to_vec()),
        ("a substitution", b"$(touch pwned)".to_vec()),
        ("backticks", b"`touch pwned`".to_vec()),
        ("a substitution in TOML", b"session = \"$(touch pwned)\"".to_vec()),
        ("a quote that ends", b"corp'; touch pwned; '".to_vec()),
        ("a long line", long.into_bytes()),
        ("ten megabytes", large.into_bytes()),
        ("a NUL", b"corp\0".to_vec()),
        ("a NUL before", b"\0corp".to_vec()),
        ("invalid UTF-8", b"\xff\xfe\xfd".to_vec()),
        ("UTF-16", b"c\0o\0r\0p\0".to_vec()),
        ("a path", b"../corp".to_vec()),
        ("an absolute path", b"/etc/passwd".to_vec()),
        ("an option", b"--help".to_vec()),
        ("nothing", Vec::new()),
        ("a line feed", b"\n\n\n".to_vec()),
        ("two sessions", b"corp\nprod".to_vec()),
        ("a table", b"[session]\nname = \"corp\"".to_vec()),
        ("a command beside it", b"session = \"corp\"\ncommand = \"touch pwned\"".to_vec()),
        ("a region beside it", b"session = \"corp\"\nregion = \"us-east-1\"".to_vec()),
        ("text that is turned around", "corp\u{202e}dorp".into()),
        ("a space that has no width", "co\u{200b}rp".into()),
        ("deep TOML", format!("session = {}1{}", "[".repeat(900), "]".repeat(900)).into_bytes()),
        ("an unknown session", b"nobody".to_vec()),
        ("a session that was not allowed", b"corp".to_vec()),
    ];
    for (place, (name, content)) in contents.iter().enumerate() {
        let folder = person.home.path(&format!("hostile/{place}"));
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(".leapp"), content).expect("written");
        loads_nothing(&person, &folder, name);
        assert!(!folder.join("pwned").exists(), "{name}");
    }
}

#[test]
fn what_is_no_file_loads_nothing() {
    let person = Person::new("bash");
    let folder = |name: &str| {
        let folder = person.home.path(name);
        fs::create_dir_all(&folder).expect("made");
        folder.join(".leapp")
    };
    let fifo = folder("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).expect("a FIFO");
    let directory = folder("directory");
    fs::create_dir(&directory).expect("made");
    let socket = folder("socket");
    let _listener = UnixListener::bind(&socket).expect("a socket");
    let looping = folder("loop");
    symlink(&looping, &looping).expect("a loop");
    let dangling = folder("dangling");
    symlink("/nonexistent", &dangling).expect("a link");
    let device = folder("device");
    symlink("/dev/zero", &device).expect("a link");
    let closed = folder("closed");
    fs::write(&closed, "corp").expect("written");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o666)).expect("changed");
    for path in [fifo, directory, socket, looping, dangling, device, closed] {
        loads_nothing(&person, path.parent().expect("a folder"), path.to_str().expect("UTF-8"));
    }
}

#[test]
fn trust_is_bound_to_path_and_session() {
    let person = Person::new("bash");
    // A link to an allowed file is that file; a copy of it is not.
    let (copy, link) = (person.home.path("copy"), person.home.path("link"));
    fs::create_dir_all(&copy).expect("made");
    fs::copy(person.path("work/dev").join(".leapp"), copy.join(".leapp")).expect("copied");
    loads_nothing(&person, &copy, "a copy");
    fs::create_dir_all(&link).expect("made");
    symlink(person.path("work/dev").join(".leapp"), link.join(".leapp")).expect("linked");
    let mut command = person.home.leapp(["hook-env", "bash"]);
    let output = command.current_dir(&link).output().expect("ran");
    assert!(text(&output.stdout).contains("export LEAPP_SESSION='corp'"), "{}", text(&output.stdout));
    // PWD is believed only where it is the same directory.
    let mut command = person.home.leapp(["hook-env", "bash"]);
    let output = command.current_dir(&copy).env("PWD", person.path("work/dev")).output().expect("ran");
    assert!(!text(&output.stdout).contains("AWS_"), "{}", text(&output.stdout));
}

#[test]
fn a_protected_session_is_never_loaded() {
    let person = Person::new("bash");
    let config = fs::read_to_string(person.home.config()).expect("read");
    for setting in ["protected = true", "auto = \"never\""] {
        let changed = config.replacen("[sessions.corp]", &format!("[sessions.corp]\n{setting}"), 1);
        person.home.write_config(&format!("trusted_roots = [\"~/work\"]\n{changed}"));
        loads_nothing(&person, &person.path("work/dev"), setting);
        let mut allow = person.home.leapp(["allow"]);
        let output = allow.current_dir(person.path("work/dev")).output().expect("ran");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    }
}

#[test]
fn trusted_roots_and_auto_need_no_allow() {
    let person = Person::new("bash");
    person.directory("new/inner", Some("corp"));
    let folder = person.path("new/inner");
    loads_nothing(&person, &folder, "not allowed yet");
    let config = fs::read_to_string(person.home.config()).expect("read");
    let automatic = config.replacen("[sessions.corp]", "[sessions.corp]\nauto = \"allow\"", 1);
    for config in [format!("trusted_roots = [\"~/new\"]\n{config}"), automatic] {
        person.home.write_config(&config);
        let output = person.home.leapp(["hook-env", "bash"]).current_dir(&folder).output().expect("ran");
        assert!(text(&output.stdout).contains("export LEAPP_SESSION='corp'"), "{}", text(&output.stderr));
    }
    person.leapp(&["deny", folder.to_str().expect("UTF-8")]);
    loads_nothing(&person, &folder, "denied");
    let listed = person.leapp(&["trust"]);
    assert!(listed.contains("~/new/inner/.leapp"), "{listed}");
}

/// A way to the STS that can be closed: from then on it takes connections and never answers.
fn way_to_the_sts(is_closed: &'static AtomicBool) -> String {
    let sts = bed("LEAPP_BED_STS");
    let sts = sts.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let mut held = Vec::new();
        for connection in listener.incoming().flatten() {
            if is_closed.load(Ordering::Relaxed) {
                held.push(connection);
                continue;
            }
            let there = TcpStream::connect(&sts).expect("the STS");
            for (mut from, mut to) in
                [(connection.try_clone().expect("a socket"), there.try_clone().expect("a socket")), (there, connection)]
            {
                thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    endpoint
}

#[test]
fn a_renewal_waits_two_seconds_and_no_longer() {
    static IS_CLOSED: AtomicBool = AtomicBool::new(false);
    let mut person = Person::new("bash");
    person.home.endpoint = Some(way_to_the_sts(&IS_CLOSED));
    person.home.sign_in("corp");
    let hook = |person: &Person| {
        let start = Instant::now();
        let mut command = person.home.leapp(["hook-env", "bash"]);
        let output = command.current_dir(person.path("work/prod")).output().expect("ran");
        (text(&output.stdout), text(&output.stderr), start.elapsed())
    };
    let (out, said, _) = hook(&person);
    assert!(out.contains("export LEAPP_SESSION='prod'"), "{said}");
    for entry in fs::read_dir(person.home.state().join("vault")).expect("a vault").flatten() {
        if entry.file_name().to_string_lossy().starts_with("prod~") {
            fs::remove_file(entry.path()).expect("removed");
        }
    }
    IS_CLOSED.store(true, Ordering::Relaxed);
    let (out, said, time) = hook(&person);
    assert!(!out.contains("LEAPP_SESSION='prod'"), "{out}");
    assert!(format!("{out}{said}").contains("did not answer in the 2s"), "{out}{said}");
    assert!((Duration::from_secs(1)..Duration::from_secs(4)).contains(&time), "{time:?}");
}
