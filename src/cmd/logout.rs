//! `leapp logout`: forget credentials.

use std::collections::BTreeSet;

use crate::{
    cli::Logout,
    config::change::chained_from,
    config_file,
    context::Context,
    dismissal,
    error::Result,
    owned_by_session::{Depth, Whose, forget},
    session::{Alias, Session, Source},
};

/// Forgets what is kept for a session and those chained from it, or everything.
pub(super) fn run(context: &Context, arguments: &Logout) -> Result<()> {
    let Some(name) = &arguments.session else {
        let mut gone = forget(context, &Whose::All, &Depth::SignIn);
        gone.sign_ins.clear();
        return gone.say(context, Some("signed out of everything".into()));
    };
    // Even a config that is broken by now must not keep anybody signed in.
    let config = config_file::load(context)
        .map_err(|error| error.hint("to forget everything at once, run: leapp logout --all"))?;
    match (config.session(name), Alias::parse(name)) {
        (Ok(session), _) => {
            let browsers = || Depth::Browsers { console: session.alias.clone() };
            let depth = if arguments.browser { browsers() } else { Depth::SignIn };
            let noted = dismissal::note(context, &session.alias);
            let mut gone =
                forget(context, &Whose::of(chained_from(&config, &session.alias).into_iter().chain([session])), &depth);
            gone.take(noted);
            gone.say(context, Some(nothing_of(session)))
        }
        // A name that the config has no more may still have what was brought under it.
        (Err(error), Ok(alias)) => {
            let whose = Whose::Of { aliases: BTreeSet::from([alias]), providers: vec![] };
            let gone = forget(context, &whose, &Depth::Name);
            if gone.is_nothing() { Err(error) } else { gone.say(context, None) }
        }
        (Err(error), Err(_)) => Err(error),
    }
}

/// What is said where nothing was kept of a session.
fn nothing_of(session: &Session) -> String {
    let alias = &session.alias;
    match &session.source {
        Source::Profile(source) => {
            format!(
                "`{alias}` was not signed in: it has the credentials of profile `{}`, which stay",
                source.source_profile
            )
        }
        Source::Federated(_) | Source::Chained(_) => format!("`{alias}` was signed out already"),
    }
}
