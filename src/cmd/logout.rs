//! `leapp logout`: forget credentials.

use std::{fs, io};

use super::{console::FOLDER as CONSOLE, serve};
use crate::{
    chain::Chain,
    cli::Logout,
    config::Config,
    context::Context,
    dismissal,
    error::{Error, Result},
    generation,
    provider::assertion,
    session::{Alias, Session, Source},
    static_profiles, vault,
};

/// Forgets what is kept for a session and those chained from it, or everything.
pub(super) fn run(context: &Context, arguments: &Logout) -> Result<()> {
    let Some(name) = &arguments.session else {
        return signing_out(context, |_| true, || all(context));
    };
    // Even a config that is broken by now must not keep anybody signed in.
    let config =
        Config::load(context).map_err(|error| error.hint("to forget everything at once, run: leapp logout --all"))?;
    let session = config.session(name)?;
    let behind = behind(&config, session);
    let is_behind = |session: &str| behind.iter().any(|alias| alias.as_str() == session);
    signing_out(context, is_behind, || one(context, &behind, session, arguments.browser))
}

/// Forgets something, and sees to what goes with it, whatever fails on the way: what others are getting meanwhile is not
/// kept, the shell hooks look again, and no server goes on handing out keys of these sessions.
pub(super) fn signing_out(
    context: &Context,
    is_meant: impl Fn(&str) -> bool,
    forget: impl FnOnce() -> Result<()>,
) -> Result<()> {
    generation::sign_out(context);
    let forgotten = forget();
    generation::bump(context);
    let stopped = serve::stop_signed_out(context, is_meant);
    forgotten.and(stopped)
}

/// A session and those that are chained from it.
fn behind<'c>(config: &'c Config, session: &Session) -> Vec<&'c Alias> {
    let is_behind = |other: &&Session| {
        Chain::to(other, |alias| config.sessions.get(alias))
            .is_ok_and(|chain| chain.sessions().any(|link| link.alias == session.alias))
    };
    config.sessions.values().filter(is_behind).map(|other| &other.alias).collect()
}

fn all(context: &Context) -> Result<()> {
    vault::forget_all(context)?;
    remove_folder(context, "browser", "")?;
    remove_folder(context, CONSOLE, "")?;
    static_profiles::forget(context, |_| true)?;
    context.say("signed out of everything");
    Ok(())
}

fn one(context: &Context, behind: &[&Alias], session: &Session, browser: bool) -> Result<()> {
    let mut signed_out = Vec::new();
    for alias in behind {
        if vault::forget(context, alias.as_str())? > 0 {
            signed_out.push(format!("`{alias}`"));
        }
    }
    for profile in static_profiles::forget(context, |session| behind.iter().any(|alias| alias.as_str() == session))? {
        signed_out.push(format!("the named profile `{profile}`"));
    }
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
    match session.source {
        // Those behind it would bring it back, too.
        Source::Chained(_) => behind.iter().try_for_each(|alias| dismissal::note(context, alias)),
        // Without the person, nothing brings these back.
        Source::Federated(_) | Source::Profile(_) => Ok(()),
    }
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
