//! A profile session: whatever a profile of `~/.aws/config` or `~/.aws/credentials` yields.
//!
//! Keys in the file are read here, and a `credential_process` is run here, so that it can be ended, and talk to the
//! person. What takes calls of AWS (roles over a `source_profile`, a web identity) is walked by the AWS SDK itself.

use time::OffsetDateTime;

use super::{Means, credential_process};
use crate::{
    aws_files::{AwsFiles, Properties},
    context::Context,
    credentials::Credentials,
    digest::Digest,
    error::{Error, Result},
    secret::Secret,
    session::{Profile, Region, RoleArn, Session, SessionDuration},
    sts::{FaultKind, ProfileRequest},
    ui::spinner::Spinner,
};

/// Names the profile sessions whose credentials are being got, to the programs that are run for it.
pub(super) const RESOLVING: &str = "LEAPP_RESOLVING";

/// Where a profile's credentials come from.
#[derive(Debug, PartialEq)]
enum Origin<'a> {
    /// Keys in the profile itself.
    Keys(&'a Properties),
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
    let within = |error: Error| error.within(what(session, source));
    if files.profile(name).is_none() {
        return Err(within(files.no_profile(name))
            .hint(format!("to take another one, run: leapp session edit {alias} --source-profile NAME")));
    }
    if wish.is_some() {
        return Err(Error::usage(what(session, source))
            .because("its credentials last as long as its profile has them last: leave --duration out"));
    }
    let mut waiting = context.var(RESOLVING).unwrap_or_default().split(',');
    if waiting.any(|waiting| waiting == alias.as_str()) {
        return Err(Error::new(what(session, source))
            .because("they are needed to get themselves: the credential_process behind it asks leapp for a session that starts from this one")
            .hint(format!("to take another profile, run: leapp session edit {alias} --source-profile NAME")));
    }
    Ok(())
}

/// Whether the keys rest in the profile itself: they are read there each time, and never kept.
pub(crate) fn has_keys(files: &AwsFiles, source: &Profile) -> bool {
    matches!(origin(files, source.source_profile.as_str()), Origin::Keys(_))
}

/// A short name for all that shapes the profile's credentials.
pub(crate) fn digest(context: &Context, files: &AwsFiles, source: &Profile) -> Digest {
    let profile = files.digest(source.source_profile.as_str()).short();
    // A profile that says `credential_source = Environment` starts from whom the shell is.
    let key = context.var("AWS_ACCESS_KEY_ID").unwrap_or_default();
    let shell = if starts_from_environment(files, source.source_profile.as_str()) { key } else { "" };
    Digest::of(&[&profile, shell])
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
    let name = source.source_profile.as_str();
    let now = means.context.now();
    let credentials = match origin(files, name) {
        Origin::Keys(properties) => keys(properties, now).map_err(|why| Error::new(what(session, source)).because(why)),
        Origin::Process { command, role: None } => process(means, session, source, command),
        Origin::Process { command, role: Some(role) } => {
            let given = process(means, session, source, command)?;
            calls(means, files, session, source, Some((role, &given)))
        }
        Origin::Calls => calls(means, files, session, source, None),
    }?;
    if credentials.time_left(now).is_zero() {
        return Err(Error::new(what(session, source)).because("what the profile yields has ended already"));
    }
    Ok(credentials)
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
    let walked = behind(files, profile);
    can_be_walked(&walked).map_err(|error| error.within(what(session, source)))?;
    let region = sts_region(means, files, session, profile);
    let spinner = Spinner::start(means.context, &format!("getting credentials of `{}`", session.alias));
    let answer = means.sts.profile(&ProfileRequest { files, profile, region: &region, given })?;
    drop(spinner);
    answer.map_err(|fault| {
        let error = fault.explain(&means.hop(session, &region));
        match fault.kind {
            FaultKind::AccessDenied => match first_with(&walked, "mfa_serial") {
                Some(name) => error.hint(format!(
                    "profile `{name}` has an mfa_serial, which only a chained session asks a code of: make it one, with mfa_device"
                )),
                None => error,
            },
            FaultKind::Other => match first_with(&walked, "sso_role_name") {
                Some(name) => error.hint(format!("run: aws sso login --profile {name}")),
                None => error,
            },
            _ => error,
        }
    })
}

fn first_with<'a>(walked: &[(&'a str, &Properties)], key: &str) -> Option<&'a str> {
    walked.iter().find(|(_, properties)| properties.contains_key(key)).map(|(name, _)| *name)
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

/// A profile and those behind it, each the `source_profile` of the one before.
fn behind<'a>(files: &'a AwsFiles, start: &'a str) -> Vec<(&'a str, &'a Properties)> {
    let mut found: Vec<(&str, &Properties)> = Vec::new();
    let mut next = Some(start);
    while let Some(name) = next.filter(|name| found.iter().all(|(other, _)| other != name)) {
        let Some(properties) = files.profile(name) else { break };
        found.push((name, properties));
        next = properties.get("source_profile").map(|value| value.as_str());
    }
    found
}

/// What the SDK would say in words that help nobody.
fn can_be_walked(walked: &[(&str, &Properties)]) -> Result<()> {
    for (name, properties) in walked {
        if properties.contains_key("login_session") {
            return Err(Error::new(format!("profile `{name}` is one of `aws login`, which leapp does not read")).hint(
                format!("put into a profile of another name: credential_process = aws configure export-credentials --profile {name}"),
            ));
        }
        if let Some(path) = properties.get("web_identity_token_file")
            && let Err(error) = std::fs::File::open(path.as_str())
        {
            return Err(Error::new(format!("cannot read its web_identity_token_file {}", **path)).because(error));
        }
    }
    Ok(())
}

/// Keys as they stand in a profile.
fn keys(properties: &Properties, issued: OffsetDateTime) -> Result<Credentials, String> {
    let get = |key: &str| properties.get(key).map(|value| value.as_str()).filter(|value| !value.is_empty());
    let needed = |key: &str| get(key).ok_or_else(|| format!("the profile has no {key}"));
    Ok(Credentials {
        access_key_id: needed("aws_access_key_id")?.to_owned(),
        secret_access_key: Secret::new(needed("aws_secret_access_key")?),
        session_token: get("aws_session_token").map(Secret::new),
        expiration: None,
        issued,
        arn: String::new(),
    })
}

/// The profiles from this one on, each the `source_profile` of the one before, and where the last one's credentials
/// come from: as the SDK decides it (`aws-config`, `profile::credentials::repr::resolve_chain`).
fn origin<'a>(files: &'a AwsFiles, start: &'a str) -> Origin<'a> {
    let mut roles: Vec<&str> = Vec::new();
    let mut name = start;
    loop {
        let Some(properties) = files.profile(name).filter(|_| !roles.contains(&name)) else { return Origin::Calls };
        if !roles.is_empty() && has_static_keys(properties) {
            return Origin::Calls;
        }
        let is_role = properties.contains_key("role_arn") && !properties.contains_key("web_identity_token_file");
        if !is_role {
            return base(properties, roles.last().copied());
        }
        roles.push(name);
        match properties.get("source_profile") {
            Some(next) if **next != name => name = next,
            Some(_) => return base(properties, Some(name)),
            None => return Origin::Calls,
        }
    }
}

/// Where credentials come from that are not a role's.
fn base<'a>(properties: &'a Properties, role: Option<&'a str>) -> Origin<'a> {
    let calls = ["credential_source", "web_identity_token_file", "login_session"];
    let is_sso = properties.keys().any(|key| key.starts_with("sso_"));
    if is_sso || calls.iter().any(|key| properties.contains_key(*key)) {
        return Origin::Calls;
    }
    match (properties.get("credential_process"), role) {
        (Some(command), role) => Origin::Process { command, role },
        (None, None) if has_static_keys(properties) => Origin::Keys(properties),
        (None, _) => Origin::Calls,
    }
}

fn has_static_keys(properties: &Properties) -> bool {
    properties.contains_key("aws_access_key_id") || properties.contains_key("aws_secret_access_key")
}

fn starts_from_environment(files: &AwsFiles, start: &str) -> bool {
    let source = |(_, properties): &(&str, &Properties)| Some(properties.get("credential_source")?.as_str().to_owned());
    behind(files, start).iter().filter_map(source).any(|source| source.eq_ignore_ascii_case("Environment"))
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
        match origin(&AwsFiles::read(&context).expect("files"), "a") {
            Origin::Keys(_) => "keys".to_owned(),
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
