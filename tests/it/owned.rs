//! What lives under a session's name goes with it: signed out, removed, or renamed.

mod model;
pub(crate) mod served;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use served::{LONG, Served};

use crate::harness::{
    ADMIN, DEPLOY, Home, chained, contains, fail, federated, succeed, text, variables, wait_for, wait_until,
};

/// What a command says that must succeed.
#[track_caller]
fn says(home: &Home, arguments: &[&str]) -> String {
    let output = home.leapp(arguments).output().expect("started");
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in("corp");
    home
}

fn serve(home: &Home, session: &str) -> Served {
    Served::start(&mut home.leapp(["serve", "--foreground", "--json", session]))
}

/// The files of leapp and of `~/.aws` that have a text in their path or in themselves.
fn mentions(home: &Home, name: &str) -> Vec<String> {
    let is_own = |path: &Path| path.starts_with(home.state()) || path.starts_with(home.path(".aws"));
    let path_in_home = |path: &Path| path.strip_prefix(home.path("")).expect("in the home").display().to_string();
    let files = home.files().into_iter().filter(|(path, _)| is_own(path));
    let files = files.map(|(path, bytes)| (path_in_home(&path), bytes));
    files.filter(|(path, bytes)| path.contains(name) || contains(bytes, name)).map(|(path, _)| path).collect()
}

/// The names of what is in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn credentials_file(home: &Home) -> PathBuf {
    home.path(".aws/credentials")
}

#[test]
fn keys_in_plain_text_are_all_found_though_many_wrote_them_at_once() {
    let home = signed_in();
    variables(&home, &["prod"]);
    let sessions: Vec<String> = (0..20).map(|n| format!("static{n}")).collect();
    for session in &sessions {
        home.add_config(&chained(session, "corp", DEPLOY, ""));
    }
    let start = |session: &String| {
        let mut command = home.leapp(["profile", "write", session.as_str(), "--static"]);
        command.stderr(Stdio::null()).spawn().expect("started")
    };
    let running: Vec<_> = sessions.iter().map(start).collect();
    for mut write in running {
        assert!(write.wait().expect("ended").success());
    }
    let written = fs::read_to_string(credentials_file(&home)).expect("written");
    assert_eq!(written.matches("aws_secret_access_key").count(), 20);
    for (count, session) in sessions.iter().enumerate() {
        says(&home, &["logout", session]);
        let left = fs::read_to_string(credentials_file(&home)).unwrap_or_default();
        assert_eq!(left.matches("aws_secret_access_key").count(), 19 - count, "after {session}");
    }
    let left = mentions(&home, "static1");
    assert!(left.iter().all(|path| path.starts_with(".local/state/leapp/dismissed/")), "{left:?}");
}

#[test]
fn keys_in_plain_text_are_found_without_the_list_of_them() {
    let home = signed_in();
    says(&home, &["profile", "write", "prod", "--static"]);
    says(&home, &["profile", "write", "corp", "--static"]);
    fs::remove_file(home.state().join("static-profiles.json")).expect("removed");
    says(&home, &["session", "rename", "prod", "live"]);
    let written = fs::read_to_string(credentials_file(&home)).expect("written");
    assert!(written.contains("# keys of the session `live` in plain text"), "{written}");
    says(&home, &["logout", "live"]);
    let left = fs::read_to_string(credentials_file(&home)).expect("there");
    assert!(left.contains("[corp]") && !left.contains("[prod]"), "{left}");
    says(&home, &["logout", "--all"]);
    assert!(!credentials_file(&home).exists());

    // What is none of leapp's, or only half, keeps nobody signed in.
    home.sign_in("corp");
    let mine = "# >>> leapp profile write >>>\n[mine]\naws_access_key_id = AKIAEXAMPLE\n# set aside by leapp: [x]\n";
    fs::write(credentials_file(&home), mine).expect("written");
    assert_eq!(says(&home, &["logout", "corp"]), "leapp: signed out of `corp`\n");
    succeed(home.leapp(["logout", "--all"]).env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"));
    assert_eq!(fs::read_to_string(credentials_file(&home)).expect("there"), mine);
}

#[test]
fn what_a_session_has_follows_its_name_and_ends_with_it() {
    let home = signed_in();
    let mut server = serve(&home, "prod");
    says(&home, &["profile", "write", "prod", "--static"]);
    fs::create_dir_all(home.state().join("console/prod/Default")).expect("made");
    let asked = home.count("AssumeRole");
    assert_eq!(
        says(&home, &["session", "rename", "prod", "live"]),
        "leapp: renamed `prod` to `live`\nleapp: `audit` starts from `live` now\n"
    );
    variables(&home, &["live"]);
    assert_eq!(home.count("AssumeRole"), asked, "the credentials have followed");
    assert!(server.serves() && home.state().join("console/live/Default").exists());
    let said = says(&home, &["logout", "live", "--browser"]);
    let wanted = "leapp: signed out of `live`, the named profile `prod`, the console of `live`\n\
                  leapp: the server of `live` has stopped\n";
    assert_eq!(said, wanted);
    assert!(server.ends() && !credentials_file(&home).exists());
    assert_eq!(mentions(&home, "prod"), [""; 0]);

    // Signing out is not undone by the old name either.
    says(&home, &["session", "rename", "live", "prod"]);
    assert_eq!(mentions(&home, "live"), [""; 0]);
    assert_eq!(names_in(&home.state().join("dismissed")), ["prod"]);
    assert!(names_in(&home.state().join("vault")).iter().all(|name| !name.starts_with("prod~")));
}

#[test]
fn a_session_that_was_signed_out_is_brought_back_by_no_hook_under_a_new_name() {
    let home = signed_in();
    variables(&home, &["prod"]);
    let folder = home.path("work");
    fs::create_dir(&folder).expect("made");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&format!("trusted_roots = [{folder:?}]\n{config}"));
    says(&home, &["logout", "prod"]);
    says(&home, &["session", "rename", "prod", "live"]);
    fs::write(folder.join(".leapp"), "live\n").expect("written");
    let asked = home.count("AssumeRole");
    let loads = || {
        let output = home.leapp(["hook-env", "bash"]).current_dir(&folder).output().expect("started");
        text(&output.stdout).contains("LEAPP_SESSION='live'")
    };
    assert!(!loads());
    assert_eq!(home.count("AssumeRole"), asked);
    // A person who asks for it takes that back.
    variables(&home, &["live"]);
    assert!(loads());
}

#[test]
fn trust_is_in_a_name_and_in_what_it_stood_for() {
    let home = signed_in();
    let folder = home.path("work");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join(".leapp"), "prod\n").expect("written");
    let standing = || -> String {
        let shown = succeed(home.leapp(["status", "--json"]).current_dir(&folder));
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        shown["directory"]["standing"].as_str().expect("a text").to_owned()
    };
    let path = folder.to_str().expect("UTF-8");
    let allow = || {
        says(&home, &["allow", path]);
        assert_eq!(standing(), "allowed");
    };
    let other = "arn:aws:iam::444455556666:role/Other";
    let unknown = "not allowed yet; run: leapp allow";

    // Removed, and added again.
    allow();
    says(&home, &["session", "remove", "--yes", "--chained", "prod"]);
    says(&home, &["session", "add", "chained", "prod", "--assumer", "corp", "--role-arn", DEPLOY]);
    assert_eq!(standing(), unknown);
    // Renamed, and another one in its place.
    allow();
    says(&home, &["session", "rename", "prod", "live"]);
    says(&home, &["session", "add", "chained", "prod", "--assumer", "corp", "--role-arn", DEPLOY]);
    assert_eq!((standing().as_str(), succeed(&mut home.leapp(["trust"])).as_str()), (unknown, ""));
    // Given to another role, here or in an editor.
    allow();
    says(&home, &["session", "edit", "prod", "--region", "us-west-2"]);
    assert_eq!(standing(), "allowed");
    says(&home, &["session", "edit", "prod", "--role-arn", other]);
    assert_eq!((standing().as_str(), succeed(&mut home.leapp(["trust"])).as_str()), (unknown, ""));
    allow();
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace(other, "arn:aws:iam::444455556666:role/Third"));
    assert_eq!(standing(), unknown);
    // A record that an earlier leapp wrote does not say what it stood for. It counts until the session is changed.
    allow();
    let record = fs::read_dir(home.state().join("trust")).expect("records").flatten().next().expect("one").path();
    fs::write(&record, format!("{{\"path\":\"{path}/.leapp\",\"session\":\"prod\"}}")).expect("written");
    assert_eq!(standing(), "allowed");
    says(&home, &["session", "edit", "prod", "--role-arn", other]);
    assert_eq!(standing(), unknown);
    // What was denied stays so.
    says(&home, &["deny", path]);
    says(&home, &["session", "rename", "prod", "dev"]);
    assert_eq!(succeed(&mut home.leapp(["trust"])), "-  ~/work/.leapp\n");
}

#[test]
fn a_removed_session_leaves_nothing_that_could_be_found_again() {
    let home = signed_in();
    let mut server = serve(&home, "prod");
    says(&home, &["logout", "audit"]);
    fs::create_dir_all(home.state().join("console/audit")).expect("made");
    fs::create_dir_all(home.state().join("console/prod")).expect("made");
    let token = fs::read(home.state().join("signed-out")).expect("a token");
    says(&home, &["session", "remove", "--yes", "--chained", "prod"]);
    assert!(server.ends());
    for name in ["prod", "audit"] {
        assert_eq!(mentions(&home, name), [""; 0]);
        assert!(!home.state().join("console").join(name).exists());
    }
    assert_ne!(fs::read(home.state().join("signed-out")).expect("a token"), token, "who is at work keeps nothing");
    variables(&home, &["corp"]);
    assert_eq!(home.count("AssumeRoleWithSAML"), 1, "the others are as they were");
}

#[test]
fn a_name_that_was_taken_out_in_an_editor_can_be_signed_out() {
    let home = signed_in();
    let mut server = serve(&home, "audit");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(config.split("[sessions.audit]").next().expect("the rest"));
    let said = says(&home, &["logout", "audit"]);
    assert_eq!(said, "leapp: signed out of `audit`\nleapp: the server of `audit` has stopped\n");
    assert!(server.ends());
    assert!(fail(2, &mut home.leapp(["logout", "audit"])).contains("there is no session `audit`"));
}

#[test]
fn what_is_renewed_for_a_name_that_is_gone_is_not_kept() {
    let mut home = Home::new();
    home.sts_path = "/delay/2000".into();
    home.sign_in("corp");
    let mut at_work = home.leapp(["exec", "prod", "--", "true"]).stderr(Stdio::null()).spawn().expect("started");
    let locks = home.state().join("locks");
    wait_until("it is at work", LONG, || names_in(&locks).iter().any(|name| name.starts_with("prod~")));
    says(&home, &["session", "rename", "prod", "live"]);
    assert!(at_work.wait().expect("ended").success());
    assert_eq!(mentions(&home, "vault/prod~"), [""; 0]);
}

#[test]
fn a_server_that_starts_while_a_sign_out_runs_does_not_survive_it() {
    for call in ["flock", "bind"] {
        let home = signed_in();
        let socket = home.path("s/x.sock").display().to_string();
        let inject = format!("inject={call}:delay_enter=1000000");
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
        command.args([env!("CARGO_BIN_EXE_leapp"), "serve", "--foreground", "--json", "--socket", &socket, "corp"]);
        home.surround(&mut command);
        let sign_out = || {
            std::thread::sleep(std::time::Duration::from_millis(800));
            says(&home, &["logout", "--all"]);
        };
        let mut server = std::thread::scope(|scope| {
            scope.spawn(sign_out);
            Served::start(&mut command)
        });
        says(&home, &["logout", "--all"]);
        assert!(!server.serves(), "{call}: it serves after two sign-outs");
        assert!(server.ends(), "{call}");
        assert_eq!(names_in(&home.state().join("serve")), [""; 0], "{call}");
    }
}

#[test]
fn sessions_whose_names_differ_in_case_share_no_file() {
    let home = Home::empty();
    home.write_config(&format!(
        "default_region = \"eu-west-1\"\n{}{}{}",
        federated("corp", "ssp", ADMIN, ""),
        chained("Prod", "corp", DEPLOY, ""),
        chained("prod", "corp", DEPLOY, ""),
    ));
    home.sign_in("corp");
    for session in ["Prod", "prod"] {
        variables(&home, &[session]);
    }
    assert_eq!(home.count("AssumeRole"), 2);
    let (one, other) = (serve(&home, "Prod"), serve(&home, "prod"));
    let mut names: Vec<String> = home.files().iter().map(|(path, _)| path.display().to_string()).collect();
    names.retain(|name| name.contains("/leapp/"));
    for name in &mut names {
        name.make_ascii_lowercase();
    }
    names.sort();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before, "{names:?}");
    says(&home, &["logout", "Prod"]);
    variables(&home, &["prod"]);
    assert_eq!((home.count("AssumeRole"), one.serves(), other.serves()), (2, false, true));
    says(&home, &["logout", "prod"]);
    let marks = names_in(&home.state().join("dismissed"));
    assert!(marks.len() == 2 && !marks[0].eq_ignore_ascii_case(&marks[1]), "{marks:?}");
}

#[test]
fn a_mark_goes_with_its_name_and_stays_while_it_holds_off_a_hook() {
    let home = signed_in();
    let marks = || names_in(&home.state().join("dismissed"));
    for session in ["audit", "prod"] {
        says(&home, &["logout", session]);
    }
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config("[sessions");
    says(&home, &["logout", "--all"]);
    assert_eq!(marks(), ["audit", "prod"], "nobody knows whose they are");
    home.write_config(config.split("[sessions.audit]").next().expect("the rest"));
    says(&home, &["logout", "--all"]);
    assert_eq!(marks(), ["prod"]);
    home.sign_in("corp");
    let folder = home.path("work");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join(".leapp"), "prod").expect("written");
    says(&home, &["allow", folder.to_str().expect("UTF-8")]);
    let loaded = succeed(home.leapp(["hook-env", "bash"]).current_dir(&folder));
    assert!(!loaded.contains("LEAPP_SESSION='prod'"), "{loaded}");
    // All of a name that was taken out in an editor goes when it is signed out.
    fs::create_dir_all(home.state().join("console/prod")).expect("made");
    home.write_config(config.split("[sessions.prod]").next().expect("the rest"));
    let said = says(&home, &["logout", "prod"]);
    assert_eq!(said, "leapp: signed out of the console of `prod`\n");
    assert_eq!((marks(), mentions(&home, "prod")), (vec![], vec![]));
}

#[test]
fn lock_files_do_not_pile_up() {
    let home = signed_in();
    for n in 0..12 {
        says(&home, &["session", "edit", "prod", "--external-id", &format!("id-{n}")]);
        variables(&home, &["prod"]);
    }
    let locks = names_in(&home.state().join("locks"));
    assert!(locks.len() <= 6, "{locks:?}");
    says(&home, &["logout", "--all"]);
    assert_eq!(names_in(&home.state().join("locks")), [""; 0]);
}

#[test]
fn a_sign_out_among_thousands_takes_no_longer_than_it_must() {
    let home = Home::empty();
    let (vault, locks) = (home.state().join("vault"), home.state().join("locks"));
    let mut config = federated("corp", "ssp", ADMIN, "");
    for folder in [&vault, &locks] {
        fs::create_dir_all(folder).expect("made");
    }
    for n in 0..5000 {
        config += &chained(&format!("s{n}"), "corp", &format!("arn:aws:iam::444455556666:role/R{n}"), "");
        fs::write(vault.join(format!("s{n}~{n:032x}.credentials")), "sealed").expect("written");
        fs::write(locks.join(format!("s{n}~{n:032x}.credentials.lock")), "1\n").expect("written");
    }
    home.write_config(&config);
    // What the processor takes, for other tests run beside it: the clock on the wall tells of them too.
    let mut command = Command::new("bash");
    command.args(["-c", "TIMEFORMAT='%U %S'; time \"$0\" logout corp 2>/dev/null", env!("CARGO_BIN_EXE_leapp")]);
    home.surround(&mut command);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("started");
    // On the program of before it would be minutes.
    let status = wait_for(&mut child, LONG);
    let output =
        if status.is_some() { child.wait_with_output().expect("ended") } else { panic!("not within {LONG:?}") };
    let times = text(&output.stderr);
    let seconds: f64 = times.split_whitespace().map(|time| time.parse::<f64>().expect("a time")).sum();
    assert!(seconds < 1.0, "{times}");
    assert_eq!((names_in(&vault), names_in(&locks)), (vec![], vec![]));
}
