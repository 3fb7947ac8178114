//! leapp puts the AWS credentials of a named session into an environment.
//!
//! [`run`] is the program. The modules, and which way they know each other, are on the map in `docs/architecture.md`:
//! `cmd` → [`broker`] → `provider`, [`vault`], [`browser`] → [`saml`], [`chain`], [`environment`], [`session`].

mod aws_files;
pub mod broker;
pub mod browser;
pub mod cli;
mod cmd;
pub mod config_file;
pub mod context;
mod default_profile;
pub mod directory;
mod dismissal;
mod endpoint;
mod files;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod generation;
mod lock;
mod owned_by_session;
mod owner;
mod process;
mod profile_file;
mod provider;
mod rewrite;
mod signals;
mod static_profiles;
pub mod sts;
mod supervise;
mod ui;
pub mod vault;

use std::{ffi::OsString, io, panic, process::ExitCode};

pub use leapp_core::{chain, config, credentials, environment, error, near, saml, secret, session, shell};
use leapp_core::{console, digest, hook, named_profiles, profile_credentials};

use crate::{
    cli::Cli,
    error::{Error, Result},
};

/// Runs the program with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    process::keep_secrets_out_of_core_dumps();
    process::say_nothing_secret_in_panics();
    process::survive_the_file_limit();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(code) = supervise::inner(&arguments) {
        return code;
    }
    let arguments = cmd::exec::with_session_place(arguments);
    let verb = cmd::verb(&arguments);
    if is_evaluated(verb, &arguments)
        && let Some(text) = cmd::env::prologue(&arguments)
        && let Err(error) = context::to_stdout(&text)
    {
        return say_and_fail(verb, &arguments, &unprinted(&error));
    }
    match panic::catch_unwind(|| parse_and_run(&arguments)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => say_and_fail(verb, &arguments, &error),
        Err(_) => fail(verb, &arguments, &Error::new("internal error")),
    }
}

fn say_and_fail(verb: Option<&str>, arguments: &[OsString], error: &Error) -> ExitCode {
    context::to_stderr(&format!("{error}\n"));
    fail(verb, arguments, error)
}

fn unprinted(error: &io::Error) -> Error {
    Error::new("cannot write to standard output").because(error)
}

fn parse_and_run(arguments: &[OsString]) -> Result<u8> {
    match Cli::read(arguments) {
        Ok(cli) => cmd::run(cli),
        // Help and version, which were asked for.
        Err(error) if !error.use_stderr() => match error.print() {
            // Whoever closes a pipe has read enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unprinted(&error)),
            _ => Ok(0),
        },
        Err(error) => Err(misused(&error)),
    }
}

/// What clap says about a command line, as an error of ours.
fn misused(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    lines.fold(Error::usage(first.trim_start_matches("error: ")), Error::hint)
}

/// Whether a shell evaluates what this verb prints.
fn is_evaluated(verb: Option<&str>, arguments: &[OsString]) -> bool {
    verb == Some("env") || verb == Some("serve") && cmd::serve::is_evaluated(arguments)
}

/// The exit code of a failure; what a shell evaluates is left in a state in which nothing goes ahead.
fn fail(verb: Option<&str>, arguments: &[OsString], error: &Error) -> ExitCode {
    // Options before the verb, or a misspelt one: it may well be `env` that was meant.
    if verb.is_none_or(|word| is_evaluated(verb, arguments) || !cmd::is_verb(word))
        && let Some(text) = cmd::env::failure(arguments)
    {
        // Where standard output is closed, no shell waits for it.
        let _ = context::to_stdout(&text);
    }
    ExitCode::from(if verb == Some("exec") { error.exec_exit_code() } else { error.exit_code() })
}
