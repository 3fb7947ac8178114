//! A `credential_process`: a program that prints credentials as JSON.
//!
//! Format: AWS SDKs and Tools Reference Guide, "Process credential provider". Nothing that the program prints, nor
//! its command line, ever enters a message: both may hold secrets. What it says on standard error goes to the person.

use std::{
    borrow::Cow,
    io,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use serde::{Deserialize, de::IgnoredAny};
use time::OffsetDateTime;

use super::{Means, iso8601, profile::RESOLVING};
use crate::{
    context::{Attention, Context},
    credentials::Credentials,
    environment::Plan,
    error::{Error, Kind, Result},
    process,
    secret::Secret,
    session::{Session, span},
};

/// The most that is read of what a program prints; a session token has a few kilobytes.
const MAX_OUTPUT: usize = 64 << 10;

/// What is read of it. A value of the wrong type is told from one that is missing.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    version: Option<Value<'a>>,
    #[serde(borrow)]
    access_key_id: Option<Value<'a>>,
    #[serde(borrow)]
    secret_access_key: Option<Value<'a>>,
    #[serde(borrow)]
    session_token: Option<Value<'a>>,
    #[serde(borrow)]
    expiration: Option<Value<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(f64),
    Other(IgnoredAny),
}

impl<'a> Value<'a> {
    /// The text of a key, where it is there.
    fn text(value: Option<Self>, key: &str) -> Result<Option<Cow<'a, str>>, String> {
        match value {
            None => Ok(None),
            Some(Self::Text(text)) => Ok(Some(text)),
            Some(Self::Number(_)) => Err(format!("the {key} that it printed is a number, and must be a text")),
            Some(Self::Other(_)) => Err(format!("the {key} that it printed is no text")),
        }
    }

    /// The text of a key that must be there.
    fn needed(value: Option<Self>, key: &str) -> Result<Cow<'a, str>, String> {
        Self::text(value, key)?.ok_or_else(|| format!("what it printed lacks {key}"))
    }
}

/// Runs the program for a session, as long as calls of STS may take and no longer.
pub(super) fn credentials(means: &Means<'_>, session: &Session, command: &str) -> Result<Credentials> {
    let failed = |why: String| Error::new("its credential_process failed").because(why);
    let time = means.context.bounded(means.config.timeout);
    let mut shell = shell(means.context, session, command)?;
    let (status, output) =
        process::output_within(&mut shell, time, MAX_OUTPUT).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => failed(format!("it did not end within {}, and was ended", span(time)))
                .hint("to wait longer, in the config: timeout = \"60s\""),
            _ => failed(error.to_string()),
        })?;
    if !status.success() {
        return Err(failed(status.to_string().replace("exit status:", "it ended with exit code")));
    }
    read(&output, means.context.now()).map_err(failed)
}

/// The shell that runs the program. It gets none of the calling shell's credentials, which would be another session's
/// as like as not, nor the way to leapp's own passphrase.
///
/// Such a program may ask, and open windows: at a prompt that waits it is not run. Where only a person is missing it
/// runs in a group of its own, which may not read from the terminal, and nobody hears what it says.
fn shell(context: &Context, session: &Session, command: &str) -> Result<Command> {
    if context.attention() == Attention::Nobody {
        return Err(Error::new("its credential_process would have to be run")
            .hint(format!("run: leapp login {}", session.alias))
            .kind(Kind::NeedsPerson));
    }
    let before = context.var(RESOLVING).map_or(String::new(), |before| format!("{before},"));
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null());
    for name in Plan::clear_credentials().removals().chain(["LEAPP_PASSPHRASE_FILE"]) {
        shell.env_remove(name);
    }
    shell.env(RESOLVING, format!("{before}{}", session.alias));
    if context.attention() != Attention::Person {
        shell.process_group(0).stderr(Stdio::null());
    }
    Ok(shell)
}

/// Reads what the program printed.
fn read(output: &[u8], issued: OffsetDateTime) -> Result<Credentials, String> {
    let output = output.trim_ascii();
    if output.is_empty() {
        return Err("it printed nothing".to_owned());
    }
    let not_json = || "what it printed is not JSON".to_owned();
    serde_json::from_slice::<IgnoredAny>(output).map_err(|_| not_json())?;
    let other = match output[0] {
        b'{' => None,
        b'[' => Some("a list"),
        b'"' => Some("a text"),
        b'n' => Some("null"),
        b't' | b'f' => Some("true or false"),
        _ => Some("a number"),
    };
    if let Some(other) = other {
        return Err(format!("it printed {other}, not a JSON object"));
    }
    let output: Output<'_> = serde_json::from_slice(output).map_err(|error| {
        if error.is_data() { "the JSON object that it printed has a key twice".to_owned() } else { not_json() }
    })?;
    match output.version {
        Some(Value::Number(1.0)) => {}
        Some(Value::Number(_)) => return Err("what it printed is of another Version than 1".to_owned()),
        Some(_) => {
            return Err("the Version that it printed is not the number 1, which is written without quotes".to_owned());
        }
        None => return Err("what it printed lacks Version".to_owned()),
    }
    let end = |text: Cow<'_, str>| {
        let no_time = "the Expiration that it printed is no time in ISO 8601 with a zone, such as 2030-01-31T23:59:59Z";
        iso8601::parse(&text).ok_or(no_time)
    };
    let credentials = Credentials {
        access_key_id: Value::needed(output.access_key_id, "AccessKeyId")?.into_owned(),
        secret_access_key: Secret::new(Value::needed(output.secret_access_key, "SecretAccessKey")?),
        session_token: Value::text(output.session_token, "SessionToken")?
            .filter(|token| !token.is_empty())
            .map(Secret::new),
        expiration: Value::text(output.expiration, "Expiration")?.map(end).transpose()?,
        issued,
        arn: String::new(),
    };
    credentials.judged()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, context::Environment};

    fn read(output: &str) -> Result<Credentials, String> {
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
            ("[]", "it printed a list, not a JSON object"),
            (r#"[1, "hush", "hush", "t", null]"#, "it printed a list, not a JSON object"),
            ("null", "it printed null, not a JSON object"),
            (r#""hush""#, "it printed a text, not a JSON object"),
            ("true", "it printed true or false, not a JSON object"),
            ("-1e3", "it printed a number, not a JSON object"),
            ("nullhush", "not JSON"),
            (r#"{"Version": 1, "AccessKeyId": "\ud800"}"#, "not JSON"),
            (r#"{"Version": 1, "Version": 1}"#, "has a key twice"),
            (
                r#"{"Version": "1", "AccessKeyId": "a", "SecretAccessKey": "s"}"#,
                "Version that it printed is not the number 1",
            ),
            (r#"{"Version": true, "AccessKeyId": "a", "SecretAccessKey": "s"}"#, "is not the number 1"),
            (r#"{"Version": 2, "AccessKeyId": "a", "SecretAccessKey": "s"}"#, "another Version"),
            (r#"{"AccessKeyId": "a", "SecretAccessKey": "s"}"#, "lacks Version"),
            (r#"{"Version": 1, "AccessKeyId": "a"}"#, "lacks SecretAccessKey"),
            (r#"{"Version": 1, "AccessKeyId": null, "SecretAccessKey": "s"}"#, "lacks AccessKeyId"),
            (r#"{"Version": 1, "AccessKeyId": 1, "SecretAccessKey": "s"}"#, "AccessKeyId that it printed is a number"),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": ["hush"]}"#,
                "SecretAccessKey that it printed is no text",
            ),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": {}}"#,
                "SessionToken that it printed",
            ),
            (r#"{"Version": 1, "AccessKeyId": "", "SecretAccessKey": "s"}"#, "the access key id is empty"),
            (
                r#"{"Version": 1, "AccessKeyId": "a\nhush", "SecretAccessKey": "s"}"#,
                "the access key id has a character",
            ),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "hush hush"}"#,
                "the secret access key has a char",
            ),
            (r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": "hush"}"#, "ISO 8601"),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": 1795589280}"#,
                "Expiration that it printed is a number",
            ),
        ] {
            let said = read(output).expect_err(output);
            assert!(said.contains(why) && !said.contains("hush"), "{output}: {said}");
        }
    }

    #[test]
    fn at_a_prompt_that_waits_no_program_is_run_and_elsewhere_none_that_asks() {
        let variables = [("HOME", "/nonexistent"), ("LEAPP_PASSPHRASE_FILE", "/x"), ("AWS_ACCESS_KEY_ID", "x")];
        let context = |attention| {
            Context::for_tests(Environment::of(variables), || OffsetDateTime::UNIX_EPOCH)
                .with_attention(attention, None)
        };
        let config = "[sessions.base]\nkind = \"profile\"\nsource_profile = \"x\"\n";
        let config = Config::parse("config.toml", config).expect("valid");
        let session = config.session("base").expect("base");
        let shell = |attention| shell(&context(attention), session, "true");
        let error = shell(Attention::Nobody).expect_err("not run");
        assert_eq!((error.which(), error.hints()), (Kind::NeedsPerson, &["run: leapp login base".to_owned()][..]));
        for attention in [Attention::SilentBrowser, Attention::Person] {
            let command = shell(attention).expect("run");
            let environment: Vec<_> = command.get_envs().collect();
            for name in ["LEAPP_PASSPHRASE_FILE", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"] {
                assert!(environment.contains(&(name.as_ref(), None)), "{name}");
            }
            assert!(environment.contains(&(RESOLVING.as_ref(), Some("base".as_ref()))));
        }
    }
}
