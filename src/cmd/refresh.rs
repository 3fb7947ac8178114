//! `leapp exec --refresh`: a command that outlives its first credentials.

use std::{
    ffi::{OsStr, OsString},
    process::Command,
    sync::Arc,
};

use super::{Wanted, exec, granted, leave_no_region_of_another, region};
use crate::{
    broker::{Broker, Options},
    config::Config,
    context::Context,
    credentials::Credentials,
    default_profile::{self, Shelter},
    endpoint::{Endpoint, Renewal, margin},
    environment::{Plan, Served},
    error::Result,
    process,
    session::{Region, Session},
    supervise::Supervision,
};

/// Serves credentials to the command for as long as it runs, and gives its exit code.
pub(super) fn run(
    context: &Context,
    config: &Arc<Config>,
    session: &Session,
    wanted: &Wanted,
    (program, arguments): (&OsStr, &[OsString]),
) -> Result<u8> {
    let region = region(&Broker::new(context, config, wanted.options), session, wanted)?;
    let credentials = first_credentials(context, config, session, wanted.options)?;
    if credentials.expiration.is_none() {
        context.trace(|| format!("the credentials of `{}` do not end: there is nothing to renew", session.alias));
        let mut plan = granted(context, config, session, wanted)?;
        exec::pin(session, &mut plan)?;
        return process::become_program(Command::new(program).args(arguments), &plan).map(|()| 0);
    }
    let supervision = Supervision::begin()?;
    let renewal = Renewal {
        context: context.clone(),
        session: session.alias.clone(),
        options: wanted.options,
        config: Arc::clone(config),
    };
    let endpoint = Endpoint::open(context, credentials, renewal, None)?;
    let mut plan = Plan::for_endpoint(&Served {
        alias: session.alias.as_str(),
        region: region.as_ref().map(Region::as_str),
        uri: &endpoint.uri,
        token: &endpoint.token,
    })?;
    leave_no_region_of_another(context, region.as_ref(), &mut plan)?;
    exec::pin(session, &mut plan)?;
    let shelter = Shelter::from(context, &default_profile::rivals(context), &mut plan)?;
    let end = supervision.run(program, arguments, &plan)?;
    drop(shelter);
    Ok(end.hand_on())
}

/// What needs the person is asked for now: credentials that would soon be renewed are renewed first.
pub(super) fn first_credentials(
    context: &Context,
    config: &Config,
    session: &Session,
    options: Options,
) -> Result<Credentials> {
    let get = |options| Broker::new(context, config, options).credentials(session);
    let kept = get(options)?;
    match kept.lifetime().map(margin) {
        Some(margin) if kept.time_left(context.now()) <= margin => {
            get(Options { min_ttl: options.min_ttl.max(margin), ..options })
        }
        _ => Ok(kept),
    }
}
