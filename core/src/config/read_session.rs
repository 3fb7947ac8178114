//! One `[sessions.NAME]` table into one [`Session`].

use std::{collections::BTreeMap, ops::Range};

use super::{
    field::{FIELDS, Field, KINDS},
    reader::Table,
};
use crate::{
    error::{Error, Result},
    near, saml,
    session::{
        Alias, Auto, Chained, ExternalId, Federated, Invalid, MfaDevice, Policy, PolicyArn, Profile, ProfileName,
        ProviderArn, Region, RoleArn, RoleSessionName, SamlUrl, Session, SessionDuration, Source, SourceIdentity,
    },
};

/// A session and what is needed to speak of its place in the file.
pub(super) struct Entry<'a> {
    pub(super) session: Session,
    pub(super) table: Table<'a>,
    pub(super) name: Range<usize>,
}

/// Whether a key has a meaning in some session.
pub(super) fn is_key(key: &str) -> bool {
    key == "kind" || Field::named(key).is_some()
}

/// Every session of the file, in the order of their names.
pub(super) fn all<'a>(sessions: &Table<'a>) -> Result<Vec<Entry<'a>>> {
    sessions
        .tables()
        .map(|entry| {
            let (name, table) = entry?;
            let alias = Alias::parse(name.value).map_err(|why| sessions.error_at(name.value, &name.span, why))?;
            let session = one(alias, &table)?;
            Ok(Entry { session, table, name: name.span })
        })
        .collect()
}

fn one(alias: Alias, table: &Table<'_>) -> Result<Session> {
    let kind = kind(table)?;
    let session = Session {
        alias,
        region: table.parsed("region", Region::parse)?,
        profile: table.parsed("profile", ProfileName::parse)?,
        // A profile's credentials last as long as it has them last: a duration would be ignored in silence.
        duration: if kind == "profile" { None } else { table.span("duration", SessionDuration::parse)? },
        protected: table.flag("protected", false)?,
        auto: table.parsed("auto", Auto::parse)?.unwrap_or_default(),
        refresh: table.parsed("exec", refresh)?.unwrap_or_default(),
        source: match kind {
            "federated" => Source::Federated(federated(table)?),
            "chained" => Source::Chained(Box::new(chained(table)?)),
            _ => Source::Profile(profile(table)?),
        },
    };
    table.check_keys(|key| {
        Field::named(key)
            .map(|field| format!("belongs to {} sessions, and this one is {kind}", field.kinds.join(" and ")))
    })?;
    Ok(session)
}

fn kind(table: &Table<'_>) -> Result<&'static str> {
    let Some(kind) = table.text("kind")? else { return Err(missing(table, "kind", "federated")) };
    KINDS.iter().copied().find(|known| *known == kind.value).ok_or_else(|| {
        let why = format!("`{}` is none of the kinds: {}", kind.value, KINDS.join(", "));
        let meant = near::nearest(kind.value, KINDS.iter().copied());
        table.error_at("kind", &kind.span, why).hint(match meant.first() {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("change it to one of them: kind = \"{}\"", KINDS[0]),
        })
    })
}

/// A text that must be there, read into what it stands for.
fn required<T>(
    table: &Table<'_>,
    key: &'static str,
    example: &str,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T> {
    table.parsed(key, parse)?.ok_or_else(|| missing(table, key, example))
}

/// Where the key that is missing is there but for its spelling, that is the error.
fn missing(table: &Table<'_>, key: &'static str, example: &str) -> Error {
    let all = || FIELDS.iter().map(|field| field.key).chain(["kind"]);
    let is_meant = |name: &str| !is_key(name) && near::nearest(name, all()).first() == Some(&key);
    match table.keys().find(|name| is_meant(name.value)) {
        Some(name) => table
            .error_at(name.value, &name.span, format!("there is no such key, and `{key}` is missing"))
            .hint(format!("did you mean `{key}`?")),
        None => table.error(format!("`{key}` is missing")).hint(format!("add a line: {key} = \"{example}\"")),
    }
}

fn federated(table: &Table<'_>) -> Result<Federated> {
    Ok(Federated {
        saml_url: required(table, "saml_url", "https://acme.okta.com/home/amazon_aws/…", saml_url)?,
        idp_arn: required(table, "idp_arn", "arn:aws:iam::111122223333:saml-provider/okta", ProviderArn::parse)?,
        role_arn: required(table, "role_arn", "arn:aws:iam::111122223333:role/Admin", role_arn)?,
    })
}

/// Where a sign-in starts; AWS is where it ends.
pub(super) fn saml_url(text: &str) -> Result<SamlUrl, Invalid> {
    if saml::endpoint::is_sign_in(text) || saml::Elsewhere::of(text).is_some() {
        return Err("AWS takes the response there; the sign-in starts at the identity provider".into());
    }
    SamlUrl::parse(text)
}

fn chained(table: &Table<'_>) -> Result<Chained> {
    let tags = table.map("tags", tag)?;
    let transitive_tags = table.texts("transitive_tags")?;
    // Case is kept, and tells no keys apart (`AssumeRole`, parameter `Tags`).
    let mut known = BTreeMap::new();
    for key in tags.keys() {
        if let Some(other) = known.insert(key.to_lowercase(), key) {
            let why = format!("the tags `{other}` and `{key}` differ in case alone, which is one tag to STS");
            return Err(table.error(why).hint("keep one of the two"));
        }
    }
    if let Some(text) = transitive_tags.iter().find(|text| !known.contains_key(&text.value.to_lowercase())) {
        let why = format!("`{}` is not among `tags`", text.value);
        let hint = match near::nearest(text.value, tags.keys().map(String::as_str)).first() {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "add it to `tags` with its value, or take it out here".to_owned(),
        };
        return Err(table.error_at("transitive_tags", &text.span, why).hint(hint));
    }
    if tags.len() > 50 {
        return Err(table.error("a session has at most 50 tags").hint(format!("take out {}", tags.len() - 50)));
    }
    let policy_arns = table.list("policy_arns", PolicyArn::parse)?;
    if policy_arns.len() > 10 {
        let hint = format!("take out {}, or put what they allow into one policy", policy_arns.len() - 10);
        return Err(table.error("a session has at most 10 policy_arns").hint(hint));
    }
    Ok(Chained {
        assumer: required(table, "assumer", "corp", Alias::parse)?,
        role_arn: required(table, "role_arn", "arn:aws:iam::444455556666:role/Deploy", role_arn)?,
        role_session_name: table.parsed("role_session_name", RoleSessionName::parse)?.unwrap_or_default(),
        external_id: table.parsed("external_id", ExternalId::parse)?,
        source_identity: table.parsed("source_identity", SourceIdentity::parse)?,
        transitive_tags: transitive_tags.iter().map(|text| text.value.to_owned()).collect(),
        tags,
        policy_arns,
        policy: table.parsed("policy", Policy::parse)?,
        mfa_device: table.parsed("mfa_device", MfaDevice::parse)?,
    })
}

fn profile(table: &Table<'_>) -> Result<Profile> {
    Ok(Profile { source_profile: required(table, "source_profile", "default", ProfileName::parse)? })
}

/// Whether `exec` stays.
pub(super) fn refresh(text: &str) -> Result<bool, Invalid> {
    match text {
        "refresh" => Ok(true),
        "once" => Ok(false),
        other => Err(format!("`{other}` is none of refresh, once")),
    }
}

/// A role that STS lets be assumed.
pub(super) fn role_arn(text: &str) -> Result<RoleArn, Invalid> {
    let arn = RoleArn::parse(text)?;
    if arn.is_reserved_for_identity_center() {
        return Err("IAM Identity Center alone can assume an AWSReservedSSO_… role; name another role".into());
    }
    Ok(arn)
}

/// Bounds of session tags (`AssumeRole`, parameter `Tags`).
pub(super) fn tag(key: &str, value: &str) -> Result<(), Invalid> {
    let good = |c: char| c.is_alphanumeric() || " _.:/=+@-".contains(c);
    if key.is_empty() || key.chars().count() > 128 || key.to_lowercase().starts_with("aws:") || !key.chars().all(good) {
        return Err(
            "a tag's key has 1 to 128 letters, digits, spaces and _.:/=+@-, and does not start with aws:".into()
        );
    }
    if value.chars().count() > 256 || !value.chars().all(good) {
        return Err("a tag's value has at most 256 letters, digits, spaces and _.:/=+@-".into());
    }
    Ok(())
}
