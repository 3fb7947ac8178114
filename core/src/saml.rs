//! SAML 2.0 as AWS takes it: which requests carry a response, what the response says, and whether STS will want it.
//!
//! Pure: bytes in, values and errors out. Nothing here verifies a signature; that is for STS, which alone knows the
//! identity provider's certificate. What is read here serves to say early, and in words, what STS would refuse.
//!
//! [`EncodedResponse`] is the secret that travels, [`Response`] what it says, [`Response::check`] the judgement.

mod absence;
mod assertion;
mod attribute;
mod check;
mod damage;
mod elsewhere;
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

pub use absence::Absence;
pub use assertion::Assertion;
pub use attribute::Attribute;
pub use check::Expectation;
pub use elsewhere::Elsewhere;
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
    cut_off(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// As [`shortened`], for a name: no white space of it is lost, and what is no plain blank can be told from one.
fn shown(name: &str) -> String {
    let visible = |c: char| match c {
        c if c.is_whitespace() && c != ' ' => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    cut_off(name.chars().take(MOST_SHOWN + 1).map(visible).collect())
}

/// The most characters of a text from a response in an error.
const MOST_SHOWN: usize = 200;

fn cut_off(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}
