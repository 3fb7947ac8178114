//! A model of a shell, and what may happen to it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::other_tools, *};
use crate::{
    environment::{ACCESS_KEY_ID, EXPIRATION, Grant, SECRET_ACCESS_KEY, SESSION_TOKEN},
    secret::Secret,
};

/// A shell that does what it is told.
#[derive(Clone, Debug, Default)]
struct Model {
    exported: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
    left: String,
}

impl Model {
    fn of(variables: &[(&str, &str)]) -> Self {
        let exported = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { exported, ..Self::default() }
    }

    /// All but the digests of what it held once.
    fn held(&self) -> (&BTreeMap<String, String>, &BTreeMap<String, String>) {
        (&self.exported, &self.kept)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.exported.get(name).map(String::as_str)
    }

    fn go(&mut self, target: Target) {
        let environment = |name: &str| if name == LEFT { Some(&*self.left) } else { self.get(name) };
        let change = change(State::of(environment).as_ref(), environment, target).expect("a change");
        if let Some(left) = change.left {
            self.left = left;
        }
        for name in change.restore {
            match self.kept.remove(name) {
                Some(value) => self.exported.insert(name.to_owned(), value),
                None => self.exported.remove(name),
            };
        }
        for name in change.forget.into_iter().chain(change.save_local) {
            self.kept.remove(name);
        }
        for (name, value) in change.found.variables() {
            self.exported.insert(name.to_owned(), value.to_owned());
        }
        for name in change.save {
            self.kept.insert(name.to_owned(), self.exported[name].clone());
        }
        for name in change.state.removals().chain(change.plan.removals()) {
            self.exported.remove(name);
        }
        for (name, value) in change.state.variables().chain(change.plan.variables()) {
            self.exported.insert(name.to_owned(), value.to_owned());
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.exported.insert(name.to_owned(), value.to_owned());
    }
}

const LEAVE: Target = Target::Before { told: None };

fn session(alias: &str, keys: &str) -> Target {
    let (secret, token) = (Secret::new(format!("secret {keys}")), Secret::new(format!("token {keys}")));
    let plan = Plan::for_session(&Grant {
        alias,
        region: Some("eu-west-1"),
        access_key_id: &format!("ASIA{keys}"),
        secret_access_key: &secret,
        session_token: Some(&token),
        expiration: None,
    });
    let place = Place { session: alias.to_owned(), scope: format!("/{alias}/.leapp") };
    Target::Session { status: Status::Loaded, place, plan: plan.expect("a plan") }
}

fn signed_out(alias: &str) -> Target {
    let place = Place { session: alias.to_owned(), scope: format!("/{alias}/.leapp") };
    Target::Session { status: Status::SignedOut, place, plan: Plan::clear_credentials() }
}

fn outer() -> Model {
    Model::of(&[(ACCESS_KEY_ID, "AKIA"), (SECRET_ACCESS_KEY, "mine"), ("AWS_PROFILE", "p"), ("AWS_REGION", "r")])
}

#[test]
fn what_was_there_before_comes_back() {
    let mut shell = outer();
    shell.go(session("dev", "1"));
    assert_eq!((shell.get(ACCESS_KEY_ID), shell.get("AWS_PROFILE")), (Some("ASIA1"), None));
    shell.go(session("dev", "2"));
    shell.go(session("prod", "3"));
    assert_eq!((shell.get(SESSION), shell.get(SESSION_TOKEN)), (Some("prod"), Some("token 3")));
    shell.go(LEAVE);
    assert_eq!(shell.held(), outer().held());
}

#[test]
fn signed_out_is_nothing_rather_than_what_was_before() {
    let mut shell = outer();
    shell.go(session("dev", "1"));
    shell.go(signed_out("dev"));
    for name in KEYS.into_iter().chain([EXPIRATION, SESSION, "AWS_PROFILE"]) {
        assert_eq!(shell.get(name), None, "{name}");
    }
    assert_eq!(shell.get("AWS_REGION"), Some("r"));
    shell.go(session("dev", "2"));
    assert_eq!(shell.get(ACCESS_KEY_ID), Some("ASIA2"));
    shell.go(LEAVE);
    assert_eq!(shell.held(), outer().held());
}

#[test]
fn one_changed_key_makes_all_of_them_the_persons() {
    let mut shell = outer();
    shell.go(session("dev", "1"));
    shell.set(ACCESS_KEY_ID, "AKIAMINE");
    shell.set(SECRET_ACCESS_KEY, "other");
    for target in [session("dev", "2"), LEAVE] {
        shell.go(target);
        let seen = [shell.get(ACCESS_KEY_ID), shell.get(SECRET_ACCESS_KEY), shell.get(SESSION_TOKEN)];
        assert_eq!(seen, [Some("AKIAMINE"), Some("other"), None]);
        assert_eq!(shell.get(SESSION), None);
    }
    // A profile from before would compete with the person's keys.
    assert_eq!((shell.get("AWS_PROFILE"), shell.get("AWS_REGION")), (None, Some("r")));
    assert!(shell.kept.is_empty(), "{:?}", shell.kept);
}

#[test]
fn another_directory_replaces_what_the_person_set_and_gives_it_back() {
    let mut shell = outer();
    shell.go(session("dev", "1"));
    shell.set(ACCESS_KEY_ID, "AKIAMINE");
    shell.set("AWS_REGION", "mine");
    shell.go(session("prod", "2"));
    assert_eq!((shell.get(ACCESS_KEY_ID), shell.get("AWS_REGION")), (Some("ASIA2"), Some("eu-west-1")));
    shell.go(LEAVE);
    let seen = [shell.get(ACCESS_KEY_ID), shell.get(SECRET_ACCESS_KEY), shell.get(SESSION_TOKEN)];
    // Neither the secret of `dev` nor the one from before belongs to the person's own key.
    assert_eq!((seen, shell.get("AWS_REGION")), ([Some("AKIAMINE"), None, None], Some("mine")));
}

#[test]
fn a_shell_that_was_handed_a_session_leaves_nothing_of_it() {
    let mut shell = outer();
    shell.go(session("dev", "1"));
    shell.kept.clear();
    shell.go(LEAVE);
    assert_eq!(shell.held(), Model::default().held());
}

#[test]
fn what_the_person_was_told_is_remembered() {
    let mut shell = outer();
    let place = Place { session: "dev".into(), scope: "/x/.leapp".into() };
    shell.go(Target::Before { told: Some(place.clone()) });
    assert_eq!(shell.get(STATE).and_then(State::parse), Some(State::new(Status::Told, place)));
    shell.go(LEAVE);
    assert_eq!(shell.held(), outer().held());
}

#[test]
fn a_shell_of_a_command_says_once_that_its_keys_were_replaced() {
    let place = Place { session: "dev".into(), scope: String::new() };
    let Target::Session { plan, .. } = session("dev", "1") else { unreachable!() };
    let pinned = State::pinned(place, &plan);
    let mut shell = Model::of(&[]);
    shell.exported.extend(plan.variables().map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(change_of_pinned(&pinned, |name| shell.get(name)), Change::default());
    shell.set(ACCESS_KEY_ID, "OUTER");
    let change = change_of_pinned(&pinned, |name| shell.get(name));
    assert_eq!(change.displaced_by, Some(ACCESS_KEY_ID));
    assert_eq!(change.plan.removals().collect::<Vec<_>>(), [SECRET_ACCESS_KEY, SESSION_TOKEN, SESSION]);
    shell.exported.retain(|name, _| [ACCESS_KEY_ID, "AWS_REGION"].contains(&name.as_str()));
    assert_eq!(change_of_pinned(&pinned, |name| shell.get(name)), Change::default());
}

/// What may happen to a shell.
#[derive(Clone, Debug)]
enum Step {
    Session(u8, u8),
    SignedOut(u8),
    Leave,
    Set(usize, String),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3u8, 0..9u8).prop_map(|(alias, keys)| Step::Session(alias, keys)),
        (0..3u8).prop_map(Step::SignedOut),
        Just(Step::Leave),
        (0..GRANTED.len() + COMPETITORS.len(), "[a-c]").prop_map(|(name, value)| Step::Set(name, value)),
    ]
}

proptest! {
    /// Key, secret and token are never of two identities, and outside of every directory nothing of leapp's is left.
    #[test]
    fn identities_never_mix(steps in prop::collection::vec(step(), 0..12)) {
        let mut shell = outer();
        for step in steps {
            match step {
                Step::Session(alias, keys) => shell.go(session(&format!("s{alias}"), &keys.to_string())),
                Step::SignedOut(alias) => shell.go(signed_out(&format!("s{alias}"))),
                Step::Leave => {
                    shell.go(LEAVE);
                    for (name, value) in &shell.exported {
                        prop_assert!(!value.contains("ASIA") && !value.starts_with("token"), "{name}");
                    }
                    continue;
                }
                Step::Set(name, value) => {
                    let name = GRANTED.into_iter().chain(COMPETITORS).nth(name).expect("a name");
                    shell.set(name, &value);
                    continue;
                }
            }
            let of_leapp = |name: &str| shell.get(name).filter(|value| value.contains("ASIA") || value.contains(' '));
            let number = |value: &str| value.chars().last();
            let numbers: Vec<_> = KEYS.iter().filter_map(|key| of_leapp(key).and_then(number)).collect();
            prop_assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", shell);
            prop_assert!(numbers.is_empty() || numbers.len() == KEYS.len(), "{:?}", shell);
        }
    }
}

/// Variables that another tool sets, as an `.envrc` of its would; empty ones it takes out.
type File = &'static [(&'static str, &'static str)];

const FILES: [File; 5] = [
    &[("AWS_PROFILE", "tool profile")],
    &[("AWS_ACCESS_KEY_ID", "AKIATOOL"), ("AWS_SECRET_ACCESS_KEY", "tool's"), ("AWS_SESSION_TOKEN", "")],
    &[("AWS_REGION", "tool-region"), ("AWS_ROLE_ARN", "tool's role")],
    &[("AWS_ACCESS_KEY_ID", "AKIAOTHER"), ("AWS_PROFILE", "other"), ("OTHER", "x")],
    &[("AWS_PROFILE", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_REGION", "")],
];

/// A tool that sets variables by directory: it notes what it found, and puts that back when it leaves.
impl Model {
    fn tool_leaves(&mut self) {
        let Some(record) = self.exported.remove("DIRENV_DIFF") else { return };
        for (name, value) in other_tools::reverted(&record) {
            match value {
                Some(value) => self.exported.insert(name, value),
                None => self.exported.remove(&name),
            };
        }
    }

    fn tool_enters(&mut self, file: File) {
        let found: Vec<(String, String)> =
            file.iter().filter_map(|(name, _)| Some(((*name).to_owned(), self.exported.get(*name)?.clone()))).collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let set: Vec<(&str, &str)> = file.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        self.exported.insert("DIRENV_DIFF".to_owned(), other_tools::record(&found, &set));
        for (name, value) in file {
            match *value {
                "" => self.exported.remove(*name),
                value => self.exported.insert((*name).to_owned(), value.to_owned()),
            };
        }
    }

    /// As mise does where it reads the same files again: what it finds now is what it found, but for its own values.
    fn tool_reads_again(&mut self, file: File) {
        let found = self.exported.get("DIRENV_DIFF").map(|record| other_tools::reverted(record)).unwrap_or_default();
        for (name, value) in file {
            if self.get(name).unwrap_or_default() == *value {
                match found.get(*name).cloned().flatten() {
                    Some(found) => self.exported.insert((*name).to_owned(), found),
                    None => self.exported.remove(*name),
                };
            }
        }
        self.tool_enters(file);
    }

    fn tool_goes(&mut self, from: Option<File>, to: Option<File>, reads_again: bool) {
        match to {
            Some(file) if from == to => {
                if reads_again {
                    self.tool_reads_again(file);
                }
            }
            _ => {
                self.tool_leaves();
                if let Some(file) = to {
                    self.tool_enters(file);
                }
            }
        }
    }
}

/// A directory: its session, and the file of another tool that is in force there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Directory {
    session: Option<u8>,
    file: Option<File>,
}

fn directory() -> impl Strategy<Value = Directory> {
    let session = prop::option::of(0..2u8);
    let file = prop::option::of((0..FILES.len()).prop_map(|file| FILES[file]));
    (session, file).prop_map(|(session, file)| Directory { session, file })
}

fn look(shell: &mut Model, here: Directory, keys: u8) {
    let target = |number: u8| session(&format!("s{number}"), &format!("{number}{keys}"));
    shell.go(here.session.map_or(LEAVE, target));
}

fn holds_nothing_of_leapp(shell: &Model) -> bool {
    let is_ours =
        |value: &String| value.contains("ASIA") || value.starts_with("secret ") || value.starts_with("token ");
    !shell.exported.values().any(is_ours) && shell.get(SESSION).is_none() && shell.get(REGIONS[0]) != Some("eu-west-1")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Beside another tool that saves and restores, in either order: inside, the session and nothing else; outside,
    /// what the tool wants and what was there before, and nothing of leapp's; and the tool never notes a key of leapp's.
    #[test]
    fn another_tool_brings_back_nothing(
        steps in prop::collection::vec((directory(), any::<bool>(), any::<bool>(), 0..3u8), 1..12),
    ) {
        let (mut shell, mut before) = (outer(), Directory { session: None, file: None });
        for (here, is_tool_first, reads_again, keys) in steps {
            if !is_tool_first {
                look(&mut shell, here, keys);
            }
            shell.tool_goes(before.file, here.file, reads_again);
            look(&mut shell, here, keys);
            before = here;
            let record = shell.get("DIRENV_DIFF").map(other_tools::reverted).unwrap_or_default();
            let noted = record.values().flatten().any(|value| value.contains("ASIA") || value.contains("secret "));
            prop_assert!(!noted, "{shell:?}");
            if let Some(session) = here.session {
                let keys = format!("{session}{keys}");
                let (id, name) = (format!("ASIA{keys}"), format!("s{session}"));
                prop_assert_eq!(shell.get(ACCESS_KEY_ID), Some(&*id), "{:?}", shell);
                prop_assert_eq!(shell.get(SESSION), Some(&*name));
                prop_assert!(COMPETITORS.into_iter().all(|name| shell.get(name).is_none()), "{:?}", shell);
                continue;
            }
            prop_assert!(holds_nothing_of_leapp(&shell), "{shell:?}");
            let mut wanted = outer();
            if let Some(file) = here.file {
                wanted.tool_enters(file);
            }
            for model in [&mut wanted, &mut shell] {
                model.exported.retain(|name, _| name != STATE);
            }
            let held = |model: &Model| {
                let mut exported = model.exported.clone();
                exported.remove("DIRENV_DIFF");
                // A tool does not note that it takes out what is not there at the time, because leapp has put it away.
                let taken_out = here.file.unwrap_or_default().iter().filter(|(_, value)| value.is_empty());
                taken_out.for_each(|(name, _)| drop(exported.remove(*name)));
                exported
            };
            prop_assert_eq!(held(&shell), held(&wanted));
        }
    }

    /// Beside a tool that says nothing of what it does: outside there is nothing of leapp's, and inside no mixture.
    #[test]
    fn a_tool_that_says_nothing_brings_back_nothing(
        steps in prop::collection::vec((directory(), any::<bool>()), 1..12),
    ) {
        let (mut shell, mut before) = (outer(), Directory { session: None, file: None });
        let mut found = BTreeMap::new();
        for (here, is_tool_first) in steps {
            if !is_tool_first {
                look(&mut shell, here, 0);
            }
            if before.file != here.file {
                for (name, value) in std::mem::take(&mut found) {
                    match value {
                        Some(value) => shell.exported.insert(name, value),
                        None => shell.exported.remove(&name),
                    };
                }
                for (name, value) in here.file.unwrap_or_default() {
                    found.insert((*name).to_owned(), shell.exported.insert((*name).to_owned(), (*value).to_owned()));
                }
            }
            look(&mut shell, here, 0);
            before = here;
            let has = |name: &str, part: &str| shell.get(name).is_some_and(|value| value.contains(part));
            let ours = [has(ACCESS_KEY_ID, "ASIA"), has(SECRET_ACCESS_KEY, "secret "), has(SESSION_TOKEN, "token ")];
            prop_assert!(ours.into_iter().all(|is_ours| is_ours == ours[0]), "{shell:?}");
            prop_assert_eq!(ours[0], shell.get(SESSION).is_some(), "{:?}", shell);
            prop_assert!(here.session.is_some() || !ours[0], "{shell:?}");
            let is_alone = COMPETITORS[..IDENTITIES].iter().all(|name| shell.get(name).is_none_or(str::is_empty));
            prop_assert!(!ours[0] || is_alone, "{shell:?}");
        }
    }
}
