//! Credentials, and how temporary ones rest in the vault.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// By how much a clock that is kept right may be set back.
const SLACK: time::Duration = time::Duration::minutes(1);

/// The longest key or token that is taken, in bytes: AWS documents no bound of a session token, and has fewer than 4,096
/// as a rule. What the kernel takes as one variable has 128 KiB.
const MAX_LENGTH: usize = 32 << 10;

/// The credentials of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id; not a secret by itself.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token; long-term keys have none.
    pub session_token: Option<Secret>,
    /// When they end, by this machine's clock; none where they do not, or nobody says when.
    pub expiration: Option<OffsetDateTime>,
    /// When they were issued, by this machine's clock.
    pub issued: OffsetDateTime,
    /// Who they are: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`. Empty where a profile does not say.
    pub arn: String,
}

/// As they rest in the vault; short names, for they are read at every start. Texts with a quote or a backslash are
/// escaped in JSON, and cannot be borrowed from it.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(rename = "k", borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(rename = "s", borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(rename = "t", borrow)]
    session_token: Option<Cow<'a, str>>,
    #[serde(rename = "e")]
    expiration: Option<i64>,
    #[serde(rename = "i")]
    issued: i128,
    #[serde(rename = "a", borrow)]
    arn: Cow<'a, str>,
}

impl Credentials {
    /// As bytes for the vault.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = Stored {
            access_key_id: self.access_key_id.as_str().into(),
            secret_access_key: self.secret_access_key.expose().into(),
            session_token: self.session_token.as_ref().map(|token| token.expose().into()),
            expiration: self.expiration.map(OffsetDateTime::unix_timestamp),
            issued: self.issued.unix_timestamp_nanos(),
            arn: self.arn.as_str().into(),
        };
        // Room for all of it at once, control characters as `\u00xx`: a vector that grows leaves copies behind that
        // nobody wipes.
        let token = self.session_token.as_ref().map_or("", Secret::expose);
        let texts = [&self.access_key_id, &self.arn, self.secret_access_key.expose(), token];
        let room = 256 + 6 * texts.map(str::len).iter().sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        // A vector takes every byte, and every field is a number or a text: this cannot fail.
        let _ = serde_json::to_writer(&mut *bytes, &stored);
        bytes
    }

    /// The same, where they go into a header and a variable as they are: what AWS issues is printable ASCII without blanks.
    ///
    /// # Errors
    /// What cannot be used about them, without a word of it.
    pub fn judged(self) -> Result<Self, String> {
        let token = self.session_token.as_ref().map(Secret::expose);
        let parts = [
            ("access key id", Some(self.access_key_id.as_str())),
            ("secret access key", Some(self.secret_access_key.expose())),
            ("session token", token),
        ];
        let flaw = parts.into_iter().find_map(|(name, text)| match text? {
            "" => Some(format!("the {name} is empty")),
            text if text.len() > MAX_LENGTH => Some(format!("the {name} is longer than {MAX_LENGTH} bytes")),
            text if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Some(format!(
                "the {name} has a character in it that none of AWS has: a blank, a line's end, or no ASCII"
            )),
            _ => None,
        });
        flaw.map_or(Ok(self), Err)
    }

    /// What [`Credentials::to_bytes`] made; none where it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored: Stored<'_> = serde_json::from_slice(bytes).ok()?;
        let kept = Self {
            access_key_id: stored.access_key_id.into_owned(),
            secret_access_key: Secret::new(stored.secret_access_key),
            session_token: stored.session_token.map(Secret::new),
            expiration: stored.expiration.map(OffsetDateTime::from_unix_timestamp).transpose().ok()?,
            issued: OffsetDateTime::from_unix_timestamp_nanos(stored.issued).ok()?,
            arn: stored.arn.into_owned(),
        };
        kept.judged().ok()
    }

    /// How long they still live; zero where they have ended, for ever where no end is known. Zero, too, where they were
    /// issued in the future: the clock was set back, and nobody knows how much of their life is over.
    pub fn time_left(&self, now: OffsetDateTime) -> Duration {
        match self.expiration {
            None => Duration::MAX,
            Some(_) if self.is_from_future(now) => Duration::ZERO,
            Some(end) => (end - now).try_into().unwrap_or_default(),
        }
    }

    /// Whether they were issued later than now: the clock was set back since. Whoever holds such credentials forgets them,
    /// or they would live again when the clock gets there, and longer than they were granted.
    pub fn is_from_future(&self, now: OffsetDateTime) -> bool {
        self.issued - now > SLACK
    }

    /// How long they were granted for; none where they do not end.
    pub fn lifetime(&self) -> Option<Duration> {
        self.expiration.map(|end| (end - self.issued).try_into().unwrap_or_default())
    }

    /// Whether a role assumed with them counts as role chaining, which AWS bounds to one hour. Long-term keys, which
    /// have no session token, are no role's.
    pub fn may_be_a_role(&self) -> bool {
        self.session_token.is_some()
    }

    /// Whether they are kept: only what has an end. Other keys rest in the person's own file or program, where a
    /// change of them must be seen at once.
    pub fn may_be_kept(&self) -> bool {
        self.expiration.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts with all that JSON escapes.
    fn any_text() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof![any::<char>(), Just('"'), Just('\\'), Just('\u{1}'), Just('\n')], 0..40)
            .prop_map(String::from_iter)
    }

    /// What can be a key or a token, with all that JSON escapes in it.
    fn any_key() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof![proptest::char::range('!', '~'), Just('"'), Just('\\')], 1..40)
            .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn what_rests_comes_back_the_same(
            keys in proptest::collection::vec(any_key(), 3),
            arn in any_text(),
            has_token in any::<bool>(),
            expiration in proptest::option::of(0_i64..253_402_300_799),
            issued in 0_i128..253_402_300_799_000_000_000,
        ) {
            let [id, secret, token] = keys.try_into().expect("three");
            let credentials = Credentials {
                access_key_id: id,
                secret_access_key: Secret::new(secret),
                session_token: has_token.then(|| Secret::new(token)),
                expiration: expiration.map(|at| OffsetDateTime::from_unix_timestamp(at).expect("a time")),
                issued: OffsetDateTime::from_unix_timestamp_nanos(issued).expect("a time"),
                arn,
            };
            prop_assert_eq!(Credentials::from_bytes(&credentials.to_bytes()), Some(credentials));
        }
    }

    #[test]
    fn what_no_header_or_variable_takes_is_no_key_and_is_not_shown() {
        let good = ["ASIAEXAMPLE", "se/cr+et==", "to=ken"];
        let long = "x".repeat(MAX_LENGTH + 1);
        let names = ["access key id", "secret access key", "session token"];
        for bad in
            ["", "hush\n", "\rhush", "hu sh", "hu\0sh", "hu\tsh", "hush\u{e9}", "\u{feff}hush", "\u{7f}hush", &long]
        {
            for (nth, name) in names.into_iter().enumerate() {
                let mut parts = good;
                parts[nth] = bad;
                let credentials = Credentials {
                    access_key_id: parts[0].into(),
                    secret_access_key: Secret::new(parts[1]),
                    session_token: Some(Secret::new(parts[2])),
                    expiration: None,
                    issued: OffsetDateTime::UNIX_EPOCH,
                    arn: String::new(),
                };
                let flaw = credentials.clone().judged().expect_err(bad);
                assert!(flaw.starts_with(&format!("the {name} ")) && !flaw.contains("hush"), "{bad:?}: {flaw}");
                assert_eq!(Credentials::from_bytes(&credentials.to_bytes()), None, "{bad:?}");
            }
        }
    }

    #[test]
    fn credentials_rest_and_come_back_and_never_show_themselves() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se/cr+et"),
            session_token: Some(Secret::new("to=ken")),
            expiration: Some(at(2000)),
            issued: at(1000),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        };
        assert_eq!(Credentials::from_bytes(&credentials.to_bytes()), Some(credentials.clone()));
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("se/cr+et") && !shown.contains("to=ken"), "{shown}");
        assert_eq!(credentials.time_left(at(1500)).as_secs(), 500);
        assert_eq!(credentials.time_left(at(2500)).as_secs(), 0);
        assert_eq!(credentials.time_left(at(990)).as_secs(), 1010);
        assert_eq!(credentials.time_left(at(900)).as_secs(), 0, "the clock was set back");
        assert_eq!(credentials.lifetime(), Some(Duration::from_secs(1000)));
        assert_eq!(Credentials::from_bytes(b"{}"), None);
    }

    #[test]
    fn long_term_keys_have_no_end_and_are_no_role_and_not_kept() {
        let keys = Credentials {
            access_key_id: "AKIAEXAMPLE".into(),
            secret_access_key: Secret::new("secret"),
            session_token: None,
            expiration: None,
            issued: OffsetDateTime::UNIX_EPOCH,
            arn: String::new(),
        };
        assert_eq!(keys.time_left(OffsetDateTime::UNIX_EPOCH), Duration::MAX);
        assert!(!keys.may_be_a_role() && !keys.may_be_kept());
        assert_eq!(Credentials::from_bytes(&keys.to_bytes()), Some(keys));
    }
}
