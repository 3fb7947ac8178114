//! Where AWS takes SAML responses that are none of IAM's: nothing leads from there to a role of IAM.

use http::Uri;

use super::{endpoint, shortened};
use crate::error::Error;

/// Whose a SAML response is that is sent to AWS, but not to IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// IAM Identity Center's own sign-in.
    IdentityCenter,
    /// A user pool of Amazon Cognito.
    Cognito,
}

impl Elsewhere {
    /// Whose an address is to which identity providers post SAML responses; none where it is neither.
    ///
    /// Sources: IAM Identity Center's service provider metadata, `https://REGION.signin.aws.amazon.com/platform/saml/acs/ID`,
    /// `https://REGION.signin.aws/…` and `https://REGION.sso.signin.aws/…`; "SAML user pool IdP", Amazon Cognito Developer
    /// Guide: `/saml2/idpresponse` on the domain of the user pool, which may be anybody's.
    pub fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        let is_sign_in = || host == "signin.aws" || host.ends_with(".signin.aws") || endpoint::is_sign_in_host(&host);
        match uri.path().trim_end_matches('/') {
            _ if uri.scheme_str() != Some("https") => None,
            "/saml2/idpresponse" => Some(Self::Cognito),
            path if path.starts_with("/platform/saml/") && is_sign_in() => Some(Self::IdentityCenter),
            _ => None,
        }
    }

    /// Whether a sign-in that passed this address may go on from there: the portal of IAM Identity Center, where it leads
    /// to a SAML application, signs in through its own identity provider first.
    pub fn is_on_the_way_of(self, url: &str) -> bool {
        self == Self::IdentityCenter && is_portal(url) && url.contains("#/saml/")
    }

    /// Says that a response goes there, and what to do; in a sign-in, where that starts.
    pub fn explain(self, error: Error, url: &str, partition: &str, saml_url: Option<&str>) -> Error {
        let whose = match self {
            Self::IdentityCenter => "IAM Identity Center",
            Self::Cognito => "Amazon Cognito",
        };
        let (url, usual) = (url.split(['?', '#']).next().unwrap_or_default(), endpoint::usual_url(partition));
        let error = error
            .because(format!("the SAML response is for {whose}, not for IAM (`{}`)", shortened(url)))
            .hint(format!("use the identity provider's other AWS application: IAM's sends to `{usual}`"));
        match (self, saml_url) {
            (Self::Cognito, _) => error,
            (Self::IdentityCenter, Some(saml_url)) if is_portal(saml_url) => error.hint(
                "`saml_url` is the portal itself; the address of one of its SAML applications has `/start/#/saml/` in it",
            ),
            (Self::IdentityCenter, _) => error.hint(
                "for the roles of IAM Identity Center: `aws sso login`, and a session of kind `profile` whose profile has \
                 `sso_session`",
            ),
        }
    }
}

/// Whether an address is an access portal of IAM Identity Center ("AWS access portal endpoints", IAM Identity Center User
/// Guide).
fn is_portal(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default();
    let is_regional =
        host.starts_with("ssoins-") && [".app.aws", ".portal.amazonaws.com"].iter().any(|end| host.ends_with(end));
    is_regional || [".awsapps.com", ".awsapps.cn"].iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY_CENTER: &str = "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/11111111-2222";

    #[test]
    fn what_is_neither_iams_nor_anybodys_is_known() {
        for (url, whose) in [
            (IDENTITY_CENTER, Some(Elsewhere::IdentityCenter)),
            ("https://us-west-2.sso.signin.aws/platform/saml/acs/x", Some(Elsewhere::IdentityCenter)),
            ("https://us-west-2.signin.aws/platform/saml/acs/x", Some(Elsewhere::IdentityCenter)),
            ("https://us-east-1.signin.aws.amazon.com:443/platform/saml/d-1234567890", Some(Elsewhere::IdentityCenter)),
            ("https://us-gov-west-1.signin.amazonaws-us-gov.com/platform/saml/acs/x", Some(Elsewhere::IdentityCenter)),
            ("https://acme.auth.eu-west-1.amazoncognito.com/saml2/idpresponse", Some(Elsewhere::Cognito)),
            ("https://login.acme.example/saml2/idpresponse?x=1", Some(Elsewhere::Cognito)),
            ("https://signin.aws.amazon.com/saml", None),
            ("https://evil.example/platform/saml/acs/x", None),
            ("https://signin.aws.amazon.com.evil.example/platform/saml/acs/x", None),
            ("https://evilsignin.aws/platform/saml/acs/x", None),
            ("http://eu-west-1.signin.aws.amazon.com/platform/saml/acs/x", None),
            ("https://sp.example.com/saml2/acs", None),
            ("", None),
        ] {
            assert_eq!(Elsewhere::of(url), whose, "{url}");
        }
    }

    #[test]
    fn a_portal_that_leads_to_an_application_goes_on_from_identity_center() {
        for (saml_url, is_on_the_way) in [
            ("https://d-1234567890.awsapps.com/start/#/saml/default/AWS/ins-1234", true),
            ("https://ssoins-1.portal.eu-west-1.app.aws/#/saml/default/AWS/ins-1234", true),
            ("https://ssoins-1.eu-west-1.portal.amazonaws.com/start/#/saml/custom/x", true),
            ("https://start.home.awsapps.cn/directory/acme#/saml/default/AWS/x", true),
            ("https://d-1234567890.awsapps.com/start/#", false),
            ("https://d-1234567890.awsapps.com/start", false),
            ("https://acme.okta.com/home/amazon_aws/0oa1/272#/saml/", false),
            ("https://evilawsapps.com/start/#/saml/x", false),
        ] {
            assert_eq!(Elsewhere::IdentityCenter.is_on_the_way_of(saml_url), is_on_the_way, "{saml_url}");
            assert!(!Elsewhere::Cognito.is_on_the_way_of(saml_url));
        }
    }

    #[test]
    fn it_is_named_with_what_to_use_instead() {
        let error = Elsewhere::IdentityCenter.explain(Error::new("no"), &format!("{IDENTITY_CENTER}?x"), "aws", None);
        assert_eq!(
            error.why(),
            format!("the SAML response is for IAM Identity Center, not for IAM (`{IDENTITY_CENTER}`)")
        );
        assert!(
            error.hints()[0].contains("other AWS application: IAM's sends to `https://signin.aws.amazon.com/saml`")
        );
        let at = |saml_url| Elsewhere::IdentityCenter.explain(Error::new("no"), IDENTITY_CENTER, "aws", Some(saml_url));
        assert!(at("https://d-1234567890.awsapps.com/start/#").hints()[1].contains("`saml_url` is the portal itself"));
        assert!(at("https://idp.example/").hints()[1].contains("`aws sso login`"));
        let error = Elsewhere::Cognito.explain(Error::new("no"), "https://x/saml2/idpresponse", "aws", None);
        assert_eq!((error.hints().len(), error.why().contains("Amazon Cognito")), (1, true));
    }
}
