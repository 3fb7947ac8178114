//! `leapp session remove`: a session, and what is kept for it.

use super::{
    super::{serve, steps::Steps},
    named,
};
use crate::{
    cli::Remove,
    config::{
        Config,
        change::{Change, chained_from, quoted},
    },
    context::Context,
    dismissal,
    error::{Error, Kind, Result},
    generation,
    session::Alias,
    static_profiles,
    ui::form::Form,
    vault,
};

/// Removes a session once the person agrees; one that others start from only together with them.
pub(super) fn run(context: &Context, arguments: &Remove) -> Result<()> {
    named(&arguments.name)?;
    let config = Config::load(context)?;
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
    Change::Remove { aliases: aliases.clone() }.make(context)?;
    context.say(format!("removed {} from {}", quoted(&aliases), config.name));
    forget(context, &aliases)
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

/// Forgets their credentials, as signing out does.
fn forget(context: &Context, aliases: &[Alias]) -> Result<()> {
    let mut steps = Steps::new(context);
    let mut forgotten = 0;
    for alias in aliases {
        forgotten += steps.take(vault::forget(context, alias.as_str()));
        dismissal::forget(context, alias);
    }
    let is_one = |session: &str| aliases.iter().any(|alias| alias.as_str() == session);
    for profile in steps.take(static_profiles::forget(context, is_one)) {
        context.say(format!("took the keys of the named profile `{profile}` out of its file"));
    }
    if forgotten > 0 {
        generation::sign_out(context);
        generation::bump(context);
        context.say(format!("forgot the credentials of {}", quoted(aliases)));
    }
    steps.take(serve::stop_signed_out(context, is_one));
    steps.done()
}
