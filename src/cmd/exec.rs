//! `leapp exec`: become a command that has a session's credentials.

use std::{ffi::OsString, iter, process::Command, sync::Arc};

use super::{choose, granted, place_of_verb, refresh};
use crate::{
    cli::Exec,
    config::Config,
    config_file,
    context::Context,
    directory,
    environment::Plan,
    error::{Error, Result},
    hook::{Place, STATE, State, Status},
    process,
    session::Session,
};

/// Gets the credentials and becomes the command; with `--refresh`, stays and gives its exit code.
pub(super) fn run(context: &Context, arguments: &Exec) -> Result<u8> {
    let wanted = arguments.using.wanted()?;
    let config = Arc::new(config_file::load(context)?);
    let name = arguments.session.as_deref().filter(|name| !name.is_empty());
    let session =
        choose::session(context, &config, name).map_err(|error| hint_at_session(context, &config, arguments, error))?;
    let shell = [context.environment().get_os("SHELL").unwrap_or("/bin/sh".as_ref()).to_owned()];
    let words = if arguments.command.is_empty() { &shell } else { arguments.command.as_slice() };
    let Some((program, rest)) = words.split_first() else { return Err(Error::usage("no command is named")) };
    if arguments.refresh || session.refresh && !arguments.no_refresh {
        return refresh::run(context, &config, session, &wanted, (program, rest));
    }
    let mut plan = granted(context, &config, session, &wanted)?;
    pin(session, &mut plan)?;
    process::become_program(Command::new(program).args(rest), &plan).map(|()| 0)
}

/// Where the session was left out, the first word of the command is taken for it: says how it is written.
fn hint_at_session(context: &Context, config: &Config, arguments: &Exec, error: Error) -> Error {
    let search = context.environment().get_os("PATH");
    let Some(program) = arguments
        .session
        .as_deref()
        .filter(|name| config.session(name).is_err() && process::find(search, name.as_ref()).is_some())
    else {
        return error;
    };
    let rest = arguments.command.iter().map(|word| word.to_string_lossy());
    let words: Vec<_> = iter::once(program.into()).chain(rest).collect();
    let words = shell_words::join(words);
    error.hint(match directory::session(context, config) {
        Ok(_) => format!("run: leapp exec -- {words}"),
        Err(_) => format!("to run a program, name a session: leapp exec SESSION -- {words}"),
    })
}

/// A shell that is asked for by name stays with its session, whatever its directories say.
pub(super) fn pin(session: &Session, plan: &mut Plan) -> Result<()> {
    let place = Place { session: session.alias.to_string(), scope: String::new() };
    plan.set(STATE, &State::pinned(place, plan).to_text())
}

/// What `env` and `serve` bring into such a shell, it stays with in its turn.
pub(super) fn pin_again(context: &Context, session: &Session, plan: &mut Plan) -> Result<()> {
    let state = context.environment().raw(STATE).and_then(State::parse);
    if state.is_some_and(|state| state.status == Status::Pinned) { pin(session, plan) } else { Ok(()) }
}

/// The options of `exec` that take the next word as their value.
const WITH_VALUE: [&str; 3] = ["--region", "--min-ttl", "--duration"];

/// `leapp exec -- COMMAND` names no session: puts an empty one in its place, so that `COMMAND` is not taken for it.
pub(crate) fn with_session_place(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(verb) = place_of_verb(&arguments).filter(|place| arguments[*place] == "exec") else { return arguments };
    let mut place = verb + 1;
    while let Some(word) = arguments.get(place) {
        if word == "--" {
            arguments.insert(place, OsString::new());
            break;
        }
        if !word.as_encoded_bytes().starts_with(b"-") {
            break;
        }
        place += if WITH_VALUE.iter().any(|option| word == option) { 2 } else { 1 };
    }
    arguments
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::cli::{self, Cli};

    fn parsed(line: &str) -> (Option<String>, Vec<OsString>) {
        let arguments = with_session_place(line.split(' ').map(OsString::from).collect());
        match Cli::try_parse_from(arguments).expect(line).command {
            cli::Command::Exec(exec) => (exec.session, exec.command),
            _ => panic!("{line}"),
        }
    }

    #[test]
    fn session_and_command_are_told_apart() {
        let words = |text: &str| text.split_terminator(' ').map(OsString::from).collect::<Vec<_>>();
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(parsed("leapp exec prod -- terraform plan"), (some("prod"), words("terraform plan")));
        assert_eq!(parsed("leapp exec prod terraform plan -out x"), (some("prod"), words("terraform plan -out x")));
        assert_eq!(parsed("leapp exec prod -- sh -c -- x"), (some("prod"), words("sh -c -- x")));
        assert_eq!(parsed("leapp exec prod -- --help"), (some("prod"), words("--help")));
        assert_eq!(parsed("leapp exec prod ls --region x"), (some("prod"), words("ls --region x")));
        assert_eq!(parsed("leapp exec -- terraform plan"), (some(""), words("terraform plan")));
        assert_eq!(parsed("leapp -v exec --region eu-west-1 --no-cache -- ls"), (some(""), words("ls")));
        assert_eq!(parsed("leapp exec --region eu-west-1 prod -- ls -- x"), (some("prod"), words("ls -- x")));
        assert_eq!(parsed("leapp exec prod"), (some("prod"), vec![]));
        assert_eq!(parsed("leapp exec"), (None, vec![]));
    }

    #[test]
    fn the_options_with_a_value_are_those_that_clap_knows() {
        let mut command = Cli::command();
        command.build();
        let exec = command.find_subcommand("exec").expect("exec");
        let mut known: Vec<String> = exec
            .get_opts()
            .filter(|option| option.get_action().takes_values())
            .filter_map(|option| Some(format!("--{}", option.get_long()?)))
            .collect();
        let mut ours = WITH_VALUE.map(str::to_owned).to_vec();
        known.sort();
        ours.sort();
        assert_eq!(known, ours);
    }
}
