//! A profile session: whatever a profile of `~/.aws/config` or `~/.aws/credentials` yields.
//!
//! Keys in the file are read here, and a `credential_process` is run here, so that it can be ended, and talk to the
//! person. What takes calls of AWS (roles over a `source_profile`, a web identity) is walked by the AWS SDK itself.

use std::path::Path;

use time::OffsetDateTime;

use super::{Means, credential_process};
use crate::{
    aws_files::{AwsFiles, Properties},
    context::Context,
    credentials::Credentials,
    digest::Digest,
    environment::rfc3339,
    error::{Error, Result},
    files,
    secret::Secret,
    session::{Profile, Region, RoleArn, Session, SessionDuration},
    sts::{FaultKind, ProfileRequest, SET_CLOCK},
    ui::spinner::Spinner,
};

/// Names the profile sessions whose credentials are being got, to the programs that are run for it.
pub(super) const RESOLVING: &str = "LEAPP_RESOLVING";

/// The largest web identity token that is read; real ones have a few kilobytes.
const MAX_TOKEN: u64 = 64 << 10;

/// Where a profile's credentials come from.
#[derive(Debug, PartialEq)]
enum Origin<'a> {
    /// Keys in the profile itself.
    Keys,
    /// A program, for the profile itself or for the role that this profile names last.
    Process { command: &'a str, role: Option<&'a str> },
    /// Calls of AWS alone.
    Calls,
}

/// What cannot be done, where it cannot.
pub(crate) fn what(session: &Session, source: &Profile) -> String {
    format!("cannot get credentials for `{}` (profile `{}`)", session.alias, source.source_profile)
}

/// Whether credentials can be had from the profile at all, as far as can be told without asking anybody.
pub(crate) fn check(
    context: &Context,
    files: &AwsFiles,
    session: &Session,
    source: &Profile,
    wish: Option<SessionDuration>,
) -> Result<()> {
    let (alias, name) = (&session.alias, source.source_profile.as_str());
    let another = format!("to take another one: leapp session edit {alias} --source-profile NAME");
    if files.profile(name).is_none() {
        return Err(files.no_profile(name).within(what(session, source)).hint(another));
    }
    if wish.is_some() {
        return Err(Error::usage(what(session, source))
            .because("its credentials last as long as its profile has them last: leave --duration out"));
    }
    let mut waiting = context.var(RESOLVING).unwrap_or_default().split(',');
    if waiting.any(|waiting| waiting == alias.as_str()) {
        return Err(Error::new(what(session, source))
            .because("they are needed to get themselves: the credential_process behind it asks leapp for a session that starts from this one")
            .hint(another));
    }
    can_be_started_from(&walked(files, name)).map_err(|error| error.within(what(session, source)))
}

/// Whether the keys rest in the profile itself: they are read there each time, and never kept.
pub(crate) fn has_keys(files: &AwsFiles, source: &Profile) -> bool {
    origin(&walked(files, source.source_profile.as_str())) == Origin::Keys
}

/// A short name for all that shapes the credentials of profiles: what the files say, and where the environment has the
/// SDK ask for them.
pub(crate) fn digest(context: &Context, files: &AwsFiles) -> Digest {
    let environment = context.environment();
    let names = environment.names_starting_with(&["AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
    let asked = names.iter().filter_map(|name| name.to_str());
    let mut parts: Vec<&str> = asked.flat_map(|name| [name, environment.get(name).unwrap_or_default()]).collect();
    let files = files.digest().short();
    parts.push(&files);
    Digest::of(&parts)
}

/// The region that the profile names.
pub(crate) fn region(files: &AwsFiles, profile: &str) -> Option<Region> {
    Region::parse(files.profile(profile)?.get("region")?).ok()
}

/// Gets the credentials.
pub(crate) fn credentials(
    means: &Means<'_>,
    files: &AwsFiles,
    session: &Session,
    source: &Profile,
) -> Result<Credentials> {
    let now = means.context.now();
    let walked = walked(files, source.source_profile.as_str());
    match origin(&walked) {
        Origin::Keys => keys(&walked, now).map_err(|why| Error::new(what(session, source)).because(why)),
        Origin::Process { command, role: None } => process(means, session, source, command),
        Origin::Process { command, role: Some(role) } => {
            let given = process(means, session, source, command)?;
            calls(means, files, session, source, Some((role, &given)))
        }
        Origin::Calls => calls(means, files, session, source, None),
    }
}

/// Fails where fresh credentials have ended by this machine's clock: the SDKs of whom they are for look at it, too, and
/// take none of them. A role that is assumed with them is another matter: AWS judges, by its own clock.
pub(crate) fn ask_living(context: &Context, session: &Session, source: &Profile, fresh: &Credentials) -> Result<()> {
    let (now, end) = (context.now(), fresh.expiration);
    let Some(end) = end.filter(|_| fresh.time_left(now).is_zero()) else { return Ok(()) };
    let shown = |at| rfc3339(at).unwrap_or_default();
    let why = format!(
        "what the profile yields has ended already, at {}: this machine's clock says {}",
        shown(end),
        shown(now)
    );
    Err(Error::new(what(session, source)).because(why).hint(SET_CLOCK).hint(format!(
        "if it is right, renew what profile `{}` starts from: its token or its sign-in",
        source.source_profile
    )))
}

fn process(means: &Means<'_>, session: &Session, source: &Profile, command: &str) -> Result<Credentials> {
    credential_process::credentials(means, session, command).map_err(|error| error.within(what(session, source)))
}

/// Has the SDK walk the profile.
fn calls(
    means: &Means<'_>,
    files: &AwsFiles,
    session: &Session,
    source: &Profile,
    given: Option<(&str, &Credentials)>,
) -> Result<Credentials> {
    let profile = source.source_profile.as_str();
    let walked = walked(files, profile);
    token_can_be_read(&walked).map_err(|error| error.within(what(session, source)))?;
    if walked.last().is_some_and(|(_, last)| has_both_keys(last) && (walked.len() > 1 || is_role(last))) {
        // The SDK signs with them, and panics where they go into no header.
        keys(&walked, means.context.now()).map_err(|why| Error::new(what(session, source)).because(why))?;
    }
    let region = sts_region(means, files, session, profile);
    let spinner = Spinner::start(means.context, &format!("getting credentials of `{}`", session.alias));
    let answer = means.sts.profile(&ProfileRequest { files, profile, region: &region, given })?;
    drop(spinner);
    answer.map_err(|fault| {
        let error = fault.explain(&means.hop(session, &region));
        let with = |key: &str| walked.iter().find(|(_, properties)| has(properties, key)).map(|(name, _)| *name);
        match (fault.kind, with("mfa_serial"), with("sso_role_name")) {
            (FaultKind::AccessDenied, Some(name), _) => error.hint(format!(
                "profile `{name}` has an mfa_serial, which only a chained session asks a code of: make it one, with mfa_device"
            )),
            (FaultKind::Other, _, Some(name)) => {
                error.hint(format!("run: aws sso login --profile {}", shell_words::quote(name)))
            }
            _ => error,
        }
    })
}

/// Where STS is asked for the roles of a profile: as for any session, but never in another partition than the role's.
fn sts_region(means: &Means<'_>, files: &AwsFiles, session: &Session, profile: &str) -> Region {
    let role = files.profile(profile).and_then(|properties| RoleArn::parse(properties.get("role_arn")?).ok());
    let partition = role.as_ref().map_or("aws", RoleArn::partition);
    let named = means.config.region(session).cloned().or_else(|| region(files, profile));
    named
        .filter(|region| role.is_none() || region.partition() == partition)
        .unwrap_or_else(|| means.region_of_role(role.as_ref()))
}

/// A profile and those behind it, each the `source_profile` of the one before; the last is where the credentials come
/// from. As the SDK walks them (`aws-config`, `profile::credentials::repr::resolve_chain`): keys end the walk.
fn walked<'a>(files: &'a AwsFiles, start: &'a str) -> Vec<(&'a str, &'a Properties)> {
    let mut found: Vec<(&str, &Properties)> = Vec::new();
    let mut next = Some(start);
    while let Some(name) = next.filter(|name| found.iter().all(|(other, _)| other != name)) {
        let Some(properties) = files.profile(name) else { break };
        let ends = !is_role(properties) || !found.is_empty() && has_both_keys(properties);
        found.push((name, properties));
        next = properties.get("source_profile").filter(|_| !ends);
    }
    found
}

fn origin<'a>(walked: &[(&'a str, &'a Properties)]) -> Origin<'a> {
    let Some(((name, last), before)) = walked.split_last() else { return Origin::Calls };
    if !before.is_empty() && has_both_keys(last) {
        return Origin::Calls;
    }
    let role = match (is_role(last), before.last()) {
        // A role over its own profile; else the walk ended in a circle, or at a profile that is not there.
        (true, _) if last.get("source_profile") == Some(name) => Some(*name),
        (true, _) => return Origin::Calls,
        (false, above) => above.map(|(above, _)| *above),
    };
    let calls = ["credential_source", "web_identity_token_file", "login_session"];
    let sso = ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];
    if calls.iter().chain(&sso).any(|key| has(last, key)) {
        return Origin::Calls;
    }
    let has_keys = has(last, "aws_access_key_id") || has(last, "aws_secret_access_key");
    match (last.get("credential_process"), role) {
        (Some(command), role) => Origin::Process { command, role },
        (None, None) if has_keys => Origin::Keys,
        (None, _) => Origin::Calls,
    }
}

/// Whether credentials come from where leapp takes them. What the SDK finds in the environment are the calling shell's:
/// those of another session, as like as not.
fn can_be_started_from(walked: &[(&str, &Properties)]) -> Result<()> {
    let Some((name, last)) = walked.last() else { return Ok(()) };
    if has(last, "login_session") {
        return Err(Error::new(format!("profile `{name}` is one of `aws login`, which leapp does not read")).hint(
            format!(
                "put into a profile of another name: credential_process = aws configure export-credentials --profile {}",
                shell_words::quote(name)
            ),
        ));
    }
    let ambient = |source: &&str| ["environment", "ecscontainer"].contains(&source.to_lowercase().as_str());
    match last.get("credential_source").filter(ambient) {
        None => Ok(()),
        Some(source) => Err(Error::new(format!("profile `{name}` has `credential_source = {source}`"))
            .because("leapp never takes credentials from the shell that it is called from")
            .hint("name a source_profile there, or start from another session")),
    }
}

/// The SDK would say it in words that help nobody.
fn token_can_be_read(walked: &[(&str, &Properties)]) -> Result<()> {
    let Some(path) = walked.last().and_then(|(_, last)| last.get("web_identity_token_file")) else { return Ok(()) };
    let cannot = || Error::new(format!("cannot read its web_identity_token_file {path}"));
    match files::read_bounded(Path::new(path), MAX_TOKEN) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(cannot().because("there is no such file")),
        Err(error) => Err(cannot().because(error)),
    }
}

fn has(properties: &Properties, key: &str) -> bool {
    properties.get(key).is_some()
}

fn has_both_keys(properties: &Properties) -> bool {
    has(properties, "aws_access_key_id") && has(properties, "aws_secret_access_key")
}

fn is_role(properties: &Properties) -> bool {
    has(properties, "role_arn") && !has(properties, "web_identity_token_file")
}

/// Keys as they stand in a profile.
fn keys(walked: &[(&str, &Properties)], issued: OffsetDateTime) -> Result<Credentials, String> {
    let get = |key: &str| walked.last()?.1.get(key).filter(|value| !value.is_empty());
    let needed = |key: &str| get(key).ok_or_else(|| format!("the profile has no {key}"));
    let credentials = Credentials {
        access_key_id: needed("aws_access_key_id")?.to_owned(),
        secret_access_key: Secret::new(needed("aws_secret_access_key")?),
        session_token: get("aws_session_token").map(Secret::new),
        expiration: None,
        issued,
        arn: String::new(),
    };
    credentials.judged()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::context::Environment;

    /// Where the credentials of profile `a` come from, in a config of this.
    fn origin_of(config: &str) -> String {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("config");
        fs::write(&path, config).expect("written");
        let variables = [("HOME", "/nonexistent"), ("AWS_CONFIG_FILE", path.to_str().expect("UTF-8"))];
        let context = Context::for_tests(Environment::of(variables), || OffsetDateTime::UNIX_EPOCH);
        match origin(&walked(&AwsFiles::read(&context).expect("files"), "a")) {
            Origin::Keys => "keys".to_owned(),
            Origin::Process { command, role } => format!("{command} for {}", role.unwrap_or("itself")),
            Origin::Calls => "calls".to_owned(),
        }
    }

    #[test]
    fn where_credentials_come_from_is_decided_as_the_sdk_decides_it() {
        let keys = "aws_access_key_id = k\naws_secret_access_key = s\n";
        for (config, wanted) in [
            (format!("[profile a]\n{keys}"), "keys"),
            (format!("[profile a]\n{keys}credential_process = p\n"), "p for itself"),
            (format!("[profile a]\n{keys}sso_session = s\n"), "calls"),
            (format!("[profile a]\n{keys}role_arn = r\nsource_profile = a\n"), "calls"),
            ("[profile a]\nrole_arn = r\nsource_profile = a\ncredential_process = p\n".into(), "p for a"),
            (
                "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = c\n\
                 [profile c]\ncredential_process = p\n"
                    .into(),
                "p for b",
            ),
            (
                format!("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\n{keys}credential_process = p\n"),
                "calls",
            ),
            ("[profile a]\nrole_arn = r\nweb_identity_token_file = f\ncredential_process = p\n".into(), "calls"),
            ("[profile a]\nrole_arn = r\ncredential_process = p\n".into(), "calls"),
            (
                "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n".into(),
                "calls",
            ),
            ("[profile a]\n".into(), "calls"),
        ] {
            assert_eq!(origin_of(&config), wanted, "{config}");
        }
    }
}
