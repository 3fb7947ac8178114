//! SAML 2.0 as AWS takes it: which requests carry a response, what the response says, and whether STS will want it.
//!
//! Pure: bytes in, values and errors out. Nothing here verifies a signature; that is for STS, which alone knows the
//! identity provider's certificate. What is read here serves to say early, and in words, what STS would refuse.
//!
//! [`EncodedResponse`] is the secret that travels, [`Response`] what it says, [`Response::check`] the judgement.

mod assertion;
mod attribute;
mod check;
mod damage;
mod encoded;
mod encoding;
pub mod endpoint;
#[cfg(test)]
pub(crate) mod fixture;
mod form;
mod given;
mod instant;
#[cfg(test)]
mod properties;
mod refusal;
mod response;
mod role;
mod status;
mod window;
mod xml;

use std::fmt;

pub use assertion::Assertion;
pub use attribute::Attribute;
pub use check::Expectation;
pub use encoded::EncodedResponse;
use encoded::MAX_INPUT;
pub use refusal::Refusal;
pub use response::{Content, Response};
pub use role::{OfferedRole, UnreadableRole};
pub use status::Status;

use crate::error::Error;

/// The error of everything that cannot be read.
fn unreadable(why: impl fmt::Display) -> Error {
    Error::new("cannot read the SAML response").because(why)
}

/// White space, and the mark that stands before a text in UTF-8 or UTF-16.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Text from a response as it may stand in an error: on one line, and not for ever.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MOST) {
        words.truncate(end);
        words.push('…');
    }
    words
}
