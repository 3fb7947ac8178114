//! `leapp logout`: forget credentials.

use std::{collections::BTreeSet, fs, io};

use super::console::FOLDER as CONSOLE;
use crate::{
    chain::Chain,
    cli::Logout,
    config::Config,
    context::Context,
    dismissal,
    error::{Error, Result},
    generation,
    provider::assertion,
    session::{Session, Source},
    static_profiles, vault,
};

/// Forgets what is kept for a session and those chained from it, or everything.
pub(super) fn run(context: &Context, arguments: &Logout) -> Result<()> {
    match &arguments.session {
        None => all(context)?,
        Some(name) => {
            // Even a config that is broken by now must not keep anybody signed in.
            let config = Config::load(context);
            match config.as_ref().map(|config| (config, config.session(name))) {
                Ok((config, Ok(session))) => one(context, config, session, arguments.browser)?,
                Ok((_, Err(error))) => return Err(error),
                Err(error) => return Err(error.clone().hint("to forget everything at once, run: leapp logout --all")),
            }
        }
    }
    generation::sign_out(context);
    Ok(())
}

fn all(context: &Context) -> Result<()> {
    vault::forget_all(context)?;
    remove_folder(context, "browser", "")?;
    remove_folder(context, CONSOLE, "")?;
    static_profiles::forget(context, |_| true)?;
    context.say("signed out of everything");
    Ok(())
}

fn one(context: &Context, config: &Config, session: &Session, browser: bool) -> Result<()> {
    let mut signed_out = Vec::new();
    let mut behind = BTreeSet::new();
    for other in config.sessions.values() {
        let is_behind = Chain::to(other, |alias| config.sessions.get(alias))
            .is_ok_and(|chain| chain.sessions().any(|link| link.alias == session.alias));
        if !is_behind {
            continue;
        }
        behind.insert(other.alias.as_str());
        if vault::forget(context, other.alias.as_str())? > 0 {
            signed_out.push(format!("`{}`", other.alias));
        }
    }
    for profile in static_profiles::forget(context, |session| behind.contains(session))? {
        signed_out.push(format!("the named profile `{profile}`"));
    }
    dismissal::note(context, &session.alias)?;
    if let Source::Federated(federated) = &session.source {
        vault::forget(context, &assertion::owner(&federated.saml_url))?;
        let host = federated.saml_url.host();
        if browser && remove_folder(context, "browser", &assertion::folder_name(host))? {
            signed_out.push(format!("the browser at {host}"));
        }
    }
    if browser && remove_folder(context, CONSOLE, session.alias.as_str())? {
        signed_out.push(format!("the console of `{}`", session.alias));
    }
    match signed_out.as_slice() {
        [] => context.say(format!("`{}` was signed out already", session.alias)),
        names => context.say(format!("signed out of {}", names.join(", "))),
    }
    Ok(())
}

/// Removes a browser profile, or all of a room; whether there was one.
fn remove_folder(context: &Context, room: &str, name: &str) -> Result<bool> {
    let folder = context.paths().state.join(room).join(name);
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::new(format!("cannot remove {}", folder.display())).because(error)),
    }
}
