//! New credentials before the old ones end: a thread of its own, so that no request waits for STS or a browser.

use std::{sync::Arc, thread, time::Duration};

use super::{
    schedule::{Schedule, margin},
    store::Store,
};
use crate::{
    broker::{Broker, Options},
    config::Config,
    context::{Attention, Context},
    credentials::Credentials,
    error::{Error, Result},
    generation,
    session::Alias,
    vault::Vault,
};

/// How often the clock is looked at: by the wall, for a machine that slept has not waited.
const GLANCE: Duration = Duration::from_secs(1);
/// How long one renewal may take, waits for other processes included.
const LONGEST: Duration = Duration::from_mins(1);

/// Whose credentials are renewed, and how. The config is that of the start: an edit of it does not make a command that
/// runs somebody else.
pub(crate) struct Renewal {
    /// The surroundings of the start, with the vault's key where that run found it.
    pub(crate) context: Context,
    /// The config.
    pub(crate) config: Arc<Config>,
    /// The session.
    pub(crate) session: Alias,
    /// How credentials are asked for.
    pub(crate) options: Options,
}

impl Renewal {
    /// Renews for ever.
    pub(super) fn run(&self, store: &Arc<Store>) {
        let mut schedule = Schedule::default();
        let mut known = None;
        loop {
            thread::sleep(GLANCE);
            let context = self.context.clone().with_attention(Attention::SilentBrowser, Some(LONGEST));
            let (life, left) = store.life(context.now());
            if left > margin(life) {
                continue;
            }
            let token = generation::current(&context);
            if !schedule.is_due(context.now(), life, left, token != known) {
                continue;
            }
            match self.credentials(&context, margin(life)) {
                Ok(credentials) => {
                    let is_longer = store.renew(credentials);
                    // A program that hands on credentials of its own hands on the same ones until it gets others.
                    if is_longer { schedule.renewed() } else { schedule.pause(context.now()) }
                }
                Err(error) => self.fail(&context, store, &mut schedule, &error),
            }
            // A renewal changes it too.
            known = generation::current(&context);
        }
    }

    /// Credentials that live longer than `margin`: what another process got meanwhile, else new ones.
    fn credentials(&self, context: &Context, margin: Duration) -> Result<Credentials> {
        let session = self.config.session(self.session.as_str())?;
        // The vault may be locked by now; what can be had without it serves all the same.
        let cache = self.options.cache && Vault::open(context, &self.config.vault).is_ok();
        let options = Options { min_ttl: margin, renew: false, cache, outlives_config: true, ..self.options };
        Broker::new(context, &self.config, options).credentials(session)
    }

    fn fail(&self, context: &Context, store: &Store, schedule: &mut Schedule, error: &Error) {
        let now = context.now();
        let (life, left) = store.life(now);
        let hint = error.hints().iter().find(|hint| hint.starts_with("run: leapp login")).or(error.hints().first());
        let hint = hint.cloned().unwrap_or_else(|| format!("run: leapp login {}", self.session));
        let sentence = format!("{}; {hint}", error.sentence());
        store.fail(sentence.clone());
        context.trace(|| format!("cannot renew the credentials of `{}`: {}", self.session, error.sentence()));
        if schedule.failed(now, error.which(), life, left) {
            let end =
                if left.is_zero() { "have ended".to_owned() } else { format!("end in {}", crate::session::span(left)) };
            context.tell(format!("the credentials of `{}` {end} and cannot be renewed: {sentence}", self.session));
        }
    }
}
