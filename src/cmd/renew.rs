//! `leapp renew`: new credentials for what is signed in, without asking.

use super::every;
use crate::{
    broker::{Broker, Options},
    cli::Renew,
    config_file,
    context::{Attention, Context},
    error::{Error, Kind, Result},
    session::{Session, span},
};

/// Renews one session, or all that are signed in.
pub(super) fn run(context: &Context, arguments: &Renew) -> Result<()> {
    let context = context.clone().with_attention(Attention::SilentBrowser, None);
    let config = config_file::load(&context)?;
    let broker = Broker::new(&context, &config, Options { renew: true, ..Options::default() });
    if let Some(name) = &arguments.session {
        let session = config.session(name)?;
        if broker.kept(session)?.is_none() {
            return Err(signed_out(session));
        }
        return renew(&context, &broker, session);
    }
    let mut sessions = Vec::new();
    for session in every::by_depth(&config) {
        match broker.kept(session) {
            // Keys that do not end are nothing to renew.
            Ok(kept) => sessions.extend(kept.filter(|kept| kept.expiration.is_some()).map(|_| session)),
            Err(error) if error.which() == Kind::NeedsPerson => return Err(error),
            Err(error) => context.tell(error.sentence()),
        }
    }
    if sessions.is_empty() {
        context.tell("no session is signed in");
        return Ok(());
    }
    every::in_turn("renew", &sessions, |session| match renew(&context, &broker, session) {
        Ok(()) => Ok(true),
        Err(error) if error.which() == Kind::Interrupted => Err(error),
        Err(error) => {
            let left = broker.kept(session)?.map(|kept| span(kept.time_left(context.now())));
            let until = left.map_or_else(String::new, |left| format!(" ({left} left)"));
            context.tell(format!("`{}` stays as it is{until}: {}", session.alias, error.sentence()));
            Ok(false)
        }
    })
}

fn renew<'a>(context: &Context, broker: &Broker<'a>, session: &'a Session) -> Result<()> {
    let credentials = broker.credentials(session)?;
    context.tell(match credentials.expiration {
        Some(_) => format!("renewed `{}`, {} left", session.alias, span(credentials.time_left(context.now()))),
        None => format!("`{}` has keys that do not end", session.alias),
    });
    Ok(())
}

fn signed_out(session: &Session) -> Error {
    Error::new(format!("`{}` is signed out", session.alias))
        .hint(format!("run: leapp login {}", session.alias))
        .kind(Kind::NeedsPerson)
}
