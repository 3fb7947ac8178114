//! The credentials in memory: what every request is answered from, and what the renewal replaces.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::answer;
use crate::credentials::Credentials;

/// The credentials, and why there are no newer ones.
pub(super) struct Store {
    held: RwLock<Held>,
}

struct Held {
    credentials: Credentials,
    /// What the last renewal failed with; none where it did not.
    failure: Option<String>,
}

/// What the credentials of a moment come to.
pub(super) enum Reply {
    /// They live.
    Granted(Zeroizing<Vec<u8>>),
    /// They have ended: why, and what to do.
    Ended(String),
}

impl Store {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { held: RwLock::new(Held { credentials, failure: None }) }
    }

    /// The answer to a request: credentials for as long as they live, whatever became of the renewal.
    pub(super) fn reply(&self, now: OffsetDateTime) -> Reply {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if !held.credentials.time_left(now).is_zero() {
            return Reply::Granted(answer::granted(&held.credentials));
        }
        Reply::Ended(held.failure.clone().unwrap_or_else(|| "the credentials are being renewed".into()))
    }

    /// How long the credentials were given for, and how long they still live. Where the clock was set back since they
    /// were issued they end here, for good.
    pub(super) fn life(&self, now: OffsetDateTime) -> (Duration, Duration) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.credentials.is_from_future(now) {
            held.credentials.expiration = Some(OffsetDateTime::UNIX_EPOCH);
        }
        (held.credentials.lifetime().unwrap_or(Duration::MAX), held.credentials.time_left(now))
    }

    /// Takes new credentials, where they live longer than what is there: whether they do.
    pub(super) fn renew(&self, credentials: Credentials) -> bool {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.failure = None;
        let now = credentials.issued;
        let is_longer = credentials.time_left(now) > held.credentials.time_left(now);
        if is_longer {
            held.credentials = credentials;
        }
        is_longer
    }

    /// Takes note of why there are no new ones.
    pub(super) fn fail(&self, why: String) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).failure = Some(why);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::secret::Secret;

    pub(in crate::endpoint) fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).expect("a time")
    }

    pub(in crate::endpoint) fn credentials(issued: i64, expiration: i64) -> Credentials {
        Credentials {
            access_key_id: format!("ASIA{expiration}"),
            secret_access_key: Secret::new("secret"),
            session_token: Some(Secret::new("token")),
            expiration: Some(at(expiration)),
            issued: at(issued),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        }
    }

    fn shown(store: &Store, now: i64) -> String {
        match store.reply(at(now)) {
            Reply::Granted(body) => String::from_utf8(body.to_vec()).expect("UTF-8"),
            Reply::Ended(why) => why,
        }
    }

    #[test]
    fn living_credentials_are_given_whatever_the_renewal_says() {
        let store = Store::new(credentials(0, 100));
        assert!(shown(&store, 50).contains("ASIA100"));
        store.fail("signed out".into());
        assert!(shown(&store, 99).contains("ASIA100"));
        assert_eq!(shown(&store, 100), "signed out");
        assert!(store.renew(credentials(100, 200)));
        assert!(shown(&store, 100).contains("ASIA200"));
        assert_eq!(shown(&store, 200), "the credentials are being renewed");
        assert_eq!(store.life(at(150)), (Duration::from_secs(100), Duration::from_secs(50)));
    }

    #[test]
    fn what_was_issued_before_the_clock_was_set_back_is_over_for_good() {
        let store = Store::new(credentials(2000, 5600));
        assert_eq!(store.life(at(1950)).1, Duration::from_secs(3650), "within the slack");
        assert_eq!(store.life(at(800)).1, Duration::ZERO);
        assert_eq!(shown(&store, 2000), "the credentials are being renewed");
        assert_eq!(store.life(at(2000)).1, Duration::ZERO);
        assert!(store.renew(credentials(2000, 5600)));
        assert!(shown(&store, 2000).contains("ASIA5600"));
    }

    #[test]
    fn older_credentials_do_not_replace_newer_ones() {
        let store = Store::new(credentials(0, 100));
        assert!(!store.renew(credentials(0, 90)));
        assert!(shown(&store, 50).contains("ASIA100"));
    }
}
