//! `leapp logout`: forget credentials.

use std::{fs, io};

use super::{console::FOLDER as CONSOLE, serve, steps::Steps};
use crate::{
    browser::Place,
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
    let mut steps = Steps::new(context);
    let Some(name) = &arguments.session else {
        all(context, &mut steps);
        return steps.done();
    };
    // Even a config that is broken by now must not keep anybody signed in.
    let config =
        Config::load(context).map_err(|error| error.hint("to forget everything at once, run: leapp logout --all"))?;
    let session = config.session(name)?;
    one(context, &behind(&config, session), session, arguments.browser, &mut steps);
    steps.done()
}

/// A session and those that are chained from it.
fn behind<'c>(config: &'c Config, session: &Session) -> Vec<&'c Alias> {
    let is_behind = |other: &&Session| {
        Chain::to(other, |alias| config.sessions.get(alias))
            .is_ok_and(|chain| chain.sessions().any(|link| link.alias == session.alias))
    };
    config.sessions.values().filter(is_behind).map(|other| &other.alias).collect()
}

fn all(context: &Context, steps: &mut Steps<'_>) {
    generation::sign_out(context);
    steps.take(vault::forget_all(context));
    for room in [assertion::PROFILES, CONSOLE] {
        steps.take(remove_folder(context, room, ""));
    }
    steps.take(static_profiles::forget(context, |_| true));
    if !steps.have_failed() {
        context.say("signed out of everything");
    }
    end(context, steps, |_| true, || vault::forget_all(context));
}

fn one(context: &Context, behind: &[&Alias], session: &Session, browser: bool, steps: &mut Steps<'_>) {
    steps.take(dismissal::note(context, &session.alias));
    generation::sign_out(context);
    let mut signed_out = Vec::new();
    for alias in behind {
        if steps.take(vault::forget(context, alias.as_str())) > 0 {
            signed_out.push(format!("`{alias}`"));
        }
    }
    let is_behind = |session: &str| behind.iter().any(|alias| alias.as_str() == session);
    for profile in steps.take(static_profiles::forget(context, is_behind)) {
        signed_out.push(format!("the named profile `{profile}`"));
    }
    if let Source::Federated(federated) = &session.source {
        steps.take(vault::forget(context, &assertion::owner(&federated.saml_url)));
        let host = federated.saml_url.host();
        if browser && steps.take(remove_folder(context, assertion::PROFILES, &assertion::folder_name(host))) {
            signed_out.push(format!("the browser at {host}"));
        }
    }
    if browser && steps.take(remove_folder(context, CONSOLE, session.alias.as_str())) {
        signed_out.push(format!("the console of `{}`", session.alias));
    }
    match signed_out.as_slice() {
        [] if steps.have_failed() => {}
        [] => context.say(format!("`{}` was signed out already", session.alias)),
        names => context.say(format!("signed out of {}", names.join(", "))),
    }
    end(context, steps, is_behind, || {
        behind.iter().try_for_each(|alias| vault::forget(context, alias.as_str()).map(drop))
    });
}

/// The end of a sign-out: nothing is left of those who began to get credentials while it was under way, the shell hooks
/// look again, and no server goes on handing out keys.
fn end(
    context: &Context,
    steps: &mut Steps<'_>,
    is_meant: impl Fn(&str) -> bool,
    forget_again: impl FnOnce() -> Result<()>,
) {
    generation::sign_out(context);
    // What cannot be forgotten was said the first time.
    let _ = forget_again();
    generation::bump(context);
    steps.take(serve::stop_signed_out(context, is_meant));
}

/// Removes a browser profile, or all of a room; whether there was one.
fn remove_folder(context: &Context, room: &str, name: &str) -> Result<bool> {
    let folders = Place::new(context.paths(), room, name).all();
    for folder in &folders {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::new(format!("cannot remove {}", folder.display())).because(error));
            }
            _ => {}
        }
    }
    Ok(!folders.is_empty())
}
