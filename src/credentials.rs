//! Temporary credentials, and how they rest in the vault.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The temporary credentials of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id; not a secret by itself.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token.
    pub session_token: Secret,
    /// When they end.
    pub expiration: OffsetDateTime,
    /// When they were issued, by this machine's clock.
    pub issued: OffsetDateTime,
    /// Who they are: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`.
    pub arn: String,
}

/// As they rest in the vault; short names, for they are read at every start.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(rename = "k", borrow)]
    access_key_id: &'a str,
    #[serde(rename = "s", borrow)]
    secret_access_key: &'a str,
    #[serde(rename = "t", borrow)]
    session_token: &'a str,
    #[serde(rename = "e")]
    expiration: i64,
    #[serde(rename = "i")]
    issued: i128,
    #[serde(rename = "a", borrow)]
    arn: &'a str,
}

impl Credentials {
    /// As bytes for the vault.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = Stored {
            access_key_id: &self.access_key_id,
            secret_access_key: self.secret_access_key.expose(),
            session_token: self.session_token.expose(),
            expiration: self.expiration.unix_timestamp(),
            issued: self.issued.unix_timestamp_nanos(),
            arn: &self.arn,
        };
        // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
        let room = 256 + self.access_key_id.len() + self.arn.len();
        let room = room + 2 * (stored.secret_access_key.len() + stored.session_token.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        // A vector takes every byte, and every field is a number or a text: this cannot fail.
        let _ = serde_json::to_writer(&mut *bytes, &stored);
        bytes
    }

    /// What [`Credentials::to_bytes`] made; none where it is something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored: Stored<'_> = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            access_key_id: stored.access_key_id.to_owned(),
            secret_access_key: Secret::new(stored.secret_access_key),
            session_token: Secret::new(stored.session_token),
            expiration: OffsetDateTime::from_unix_timestamp(stored.expiration).ok()?,
            issued: OffsetDateTime::from_unix_timestamp_nanos(stored.issued).ok()?,
            arn: stored.arn.to_owned(),
        })
    }

    /// How long they still live; zero where they have ended.
    pub fn time_left(&self, now: OffsetDateTime) -> std::time::Duration {
        (self.expiration - now).try_into().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_rest_and_come_back_and_never_show_themselves() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se/cr+et"),
            session_token: Secret::new("to=ken"),
            expiration: at(2000),
            issued: at(1000),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        };
        assert_eq!(Credentials::from_bytes(&credentials.to_bytes()), Some(credentials.clone()));
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("se/cr+et") && !shown.contains("to=ken"), "{shown}");
        assert_eq!(credentials.time_left(at(1500)).as_secs(), 500);
        assert_eq!(credentials.time_left(at(2500)).as_secs(), 0);
        assert_eq!(Credentials::from_bytes(b"{}"), None);
    }
}
