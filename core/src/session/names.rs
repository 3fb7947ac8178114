//! The small words of a session: aliases, regions, profiles, URLs and what STS takes beside a role.

use std::fmt;

use http::Uri;

use super::arn::Invalid;

/// A text that was checked once and is valid ever after.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The name of a session: 1 to 64 letters, digits and `._@+-`, starting with a letter, a digit or `_`.
    ///
    /// Narrow on purpose: an alias is typed a hundred times a day, and stands in file names and `.leapp` files.
    Alias
}

checked_text! {
    /// An AWS region, such as `eu-west-1` or `us-gov-west-1`.
    Region
}

checked_text! {
    /// The name of a named profile in `~/.aws/config`: 1 to 128 printable characters without `]`, quotes or `#;`.
    ProfileName
}

checked_text! {
    /// The address at which the identity provider starts a sign-in: `https`, or `http` on a loopback address.
    SamlUrl
}

checked_text! {
    /// The secret that a third party's trust policy asks for: 2 to 1,224 characters of `[\w+=,.@:/-]`
    /// (`AssumeRole`, parameter `ExternalId`).
    ExternalId
}

checked_text! {
    /// Who is behind a chain, kept through it: 2 to 64 characters of `[\w+=,.@-]`
    /// (`AssumeRole`, parameter `SourceIdentity`).
    SourceIdentity
}

checked_text! {
    /// The serial number or ARN of an MFA device: 9 to 256 characters of `[\w+=/:,.@-]`
    /// (`AssumeRole`, parameter `SerialNumber`).
    MfaDevice
}

checked_text! {
    /// The ARN of a managed policy that narrows a session (`AssumeRole`, parameter `PolicyArns`).
    PolicyArn
}

checked_text! {
    /// A JSON policy that narrows a session: at most 2,048 characters (`AssumeRole`, parameter `Policy`).
    Policy
}

impl Alias {
    /// Reads an alias.
    ///
    /// # Errors
    /// Says which characters an alias may have.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '+' | '-');
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if text.len() > 64 || !starts_well || !text.chars().all(good) {
            return Err("an alias has 1 to 64 letters, digits and ._@+-, and starts with a letter, a digit or _".into());
        }
        Ok(Self(text.to_owned()))
    }
}

impl Region {
    /// Reads a region.
    ///
    /// # Errors
    /// Where the text does not have a region's shape. Regions are not looked up in a list: new ones open every year.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Err("a region looks like `eu-west-1`".to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return invalid() };
        let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let number = !last.is_empty() && last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit());
        let middle_words = middle.iter().all(|part| word(part));
        if text.len() > 32 || !first.starts_with(|c: char| c.is_ascii_lowercase()) || middle.is_empty() {
            return invalid();
        }
        if !word(first) || !middle_words || !number {
            return invalid();
        }
        Ok(Self(text.to_owned()))
    }

    /// The partition that the region belongs to, by its prefix (AWS service endpoints, "Regional endpoints").
    pub fn partition(&self) -> &'static str {
        let prefixes = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("eusc-", "aws-eusc"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
        ];
        prefixes.iter().find(|(prefix, _)| self.0.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
    }

    /// A region out of leapp's own table of partitions.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Where the STS of most accounts is asked when nothing names a region.
impl Default for Region {
    fn default() -> Self {
        Self::known("us-east-1")
    }
}

impl ProfileName {
    /// Reads a profile's name.
    ///
    /// # Errors
    /// Says what the name may not hold.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bad = |c: char| c.is_control() || matches!(c, '[' | ']' | '"' | '\'' | '#' | ';' | '=' | '\\');
        if text.is_empty() || text.len() > 128 || text.trim() != text || text.chars().any(bad) {
            return Err(
                "a named profile has 1 to 128 characters, none of them []\"'#;=\\ or a control character".into()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl SamlUrl {
    /// Reads the address of an identity provider's sign-in.
    ///
    /// # Errors
    /// Where it is not an absolute URL, has a user and password in it, or would send a sign-in in the clear.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > 8192 {
            return Err("a SAML URL has at most 8192 characters".into());
        }
        let uri: Uri =
            text.parse().map_err(|_| "not a URL; it looks like `https://acme.okta.com/home/amazon_aws/…`")?;
        let host = uri.host().filter(|host| is_host(host)).ok_or("the URL names no host")?;
        // `Uri::port` takes a port that is no number for none.
        let port = uri.authority().and_then(|authority| authority.as_str().split_once(host)?.1.strip_prefix(':'));
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err("the URL's port is not a number".into());
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("a SAML URL carries no user or password".into());
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(text.to_owned())),
            Some("http") if is_loopback(host) => Ok(Self(text.to_owned())),
            _ => Err("a sign-in goes over https (http only to a loopback address)".into()),
        }
    }

    /// The host, with the port where one is named: `acme.okta.com`, `127.0.0.1:8081`.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or(rest)
    }
}

/// A DNS name of letters, digits and hyphens (RFC 1123, section 2.1), or an IP address.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.strip_suffix('.').unwrap_or(host).split('.').all(label),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `[\w+=,.@-]` and `more`: the alphabets of STS's parameters.
pub(super) fn is_sts_word(text: &str, more: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) || more.contains(c))
}

macro_rules! sts_word {
    ($name:ident, $bounds:expr, $more:literal, $rule:literal) => {
        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// Says which characters, and how many, STS takes.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                if !$bounds.contains(&text.len()) || !is_sts_word(text, $more) {
                    return Err($rule.into());
                }
                Ok(Self(text.to_owned()))
            }
        }
    };
}

sts_word!(ExternalId, 2..=1224, ":/", "an external id has 2 to 1224 letters, digits and _+=,.@:/-");
sts_word!(SourceIdentity, 2..=64, "", "a source identity has 2 to 64 letters, digits and _+=,.@-");
sts_word!(
    MfaDevice,
    9..=256,
    ":/",
    "an MFA device is its ARN or serial number: 9 to 256 letters, digits and _+=/:,.@-"
);

impl PolicyArn {
    /// Reads a managed policy's ARN.
    ///
    /// # Errors
    /// Where it is not an IAM policy's ARN.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let looks = text.starts_with("arn:") && text.contains(":iam::") && text.contains(":policy/");
        if !looks || text.len() > 2048 || text.chars().any(|c| !c.is_ascii_graphic()) {
            return Err("not a policy's ARN; it looks like `arn:aws:iam::aws:policy/ReadOnlyAccess`".into());
        }
        Ok(Self(text.to_owned()))
    }
}

impl Policy {
    /// Reads an inline session policy.
    ///
    /// # Errors
    /// Where it is not a JSON object, or longer than STS takes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > 2048 {
            return Err("an inline policy has at most 2048 characters; use `policy_arns` for more".into());
        }
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(_)) => Ok(Self(text.to_owned())),
            Ok(_) => Err("a policy is a JSON object".into()),
            Err(error) => Err(format!("a policy is JSON: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases() {
        for good in ["corp", "prod-eu", "a", "team.dev", "x@y+z_1"] {
            assert!(Alias::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "../x", "a b", "a/b", "é", "a\n", &"x".repeat(65)] {
            assert!(Alias::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn regions() {
        for good in ["eu-west-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-10"] {
            assert!(Region::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "eu", "eu-1", "EU-west-1", "eu-west", "eu west-1", "eu-west-1.evil.com", "-west-1"] {
            assert!(Region::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn saml_urls() {
        let url = SamlUrl::parse("https://acme.okta.com/home/amazon_aws/0oa1/272?x=1").expect("valid");
        assert_eq!(url.host(), "acme.okta.com");
        assert!(SamlUrl::parse("http://127.0.0.1:8081/x?SAMLRequest=a%2Bb").is_ok());
        assert!(SamlUrl::parse("http://[::1]:8081/x").is_ok());
        for bad in [
            "http://acme.okta.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "acme.okta.com",
            "",
            "https://u:p@h/",
            "https://../x",
            "https://./x",
            "https://[::1%0a]/",
            "https://a..b/",
            "https://h:0x/",
        ] {
            assert!(SamlUrl::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn policies_are_json_objects() {
        assert!(Policy::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).is_ok());
        assert!(Policy::parse("[]").is_err());
        assert!(Policy::parse("{").is_err());
    }
}
