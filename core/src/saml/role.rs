//! The roles that an assertion offers: values of its `Role` attribute.

use super::shortened;
use crate::session::{Invalid, ProviderArn, RoleArn};

/// A role, and the identity provider through which it may be assumed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfferedRole {
    /// The role.
    pub role_arn: RoleArn,
    /// The identity provider as IAM knows it.
    pub idp_arn: ProviderArn,
}

/// A value of the `Role` attribute that names no role and provider; it takes nothing away from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRole {
    /// The value, shortened.
    pub value: String,
    /// Why it cannot be read; a lowercase fragment.
    pub why: Invalid,
}

impl OfferedRole {
    /// Reads one value: two ARNs in either order with a comma between, white space anywhere around them.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>, `Role`
    /// attribute. Commas are legal in names, so only one with another ARN after it divides.
    pub(super) fn parse(value: &str) -> Result<Self, UnreadableRole> {
        Self::read(value).map_err(|why| UnreadableRole { value: shortened(value), why: shortened(&why) })
    }

    fn read(value: &str) -> Result<Self, Invalid> {
        // A comma at an end divides nothing; it is no part of a name.
        let arns = arns(value.trim_matches(|c: char| c == ',' || c.is_whitespace()));
        let [first, second] = arns.as_slice() else {
            return Err("it is not a pair of a role and a SAML provider with a comma between".into());
        };
        let (role, provider) = if is_provider(first) { (second, first) } else { (first, second) };
        Ok(Self { role_arn: RoleArn::parse(role)?, idp_arn: ProviderArn::parse(provider)? })
    }
}

fn arns(value: &str) -> Vec<&str> {
    let mut arns = vec![];
    let mut start = 0;
    for (comma, _) in value.match_indices(',') {
        if value[comma + 1..].trim_start().starts_with("arn:") {
            arns.push(value[start..comma].trim());
            start = comma + 1;
        }
    }
    arns.push(value[start..].trim());
    arns
}

/// By its resource, not by a word anywhere: a role's path may hold any.
fn is_provider(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("saml-provider/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/team/a/Deploy";
    const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/acme,okta";

    #[test]
    fn a_pair_is_read_however_it_is_written() {
        for value in [
            format!("{ROLE},{PROVIDER}"),
            format!("{PROVIDER},{ROLE}"),
            format!("\n    {ROLE}\n  ,\t{PROVIDER}\n  "),
            format!(" {PROVIDER} , {ROLE} "),
            format!("{ROLE},{PROVIDER},"),
            format!("{PROVIDER},{ROLE} , "),
            format!(",{ROLE},{PROVIDER},,"),
        ] {
            let offered = OfferedRole::parse(&value).expect(&value);
            assert_eq!((offered.role_arn.as_str(), offered.idp_arn.as_str()), (ROLE, PROVIDER), "{value}");
            assert_eq!(offered.role_arn.name_with_path(), "team/a/Deploy");
        }
        let odd = "arn:aws:iam::111122223333:role/x:saml-provider/y,z/Deploy";
        assert_eq!(OfferedRole::parse(&format!("{PROVIDER},{odd}")).expect("valid").role_arn.as_str(), odd);
    }

    #[test]
    fn what_is_no_pair_says_why() {
        for (value, why) in [
            (String::new(), "not a pair"),
            (ROLE.to_owned(), "not a pair"),
            ("Admin,okta".to_owned(), "not a pair"),
            (format!("{ROLE};{PROVIDER}"), "not a pair"),
            (format!("{ROLE},{PROVIDER},{ROLE}"), "not a pair"),
            (format!("{ROLE},{ROLE}"), "not the ARN of a saml-provider"),
            (format!("{PROVIDER},{PROVIDER}"), "not the ARN of a role"),
            (format!("{ROLE},arn:aws:iam::1:saml-provider/x"), "12 digits"),
            (format!("{PROVIDER},arn:aws:iam::111122223333:role/"), "not a role name"),
            (format!("{PROVIDER},arn:gcp:iam::111122223333:role/A"), "not an AWS partition"),
        ] {
            let unreadable = OfferedRole::parse(&value).expect_err(&value);
            assert!(unreadable.why.contains(why), "{value}: {unreadable:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_kept_aside(value in ".*", tail in "[,arn:/a-z ]{0,60}") {
            let _ = (OfferedRole::parse(&value), OfferedRole::parse(&format!("{ROLE},{tail}")));
        }
    }
}
