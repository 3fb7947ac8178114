//! What other users own or may write decides over nobody's identity.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::{Home, fail, succeed};

/// A user who is not the one of the tests.
const STRANGER: u32 = 12345;

/// Gives a file or folder to a user. Only root can.
fn give(path: &Path, user: u32) {
    let mut command = Command::new(if nix::unistd::geteuid().is_root() { "chown" } else { "sudo" });
    if !nix::unistd::geteuid().is_root() {
        command.args(["-n", "chown"]);
    }
    let status = command.arg("-h").arg(user.to_string()).arg(path).status().expect("chown");
    assert!(status.success(), "this test needs root, or sudo without a password");
}

fn me() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

/// A home that is signed in, and a directory of it that may switch to `corp`.
fn with_directory() -> (Home, PathBuf) {
    let home = Home::new();
    home.sign_in("corp");
    let directory = home.path("work");
    fs::create_dir(&directory).expect("made");
    fs::write(directory.join(".leapp"), "corp\n").expect("written");
    succeed(home.leapp(["allow"]).current_dir(&directory));
    (home, directory)
}

#[test]
fn a_trust_record_counts_only_where_nobody_else_may_have_written_it() {
    let (home, directory) = with_directory();
    let record =
        fs::read_dir(home.state().join("trust")).expect("there").next().expect("a record").expect("read").path();
    let exec = || {
        let mut command = home.leapp(["-v", "exec", "--", "true"]);
        command.current_dir(&directory);
        command
    };
    succeed(&mut exec());
    let passed_over = |why: &str| {
        let said = fail(125, &mut exec());
        assert!(said.contains("asks for session `corp`"), "{said}");
        assert!(said.contains(&format!("passing over {}: {why}", record.display())), "{said}");
        assert!(!said.contains("names `corp`"), "{said}");
    };
    give(&record, STRANGER);
    passed_over("it belongs to somebody else");
    give(&record, me());
    chmod(&record, 0o666);
    passed_over("everybody may write to it");
    // The remedy that is said.
    succeed(home.leapp(["allow"]).current_dir(&directory));
    succeed(&mut exec());
    give(&record, 0);
    if me() == 0 {
        succeed(&mut exec());
    }
}

#[test]
fn a_state_folder_counts_only_where_nobody_else_may_write_to_it() {
    let (home, directory) = with_directory();
    let state = home.state();
    let exec = || {
        let mut command = home.leapp(["exec", "--", "true"]);
        command.current_dir(&directory);
        command
    };
    succeed(&mut exec());
    let refused = |place: &Path, why: &str| {
        let said = fail(125, &mut exec());
        assert!(said.starts_with(&format!("leapp: cannot use the state folder: {} {why}", place.display())), "{said}");
        said
    };
    for room in ["", "vault", "trust", "locks", "dismissed", "browser", "console", "serve", "..", "../.."] {
        let place = state.join(room);
        fs::create_dir_all(&place).expect("made");
        let place = place.canonicalize().expect("there");
        chmod(&place, 0o777);
        let said = fail(125, &mut exec());
        assert!(said.contains(&format!("everybody may write to {}\n  run: chmod o-w ", place.display())), "{said}");
        let command = said.split("run: ").nth(1).expect("a command");
        succeed(Command::new("sh").args(["-c", command]));
        succeed(&mut exec());
        give(&place, STRANGER);
        refused(&place, "belongs to somebody else");
        give(&place, me());
        succeed(&mut exec());
    }
    // A link is as good as what it leads to, and whose it is.
    let elsewhere = home.path("elsewhere");
    for place in [state.clone(), state.join("trust"), state.join("vault")] {
        fs::rename(&place, &elsewhere).expect("moved");
        symlink(&elsewhere, &place).expect("linked");
        succeed(&mut exec());
        give(&place, STRANGER);
        refused(&place, "belongs to somebody else");
        give(&place, me());
        give(&elsewhere, STRANGER);
        refused(&elsewhere, "belongs to somebody else");
        give(&elsewhere, me());
        fs::remove_file(&place).expect("removed");
        fs::rename(&elsewhere, &place).expect("moved");
    }
    succeed(&mut exec());
}

#[test]
fn a_folder_that_others_may_write_to_is_no_place_for_the_config() {
    let home = Home::new();
    let folder = home.path(".config/leapp");
    for place in [folder.clone(), home.path(".config")] {
        chmod(&place, 0o777);
        let said = fail(1, &mut home.leapp(["list"]));
        let why = format!("leapp: cannot use the config's folder: everybody may write to {}\n", place.display());
        assert!(said.starts_with(&why), "{said}");
        // As in /tmp, what is there is its owner's alone.
        chmod(&place, 0o1777);
        assert_eq!(home.leapp(["list"]).output().expect("ended").status.success(), place != folder);
        chmod(&place, 0o755);
        succeed(&mut home.leapp(["list"]));
    }
}

#[test]
fn a_socket_is_not_put_where_others_could_put_another() {
    let home = Home::new();
    home.sign_in("corp");
    let top = home.path("top");
    fs::create_dir_all(top.join("own")).expect("made");
    chmod(&top.join("own"), 0o700);
    // Where it is not refused, it would serve for ever.
    let serve = |socket: PathBuf| {
        let mut command = Command::new("timeout");
        command
            .args(["20", env!("CARGO_BIN_EXE_leapp"), "serve", "--json", "--foreground", "corp", "--socket"])
            .arg(socket);
        home.surround(&mut command);
        fail(1, &mut command)
    };
    let refused = |why: String| {
        let said = serve(top.join("own/leapp.sock"));
        assert!(said.contains(&format!(": {why}: take a folder of your own")), "{said}");
        assert!(!top.join("own/leapp.sock").exists());
    };
    chmod(&top, 0o777);
    refused(format!("everybody may write to {}", top.display()));
    chmod(&top, 0o755);
    give(&top, STRANGER);
    refused(format!("{} belongs to somebody else", top.display()));
    give(&top, me());
    give(&top.join("own"), STRANGER);
    refused(format!("{} belongs to somebody else", top.join("own").display()));
    give(&top.join("own"), me());
    symlink(top.join("own"), home.path("link")).expect("linked");
    chmod(&top, 0o777);
    let said = serve(home.path("link/leapp.sock"));
    assert!(said.contains(&format!("everybody may write to {}", top.display())), "{said}");
}
