//! Responses for tests, in the dialects of the identity providers that people have.

use std::fmt::Write as _;

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{EncodedResponse, Expectation, Response};
use crate::session::{ProviderArn, RoleArn};

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/Admin";
pub(crate) const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/okta";
pub(crate) const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";

/// How an identity provider writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    /// The prefixes of the protocol and of the assertion; none where it is the default namespace.
    prefixes: (&'static str, &'static str),
    habits: &'static [Habit],
}

/// What some identity providers do and others do not.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    /// Both namespaces are declared at the root, not where they are first used.
    DeclaresEarly,
    /// `Destination` is left empty.
    NoDestination,
    /// An attribute is written anew for each value.
    Repeats,
    /// Values stand on lines of their own.
    Indents,
}

/// The dialects, as their products' documentation and published samples show them.
pub(crate) const DIALECTS: [Dialect; 8] = [
    Dialect { name: "Okta", prefixes: ("saml2p", "saml2"), habits: &[] },
    Dialect { name: "Entra ID", prefixes: ("samlp", ""), habits: &[] },
    Dialect { name: "Google", prefixes: ("saml2p", "saml2"), habits: &[Habit::Indents] },
    Dialect { name: "Keycloak", prefixes: ("samlp", "saml"), habits: &[Habit::DeclaresEarly, Habit::Repeats] },
    Dialect { name: "ADFS", prefixes: ("samlp", ""), habits: &[Habit::Repeats] },
    Dialect { name: "Ping", prefixes: ("samlp", "saml"), habits: &[Habit::NoDestination, Habit::Indents] },
    Dialect { name: "SimpleSAMLphp", prefixes: ("samlp", "saml"), habits: &[Habit::DeclaresEarly] },
    Dialect { name: "none in particular", prefixes: ("", "ns2"), habits: &[Habit::Repeats, Habit::Indents] },
];

impl Dialect {
    fn has(self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }
}

/// What a response says; a good one until a test changes a field.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) dialect: Dialect,
    pub(crate) codes: Vec<&'static str>,
    pub(crate) message: &'static str,
    pub(crate) destination: String,
    pub(crate) recipient: String,
    pub(crate) audiences: Vec<Vec<String>>,
    pub(crate) issue_instant: OffsetDateTime,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_on_or_after: OffsetDateTime,
    /// Attributes by the end of their names: `Role`, `RoleSessionName` …
    pub(crate) attributes: Vec<(String, Vec<String>)>,
    pub(crate) is_encrypted: bool,
}

/// 2026-01-02 03:04:05 UTC.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_767_323_045).expect("in range")
}

pub(crate) fn role(text: &str) -> RoleArn {
    RoleArn::parse(text).expect(text)
}

pub(crate) fn provider(text: &str) -> ProviderArn {
    ProviderArn::parse(text).expect(text)
}

/// Checks a response for a role and a provider.
pub(crate) fn check(response: &Response, role_arn: &str, idp_arn: &str) -> Result<(), super::Refusal> {
    response.check(&Expectation { idp_arn: &provider(idp_arn), role_arn: &role(role_arn) })
}

impl Default for Sample {
    fn default() -> Self {
        let aws = |name: &str| format!("https://aws.amazon.com/SAML/Attributes/{name}");
        Self {
            dialect: DIALECTS[0],
            codes: vec!["urn:oasis:names:tc:SAML:2.0:status:Success"],
            message: "",
            destination: SIGN_IN.to_owned(),
            recipient: SIGN_IN.to_owned(),
            audiences: vec![vec!["urn:amazon:webservices".to_owned()]],
            issue_instant: now() - Duration::seconds(2),
            not_before: now() - Duration::minutes(5),
            not_on_or_after: now() + Duration::minutes(5),
            attributes: vec![
                ("email".to_owned(), vec!["alice@example.org".to_owned()]),
                (aws("RoleSessionName"), vec!["alice@example.org".to_owned()]),
                (aws("Role"), vec![format!("{PROVIDER},{ROLE}"), format!("{ROLE}s,{PROVIDER}")]),
                (aws("SessionDuration"), vec!["14400".to_owned()]),
            ],
            is_encrypted: false,
        }
    }
}

impl Sample {
    /// The same with other values of one of AWS's attributes; without any, the attribute is left out.
    pub(crate) fn with(mut self, attribute: &str, values: &[&str]) -> Self {
        let name = format!("https://aws.amazon.com/SAML/Attributes/{attribute}");
        self.attributes.retain(|(known, _)| *known != name);
        if !values.is_empty() {
            self.attributes.push((name, values.iter().map(|value| (*value).to_owned()).collect()));
        }
        self
    }

    pub(crate) fn encoded(&self) -> EncodedResponse {
        EncodedResponse::from_person(self.xml().as_bytes()).expect("a sample")
    }

    pub(crate) fn response(&self) -> Response {
        Response::read(&self.encoded()).expect("a sample")
    }

    pub(crate) fn xml(&self) -> String {
        let (p, a) = (prefixed(self.dialect.prefixes.0), prefixed(self.dialect.prefixes.1));
        let (protocol, saml) =
            (declared(self.dialect.prefixes.0, "protocol"), declared(self.dialect.prefixes.1, "assertion"));
        let (early, late) =
            if self.dialect.has(Habit::DeclaresEarly) { (saml, String::new()) } else { (String::new(), saml) };
        let destination = if self.dialect.has(Habit::NoDestination) { "" } else { &self.destination };
        format!(
            "<?xml version='1.0' encoding='UTF-8'?>\
             <{p}Response {protocol} {early} ID='_r' Version='2.0' Destination='{destination}' IssueInstant='{issued}'>\
             <{a}Issuer {late}>https://idp.example/</{a}Issuer>{SIGNATURE}\
             <{p}Status>{codes}<{p}StatusMessage>{message}</{p}StatusMessage></{p}Status>{content}</{p}Response>",
            issued = written(self.issue_instant),
            codes = status_code(&p, &self.codes),
            message = self.message,
            content = self.content(&a, &late),
        )
    }

    fn content(&self, a: &str, late: &str) -> String {
        if !self.codes[0].ends_with("Success") {
            return String::new();
        }
        if self.is_encrypted {
            return format!(
                "<{a}EncryptedAssertion {late}><xenc:EncryptedData xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'>\
                 <xenc:CipherData><xenc:CipherValue>c2VjcmV0</xenc:CipherValue></xenc:CipherData>\
                 </xenc:EncryptedData></{a}EncryptedAssertion>"
            );
        }
        format!(
            "<{a}Assertion {late} ID='_a' IssueInstant='{issued}' Version='2.0'>\
             <{a}Issuer>https://idp.example/</{a}Issuer>{SIGNATURE}\
             <{a}Subject><{a}NameID>alice</{a}NameID>\
             <{a}SubjectConfirmation Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'>\
             <{a}SubjectConfirmationData NotOnOrAfter='{until}' Recipient='{recipient}'/>\
             </{a}SubjectConfirmation></{a}Subject>\
             <{a}Conditions NotBefore='{from}' NotOnOrAfter='{until}'>{audiences}</{a}Conditions>\
             <{a}AuthnStatement AuthnInstant='{issued}' SessionNotOnOrAfter='{session}'/>\
             <{a}AttributeStatement>{attributes}</{a}AttributeStatement></{a}Assertion>",
            issued = written(self.issue_instant),
            from = written(self.not_before),
            until = written(self.not_on_or_after),
            recipient = self.recipient,
            audiences = self.audience_restrictions(a),
            session = written(self.issue_instant + Duration::hours(8)),
            attributes = self.attribute_elements(a),
        )
    }

    fn audience_restrictions(&self, a: &str) -> String {
        let mut xml = String::new();
        for audiences in &self.audiences {
            let _ = write!(xml, "<{a}AudienceRestriction>");
            for audience in audiences {
                let _ = write!(xml, "<{a}Audience>{audience}</{a}Audience>");
            }
            let _ = write!(xml, "</{a}AudienceRestriction>");
        }
        xml
    }

    fn attribute_elements(&self, a: &str) -> String {
        let indent = if self.dialect.has(Habit::Indents) { "\n        " } else { "" };
        let mut xml = String::new();
        for (name, values) in &self.attributes {
            let per_element = if self.dialect.has(Habit::Repeats) { 1 } else { values.len() };
            for values in values.chunks(per_element) {
                let _ = write!(xml, "<{a}Attribute Name='{name}'>");
                for value in values {
                    let _ = write!(
                        xml,
                        "<{a}AttributeValue xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='xs:string'>\
                         {indent}{value}{indent}</{a}AttributeValue>"
                    );
                }
                let _ = write!(xml, "</{a}Attribute>");
            }
        }
        xml
    }
}

const SIGNATURE: &str = "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><ds:SignedInfo>\
     <ds:Reference URI='#_a'/></ds:SignedInfo><ds:SignatureValue>c2lnbmF0dXJl</ds:SignatureValue></ds:Signature>";

fn status_code(p: &str, codes: &[&str]) -> String {
    let [code, inner @ ..] = codes else { return String::new() };
    format!("<{p}StatusCode Value='{code}'>{}</{p}StatusCode>", status_code(p, inner))
}

fn prefixed(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("{prefix}:") }
}

fn declared(prefix: &str, namespace: &str) -> String {
    let colon = if prefix.is_empty() { "" } else { ":" };
    format!("xmlns{colon}{prefix}='urn:oasis:names:tc:SAML:2.0:{namespace}'")
}

fn written(instant: OffsetDateTime) -> String {
    instant.format(&Rfc3339).expect("a valid instant")
}
