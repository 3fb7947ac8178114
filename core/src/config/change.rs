//! What a person may change in the config, and that nothing else changes with it.

use std::{collections::BTreeMap, fmt::Display};

use super::{Config, edit, field::Field, setting::Setting};
use crate::{
    chain::Chain,
    error::{Error, Result},
    session::{Alias, Session, Source},
};

/// A change of the config.
#[derive(Clone)]
pub enum Change {
    /// A new session.
    Add {
        /// Its name.
        alias: Alias,
        /// Its kind.
        kind: &'static str,
        /// Its fields.
        settings: Vec<(&'static Field, Setting)>,
    },
    /// Other settings for a session.
    Set {
        /// Its name.
        alias: Alias,
        /// Its fields; without a setting: removed.
        settings: Vec<(&'static Field, Option<Setting>)>,
    },
    /// Another name for a session, carried through to the sessions that start from it.
    Rename {
        /// Its name.
        old: Alias,
        /// Its name to be.
        new: Alias,
    },
    /// No session of these names any more.
    Remove {
        /// Their names.
        aliases: Vec<Alias>,
    },
}

/// The config on both sides of a change.
pub struct Changed {
    /// As it was.
    pub before: Config,
    /// As it is now.
    pub after: Config,
}

impl Change {
    /// Returns the text with the change made, and what it says.
    ///
    /// # Errors
    /// Where the change cannot be made: a session is not there, a name is taken, the result would not be valid, or anything
    /// else would change with it.
    pub fn apply(&self, before: &Config, text: &str) -> Result<(String, Config)> {
        self.check(before)?;
        let edited = self.edit(before, text);
        let after = Config::parse(&before.name, &edited).map_err(|error| self.refuse(&before.name, &error))?;
        if self.is_all_that_changed(before, &after) {
            return Ok((edited, after));
        }
        Err(Error::new(self.what())
            .because(format!("leapp cannot edit the way in which {} is written", before.name))
            .hint("change it in an editor"))
    }

    /// What must hold before anything is edited.
    ///
    /// # Errors
    /// Where a session is not there, or a name is taken.
    pub fn check(&self, before: &Config) -> Result<()> {
        let is_there = |alias: &Alias| before.session(alias.as_str()).map(drop);
        match self {
            Self::Add { alias, .. } => is_free(before, alias).map_err(|error| {
                error.hint(format!("to change it, run: leapp session edit {alias}")).within(self.what())
            }),
            Self::Set { alias, .. } => is_there(alias),
            Self::Rename { old, new } => {
                is_there(old)?;
                is_free(before, new).map_err(|error| error.within(self.what()))
            }
            Self::Remove { aliases } => aliases.iter().try_for_each(is_there),
        }
    }

    fn edit(&self, before: &Config, text: &str) -> String {
        match self {
            Self::Add { alias, kind, settings } => edit::add(text, alias.as_str(), kind, settings),
            Self::Set { alias, settings } => settings.iter().fold(text.to_owned(), |text, (field, setting)| {
                let present = before.sessions.get(alias).and_then(|session| field.get(session));
                match setting {
                    // What means the same stays as the person wrote it.
                    Some(setting) if present.as_ref() == Some(setting) => text,
                    Some(setting) => edit::set(&text, alias.as_str(), field, setting),
                    None => edit::unset(&text, alias.as_str(), field),
                }
            }),
            Self::Rename { old, new } => edit::rename(text, old.as_str(), new.as_str()),
            Self::Remove { aliases } => {
                aliases.iter().fold(text.to_owned(), |text, alias| edit::remove(&text, alias.as_str()))
            }
        }
    }

    /// Whether the config says what was asked for, and all else as before.
    fn is_all_that_changed(&self, before: &Config, after: &Config) -> bool {
        let mut wanted = before.sessions.clone();
        match self {
            Self::Add { alias, kind, settings } => {
                let Some(added) = after.sessions.get(alias).filter(|added| added.kind() == *kind) else { return false };
                let is_as_given = |(field, setting): &(&Field, Setting)| is_set_to(added, field, Some(setting));
                if !settings.iter().all(is_as_given) {
                    return false;
                }
                wanted.insert(alias.clone(), added.clone());
            }
            Self::Set { alias, settings } => {
                let (Some(old), Some(new)) = (before.sessions.get(alias), after.sessions.get(alias)) else {
                    return false;
                };
                let is_as_asked = |field: &&Field| match settings.iter().rfind(|(asked, _)| asked.key == field.key) {
                    Some((_, setting)) => is_set_to(new, field, setting.as_ref()),
                    None => field.get(old) == field.get(new),
                };
                if old.kind() != new.kind() || !Field::of_kind(new.kind()).all(|field| is_as_asked(&field)) {
                    return false;
                }
                wanted.insert(alias.clone(), new.clone());
            }
            Self::Rename { old, new } => wanted = renamed(wanted.into_values(), old, new),
            Self::Remove { aliases } => wanted.retain(|alias, _| !aliases.contains(alias)),
        }
        // The first change makes the file.
        *after == Config { sessions: wanted, exists: after.exists, ..before.clone() }
    }

    /// The error of a config that would not be valid, which names no line: the line is not in the file.
    fn refuse(&self, name: &str, error: &Error) -> Error {
        let sentence = error.sentence();
        let without_place = sentence
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(": "));
        let refused = Error::usage(self.what()).because(without_place.unwrap_or(&sentence));
        error.hints().iter().fold(refused, |refused, hint| refused.hint(as_flag(hint)))
    }

    /// What failed, where this fails.
    pub fn what(&self) -> String {
        match self {
            Self::Add { alias, .. } => format!("cannot add `{alias}`"),
            Self::Set { alias, .. } => format!("cannot change `{alias}`"),
            Self::Rename { old, new } => format!("cannot rename `{old}` to `{new}`"),
            Self::Remove { aliases } => format!("cannot remove {}", quoted(aliases)),
        }
    }
}

/// The sessions whose chains go through this one, itself not among them.
pub fn chained_from<'a>(config: &'a Config, alias: &Alias) -> Vec<&'a Session> {
    let goes_through = |session: &&Session| {
        session.alias != *alias
            && Chain::to(session, |alias| config.sessions.get(alias))
                .is_ok_and(|chain| chain.sessions().any(|link| link.alias == *alias))
    };
    config.sessions.values().filter(goes_through).collect()
}

/// A hint to add or change a line of the file, as a hint to give a flag to the command.
fn as_flag(hint: &str) -> String {
    let flag = |(file, command): (&str, &str)| {
        let (key, value) = hint.strip_prefix(file)?.split_once(" = ")?;
        Some(format!("{command}: {} {}", Field::named(key)?.flag(), value.trim_matches('"')))
    };
    let hints = [("add a line: ", "add"), ("change it to: ", "give")];
    hints.into_iter().find_map(flag).unwrap_or_else(|| hint.to_owned())
}

/// `` `a`, `b` and `c` ``.
pub fn quoted(names: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

fn is_free(config: &Config, alias: &Alias) -> Result<()> {
    if config.sessions.contains_key(alias) {
        return Err(Error::usage(format!("there is a session `{alias}` already")));
    }
    Ok(())
}

/// Whether a field says this; a `false`, an empty list and a default are as good as nothing.
fn is_set_to(session: &Session, field: &Field, setting: Option<&Setting>) -> bool {
    let present = field.get(session);
    let is_telling = |setting: &&Setting| !field.is_default(setting);
    present.as_ref().filter(is_telling) == setting.filter(is_telling)
}

/// The sessions after a change of name.
fn renamed(sessions: impl Iterator<Item = Session>, old: &Alias, new: &Alias) -> BTreeMap<Alias, Session> {
    let replace = |alias: &mut Alias| {
        if alias == old {
            alias.clone_from(new);
        }
    };
    sessions
        .map(|mut session| {
            replace(&mut session.alias);
            if let Source::Chained(chained) = &mut session.source {
                replace(&mut chained.assumer);
            }
            (session.alias.clone(), session)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_would_change_anything_else_is_refused() {
        let sessions = "[sessions.x]\nkind = \"profile\"\nsource_profile = \"x\"\n";
        let settings = "default_region = \"eu-west-1\"\ntimeout = \"9s\"\ntrusted_roots = [\"~/work\"]\nbrowser = \"x\"\n\
                        [vault]\nunlock_ttl = \"9s\"\n[hook]\nquiet = true\nrenew = false\n";
        let read = |text: &str| Config::parse("config.toml", &format!("{text}{sessions}")).expect(text);
        let nothing = Change::Remove { aliases: Vec::new() };
        assert!(nothing.is_all_that_changed(&read(settings), &read(settings)));
        for line in settings.lines().filter(|line| !line.starts_with('[')) {
            let harmed = settings.replace(&format!("{line}\n"), "");
            assert!(!nothing.is_all_that_changed(&read(settings), &read(&harmed)), "{line}");
        }
    }
}
