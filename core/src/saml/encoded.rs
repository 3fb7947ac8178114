//! A SAML response as it travels: base64, for STS alone to redeem.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::DecodePaddingMode,
    engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{
    damage,
    encoding::{self, Text},
    form, given, is_blank, response, unreadable, xml,
};
use crate::{
    error::{Error, Result},
    secret::Secret,
};

/// The longest assertion that STS takes (`AssumeRoleWithSAML`, parameter `SAMLAssertion`: 4 to 100,000 characters).
const MAX_CHARACTERS: usize = 100_000;

/// The most that is looked at before white space, escapes and other fields are taken away.
pub(super) const MAX_INPUT: usize = 1 << 20;

/// Base64 as identity providers and people hand it on: padded or not.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A SAML response in base64 (SAML 2.0 bindings, section 3.5.4), its bytes exactly as they go to STS.
///
/// It is a bearer token until it expires: it redacts itself, and is wiped when it is dropped. It holds standard
/// base64, padded, without white space, of a document that begins and ends like XML, or that is in an encoding that is
/// not known here; nothing more is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedResponse(Secret);

impl EncodedResponse {
    /// The most that [`EncodedResponse::from_person`] takes, in bytes: well above what STS takes, for base64 in lines,
    /// forms and pages.
    pub const MAX_GIVEN: usize = MAX_INPUT;

    /// Takes the value of a form's `SAMLResponse` field.
    ///
    /// White space is taken away, padding may be missing, and the URL-safe alphabet is understood. What was damaged on
    /// its way is repaired: a `+` that a form parser turned into a space, percent escapes, character references of HTML.
    ///
    /// # Errors
    /// Where it is longer than STS takes, or not base64 of an XML document.
    pub fn from_field(value: &str) -> Result<Self> {
        Self::from_value(value, value.len())
    }

    /// Takes the body of a form post, `SAMLResponse=…&RelayState=…` with the fields in any order.
    ///
    /// # Errors
    /// Where the field is missing or there twice, and as [`EncodedResponse::from_field`].
    pub fn from_form(body: &[u8]) -> Result<Self> {
        Self::from_field(&form::saml_response(body)?)
    }

    /// Takes what a person got elsewhere, with white space and a byte order mark around it: base64, a form's body, the XML
    /// itself, or what a browser's tools copy (a page, a field, a header, JSON, an address, a command line).
    ///
    /// # Errors
    /// Where there is no response in it, or two, and as [`EncodedResponse::from_field`].
    pub fn from_person(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_INPUT {
            return Err(too_large());
        }
        let text = encoding::read(bytes);
        let text = text.map_err(|why| if damage::is_deflated(bytes) { damage::deflated() } else { unreadable(why) })?;
        if text.begins() {
            return Self::from_markup(bytes, &text);
        }
        let text = text.document();
        let is_form = text.starts_with("SAMLResponse=") || text.contains("&SAMLResponse=");
        if is_form && !text.contains(|c: char| c.is_whitespace() || "\"'".contains(c)) {
            return Self::from_value(&form::saml_response(text.as_bytes())?, text.len());
        }
        let values = given::values(text);
        if values.is_empty() {
            given::check_kind(text)?;
            let is_quoted = text.starts_with(['"', '\'', '`']);
            let value = text.trim_matches(|c| is_quoted && (is_blank(c) || "\"'`,;".contains(c)));
            return Self::from_value(value, text.len());
        }
        Self::one_of(&values, text.len())
    }

    /// The base64 text, for `AssumeRoleWithSAML`.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Takes a value that was `given` with so many characters in all.
    fn from_value(value: &str, given: usize) -> Result<Self> {
        if value.len() > MAX_INPUT {
            return Err(too_large());
        }
        let text = Zeroizing::new(unescaped(value.trim_matches(is_blank)).into_owned());
        // A space may be a line break's remains or a damaged plus, the last of which trimming takes away (a third of all
        // documents end in one: `>`). Only one reading is a whole document; what was cut stays cut.
        let found = [("", ""), ("+", ""), ("+", "+")].into_iter().find_map(|(space, end)| {
            let reading = Zeroizing::new(compact(&text, space, end));
            let bytes = Zeroizing::new(LENIENT.decode(reading.as_str()).ok()?);
            let document = encoding::read(&bytes).ok()?;
            (document.begins() && document.ends()).then_some((bytes, document))
        });
        match found {
            Some((bytes, document)) => Self::from_document(&bytes, &document, given),
            None if text.is_empty() => Err(unreadable("it is empty")),
            None => Err(damage::explain(&text, given)),
        }
    }

    /// Takes a document, or a page with one in it, as it stands. Its bytes stay what they are, but for UTF-16 that does
    /// not call itself so: there somebody's shell changed the encoding.
    fn from_markup(bytes: &[u8], text: &Text) -> Result<Self> {
        let document = text.document();
        if given::is_page(document) {
            let values = given::values(document);
            return if values.is_empty() { Err(given::only_a_page()) } else { Self::one_of(&values, bytes.len()) };
        }
        if !text.ends() {
            return Err(damage::breaks_off(bytes.len()));
        }
        let is_utf16 = bytes.iter().take(2).any(|byte| [0, 0xfe, 0xff].contains(byte));
        let calls_itself_so =
            || encoding::declared(document).is_some_and(|name| name.to_lowercase().contains("utf-16"));
        let sent = match bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) {
            _ if text.is_opaque() => bytes,
            _ if is_utf16 && !calls_itself_so() => document.as_bytes(),
            bytes if is_utf16 => bytes,
            bytes => bytes.trim_ascii(),
        };
        Self::from_document(sent, text, bytes.len())
    }

    /// The one response in several values.
    fn one_of(values: &[Zeroizing<String>], given: usize) -> Result<Self> {
        let mut found: Option<Self> = None;
        let mut failure = None;
        for value in values {
            match (Self::from_value(value, given), &found) {
                (Ok(response), Some(other)) if response != *other => {
                    return Err(unreadable("it has two different SAML responses in it"));
                }
                (Ok(response), _) => found = Some(response),
                (Err(error), _) => failure = failure.or(Some(error)),
            }
        }
        found.ok_or_else(|| failure.unwrap_or_else(|| unreadable("it is empty")))
    }

    fn from_document(bytes: &[u8], text: &Text, given: usize) -> Result<Self> {
        if given::is_page(text.document()) {
            return Err(given::only_a_page());
        }
        if !text.is_opaque() && xml::is_cut(text.document()) {
            return Err(damage::breaks_off(given));
        }
        let encoded = Self(Secret::new(general_purpose::STANDARD.encode(bytes)));
        match encoded.expose().len() {
            ..=MAX_CHARACTERS => Ok(encoded),
            // What is no response at all no administrator can make shorter.
            characters => response::check_kind(text).and(Err(too_long(characters))),
        }
    }

    /// The XML document.
    pub(super) fn text(&self) -> Result<Text> {
        let bytes = LENIENT.decode(self.expose()).map(Zeroizing::new).unwrap_or_default();
        encoding::read(&bytes).map_err(unreadable)
    }
}

fn too_large() -> Error {
    unreadable("it is larger than 1 MiB")
}

fn too_long(characters: usize) -> Error {
    unreadable(format!("it has {characters} characters, and STS takes at most {MAX_CHARACTERS}"))
        .hint("ask the identity provider's administrator to send fewer roles and attributes to AWS")
}

/// Percent escapes and character references resolved; neither `%` nor `&` is in base64's alphabet. What was cut within
/// one ends before it.
fn unescaped(value: &str) -> Cow<'_, str> {
    let is_cut =
        |tail: &str| if tail.starts_with('%') { tail.len() < 3 } else { tail.len() < 8 && !tail.contains(';') };
    let end = value.rfind(['%', '&']).filter(|at| is_cut(&value[*at..])).unwrap_or(value.len());
    let value = &value[..end];
    if value.contains('&') {
        return quick_xml::escape::unescape(value).unwrap_or(value.into());
    }
    if value.contains('%') {
        let field = Zeroizing::new(format!("={}", value.replace('+', "%2B")));
        let mut fields = form_urlencoded::parse(field.as_bytes());
        return fields.next().map(|(_, value)| value.into_owned()).unwrap_or_default().into();
    }
    value.into()
}

/// Without white space and in the standard alphabet; with what spaces stand for, and what the end has lost.
pub(super) fn compact(text: &str, space: &str, end: &str) -> String {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::fixture::Sample;

    /// A document whose base64 has a plus, a slash and padding in it.
    const XML: &str = "<a>~~~>>>???ÿÿ>?</a>\n";

    fn standard() -> String {
        let base64 = general_purpose::STANDARD.encode(XML);
        assert!(base64.contains('+') && base64.contains('/') && base64.ends_with('='), "{base64}");
        base64
    }

    fn xml(encoded: &EncodedResponse) -> String {
        match encoded.text().expect("readable") {
            Text::Read(text) => text.to_string(),
            Text::Unread { name, .. } => name,
        }
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
            assert_eq!(xml(&encoded), XML, "{shape}");
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
            assert_eq!(xml(&encoded), XML.trim());
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
            (b"PGE+&x;", "not base64: its character 5 is `&`"),
            (b"PGE+%zz", "not base64: its character 5 is `%`"),
            (b"\xff\xfe\x00\xd8\x00\x00", "its byte 3 is not UTF-16"),
            (b"<a>\xff</a>", "its byte 4 is not UTF-8"),
            (b"J\xf6rg", "its byte 2 is not UTF-8"),
            (b"<!DOCTYPE html>\n<html><form><input name=SAMLResponse value=PGE+>", "it breaks off before its end"),
            (b"<html><form><input name='user'></form></html>", "a web page without a SAML response: the sign-in"),
            (b"<div id='x'>a</div><script>f()</script>", "a web page without a SAML response"),
            (b"PGh0bWw+PC9odG1sPg==", "a web page without a SAML response"),
            (b"<samlp:Response", "breaks off"),
            (b"<samlp:Response><saml:Issuer>", "breaks off"),
            (b"PGE+PC9h", "it breaks off before its end"),
            (b"PGE+PC9", "it breaks off before its end"),
            (b"PGE%2BPC9%", "it breaks off before its end"),
            (b"PGE%2BPC9%2", "it breaks off before its end"),
            (b"PGE&#x2b;PC9&#x2", "it breaks off before its end"),
            (b"PGE+PGI+", "it breaks off before its end"),
            (b"PGE+/w==", "its byte 4 is not UTF-8"),
            (b"\xb3\x49\xb4\x4b\xc4\x02\x6c\xf4\x13\xed\0", "it is deflated, as in an address"),
            (b"s0m0S8QCbPQT7QA=", "it is deflated, as in an address"),
            (b"SAMLResponse=s0m0S8QCbPQT7QA%3D", "it is deflated, as in an address"),
            (b"https://idp.example/?SAMLRequest=fZDBTsMwEER", "it is the request, not the response"),
            (b"wa=wsignin1.0&wresult=%3Ca%2F%3E", "`wresult` in place of `SAMLResponse`"),
            (b"{\"SAMLResponse\":\"PGEvPg==\",\"x\":[\"SAMLResponse=PGIvPg==\"]}", "two different SAML responses"),
        ] {
            let error = EncodedResponse::from_person(input).expect_err("refused").sentence();
            assert!(error.contains(why), "{}: {error}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn a_value_that_was_copied_with_its_surroundings_is_taken() {
        let base64 = standard();
        let escaped = base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for text in [
            format!("\"{base64}\","),
            format!("{{\"SAMLResponse\":\"{base64}\"}}"),
            format!("SAMLResponse: {base64}\nRelayState: x"),
            format!("SAMLResponse={base64}\nRelayState=\n"),
            format!("RelayState=\r\nSAMLResponse={}", lines(&base64, "\r\n")),
            format!("curl 'https://x/' --data-raw 'RelayState=&SAMLResponse={escaped}'"),
            format!("https://signin.aws.amazon.com/saml?SAMLResponse={escaped}&RelayState=x"),
            format!(
                "{{\"text\":\"SAMLResponse={escaped}\",\"params\":[{{\"name\":\"SAMLResponse\",\"value\":\"{escaped}\"}}]}}"
            ),
            format!("<html><body><form><input name='SAMLResponse' value='{base64}'/></form></body></html>"),
            format!("<input type=\"hidden\" value=\"{}\" name=\"SAMLResponse\">", base64.replace('+', "&#x2B;")),
        ] {
            let encoded = EncodedResponse::from_person(text.as_bytes()).expect(&text);
            assert_eq!(encoded.expose(), base64, "{text}");
        }
    }

    #[test]
    fn bytes_in_another_encoding_go_on_as_they_are() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>J\xf6rg</a>";
        let wide = |name: &str| format!("\u{feff}<?xml version='1.0' encoding='{name}'?><a>Jörg</a>");
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let unknown = b"<?xml version='1.0' encoding='EUC-KR'?><a>\xc7\xd1</a>";
        for (bytes, text) in [
            (latin.to_vec(), "<?xml version='1.0' encoding='ISO-8859-1'?><a>Jörg</a>".to_owned()),
            (utf16(&wide("UTF-16")), wide("UTF-16")),
            (unknown.to_vec(), "EUC-KR".to_owned()),
            ("<a/>".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "UTF-32".to_owned()),
        ] {
            let raw = EncodedResponse::from_person(&bytes).expect("a document");
            let base64 = general_purpose::STANDARD.encode(&bytes);
            let field = EncodedResponse::from_field(&base64).expect("a document");
            assert_eq!((raw.expose(), field.expose()), (base64.as_str(), base64.as_str()), "{text}");
            assert_eq!(xml(&raw), text);
        }
        let lines = format!("SAMLResponse={}\nRelayState=\n", general_purpose::STANDARD.encode(unknown));
        assert_eq!(xml(&EncodedResponse::from_person(lines.as_bytes()).expect("a document")), "EUC-KR");
        let four: Vec<u8> = "<a>bcd</a>\n ".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for (bytes, name) in [(four, "UTF-32"), (b"\x4c\x6f\xa7\x94\x4b\x6e\x25\x40\x40".to_vec(), "EBCDIC")] {
            let lines = format!("SAMLResponse={}\nRelayState=\n", general_purpose::STANDARD.encode(&bytes));
            assert_eq!(xml(&EncodedResponse::from_person(lines.as_bytes()).expect("one")), name);
            assert!(EncodedResponse::from_person(&bytes[..bytes.len() / 2]).is_err(), "{name}, cut");
        }
        let cut = EncodedResponse::from_person(&unknown[..unknown.len() - 2]).expect_err("cut");
        assert_eq!(cut.why(), "it breaks off before its end");
        let shell = EncodedResponse::from_person(&utf16(&wide("UTF-8"))).expect("a document");
        assert_eq!(xml(&shell), wide("UTF-8").trim_start_matches('\u{feff}'), "what calls itself UTF-8 becomes that");
    }

    #[test]
    fn more_than_sts_takes_is_refused_with_a_message_of_its_own() {
        let of_length = |name: &str, length: usize| {
            let tags = format!("<{name} xmlns='urn:oasis:names:tc:SAML:2.0:protocol'></{name}>");
            tags.replace("><", &format!(">{}<", "x".repeat(length - tags.len())))
        };
        let fits = of_length("Response", 75_000);
        assert_eq!(EncodedResponse::from_person(fits.as_bytes()).expect("fits").expose().len(), MAX_CHARACTERS);
        let long = of_length("Response", 75_001);
        for text in [general_purpose::STANDARD.encode(&long), long, of_length("Response", MAX_INPUT)] {
            let error = EncodedResponse::from_person(text.as_bytes()).expect_err("too long");
            assert!(error.sentence().contains("STS takes at most 100000"), "{error}");
            assert!(error.hints()[0].contains("fewer roles"));
        }
        for (text, why) in [
            (of_length("EntityDescriptor", 75_001), "its root element is `EntityDescriptor`"),
            (of_length("Response", MAX_INPUT + 1), "it is larger than 1 MiB"),
            ("<".repeat(MAX_INPUT + 1), "it is larger than 1 MiB"),
            (" ".repeat(MAX_INPUT + 1), "it is larger than 1 MiB"),
            ("A".repeat(MAX_CHARACTERS + 1), "not base64 of an XML document"),
        ] {
            let error = EncodedResponse::from_person(text.as_bytes()).expect_err("refused").sentence();
            assert!(error.contains(why), "{error}");
        }
        let error = EncodedResponse::from_field(&" ".repeat(MAX_INPUT + 1)).expect_err("refused");
        assert!(error.sentence().contains("larger than 1 MiB"), "{error}");
    }

    #[test]
    fn what_a_terminal_cut_says_so() {
        let base64 = general_purpose::STANDARD.encode(format!("<a>{}</a>", "x".repeat(5000)));
        for (length, hints) in [(4094, 0), (4095, 1), (4096, 1)] {
            let error = EncodedResponse::from_person(&base64.as_bytes()[..length]).expect_err("cut");
            assert_eq!((error.why(), error.hints().len()), ("it breaks off before its end", hints), "{length}");
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
        fn what_is_cut_is_called_that(end in 4_usize..1000) {
            let base64 = general_purpose::STANDARD.encode(Sample::default().xml());
            for text in [base64[..end].to_owned(), format!("SAMLResponse={}", base64[..end].replace('+', "%2B"))] {
                let error = EncodedResponse::from_person(text.as_bytes()).expect_err("cut");
                prop_assert_eq!(error.why(), "it breaks off before its end");
            }
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
