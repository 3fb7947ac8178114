//! The vault's passphrase is asked for once in a run, also where no kernel's keyring holds the key.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    harness::{Home, succeed, sweep_faketime},
    refresh::terminal::Terminal,
};

const QUESTION: &str = "Passphrase of leapp's vault: ";
const PASSPHRASE: &str = "correct horse battery staple";
/// How long a command may take on a busy machine, with its key stretched as often as it likes.
const LONG: Duration = Duration::from_secs(90);

/// A home that has signed in to `corp`, in which no kernel holds the key of the vault.
fn without_kernel() -> Home {
    let home = Home::new();
    home.add_config("[vault]\nkey = \"passphrase\"\nunlock_ttl = \"0\"\n");
    home.sign_in("corp");
    home
}

/// A command whose passphrase a person types, as often as it asks, until it ends or for so long. Its clock is ahead by
/// what the file `clock` says.
fn questions(home: &Home, bound: Duration, arguments: &[&str]) -> (usize, Child, Terminal) {
    sweep_faketime();
    let mut terminal = Terminal::new();
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", env!("CARGO_BIN_EXE_leapp")]).args(arguments);
    home.surround(&mut command);
    command.env_remove("LEAPP_PASSPHRASE_FILE");
    fs::write(home.path("clock"), "+0").expect("written");
    command.env("LD_PRELOAD", "libfaketimeMT.so.1").env("LD_LIBRARY_PATH", faketime());
    command.env("FAKETIME_TIMESTAMP_FILE", home.path("clock")).env("FAKETIME_NO_CACHE", "1");
    terminal.connect(&mut command);
    let mut child = command.spawn().expect("started");
    let (start, mut answered) = (Instant::now(), 0);
    while start.elapsed() < bound && child.try_wait().expect("a status").is_none() {
        let asked = terminal.seen().matches(QUESTION).count();
        for _ in answered..asked {
            terminal.types(&format!("{PASSPHRASE}\r"));
        }
        answered = asked;
    }
    (terminal.seen().matches(QUESTION).count(), child, terminal)
}

/// The folder of faketime's library.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("folders").flatten().map(|entry| entry.path().join("faketime"));
    folders.into_iter().find(|folder| folder.join("libfaketimeMT.so.1").exists()).expect("faketime is installed")
}

#[test]
fn a_chain_of_three_hops_asks_once() {
    let home = without_kernel();
    let (asked, mut child, mut terminal) = questions(&home, LONG, &["exec", "audit", "--", "true"]);
    assert!(child.wait().expect("ended").success(), "{}", terminal.seen());
    assert_eq!((asked, home.count("AssumeRoleWithSAML")), (1, 1), "{}", terminal.seen());
}

#[test]
fn a_command_that_is_renewed_and_a_server_ask_once() {
    for arguments in [&["exec", "--refresh", "prod", "--", "true"] as &[&str], &["-v", "serve", "--json", "prod"]] {
        let home = without_kernel();
        let (asked, mut child, mut terminal) = questions(&home, LONG, arguments);
        assert!(child.wait().expect("ended").success(), "{}", terminal.seen());
        assert_eq!(asked, 1, "{arguments:?}: {}", terminal.seen());
        if arguments.contains(&"serve") {
            // The server has the key from there, and with it what `prod` starts from: nobody is asked, and no browser.
            fs::write(home.path("clock.new"), "+50m").expect("written");
            fs::rename(home.path("clock.new"), home.path("clock")).expect("set");
            let start = Instant::now();
            while home.count("AssumeRole") < 2 {
                assert!(start.elapsed() < LONG, "no renewal: {}", terminal.seen());
                sleep(Duration::from_millis(100));
            }
            assert_eq!(home.count("AssumeRoleWithSAML"), 1);
            succeed(&mut home.leapp(["serve", "--stop"]));
        }
    }
}

#[test]
fn a_status_that_is_watched_asks_once() {
    let home = without_kernel();
    let (asked, mut child, mut terminal) = questions(&home, Duration::from_secs(8), &["status", "--watch"]);
    let shown = terminal.seen().to_owned();
    kill(Pid::from_raw(-i32::try_from(child.id()).expect("a process id")), Signal::SIGKILL).ok();
    terminal.types("\u{3}");
    child.wait().expect("ended");
    assert_eq!(asked, 1, "{shown}");
    assert!(shown.matches("corp ").count() > 2 && shown.contains(" left"), "{shown}");
}

#[test]
fn a_vault_is_reset_only_where_the_person_agrees() {
    let home = without_kernel();
    let header = home.state().join("vault/vault.json");
    for (answer, is_there) in [("", true), ("y", false)] {
        let mut terminal = Terminal::new();
        let mut command = Command::new("setsid");
        command.args(["-c", "-w", env!("CARGO_BIN_EXE_leapp"), "vault", "reset"]);
        home.surround(&mut command);
        terminal.connect(&mut command);
        let mut child = command.spawn().expect("started");
        terminal.expect("Forget all credentials in the vault, and its key? [y/N] ");
        terminal.types(&format!("{answer}\r"));
        terminal.expect(if is_there { "the vault stays as it is: you did not say yes" } else { "the vault is empty" });
        assert_eq!((child.wait().expect("ended").success(), header.exists()), (!is_there, is_there));
    }
    assert_eq!(fs::read_dir(home.state().join("vault")).expect("a folder").count(), 0);
    home.sign_in("corp");
}
