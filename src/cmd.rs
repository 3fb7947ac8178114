//! One file per verb, thin: what the person asked for, in terms of the other rooms.

mod choose;
mod console;
mod credential_process;
pub(crate) mod env;
mod every;
pub(crate) mod exec;
mod hook;
mod hook_env;
mod list;
mod login;
mod logout;
mod profile;
mod refresh;
mod renew;
pub(crate) mod serve;
mod session;
mod status;
mod trust;
mod vault;
mod watch;

use std::ffi::OsString;

use clap::CommandFactory as _;

use crate::{
    broker::{Broker, Options},
    cli::{Asking, Cli, Command, SessionCommand, Using},
    config::Config,
    context::Context,
    credentials::Credentials,
    default_profile,
    endpoint::roll,
    environment::{Grant, Plan},
    error::{Error, Result},
    files,
    named_profiles::Kind,
    owned_by_session, owner,
    profile_file::ProfileFile,
    rewrite,
    session::{Region, Session, SessionDuration, parse_span},
};

/// Does what the command line says; gives the exit code.
pub(crate) fn run(cli: Cli) -> Result<u8> {
    let context = Context::ambient(cli.common.verbose)?;
    owner::check_folders(&context)?;
    if !is_run_at_every_turn(&cli.command) {
        clear_up(&context);
    }
    match cli.command {
        Command::Exec(arguments) => return exec::run(&context, &arguments),
        Command::Env(arguments) => env::run(&context, &arguments),
        Command::Login(arguments) => login::run(&context, &arguments),
        Command::Renew(arguments) => renew::run(&context, &arguments),
        Command::Logout(arguments) => logout::run(&context, &arguments),
        Command::CredentialProcess(arguments) => credential_process::run(&context, &arguments),
        Command::Console(arguments) => console::run(&context, &arguments),
        Command::Profile(arguments) => profile::run(&context, &arguments.command),
        Command::Serve(arguments) => serve::run(&context, &arguments),
        Command::Lock => vault::lock(&context),
        Command::Vault(arguments) => vault::run(&context, &arguments.command),
        Command::List(arguments) => list::run(&context, &arguments),
        Command::Status(arguments) => status::run(context, &arguments),
        Command::Hook(arguments) => hook::run(&context, &arguments),
        Command::HookEnv(arguments) => hook_env::run(context, &arguments),
        Command::Allow(arguments) => trust::allow(&context, &arguments),
        Command::Deny(arguments) => trust::deny(&context, &arguments),
        Command::Trust(arguments) => trust::list(&context, &arguments),
        Command::Session(arguments) => session::run(&context, &arguments.command),
    }
    .map(|()| 0)
}

/// Whether shells, SDKs and people run it again and again; what it writes in passing, it clears up there.
fn is_run_at_every_turn(command: &Command) -> bool {
    match command {
        Command::Session(arguments) => matches!(arguments.command, SessionCommand::Generate(_)),
        Command::Exec(_)
        | Command::Env(_)
        | Command::CredentialProcess(_)
        | Command::HookEnv(_)
        | Command::Status(_)
        | Command::Hook(_)
        | Command::List(_)
        | Command::Trust(_)
        | Command::Lock => true,
        _ => false,
    }
}

/// Removes what killed processes left wherever this one may write.
fn clear_up(context: &Context) {
    for room in ["", "vault", "trust", "dismissed", "serve"] {
        files::sweep_own(&context.paths().state.join(room));
    }
    owned_by_session::sweep_browsers(context);
    default_profile::sweep(context);
    roll::sweep(context);
    rewrite::sweep(&context.paths().config, |bytes| {
        let config = str::from_utf8(bytes).ok().and_then(|text| Config::parse("", text).ok());
        config.is_some_and(|config| !config.sessions.is_empty())
    });
    for kind in [Kind::Config, Kind::Credentials] {
        ProfileFile::here(context, kind).sweep();
    }
}

/// The verb of these arguments; options alone come before it.
pub(crate) fn verb(arguments: &[OsString]) -> Option<&str> {
    place_of_verb(arguments).and_then(|place| arguments[place].to_str())
}

/// Whether there is such a verb.
pub(crate) fn is_verb(word: &str) -> bool {
    Cli::command().find_subcommand(word).is_some()
}

fn place_of_verb(arguments: &[OsString]) -> Option<usize> {
    (1..arguments.len()).find(|place| !arguments[*place].as_encoded_bytes().starts_with(b"-"))
}

/// What `exec` and `env` are asked for beside a session.
struct Wanted {
    options: Options,
    region: Option<Region>,
}

/// The environment with a session's credentials in it, as `exec` and `env` are asked for it.
fn granted(context: &Context, config: &Config, session: &Session, wanted: &Wanted) -> Result<Plan> {
    let broker = Broker::new(context, config, wanted.options);
    let region = region(&broker, session, wanted)?;
    let credentials = broker.credentials(session)?;
    let mut plan = plan(session, region.as_ref(), &credentials)?;
    leave_no_region_of_another(context, region.as_ref(), &mut plan)?;
    Ok(plan)
}

/// The region to work in: the one asked for, which must be in the partition of the session's role, else the session's.
fn region<'a>(broker: &Broker<'a>, session: &'a Session, wanted: &Wanted) -> Result<Option<Region>> {
    if let (Some(region), Some(role)) = (&wanted.region, session.role_arn())
        && region.partition() != role.partition()
    {
        let (here, there) = (region.partition(), role.partition());
        return Err(Error::usage("cannot take --region")
            .because(format!("`{region}` is a region of {here}, and the role of `{}` is in {there}", session.alias)));
    }
    Ok(wanted.region.clone().or_else(|| broker.region(session)))
}

/// A region that another session brought goes with that session.
fn leave_no_region_of_another(context: &Context, region: Option<&Region>, plan: &mut Plan) -> Result<()> {
    if region.is_none() && context.var("LEAPP_SESSION").is_some() {
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            plan.unset(name)?;
        }
    }
    Ok(())
}

/// What brings a session's credentials into an environment.
fn plan(session: &Session, region: Option<&Region>, credentials: &Credentials) -> Result<Plan> {
    Plan::for_session(&Grant {
        alias: session.alias.as_str(),
        region: region.map(Region::as_str),
        access_key_id: &credentials.access_key_id,
        secret_access_key: &credentials.secret_access_key,
        session_token: credentials.session_token.as_ref(),
        expiration: credentials.expiration,
    })
}

/// A flag's text, read into what it stands for.
fn flag<T>(name: &str, text: Option<&str>, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>> {
    text.map(parse).transpose().map_err(|why| Error::usage(format!("cannot take --{name}")).because(why))
}

impl Asking {
    fn options(&self) -> Result<Options> {
        let duration = flag("duration", self.duration.as_deref(), SessionDuration::parse)?;
        Ok(Options { duration, cache: !self.no_cache, ..Options::default() })
    }
}

impl Using {
    fn options(&self) -> Result<Options> {
        let min_ttl = flag("min-ttl", Some(&self.min_ttl), parse_span)?.unwrap_or_default();
        Ok(Options { min_ttl, ..self.asking.options()? })
    }

    /// Reads the options, before anybody is asked for anything.
    fn wanted(&self) -> Result<Wanted> {
        Ok(Wanted { options: self.options()?, region: flag("region", self.region.as_deref(), Region::parse)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_before_the_verb_are_no_verb() {
        for line in ["leapp exec nosuch -- true", "leapp -v exec nosuch -- true", "leapp --nope -x exec -- env"] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(verb(&arguments), Some("exec"), "{line}");
        }
    }
}
