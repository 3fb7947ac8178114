//! Pure: what STS does not take about an assertion (`InvalidIdentityToken`), and who mends it where.
//!
//! Messages: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html>.

use crate::{
    error::Error,
    saml::Attribute,
    session::{Alias, ProviderArn},
};

/// What is wrong with an assertion, as STS's message tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its signature, or its issuer, is not that of the provider's metadata in IAM.
    Metadata,
    /// IAM has no such provider.
    NoProvider,
    /// IAM has no private key that decrypts it.
    Encryption,
    /// It is for somebody else, or to be delivered elsewhere.
    Address,
    /// Its time has not come.
    NotYetValid,
    /// An attribute is missing, or has a value that STS does not take.
    Attribute(Attribute),
    /// Something else.
    Other,
}

impl Flaw {
    /// Reads STS's message.
    pub(super) fn of(message: &str) -> Self {
        // `SourceIdentity` is `Source Identity` there.
        let joined: String = message.split_whitespace().collect();
        if let Some(attribute) = Attribute::ALL.into_iter().find(|attribute| joined.contains(attribute.short())) {
            return Self::Attribute(attribute);
        }
        let message = message.to_lowercase();
        let has = |part: &str| message.contains(part);
        if has("decrypt") || has("private key") {
            Self::Encryption
        } else if has("signature") || has("issuer") {
            Self::Metadata
        } else if has("provider") && (has("doesn't exist") || has("does not exist")) {
            Self::NoProvider
        } else if has("audience") || has("recipient") {
            Self::Address
        } else if has("not yet valid") {
            Self::NotYetValid
        } else {
            Self::Other
        }
    }

    /// Adds what to do about it.
    pub(super) fn remedy(self, error: Error, alias: &Alias, provider: &ProviderArn) -> Error {
        match self {
            Self::Metadata => error
                .hint(format!(
                    "{provider} must have your identity provider's current metadata, with the certificate that it signs with"
                ))
                .hint(format!(
                    "with that saved as METADATA.xml, run: aws iam update-saml-provider --saml-provider-arn {provider} --saml-metadata-document file://METADATA.xml"
                ))
                .hint(format!("if you sign in at another one: leapp session edit {alias} --idp-arn PROVIDER_ARN")),
            Self::NoProvider => {
                error.hint(format!("{provider} is not in IAM; name one that is: leapp session edit {alias} --idp-arn PROVIDER_ARN"))
            }
            Self::Encryption => error
                .hint(format!("{provider} must have the private key to the certificate that your identity provider encrypts for"))
                .hint(format!(
                    "with that saved as KEY.pem, run: aws iam update-saml-provider --saml-provider-arn {provider} --add-private-key file://KEY.pem"
                ))
                .hint("or have the identity provider's application encrypt no assertions"),
            Self::Address => {
                error.hint("set the identity provider's application up with the sign-in URL and the audience of AWS")
            }
            Self::NotYetValid => error.hint("the identity provider's clock is ahead of AWS's: try again in a minute"),
            Self::Attribute(attribute) => error.hint(attribute.remedy()),
            Self::Other => error.hint(format!(
                "compare what the identity provider's application sends, and the metadata of {provider} in IAM, with \
                 https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str) -> String {
        let provider = ProviderArn::parse("arn:aws:iam::111122223333:saml-provider/okta").expect("valid");
        let alias = Alias::parse("corp").expect("valid");
        Flaw::of(message).remedy(Error::new("no"), &alias, &provider).to_string()
    }

    #[test]
    fn each_message_of_sts_has_a_remedy_of_its_own() {
        for (message, remedy) in [
            (
                "Response signature invalid",
                "aws iam update-saml-provider --saml-provider-arn arn:aws:iam::111122223333",
            ),
            ("Issuer not present in specified provider", "current metadata"),
            (
                "Specified provider doesn't exist (Service: AWSOpenIdDiscoveryService; Status Code: 400; \
                 Error Code: AuthSamlManifestNotFoundException)",
                "name one that is: leapp session edit corp --idp-arn PROVIDER_ARN",
            ),
            ("Could not decrypt SAML assertion", "--add-private-key file://KEY.pem"),
            ("Response does not contain the required audience.", "the audience of AWS"),
            ("Response contains an invalid recipient", "the sign-in URL"),
            ("Assertion is not yet valid", "clock is ahead"),
            ("RoleSessionName is required in AuthnResponse", "SAML/Attributes/RoleSessionName` with 2 to 64"),
            (
                "SessionDuration in AuthnResponse must be between 900 and 43200",
                "SAML/Attributes/SessionDuration` as a number of seconds, 900 to 43200",
            ),
            (
                "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
                "SAML/Attributes/SourceIdentity`",
            ),
            ("Invalid base64 SAMLResponse", "troubleshoot_saml.html"),
        ] {
            let said = shown(message);
            assert!(said.contains(remedy), "{message}: {said}");
            let has_metadata = message.contains("signature") || message.contains("Issuer");
            assert_eq!(said.contains("--saml-metadata-document"), has_metadata, "{message}: {said}");
        }
    }
}
