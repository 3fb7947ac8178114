//! Which session is meant where none is named.

use std::io::IsTerminal as _;

use dialoguer::{FuzzySelect, console::Term};

use crate::{
    config::Config,
    context::Context,
    error::{Error, Kind, Result},
    session::{Alias, Session},
};

/// The named session; where none is named, the one that the person picks.
///
/// # Errors
/// Where there is no such session, or nobody to ask.
pub(super) fn session<'a>(context: &Context, config: &'a Config, name: Option<&str>) -> Result<&'a Session> {
    match name {
        Some(name) => config.session(name),
        None => config.session(&pick(context, config)?),
    }
}

fn pick(context: &Context, config: &Config) -> Result<String> {
    let unnamed = || Error::usage("no session is named");
    if config.sessions.is_empty() {
        return Err(unnamed().because(format!("{} has none", config.name)).hint("run: leapp session add federated"));
    }
    if !context.is_watched() || !std::io::stdin().is_terminal() {
        return Err(unnamed().because("there is no terminal to pick one on").hint("run: leapp list"));
    }
    let names: Vec<&str> = config.sessions.keys().map(Alias::as_str).collect();
    let term = Term::stderr();
    let picked =
        FuzzySelect::new().with_prompt("session").items(&names).default(0).max_length(12).interact_on_opt(&term);
    let _ = term.show_cursor();
    match picked {
        Ok(Some(index)) => Ok(names[index].to_owned()),
        Ok(None) => Err(Error::new("nothing was done").because("you picked no session").kind(Kind::Cancelled)),
        Err(error) => Err(unnamed().because(error)),
    }
}
