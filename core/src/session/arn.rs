//! Amazon Resource Names of roles and SAML providers, parsed once and valid ever after.

use std::fmt;

use super::Region;

/// Why a text is not the ARN that was asked for; a lowercase fragment.
pub type Invalid = String;

/// The longest ARN that STS takes (`AssumeRole`, parameter `RoleArn`).
const MAX_LENGTH: usize = 2048;

/// The partitions that have IAM roles, each with the region in which its STS is asked when nothing names one.
const PARTITIONS: [(&str, &str); 8] = [
    ("aws", "us-east-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-eusc", "eusc-de-east-1"),
    ("aws-iso", "us-iso-east-1"),
    ("aws-iso-b", "us-isob-east-1"),
    ("aws-iso-e", "eu-isoe-west-1"),
    ("aws-iso-f", "us-isof-south-1"),
];

/// The ARN of an IAM role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
///
/// Source: IAM identifiers, <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(Arn);

/// The ARN of a SAML identity provider of IAM: `arn:PARTITION:iam::ACCOUNT:saml-provider/NAME`.
///
/// Source: `CreateSAMLProvider`, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderArn(Arn);

/// The common shape of both: the text, and where its parts end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Arn {
    text: String,
    partition: usize,
    name: usize,
}

impl RoleArn {
    /// Reads a role's ARN.
    ///
    /// # Errors
    /// Says which part is wrong. A role's name has 1 to 64 characters of `[\w+=,.@-]`, its path may have more parts.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let arn = Arn::parse(text, "role/", "arn:aws:iam::111122223333:role/Admin")?;
        for part in arn.name().split('/') {
            if part.is_empty() || !part.chars().all(is_path_character) {
                return Err(format!("`{}` is not a role name or path", arn.name()));
            }
        }
        let name = arn.name().rsplit('/').next().unwrap_or_default();
        if name.len() > 64 || !name.chars().all(is_name_character) {
            return Err(format!("`{name}` is not a role name: 1 to 64 letters, digits and +=,.@_-"));
        }
        Ok(Self(arn))
    }

    /// Path and name: `team/Deploy` of `arn:aws:iam::444455556666:role/team/Deploy`.
    pub fn name_with_path(&self) -> &str {
        self.0.name()
    }

    /// Whether IAM Identity Center owns this role: those cannot be assumed through STS.
    pub fn is_reserved_for_identity_center(&self) -> bool {
        self.name_with_path().rsplit('/').next().is_some_and(|name| name.starts_with("AWSReservedSSO_"))
    }
}

impl ProviderArn {
    /// Reads a SAML provider's ARN.
    ///
    /// # Errors
    /// Says which part is wrong. A provider's name has 1 to 128 characters of `[\w._-]`; commas, plus and others that
    /// older providers carry are taken as well.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let arn = Arn::parse(text, "saml-provider/", "arn:aws:iam::111122223333:saml-provider/okta")?;
        let name = arn.name();
        if name.is_empty() || name.len() > 128 || !name.chars().all(is_name_character) {
            return Err(format!("`{name}` is not a SAML provider's name: 1 to 128 letters, digits and +=,.@_-"));
        }
        Ok(Self(arn))
    }
}

impl Arn {
    fn parse(text: &str, resource: &str, example: &str) -> Result<Self, Invalid> {
        let shape = || format!("not the ARN of a {}; it looks like `{example}`", resource.trim_end_matches('/'));
        if text.len() > MAX_LENGTH {
            return Err(format!("an ARN has at most {MAX_LENGTH} characters"));
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().ok_or_else(shape);
        let (arn, partition, service, region, account, rest) = (part()?, part()?, part()?, part()?, part()?, part()?);
        if arn != "arn" || service != "iam" || !region.is_empty() || !rest.starts_with(resource) {
            return Err(shape());
        }
        if !PARTITIONS.iter().any(|(known, _)| *known == partition) {
            return Err(format!("`{partition}` is not an AWS partition"));
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{account}` is not an account id: 12 digits"));
        }
        let name = text.len() - rest.len() + resource.len();
        Ok(Self { partition: "arn:".len() + partition.len(), name, text: text.to_owned() })
    }

    fn name(&self) -> &str {
        &self.text[self.name..]
    }

    fn partition(&self) -> &str {
        &self.text["arn:".len()..self.partition]
    }

    fn account(&self) -> &str {
        let start = self.partition + ":iam::".len();
        &self.text[start..start + 12]
    }

    fn home_region(&self) -> Region {
        let region = PARTITIONS.iter().find(|(known, _)| *known == self.partition()).map_or("us-east-1", |(_, r)| r);
        Region::known(region)
    }
}

macro_rules! arn_accessors {
    ($name:ident) => {
        impl $name {
            /// The whole ARN.
            pub fn as_str(&self) -> &str {
                &self.0.text
            }

            /// The partition: `aws`, `aws-cn`, `aws-us-gov` …
            pub fn partition(&self) -> &str {
                self.0.partition()
            }

            /// The account id: 12 digits.
            pub fn account(&self) -> &str {
                self.0.account()
            }

            /// The region in which the partition's STS is asked when nothing names one.
            pub fn home_region(&self) -> Region {
                self.0.home_region()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

arn_accessors!(RoleArn);
arn_accessors!(ProviderArn);

/// `[\w+=,.@-]`, the alphabet of IAM names.
fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

/// A role's path may hold any printable ASCII character (`CreateRole`, parameter `Path`).
fn is_path_character(c: char) -> bool {
    c.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_keeps_its_path() {
        let arn = RoleArn::parse("arn:aws-us-gov:iam::444455556666:role/team/a/Deploy").expect("valid");
        assert_eq!(
            (arn.partition(), arn.account(), arn.name_with_path()),
            ("aws-us-gov", "444455556666", "team/a/Deploy")
        );
        assert_eq!(arn.home_region().as_str(), "us-gov-west-1");
    }

    #[test]
    fn each_wrong_part_is_named() {
        let why = |text: &str| RoleArn::parse(text).expect_err(text);
        assert!(why("Admin").contains("it looks like"));
        assert!(why("arn:aws:iam::1111:role/Admin").contains("12 digits"));
        assert!(why("arn:gcp:iam::111122223333:role/Admin").contains("partition"));
        assert!(why("arn:aws:iam::111122223333:role/").contains("role name"));
        assert!(why("arn:aws:iam::111122223333:role/a//b").contains("role name"));
        assert!(why("arn:aws:iam::111122223333:role/Ad min").contains("role name"));
        assert!(why("arn:aws:iam::111122223333:saml-provider/x").contains("it looks like"));
        assert!(why(&format!("arn:aws:iam::111122223333:role/{}", "x".repeat(65))).contains("1 to 64"));
    }

    #[test]
    fn a_provider_may_have_a_comma_in_its_name() {
        let arn = ProviderArn::parse("arn:aws:iam::111122223333:saml-provider/acme,okta").expect("valid");
        assert_eq!(arn.account(), "111122223333");
        assert!(ProviderArn::parse("arn:aws:iam::111122223333:role/Admin").is_err());
    }

    #[test]
    fn identity_center_roles_are_recognised() {
        let reserved =
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
        assert!(RoleArn::parse(reserved).expect("valid").is_reserved_for_identity_center());
    }
}
