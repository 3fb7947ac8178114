//! How credentials come, one file per kind of session.

pub(crate) mod assertion;
pub(crate) mod chained;
mod credential_process;
pub(crate) mod federated;
mod iso8601;
pub(crate) mod mfa;
pub(crate) mod profile;

use crate::{
    aws_files::OnDemand,
    config::Config,
    context::Context,
    credentials::Credentials,
    error::Result,
    generation,
    session::{Region, RoleArn, Session, SessionDuration, Source},
    sts::{Fault, FaultKind, Hop, Sts},
    vault::{EntryName, Vault},
};

/// What a provider works with.
pub(crate) struct Means<'a> {
    pub(crate) context: &'a Context,
    pub(crate) config: &'a Config,
    pub(crate) sts: &'a Sts<'a>,
    /// Where to keep what may serve again; none with `--no-cache`.
    pub(crate) vault: Option<&'a Vault<'a>>,
    /// The MFA codes that the run has sent.
    pub(crate) sent_codes: &'a mfa::Sent,
    /// Whether who signed in is said by whoever asked.
    pub(crate) asker_says_who: bool,
    /// The token of sign-outs as it was when the work began.
    pub(crate) signed_out: Option<Vec<u8>>,
}

impl Means<'_> {
    /// Keeps what was got, and says whether it did; not where the person signed out meanwhile: that is not undone.
    pub(crate) fn keep(&self, name: &EntryName, plain: &[u8]) -> Result<bool> {
        let is_signed_out = || generation::signed_out(self.context) != self.signed_out;
        let Some(vault) = self.vault.filter(|_| !is_signed_out()) else { return Ok(false) };
        vault.put(name, plain)?;
        // A sign-out in between may have forgotten everything before this was there.
        if is_signed_out() { vault.remove(name).map(|()| false) } else { Ok(true) }
    }

    /// The region whose STS is asked: the session's, else the shell's, else the home of the role's partition.
    pub(crate) fn region(&self, session: &Session) -> Region {
        let role = session.role_arn();
        self.config.region(session).cloned().unwrap_or_else(|| self.region_of_role(role))
    }

    /// Where nothing else says in which region to ask STS for a role: the shell's, else the home of its partition.
    fn region_of_role(&self, role: Option<&RoleArn>) -> Region {
        let partition = role.map_or("aws", RoleArn::partition);
        let of_shell = || {
            // What another session of leapp's brought into the shell is not the person's own choice.
            if self.context.var("LEAPP_SESSION").is_some() {
                return None;
            }
            let name = self.context.var("AWS_REGION").or_else(|| self.context.var("AWS_DEFAULT_REGION"))?;
            Region::parse(name).ok().filter(|region| region.partition() == partition)
        };
        of_shell().unwrap_or_else(|| role.map_or_else(Region::default, RoleArn::home_region))
    }

    /// A call of STS on the way to a session's credentials, for messages.
    pub(crate) fn hop<'s>(&'s self, session: &'s Session, region: &Region) -> Hop<'s> {
        let assumer = session.assumer().and_then(|assumer| self.config.sessions.get(assumer));
        let profile = match assumer.map(|assumer| &assumer.source) {
            Some(Source::Profile(profile)) => Some(&profile.source_profile),
            _ => None,
        };
        Hop { assumer_profile: profile, ..self.sts.hop(session, region) }
    }
}

/// The region to work in with a session: its own, the config's default, else that of the profile that it takes.
pub(crate) fn region(config: &Config, session: &Session, files: &OnDemand<'_>) -> Option<Region> {
    config.region(session).cloned().or_else(|| match &session.source {
        Source::Profile(source) => profile::region(files.get().ok()?, source.source_profile.as_str()),
        Source::Federated(_) | Source::Chained(_) => None,
    })
}

/// Asks STS, each time for less by a `step`, until the role allows what is asked; and says so where it came to that.
pub(crate) fn within_role_maximum(
    means: &Means<'_>,
    session: &Session,
    wish: Option<SessionDuration>,
    step: impl Fn(SessionDuration) -> Option<SessionDuration>,
    ask: impl Fn(Option<SessionDuration>) -> Result<Result<Credentials, Fault>>,
) -> Result<Result<Credentials, Fault>> {
    let mut duration = wish;
    loop {
        match ask(duration)? {
            Err(fault) if fault.kind == FaultKind::DurationTooLong => match duration.and_then(&step) {
                Some(shorter) => duration = Some(shorter),
                None => return Ok(Err(fault)),
            },
            answer => {
                if let (Some(wish), Some(granted), Ok(_)) = (wish, duration, &answer)
                    && granted < wish
                {
                    let alias = &session.alias;
                    means.context.say(format!("`{alias}` gets {granted}: its role does not allow {wish}"));
                }
                return Ok(answer);
            }
        }
    }
}
