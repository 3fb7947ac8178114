//! `leapp login`: new credentials, now.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
};

use zeroize::Zeroizing;

use super::choose;
use crate::{
    broker::{Broker, Options},
    cli::Login,
    config::Config,
    context::Context,
    error::{Error, Result},
    saml::EncodedResponse,
    session::{Source, span},
};

/// The most that is read of a SAML response, in bytes: well above what STS takes, for base64 in lines and forms.
const MAX_RESPONSE: u64 = 1 << 20;

/// Signs in, and says as whom and for how long.
pub(super) fn run(context: &Context, arguments: &Login) -> Result<()> {
    let options = Options { renew: true, ..arguments.asking.options()? };
    let config = Config::load(context)?;
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    let broker = Broker::new(context, &config, options);
    let credentials = match &arguments.saml_response {
        Some(file) => broker.credentials_with(session, response(file)?)?,
        None => broker.credentials(session)?,
    };
    let left = credentials.expiration.map(|_| format!("{} left", span(credentials.time_left(context.now()))));
    context.say(match &session.source {
        Source::Profile(source) => {
            let left = left.unwrap_or_else(|| "which are read anew each time".into());
            format!("`{}` has the credentials of profile `{}`, {left}", session.alias, source.source_profile)
        }
        Source::Federated(_) | Source::Chained(_) => {
            format!("signed in to `{}` as {}, {}", session.alias, credentials.arn, left.unwrap_or_default())
        }
    });
    Ok(())
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
