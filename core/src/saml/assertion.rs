//! What an assertion says, as far as AWS asks for it.

use time::OffsetDateTime;

use super::{
    absence::{Absence, Attributes},
    attribute::Attribute,
    instant::instant,
    role::{OfferedRole, UnreadableRole},
    xml::{Element, Malformed, Space::Assertion as SAML},
};
use crate::session::SessionDuration;

/// An assertion in the clear (SAML 2.0 core, section 2.3.3).
///
/// The attributes are those of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The identity provider by its own name.
    pub issuer: Option<String>,
    /// When it was issued.
    pub issue_instant: Option<OffsetDateTime>,
    /// Where it is to be delivered: `SubjectConfirmationData`'s `Recipient`.
    pub recipient: Option<String>,
    /// Not valid before this: the later of the `NotBefore` of `Conditions` and `SubjectConfirmationData`.
    pub not_before: Option<OffsetDateTime>,
    /// Not valid from here on: the earlier `NotOnOrAfter` of the same two.
    pub not_on_or_after: Option<OffsetDateTime>,
    /// Whom it is for: one of each restriction's audiences must be AWS (SAML 2.0 core, section 2.5.1.4).
    pub audience_restrictions: Vec<Vec<String>>,
    /// When the session at the identity provider ends; STS lets no role session last longer.
    pub session_not_on_or_after: Option<OffsetDateTime>,
    /// The roles that it offers, in its own order.
    pub roles: Vec<OfferedRole>,
    /// The values of its `Role` attribute that could not be read.
    pub unreadable_roles: Vec<UnreadableRole>,
    /// Why it offers none, where its `Role` attribute says nothing.
    pub no_roles: Option<Absence>,
    /// Who the person will be in CloudTrail, as it is written there; or why it does not say.
    pub role_session_name: Result<String, Absence>,
    /// How long a session it wants, where it says a length that STS knows.
    pub session_duration: Option<SessionDuration>,
    /// What it says of that where STS knows no such length.
    pub unreadable_session_duration: Option<String>,
    /// The names of all its attributes, for the error that says which one is missing.
    pub attribute_names: Vec<String>,
}

impl Assertion {
    /// Reads an `Assertion` element.
    pub(super) fn read(element: &Element) -> Result<Self, Malformed> {
        let conditions = element.one(SAML, "Conditions")?;
        let confirmation = confirmation(element)?;
        let timed = [conditions, confirmation];
        let attributes = Attributes::of(element);
        let (mut roles, mut unreadable_roles) = (vec![], vec![]);
        for value in attributes.values("Role") {
            match OfferedRole::parse(value) {
                Ok(role) => roles.push(role),
                Err(unreadable) => unreadable_roles.push(unreadable),
            }
        }
        let no_roles = attributes.values("Role").next().is_none().then(|| attributes.absence("Role"));
        let name = Attribute::RoleSessionName.short();
        let role_session_name = attributes.values(name).next().map(str::to_owned);
        let wanted = attributes.values(Attribute::SessionDuration.short()).next();
        let session_duration = wanted.and_then(session_duration);
        Ok(Self {
            issuer: element.one(SAML, "Issuer")?.map(|issuer| issuer.text().to_owned()),
            issue_instant: instant(element, "IssueInstant")?,
            recipient: confirmation.and_then(|data| data.attribute("Recipient")).and_then(filled),
            not_before: instants(timed.into_iter().flatten(), "NotBefore")?.into_iter().max(),
            not_on_or_after: instants(timed.into_iter().flatten(), "NotOnOrAfter")?.into_iter().min(),
            audience_restrictions: conditions.map(audience_restrictions).unwrap_or_default(),
            session_not_on_or_after: instants(element.all(SAML, "AuthnStatement"), "SessionNotOnOrAfter")?
                .into_iter()
                .min(),
            roles,
            unreadable_roles,
            no_roles,
            role_session_name: role_session_name.ok_or_else(|| attributes.absence(name)),
            session_duration,
            unreadable_session_duration: wanted.filter(|_| session_duration.is_none()).map(str::to_owned),
            attribute_names: attributes.names(),
        })
    }
}

/// A whole number of seconds: AWS takes no other way to write it.
fn session_duration(text: &str) -> Option<SessionDuration> {
    SessionDuration::from_seconds(text.parse().ok()?).ok()
}

/// The text of an attribute that may be there without saying anything.
pub(super) fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The data of the one confirmation: "the response must include exactly one `SubjectConfirmation` element"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>).
fn confirmation(assertion: &Element) -> Result<Option<&Element>, Malformed> {
    let Some(subject) = assertion.one(SAML, "Subject")? else { return Ok(None) };
    let mut all = subject.all(SAML, "SubjectConfirmation");
    match (all.next(), all.count()) {
        (Some(confirmation), 0) => confirmation.one(SAML, "SubjectConfirmationData"),
        (Some(_), more) => Err(format!("it has {} SubjectConfirmations, and AWS takes exactly one", more + 1)),
        (None, _) => Ok(None),
    }
}

fn audience_restrictions(conditions: &Element) -> Vec<Vec<String>> {
    let audiences = |restriction: &Element| restriction.all(SAML, "Audience").map(|a| a.text().to_owned()).collect();
    conditions.all(SAML, "AudienceRestriction").map(audiences).collect()
}

fn instants<'a>(
    elements: impl Iterator<Item = &'a Element>,
    attribute: &str,
) -> Result<Vec<OffsetDateTime>, Malformed> {
    elements.filter_map(|element| instant(element, attribute).transpose()).collect()
}
