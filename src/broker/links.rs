//! The sessions of a chain, and the files of the vault in which their credentials are kept.

use super::{Broker, CREDENTIALS};
use crate::{
    chain::{Broken, Chain},
    digest::Digest,
    error::{Error, Result},
    provider::profile,
    session::{Profile, RoleArn, Session, SessionDuration, Source},
    sts::Sts,
    vault::EntryName,
};

/// One session of a chain, and where its credentials are kept.
pub(super) struct Link<'a> {
    pub(super) session: &'a Session,
    pub(super) duration: Option<SessionDuration>,
    pub(super) entry: EntryName,
    /// Whether its credentials are kept: those that a profile has in its file are read there each time.
    pub(super) is_kept: bool,
}

impl<'a> Broker<'a> {
    /// The links from the base on; each one's entry is named after everything that shapes its credentials.
    pub(super) fn links(&self, session: &'a Session) -> Result<Vec<Link<'a>>> {
        let chain = Chain::to(session, |alias| self.config.sessions.get(alias)).map_err(|broken| unsound(&broken))?;
        let endpoint = Sts::checked_endpoint(self.context)?.unwrap_or_default();
        let mut above = String::new();
        let links = chain.sessions().map(|link| {
            let is_last = link.alias == session.alias;
            let duration = self.options.duration.filter(|_| is_last).or(link.duration);
            let is_kept = match &link.source {
                Source::Profile(source) => self.is_kept(link, source, duration)?,
                Source::Federated(_) | Source::Chained(_) => true,
            };
            // What `login` got for another duration serves those who ask for none.
            let named = if self.options.renew { link.duration } else { duration };
            above = self.shape(link, named, endpoint, &above)?.short();
            let entry = EntryName::new(&link.alias.file_name(), &above, CREDENTIALS);
            Ok(Link { session: link, duration, entry, is_kept })
        });
        links.collect::<Result<_>>().map_err(|error: Error| {
            if chain.hops.is_empty() {
                return error;
            }
            error.within(format!("cannot get credentials for `{}`", session.alias))
        })
    }

    /// Checks a profile before anything is asked of anybody, and says whether what it yields is kept.
    fn is_kept(&self, session: &Session, source: &Profile, wish: Option<SessionDuration>) -> Result<bool> {
        let files = self.aws_files.get().map_err(|error| error.within(profile::what(session, source)))?;
        profile::check(self.context, files, session, source, wish)?;
        Ok(!profile::has_keys(files, source))
    }

    /// Everything that shapes the credentials of a link: an edit of the config takes effect at once.
    fn shape(
        &self,
        session: &Session,
        duration: Option<SessionDuration>,
        endpoint: &str,
        above: &str,
    ) -> Result<Digest> {
        let duration = duration.map_or(String::new(), |duration| duration.seconds().to_string());
        let role = session.role_arn().map_or("", RoleArn::as_str);
        let mut parts = vec!["1", session.kind(), endpoint, role, &duration, above];
        match &session.source {
            Source::Federated(federated) => {
                parts.extend([federated.saml_url.as_str(), federated.idp_arn.as_str()]);
                Ok(Digest::of(&parts))
            }
            Source::Profile(source) => {
                let digest = profile::digest(self.context, self.aws_files.get()?).short();
                parts.extend([source.source_profile.as_str(), &digest]);
                Ok(Digest::of(&parts))
            }
            Source::Chained(settings) => {
                let name = settings.role_session_name.expand(&self.context.user(), &self.context.host());
                let more = serde_json::json!([
                    name,
                    settings.external_id.as_ref().map(ToString::to_string),
                    settings.source_identity.as_ref().map(ToString::to_string),
                    settings.tags,
                    settings.transitive_tags,
                    settings.policy_arns.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    settings.policy.as_ref().map(ToString::to_string),
                    settings.mfa_device.as_ref().map(ToString::to_string),
                ])
                .to_string();
                parts.push(&more);
                Ok(Digest::of(&parts))
            }
        }
    }
}

/// The config was checked when it was read; this speaks of a config that was not.
fn unsound(broken: &Broken) -> Error {
    Error::usage("cannot follow the chain").because(format!("{broken:?}"))
}
