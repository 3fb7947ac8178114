//! A `credential_process`: a program that prints credentials as JSON.
//!
//! Format: AWS SDKs and Tools Reference Guide, "Process credential provider". Nothing that the program prints, nor
//! its command line, ever enters a message: both may hold secrets. What it says on standard error goes to the person.

use std::{
    borrow::Cow,
    io,
    process::{Command, Stdio},
};

use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Means, profile::RESOLVING};
use crate::{
    credentials::Credentials,
    error::{Error, Result},
    process,
    secret::Secret,
    session::{Session, span},
};

/// The most that is read of what a program prints; a session token has a few kilobytes.
const MAX_OUTPUT: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    version: u32,
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    expiration: Option<Cow<'a, str>>,
}

/// Runs the program for a session, as long as calls of STS may take and no longer.
pub(super) fn credentials(means: &Means<'_>, session: &Session, command: &str) -> Result<Credentials> {
    let failed = |why: String| Error::new("its credential_process failed").because(why);
    let time = means.config.timeout;
    let before = means.context.var(RESOLVING).map_or(String::new(), |before| format!("{before},"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).env(RESOLVING, format!("{before}{}", session.alias));
    let (status, output) =
        process::output_within(&mut shell, time, MAX_OUTPUT).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => failed(format!("it did not end within {}, and was ended", span(time)))
                .hint("to wait longer, in the config: timeout = \"60s\""),
            _ => failed(error.to_string()),
        })?;
    if !status.success() {
        return Err(failed(status.to_string().replace("exit status:", "it ended with exit code")));
    }
    read(&output, means.context.now()).map_err(|why| failed(why.into()))
}

/// Reads what the program printed.
fn read(output: &[u8], issued: OffsetDateTime) -> Result<Credentials, &'static str> {
    if output.iter().all(u8::is_ascii_whitespace) {
        return Err("it printed nothing");
    }
    let output: Output<'_> = serde_json::from_slice(output).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "what it printed lacks Version, AccessKeyId or SecretAccessKey",
        _ => "what it printed is not JSON",
    })?;
    if output.version != 1 {
        return Err("what it printed is of another Version than 1");
    }
    if output.access_key_id.is_empty() || output.secret_access_key.is_empty() {
        return Err("what it printed has an empty AccessKeyId or SecretAccessKey");
    }
    let expiration = output.expiration.map(|text| OffsetDateTime::parse(&text, &Rfc3339)).transpose();
    Ok(Credentials {
        access_key_id: output.access_key_id.into_owned(),
        secret_access_key: Secret::new(output.secret_access_key),
        session_token: output.session_token.filter(|token| !token.is_empty()).map(Secret::new),
        expiration: expiration.map_err(|_| "the Expiration that it printed is no RFC 3339 time")?,
        issued,
        arn: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Result<Credentials, &'static str> {
        super::read(output.as_bytes(), OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn what_a_program_prints_is_read() {
        let keys = r#""Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s\/t", "Other": [1]"#;
        let long_term = read(&format!("{{{keys}}}\n")).expect("credentials");
        assert_eq!((long_term.access_key_id.as_str(), long_term.secret_access_key.expose()), ("A", "s/t"));
        assert!(!long_term.may_be_a_role() && !long_term.may_be_kept());
        let more = r#""SessionToken": "t", "Expiration": "2030-01-02T03:04:05+01:00""#;
        let temporary = read(&format!("{{{keys}, {more}}}")).expect("credentials");
        assert_eq!(temporary.expiration.map(OffsetDateTime::unix_timestamp), Some(1_893_549_845));
        assert!(temporary.may_be_a_role() && temporary.may_be_kept());
    }

    #[test]
    fn what_it_should_not_print_is_told_without_showing_it() {
        for (output, why) in [
            (" \n", "nothing"),
            ("hush", "not JSON"),
            ("[]", "lacks"),
            (r#"{"Version": "hush", "AccessKeyId": "a", "SecretAccessKey": "s"}"#, "lacks"),
            (r#"{"Version": 2, "AccessKeyId": "a", "SecretAccessKey": "s"}"#, "another Version"),
            (r#"{"Version": 1, "AccessKeyId": "a"}"#, "lacks"),
            (r#"{"Version": 1, "AccessKeyId": "", "SecretAccessKey": "s"}"#, "empty"),
            (r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": "hush"}"#, "RFC 3339"),
        ] {
            let said = read(output).expect_err(output);
            assert!(said.contains(why) && !said.contains("hush"), "{output}: {said}");
        }
    }
}
