//! `leapp env`: a session's credentials as commands for the shell.

use std::{ffi::OsString, io::IsTerminal as _};

use super::{choose, exec::pin_again, granted};
use crate::{
    cli::Env,
    config_file,
    context::Context,
    environment::Plan,
    error::{Error, Kind, Result},
    process,
    session::Session,
    shell::{Format, Shell},
    ui::terminal::Terminal,
};

/// How the variables are written.
enum Writing {
    For(Shell),
    As(Format),
}

/// Prints the commands.
pub(super) fn run(context: &Context, arguments: &Env) -> Result<()> {
    let writing = match (&arguments.format, &arguments.shell) {
        (Some(format), _) => Writing::As(Format::parse(format)?),
        (None, Some(shell)) => Writing::For(Shell::parse(shell)?),
        (None, None) => Writing::For(process::shell_above(context.var("SHELL")).unwrap_or(Shell::Sh)),
    };
    let plan = plan(context, arguments)?;
    context.print(&match writing {
        Writing::For(shell) => shell.render(&plan)?,
        Writing::As(format) => format.render(&plan)?,
    })
}

/// What `env` and `serve` print before anything else: until more follows, the line that evaluates it stops.
///
/// `eval "$(leapp env dev)" && terraform apply` must not go ahead on what was there before, and an `eval` of nothing
/// succeeds: a signal, a full disk or the end of all memory may leave no time to say anything.
pub(crate) fn prologue(arguments: &[OsString]) -> Option<String> {
    let asks_for_help = arguments.iter().any(|word| word == "--help" || word == "-h");
    if asks_for_help { None } else { evaluating_shell(arguments)?.render_prologue(&Plan::clear_credentials()) }
}

/// What `env` prints where it fails in whatever way, a misspelt option included: commands that unset what was there
/// and stop the line.
pub(crate) fn failure(arguments: &[OsString]) -> Option<String> {
    Some(evaluating_shell(arguments)?.render_failure(&Plan::clear()))
}

/// The shell that evaluates what is printed, as far as it can be told from words that may be misspelt; none where a
/// format was asked for, or a person reads.
fn evaluating_shell(arguments: &[OsString]) -> Option<Shell> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    if std::io::stdout().is_terminal() || words.iter().any(|word| *word == "--format" || word.starts_with("--format="))
    {
        return None;
    }
    let named = words.iter().enumerate().find_map(|(place, word)| match word.strip_prefix("--shell") {
        Some("") => words.get(place + 1).copied(),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    let shell = named.and_then(|name| Shell::parse(name).ok()).or_else(|| process::shell_above(None));
    Some(shell.unwrap_or(Shell::Sh))
}

fn plan(context: &Context, arguments: &Env) -> Result<Plan> {
    if arguments.unset {
        return Ok(Plan::clear());
    }
    let wanted = arguments.using.wanted()?;
    let config = config_file::load(context)?;
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    if session.protected && !arguments.yes {
        confirm(context, session)?;
    }
    let mut plan = granted(context, &config, session, &wanted)?;
    if arguments.format.is_none() {
        pin_again(context, session, &mut plan)?;
    }
    Ok(plan)
}

/// Asks before a protected session's credentials stay in a shell, where any later command would use them.
pub(super) fn confirm(context: &Context, session: &Session) -> Result<()> {
    let alias = &session.alias;
    let refused = || Error::new(format!("`{alias}` is protected"));
    let hint = format!("for one command: leapp exec {alias} -- COMMAND");
    let terminal = Terminal::open(context).ok_or_else(|| {
        refused()
            .because("there is no terminal to ask on")
            .hint(hint.clone())
            .hint(format!("or without being asked, run: leapp env --yes {alias}"))
            .kind(Kind::NeedsPerson)
    })?;
    let answer = terminal.ask(&format!("`{alias}` is protected. Put its credentials into this shell? [y/N] "))?;
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(refused().because("you did not say yes").hint(hint).kind(Kind::Cancelled)),
    }
}
