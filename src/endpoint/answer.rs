//! What an SDK reads: credentials, or why there are none. Pure.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{credentials::Credentials, environment::rfc3339, secret::Secret};

/// Credentials as the container credential provider of the SDKs reads them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Granted<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Refused<'a> {
    code: &'a str,
    message: &'a str,
}

/// The body of an answer with credentials. `Expiration` is their true end: SDKs come back before it by themselves.
pub(super) fn granted(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    let granted = Granted {
        access_key_id: &credentials.access_key_id,
        secret_access_key: credentials.secret_access_key.expose(),
        token: credentials.session_token.as_ref().map_or("", Secret::expose),
        expiration: credentials.expiration.and_then(rfc3339),
        account_id: account(&credentials.arn),
    };
    // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
    let room = 256 + granted.access_key_id.len() + 2 * (granted.secret_access_key.len() + granted.token.len());
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    // A vector takes every byte, and every field is a text: this cannot fail.
    let _ = serde_json::to_writer(&mut *body, &granted);
    body
}

/// The body of an answer without.
pub(super) fn refused(code: &str, message: &str) -> Vec<u8> {
    serde_json::to_vec(&Refused { code, message }).unwrap_or_default()
}

/// The account in `arn:aws:sts::ACCOUNT:assumed-role/…`.
fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn an_answer_has_what_the_sdks_read() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("se/\"cret"),
            session_token: Some(Secret::new("to=ken")),
            expiration: Some(at(1_900_000_000)),
            issued: at(1_899_990_000),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        };
        let text = String::from_utf8(granted(&credentials).to_vec()).expect("UTF-8");
        assert_eq!(
            text,
            r#"{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"se/\"cret","Token":"to=ken","Expiration":"2030-03-17T17:46:40Z","AccountId":"111122223333"}"#
        );
        assert_eq!(refused("A", "b \"c\""), br#"{"code":"A","message":"b \"c\""}"#);
        assert_eq!(account("arn"), None);
    }
}
