//! `leapp login`: new credentials, now.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
};

use zeroize::Zeroizing;

use super::{choose, every};
use crate::{
    broker::{Broker, Options},
    cli::Login,
    config::Config,
    config_file,
    context::Context,
    credentials::Credentials,
    error::{Error, Kind, Result},
    generation,
    saml::EncodedResponse,
    session::{Session, Source, span},
};

/// The most that is read of a SAML response, in bytes: one more than is taken, so that what is too large is known as that.
const MAX_RESPONSE: u64 = EncodedResponse::MAX_GIVEN as u64 + 1;

/// Signs in, and says as whom and for how long.
pub(super) fn run(context: &Context, arguments: &Login) -> Result<()> {
    let options = Options { renew: true, ..arguments.asking.options()? };
    let config = config_file::load(context)?;
    if arguments.all {
        return all(context, &config, options);
    }
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    let broker = Broker::new(context, &config, options);
    let credentials = match &arguments.saml_response {
        Some(file) => broker.credentials_with(session, response(file)?)?,
        None => broker.credentials(session)?,
    };
    context.say(signed_in(context, session, &credentials));
    if let Source::Profile(_) = session.source {
        // Nothing was kept, and nobody told: a hook that failed, or was interrupted, looks again.
        generation::bump(context);
    }
    Ok(())
}

/// Signs in to every session, with a line for each. What one has signed in to serves those that are chained from it, and
/// what an identity provider has sent serves all sessions of that provider.
fn all(context: &Context, config: &Config, options: Options) -> Result<()> {
    let sessions = every::by_depth(config);
    if sessions.is_empty() {
        return Err(
            Error::usage(format!("{} has no session yet", config.name)).hint("run: leapp session add federated")
        );
    }
    let broker = Broker::new(context, config, options);
    let mut in_vain: Vec<&Session> = Vec::new();
    every::in_turn("sign in to", &sessions, |session| {
        if let Some(failed) = in_vain.iter().find(|failed| every::is_behind(config, failed, session)) {
            context.say(format!("`{}`: not tried, since nobody signed in for `{}`", session.alias, failed.alias));
            return Ok(false);
        }
        match broker.credentials(session) {
            Ok(credentials) => {
                context.say(signed_in(context, session, &credentials));
                Ok(true)
            }
            Err(error) if error.which() == Kind::Interrupted => Err(error),
            Err(error) => {
                if session.assumer().is_none() && !broker.has_assertion(session) {
                    in_vain.push(session);
                }
                context.say(format!("`{}`: {}", session.alias, error.sentence()));
                for hint in error.hints() {
                    context.say(format!("`{}`: {hint}", session.alias));
                }
                Ok(false)
            }
        }
    })
}

fn signed_in(context: &Context, session: &Session, credentials: &Credentials) -> String {
    let left = credentials.expiration.map(|_| format!("{} left", span(credentials.time_left(context.now()))));
    match &session.source {
        Source::Profile(source) => {
            let left = left.unwrap_or_else(|| "which are read anew each time".into());
            format!("`{}` has the credentials of profile `{}`, {left}", session.alias, source.source_profile)
        }
        Source::Federated(_) | Source::Chained(_) => {
            format!("signed in to `{}` as {}, {}", session.alias, credentials.arn, left.unwrap_or_default())
        }
    }
}

/// Reads a SAML response that was obtained elsewhere.
fn response(file: &OsStr) -> Result<EncodedResponse> {
    let cannot = |error: io::Error| {
        Error::new(format!("cannot read the SAML response {}", file.to_string_lossy())).because(error)
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(256 << 10));
    if file == "-" {
        io::stdin().lock().take(MAX_RESPONSE).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        std::fs::File::open(file).map_err(cannot)?.take(MAX_RESPONSE).read_to_end(&mut bytes).map_err(cannot)?;
    }
    EncodedResponse::from_person(&bytes)
}
