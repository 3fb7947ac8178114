//! What an environment must look like for a session's credentials to be the ones that are used.
//!
//! Pure: a [`Plan`] says which variables are set and which are unset. `exec` applies it to the environment of its
//! child, and [`crate::shell`] writes it as statements of a shell.
//!
//! Setting keys is half of the work: an SDK asks many variables for credentials, and some of them win over the keys or
//! are read beside them. Those competitors are unset. What only configures an SDK stays as it is: config and
//! credentials files (`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`: asked after the keys), endpoints, proxies, CA
//! bundles, retries, and how the metadata service is reached.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;

use time::{OffsetDateTime, UtcOffset};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The name of the session, for prompts and for `leapp status`; no SDK reads it.
pub const SESSION: &str = "LEAPP_SESSION";

/// The access key id.
pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The secret access key.
pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// The session token of temporary credentials.
pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// botocore and the JavaScript SDK read it beside the keys; botocore refuses keys whose stated end has passed.
pub const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
/// Two names for one thing: AWS CLI v1 and boto3 read only `AWS_DEFAULT_REGION`, most other SDKs only `AWS_REGION`.
pub const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// One identity: of these none is without the others.
pub const KEYS: [&str; 3] = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN];

/// The variables that a session's credentials come in, in the order in which they are set.
pub const GRANTED: [&str; 7] =
    [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, REGIONS[0], REGIONS[1], EXPIRATION, SESSION];

/// Variables from which an SDK would take another identity, or a part of one.
///
/// Sources: the settings of the AWS SDKs and Tools Reference Guide, and the credential providers of botocore, the
/// JavaScript SDK (v2, v3), the Java SDK (v1), the Ruby SDK and the Elastic Beanstalk CLI.
///
/// The first [`IDENTITIES`] of them bring credentials, or say where some are.
pub const COMPETITORS: [&str; 28] = [
    // A named profile. The JavaScript SDK v3 then skips the keys of the environment, and botocore fails outright where
    // the profile does not exist. The last is the Elastic Beanstalk CLI's own; oh-my-zsh sets it with the others.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_EB_PROFILE",
    // Older names of the same three. botocore prefers the first to AWS_SESSION_TOKEN, and the Java SDK v1 prefers
    // AWS_SECRET_KEY to AWS_SECRET_ACCESS_KEY.
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    // The Ruby SDK and the JavaScript SDK v2 fall back on these, the token by itself.
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    // A file with one pair of keys (boto, and botocore after it).
    "AWS_CREDENTIAL_FILE",
    // AssumeRoleWithWebIdentity, as on EKS.
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    // The credentials endpoint of ECS and EKS, and of `leapp serve`.
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    // A Bedrock API key: the SDKs prefer it to the keys for calls to Bedrock, which then run as somebody else.
    "AWS_BEARER_TOKEN_BEDROCK",
    // Read beside the keys, and of other credentials: the account that endpoints are made of, the region that
    // requests are signed for, and what other tools say about the end.
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_SESSION_EXPIRATION",
    // What other tools show in a prompt as the account in force.
    "AWS_VAULT",
    "AWSUME_PROFILE",
    "AWS_SSO_PROFILE",
    // Credentials by the names of Amazon's first tools.
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    "EC2_SECURITY_TOKEN",
    "AWS_DELEGATION_TOKEN",
];
/// How many of [`COMPETITORS`] are another identity by themselves.
pub const IDENTITIES: usize = 18;

/// Where SDKs fetch credentials, and what they show there (the container credential provider of the AWS SDKs).
pub const ENDPOINT_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const ENDPOINT_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// An endpoint that serves a session's credentials, as a plan is made of it.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// The session's alias.
    pub alias: &'a str,
    /// The region to work in; where it is none, the region of the environment stays.
    pub region: Option<&'a str>,
    /// Where the credentials are fetched.
    pub uri: &'a Secret,
    /// What is shown there.
    pub token: &'a Secret,
}

/// The credentials of a session, as a plan is made of them.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The session's alias.
    pub alias: &'a str,
    /// The region to work in; where it is none, the region of the environment stays.
    pub region: Option<&'a str>,
    /// The access key's id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a Secret,
    /// The session token, which all but long-term keys have.
    pub session_token: Option<&'a Secret>,
    /// When the credentials end.
    pub expiration: Option<OffsetDateTime>,
}

type Name = Cow<'static, str>;

/// Which variables an environment has set, and which it has unset. A variable is in one of both at most; where both
/// are asked for, setting wins.
///
/// Names are `[A-Za-z_][A-Za-z0-9_]*` and values are without NUL, so that every plan can be carried out by `execve`;
/// what a shell cannot carry beyond that, its rendering refuses. Values are wiped when the plan is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Plan {
    set: Vec<(Name, Zeroizing<String>)>,
    unset: Vec<Name>,
}

impl Plan {
    /// A plan that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a session's credentials the only ones.
    ///
    /// # Errors
    /// Where a value has a NUL in it.
    pub fn for_session(grant: &Grant<'_>) -> Result<Self> {
        let mut plan = Self::new();
        let expiration = grant.expiration.and_then(rfc3339);
        let values = [
            Some(grant.access_key_id),
            Some(grant.secret_access_key.expose()),
            grant.session_token.map(Secret::expose),
            grant.region,
            grant.region,
            expiration.as_deref(),
            Some(grant.alias),
        ];
        for (name, value) in GRANTED.into_iter().zip(values) {
            match value {
                Some(value) => plan.set(name, value)?,
                None if REGIONS.contains(&name) => {}
                None => plan.unset(name)?,
            }
        }
        plan.unset.extend(COMPETITORS.map(Cow::Borrowed));
        Ok(plan)
    }

    /// The two variables by which SDKs find an endpoint, and nothing else.
    ///
    /// # Errors
    /// Where a value has a NUL in it.
    pub fn of_endpoint(served: &Served<'_>) -> Result<Self> {
        let mut plan = Self::new();
        plan.set(ENDPOINT_URI, served.uri.expose())?;
        plan.set(ENDPOINT_TOKEN, served.token.expose())?;
        Ok(plan)
    }

    /// Makes an endpoint's credentials the only ones: keys in the environment would win over it.
    ///
    /// # Errors
    /// Where a value has a NUL in it.
    pub fn for_endpoint(served: &Served<'_>) -> Result<Self> {
        let mut plan = Self::of_endpoint(served)?;
        plan.unset = Self::clear_credentials().unset;
        plan.unset.retain(|name| ![ENDPOINT_URI, ENDPOINT_TOKEN].contains(&name.as_ref()));
        for name in REGIONS {
            served.region.map_or(Ok(()), |region| plan.set(name, region))?;
        }
        plan.set(SESSION, served.alias)?;
        Ok(plan)
    }

    /// Takes everything out that a session's plan may set or unset: after it, no credentials are in the environment.
    ///
    /// The region too: beside another identity a left-over region would silently win over that one's own.
    pub fn clear() -> Self {
        Self { set: Vec::new(), unset: GRANTED.into_iter().chain(COMPETITORS).map(Cow::Borrowed).collect() }
    }

    /// Takes every credential out, and leaves the region: what comes first, before it is known what follows.
    pub fn clear_credentials() -> Self {
        let mut plan = Self::clear();
        plan.unset.retain(|name| !REGIONS.contains(&name.as_ref()));
        plan
    }

    /// Plans to set a variable.
    ///
    /// # Errors
    /// Where the name is not one that every shell takes, or the value has a NUL in it.
    pub fn set(&mut self, name: impl Into<Name>, value: &str) -> Result<()> {
        let name = checked(name.into())?;
        if value.contains('\0') {
            return Err(Error::new(format!("cannot set `{name}`"))
                .because("its value has a NUL character, and no environment can hold one"));
        }
        let value = Zeroizing::new(value.to_owned());
        self.unset.retain(|other| *other != name);
        match self.set.iter_mut().find(|(other, _)| *other == name) {
            Some((_, held)) => *held = value,
            None => self.set.push((name, value)),
        }
        Ok(())
    }

    /// Plans to unset a variable, unless it is already planned to be set.
    ///
    /// # Errors
    /// Where the name is not one that every shell takes.
    pub fn unset(&mut self, name: impl Into<Name>) -> Result<()> {
        let name = checked(name.into())?;
        if !self.names().any(|other| other == name) {
            self.unset.push(name);
        }
        Ok(())
    }

    /// The variables that are set, with their values, in a fixed order. The values are secret.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set.iter().map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// What a variable is set to, where it is. Secret.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The variables that are unset, in a fixed order.
    pub fn removals(&self) -> impl Iterator<Item = &str> {
        self.unset.iter().map(AsRef::as_ref)
    }

    /// Every variable that is touched: first those that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables().map(|(name, _)| name).chain(self.removals())
    }

    /// The environment that comes out of `inherited`: what the plan does not touch, in its order, then what it sets.
    pub fn apply(&self, inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<_> =
            inherited.into_iter().filter(|(name, _)| !self.names().any(|touched| name == touched)).collect();
        environment.extend(self.variables().map(|(name, value)| (name.into(), value.into())));
        environment
    }
}

/// Names alone: the values are secret.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.variables().map(|(name, _)| name).collect();
        f.debug_struct("Plan").field("set", &set).field("unset", &self.unset).finish()
    }
}

/// A name that every shell takes as the name of a variable (POSIX XBD 8.1, and XCU 3.216 for lowercase).
fn checked(name: Name) -> Result<Name> {
    let start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let good = name.as_bytes().first().is_some_and(start) && name.bytes().all(|b| start(&b) || b.is_ascii_digit());
    if good { Ok(name) } else { Err(Error::new(format!("`{name}` cannot be the name of a variable"))) }
}

/// A moment as SDKs read it: `2026-01-31T23:59:59Z`. None outside the years that RFC 3339 can write.
pub fn rfc3339(moment: OffsetDateTime) -> Option<String> {
    let utc = moment.checked_to_offset(UtcOffset::UTC)?;
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second) = utc.to_hms();
    let month = u8::from(month);
    (0..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use time::{Date, Month, Time};

    use super::*;

    fn moment() -> OffsetDateTime {
        let date = Date::from_calendar_date(2031, Month::March, 9).expect("a date");
        let time = Time::from_hms_milli(1, 2, 3, 999).expect("a time");
        OffsetDateTime::new_in_offset(date, time, UtcOffset::from_hms(2, 0, 0).expect("an offset"))
    }

    fn texts(environment: &[(OsString, OsString)]) -> Vec<String> {
        environment.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
    }

    fn inherited(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn a_session_brings_its_own_and_removes_every_competitor() {
        let (secret, token) = (Secret::new("s"), Secret::new("t"));
        let grant = Grant {
            alias: "dev",
            region: Some("eu-west-1"),
            access_key_id: "ASIA",
            secret_access_key: &secret,
            session_token: Some(&token),
            expiration: Some(moment()),
        };
        let plan = Plan::for_session(&grant).expect("a plan");
        let competing = COMPETITORS.map(|name| (name, "other"));
        let mut before = inherited(&[("PATH", "/bin"), ("AWS_REGION", "us-east-1"), ("AWS_CA_BUNDLE", "/ca")]);
        before.extend(inherited(&competing));
        assert_eq!(
            texts(&plan.apply(before)),
            [
                "PATH=/bin",
                "AWS_CA_BUNDLE=/ca",
                "AWS_ACCESS_KEY_ID=ASIA",
                "AWS_SECRET_ACCESS_KEY=s",
                "AWS_SESSION_TOKEN=t",
                "AWS_REGION=eu-west-1",
                "AWS_DEFAULT_REGION=eu-west-1",
                "AWS_CREDENTIAL_EXPIRATION=2031-03-08T23:02:03Z",
                "LEAPP_SESSION=dev",
            ]
        );
    }

    #[test]
    fn what_a_session_does_not_have_is_unset_but_for_the_region() {
        let secret = Secret::new("s");
        let grant = Grant {
            alias: "dev",
            region: None,
            access_key_id: "AKIA",
            secret_access_key: &secret,
            session_token: None,
            expiration: None,
        };
        let before = [
            ("AWS_SESSION_TOKEN", "stale"),
            ("AWS_CREDENTIAL_EXPIRATION", "stale"),
            ("AWS_REGION", "mine"),
            ("AWS_DEFAULT_REGION", "mine"),
        ];
        let after = Plan::for_session(&grant).expect("a plan").apply(inherited(&before));
        let kept = ["AWS_REGION=mine", "AWS_DEFAULT_REGION=mine"];
        let set = ["AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=s", "LEAPP_SESSION=dev"];
        assert_eq!(texts(&after), [&kept[..], &set[..]].concat());
    }

    #[test]
    fn an_endpoint_brings_its_two_variables_and_removes_every_competitor() {
        let (uri, token) = (Secret::new("http://127.0.0.1:1/x"), Secret::new("t"));
        let served = Served { alias: "dev", region: Some("eu-west-1"), uri: &uri, token: &token };
        let plan = Plan::for_endpoint(&served).expect("a plan");
        let before: Vec<_> = GRANTED.into_iter().chain(COMPETITORS).map(|name| (name, "other")).collect();
        assert_eq!(
            texts(&plan.apply(inherited(&before))),
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN=t",
                "AWS_REGION=eu-west-1",
                "AWS_DEFAULT_REGION=eu-west-1",
                "LEAPP_SESSION=dev",
            ]
        );
    }

    #[test]
    fn clearing_leaves_nothing_of_a_session() {
        let before: Vec<_> = GRANTED.into_iter().chain(COMPETITORS).map(|name| (name, "x")).collect();
        assert!(Plan::clear().apply(inherited(&before)).is_empty());
    }

    #[test]
    fn setting_wins_over_unsetting() {
        let mut plan = Plan::clear();
        plan.set(SESSION, "a").and_then(|()| plan.unset(SESSION)).and_then(|()| plan.set(SESSION, "b")).expect("good");
        assert_eq!(plan.variables().collect::<Vec<_>>(), [(SESSION, "b")]);
        assert!(plan.removals().all(|name| name != SESSION));
    }

    #[test]
    fn what_no_environment_can_hold_is_refused_without_showing_it() {
        let mut plan = Plan::new();
        for name in ["", "1A", "A-B", "A=B", "\u{e9}", "A B", "A;id"] {
            assert!(plan.set(name, "").is_err() && plan.unset(name).is_err(), "{name}");
        }
        let refused = plan.set("AWS_SESSION_TOKEN", "hush\0hush").expect_err("a NUL");
        assert!(!refused.to_string().contains("hush"), "{refused}");
        assert_eq!(plan, Plan::new());
    }

    #[test]
    fn debug_shows_names_alone() {
        let mut plan = Plan::new();
        plan.set("A", "hush").expect("good");
        assert_eq!(format!("{plan:?}"), r#"Plan { set: ["A"], unset: [] }"#);
    }
}
