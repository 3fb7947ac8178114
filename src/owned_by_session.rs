//! What lives under a session's name: credentials in the vault, sign-out marks, keys in plain text, servers, browser
//! profiles of the console, trust. Whoever signs out, removes or renames asks here, so that nothing is left that
//! a name brought, and a later session of that name finds nothing.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    broker::CREDENTIALS,
    browser::{self, Place},
    config::{
        Config,
        change::{Change, Changed, quoted},
    },
    config_file,
    context::{Attention, Context},
    directory::Record,
    dismissal,
    endpoint::roll,
    error::{Error, Result},
    generation,
    lock::Lock,
    provider::assertion::{self, BROWSERS},
    session::{Alias, SamlUrl, Session, Source},
    static_profiles,
    vault::{self, EntryName, Vault},
};

/// Where the console's browser profiles are, in the state folder.
const CONSOLES: &str = "console";
/// How long the vault may take to open, for credentials to follow a name.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose things are meant.
pub(crate) enum Whose {
    /// Everybody's.
    All,
    /// Those of these sessions, and what the identity providers sent at which they sign in.
    Of {
        /// Their names; such that the config does not have are fine.
        aliases: BTreeSet<Alias>,
        /// Where they sign in.
        providers: Vec<SamlUrl>,
    },
}

/// How much of it.
pub(crate) enum Depth {
    /// What signing in brought: credentials, keys in plain text, servers.
    SignIn,
    /// That, and what browsers remember: the sign-in at the identity provider, and in the console of one session.
    Browsers { console: Alias },
    /// All that lives under the name, for there is to be no such session.
    Name,
}

/// What was forgotten.
#[derive(Default)]
pub(crate) struct Forgotten {
    /// What the person was signed in to, for messages.
    pub(crate) sign_ins: Vec<String>,
    /// The sessions whose servers have stopped, each as often as it had some.
    servers: Vec<String>,
    /// Why something stays.
    troubles: Vec<Error>,
}

impl Whose {
    /// Those of these sessions.
    pub(crate) fn of<'s>(sessions: impl IntoIterator<Item = &'s Session>) -> Self {
        let (mut aliases, mut providers) = (BTreeSet::new(), Vec::new());
        for session in sessions {
            aliases.insert(session.alias.clone());
            if let Source::Federated(federated) = &session.source {
                providers.push(federated.saml_url.clone());
            }
        }
        Self::Of { aliases, providers }
    }

    fn includes(&self, alias: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of { aliases, .. } => Alias::parse(alias).is_ok_and(|alias| aliases.contains(&alias)),
        }
    }

    fn includes_entry(&self, name: &EntryName) -> bool {
        match self {
            Self::All => true,
            Self::Of { providers, .. } if providers.iter().any(|url| assertion::is_of(name, url)) => true,
            Self::Of { aliases, .. } => alias_of(name).is_some_and(|alias| aliases.contains(&alias)),
        }
    }
}

/// The session whose credentials are kept under a name.
fn alias_of(name: &EntryName) -> Option<Alias> {
    name.alias().filter(|_| name.purpose() == CREDENTIALS)
}

impl Forgotten {
    /// What a step gives, or nothing where it failed: the others are taken all the same.
    pub(crate) fn take<T: Default>(&mut self, step: Result<T>) -> T {
        step.unwrap_or_else(|error| {
            self.troubles.push(error);
            T::default()
        })
    }

    /// Whether there was nothing of it.
    pub(crate) fn is_nothing(&self) -> bool {
        self.sign_ins.is_empty() && self.servers.is_empty() && self.troubles.is_empty()
    }

    /// Says what was signed out of, else `nothing`, and which servers have stopped.
    ///
    /// # Errors
    /// Why something stays; where that is more, the rest is said.
    pub(crate) fn say(mut self, context: &Context, nothing: Option<String>) -> Result<()> {
        match nothing {
            _ if !self.sign_ins.is_empty() => context.say(format!("signed out of {}", self.sign_ins.join(", "))),
            Some(nothing) if self.troubles.is_empty() => context.say(nothing),
            _ => {}
        }
        let count = self.servers.len();
        self.servers.dedup();
        match count {
            0 => {}
            1 => context.say(format!("the server of {} has stopped", quoted(self.servers))),
            _ => context.say(format!("the servers of {} have stopped", quoted(self.servers))),
        }
        let mut troubles = self.troubles.into_iter();
        let first = troubles.next();
        troubles.for_each(|error| context.tell(error.sentence()));
        first.map_or(Ok(()), Err)
    }

    fn forget_entries(&mut self, context: &Context, whose: &Whose) {
        if matches!(whose, Whose::All) {
            return self.take(vault::empty(context));
        }
        let (names, done) = vault::forget(context, |name| whose.includes_entry(name));
        self.take(done);
        let aliases: BTreeSet<Alias> = names.iter().filter_map(alias_of).collect();
        self.sign_ins.extend(aliases.iter().map(|alias| format!("`{alias}`")));
    }

    /// What goes beyond a sign-in.
    fn forget_deeper(&mut self, context: &Context, whose: &Whose, depth: &Depth) {
        match (whose, depth) {
            (Whose::All, _) => {
                for room in [BROWSERS, CONSOLES] {
                    self.take(remove_profile(&Place::new(context.paths(), room, "")));
                }
                if let Ok(config) = config_file::load(context) {
                    dismissal::sweep(context, &config);
                }
            }
            (_, Depth::SignIn) => {}
            (Whose::Of { providers, .. }, Depth::Browsers { console }) => {
                for url in providers {
                    if self.take(remove_profile(&assertion::browser_profile(context, url))) {
                        self.sign_ins.push(format!("the browser at {}", url.host()));
                    }
                }
                self.forget_console(context, console);
            }
            (Whose::Of { aliases, .. }, Depth::Name) => {
                for alias in aliases {
                    self.forget_console(context, alias);
                    dismissal::forget(context, alias);
                }
                self.take(Record::forget(context, |session| whose.includes(session)));
            }
        }
    }

    fn forget_console(&mut self, context: &Context, alias: &Alias) {
        if self.take(remove_profile(&console_profile(context, alias))) {
            self.sign_ins.push(format!("the console of `{alias}`"));
        }
    }
}

/// Forgets what lives under names, as deep as is asked. Every step is taken, whatever became of the one before.
///
/// What others are getting meanwhile is not kept: the token of sign-outs is replaced before anything is forgotten, for
/// those that are at work, and after it, for those that began in between. Servers are stopped last: one that starts
/// later sees the token.
pub(crate) fn forget(context: &Context, whose: &Whose, depth: &Depth) -> Forgotten {
    let mut gone = Forgotten::default();
    generation::sign_out(context);
    gone.forget_entries(context, whose);
    let profiles = gone.take(static_profiles::forget(context, |session| whose.includes(session)));
    gone.sign_ins.extend(profiles.iter().map(|profile| format!("the named profile `{profile}`")));
    gone.forget_deeper(context, whose, depth);
    generation::sign_out(context);
    // What stays was noted the first time.
    Forgotten::default().forget_entries(context, whose);
    gone.servers = gone.take(roll::stop(context, |session| whose.includes(session)));
    generation::bump(context);
    Lock::sweep(context);
    gone
}

/// Removes sessions from the config, and all that lives under their names: just before, so that nothing is left where
/// this is killed in between, and after, for what was brought meanwhile.
///
/// # Errors
/// Where the config cannot be changed.
pub(crate) fn remove(context: &Context, sessions: &[&Session]) -> Result<Forgotten> {
    let change = Change::Remove { aliases: sessions.iter().map(|session| session.alias.clone()).collect() };
    let whose = Whose::of(sessions.iter().copied());
    let mut gone = Forgotten::default();
    config_file::change_after(context, &change, |_| gone = forget(context, &whose, &Depth::Name))?;
    forget(context, &whose, &Depth::Name);
    Ok(gone)
}

/// Gives a session another name in the config, and has what lives under the old one follow, but for the trust of
/// directories: that was in the name. Just before and after, as [`remove`] forgets.
///
/// # Errors
/// Where the config cannot be changed. Inside: why something did not follow.
pub(crate) fn rename(context: &Context, old: &Alias, new: &Alias) -> Result<(Changed, Result<()>)> {
    let change = Change::Rename { old: old.clone(), new: new.clone() };
    let changed = config_file::change_after(context, &change, |config| {
        follow(context, old, new);
        let _ = move_credentials(context, config, old, new);
    })?;
    let mut steps = follow(context, old, new);
    if let Err(error) = move_credentials(context, &changed.after, old, new) {
        context.say(format!("`{new}` is signed out: {}", error.sentence()));
    }
    steps.take(vault::forget(context, |name| alias_of(name).as_ref() == Some(old)).1);
    Ok((changed, steps.say(context, None)))
}

/// Has all but the credentials follow.
fn follow(context: &Context, old: &Alias, new: &Alias) -> Forgotten {
    let mut steps = Forgotten::default();
    generation::sign_out(context);
    steps.take(Record::forget(context, |session| session == old.as_str() || session == new.as_str()));
    steps.take(dismissal::rename(context, old, new));
    steps.take(static_profiles::rename(context, old, new));
    steps.take(roll::rename(context, old, new));
    steps.take(move_console(context, old, new));
    generation::bump(context);
    Lock::sweep(context);
    steps
}

fn move_console(context: &Context, old: &Alias, new: &Alias) -> Result<()> {
    let cannot = |error| Error::new(format!("cannot move what the console of `{old}` remembers")).because(error);
    console_profile(context, old).rename(&new.file_name()).map_err(cannot)
}

/// A sealed file's name is part of its seal. Where the vault does not open without the person, the next command gets new
/// credentials.
fn move_credentials(context: &Context, config: &Config, old: &Alias, new: &Alias) -> Result<()> {
    let quiet = context.clone().with_attention(Attention::Nobody, Some(PATIENCE));
    let Some(vault) = Vault::find(&quiet, &config.vault)? else { return Ok(()) };
    for name in vault.all_for(CREDENTIALS).into_iter().filter(|name| name.alias().as_ref() == Some(old)) {
        let Some(bytes) = vault.get(&name)? else { continue };
        vault.put(&name.with_owner(&new.file_name()), &bytes)?;
        vault.remove(&name)?;
    }
    Ok(())
}

/// Forgets what was in a name that stands for somebody else from now on: the trust of directories.
///
/// # Errors
/// Where a record of it cannot be removed.
pub(crate) fn given_away(context: &Context, alias: &Alias) -> Result<()> {
    Record::forget(context, |session| session == alias.as_str())
}

/// The console's browser profile of a session.
pub(crate) fn console_profile<'c>(context: &'c Context, alias: &Alias) -> Place<'c> {
    Place::new(context.paths(), CONSOLES, alias.file_name())
}

/// Removes what killed processes left in browser profiles, and beside them.
pub(crate) fn sweep_browsers(context: &Context) {
    let room = |name| Place::new(context.paths(), name, "");
    browser::sweep(&room(BROWSERS), &room(CONSOLES));
}

/// Removes a browser profile, or all of a room; whether there was one.
fn remove_profile(profile: &Place<'_>) -> Result<bool> {
    profile.remove().map_err(|error| Error::new("cannot remove what a browser remembers").because(error))
}
