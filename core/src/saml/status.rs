//! Whether a sign-in succeeded, and what the identity provider says where it did not.

use std::fmt;

use super::{
    assertion::filled,
    shortened,
    xml::{Element, Malformed, Space::Protocol as SAMLP},
};

/// The most codes of a status that are shown; identity providers send two.
const MOST_CODES: usize = 4;

/// The status of a sign-in that succeeded (SAML 2.0 core, section 3.2.2.2).
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// The status of a response (SAML 2.0 core, section 3.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The codes, the outermost first.
    pub codes: Vec<String>,
    /// What the identity provider says to it: its message, and the text of its details.
    pub message: Option<String>,
}

impl Status {
    /// The status of a sign-in that succeeded.
    pub(super) fn success() -> Self {
        Self { codes: vec![SUCCESS.to_owned()], message: None }
    }

    /// Whether the sign-in succeeded.
    pub fn is_success(&self) -> bool {
        self.codes.first().is_some_and(|code| code == SUCCESS)
    }

    /// Whether another person might fare better.
    pub(super) fn depends_on_person(&self) -> bool {
        self.short_codes().any(|code| matches!(code, "RequestDenied" | "AuthnFailed" | "UnknownPrincipal"))
    }

    /// What to do about it; none where the identity provider's own words have to do (SAML 2.0 core, section 3.2.2.2).
    pub(super) fn advice(&self) -> Option<&'static str> {
        let of_code = self.short_codes().find_map(|code| match code {
            "RequestDenied" | "AuthnFailed" | "UnknownPrincipal" => {
                Some("whether you may use this application is decided at the identity provider")
            }
            "NoPassive" => {
                Some("it needs you in the window: `saml_url` must start a sign-in that is not passive (IsPassive)")
            }
            "InvalidNameIDPolicy" => {
                Some("set the identity provider's application up with a NameID format that it has for you")
            }
            "NoAuthnContext" => Some("`saml_url` must not ask for a way to sign in that the identity provider has not"),
            "InvalidAttrNameOrValue" | "UnknownAttrProfile" => {
                Some("set the identity provider's application up with attributes that it has")
            }
            "RequestUnsupported" | "UnsupportedBinding" => Some(
                "set the identity provider's application up to answer by HTTP-POST, and `saml_url` to ask for that",
            ),
            "VersionMismatch" | "RequestVersionTooHigh" | "RequestVersionTooLow" | "RequestVersionDeprecated" => {
                Some("set the identity provider's application up for SAML 2.0")
            }
            "NoAvailableIDP" | "NoSupportedIDP" | "ProxyCountExceeded" => {
                Some("it found no identity provider behind it: ask who runs it")
            }
            _ => None,
        });
        of_code.or_else(|| self.message.is_none().then_some("it does not say why: ask who runs it, its log does"))
    }

    /// Reads the status, which every response must have (SAML 2.0 core, section 3.2.2).
    pub(super) fn of(root: &Element) -> Result<Self, Malformed> {
        let required = |what: &str| format!("{what}, which SAML requires");
        let status = root.one(SAMLP, "Status")?.ok_or_else(|| required("the response has no Status"))?;
        let mut codes = vec![];
        let mut next = status.one(SAMLP, "StatusCode")?;
        while let Some(code) = next {
            codes.extend(code.attribute("Value").and_then(filled));
            next = code.one(SAMLP, "StatusCode")?;
        }
        if codes.is_empty() {
            return Err(required("its Status has no StatusCode with a Value"));
        }
        let message = status.one(SAMLP, "StatusMessage")?.and_then(|message| filled(message.text()));
        let detail = status.one(SAMLP, "StatusDetail")?.and_then(|detail| filled(&detail.whole_text()));
        let said: Vec<String> = message.into_iter().chain(detail).collect();
        Ok(Self { codes, message: (!said.is_empty()).then(|| said.join("; ")) })
    }

    /// SAML's own codes without what they all begin with, others as they are.
    fn short_codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|code| code.strip_prefix("urn:oasis:names:tc:SAML:2.0:status:").unwrap_or(code))
    }
}

/// `Responder / AuthnFailed: the message`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<String> = self.short_codes().take(MOST_CODES).map(shortened).collect();
        f.write_str(&codes.join(" / "))?;
        if self.codes.len() > MOST_CODES {
            write!(f, " / … ({} more)", self.codes.len() - MOST_CODES)?;
        }
        match &self.message {
            Some(message) => write!(f, ": {}", shortened(message)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::xml::parse;

    fn status(inner: &str) -> Result<Status, Malformed> {
        let inner = inner.replace("{S}", "urn:oasis:names:tc:SAML:2.0:status:");
        Status::of(
            &parse(&format!("<p:R xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'>{inner}</p:R>")).expect("valid"),
        )
    }

    fn failed(code: &str, rest: &str) -> Status {
        let inner = format!("<p:StatusCode Value='{{S}}{code}'/></p:StatusCode>{rest}");
        status(&format!("<p:Status><p:StatusCode Value='{{S}}Responder'>{inner}</p:Status>")).expect("a status")
    }

    #[test]
    fn each_code_has_advice_of_its_own() {
        for (code, advice, depends_on_person) in [
            ("RequestDenied", "whether you may use", true),
            ("AuthnFailed", "whether you may use", true),
            ("UnknownPrincipal", "whether you may use", true),
            ("NoPassive", "it needs you in the window", false),
            ("InvalidNameIDPolicy", "NameID format", false),
            ("NoAuthnContext", "`saml_url` must not ask", false),
            ("RequestUnsupported", "HTTP-POST", false),
            ("UnsupportedBinding", "HTTP-POST", false),
            ("VersionMismatch", "for SAML 2.0", false),
            ("NoAvailableIDP", "behind it", false),
            ("urn:else", "ask who runs it, its log does", false),
        ] {
            let failed = failed(code, "");
            assert!(failed.advice().is_some_and(|said| said.contains(advice)), "{code}: {:?}", failed.advice());
            assert_eq!(failed.depends_on_person(), depends_on_person, "{code}");
        }
        let said = failed("urn:else", "<p:StatusMessage>AADSTS50105: not assigned</p:StatusMessage>");
        assert_eq!((said.advice(), said.depends_on_person()), (None, false), "its own words say enough");
    }

    #[test]
    fn all_that_the_provider_says_is_shown_and_no_more_than_fits() {
        let detail =
            "<p:StatusDetail><Cause>directory down</Cause><x:a xmlns:x='u'>code <b>7</b></x:a></p:StatusDetail>";
        assert_eq!(failed("X", detail).to_string(), "Responder / X: directory down code 7");
        let both = format!("<p:StatusMessage>no</p:StatusMessage>{detail}");
        assert_eq!(failed("X", &both).to_string(), "Responder / X: no; directory down code 7");
        let deep = format!("{}{}", "<p:StatusCode Value='x'>".repeat(50), "</p:StatusCode>".repeat(50));
        let deep = status(&format!("<p:Status>{deep}</p:Status>")).expect("a status");
        assert_eq!(deep.to_string(), "x / x / x / x / … (46 more)");
    }

    #[test]
    fn a_status_that_is_missing_makes_no_response() {
        for (inner, why) in [
            ("", "the response has no Status, which SAML requires"),
            ("<p:Status/>", "its Status has no StatusCode with a Value, which SAML requires"),
            ("<p:Status><p:StatusCode/></p:Status>", "its Status has no StatusCode with a Value, which SAML requires"),
            ("<p:Status><p:StatusCode Value=' '/></p:Status>", "no StatusCode with a Value"),
        ] {
            assert!(status(inner).expect_err(inner).contains(why), "{inner}");
        }
    }
}
