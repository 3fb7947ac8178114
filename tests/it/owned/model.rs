//! A model of what lives under names, and steps at random: after each, nothing else is there, on the disk or running.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{credentials_file, mentions, names_in, says, serve, served::Served};
use crate::{
    harness::{DEPLOY, Home, succeed, variables},
    random::Random,
};

/// How long it goes on.
const LONGEST: Duration = Duration::from_secs(25);
/// The names that come and go; none is part of another, nor of anything else in the home.
const NAMES: [&str; 4] = ["wyvern", "Wyvern", "basilisk", "cockatrice"];

/// What is expected.
#[derive(Default)]
struct Model {
    /// The sessions chained from `corp`.
    sessions: BTreeSet<String>,
    is_signed_in: bool,
    kept: BTreeSet<String>,
    /// The named profile of each, and whose keys it has.
    in_plain_text: BTreeMap<String, String>,
    consoles: BTreeSet<String>,
    /// By directory.
    trust: BTreeMap<String, String>,
    signed_out: BTreeSet<String>,
    servers: Vec<(String, Served)>,
}

impl Model {
    /// A step at random; what it was.
    fn step(&mut self, home: &Home, random: &mut Random) -> String {
        let free: Vec<&str> = NAMES.into_iter().filter(|name| !self.sessions.contains(*name)).collect();
        let there: Vec<String> = self.sessions.iter().cloned().collect();
        let what = random.below(20);
        if there.is_empty() || what < 3 && !free.is_empty() {
            return self.add(home, random.one_of(&free));
        }
        let name = random.one_of(&there);
        match what {
            3..7 => self.ask_for(home, &name, |home, name| drop(variables(home, &[name]))),
            7..9 if self.servers.len() < 3 => self.serve(home, &name),
            9..11 => self.write(home, &name),
            11 => self.open_console(home, &name),
            12..14 => self.allow(home, &name, random.one_of(&["one", "other"])),
            14..16 if !free.is_empty() => self.rename(home, &name, random.one_of(&free)),
            16 => self.remove(home, &name),
            17 if random.below(3) == 0 => self.sign_out_of_all(home),
            18 if random.below(2) == 0 => self.sign_out(home, "corp"),
            _ => self.sign_out(home, &name),
        }
    }

    fn add(&mut self, home: &Home, name: &str) -> String {
        says(home, &["session", "add", "chained", name, "--assumer", "corp", "--role-arn", DEPLOY]);
        self.sessions.insert(name.to_owned());
        format!("add {name}")
    }

    /// Has a person ask for the credentials of a session.
    fn ask_for(&mut self, home: &Home, name: &str, ask: impl FnOnce(&Home, &str)) -> String {
        if !self.is_signed_in {
            home.sign_in("corp");
            (self.is_signed_in, _) = (true, self.signed_out.remove("corp"));
        }
        ask(home, name);
        self.kept.insert(name.to_owned());
        self.signed_out.remove(name);
        format!("ask for {name}")
    }

    fn serve(&mut self, home: &Home, name: &str) -> String {
        self.ask_for(home, name, |_, _| {});
        let server = serve(home, name);
        assert!(server.serves());
        self.servers.push((name.to_owned(), server));
        format!("serve {name}")
    }

    fn write(&mut self, home: &Home, name: &str) -> String {
        self.ask_for(home, name, |home, name| drop(says(home, &["profile", "write", name, "--static"])));
        self.in_plain_text.insert(name.to_owned(), name.to_owned());
        format!("write {name} in plain text")
    }

    /// As far as a test without a window can.
    fn open_console(&mut self, home: &Home, name: &str) -> String {
        let mut console = home.leapp(["console", name]);
        let peer = format!("{}/", home.sts());
        self.ask_for(home, name, |_, _| {
            let _ = console.env("AWS_ENDPOINT_URL_SIGNIN", peer).env("LEAPP_BROWSER", "/bin/false").output();
        });
        self.consoles.insert(name.to_owned());
        format!("open the console of {name}")
    }

    fn allow(&mut self, home: &Home, name: &str, directory: &str) -> String {
        let path = home.path(directory);
        fs::create_dir_all(&path).expect("made");
        fs::write(path.join(".leapp"), name).expect("written");
        says(home, &["allow", path.to_str().expect("UTF-8")]);
        self.trust.insert(directory.to_owned(), name.to_owned());
        format!("allow {directory} to switch to {name}")
    }

    fn rename(&mut self, home: &Home, old: &str, new: &str) -> String {
        says(home, &["session", "rename", old, new]);
        for names in [&mut self.sessions, &mut self.kept, &mut self.consoles, &mut self.signed_out] {
            if names.remove(old) {
                names.insert(new.to_owned());
            }
        }
        let of_servers = self.servers.iter_mut().map(|(name, _)| name);
        for name in self.in_plain_text.values_mut().chain(of_servers).filter(|name| *name == old) {
            new.clone_into(name);
        }
        self.trust.retain(|_, session| session != old);
        format!("rename {old} to {new}")
    }

    fn remove(&mut self, home: &Home, name: &str) -> String {
        says(home, &["session", "remove", "--yes", name]);
        self.forget(|of| of == name);
        for names in [&mut self.sessions, &mut self.consoles, &mut self.signed_out] {
            names.remove(name);
        }
        self.trust.retain(|_, session| session != name);
        format!("remove {name}")
    }

    fn sign_out(&mut self, home: &Home, name: &str) -> String {
        says(home, &["logout", name]);
        self.forget(|of| of == name || name == "corp");
        if name == "corp" {
            self.is_signed_in = false;
        }
        self.signed_out.insert(name.to_owned());
        format!("sign out of {name}")
    }

    fn sign_out_of_all(&mut self, home: &Home) -> String {
        says(home, &["logout", "--all"]);
        self.forget(|_| true);
        self.is_signed_in = false;
        self.consoles.clear();
        "sign out of everything".to_owned()
    }

    fn forget(&mut self, is_meant: impl Fn(&str) -> bool) {
        self.kept.retain(|name| !is_meant(name));
        self.in_plain_text.retain(|_, session| !is_meant(session));
        let (ended, live): (Vec<_>, Vec<_>) = self.servers.drain(..).partition(|(name, _)| is_meant(name));
        self.servers = live;
        for (name, mut server) in ended {
            assert!(!server.serves() && server.ends(), "the server of {name} lives on");
        }
    }

    /// Fails where anything else is there than is expected.
    fn check(&self, home: &Home) {
        let of_file = |file: &str| file.split(['~', '=']).next().expect("a name").to_owned();
        let in_room = |room: &str| -> Vec<String> { names_in(&home.state().join(room)) };
        let kept: BTreeSet<String> =
            in_room("vault").iter().filter(|file| file.ends_with(".credentials")).map(|file| of_file(file)).collect();
        let wanted = self.kept.iter().cloned().chain(self.is_signed_in.then(|| "corp".to_owned())).collect();
        assert_eq!(kept, wanted, "kept");
        let named = |room: &str| in_room(room).iter().map(|file| of_file(file)).collect::<BTreeSet<String>>();
        assert_eq!(named("console"), self.consoles, "consoles");
        assert_eq!(named("dismissed"), self.signed_out, "signed out by name");
        let trust: Value = serde_json::from_str(&succeed(&mut home.leapp(["trust", "--json"]))).expect("JSON");
        let trust = trust.as_array().expect("records").iter().map(|record| {
            let path = record["path"].as_str().expect("a path").trim_end_matches("/.leapp");
            (path.rsplit('/').next().expect("a name").to_owned(), record["session"].as_str().expect("one").to_owned())
        });
        assert_eq!(trust.collect::<BTreeMap<_, _>>(), self.trust, "trust");
        self.check_plain_text(home);
        self.check_servers(home);
        let mut left: Vec<_> = home.files().into_iter().map(|(path, _)| path).collect();
        left.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".leapp-")));
        assert!(left.is_empty(), "{left:?}");
        for name in NAMES.into_iter().filter(|name| !self.sessions.contains(*name)) {
            let is_profile = self.in_plain_text.contains_key(name);
            assert!(is_profile || mentions(home, name).is_empty(), "of {name}: {:?}", mentions(home, name));
        }
    }

    fn check_plain_text(&self, home: &Home) {
        let text = fs::read_to_string(credentials_file(home)).unwrap_or_default();
        let mut found = BTreeMap::new();
        let mut profile = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut profile);
            } else if line.starts_with("# keys of the session") {
                found.insert(profile.clone(), line.split('`').nth(1).expect("a name").to_owned());
            }
        }
        assert_eq!(found, self.in_plain_text, "in plain text");
        assert_eq!(text.matches("aws_secret_access_key").count(), found.len());
    }

    fn check_servers(&self, home: &Home) {
        let entry = |pid: String| {
            let text = fs::read_to_string(home.state().join("serve").join(&pid)).expect("an entry");
            (pid, text.lines().next().expect("a name").to_owned())
        };
        let roll: BTreeMap<String, String> = names_in(&home.state().join("serve")).into_iter().map(entry).collect();
        let wanted = self.servers.iter().map(|(name, server)| (server.pid().to_string(), name.clone())).collect();
        assert_eq!(roll, wanted, "servers");
        assert!(self.servers.iter().all(|(_, server)| server.serves()));
    }
}

#[test]
fn nothing_lives_on_under_a_name_that_it_should_not() {
    let mut random = Random::seeded();
    let start = Instant::now();
    while start.elapsed() < LONGEST {
        let home = Home::new();
        let (mut model, mut steps) = (Model::default(), Vec::new());
        for _ in 0..30 {
            steps.push(model.step(&home, &mut random));
            println!("{}", steps.last().expect("a step"));
            model.check(&home);
            if start.elapsed() > LONGEST {
                break;
            }
        }
    }
}
