//! What every test stands on: the bed's variables, a fresh home, and the real program.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::remedies::{self, Then};

/// Writes a program, in a process of its own: one that this process wrote cannot be started while another thread is
/// starting something, which holds the file open for a moment ("Text file busy").
pub fn write_program(path: &Path, text: impl AsRef<[u8]>) {
    let mut install = Command::new("install");
    install.args(["-D", "-m", "755", "/dev/stdin"]).arg(path).stdin(Stdio::piped());
    let mut child = install.spawn().expect("started");
    child.stdin.take().expect("a pipe").write_all(text.as_ref()).expect("written");
    assert!(child.wait().expect("ended").success(), "{}", path.display());
}

/// Removes what libfaketime left of processes that were killed: it takes its process id for unique, and a new process may
/// have the same. To be called before a program is started on it.
pub fn sweep_faketime() {
    for entry in fs::read_dir("/dev/shm").expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let id = name.strip_prefix("faketime_shm_").or_else(|| name.strip_prefix("sem.faketime_sem_"));
        if id.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A variable of the bed.
///
/// # Panics
/// Where the tests do not run inside the bed: that is said, never skipped.
pub fn bed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: the tests run inside the bed; run: make test (or: tests/bed/bed run -- cargo test)")
    })
}

/// The federated session that most tests start from.
pub const ADMIN: &str = "arn:aws:iam::111122223333:role/Admin";
/// The chained session that most tests end at.
pub const DEPLOY: &str = "arn:aws:iam::444455556666:role/team/Deploy";

/// A home of a test's own, with a config, a passphrase file, and a tag in the STS's log.
pub struct Home {
    folder: TempDir,
    tag: String,
    /// Prefixes of the STS's path after the tag, such as `/fault/500`.
    pub sts_path: String,
    /// The endpoint in place of the bed's STS.
    pub endpoint: Option<String>,
}

/// One request in the STS's log.
pub type Request = serde_json::Value;

impl Home {
    /// A home without a config.
    pub fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::Builder::new().prefix("leapp-test-").tempdir().expect("a folder");
        let tag = format!("t{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let home = Self { folder, tag, sts_path: String::new(), endpoint: None };
        home.write_passphrase("correct horse battery staple\n");
        fs::create_dir(home.temporary()).expect("made");
        home
    }

    /// A home with the federated session `corp`, `prod` chained from it, and `audit` chained from that.
    pub fn new() -> Self {
        let home = Self::empty();
        home.write_config(&format!(
            "default_region = \"eu-west-1\"\nsign_in_timeout = \"90s\"\n{}{}{}",
            federated("corp", "ssp", ADMIN, ""),
            chained("prod", "corp", DEPLOY, ""),
            chained("audit", "prod", "arn:aws:iam::444455556666:role/Audit", ""),
        ));
        home
    }

    /// A home that has signed in to `corp` at an STS of this kind, such as `/ttl/8`.
    pub fn at_sts(path: &str) -> Self {
        let mut home = Self::new();
        home.sts_path = path.into();
        home.sign_in("corp");
        home
    }

    /// A file in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where temporary files are.
    pub fn temporary(&self) -> PathBuf {
        self.path("tmp")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.path(".local/state/leapp")
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.path(".config/leapp/config.toml")
    }

    /// Replaces the passphrase of the vault.
    pub fn write_passphrase(&self, passphrase: &str) {
        fs::write(self.path("passphrase"), passphrase).expect("written");
        fs::set_permissions(self.path("passphrase"), fs::Permissions::from_mode(0o600)).expect("closed");
    }

    /// Replaces the config.
    pub fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().expect("a folder")).expect("made");
        fs::write(self.config(), text).expect("written");
    }

    /// Adds to the config.
    pub fn add_config(&self, text: &str) {
        let before = fs::read_to_string(self.config()).expect("read");
        self.write_config(&format!("{before}{text}"));
    }

    /// The program, with nothing of this machine's environment but what a person would have.
    pub fn leapp<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leapp"));
        command.args(arguments);
        self.surround(&mut command);
        command
    }

    /// The STS of this home.
    pub fn sts(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("{}/t/{}{}", bed("LEAPP_BED_STS"), self.tag, self.sts_path))
    }

    /// Gives a command this home's environment.
    pub fn surround(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.temporary())
            .env("USER", "alice")
            .env("LEAPP_PASSPHRASE_FILE", self.path("passphrase"))
            .env("AWS_ENDPOINT_URL_STS", self.sts())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("LEAPP_HEADLESS", "always")
            .env("LEAPP_BROWSER_ARGS", "--remote-debugging-port=0")
            .stdin(Stdio::null());
    }

    /// Signs `session` in with an assertion that was had without a browser.
    pub fn sign_in(&self, session: &str) {
        let said = run_with_input(&mut self.leapp(["login", session, "--saml-response", "-"]), &assertion(&[]));
        assert!(said.status.success(), "{}", text(&said.stderr));
    }

    /// The requests of this home in the STS's log.
    pub fn requests(&self) -> Vec<Request> {
        let log = fs::read_to_string(bed("LEAPP_BED_STS_LOG")).expect("the STS's log");
        log.lines()
            .filter_map(|line| serde_json::from_str::<Request>(line).ok())
            .filter(|request| request["tag"] == self.tag.as_str())
            .filter(|request| !remedies::asked(&self.tag, request["time"].as_f64().unwrap_or_default()))
            .collect()
    }

    /// How often the STS was asked for this action.
    pub fn count(&self, action: &str) -> usize {
        self.requests().iter().filter(|request| request["action"] == action).count()
    }

    /// The bodies of all files that leapp wrote into this home, for a search.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let kind = entry.file_type().expect("a kind");
                if kind.is_dir() {
                    walk(&path, found);
                } else if kind.is_file() {
                    found.push((path.clone(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found
    }
}

/// What the kernel holds for this home's vault goes with the home.
impl Drop for Home {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_leapp"))
            .arg("lock")
            .env_clear()
            .env("HOME", self.folder.path())
            .stderr(Stdio::null())
            .status();
    }
}

/// A federated session of the config; `provider` is `ssp` or `nano`.
pub fn federated(alias: &str, provider: &str, role: &str, more: &str) -> String {
    let url = bed(if provider == "ssp" { "LEAPP_BED_SSP_URL" } else { "LEAPP_BED_NANO_URL" });
    let account = role.split(':').nth(4).expect("an account");
    format!(
        "[sessions.{alias}]\nkind = \"federated\"\nsaml_url = \"{url}\"\n\
         idp_arn = \"arn:aws:iam::{account}:saml-provider/{provider}\"\nrole_arn = \"{role}\"\n{more}\n"
    )
}

/// A chained session of the config.
pub fn chained(alias: &str, assumer: &str, role: &str, more: &str) -> String {
    format!("[sessions.{alias}]\nkind = \"chained\"\nassumer = \"{assumer}\"\nrole_arn = \"{role}\"\n{more}\n")
}

/// A SAML response for alice, with the options of `tests/bed/assertion`.
pub fn assertion(options: &[&str]) -> Vec<u8> {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/assertion"))
        .args(["alice", "wonder"])
        .args(options)
        .output()
        .expect("tests/bed/assertion");
    assert!(output.status.success(), "{}", text(&output.stderr));
    output.stdout
}

/// Runs a command to its end, and gives it `input`. No secret may be on its standard error.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    use std::io::Write as _;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input).expect("written");
    drop(stdin);
    searched(child.wait_with_output().expect("ended"))
}

/// What every secret of the bed holds, so that output can be searched for all of them, those too that were replaced:
/// the secret access keys and the session tokens of its STS, the responses of SimpleSAMLphp, the usual passphrase.
pub const MARKS: [&str; 4] = ["BedSecret", "FQoGZXIvYXdz", "PHNhbWxwOlJlc3BvbnNl", "correct horse"];

/// Whether bytes hold a text.
pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The mark of the first secret in bytes.
pub fn secret_in(bytes: &[u8]) -> Option<&'static str> {
    MARKS.into_iter().find(|mark| contains(bytes, mark))
}

/// What a command wrote, and no secret on standard error.
#[track_caller]
fn searched(output: Output) -> Output {
    assert_eq!(secret_in(&output.stderr), None, "a secret on standard error: {}", text(&output.stderr));
    output
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must succeed, and gives its standard output. No secret may be on its standard error.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = searched(command.output().expect("started"));
    assert!(output.status.success(), "{:?}: {}", output.status.code(), text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that must fail with this exit code, and gives its standard error, where no secret may be. What it says
/// to run is run.
#[track_caller]
pub fn fail(code: i32, command: &mut Command) -> String {
    let output = searched(command.output().expect("started"));
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
    remedies::carry_out(command, b"", &text(&output.stderr), Then::Again);
    text(&output.stderr)
}

/// As [`fail`], where a fault at the other end goes on, whatever is done here.
#[track_caller]
pub fn fail_by_fault(code: i32, command: &mut Command) -> String {
    let output = searched(command.output().expect("started"));
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
    remedies::carry_out(command, b"", &text(&output.stderr), Then::Nothing);
    text(&output.stderr)
}

/// As [`fail`], for a command that reads `input`.
#[track_caller]
pub fn fail_with_input(code: i32, command: &mut Command, input: &[u8]) -> String {
    let output = run_with_input(command, input);
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
    remedies::carry_out(command, input, &text(&output.stderr), Then::Again);
    text(&output.stderr)
}

/// Waits until something holds.
pub fn wait_until(what: &str, time: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < time, "not within {time:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for a child, for so long and no longer.
pub fn wait_for(child: &mut Child, time: Duration) -> Option<std::process::ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < time {
        if let Some(status) = child.try_wait().expect("a status") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// The variables that a child of `leapp exec` sees.
pub fn variables(home: &Home, arguments: &[&str]) -> std::collections::BTreeMap<String, String> {
    let mut words = vec!["exec"];
    words.extend(arguments);
    words.extend(["--", "env", "-0"]);
    succeed(&mut home.leapp(words))
        .split('\0')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
