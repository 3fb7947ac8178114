//! A SAML response as it travels: base64, for STS alone to redeem.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::DecodePaddingMode,
    engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::{Zeroize, Zeroizing};

use super::{form, unreadable};
use crate::{error::Result, secret::Secret};

/// The longest assertion that STS takes (`AssumeRoleWithSAML`, parameter `SAMLAssertion`: 4 to 100,000 characters).
const MAX_CHARACTERS: usize = 100_000;

/// The most that is looked at before white space, escapes and other fields are taken away.
pub(super) const MAX_INPUT: usize = 1 << 20;

/// Base64 as identity providers and people hand it on: padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A SAML response in base64 (SAML 2.0 bindings, section 3.5.4), exactly as it goes to STS.
///
/// It is a bearer token until it expires: it redacts itself, and is wiped when it is dropped. It holds standard
/// base64, padded, without white space, of UTF-8 text that begins and ends like an XML document; nothing more is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedResponse(Secret);

impl EncodedResponse {
    /// Takes the value of a form's `SAMLResponse` field.
    ///
    /// White space is taken away, padding may be missing, and the URL-safe alphabet is understood. What was damaged on
    /// its way is repaired: a `+` that a form parser turned into a space, percent escapes, character references of HTML.
    ///
    /// # Errors
    /// Where it is longer than STS takes, or not base64 of an XML document.
    pub fn from_field(value: &str) -> Result<Self> {
        if value.len() > MAX_INPUT {
            return Err(too_long(value.len()));
        }
        let text = Zeroizing::new(unescaped(value.trim())?);
        // A space may be a line break's remains or a damaged plus, the last of which trimming takes away (a third of all
        // documents end in one: `>`). Only one reading is a whole document.
        let readings = [("", ""), ("+", ""), ("+", "+")].map(|(space, end)| Zeroizing::new(compact(&text, space, end)));
        if readings[0].is_empty() {
            return Err(unreadable("it is empty"));
        }
        if readings[0].len() > MAX_CHARACTERS {
            return Err(too_long(readings[0].len()));
        }
        match readings.iter().find_map(|reading| decode(reading)) {
            Some(xml) => Self::from_xml(&xml),
            None => Err(unreadable("it is not base64 of an XML document")),
        }
    }

    /// Takes the body of a form post, `SAMLResponse=…&RelayState=…` with the fields in any order.
    ///
    /// # Errors
    /// Where the field is missing or there twice, and as [`EncodedResponse::from_field`].
    pub fn from_form(body: &[u8]) -> Result<Self> {
        Self::from_field(&form::saml_response(body)?)
    }

    /// Takes what a person got elsewhere: base64, a form's body, or the XML itself, with white space and a byte order
    /// mark around it (UTF-16 too: what `>` writes in Windows PowerShell).
    ///
    /// # Errors
    /// Where it is none of these, and as [`EncodedResponse::from_field`].
    pub fn from_person(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_INPUT {
            return Err(too_long(bytes.len()));
        }
        let text = Zeroizing::new(text(bytes).ok_or_else(|| unreadable("it is not text"))?);
        let text = text.trim_matches(is_blank);
        if text.starts_with('<') {
            if is_web_page(text) {
                let hint = "hand over the value of the page's field `SAMLResponse`";
                return Err(unreadable("it is a web page").hint(hint));
            }
            if !text.ends_with('>') {
                return Err(unreadable("it breaks off before its end"));
            }
            Self::from_xml(text)
        } else if text.starts_with("SAMLResponse=") || text.contains("&SAMLResponse=") {
            Self::from_form(text.as_bytes())
        } else {
            Self::from_field(text)
        }
    }

    /// The base64 text, for `AssumeRoleWithSAML`.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    fn from_xml(xml: &str) -> Result<Self> {
        let characters = general_purpose::STANDARD.encode(xml);
        let encoded = Self(Secret::new(characters));
        if encoded.expose().len() > MAX_CHARACTERS {
            return Err(too_long(encoded.expose().len()));
        }
        Ok(encoded)
    }

    /// The XML document.
    pub(super) fn xml(&self) -> Result<Zeroizing<String>> {
        decode(self.expose()).ok_or_else(|| unreadable("it is not base64 of an XML document"))
    }
}

fn too_long(characters: usize) -> crate::error::Error {
    unreadable(format!("it has {characters} characters, and STS takes at most {MAX_CHARACTERS}"))
        .hint("ask the identity provider's administrator to send fewer roles and attributes to AWS")
}

/// Judged by how it begins: the pages that people save are seldom XML.
fn is_web_page(text: &str) -> bool {
    let start: String = text.chars().take(1000).collect::<String>().to_ascii_lowercase();
    start.contains("<!doctype html") || start.contains("<html")
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Percent escapes and character references resolved; neither `%` nor `&` is in base64's alphabet.
fn unescaped(value: &str) -> Result<String> {
    if value.contains('&') {
        let damaged = |_| unreadable("it is neither base64 nor a form with a `SAMLResponse` field");
        return quick_xml::escape::unescape(value).map(std::borrow::Cow::into_owned).map_err(damaged);
    }
    if value.contains('%') {
        let field = Zeroizing::new(format!("={}", value.replace('+', "%2B")));
        let mut fields = form_urlencoded::parse(field.as_bytes());
        return Ok(fields.next().map(|(_, value)| value.into_owned()).unwrap_or_default());
    }
    Ok(value.to_owned())
}

/// Without white space and in the standard alphabet; with what spaces stand for, and what the end has lost.
fn compact(text: &str, space: &str, end: &str) -> String {
    // Never grown: growing would leave a copy behind that nobody wipes.
    let mut compact = String::with_capacity(text.len() + end.len());
    for c in text.chars() {
        match c {
            ' ' => compact.push_str(space),
            '-' => compact.push('+'),
            '_' => compact.push('/'),
            c if is_blank(c) => {}
            c => compact.push(c),
        }
    }
    compact.push_str(end);
    compact
}

/// The document in a base64 text; none where it is not base64, not UTF-8, or neither begins nor ends like XML.
fn decode(base64: &str) -> Option<Zeroizing<String>> {
    let bytes = LENIENT.decode(base64).ok()?;
    match String::from_utf8(bytes).map(Zeroizing::new) {
        Ok(xml) => {
            let document = xml.trim_matches(is_blank);
            (document.starts_with('<') && document.ends_with('>')).then_some(xml)
        }
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

/// Bytes as text: UTF-8, or UTF-16 where a byte order mark says so.
fn text(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        bytes => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A document whose base64 has a plus, a slash and padding in it.
    const XML: &str = "<a>~~~>>>???ÿÿ>?</a>\n";

    fn standard() -> String {
        let base64 = general_purpose::STANDARD.encode(XML);
        assert!(base64.contains('+') && base64.contains('/') && base64.ends_with('='), "{base64}");
        base64
    }

    fn form(base64: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("RelayState", "a&SAMLResponse=b")
            .append_pair("SAMLResponse", base64)
            .finish()
    }

    fn lines(base64: &str, end: &str) -> String {
        let lines: Vec<&str> = base64.as_bytes().chunks(8).map(|l| std::str::from_utf8(l).expect("ascii")).collect();
        lines.join(end)
    }

    #[test]
    fn every_shape_that_is_handed_over_becomes_what_sts_takes() {
        let base64 = standard();
        for (shape, text) in [
            ("as it is", base64.clone()),
            ("with line breaks", lines(&base64, "\n")),
            ("with the line breaks of Windows", lines(&base64, "\r\n") + "\r\n"),
            ("with blanks", lines(&base64, " \t ")),
            ("URL-safe", base64.replace('+', "-").replace('/', "_")),
            ("without padding", base64.trim_end_matches('=').to_owned()),
            ("percent-escaped", base64.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D")),
            ("percent-escaped in part", base64.replace('=', "%3D")),
            ("plus turned into space", base64.replace('+', " ")),
            ("copied from the source of a page", base64.replace('+', "&#x2b;").replace('=', "&#61;")),
            ("a form", form(&base64)),
            ("a form at the end of a line", form(&base64) + "\n"),
            ("a form that was not escaped", format!("SAMLResponse={base64}&RelayState=")),
            ("a form with line breaks", form(&lines(&base64, "\r\n"))),
            ("blanks around", format!("\u{feff}\n  {base64}\t\n")),
        ] {
            let encoded = EncodedResponse::from_person(text.as_bytes()).expect(shape);
            assert_eq!(encoded.expose(), base64, "{shape}");
            assert_eq!(encoded.xml().expect(shape).as_str(), XML, "{shape}");
        }
    }

    #[test]
    fn xml_is_handed_over_as_it_is() {
        let utf16 =
            |unit: fn(u16) -> [u8; 2]| format!("\u{feff}{XML}").encode_utf16().flat_map(unit).collect::<Vec<_>>();
        for bytes in [
            XML.as_bytes().to_vec(),
            format!("\u{feff}\r\n {XML}\n").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            let encoded = EncodedResponse::from_person(&bytes).expect("valid");
            assert_eq!(encoded.xml().expect("valid").as_str(), XML.trim());
        }
    }

    #[test]
    fn what_is_no_response_is_refused_in_words() {
        for (input, why) in [
            (&b""[..], "empty"),
            (b" \n", "empty"),
            (b"SAMLResponse=", "empty"),
            (b"RelayState=x", "not base64 of an XML document"),
            (b"a=b&SAMLResponse=x&SAMLResponse=y", "twice"),
            (b"hello world", "not base64"),
            (b"aGVsbG8gd29ybGQ=", "not base64 of an XML document"),
            (b"PGE+====PGE+", "not base64"),
            (b"PGE+&x;", "neither base64 nor a form"),
            (b"\xff\xfe\x00\xd8", "not text"),
            (b"<a>\xff</a>", "not text"),
            (b"<!DOCTYPE html>\n<html><form><input name=SAMLResponse value=PGE+>", "it is a web page"),
            (b"<samlp:Response", "breaks off"),
            (b"PGE+PC9h", "not base64 of an XML document"),
            (b"PGE+/w==", "not base64 of an XML document"),
        ] {
            let error = EncodedResponse::from_person(input).expect_err("refused").sentence();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn more_than_sts_takes_is_refused_with_a_message_of_its_own() {
        let fits = format!("<a>{}</a>", "x".repeat(74_993));
        assert_eq!(EncodedResponse::from_person(fits.as_bytes()).expect("fits").expose().len(), MAX_CHARACTERS);
        for text in [
            format!("<a>{}</a>", "x".repeat(74_994)),
            general_purpose::STANDARD.encode("<".repeat(80_000)),
            "<".repeat(MAX_INPUT + 1),
            format!("SAMLResponse={}", "P".repeat(MAX_CHARACTERS + 1)),
        ] {
            let error = EncodedResponse::from_person(text.as_bytes()).expect_err("too long");
            assert!(error.sentence().contains("STS takes at most 100000"), "{error}");
            assert!(error.hints()[0].contains("fewer roles"));
        }
    }

    #[test]
    fn debug_says_nothing() {
        let encoded = EncodedResponse::from_person(XML.as_bytes()).expect("valid");
        assert_eq!(format!("{encoded:?}"), "EncodedResponse(Secret(…))");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".*") {
            let _ = EncodedResponse::from_person(&bytes);
            let _ = EncodedResponse::from_form(&bytes);
            let _ = EncodedResponse::from_field(&text);
        }

        #[test]
        fn a_lost_plus_is_found_again(body in "[ -~ÿ]{0,300}") {
            let xml = format!("<a>{body}</a>");
            let base64 = general_purpose::STANDARD.encode(&xml);
            let encoded = EncodedResponse::from_field(&base64.replace('+', " ")).expect("valid");
            prop_assert_eq!(encoded.expose(), base64);
        }
    }
}
