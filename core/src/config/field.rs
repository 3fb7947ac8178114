//! The fields of a session: the one table by which flags, questions, edits and `show` go.

use std::{collections::BTreeMap, fmt::Display};

use super::{
    read_session::{refresh, role_arn, saml_url, tag},
    setting::Setting,
};
use crate::session::{
    Alias, Auto, Chained, ExternalId, Federated, Invalid, MfaDevice, Policy, PolicyArn, Profile, ProfileName,
    ProviderArn, Region, RoleSessionName, Session, SessionDuration, Source, SourceIdentity,
};

/// A field of a session.
pub struct Field {
    /// Its key in the config; its flag is the same with dashes.
    pub key: &'static str,
    /// How a person is asked for it.
    pub label: &'static str,
    /// The kinds of session that have it.
    pub kinds: &'static [&'static str],
    /// Whether a session of these kinds needs it.
    pub is_required: bool,
    shape: Shape,
    check: fn(&str) -> Result<(), Invalid>,
    get: fn(&Session) -> Option<Setting>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Duration,
    Flag,
    /// Texts; a person who is asked separates them with this.
    List(&'static str),
    Tags,
}

const FEDERATED: &[&str] = &["federated"];
const CHAINED: &[&str] = &["chained"];
const PROFILE: &[&str] = &["profile"];
/// The kinds whose role AWS has them ask for.
const ROLES: &[&str] = &["federated", "chained"];

/// The kinds of session.
pub const KINDS: &[&str] = &["federated", "chained", "profile"];

/// Every field but `kind`, in the order in which a new session has them.
pub static FIELDS: [Field; 19] = [
    Field::new(
        "saml_url",
        "SAML 2.0 URL",
        FEDERATED,
        |text| saml_url(text).map(drop),
        |session| federated(session).map(|federated| text(&federated.saml_url)),
    )
    .required(),
    Field::new(
        "assumer",
        "assumer session",
        CHAINED,
        |text| Alias::parse(text).map(drop),
        |session| chained(session).map(|chained| text(&chained.assumer)),
    )
    .required(),
    Field::new(
        "idp_arn",
        "AWS identity provider ARN",
        FEDERATED,
        |text| ProviderArn::parse(text).map(drop),
        |session| federated(session).map(|federated| text(&federated.idp_arn)),
    )
    .required(),
    Field::new("role_arn", "role ARN", ROLES, |text| role_arn(text).map(drop), |session| session.role_arn().map(text))
        .required(),
    Field::new(
        "source_profile",
        "profile of ~/.aws/config",
        PROFILE,
        |text| ProfileName::parse(text).map(drop),
        |session| profile(session).map(|profile| text(&profile.source_profile)),
    )
    .required(),
    Field::new(
        "region",
        "region",
        KINDS,
        |text| Region::parse(text).map(drop),
        |session| session.region.as_ref().map(text),
    ),
    Field::new(
        "profile",
        "named profile",
        KINDS,
        |text| ProfileName::parse(text).map(drop),
        |session| session.profile.as_ref().map(text),
    ),
    Field::new(
        "duration",
        "duration",
        ROLES,
        |text| SessionDuration::parse(text).map(drop),
        |session| session.duration.map(Setting::Duration),
    )
    .of(Shape::Duration),
    Field::new(
        "role_session_name",
        "role session name",
        CHAINED,
        |text| RoleSessionName::parse(text).map(drop),
        |session| chained(session).map(|chained| text(chained.role_session_name.as_str())),
    ),
    Field::new(
        "external_id",
        "external id",
        CHAINED,
        |text| ExternalId::parse(text).map(drop),
        |session| chained(session)?.external_id.as_ref().map(text),
    ),
    Field::new(
        "source_identity",
        "source identity",
        CHAINED,
        |text| SourceIdentity::parse(text).map(drop),
        |session| chained(session)?.source_identity.as_ref().map(text),
    ),
    Field::new(
        "tags",
        "session tags, KEY=VALUE, …",
        CHAINED,
        |text| split_tag(text).and_then(|(key, value)| tag(key, value)),
        |session| Some(&chained(session)?.tags).filter(|tags| !tags.is_empty()).cloned().map(Setting::Tags),
    )
    .of(Shape::Tags),
    Field::new(
        "transitive_tags",
        "transitive tags, KEY, …",
        CHAINED,
        |_| Ok(()),
        |session| list(chained(session)?.transitive_tags.iter(), ","),
    )
    .of(Shape::List(",")),
    Field::new(
        "policy_arns",
        "policy ARNs",
        CHAINED,
        |text| PolicyArn::parse(text).map(drop),
        |session| list(chained(session)?.policy_arns.iter().map(PolicyArn::as_str), " "),
    )
    .of(Shape::List(" ")),
    Field::new(
        "policy",
        "inline policy",
        CHAINED,
        |text| Policy::parse(text).map(drop),
        |session| chained(session)?.policy.as_ref().map(text),
    ),
    Field::new(
        "mfa_device",
        "MFA device",
        CHAINED,
        |text| MfaDevice::parse(text).map(drop),
        |session| chained(session)?.mfa_device.as_ref().map(text),
    ),
    Field::new(
        "protected",
        "protected (true or false)",
        KINDS,
        |text| truth(text).map(drop),
        |session| Some(Setting::Flag(session.protected)),
    )
    .of(Shape::Flag),
    Field::new(
        "auto",
        "directories may switch to it (ask, allow or never)",
        KINDS,
        |text| Auto::parse(text).map(drop),
        |session| Some(text(session.auto.as_str())),
    ),
    Field::new(
        "exec",
        "exec (refresh or once)",
        KINDS,
        |text| refresh(text).map(drop),
        |session| Some(text(if session.refresh { "refresh" } else { ONCE })),
    ),
];

/// What `exec` is where nothing is said.
const ONCE: &str = "once";

impl Field {
    const fn new(
        key: &'static str,
        label: &'static str,
        kinds: &'static [&'static str],
        check: fn(&str) -> Result<(), Invalid>,
        get: fn(&Session) -> Option<Setting>,
    ) -> Self {
        Self { key, label, kinds, is_required: false, shape: Shape::Text, check, get }
    }

    const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    const fn of(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// The field with this key.
    pub fn named(key: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.key == key)
    }

    /// The fields that a kind of session has.
    pub fn of_kind(kind: &str) -> impl Iterator<Item = &'static Self> {
        FIELDS.iter().filter(move |field| field.kinds.contains(&kind))
    }

    /// Its flag, with dashes.
    pub fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }

    /// What a session has it set to, or what holds without; none where nothing does.
    pub fn get(&self, session: &Session) -> Option<Setting> {
        (self.get)(session)
    }

    /// Whether a setting says what holds without it.
    pub fn is_default(&self, setting: &Setting) -> bool {
        match setting {
            Setting::Flag(flag) => !flag,
            Setting::List(items, _) => items.is_empty(),
            Setting::Tags(tags) => tags.is_empty(),
            Setting::Text(text) => match self.key {
                "role_session_name" => *text == RoleSessionName::default().as_str(),
                "auto" => *text == Auto::default().as_str(),
                "exec" => text == ONCE,
                _ => false,
            },
            Setting::Duration(_) => false,
        }
    }

    /// Reads what a flag was given; a flag of a list may be given more than once.
    ///
    /// # Errors
    /// Where a value is not one that this field takes.
    pub fn read(&self, values: &[impl AsRef<str>]) -> Result<Setting, Invalid> {
        values.iter().try_for_each(|value| (self.check)(value.as_ref()))?;
        let last = values.last().map(AsRef::as_ref).unwrap_or_default();
        Ok(match self.shape {
            Shape::Text => Setting::Text(last.to_owned()),
            Shape::Duration => Setting::Duration(SessionDuration::parse(last)?),
            Shape::Flag => Setting::Flag(truth(last)?),
            Shape::List(separator) => {
                Setting::List(values.iter().map(|value| value.as_ref().to_owned()).collect(), separator)
            }
            Shape::Tags => {
                let mut tags = BTreeMap::new();
                for value in values {
                    let (key, value) = split_tag(value.as_ref())?;
                    if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                        return Err(format!("the tag `{key}` is given twice"));
                    }
                }
                Setting::Tags(tags)
            }
        })
    }

    /// Reads what a person wrote in one line.
    ///
    /// # Errors
    /// Where it is not a value that this field takes.
    pub fn read_line(&self, line: &str) -> Result<Setting, Invalid> {
        let separator = match self.shape {
            Shape::List(separator) => separator,
            Shape::Tags => ",",
            Shape::Text | Shape::Duration | Shape::Flag => return self.read(&[line]),
        };
        let values: Vec<&str> = line.split(separator).map(str::trim).filter(|value| !value.is_empty()).collect();
        self.read(&values)
    }
}

fn text(text: impl Display) -> Setting {
    Setting::Text(text.to_string())
}

fn list(items: impl Iterator<Item = impl Into<String>>, separator: &'static str) -> Option<Setting> {
    let items: Vec<String> = items.map(Into::into).collect();
    (!items.is_empty()).then_some(Setting::List(items, separator))
}

fn federated(session: &Session) -> Option<&Federated> {
    match &session.source {
        Source::Federated(federated) => Some(federated),
        Source::Chained(_) | Source::Profile(_) => None,
    }
}

fn chained(session: &Session) -> Option<&Chained> {
    match &session.source {
        Source::Chained(chained) => Some(chained),
        Source::Federated(_) | Source::Profile(_) => None,
    }
}

fn profile(session: &Session) -> Option<&Profile> {
    match &session.source {
        Source::Profile(profile) => Some(profile),
        Source::Federated(_) | Source::Chained(_) => None,
    }
}

fn split_tag(text: &str) -> Result<(&str, &str), Invalid> {
    text.split_once('=').ok_or_else(|| format!("`{text}` is no tag: a tag is KEY=VALUE"))
}

fn truth(text: &str) -> Result<bool, Invalid> {
    match text {
        "true" | "yes" | "y" => Ok(true),
        "false" | "no" | "n" => Ok(false),
        other => Err(format!("`{other}` is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, values: &[&str]) -> Result<Setting, Invalid> {
        Field::named(key).expect(key).read(values)
    }

    #[test]
    fn values_are_checked_and_written_as_toml() {
        let toml = |key: &str, values: &[&str]| read(key, values).map(|setting| setting.to_toml());
        assert_eq!(toml("region", &["eu-west-1"]), Ok("\"eu-west-1\"".into()));
        assert_eq!(toml("duration", &["14400"]), Ok("\"4h\"".into()));
        assert_eq!(toml("duration", &["1h30m"]), Ok("\"90m\"".into()));
        assert_eq!(toml("protected", &["true"]), Ok("true".into()));
        assert_eq!(
            toml("tags", &["team=x", "cost center=a=b"]),
            Ok("{ \"cost center\" = \"a=b\", team = \"x\" }".into())
        );
        assert_eq!(toml("transitive_tags", &["a", "b"]), Ok("[\"a\", \"b\"]".into()));
        assert_eq!(toml("policy", &[r#"{"a":[]}"#]), Ok(r#"'{"a":[]}'"#.into()));
        for (key, bad) in [("region", "x"), ("duration", "1m"), ("tags", "x"), ("tags", "aws:x=1"), ("policy", "{")] {
            assert!(read(key, &[bad]).is_err(), "{key} {bad}");
        }
        assert_eq!(read("tags", &["a=b", "c=b", "a=c"]), Err("the tag `a` is given twice".into()));
    }

    #[test]
    fn a_line_is_read_back_as_it_was_shown() {
        for (key, values) in [
            ("tags", &["a=1", "b=2 3"] as &[&str]),
            ("transitive_tags", &["a", "b c"]),
            ("policy_arns", &["arn:aws:iam::aws:policy/A,B", "arn:aws:iam::aws:policy/C"]),
            ("duration", &["901"]),
            ("protected", &["false"]),
        ] {
            let setting = read(key, values).expect(key);
            assert_eq!(Field::named(key).expect(key).read_line(&setting.to_line()), Ok(setting));
        }
    }
}
