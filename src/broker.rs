//! The one way to credentials: cache, lock, look again, walk the chain, seal.

mod links;
mod options;
mod set_back;

use std::{
    cell::{OnceCell, RefCell},
    time::Duration,
};

use links::Link;
pub use options::Options;
use time::OffsetDateTime;

use crate::{
    aws_files::OnDemand,
    chain::Chain,
    config::Config,
    config_file,
    context::{Attention, Context},
    credentials::Credentials,
    dismissal,
    error::{Error, Kind, Result},
    generation,
    lock::Lock,
    provider::{self, Means, assertion, chained, federated, mfa, profile},
    saml::EncodedResponse,
    session::{Region, Session, Source, span},
    sts::Sts,
    vault::Vault,
};

/// How long an assumer's credentials must still live to be used for one call of STS.
const ASSUMER_TTL: Duration = Duration::from_mins(1);

/// What the vault's files of credentials are for.
pub(crate) const CREDENTIALS: &str = "credentials";

/// The way to credentials, for one run.
pub struct Broker<'a> {
    context: &'a Context,
    config: &'a Config,
    options: Options,
    vault: OnceCell<Vault<'a>>,
    aws_files: OnDemand<'a>,
    sts: Sts<'a>,
    sent_codes: mfa::Sent,
    /// The token of sign-outs, as it was before anything was read that new credentials come from.
    signed_out: RefCell<Option<Vec<u8>>>,
}

/// What a link's credentials are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The session that was asked for.
    Asked,
    /// A session that another one starts from.
    Assumer,
}

impl<'a> Broker<'a> {
    /// A broker for one run.
    pub fn new(context: &'a Context, config: &'a Config, options: Options) -> Self {
        let (vault, aws_files) = (OnceCell::new(), OnDemand::new(context));
        let sts = Sts::new(context, config.timeout);
        Self {
            context,
            config,
            options,
            vault,
            aws_files,
            sts,
            sent_codes: RefCell::default(),
            signed_out: RefCell::default(),
        }
    }

    /// The credentials of a session: those that are kept, else new ones.
    ///
    /// # Errors
    /// Where they cannot be had: the error names the session, the hop and the remedy.
    pub fn credentials(&self, session: &'a Session) -> Result<Credentials> {
        let links = self.links(session)?;
        self.of(&links, Role::Asked)
    }

    /// As [`Broker::credentials`], with a SAML response for the base of the session's chain.
    ///
    /// # Errors
    /// Where the response is not good for it, or any hop fails.
    pub fn credentials_with(&self, session: &'a Session, response: EncodedResponse) -> Result<Credentials> {
        let links = self.links(session)?;
        let [base, rest @ ..] = links.as_slice() else { return self.of(&links, Role::Asked) };
        if !matches!(base.session.source, Source::Federated(_)) {
            let alias = &session.alias;
            return Err(Error::usage(format!("cannot take a SAML response for `{alias}`"))
                .because(format!("`{}` is no federated session", base.session.alias)));
        }
        self.begin();
        self.sts.check_way()?;
        self.unlock()?;
        // The response is for here and now: the chain is walked with it in hand, whatever is kept or can be.
        let base_credentials = self.fetch_and_keep(base, None, Some(response), Role::Asked)?;
        let credentials = rest
            .iter()
            .try_fold(base_credentials, |assumer, link| self.fetch_and_keep(link, Some(&assumer), None, Role::Asked))?;
        self.recall(&links);
        Ok(credentials)
    }

    /// The credentials of a session, where they are kept and live.
    ///
    /// # Errors
    /// Where the vault cannot be read.
    pub fn kept(&self, session: &'a Session) -> Result<Option<Credentials>> {
        let links = self.links(session)?;
        match links.split_last() {
            None => Ok(None),
            // A base: it has none above it. Looking is not asking for it.
            Some((link, _)) if !link.is_kept => self.fetch_and_keep(link, None, None, Role::Asked).map(Some),
            Some((link, _)) => self.cached(link, |kept, now| !kept.time_left(now).is_zero()),
        }
    }

    /// Those of a session's credentials, else of all that are kept, that these are, and the session that they are kept
    /// for; also those that were got under earlier settings, or have ended.
    ///
    /// # Errors
    /// Where the vault cannot be read.
    pub(crate) fn kept_as(
        &self,
        session: Option<&'a Session>,
        are_these: impl Fn(&Credentials) -> bool,
    ) -> Result<Option<(String, Credentials)>> {
        // A session that is broken by now is no reason not to look further.
        let present = session.and_then(|session| Some((session, self.kept(session).ok()??)));
        if let Some((session, credentials)) = present.filter(|(_, credentials)| are_these(credentials)) {
            return Ok(Some((session.alias.to_string(), credentials)));
        }
        let Some(vault) = self.vault()? else { return Ok(None) };
        for entry in vault.all_for(CREDENTIALS) {
            let kept = vault.get(&entry)?.and_then(|bytes| Credentials::from_bytes(&bytes));
            if let Some((credentials, alias)) = kept.filter(&are_these).zip(entry.alias()) {
                return Ok(Some((alias.to_string(), credentials)));
            }
        }
        Ok(None)
    }

    /// The region to work in with a session.
    pub(crate) fn region(&self, session: &Session) -> Option<Region> {
        provider::region(self.config, session, &self.aws_files)
    }

    /// The credentials of the last link.
    fn of(&self, links: &[Link<'a>], role: Role) -> Result<Credentials> {
        let Some((link, above)) = links.split_last() else {
            return Err(Error::new("cannot get credentials").because("the chain is empty"));
        };
        if !link.is_kept {
            return self.fetch(link, above, role);
        }
        if let Some(kept) = self.cached(link, |kept, now| self.is_good(kept, now, role))? {
            self.context.trace(|| {
                let lasts = match kept.expiration {
                    Some(_) => format!("{} left", span(kept.time_left(self.context.now()))),
                    None => "they do not end".into(),
                };
                format!("taking the kept credentials of `{}`: {}, {lasts}", link.session.alias, kept.arn)
            });
            return Ok(kept);
        }
        if role == Role::Asked {
            // Before any waiting: a sign-out meanwhile is meant for this process, too.
            self.begin();
        }
        self.sts.check_way()?;
        self.unlock()?;
        if !self.options.cache {
            return self.fetch(link, above, role);
        }
        let began = self.context.now();
        let what = format!("credentials of `{}`", link.session.alias);
        let mut lock = Lock::take(self.context, link.entry.as_str(), &what, self.config.longest_wait())?;
        // Whoever held the lock meanwhile did the work, or failed at it, for this process too.
        let meanwhile = |kept: &Credentials, now| kept.issued >= began && !kept.time_left(now).is_zero();
        if let Some(kept) = self.cached(link, |kept, now| meanwhile(kept, now) || self.is_good(kept, now, role))? {
            return Ok(kept);
        }
        if let Some(failure) = lock.failure_of_holder() {
            return Err(failure);
        }
        self.fetch(link, above, role).inspect_err(|error| lock.leave_failure(self.context.now(), error))
    }

    /// Whether kept credentials will do.
    fn is_good(&self, kept: &Credentials, now: OffsetDateTime, role: Role) -> bool {
        match role {
            Role::Asked => !self.options.renew && kept.time_left(now) > self.min_ttl(kept),
            Role::Assumer => kept.time_left(now) > ASSUMER_TTL,
        }
    }

    /// How long credentials must still live to be used. Where they were granted for less than what was asked, new ones
    /// would be no better: these serve for the first half of their life.
    fn min_ttl(&self, of: &Credentials) -> Duration {
        let wanted = self.options.min_ttl;
        of.lifetime().filter(|lifetime| *lifetime <= wanted).map_or(wanted, |lifetime| lifetime / 2)
    }

    /// Says, once for each grant, that it is shorter than what was asked.
    fn say_if_short(&self, session: &Session, granted: &Credentials) {
        let (alias, wanted) = (&session.alias, self.options.min_ttl);
        if let Some(lifetime) = granted.lifetime().filter(|lifetime| *lifetime <= wanted) {
            let (lifetime, wanted) = (span(lifetime), span(wanted));
            self.context.say(format!(
                "`{alias}` was granted {lifetime}, and --min-ttl asks for {wanted}: it is renewed after half of that"
            ));
        }
    }

    /// New credentials of a link, with those of the links above it.
    fn fetch(&self, link: &Link<'a>, above: &[Link<'a>], role: Role) -> Result<Credentials> {
        let assumer = match above {
            [] => None,
            _ => Some(self.of(above, Role::Assumer).map_err(|error| match role {
                Role::Asked => error.within(format!("cannot get credentials for `{}`", link.session.alias)),
                Role::Assumer => error,
            })?),
        };
        let credentials = self.fetch_and_keep(link, assumer.as_ref(), None, role)?;
        if role == Role::Asked {
            self.recall(above.iter().chain([link]));
            if !self.options.renew {
                self.say_if_short(link.session, &credentials);
            }
        }
        Ok(credentials)
    }

    /// From here on, a sign-out elsewhere is one that what is being got must not undo.
    fn begin(&self) {
        self.signed_out.replace(generation::signed_out(self.context));
    }

    /// A person who asks for a session takes back that they signed out of it, and of those that it starts from.
    fn recall<'l>(&self, links: impl IntoIterator<Item = &'l Link<'a>>)
    where
        'a: 'l,
    {
        if self.context.attention() == Attention::Person {
            for link in links {
                dismissal::forget(self.context, &link.session.alias);
            }
        }
    }

    fn fetch_and_keep(
        &self,
        link: &Link<'a>,
        assumer: Option<&Credentials>,
        given: Option<EncodedResponse>,
        role: Role,
    ) -> Result<Credentials> {
        let means = self.means(role);
        let credentials = match (&link.session.source, assumer) {
            (Source::Federated(settings), _) => {
                federated::credentials(&means, link.session, settings, link.duration, given)?
            }
            (Source::Profile(source), _) => {
                let fresh = profile::credentials(&means, self.aws_files.get()?, link.session, source)?;
                if role == Role::Asked {
                    profile::ask_living(self.context, link.session, source, &fresh)?;
                }
                fresh
            }
            (Source::Chained(settings), Some(assumer)) => {
                chained::credentials(&means, link.session, settings, assumer, link.duration)?
            }
            (Source::Chained(_), None) => {
                return Err(Error::new("cannot get credentials").because("the chain has no base"));
            }
        };
        if credentials.may_be_kept() && self.is_in_config(link.session) {
            // Credentials that cannot be kept are credentials all the same.
            match means.keep(&link.entry, &credentials.to_bytes()) {
                // What a hook renews, the other shells find when it is time for them to look.
                Ok(true) if self.context.attention() != Attention::Nobody => generation::bump(self.context),
                Ok(_) => {}
                Err(error) => self.context.say(error.sentence()),
            }
        }
        Ok(credentials)
    }

    /// Whether the config still has a session of that name, as far as it can be read.
    fn is_in_config(&self, session: &Session) -> bool {
        !self.options.outlives_config
            || config_file::load(self.context).map_or(true, |now| now.sessions.contains_key(&session.alias))
    }

    /// Fails where somebody signed out since `before`, the token of sign-outs at that time, and the session is none that
    /// stayed signed in: its credentials are not to be handed on.
    ///
    /// # Errors
    /// Then, and where the vault cannot be read.
    pub(crate) fn ask_still_signed_in(&self, session: &'a Session, before: Option<&[u8]>) -> Result<()> {
        if generation::signed_out(self.context).as_deref() == before || self.kept(session)?.is_some() {
            return Ok(());
        }
        Err(Error::new(format!("the credentials of `{}` are not handed on", session.alias))
            .because("you signed out meanwhile")
            .hint(format!("run: leapp login {}", session.alias)))
    }

    fn means(&self, role: Role) -> Means<'_> {
        let vault = if self.options.cache { self.vault.get() } else { None };
        let signed_out = self.signed_out.borrow().clone();
        // `login` ends with that.
        let asker_says_who = self.options.renew && role == Role::Asked;
        let (context, config) = (self.context, self.config);
        let (sts, sent_codes) = (&self.sts, &self.sent_codes);
        Means { context, config, sts, vault, sent_codes, asker_says_who, signed_out }
    }

    /// Whether the identity provider of a session's chain has signed the person in just now: an assertion of it is at
    /// hand, so that another session of its needs nobody.
    pub(crate) fn has_assertion(&self, session: &'a Session) -> bool {
        let find = |alias: &_| self.config.sessions.get(alias);
        match Chain::to(session, find).map(|chain| &chain.base.source) {
            Ok(Source::Federated(federated)) => {
                assertion::at_hand(&self.means(Role::Asked), federated).is_ok_and(|assertion| assertion.is_some())
            }
            _ => false,
        }
    }

    /// What is kept for a link, where it will do.
    fn cached(
        &self,
        link: &Link<'a>,
        will_do: impl FnOnce(&Credentials, OffsetDateTime) -> bool,
    ) -> Result<Option<Credentials>> {
        if !self.options.cache {
            return Ok(None);
        }
        let Some(vault) = self.vault()? else { return Ok(None) };
        let Some(bytes) = vault.get(&link.entry)? else { return Ok(None) };
        let (kept, now) = (Credentials::from_bytes(&bytes), self.context.now());
        if kept.as_ref().is_some_and(|kept| kept.is_from_future(now)) {
            set_back::forget(self.context, vault, now);
        }
        Ok(kept.filter(|kept| will_do(kept, now)))
    }

    /// The vault, where there is one.
    fn vault(&self) -> Result<Option<&Vault<'a>>> {
        if self.vault.get().is_none()
            && let Some(vault) = Vault::find(self.context, &self.config.vault)?
        {
            return Ok(Some(self.vault.get_or_init(|| vault)));
        }
        Ok(self.vault.get())
    }

    /// Makes and unlocks the vault before anything else is asked of the person; without one, nothing is kept.
    fn unlock(&self) -> Result<()> {
        if !self.options.cache {
            return Ok(());
        }
        let unlocked = match self.vault()? {
            Some(vault) => vault.unlock(),
            None => Vault::open(self.context, &self.config.vault).map(|vault| drop(self.vault.set(vault))),
        };
        match unlocked {
            // A full disk or a read-only home: the credentials are not kept, and serve all the same.
            Err(error) if error.which() == Kind::NotKept => {
                self.context.say(error.sentence());
                Ok(())
            }
            unlocked => unlocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::Environment, secret::Secret};

    #[test]
    fn credentials_are_renewed_before_min_ttl_and_those_that_never_had_so_long_after_half_their_life() {
        let environment = Environment::of([("HOME", "/nonexistent")]);
        let context = Context::for_tests(environment, || OffsetDateTime::UNIX_EPOCH);
        let config = Config::parse("config.toml", "").expect("valid");
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let kept = |lifetime: Option<i64>| Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("secret"),
            session_token: None,
            expiration: lifetime.map(at),
            issued: at(0),
            arn: String::new(),
        };
        let is_good = |min_ttl: u64, lifetime: Option<i64>, now: i64| {
            let options = Options { min_ttl: Duration::from_secs(min_ttl), ..Options::default() };
            Broker::new(&context, &config, options).is_good(&kept(lifetime), at(now), Role::Asked)
        };
        assert!(is_good(300, Some(3600), 3299) && !is_good(300, Some(3600), 3300));
        assert!(is_good(3599, Some(3600), 0) && !is_good(3599, Some(3600), 1));
        assert!(is_good(3600, Some(3600), 1799) && !is_good(3600, Some(3600), 1800));
        assert!(is_good(99999, None, 5000), "what does not end is never renewed");
    }
}
