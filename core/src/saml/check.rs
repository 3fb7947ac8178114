//! Whether STS would take a response for a session, found out without asking it.

use super::{
    Assertion, Content, OfferedRole, Refusal, Response,
    endpoint::{self, Audience},
};
use crate::session::{ProviderArn, RoleArn};

/// What a session wants of a response.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The identity provider as IAM knows it.
    pub idp_arn: &'a ProviderArn,
    /// The role to assume.
    pub role_arn: &'a RoleArn,
}

impl Response {
    /// Whether STS can be expected to take this response for that role.
    ///
    /// What cannot be known here is left to STS: signatures, the role's trust policy, the time, whatever is encrypted. Elements
    /// that a response may lack are judged only where they are there; what AWS requires
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>) must be.
    ///
    /// # Errors
    /// The first reason for which it would be refused.
    pub fn check(&self, expectation: &Expectation<'_>) -> Result<(), Refusal> {
        if !self.status.is_success() {
            return Err(Refusal::NotSuccess { status: self.status.clone() });
        }
        if let Some(destination) = &self.destination {
            check_address("destination", destination, expectation)?;
        }
        match &self.content {
            Content::Assertion(assertion) => assertion.check(expectation),
            // Who signed in, for which role and until when: AWS alone can tell.
            Content::Encrypted | Content::Unread { .. } => Ok(()),
            Content::Nothing => Err(Refusal::NotSuccess { status: self.status.clone() }),
        }
    }
}

impl Assertion {
    fn check(&self, expectation: &Expectation<'_>) -> Result<(), Refusal> {
        match &self.recipient {
            Some(recipient) => check_address("recipient", recipient, expectation)?,
            None => return Err(Refusal::NoRecipient),
        }
        self.check_audience(expectation)?;
        self.check_role(expectation)?;
        match &self.role_session_name {
            Ok(name) if is_role_session_name(name) => {}
            name => return Err(Refusal::RoleSessionName { name: name.clone() }),
        }
        match &self.unreadable_session_duration {
            Some(value) => Err(Refusal::SessionDuration { value: value.clone() }),
            None => Ok(()),
        }
    }

    fn check_audience(&self, expectation: &Expectation<'_>) -> Result<(), Refusal> {
        let wanted = expectation.role_arn.partition();
        let is_wanted = |audience: &String| match endpoint::audience(audience) {
            Audience::Partition(partition) => partition == wanted,
            Audience::AnyPartition => true,
            Audience::Other => false,
        };
        match self.audience_restrictions.iter().find(|audiences| !audiences.iter().any(is_wanted)) {
            Some(audiences) => Err(Refusal::Audience { audiences: audiences.clone(), partition: wanted.to_owned() }),
            None => Ok(()),
        }
    }

    fn check_role(&self, expectation: &Expectation<'_>) -> Result<(), Refusal> {
        let of_role = self.roles.iter().filter(|offered| offered.role_arn == *expectation.role_arn);
        let offered_with: Vec<_> = of_role.map(|offered| offered.idp_arn.clone()).collect();
        if offered_with.contains(expectation.idp_arn) {
            return Ok(());
        }
        let unreadable = self.unreadable_roles.clone();
        if self.roles.is_empty() {
            let (wanted, absence) = (expectation.role_arn.clone(), self.no_roles.clone());
            return Err(Refusal::NoRoles {
                wanted,
                absence,
                attribute_names: self.attribute_names.clone(),
                unreadable,
            });
        }
        let (role_arn, idp_arn) = (expectation.role_arn.clone(), expectation.idp_arn.clone());
        let wanted = Box::new(OfferedRole { role_arn, idp_arn });
        if offered_with.is_empty() {
            return Err(Refusal::RoleNotOffered { wanted, offered: self.roles.clone(), unreadable });
        }
        Err(Refusal::OtherProvider { wanted, offered_with })
    }
}

fn check_address(field: &'static str, url: &str, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    let wanted = expectation.role_arn.partition();
    match endpoint::partition(url) {
        Some(partition) if partition == wanted => Ok(()),
        found => Err(Refusal::Address { field, url: url.to_owned(), found, partition: wanted.to_owned() }),
    }
}

/// `[\w+=,.@-]{2,64}`, the names that STS takes (`AssumeRole`, parameter `RoleSessionName`).
fn is_role_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::Absence;
    use crate::saml::fixture::{PROVIDER, ROLE, SIGN_IN, Sample, check};

    const CN_ROLE: &str = "arn:aws-cn:iam::111122223333:role/Admin";
    const CN_PROVIDER: &str = "arn:aws-cn:iam::111122223333:saml-provider/okta";
    const CN_SIGN_IN: &str = "https://signin.amazonaws.cn/saml";

    fn refusal(sample: &Sample) -> Refusal {
        check(&sample.response(), ROLE, PROVIDER).expect_err("refused")
    }

    fn audiences(restrictions: &[&[&str]]) -> Sample {
        let owned = |texts: &&[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Sample { audiences: restrictions.iter().map(owned).collect(), ..Sample::default() }
    }

    #[test]
    fn destination_and_recipient_must_be_aws_in_the_roles_partition() {
        let to = |destination: &str, recipient: &str| Sample {
            destination: destination.into(),
            recipient: recipient.into(),
            ..Sample::default()
        };
        for good in
            ["https://eu-west-1.signin.aws.amazon.com/saml", "https://signin.aws.amazon.com/saml/acs/SAMLSPX", ""]
        {
            assert_eq!(check(&to(good, SIGN_IN).response(), ROLE, PROVIDER), Ok(()), "{good}");
        }
        for (destination, recipient, field, found) in [
            ("https://sp.example/saml", SIGN_IN, "destination", None),
            (SIGN_IN, "https://sp.example/saml", "recipient", None),
            (SIGN_IN, "https://sp.example/https://signin.aws.amazon.com/saml", "recipient", None),
            (CN_SIGN_IN, SIGN_IN, "destination", Some("aws-cn")),
            ("", CN_SIGN_IN, "recipient", Some("aws-cn")),
        ] {
            match refusal(&to(destination, recipient)) {
                Refusal::Address { field: f, found: p, partition, .. } => {
                    assert_eq!((f, p, partition.as_str()), (field, found, "aws"));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(refusal(&to(SIGN_IN, "")), Refusal::NoRecipient);
        let cn =
            Sample { audiences: vec![vec!["urn:amazon:webservices:cn-north-1".into()]], ..to(CN_SIGN_IN, CN_SIGN_IN) };
        let cn = cn.with("Role", &[&format!("{CN_ROLE},{CN_PROVIDER}")]);
        assert_eq!(check(&cn.response(), CN_ROLE, CN_PROVIDER), Ok(()));
    }

    #[test]
    fn an_encrypted_response_is_judged_by_what_stands_outside() {
        let to =
            |destination: &str| Sample { is_encrypted: true, destination: destination.into(), ..Sample::default() };
        assert!(matches!(refusal(&to(CN_SIGN_IN)), Refusal::Address { found: Some("aws-cn"), .. }));
        assert_eq!(check(&to("").response(), ROLE, PROVIDER), Ok(()));
    }

    #[test]
    fn one_audience_of_each_restriction_must_be_aws() {
        for good in [
            &[&["urn:amazon:webservices"][..]][..],
            &[&["https://sp.example/", "urn:amazon:webservices"]],
            &[&["urn:amazon:webservices"], &["https://signin.aws.amazon.com/saml#2"]],
            &[],
        ] {
            assert_eq!(check(&audiences(good).response(), ROLE, PROVIDER), Ok(()), "{good:?}");
        }
        for bad in [
            &[&["https://sp.example/"][..]][..],
            &[&["urn:amazon:webservices:cn-north-1"]],
            &[&["urn:amazon:webservices:govcloud"]],
            &[&["urn:amazon:webservices"], &["https://sp.example/"]],
            &[&[]],
        ] {
            assert!(matches!(refusal(&audiences(bad)), Refusal::Audience { .. }), "{bad:?}");
        }
    }

    #[test]
    fn the_role_must_be_offered_with_the_provider() {
        let other = "arn:aws:iam::111122223333:saml-provider/adfs";
        let both =
            Sample::default().with("Role", &[&format!("{other},{ROLE}"), &format!("{PROVIDER},{ROLE}")]).response();
        assert_eq!((check(&both, ROLE, PROVIDER), check(&both, ROLE, other)), (Ok(()), Ok(())));
        assert!(
            matches!(check(&both, ROLE, &format!("{other}2")), Err(Refusal::OtherProvider { offered_with, .. }) if offered_with.len() == 2)
        );
        let missing = format!("{ROLE}/Missing");
        assert!(
            matches!(check(&both, &missing, PROVIDER), Err(Refusal::RoleNotOffered { offered, .. }) if offered.len() == 2)
        );
        assert!(
            matches!(refusal(&Sample::default().with("Role", &[])), Refusal::NoRoles { unreadable, .. } if unreadable.is_empty())
        );
        assert!(
            matches!(refusal(&Sample::default().with("Role", &["x"])), Refusal::NoRoles { unreadable, .. } if unreadable.len() == 1)
        );
    }

    #[test]
    fn the_person_must_be_named_as_sts_takes_it() {
        let named = |name: &str| Sample::default().with("RoleSessionName", &[name]);
        for good in ["ab", "alice@example.org", "a+b=c,d.e-f_1", &"x".repeat(64)] {
            assert_eq!(check(&named(good).response(), ROLE, PROVIDER), Ok(()), "{good}");
        }
        for bad in ["a", "Alice Doe", "älice", "CORP\\alice", "a/b", &"x".repeat(65)] {
            assert_eq!(refusal(&named(bad)), Refusal::RoleSessionName { name: Ok(bad.to_owned()) });
        }
        for (none, absence) in [(&[][..], Absence::Missing), (&[""], Absence::Empty)] {
            let sample = Sample::default().with("RoleSessionName", none);
            assert_eq!(refusal(&sample), Refusal::RoleSessionName { name: Err(absence) });
        }
    }

    #[test]
    fn a_session_must_be_as_long_as_aws_has_them() {
        let lasting = |text: &str| Sample::default().with("SessionDuration", &[text]);
        for good in ["900", "43200", ""] {
            assert_eq!(check(&lasting(good).response(), ROLE, PROVIDER), Ok(()), "{good}");
        }
        assert_eq!(check(&Sample::default().with("SessionDuration", &[]).response(), ROLE, PROVIDER), Ok(()));
        for bad in ["100", "899", "43201", "-1", "8h", "3600.0", "99999999999999999999"] {
            assert_eq!(refusal(&lasting(bad)), Refusal::SessionDuration { value: bad.to_owned() });
        }
    }

    #[test]
    fn a_failed_sign_in_is_refused_for_what_it_is() {
        let codes =
            vec!["urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"];
        let failed = Sample { codes, message: "no\n  such user", ..Sample::default() };
        let Refusal::NotSuccess { status } = refusal(&failed) else { panic!("another refusal") };
        assert_eq!(status.to_string(), "Responder / AuthnFailed: no such user");
        let nested = Sample { codes: vec!["urn:x", "urn:oasis:names:tc:SAML:2.0:status:Success"], ..Sample::default() };
        assert!(matches!(refusal(&nested), Refusal::NotSuccess { .. }));
    }
}
