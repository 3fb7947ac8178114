//! Whether a sign-in succeeded, and what the identity provider says where it did not.

use std::fmt;

use super::{
    assertion::filled,
    shortened,
    xml::{Element, Malformed, Space::Protocol as SAMLP},
};

/// The status of a sign-in that succeeded (SAML 2.0 core, section 3.2.2.2).
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// The status of a response (SAML 2.0 core, section 3.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The codes, the outermost first.
    pub codes: Vec<String>,
    /// What the identity provider says to it.
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

    pub(super) fn of(root: &Element) -> Result<Self, Malformed> {
        let Some(status) = root.one(SAMLP, "Status")? else { return Ok(Self::default()) };
        let mut codes = vec![];
        let mut next = status.one(SAMLP, "StatusCode")?;
        while let Some(code) = next {
            codes.push(code.attribute("Value").unwrap_or_default().trim().to_owned());
            next = code.one(SAMLP, "StatusCode")?;
        }
        let message = status.one(SAMLP, "StatusMessage")?.and_then(|message| filled(message.text()));
        Ok(Self { codes, message })
    }
}

/// `Responder / AuthnFailed: the message`; SAML's own codes without what they all begin with.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |code: &String| shortened(code.strip_prefix("urn:oasis:names:tc:SAML:2.0:status:").unwrap_or(code));
        match self.codes.as_slice() {
            [] => f.write_str("no status")?,
            codes => f.write_str(&codes.iter().map(short).collect::<Vec<_>>().join(" / "))?,
        }
        match &self.message {
            Some(message) => write!(f, ": {}", shortened(message)),
            None => Ok(()),
        }
    }
}
