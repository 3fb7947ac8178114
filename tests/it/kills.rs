//! leapp killed at any point of any command that writes: nothing is lost, and the next run leaves nothing behind.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use crate::{
    harness::{
        ADMIN, DEPLOY, Home, assertion, chained, contains, federated, secret_in, text, wait_until, write_program,
    },
    random::Random,
};

/// How often leapp is killed, and how long that may go on.
const KILLS: usize = 300;
const LONGEST: Duration = Duration::from_secs(55);
/// What changes anything in the world, each by its usual names. The process is killed before one of these.
const CALLS: [&str; 10] = [
    "write,pwrite64",
    "rename,renameat,renameat2",
    "unlink,unlinkat",
    "openat",
    "mkdir",
    "flock",
    "fsync",
    "ftruncate",
    "keyctl",
    "add_key,kill,bind,fchmod",
];
/// What the person has in the two files of `~/.aws`.
const MINE: &str =
    "[default]\ncredential_process = true\n[mine]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = mine\n";
/// A browser that reads the page that it is given.
const BROWSER: &str = "#!/bin/sh\nfor page; do :; done\ncat \"${page#file://}\" > /dev/null\n";

struct Scene {
    home: Home,
    /// When the SAML response was made that is at hand.
    made: Instant,
    /// Distinguishes one change from the next.
    round: usize,
}

impl Scene {
    fn new() -> Self {
        let home = Home::empty();
        home.write_config(&format!(
            "# mine\ndefault_region = \"eu-west-1\"\n{}{}{}",
            federated("corp", "ssp", ADMIN, "profile = \"corp\""),
            chained("prod", "corp", DEPLOY, "profile = \"prod\""),
            chained("steady", "corp", DEPLOY, ""),
        ));
        fs::create_dir_all(home.path(".aws")).expect("made");
        for name in [".aws/config", ".aws/credentials"] {
            fs::write(home.path(name), MINE).expect("written");
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(home.path(name), private).expect("closed");
        }
        for (directory, session) in [("work", "prod"), ("steady", "steady")] {
            fs::create_dir(home.path(directory)).expect("made");
            fs::write(home.path(directory).join(".leapp"), session).expect("written");
        }
        write_program(&home.path("browser"), BROWSER);
        let scene = Self { home, made: Instant::now(), round: 0 };
        scene.have_response();
        scene.run(&["login", "corp", "--saml-response", &scene.path("response")]);
        scene.run(&["exec", "steady", "--", "true"]);
        scene.run(&["allow", &scene.path("steady")]);
        scene
    }

    fn path(&self, name: &str) -> String {
        self.home.path(name).display().to_string()
    }

    fn have_response(&self) {
        fs::write(self.home.path("response"), assertion(&[])).expect("written");
    }

    fn leapp(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.leapp(arguments);
        command.env("AWS_ENDPOINT_URL_SIGNIN", self.home.sts());
        command
    }

    /// Runs a command to its end, whatever it comes to: the one before may have done it already.
    fn run(&self, arguments: &[&str]) {
        let output = self.leapp(arguments).output().expect("started");
        assert!(output.status.code().is_some_and(|code| code <= 2), "{arguments:?}: {}", text(&output.stderr));
    }

    /// Runs a command that is killed before a call of these, the so-and-so-manieth; whether it came that far. A server,
    /// which does not end, is killed in the end.
    fn kill_at(&self, arguments: &[&str], calls: &str, count: usize) -> bool {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        command.args(["-e", &format!("inject={calls}:signal=SIGKILL:when={count}")]);
        command.arg(env!("CARGO_BIN_EXE_leapp")).args(arguments);
        self.home.surround(&mut command);
        command.env("AWS_ENDPOINT_URL_SIGNIN", self.home.sts());
        let longest = if arguments[0] == "serve" { Duration::from_millis(400) } else { LONGEST };
        kill_after(command, longest)
    }

    /// Runs a command that is killed after a time; whether it lived so long.
    fn kill_after(&self, arguments: &[&str], time: Duration) -> bool {
        kill_after(self.leapp(arguments), time)
    }

    /// A command that writes, and the one that puts things as they were.
    fn step(&mut self, random: &mut Random) -> (Vec<String>, Vec<Vec<String>>) {
        self.round += 1;
        let region = format!("us-east-{}", 1 + self.round % 2);
        let duration = format!("{}s", 900 + self.round % 2000);
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let (work, login) = (self.path("work"), format!("login corp --saml-response {}", self.path("response")));
        let (line, back) = match random.below(16) {
            0 => (login, vec![]),
            1 => ("login prod".to_owned(), vec![]),
            // What is kept by then is only read: the next that writes clears up.
            2 => (format!("exec --duration {duration} prod -- true"), vec!["login prod".to_owned()]),
            3 => ("profile write prod --static".to_owned(), vec![]),
            4 => ("profile sync".to_owned(), vec!["profile sync --remove".to_owned()]),
            5 => (format!("session edit prod --region {region}"), vec![]),
            6 => (format!("session add chained new --assumer corp --role-arn {DEPLOY}"), vec![]),
            7 => ("session rename prod live".to_owned(), vec!["session rename live prod".to_owned()]),
            8 => ("session remove --yes new".to_owned(), vec![]),
            9 => (format!("allow {work}"), vec![]),
            10 => (format!("deny {work}"), vec![]),
            11 => ("logout prod".to_owned(), vec![]),
            12 => (format!("console prod --browser {}", self.path("browser")), vec![]),
            13 => ("exec --refresh prod -- true".to_owned(), vec![]),
            14 => ("serve --foreground --json prod".to_owned(), vec!["serve --stop".to_owned()]),
            _ => ("vault reset --force".to_owned(), vec![login, "exec steady -- true".to_owned()]),
        };
        (words(&line), back.iter().map(|line| words(line)).collect())
    }

    /// Fails where something was lost, or is left.
    fn check(&self, what: &str) {
        let config = fs::read_to_string(self.home.config()).expect("read");
        let is_there = |session: &str| config.contains(&format!("\n[sessions.{session}]\n"));
        assert!(
            config.starts_with("# mine\n") && ["corp", "steady", "prod"].into_iter().all(is_there),
            "{what}: {config}"
        );
        for name in [".aws/config", ".aws/credentials"] {
            let text = fs::read_to_string(self.home.path(name)).expect(what);
            assert!(text.starts_with(MINE), "{what}: {text}");
        }
        let mut sealed = fs::read_dir(self.home.state().join("vault")).expect("a vault").flatten();
        assert!(sealed.any(|entry| entry.file_name().to_string_lossy().starts_with("steady~")), "{what}");
        let trust = fs::read_dir(self.home.state().join("trust")).expect("records").flatten();
        let sessions: Vec<String> = trust
            .map(|record| fs::read(record.path()).expect("read"))
            .map(|record| serde_json::from_slice::<serde_json::Value>(&record).expect(what)["session"].to_string())
            .collect();
        assert!(sessions.contains(&"\"steady\"".into()) && sessions.len() <= 2, "{what}: {sessions:?}");
    }

    /// Fails where anything is left once the whole is signed out.
    fn check_end(&self) {
        self.run(&["logout", "--all"]);
        let mut left = Vec::new();
        for (path, bytes) in self.home.files() {
            let ending = path.extension().unwrap_or_default();
            let is_left = is_temporary(&path) || ending == "lock" || ending == "credentials";
            let is_given = ["passphrase", "response"].into_iter().any(|given| path == self.home.path(given));
            let is_clear = !is_given && secret_in(&bytes).is_some();
            if is_left || is_clear || path.starts_with(self.home.state().join("serve")) {
                left.push(path);
            }
        }
        assert!(left.is_empty(), "{left:?}");
        for name in [".aws/config", ".aws/credentials"] {
            assert_eq!(fs::read_to_string(self.home.path(name)).expect("read"), MINE);
        }
        let header = fs::read(self.home.state().join("vault/vault.json")).expect("a header");
        let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
        let name = format!("leapp:vault:{}", header["id"].as_str().expect("an id"));
        let keys = fs::read_to_string("/proc/keys").expect("the kernel's keys");
        assert!(!keys.lines().any(|line| line.contains(&name) && line.contains(" perm ")), "{keys}");
    }

    /// Whether a process of leapp's is there: also one that is to become another program, and holds what leapp held till then.
    fn is_at_work(&self) -> bool {
        let (leapp, home) = (Path::new(env!("CARGO_BIN_EXE_leapp")), format!("HOME={}", self.path("")));
        fs::read_dir("/proc").expect("processes").flatten().map(|process| process.path()).any(|process| {
            fs::read_link(process.join("exe")).is_ok_and(|exe| exe == leapp)
                && contains(&fs::read(process.join("environ")).unwrap_or_default(), home.trim_end_matches('/'))
        })
    }

    fn temporary_files(&self) -> Vec<String> {
        let paths = self.home.files().into_iter().map(|(path, _)| path);
        paths.filter(|path| is_temporary(path)).map(|path| path.display().to_string()).collect()
    }
}

/// Whether it is to go with the command that made it: also the files that stand in for those of `~/.aws`.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().expect("a name").to_string_lossy();
    name.starts_with(".leapp-") || path.to_string_lossy().contains("/leapp/run/")
}

/// Runs a command, which is killed after a time; whether it was killed, by this or before.
fn kill_after(mut command: Command, time: Duration) -> bool {
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    let group = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let start = Instant::now();
    while start.elapsed() < time && child.try_wait().expect("a status").is_none() {
        thread::sleep(Duration::from_micros(200));
    }
    // It may have ended just now.
    let _ = killpg(group, Signal::SIGKILL);
    child.wait().expect("ended").code().is_none()
}

/// Kills leapp in a home of its own, so often; how often in time.
fn play(mut random: Random, wanted: usize) -> usize {
    let mut scene = Scene::new();
    // How often each command makes each call, and how long it takes, as far as was seen.
    let mut known: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    let (start, mut kills) = (Instant::now(), 0);
    while kills < wanted && start.elapsed() < LONGEST {
        // STS takes a response for five minutes.
        if scene.made.elapsed() > Duration::from_mins(2) {
            scene.have_response();
            scene.made = Instant::now();
        }
        let (words, back) = scene.step(&mut random);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = words[..2].join(" ");
        let calls = random.one_of(&CALLS);
        let what = if random.below(3) == 0 {
            let most = known.entry((name.clone(), calls)).or_insert(20);
            let count = 1 + random.below(*most);
            if scene.kill_at(&words, calls, count) {
                kills += 1;
            } else {
                *most = (*most).min(count + 2);
            }
            format!("{words:?}, killed before {calls} number {count}")
        } else {
            let longest = times.get(&name).copied().unwrap_or(Duration::from_millis(50));
            let time = longest * u32::try_from(random.below(1000)).expect("small") / 1000;
            kills += usize::from(scene.kill_after(&words, time));
            format!("{words:?}, killed after {time:?}")
        };
        wait_until("all of it has ended", Duration::from_secs(10), || !scene.is_at_work());
        // The next run of the same, and back to where it was.
        let again = Instant::now();
        if words[0] != "serve" {
            scene.run(&words);
            times.insert(name, again.elapsed());
        }
        for words in back {
            scene.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        scene.check(&what);
        let left = scene.temporary_files();
        assert!(left.is_empty(), "{what}: {left:?}");
    }
    let asked = scene.home.count("AssumeRole");
    scene.run(&["exec", "steady", "--", "true"]);
    assert_eq!(scene.home.count("AssumeRole"), asked, "what was kept serves still");
    scene.check_end();
    kills
}

#[test]
fn whenever_leapp_is_killed_nothing_is_lost_and_the_next_run_clears_up() {
    let mut random = Random::seeded();
    let start = Instant::now();
    let kills: usize = thread::scope(|scope| {
        let at_work: Vec<_> =
            [random.split(), random.split()].map(|random| scope.spawn(|| play(random, KILLS / 2))).into();
        at_work.into_iter().map(|at_work| at_work.join().expect("played")).sum()
    });
    println!("{kills} kills in {:?}", start.elapsed());
    assert!(kills >= KILLS / 10, "only {kills} kills in {LONGEST:?}");
}

#[test]
fn what_leapps_left_that_were_killed_goes_with_the_next_command_that_writes() {
    let Scene { home, .. } = Scene::new();
    let profile = |name: &str| home.path(".local/state/leapp/browser").join(name);
    let block = fs::read_to_string(home.path(".aws/credentials")).expect("read")
        + "# >>> leapp profile write >>>\n[x]\naws_access_key_id = AKIAEXAMPLE\n# <<< leapp profile write <<<\n";
    let config = fs::read_to_string(home.config()).expect("read");
    let state = ".local/state/leapp";
    let left = [
        (format!("{state}/.leapp-aB3dE6"), ""),
        (format!("{state}/trust/.leapp-abcdef"), "{}"),
        (format!("{state}/console/.leapp-page-aB3dE6.html"), "token"),
        (format!("{state}/console/.leapp-aB3dE6gH.html"), "token"),
        ("snap/chromium/common/leapp/console/.leapp-page-aB3dE6.html".to_owned(), "token"),
        (format!("{state}/run/1-aB3dE6/aws_config_file"), MINE),
        (format!("{state}/run/.tmpaB3dE6/aws_config_file"), MINE),
        (format!("{state}/serve/1"), "prod"),
        (format!("{state}/browser/idp.example/Default/Sessions/Tabs_1"), "SAMLResponse"),
        (".config/leapp/.leapp-aB3dE6".to_owned(), &config),
        (".config/leapp/.leapp-aB3dE6gH.new".to_owned(), "x"),
        (".aws/.leapp-aB3dE6".to_owned(), &block),
        (".aws/.leapp-zB3dE6".to_owned(), ""),
    ];
    let kept = [
        (format!("{state}/browser/idp.example/Default/Cookies"), "mine"),
        (format!("{state}/browser/runs.example/Default/Sessions/Tabs_1"), "mine"),
        (format!("{state}/console/prod/Default/Sessions/Tabs_1"), "mine"),
        (".config/leapp/.leapp-backup".to_owned(), &config),
        (".config/leapp/.leapp-bB3dE6".to_owned(), "mine"),
        (".aws/.leapp-aB3dE7".to_owned(), MINE),
    ];
    for (name, text) in left.iter().chain(&kept) {
        let path = home.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let host = nix::unistd::gethostname().expect("a name").to_string_lossy().into_owned();
    for (name, process) in [("idp.example", 999_999_999), ("runs.example", std::process::id())] {
        let lock = profile(name).join("SingletonLock");
        std::os::unix::fs::symlink(format!("{host}-{process}"), lock).expect("linked");
    }
    let output = home.leapp(["session", "edit", "prod", "--region", "eu-west-3"]).output().expect("started");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let there = |files: &[(String, &str)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).filter(|name| home.path(name).exists()).collect()
    };
    assert_eq!(there(&left), [""; 0]);
    assert_eq!(there(&kept).len(), kept.len(), "{:?}", there(&kept));
}
