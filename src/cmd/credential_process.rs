//! `leapp credential-process`: a session's credentials for an AWS SDK that asks a program for them.
//!
//! The SDK reads standard output and keeps standard error to itself, so that neither is where the person is.

use std::{fs::File, io::IsTerminal as _, thread, time::Duration};

use serde::Serialize;
use zeroize::Zeroizing;

use super::flag;
use crate::{
    broker::{Broker, Options},
    cli::CredentialProcess,
    config::Config,
    config_file,
    context::{Attention, Context},
    credentials::Credentials,
    environment::rfc3339,
    error::{Error, Kind, Result},
    generation,
    named_profiles::{self, Kind as ProfileFileKind},
    process,
    profile_file::ProfileFile,
    secret::Secret,
    session::{RoleArn, Session, parse_span},
    ui::terminal::Terminal,
};

/// Where nobody has to be asked, credentials are renewed this long before their end: botocore asks again 15 minutes
/// before it, and at every call from then on (`_advisory_refresh_timeout` of its `RefreshableCredentials`).
const EARLY: Duration = Duration::from_mins(16);
/// This long before their end a browser without a window may sign in for that. The person is asked when they have ended,
/// and no sooner: who runs this may be a program that fills the whole screen.
const LATE: Duration = Duration::from_mins(5);
/// How long an early renewal may take, while there are credentials that still live.
const EARLY_BOUND: Duration = Duration::from_secs(5);
/// What is nearer to its end than this is of no use to a program that has yet to sign a request with it.
const USELESS: Duration = Duration::from_secs(5);
/// How often a sign-in elsewhere is looked for.
const GLANCE: Duration = Duration::from_millis(100);

/// Prints the credentials; whatever fails is one line, since SDKs quote it in an error of their own.
pub(super) fn run(context: &Context, arguments: &CredentialProcess) -> Result<()> {
    print(context, arguments).map_err(|error| in_one_line(&error))
}

fn print(context: &Context, arguments: &CredentialProcess) -> Result<()> {
    let wait = flag("wait", arguments.wait.as_deref(), parse_span)?;
    let quiet = context.clone().with_attention(Attention::SilentBrowser, wait);
    let config = config_file::load(&quiet)?;
    let session = meant(&quiet, &config, &arguments.session)?;
    let credentials = match credentials(&quiet, &config, session) {
        Err(error) if error.which() == Kind::NeedsPerson => {
            match if arguments.no_prompt { None } else { Terminal::in_foreground() } {
                Some(terminal) => ask(&quiet, &terminal, wait, &config, session)?,
                None if wait.is_some() => wait_for_sign_in(&quiet, &config, session)?,
                None => return Err(error),
            }
        }
        outcome => outcome?,
    };
    let json = as_json(session, &credentials)
        .map_err(|why| Error::new(format!("cannot print the credentials of `{}`", session.alias)).because(why))?;
    context.print(&json)
}

/// Credentials for which the person may be asked, on the terminal.
fn ask(
    quiet: &Context,
    terminal: &File,
    wait: Option<Duration>,
    config: &Config,
    session: &Session,
) -> Result<Credentials> {
    let context = quiet.clone().with_attention(Attention::Person, wait.map(|wait| quiet.bounded(wait)));
    if std::io::stderr().is_terminal() {
        return credentials(&context, config, session);
    }
    process::with_stderr_on(terminal, || credentials(&context, config, session))
}

/// The session of that name. The Leapp desktop app wrote ids of its own into `~/.aws/config`: an id stands for the
/// session whose named profile asks with it there.
fn meant<'a>(context: &Context, config: &'a Config, name: &str) -> Result<&'a Session> {
    config.session(name).or_else(|error| {
        let file = ProfileFile::here(context, ProfileFileKind::Config);
        let profiles = named_profiles::that_ask_for(&file.read()?.unwrap_or_default(), name);
        let is_of = |session: &&Session| {
            session.profile.as_ref().is_some_and(|profile| profiles.iter().any(|name| name == profile.as_str()))
        };
        match profiles.first() {
            None => Err(error),
            Some(profile) => config.sessions.values().find(is_of).ok_or_else(|| {
                error.hint(format!(
                    "{} asks with it for the named profile `{profile}`: give a session that `profile`",
                    file.name
                ))
            }),
        }
    })
}

/// Credentials after a sign-in elsewhere, for as long as this run may take.
fn wait_for_sign_in(context: &Context, config: &Config, session: &Session) -> Result<Credentials> {
    loop {
        let token = generation::current(context);
        let error = match credentials(context, config, session) {
            Err(error) if error.which() == Kind::NeedsPerson => error,
            outcome => return outcome,
        };
        while generation::current(context) == token {
            if context.bounded(GLANCE) < GLANCE {
                return Err(error);
            }
            thread::sleep(GLANCE);
        }
    }
}

/// Credentials that will do for a while: those that are kept, else new ones. Renewed early; and what cannot be renewed
/// serves while it lives.
fn credentials(context: &Context, config: &Config, session: &Session) -> Result<Credentials> {
    let broker = Broker::new(context, config, Options::default());
    let Some(kept) = broker.kept(session)? else { return broker.credentials(session) };
    let (left, half) = (kept.time_left(context.now()), kept.lifetime().map_or(Duration::MAX, |whole| whole / 2));
    if left > EARLY.min(half) {
        return Ok(kept);
    }
    let renewed = if left > LATE.min(half) {
        let quiet = context.clone().with_attention(Attention::Nobody, Some(context.bounded(EARLY_BOUND)));
        let options = Options { min_ttl: EARLY.min(half), ..Options::default() };
        Broker::new(&quiet, config, options).credentials(session)
    } else {
        broker.credentials(session)
    };
    renewed.or_else(|error| match error.which() {
        Kind::Cancelled | Kind::Interrupted => Err(error),
        _ if left < USELESS => Err(error),
        _ => {
            context.trace(|| format!("the kept credentials serve on: {}", error.sentence()));
            Ok(kept)
        }
    })
}

/// Version 1 of what a credential process prints ("Sourcing credentials with an external process", AWS SDKs and Tools
/// Reference Guide; `AccountId` is a later addition).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Printed<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    /// Where it is missing, the SDK never asks again: right for keys that do not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

fn as_json(session: &Session, credentials: &Credentials) -> Result<Zeroizing<String>, String> {
    let secret = credentials.secret_access_key.expose();
    let token = credentials.session_token.as_ref().map(Secret::expose);
    let written = |end| rfc3339(end).ok_or("their end is no date that can be written");
    // The field before the resource of `arn:aws:sts::ACCOUNT:assumed-role/…`.
    let of_arn = || credentials.arn.split(':').nth(4).filter(|account| !account.is_empty());
    let printed = Printed {
        version: 1,
        access_key_id: &credentials.access_key_id,
        secret_access_key: secret,
        session_token: token,
        expiration: credentials.expiration.map(written).transpose()?,
        account_id: session.role_arn().map(RoleArn::account).or_else(of_arn),
    };
    // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
    let mut json = Zeroizing::new(Vec::with_capacity(512 + 2 * (secret.len() + token.map_or(0, str::len))));
    serde_json::to_writer(&mut *json, &printed).map_err(|error| error.to_string())?;
    json.push(b'\n');
    let text = std::str::from_utf8(&json).map_err(|error| error.to_string())?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// An error without further lines, and with exit code 1.
fn in_one_line(error: &Error) -> Error {
    let sentence =
        std::iter::once(error.sentence()).chain(error.hints().iter().cloned()).collect::<Vec<_>>().join("; ");
    Error::new(sentence.replace('\n', " ")).kind(Kind::Failed)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn what_is_printed_is_version_1() {
        let config = Config::parse(
            "config.toml",
            "[sessions.corp]\nkind = \"federated\"\nsaml_url = \"https://acme.okta.com/x\"\n\
             idp_arn = \"arn:aws:iam::111122223333:saml-provider/okta\"\n\
             role_arn = \"arn:aws:iam::111122223333:role/Admin\"\n",
        )
        .expect("valid");
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se/cr\"et"),
            session_token: Some(Secret::new("to=ken")),
            expiration: Some(at(1_900_000_000)),
            issued: at(1_899_996_400),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        };
        let json = as_json(config.session("corp").expect("corp"), &credentials).expect("printed");
        assert_eq!(
            json.as_str(),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"se/cr\\\"et\",\"SessionToken\":\
             \"to=ken\",\"Expiration\":\"2030-03-17T17:46:40Z\",\"AccountId\":\"111122223333\"}\n"
        );
    }

    #[test]
    fn a_failure_is_one_line() {
        let error = Error::usage("x").because("a\nb").hint("run: leapp login corp").hint("or: y");
        let line = in_one_line(&error);
        assert_eq!(line.to_string(), "leapp: x: a b; run: leapp login corp; or: y");
        assert_eq!(line.exit_code(), 1);
    }
}
