//! `leapp session remove`: a session, and what is kept for it.

use super::named;
use crate::{
    cli::Remove,
    config::{
        Config,
        change::{chained_from, quoted},
    },
    config_file,
    context::Context,
    error::{Error, Kind, Result},
    owned_by_session,
    session::{Alias, Session},
    ui::form::Form,
};

/// Removes a session once the person agrees; one that others start from only together with them.
pub(super) fn run(context: &Context, arguments: &Remove) -> Result<()> {
    named(&arguments.name)?;
    let config = config_file::load(context)?;
    let alias = &config.session(&arguments.name)?.alias;
    let chained: Vec<Alias> = chained_from(&config, alias).into_iter().map(|session| session.alias.clone()).collect();
    if !chained.is_empty() && !arguments.chained {
        let (are, them) = if chained.len() == 1 { ("is", "that one") } else { ("are", "those") };
        return Err(Error::usage(format!("cannot remove `{alias}`"))
            .because(format!("{} {are} chained from it", quoted(&chained)))
            .hint(format!("to remove {them} as well, run: leapp session remove --chained {alias}")));
    }
    let aliases: Vec<Alias> = std::iter::once(alias.clone()).chain(chained).collect();
    if !arguments.yes {
        confirm(context, &config, &aliases, arguments)?;
    }
    let sessions: Vec<&Session> = aliases.iter().filter_map(|alias| config.sessions.get(alias)).collect();
    let gone = owned_by_session::remove(context, &sessions)?;
    context.say(format!("removed {} from {}", quoted(&aliases), config.name));
    gone.say(context, None)
}

fn confirm(context: &Context, config: &Config, aliases: &[Alias], arguments: &Remove) -> Result<()> {
    let cannot = || Error::new(format!("nothing was removed from {}", config.name));
    let Some(form) = Form::open(context) else {
        let chained = if arguments.chained { "--chained " } else { "" };
        return Err(cannot()
            .because("there is no terminal to ask on")
            .hint(format!("run: leapp session remove --yes {chained}{}", arguments.name))
            .kind(Kind::Usage));
    };
    if form.confirm(&format!("Remove {} from {}?", quoted(aliases), config.name))? {
        return Ok(());
    }
    Err(cannot().because("you did not say yes").kind(Kind::Cancelled))
}
