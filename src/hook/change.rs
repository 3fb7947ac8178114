//! From what a shell holds to what it shall hold.

use super::state::{Mark, Place, STATE, State, Status};
use crate::{
    environment::{ACCESS_KEY_ID, COMPETITORS, EXPIRATION, GRANTED, Plan, SECRET_ACCESS_KEY, SESSION, SESSION_TOKEN},
    error::Result,
};

/// One identity: of these all are a person's own as soon as one is.
const KEYS: [&str; 3] = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN];
/// What says something of the keys, and is wrong beside others.
const BESIDE_KEYS: [&str; 2] = [EXPIRATION, SESSION];

/// What a shell shall hold.
#[derive(Debug)]
pub(crate) enum Target {
    /// What it held before any directory's session.
    Before {
        /// What the person was told, where that shall be remembered.
        told: Option<Place>,
    },
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
        Target::Before { told } => (shell.leave(), told.map(|place| State::new(Status::Told, place))),
        Target::Session { status, place, plan } => {
            let (change, state) = shell.enter(State::new(status, place), &plan)?;
            (change, Some(state))
        }
    };
    match after.map(|state| state.to_text()) {
        Some(text) if environment(STATE) == Some(text.as_str()) => {}
        Some(text) => change.plan.set(STATE, &text)?,
        None if environment(STATE).is_some() => change.plan.unset(STATE)?,
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
    /// Leapp's, but what it belongs to is the person's by now.
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
        let touched = |name: &str| self.before.mark(name) != Mark::Untouched;
        let keys_changed = KEYS.iter().any(|key| touched(key) && !holds(key));
        if keys_changed && (KEYS.contains(&name) || BESIDE_KEYS.contains(&name)) {
            return Owner::Leftover;
        }
        Owner::Leapp
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
            match plan.value(name) {
                Some(value) => {
                    state.set_mark(name, Mark::of(name, value));
                    if self.value(name) != Some(value) {
                        change.plan.set(name, value)?;
                    }
                }
                None => {
                    state.set_mark(name, Mark::Unset);
                    self.unset(name, &mut change);
                }
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
