//! `leapp session`: the sessions of the config.

mod add;
mod edit;
mod flags;
mod remove;
mod show;

use super::credential_process;
use crate::{
    cli::{Rename, SessionCommand},
    config::change::{chained_from, quoted},
    context::Context,
    error::{Error, Result},
    owned_by_session,
    session::Alias,
};

/// Does what is asked with a session.
pub(super) fn run(context: &Context, command: &SessionCommand) -> Result<()> {
    match command {
        SessionCommand::Add(arguments) => add::run(context, arguments.kind.as_ref()),
        SessionCommand::Show(arguments) => show::run(context, arguments),
        SessionCommand::Edit(arguments) => edit::run(context, arguments),
        SessionCommand::Rename(arguments) => rename(context, arguments),
        SessionCommand::Remove(arguments) => remove::run(context, arguments),
        SessionCommand::Generate(arguments) => credential_process::run(context, arguments),
    }
}

fn rename(context: &Context, arguments: &Rename) -> Result<()> {
    let new = alias(&arguments.new)?;
    let old = named(&arguments.old)?;
    let (changed, followed) = owned_by_session::rename(context, &old, &new)?;
    context.say(format!("renamed `{old}` to `{new}`"));
    if changed.after.sessions.get(&new).is_some_and(|session| session.profile.is_some()) {
        context.say("if its named profile is in ~/.aws/config, run: leapp profile sync");
    }
    let followers: Vec<&Alias> = chained_from(&changed.after, &new)
        .into_iter()
        .filter(|session| session.assumer() == Some(&new))
        .map(|session| &session.alias)
        .collect();
    if !followers.is_empty() {
        let start = if followers.len() == 1 { "starts" } else { "start" };
        context.say(format!("{} {start} from `{new}` now", quoted(followers)));
    }
    followed
}

/// Reads a name for a session.
fn alias(name: &str) -> Result<Alias> {
    Alias::parse(name).map_err(|why| Error::usage(format!("cannot take `{name}` as a name")).because(why))
}

/// Reads the name of a session that should be there.
fn named(name: &str) -> Result<Alias> {
    Alias::parse(name).map_err(|_| Error::usage(format!("there is no session `{name}`")).hint("run: leapp list"))
}
