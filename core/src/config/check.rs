//! What has to hold between the sessions of a config.

use std::collections::BTreeMap;

use super::read_session::Entry;
use crate::{
    chain::{Broken, Chain, MAX_HOPS},
    error::{Error, Result},
    near,
    session::{Alias, Region, Source},
};

/// The entries by alias.
type Known<'a> = BTreeMap<&'a Alias, &'a Entry<'a>>;

/// Checks every session against the others.
pub(super) fn all(entries: &[Entry<'_>], default_region: Option<&Region>) -> Result<()> {
    let known: Known<'_> = entries.iter().map(|entry| (&entry.session.alias, entry)).collect();
    profiles_are_distinct(entries)?;
    for entry in entries {
        profile_is_not_its_own_source(entry)?;
        accounts_and_partitions(entry, &known, default_region)?;
        Chain::to(&entry.session, |alias| known.get(alias).map(|found| &found.session))
            .map_err(|broken| explain(entry, &broken, &known))?;
    }
    Ok(())
}

/// Two sessions for one named profile: which of them would a program get?
fn profiles_are_distinct(entries: &[Entry<'_>]) -> Result<()> {
    let mut owners = BTreeMap::new();
    for entry in entries {
        let Some(profile) = &entry.session.profile else { continue };
        if let Some(other) = owners.insert(profile, &entry.session.alias) {
            let span = entry.table.text("profile")?.map_or(entry.name.clone(), |text| text.span);
            return Err(entry
                .table
                .error_at("profile", &span, format!("`{profile}` is the named profile of `{other}` already"))
                .hint("give each session a named profile of its own, or none"));
        }
    }
    Ok(())
}

/// A profile that gets its credentials from a session cannot be where that session's credentials come from.
fn profile_is_not_its_own_source(entry: &Entry<'_>) -> Result<()> {
    let Source::Profile(source) = &entry.session.source else { return Ok(()) };
    let Some(profile) = entry.session.profile.as_ref().filter(|profile| **profile == source.source_profile) else {
        return Ok(());
    };
    let span = entry.table.text("profile")?.map_or(entry.name.clone(), |text| text.span);
    let why = format!("`{profile}` is the profile that the session takes its credentials from");
    Err(entry.table.error_at("profile", &span, why).hint("give the session another named profile, or none"))
}

/// STS never crosses a partition, and takes an assertion only for roles of the provider's own account.
fn accounts_and_partitions(entry: &Entry<'_>, known: &Known<'_>, default_region: Option<&Region>) -> Result<()> {
    let session = &entry.session;
    let Some(role) = session.role_arn() else { return Ok(()) };
    let at = |key: &'static str, why: String| -> Result<Error> {
        let span = entry.table.text(key)?.map_or(entry.name.clone(), |text| text.span);
        Ok(entry.table.error_at(key, &span, why))
    };
    if let Some(region) = session.region.as_ref().or(default_region)
        && region.partition() != role.partition()
    {
        let why = format!("`{region}` is a region of {}, and the role is in {}", region.partition(), role.partition());
        let (key, what) =
            if session.region.is_some() { ("region", "change it to") } else { ("role_arn", "add a line") };
        return Err(at(key, why)?.hint(format!("{what}: region = \"{}\"", role.home_region())));
    }
    match &session.source {
        Source::Federated(federated) if federated.idp_arn.account() != role.account() => {
            let why = format!(
                "the provider is in account {}, the role in {}: STS takes an assertion only for roles of the provider's own account",
                federated.idp_arn.account(),
                role.account()
            );
            Err(at("idp_arn", why)?.hint("name the provider of the role's account, or make this a chained session"))
        }
        Source::Federated(federated) if federated.idp_arn.partition() != role.partition() => Err(at(
            "idp_arn",
            format!("the provider is in partition {}, the role in {}", federated.idp_arn.partition(), role.partition()),
        )?
        .hint("name a provider of the role's partition, or a role of the provider's")),
        Source::Chained(chained) => match known.get(&chained.assumer).and_then(|entry| entry.session.role_arn()) {
            Some(of_assumer) if of_assumer.partition() != role.partition() => Err(at(
                "assumer",
                format!(
                    "`{}` is in partition {}, the role in {}",
                    chained.assumer,
                    of_assumer.partition(),
                    role.partition()
                ),
            )?
            .hint(format!(
                "name an assumer in {}, or a role in {}: no role is assumed across partitions",
                role.partition(),
                of_assumer.partition()
            ))),
            _ => Ok(()),
        },
        Source::Federated(_) | Source::Profile(_) => Ok(()),
    }
}

/// A broken chain as an error at the line that broke it.
fn explain(entry: &Entry<'_>, broken: &Broken, known: &Known<'_>) -> Error {
    let culprit = match broken {
        Broken::Missing { session, .. } => known.get(session).copied(),
        Broken::Cycle(circle) => circle.first().and_then(|alias| known.get(alias).copied()),
        Broken::TooLong => None,
    };
    let entry = culprit.unwrap_or(entry);
    let span = entry.table.text("assumer").ok().flatten().map_or(entry.name.clone(), |text| text.span);
    let at = |why: String| entry.table.error_at("assumer", &span, why);
    match broken {
        Broken::Missing { assumer, .. } => {
            let error = at(format!("there is no session `{assumer}`"));
            match near::nearest(assumer.as_str(), known.keys().map(|alias| alias.as_str())).first() {
                Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                None => error.hint(format!("add [sessions.{assumer}], or name another assumer")),
            }
        }
        Broken::Cycle(circle) => {
            let names: Vec<&str> = circle.iter().chain(circle.first()).map(Alias::as_str).collect();
            at(format!("the sessions assume one another in a circle: {}", names.join(" → ")))
                .hint("a chain starts from a session that is not chained")
        }
        Broken::TooLong => at(format!("the chain has more than {MAX_HOPS} hops"))
            .hint("name an assumer that is nearer to the chain's start"),
    }
}
