//! From what a shell holds to what it shall hold.

use super::{
    other_tools::OtherTools,
    state::{LEFT, Mark, Place, STATE, State, Status},
};
use crate::{
    environment::{COMPETITORS, EXPIRATION, GRANTED, IDENTITIES, KEYS, Plan, REGIONS, SESSION},
    error::Result,
};

/// What a shell shall hold.
#[derive(Debug)]
pub enum Target {
    /// What it held before any directory's session.
    Before {
        /// What the person was told, where that shall be remembered.
        told: Option<Place>,
    },
    /// What it holds: it cannot be told whether that is still right, and it is not over yet.
    AsItIs,
    /// A directory's session, as a plan brings it.
    Session {
        /// Whether it is signed in.
        status: Status,
        /// The directory and its session.
        place: Place,
        /// What is set and unset.
        plan: Plan,
    },
}

/// What a shell has to do, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// These get back what was put away, or are unset where nothing was.
    pub restore: Vec<&'static str>,
    /// What was put away for these is dropped.
    pub forget: Vec<&'static str>,
    /// What other tools found in variables that they set: it comes back, for it to be put away.
    pub found: Plan,
    /// What these exported variables hold is put away.
    pub save: Vec<&'static str>,
    /// What these hold is put away, where they are variables of the shell alone.
    pub save_local: Vec<&'static str>,
    /// What `LEAPP_STATE` says while the plan is carried out: a shell in which that fails is signed out, and can put
    /// back what was there.
    pub meanwhile: Option<String>,
    /// What becomes of `LEAPP_STATE` in the end, and of what other tools say.
    pub state: Plan,
    /// What the shell remembers once no directory's session is loaded, where that changes.
    pub left: Option<String>,
    /// A tool that may have set what would be put away, and later put back: it cannot be told.
    pub unreadable: Option<&'static str>,
    /// The variable by which another identity took the place of the session, and stays.
    pub displaced_by: Option<&'static str>,
    /// What is set and unset then.
    pub plan: Plan,
    /// When the hook has to look again, whatever happens, in seconds since 1970.
    pub at: Option<i64>,
}

/// What leads from `before`, in a shell with this environment, to `target`.
///
/// # Errors
/// Where a value cannot stand in an environment.
pub fn change<'e>(
    before: Option<&State>,
    environment: impl Fn(&str) -> Option<&'e str>,
    target: Target,
) -> Result<Change> {
    let nothing = State::new(Status::Told, Place::default());
    let (before, mut tools) = (before.unwrap_or(&nothing), OtherTools::read(&environment));
    let shell = Shell { before, environment: &environment, are_tools_changed: before.tools != tools.digest() };
    // What leapp set is not what another tool found: it would put it back, and hand it to each child until then.
    let rewritten = tools.without(|name, value| shell.is_ours(name, value));
    let is_told = matches!(target, Target::Before { told: Some(_) });
    let (mut change, mut after) = match target {
        Target::AsItIs => return Ok(Change::default()),
        Target::Before { told } => shell.leave(&tools, State::after(before, Status::Told, told.unwrap_or_default()))?,
        Target::Session { status, place, plan } => shell.enter(&tools, State::after(before, status, place), &plan)?,
    };
    change.unreadable = tools.unreadable().filter(|_| !change.save.is_empty());
    after.tools = tools.digest();
    let is_exported = is_told || after.status != Status::Told;
    let (exported, left) = if is_exported { (Some(after), String::new()) } else { (None, after.to_left()) };
    change.left = Some(left).filter(|left| *left != environment(LEFT).unwrap_or_default());
    let brings_session = change.plan.variables().next().is_some();
    let meanwhile = exported.as_ref().filter(|_| brings_session).map(|state| state.signed_out().to_text());
    match exported.map(|state| state.to_text()) {
        Some(text) if environment(STATE) == Some(text.as_str()) => {}
        Some(text) => {
            change.meanwhile = meanwhile;
            change.state.set(STATE, &text)?;
        }
        None if environment(STATE).is_some() => change.state.unset(STATE)?,
        None => {}
    }
    for (variable, text) in rewritten {
        change.state.set(variable, &text)?;
    }
    Ok(change)
}

/// What a shell of `leapp exec` has to do: nothing, unless something else has replaced its keys.
pub fn change_of_pinned<'e>(pinned: &State, environment: impl Fn(&str) -> Option<&'e str>) -> Change {
    let mut change = Change::default();
    let is_replaced = |name: &&str| !pinned.mark(name).still_holds(name, environment(name));
    if environment(SESSION).is_none() || !pinned.has_other_keys(&environment) {
        return change;
    }
    change.displaced_by = KEYS.into_iter().find(is_replaced);
    let rest = KEYS.into_iter().filter(|name| !is_replaced(name)).chain([SESSION, EXPIRATION]);
    for name in rest.filter(|name| environment(name).is_some()) {
        // A name of leapp's own is one that every shell takes.
        let _ = change.plan.unset(name);
    }
    change
}

fn touches(plan: &Plan, name: &str) -> bool {
    plan.names().any(|planned| planned == name)
}

/// A shell as it is.
struct Shell<'s, E> {
    before: &'s State,
    environment: &'s E,
    /// Whether another tool did something since the hook last looked.
    are_tools_changed: bool,
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
    /// Another tool's, in whose directory the shell is.
    Tool,
    /// What another tool put back when its directory was left: it lay beneath.
    Beneath,
}

impl<'e, E: Fn(&str) -> Option<&'e str>> Shell<'_, E> {
    fn value(&self, name: &str) -> Option<&'e str> {
        (self.environment)(name)
    }

    /// Whether a value that another tool found is one that leapp had set.
    fn is_ours(&self, name: &str, value: &str) -> bool {
        let mark = self.before.mark(name);
        let was_there = matches!(mark, Mark::Set(_)) && mark.still_holds(name, Some(value));
        (was_there && self.are_tools_changed) || self.before.is_past(name, value)
    }

    /// Whether keys of a session that was left are here again. `leapp env` brings them with the session's name.
    fn is_back(&self, name: &str) -> bool {
        let is_named = self.before.status == Status::Told && self.value(SESSION).is_some();
        !is_named && self.value(name).is_some_and(|value| self.before.is_past(name, value))
    }

    /// Whose a variable's value is by itself.
    fn origin(&self, tools: &OtherTools, name: &str) -> Owner {
        let (mark, value) = (self.before.mark(name), self.value(name));
        if mark.still_holds(name, value) || self.is_back(name) {
            Owner::Leapp
        } else if tools.hold(name, value) {
            Owner::Tool
        } else if self.are_tools_changed && mark != Mark::Untouched {
            Owner::Beneath
        } else {
            Owner::Person
        }
    }

    /// Whose a variable's value is, as a part of an identity.
    fn owner(&self, tools: &OtherTools, name: &str) -> Owner {
        let origin = self.origin(tools, name);
        if origin != Owner::Leapp {
            return origin;
        }
        let is_changed = |name: &str| self.is_changed(tools, name);
        if REGIONS.contains(&name) {
            // `leapp env` brought a region that is the directory's too.
            return if is_changed(SESSION) && self.value(SESSION).is_some() { Owner::Person } else { Owner::Leapp };
        }
        if KEYS.into_iter().any(is_changed) { Owner::Leftover } else { Owner::Leapp }
    }

    /// Whether a person, or a tool that says nothing, changed what leapp had set or taken out.
    fn is_changed(&self, tools: &OtherTools, name: &str) -> bool {
        self.before.mark(name) != Mark::Untouched && self.origin(tools, name) == Owner::Person
    }

    /// Puts back what was there before, but for what the person changed since.
    fn leave(&self, tools: &OtherTools, mut state: State) -> Result<(Change, State)> {
        let mut change = Change::default();
        for name in GRANTED.into_iter().chain(COMPETITORS) {
            if self.before.mark(name) != Mark::Untouched || self.is_back(name) {
                self.leave_variable(tools, name, &mut change, &mut state)?;
            }
        }
        Ok((change, state))
    }

    fn leave_variable(
        &self,
        tools: &OtherTools,
        name: &'static str,
        change: &mut Change,
        state: &mut State,
    ) -> Result<()> {
        match (self.owner(tools, name), tools.wish(name)) {
            (Owner::Person, _) => change.forget.push(name),
            (Owner::Leftover, _) => {
                change.forget.push(name);
                self.unset(name, change);
            }
            (Owner::Leapp | Owner::Tool | Owner::Beneath, Some(wish)) => {
                // What the shell has saved lies beneath what the tool set: it is for later, or the tool has it.
                if wish.found.is_some() {
                    change.forget.push(name);
                } else {
                    state.defer(name);
                }
                match wish.value {
                    Some(value) if self.value(name) != Some(value) => change.plan.set(name, value)?,
                    Some(_) => {}
                    None => self.unset(name, change),
                }
            }
            (Owner::Beneath, None) if self.value(name).is_some() => change.forget.push(name),
            (Owner::Leapp | Owner::Tool | Owner::Beneath, None) => change.restore.push(name),
        }
        Ok(())
    }

    /// Brings a session, and remembers in `state` what was done.
    fn enter(&self, tools: &OtherTools, mut state: State, plan: &Plan) -> Result<(Change, State)> {
        let is_same = self.before.place == state.place && self.before.status != Status::Told;
        let mut change = Change::default();
        let displacing = KEYS.iter().chain(&COMPETITORS[..IDENTITIES]);
        let displaced_by = displacing.copied().find(|name| is_same && self.is_changed(tools, name));
        for name in self.before.touched().filter(|name| !touches(plan, name)) {
            self.leave_variable(tools, name, &mut change, &mut state)?;
        }
        for name in GRANTED.into_iter().chain(COMPETITORS).filter(|name| touches(plan, name)) {
            let is_touched = self.before.mark(name) != Mark::Untouched;
            let owner = match self.owner(tools, name) {
                Owner::Leapp if displaced_by.is_some() && !REGIONS.contains(&name) => Owner::Leftover,
                owner => owner,
            };
            match owner {
                // A session that is renewed leaves alone what the person changed while it was there.
                Owner::Person if is_touched && is_same => {
                    state.set_mark(name, self.before.mark(name));
                    continue;
                }
                Owner::Leftover if is_same => {
                    if name == SESSION && self.value(name).is_some() {
                        change.displaced_by = displaced_by;
                    }
                    self.unset(name, &mut change);
                    state.set_mark(name, Mark::Unset);
                    continue;
                }
                Owner::Leftover => change.forget.push(name),
                Owner::Person | Owner::Beneath if self.value(name).is_some() => change.save.push(name),
                Owner::Person if plan.value(name).is_some() => change.save_local.push(name),
                Owner::Person if is_touched => change.forget.push(name),
                Owner::Tool if !is_touched => {
                    // What another tool set is not what was there before: that is what the tool found.
                    match tools.wish(name).and_then(|wish| wish.found) {
                        Some(found) => {
                            change.found.set(name, found)?;
                            change.save.push(name);
                        }
                        None => change.forget.push(name),
                    }
                }
                Owner::Person | Owner::Leapp | Owner::Tool | Owner::Beneath => {}
            }
            let is_found = change.found.value(name).is_some();
            if let Some(value) = plan.value(name) {
                state.set_mark(name, Mark::of(name, value));
                if is_found || self.value(name) != Some(value) {
                    change.plan.set(name, value)?;
                }
            } else {
                state.set_mark(name, Mark::Unset);
                if is_found {
                    change.plan.unset(name)?;
                }
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
#[path = "change_tests.rs"]
mod tests;
