//! A SAML response, read.

use time::OffsetDateTime;

use super::{
    EncodedResponse,
    assertion::{Assertion, filled},
    encoding::Text,
    instant::instant,
    shortened,
    status::Status,
    unreadable,
    xml::{
        self, Element, Malformed, Root,
        Space::{Assertion as SAML, Other, Protocol as SAMLP},
    },
};
use crate::error::{Error, Result};

/// A SAML response (SAML 2.0 core, section 3.3.3), as far as AWS asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Whether the sign-in succeeded.
    pub status: Status,
    /// Where it is to be delivered; not every identity provider says it here.
    pub destination: Option<String>,
    /// The identity provider by its own name.
    pub issuer: Option<String>,
    /// When it was issued.
    pub issue_instant: Option<OffsetDateTime>,
    /// The assertion in it.
    pub content: Content,
}

/// What a response holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An assertion in the clear.
    Assertion(Box<Assertion>),
    /// An encrypted assertion: only AWS can read it, which roles it offers is not known here.
    Encrypted,
    /// Whatever it is, in an encoding that is not known here: for AWS to read.
    Unread {
        /// The name of the encoding.
        encoding: String,
    },
    /// None: the sign-in did not succeed.
    Nothing,
}

impl Response {
    /// Reads a response.
    ///
    /// # Errors
    /// Where it is not XML, not a SAML 2.0 response, or could be read in two ways: with a document type, with more than
    /// one assertion, or with one that does not stand directly in the response (the shapes of signature wrapping).
    pub fn read(encoded: &EncodedResponse) -> Result<Self> {
        let text = encoded.text()?;
        check_kind(&text)?;
        match text {
            Text::Read(document) => xml::parse(document.trim()).and_then(|root| Self::of(&root)).map_err(unreadable),
            Text::Unread { name, .. } => Ok(Self::unread(name)),
        }
    }

    /// Whether its assertion is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.content == Content::Encrypted
    }

    fn unread(encoding: String) -> Self {
        let content = Content::Unread { encoding };
        Self { status: Status::success(), destination: None, issuer: None, issue_instant: None, content }
    }

    fn of(root: &Element) -> Result<Self, Malformed> {
        let status = Status::of(root)?;
        let content = content(root)?;
        if status.is_success() && content == Content::Nothing {
            return Err("it holds no assertion".into());
        }
        Ok(Self {
            status,
            destination: root.attribute("Destination").and_then(filled),
            issuer: root.one(SAML, "Issuer")?.map(|issuer| issuer.text().to_owned()),
            issue_instant: instant(root, "IssueInstant")?,
            content,
        })
    }
}

/// The one assertion, which must stand directly in the response: of several, or of one elsewhere, the signature may
/// cover another than the one that is read. Those in an `Advice` are evidence for the one around it, which "MAY be ignored
/// by applications" (SAML 2.0 core, section 2.6.1).
fn content(root: &Element) -> Result<Content, Malformed> {
    let is_assertion = |element: &Element| element.is(SAML, "Assertion") || element.is(SAML, "EncryptedAssertion");
    if root.count(&|element| element.is(SAMLP, "Response")) > 1 {
        return Err("it has another response inside".into());
    }
    if root.all(SAML, "EncryptedAssertion").any(|encrypted| encrypted.count(&is_assertion) > 1) {
        return Err("it has an assertion in the clear inside its EncryptedAssertion".into());
    }
    let advice = root.all(SAML, "Assertion").flat_map(|assertion| assertion.all(SAML, "Advice"));
    let evidence: usize = advice.map(|advice| advice.count(&is_assertion)).sum();
    match root.count(&is_assertion) - evidence {
        0 if root.count(&|element| element.is(Other, "Assertion")) > 0 => {
            Err("it holds no assertion of SAML 2.0: its `Assertion` is of another namespace".into())
        }
        0 => Ok(Content::Nothing),
        1 => match (root.one(SAML, "Assertion")?, root.one(SAML, "EncryptedAssertion")?) {
            (Some(assertion), _) => Assertion::read(assertion).map(Box::new).map(Content::Assertion),
            (None, Some(_)) => Ok(Content::Encrypted),
            (None, None) => Err("its assertion does not stand directly in the response".into()),
        },
        many => Err(format!("it has {many} assertions, and AWS takes exactly one")),
    }
}

/// Whether the outermost element is a response.
///
/// # Errors
/// What it is instead.
pub(super) fn check_kind(text: &Text) -> Result<()> {
    match xml::root(text.document()) {
        Ok(Some(root)) if (root.space, root.name.as_str()) != (SAMLP, "Response") => Err(not_a_response(&root)),
        // What is no XML at all the reader has words for.
        _ => Ok(()),
    }
}

fn not_a_response(root: &Root) -> Error {
    const SAML_1: &str = "urn:oasis:names:tc:SAML:1.";
    let name = shortened(&root.name);
    let (of, is_old) = match (root.space, root.namespace.as_deref()) {
        (SAML, _) if name == "Assertion" => {
            return unreadable("it is an assertion alone, and AWS takes the whole response around it");
        }
        (SAMLP, _) if name.ends_with("Request") => {
            return unreadable(format!("it is the request, not the response: its root element is `{name}`"));
        }
        (SAML | SAMLP, _) => (String::new(), false),
        (Other, None) => (" without a namespace".to_owned(), name == "Response"),
        (Other, Some(space)) if space.starts_with(SAML_1) => (format!(" of SAML 1.x (`{}`)", shortened(space)), true),
        (Other, Some(space)) => (format!(" of `{}`", shortened(space)), false),
    };
    let error = unreadable(format!("it is not a SAML 2.0 response: its root element is `{name}`{of}"));
    if is_old { error.hint("set the identity provider's application up for SAML 2.0") } else { error }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::{
        saml::{
            Absence,
            fixture::{DIALECTS, PROVIDER, ROLE, SIGN_IN, Sample, check, now},
        },
        session::SessionDuration,
    };

    fn read(xml: &str) -> Result<Response> {
        Response::read(&EncodedResponse::from_person(xml.as_bytes()).expect("taken"))
    }

    fn assertion(response: &Response) -> &Assertion {
        let Content::Assertion(assertion) = &response.content else { panic!("{:?}", response.content) };
        assertion
    }

    #[test]
    fn every_dialect_is_read_alike() {
        for dialect in DIALECTS {
            let response = Sample { dialect, ..Sample::default() }.response();
            let destination = (dialect.name != "Ping").then_some(SIGN_IN);
            assert_eq!(response.destination.as_deref(), destination, "{}", dialect.name);
            assert!(response.status.is_success() && !response.is_encrypted(), "{}", dialect.name);
            assert_eq!(response.issuer.as_deref(), Some("https://idp.example/"), "{}", dialect.name);
            let read = assertion(&response);
            assert_eq!(read.issuer, response.issuer, "{}", dialect.name);
            assert_eq!(read.recipient.as_deref(), Some(SIGN_IN), "{}", dialect.name);
            assert_eq!(read.audience_restrictions, [["urn:amazon:webservices"]], "{}", dialect.name);
            assert_eq!(read.not_before, Some(now() - Duration::minutes(5)), "{}", dialect.name);
            assert_eq!(read.not_on_or_after, Some(now() + Duration::minutes(5)), "{}", dialect.name);
            assert_eq!(read.issue_instant, Some(now() - Duration::seconds(2)), "{}", dialect.name);
            assert!(read.session_not_on_or_after > read.not_on_or_after, "{}", dialect.name);
            let roles: Vec<_> = read.roles.iter().map(|r| (r.role_arn.as_str(), r.idp_arn.as_str())).collect();
            assert_eq!(roles, [(ROLE, PROVIDER), (&format!("{ROLE}s"), PROVIDER)], "{}", dialect.name);
            assert_eq!(read.role_session_name.as_deref(), Ok("alice@example.org"), "{}", dialect.name);
            assert_eq!(read.session_duration.map(SessionDuration::seconds), Some(14400), "{}", dialect.name);
            assert_eq!(check(&response, ROLE, PROVIDER), Ok(()), "{}", dialect.name);
        }
    }

    #[test]
    fn attributes_count_by_their_whole_name() {
        let mut sample = Sample::default().with("Role", &[]).with("RoleSessionName", &[]);
        for name in ["Role", "http://schemas.xmlsoap.org/Role", "https://aws.amazon.com/SAML/Attributes/role", ""] {
            sample.attributes.push((name.to_owned(), vec![format!("{ROLE},{PROVIDER}")]));
        }
        let response = sample.response();
        assert_eq!(
            (assertion(&response).roles.len(), &assertion(&response).role_session_name),
            (0, &Err(Absence::Missing))
        );
        assert!(assertion(&response).attribute_names.contains(&"Role".to_owned()));
    }

    #[test]
    fn what_cannot_be_read_of_an_attribute_takes_nothing_from_the_rest() {
        let pair = format!("{ROLE},{PROVIDER}");
        let response =
            Sample::default().with("Role", &["x", &pair, "", ROLE]).with("SessionDuration", &["soon"]).response();
        let read = assertion(&response);
        assert_eq!((read.roles.len(), read.unreadable_roles.len(), read.session_duration), (1, 2, None));
        let too_long = Sample::default().with("SessionDuration", &["86400"]).response();
        assert_eq!(assertion(&too_long).session_duration, None);
        assert_eq!(assertion(&too_long).unreadable_session_duration.as_deref(), Some("86400"));
    }

    #[test]
    fn a_comment_does_not_shorten_a_name() {
        let cut = format!("{ROLE}<!-- -->,{PROVIDER}<!-- -->s");
        let response =
            Sample::default().with("Role", &[&cut]).with("RoleSessionName", &["alice<!---->@evil.example"]).response();
        let read = assertion(&response);
        assert_eq!(read.roles[0].idp_arn.as_str(), format!("{PROVIDER}s"));
        assert_eq!(read.role_session_name.as_deref(), Ok("alice@evil.example"));
    }

    #[test]
    fn an_encrypted_assertion_stays_unread() {
        let response = Sample { is_encrypted: true, ..Sample::default() }.response();
        assert!(response.is_encrypted());
        assert_eq!(response.redeem_until(now()), None);
        assert_eq!(check(&response, "arn:aws:iam::444455556666:role/Any", PROVIDER), Ok(()));
    }

    #[test]
    fn a_response_that_could_be_read_in_two_ways_is_refused() {
        let good = Sample::default().xml();
        let (start, end) =
            (good.find("<saml2:Assertion").expect("there"), good.find("</saml2p:Response>").expect("there"));
        let (before, assertion) = (&good[..start], &good[start..end]);
        let declared = "xmlns:saml2='urn:oasis:names:tc:SAML:2.0:assertion'";
        let encrypted = format!("<saml2:EncryptedAssertion {declared}/>");
        let advice = format!("<saml2:Advice {declared}>{assertion}</saml2:Advice>");
        let tail = "</saml2p:Response>";
        for (shape, xml, why) in [
            ("two assertions", format!("{before}{assertion}{assertion}{tail}"), "2 assertions"),
            ("one of each", format!("{before}{assertion}{encrypted}{tail}"), "2 assertions"),
            ("two encrypted", format!("{before}{encrypted}{encrypted}{tail}"), "2 assertions"),
            ("wrapped", format!("{before}<x>{assertion}</x>{tail}"), "does not stand directly"),
            (
                "in a signature",
                format!("{before}<ds:Object xmlns:ds='d'>{assertion}</ds:Object>{tail}"),
                "not stand directly",
            ),
            ("and wrapped", format!("{before}{assertion}<x>{assertion}</x>{tail}"), "2 assertions"),
            (
                "nested",
                good.replace("<saml2:Conditions", &format!("<x>{assertion}</x><saml2:Conditions")),
                "2 assertions",
            ),
            ("in an Advice alone", format!("{before}{advice}{tail}"), "does not stand directly"),
            ("in an Advice of its own", format!("{before}{advice}{assertion}{tail}"), "2 assertions"),
            (
                "in the clear",
                format!("{before}<saml2:EncryptedAssertion {declared}>{assertion}</saml2:EncryptedAssertion>{tail}"),
                "in the clear inside its EncryptedAssertion",
            ),
            (
                "two confirmations",
                good.replace("</saml2:Subject>", "<saml2:SubjectConfirmation Method='x'/></saml2:Subject>"),
                "2 SubjectConfirmations, and AWS takes exactly one",
            ),
            (
                "nested response",
                format!("{before}{assertion}<x>{before}{tail}</x>{tail}")
                    .replace("<?xml version='1.0' encoding='UTF-8'?>", ""),
                "another response",
            ),
            (
                "two statuses",
                good.replace("<saml2p:Status>", "<saml2p:Status/><saml2p:Status>"),
                "more than one Status",
            ),
            (
                "two subjects",
                good.replace("<saml2:Subject>", "<saml2:Subject/><saml2:Subject>"),
                "more than one Subject",
            ),
            (
                "two conditions",
                good.replace("<saml2:Conditions ", "<saml2:Conditions/><saml2:Conditions "),
                "more than one Conditions",
            ),
            ("none", format!("{before}{tail}"), "no assertion"),
            (
                "a foreign one",
                good.replace("SAML:2.0:assertion' ID", "SAML:1.0:assertion' ID"),
                "no assertion of SAML 2.0: its `Assertion` is of another namespace",
            ),
            ("a document type", good.replace("?><", "?><!DOCTYPE x SYSTEM 'http://evil.example/'><"), "document type"),
            ("a bad time", good.replace("NotBefore='2026", "NotBefore='x2026"), "not a point in time"),
        ] {
            let error = read(&xml).expect_err(shape).sentence();
            assert!(error.contains(why), "{shape}: {error}");
        }
    }

    #[test]
    fn the_evidence_in_an_assertion_is_no_second_one() {
        let good = Sample::default().xml();
        let start = good.find("<saml2:Assertion").expect("there");
        let assertion = &good[start..good.find("</saml2p:Response>").expect("there")];
        let nested = good.replace(
            "<saml2:Conditions",
            &format!("<saml2:Advice>{assertion}{assertion}</saml2:Advice><saml2:Conditions"),
        );
        let response = read(&nested).expect("one assertion");
        assert_eq!(check(&response, ROLE, PROVIDER), Ok(()));
    }

    #[test]
    fn what_is_no_response_says_what_it_is() {
        for (xml, why) in [
            ("<Response/>", "not a SAML 2.0 response: its root element is `Response` without a namespace"),
            (
                "<Response xmlns='urn:oasis:names:tc:SAML:1.0:protocol'/>",
                "root element is `Response` of SAML 1.x (`urn:oasis:names:tc:SAML:1.0:protocol`)",
            ),
            ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", "`Envelope` of `http://schemas.xml"),
            ("<AuthnRequest xmlns='urn:oasis:names:tc:SAML:2.0:protocol'/>", "it is the request, not the response"),
            ("<LogoutResponse xmlns='urn:oasis:names:tc:SAML:2.0:protocol'/>", "root element is `LogoutResponse`"),
            ("<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>", "the whole response around it"),
            ("<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'/>", "root element is `EntityDescriptor`"),
        ] {
            let error = read(xml).expect_err(xml).sentence();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn no_debug_output_has_the_signature_in_it() {
        assert!(!format!("{:?}", Sample::default().response()).contains("c2lnbmF0dXJl"));
    }
}
