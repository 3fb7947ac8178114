//! Which session is meant where none is named.

use std::io::IsTerminal as _;

use crate::{
    config::Config,
    context::Context,
    directory::{self, PassedOver},
    error::{Error, Result},
    session::{Alias, Session},
    ui::picker,
};

/// The named session; where none is named, the one of the trusted `.leapp` file here, else the one that the person picks.
///
/// # Errors
/// Where there is no such session, or nobody to ask.
pub(super) fn session<'a>(context: &Context, config: &'a Config, name: Option<&str>) -> Result<&'a Session> {
    match name {
        Some(name) => config.session(name),
        None => match directory::session(context, config) {
            Ok(session) => Ok(session),
            Err(passed_over) => config.session(&pick(context, config, passed_over)?),
        },
    }
}

fn pick(context: &Context, config: &Config, passed_over: Option<PassedOver>) -> Result<String> {
    let unnamed = || Error::usage("no session is named");
    if config.sessions.is_empty() {
        return Err(unnamed().because(format!("{} has none", config.name)).hint("run: leapp session add federated"));
    }
    // A script that leaves the session out is told so; /dev/tty is the person's who started it.
    if !context.is_watched() || !std::io::stdin().is_terminal() {
        return Err(match passed_over {
            Some(PassedOver { why, hint }) => unnamed().because(why).hint(hint),
            None => unnamed().because("there is no terminal to pick one on").hint("run: leapp list"),
        });
    }
    if let Some(passed_over) = passed_over {
        context.say(passed_over);
    }
    let names: Vec<&str> = config.sessions.keys().map(Alias::as_str).collect();
    Ok(names[picker::pick("session", &names, 0)?].to_owned())
}
