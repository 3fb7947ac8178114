//! From what a shell holds to what it shall hold.

use super::state::{Mark, Place, STATE, State, Status};
use crate::{
    environment::{COMPETITORS, GRANTED, KEYS, Plan, REGIONS, SESSION},
    error::Result,
};

/// What a shell shall hold.
#[derive(Debug)]
pub(crate) enum Target {
    /// What it held before any directory's session.
    Before {
        /// What the person was told, where that shall be remembered.
        told: Option<Place>,
    },
    /// What it holds: it cannot be told whether that is still right, and it is not over yet.
    AsItIs,
    /// A directory's session, as a plan brings it.
    Session { status: Status, place: Place, plan: Plan },
}

/// What a shell has to do, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// These get back what was put away, or are unset where nothing was.
    pub(crate) restore: Vec<&'static str>,
    /// What was put away for these is dropped.
    pub(crate) forget: Vec<&'static str>,
    /// What these exported variables hold is put away.
    pub(crate) save: Vec<&'static str>,
    /// What these hold is put away, where they are variables of the shell alone.
    pub(crate) save_local: Vec<&'static str>,
    /// What `LEAPP_STATE` says while the plan is carried out: a shell in which that fails is signed out, and can put
    /// back what was there.
    pub(crate) meanwhile: Option<String>,
    /// What becomes of `LEAPP_STATE` in the end.
    pub(crate) state: Plan,
    /// What is set and unset then.
    pub(crate) plan: Plan,
    /// When the hook has to look again, whatever happens, in seconds since 1970.
    pub(crate) at: Option<i64>,
}

/// What leads from `before`, in a shell with this environment, to `target`.
///
/// # Errors
/// Where a value cannot stand in an environment.
pub(crate) fn change<'e>(
    before: Option<&State>,
    environment: impl Fn(&str) -> Option<&'e str>,
    target: Target,
) -> Result<Change> {
    let nothing = State::new(Status::Told, Place::default());
    let shell = Shell { before: before.unwrap_or(&nothing), environment: &environment };
    let (mut change, after) = match target {
        Target::AsItIs => return Ok(Change::default()),
        Target::Before { told } => (shell.leave(), told.map(|place| State::new(Status::Told, place))),
        Target::Session { status, place, plan } => {
            let (change, state) = shell.enter(State::new(status, place), &plan)?;
            (change, Some(state))
        }
    };
    let brings_session = change.plan.variables().next().is_some();
    let meanwhile = after.as_ref().filter(|_| brings_session).map(|state| state.signed_out().to_text());
    match after.map(|state| state.to_text()) {
        Some(text) if environment(STATE) == Some(text.as_str()) => {}
        Some(text) => {
            change.meanwhile = meanwhile;
            change.state.set(STATE, &text)?;
        }
        None if environment(STATE).is_some() => change.state.unset(STATE)?,
        None => {}
    }
    Ok(change)
}

fn touches(plan: &Plan, name: &str) -> bool {
    plan.names().any(|planned| planned == name)
}

/// A shell as it is.
struct Shell<'s, E> {
    before: &'s State,
    environment: &'s E,
}

/// Whose a variable's value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// It was there before, or came since, without leapp.
    Person,
    /// Leapp's.
    Leapp,
    /// Leapp's, but the identity that it belongs to, or competes with, is the person's by now.
    Leftover,
}

impl<'e, E: Fn(&str) -> Option<&'e str>> Shell<'_, E> {
    fn value(&self, name: &str) -> Option<&'e str> {
        (self.environment)(name)
    }

    fn owner(&self, name: &str) -> Owner {
        let holds = |name: &str| self.before.mark(name).still_holds(name, self.value(name));
        if !holds(name) {
            return Owner::Person;
        }
        let changed = |name: &str| self.before.mark(name) != Mark::Untouched && !holds(name);
        if REGIONS.contains(&name) {
            // `leapp env` brought a region that is the directory's too.
            return if changed(SESSION) && self.value(SESSION).is_some() { Owner::Person } else { Owner::Leapp };
        }
        if KEYS.into_iter().any(changed) { Owner::Leftover } else { Owner::Leapp }
    }

    /// Puts back what was there before, but for what the person changed since.
    fn leave(&self) -> Change {
        let mut change = Change::default();
        for name in self.before.touched() {
            self.leave_variable(name, &mut change);
        }
        change
    }

    fn leave_variable(&self, name: &'static str, change: &mut Change) {
        match self.owner(name) {
            Owner::Leapp => change.restore.push(name),
            Owner::Person => change.forget.push(name),
            Owner::Leftover => {
                change.forget.push(name);
                self.unset(name, change);
            }
        }
    }

    /// Brings a session, and remembers in `state` what was done.
    fn enter(&self, mut state: State, plan: &Plan) -> Result<(Change, State)> {
        let is_same = self.before.place == state.place && self.before.status != Status::Told;
        let mut change = Change::default();
        for name in self.before.touched().filter(|name| !touches(plan, name)) {
            self.leave_variable(name, &mut change);
        }
        for name in GRANTED.into_iter().chain(COMPETITORS).filter(|name| touches(plan, name)) {
            let is_touched = self.before.mark(name) != Mark::Untouched;
            match self.owner(name) {
                // A session that is renewed leaves alone what the person changed while it was there.
                Owner::Person if is_touched && is_same => {
                    state.set_mark(name, self.before.mark(name));
                    continue;
                }
                Owner::Leftover if is_same => {
                    self.unset(name, &mut change);
                    state.set_mark(name, Mark::Unset);
                    continue;
                }
                Owner::Leftover => change.forget.push(name),
                Owner::Person if self.value(name).is_some() => change.save.push(name),
                Owner::Person if plan.value(name).is_some() => change.save_local.push(name),
                Owner::Person if is_touched => change.forget.push(name),
                Owner::Person | Owner::Leapp => {}
            }
            if let Some(value) = plan.value(name) {
                state.set_mark(name, Mark::of(name, value));
                if self.value(name) != Some(value) {
                    change.plan.set(name, value)?;
                }
            } else {
                state.set_mark(name, Mark::Unset);
                self.unset(name, &mut change);
            }
        }
        Ok((change, state))
    }

    fn unset(&self, name: &'static str, change: &mut Change) {
        if self.value(name).is_some() {
            // A name of leapp's own is one that every shell takes.
            let _ = change.plan.unset(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        environment::{ACCESS_KEY_ID, EXPIRATION, Grant, SECRET_ACCESS_KEY, SESSION_TOKEN},
        secret::Secret,
    };

    /// A shell that does what it is told.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    struct Model {
        exported: BTreeMap<String, String>,
        kept: BTreeMap<String, String>,
    }

    impl Model {
        fn of(variables: &[(&str, &str)]) -> Self {
            let exported = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Self { exported, kept: BTreeMap::new() }
        }

        fn get(&self, name: &str) -> Option<&str> {
            self.exported.get(name).map(String::as_str)
        }

        fn go(&mut self, target: Target) {
            let before = self.get(STATE).and_then(State::parse);
            let change = change(before.as_ref(), |name| self.get(name), target).expect("a change");
            for name in change.restore {
                match self.kept.remove(name) {
                    Some(value) => self.exported.insert(name.to_owned(), value),
                    None => self.exported.remove(name),
                };
            }
            for name in change.forget.into_iter().chain(change.save_local) {
                self.kept.remove(name);
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
        assert_eq!(shell, outer());
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
        assert_eq!(shell, outer());
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
        assert_eq!(shell, Model::default());
    }

    #[test]
    fn what_the_person_was_told_is_remembered() {
        let mut shell = outer();
        let place = Place { session: "dev".into(), scope: "/x/.leapp".into() };
        shell.go(Target::Before { told: Some(place.clone()) });
        assert_eq!(shell.get(STATE).and_then(State::parse), Some(State::new(Status::Told, place)));
        shell.go(LEAVE);
        assert_eq!(shell, outer());
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
}
