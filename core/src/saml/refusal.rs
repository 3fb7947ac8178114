//! Why a response would be refused, and what to do about it.

mod roles;

use super::{Absence, Attribute, Elsewhere, OfferedRole, Status, UnreadableRole, endpoint, shortened};
use crate::{
    error::Error,
    session::{Alias, ProviderArn, RoleArn},
};

/// A reason for which STS would refuse a response for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The sign-in failed at the identity provider.
    NotSuccess {
        /// What the identity provider said.
        status: Status,
    },
    /// It is to be delivered elsewhere than to AWS, or to AWS in another partition.
    Address {
        /// `destination` or `recipient`.
        field: &'static str,
        /// Where it is to be delivered.
        url: String,
        /// The partition of that, where it is AWS.
        found: Option<&'static str>,
        /// The role's partition.
        partition: String,
    },
    /// It does not say where it is to be delivered.
    NoRecipient,
    /// It is for somebody else, or for AWS in another partition.
    Audience {
        /// Whom it is for.
        audiences: Vec<String>,
        /// The role's partition.
        partition: String,
    },
    /// It offers no role at all.
    NoRoles {
        /// The role that is configured.
        wanted: RoleArn,
        /// Why, where its `Role` attribute says nothing.
        absence: Option<Absence>,
        /// The attributes that it has.
        attribute_names: Vec<String>,
        /// The values of its `Role` attribute that could not be read.
        unreadable: Vec<UnreadableRole>,
    },
    /// It offers other roles.
    RoleNotOffered {
        /// The role and the identity provider that are configured.
        wanted: Box<OfferedRole>,
        /// What it offers.
        offered: Vec<OfferedRole>,
        /// The values of its `Role` attribute that could not be read.
        unreadable: Vec<UnreadableRole>,
    },
    /// It offers the role, but through another identity provider of IAM.
    OtherProvider {
        /// The role and the identity provider that are configured.
        wanted: Box<OfferedRole>,
        /// The identity providers through which it offers the role.
        offered_with: Vec<ProviderArn>,
    },
    /// It does not name the person, or not as STS takes it.
    RoleSessionName {
        /// The name, or why there is none.
        name: Result<String, Absence>,
    },
    /// It wants a session of a length that AWS does not have.
    SessionDuration {
        /// What it says.
        value: String,
    },
}

impl Refusal {
    /// Whether another person might not be refused.
    pub fn depends_on_person(&self) -> bool {
        match self {
            Self::NotSuccess { status } => status.depends_on_person(),
            Self::NoRoles { absence, .. } => matches!(absence, None | Some(Absence::Missing | Absence::Empty)),
            Self::RoleNotOffered { .. } => true,
            Self::RoleSessionName { name } => *name == Err(Absence::Empty),
            _ => false,
        }
    }

    /// The error to show for that session.
    pub fn into_error(self, alias: &Alias) -> Error {
        let error = Error::new(format!("cannot sign in to `{alias}`"));
        match self {
            Self::NotSuccess { status } => {
                let error = error.because(format!("the identity provider answered {status}"));
                status.advice().into_iter().fold(error, Error::hint)
            }
            Self::Address { field, url, found, partition } => address(error, field, &url, found, &partition),
            Self::NoRecipient => error
                .because(
                    "the SAML response does not say where it is to be delivered (SubjectConfirmationData, Recipient)",
                )
                .hint("set the identity provider's application up with the sign-in URL of AWS"),
            Self::Audience { audiences, partition } => audience(error, &audiences, &partition),
            Self::NoRoles { wanted, absence, attribute_names, unreadable } => match absence {
                Some(absence) => roles::none(error, &wanted, absence, &attribute_names),
                None => roles::unreadable(error, &unreadable),
            },
            Self::RoleNotOffered { wanted, offered, unreadable } => {
                roles::not_offered(error, alias, &wanted, &offered, &unreadable)
            }
            Self::OtherProvider { wanted, offered_with } => roles::other_provider(error, alias, &wanted, &offered_with),
            Self::RoleSessionName { name } => role_session_name(error, name),
            Self::SessionDuration { value } => error
                .because(format!(
                    "the identity provider has sessions last `{}`, which AWS does not take (SessionDuration attribute)",
                    shortened(&value)
                ))
                .hint(Attribute::SessionDuration.remedy()),
        }
    }
}

fn address(error: Error, field: &str, url: &str, found: Option<&str>, partition: &str) -> Error {
    if let Some(elsewhere) = Elsewhere::of(url) {
        return elsewhere.explain(error, url, partition, None);
    }
    let url = shortened(url);
    let usual = endpoint::usual_url(partition);
    match found {
        Some(found) => error
            .because(format!(
                "the SAML response is for partition `{found}`, the role is in `{partition}` ({field} `{url}`)"
            ))
            .hint(format!("use an application of the identity provider that sends to `{usual}`")),
        None => error
            .because(format!("the SAML response is not for AWS ({field} `{url}`)"))
            .hint(format!("set the identity provider's application up to send to `{usual}`")),
    }
}

fn audience(error: Error, audiences: &[String], partition: &str) -> Error {
    if let Some((elsewhere, url)) = audiences.iter().find_map(|url| Some((Elsewhere::of(url)?, url))) {
        return elsewhere.explain(error, url, partition, None);
    }
    let audiences: Vec<_> = audiences.iter().take(5).map(|audience| format!("`{}`", shortened(audience))).collect();
    let whom = if audiences.is_empty() { "nobody".to_owned() } else { audiences.join(", ") };
    error
        .because(format!("the SAML response's audience is {whom}, not AWS in partition `{partition}`"))
        .hint(format!("set the identity provider's application up with the audience `{}`", usual_audience(partition)))
}

fn usual_audience(partition: &str) -> String {
    match partition {
        "aws" => "urn:amazon:webservices".to_owned(),
        "aws-cn" => "urn:amazon:webservices:cn-north-1".to_owned(),
        "aws-us-gov" => "urn:amazon:webservices:govcloud".to_owned(),
        other => endpoint::usual_url(other),
    }
}

fn role_session_name(error: Error, name: Result<String, Absence>) -> Error {
    let remedy = Attribute::RoleSessionName.remedy();
    match name {
        Ok(name) => error
            .because(format!("the identity provider names you `{}`, which AWS does not take", shortened(&name)))
            .hint(remedy),
        Err(Absence::Missing) => {
            error.because("the identity provider does not name you (no RoleSessionName attribute)").hint(remedy)
        }
        Err(Absence::Misnamed(other)) => error
            .because(format!("the identity provider does not name you (no RoleSessionName attribute, but {other})"))
            .hint(remedy),
        Err(Absence::Empty) => error
            .because("RoleSessionName is empty: the field that it is filled from is empty for you")
            .hint("ask who runs the identity provider to fill that field, or to fill RoleSessionName from another"),
        Err(Absence::Nested(inner)) => {
            error.because(format!("RoleSessionName holds an element `{inner}`, and AWS takes text")).hint(remedy)
        }
        Err(Absence::Encrypted) => encrypted(error, "how it names you"),
    }
}

/// AWS knows encrypted assertions
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html>), and says nothing of attributes.
fn encrypted(error: Error, what: &str) -> Error {
    error
        .because(format!(
            "the SAML response does not say: its attributes are encrypted one by one (EncryptedAttribute), so nobody can \
             tell {what}"
        ))
        .hint("AWS takes encrypted assertions: set the identity provider's application up for those, or for none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::fixture::{PROVIDER, ROLE, Sample, check};

    fn shown(refusal: Refusal) -> String {
        refusal.into_error(&Alias::parse("corp").expect("valid")).to_string()
    }

    fn refused(sample: &Sample, role: &str, provider: &str) -> String {
        shown(check(&sample.response(), role, provider).expect_err("refused"))
    }

    #[test]
    fn every_refusal_reads_as_what_why_and_next() {
        let aws = || "aws".to_owned();
        let to = |url: &str, found| Refusal::Address { field: "recipient", url: url.into(), found, partition: aws() };
        for (refusal, text) in [
            (
                to("https://sp.example/", None),
                "leapp: cannot sign in to `corp`: the SAML response is not for AWS (recipient `https://sp.example/`)\n  \
                 set the identity provider's application up to send to `https://signin.aws.amazon.com/saml`",
            ),
            (
                to("https://signin.amazonaws.cn/saml", Some("aws-cn")),
                "leapp: cannot sign in to `corp`: the SAML response is for partition `aws-cn`, the role is in `aws` \
                 (recipient `https://signin.amazonaws.cn/saml`)\n  \
                 use an application of the identity provider that sends to `https://signin.aws.amazon.com/saml`",
            ),
            (
                Refusal::Audience { audiences: vec!["https://sp.example/".into()], partition: aws() },
                "leapp: cannot sign in to `corp`: the SAML response's audience is `https://sp.example/`, not AWS in \
                 partition `aws`\n  set the identity provider's application up with the audience `urn:amazon:webservices`",
            ),
            (
                Refusal::RoleSessionName { name: Err(Absence::Missing) },
                "leapp: cannot sign in to `corp`: the identity provider does not name you (no RoleSessionName \
                 attribute)\n  set the identity provider's application up to send \
                 `https://aws.amazon.com/SAML/Attributes/RoleSessionName` with 2 to 64 letters, digits and _+=,.@-",
            ),
            (
                Refusal::SessionDuration { value: "100".into() },
                "leapp: cannot sign in to `corp`: the identity provider has sessions last `100`, which AWS does not \
                 take (SessionDuration attribute)\n  set the identity provider's application up to send \
                 `https://aws.amazon.com/SAML/Attributes/SessionDuration` as a number of seconds, 900 to 43200, or to \
                 leave it out",
            ),
        ] {
            assert_eq!(shown(refusal), text);
        }
    }

    #[test]
    fn a_failed_sign_in_shows_what_the_identity_provider_said() {
        let codes =
            vec!["urn:oasis:names:tc:SAML:2.0:status:Requester", "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"];
        let text = refused(&Sample { codes, message: "not&#x9;assigned&#x202e;", ..Sample::default() }, ROLE, PROVIDER);
        assert!(text.contains("answered Requester / RequestDenied: not assigned\\u{202e}\n"), "{text}");
    }
}
