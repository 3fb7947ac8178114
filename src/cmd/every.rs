//! Every session in turn.

use crate::{
    chain::Chain,
    config::Config,
    error::{Error, Result},
    session::{Session, Source},
};

/// All sessions: those that start from nothing but the person first, then those that are chained from them.
pub(super) fn by_depth(config: &Config) -> Vec<&Session> {
    let mut sessions: Vec<&Session> = config.sessions.values().collect();
    sessions.sort_by_key(|session| chain(config, session).map_or(0, |chain| chain.hops.len()));
    sessions
}

/// Whether a session needs the sign-in that `other` needs: it is chained from it, or signs in at the same provider.
pub(super) fn is_behind(config: &Config, other: &Session, session: &Session) -> bool {
    let provider = |session: &Session| match &session.source {
        Source::Federated(federated) => Some(federated.saml_url.host().to_owned()),
        Source::Chained(_) | Source::Profile(_) => None,
    };
    chain(config, session).is_some_and(|chain| {
        chain.base.alias == other.alias || (provider(other).is_some() && provider(chain.base) == provider(other))
    })
}

/// Does something with each; `one` says whether it went well, or that it is of no use to go on.
///
/// # Errors
/// Where it did not go well for all of them.
pub(super) fn in_turn<'a>(
    what: &str,
    sessions: &[&'a Session],
    mut one: impl FnMut(&'a Session) -> Result<bool>,
) -> Result<()> {
    let mut failed = 0;
    for session in sessions {
        failed += usize::from(!one(session)?);
    }
    match (failed, sessions.len()) {
        (0, _) => Ok(()),
        (failed, all) => Err(Error::new(format!("cannot {what} {failed} of {all} sessions"))),
    }
}

fn chain<'a>(config: &'a Config, session: &'a Session) -> Option<Chain<'a>> {
    Chain::to(session, |alias| config.sessions.get(alias)).ok()
}
