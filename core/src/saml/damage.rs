//! What is wrong with a text that is not base64 of a whole XML document.

use base64::Engine as _;
use miniz_oxide::inflate::decompress_slice_iter_to_slice;
use zeroize::Zeroizing;

use super::{
    encoded::{LENIENT, compact},
    encoding, is_blank, unreadable, xml,
};
use crate::error::Error;

/// The longest lines that a terminal hands on (Linux: N_TTY's buffer of 4,096 bytes), with or without their end.
const LINE_OF_A_TERMINAL: std::ops::RangeInclusive<usize> = 4095..=4096;

/// As much of a document as is inflated, in bytes.
const BEGINNING: usize = 64;

/// Says it, of a text that was `given` with so many characters in all.
pub(super) fn explain(text: &str, given: usize) -> Error {
    // A space may be what a form parser made of `+`.
    let plus = Zeroizing::new(text.replace(' ', "+"));
    let (mut bytes, mut stray) = beginning(&plus);
    if !encoding::read(&bytes).is_ok_and(|text| text.begins()) {
        (bytes, stray) = beginning(text);
    }
    let begins = matches!(bytes.trim_ascii_start(), [b'<' | 0 | 0xef | 0xfe | 0xff, ..]);
    match (encoding::read(&bytes), stray) {
        (Ok(text), None) if text.begins() && !xml::is_cut(text.document()) => {
            unreadable("something stands after its end")
        }
        (Ok(text), None) if text.begins() => breaks_off(given),
        (Ok(text), Some((place, c))) if text.begins() => {
            unreadable(format!("it is not base64: its character {place} is `{c}`"))
        }
        (Err(why), _) if begins => unreadable(why),
        _ if is_deflated(&bytes) => deflated(),
        _ => unreadable("it is not base64 of an XML document"),
    }
}

/// What a text stands for up to the first character that is not base64's, and that with its place, from 1. Padding is one
/// where more base64 follows.
fn beginning(text: &str) -> (Zeroizing<Vec<u8>>, Option<(usize, char)>) {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c) || is_blank(c);
    let end = text.trim_end_matches(|c| c == '=' || is_blank(c)).len();
    let mut strays = text[..end].char_indices().filter(|(_, c)| !is_known(*c));
    let stray = strays.clone().find(|(_, c)| *c != '=').or_else(|| strays.next());
    let compact = Zeroizing::new(compact(&text[..stray.map_or(end, |(at, _)| at)], "", ""));
    let whole = compact.trim_end_matches('=');
    // As much as four characters at a time give; there is none here that is not ASCII.
    let whole = whole.get(..whole.len() - usize::from(whole.len() % 4 == 1)).unwrap_or_default();
    let bytes = Zeroizing::new(LENIENT.decode(whole).unwrap_or_default());
    (bytes, stray.map(|(at, c)| (text[..at].chars().count() + 1, c)))
}

/// It was cut, of `given` characters in all.
pub(super) fn breaks_off(given: usize) -> Error {
    let error = unreadable("it breaks off before its end");
    if LINE_OF_A_TERMINAL.contains(&given) {
        return error.hint("a terminal cuts a line at 4,095 characters: hand it over in a file, --saml-response FILE");
    }
    error
}

/// It comes from an address, where responses are deflated (SAML 2.0 bindings, section 3.4.4.1).
pub(super) fn deflated() -> Error {
    unreadable("it is deflated, as in an address (redirect binding), and AWS takes only posted ones")
        .hint("set the identity provider's application up to answer by HTTP-POST")
}

/// Whether bytes are a deflated document (RFC 1951), or the beginning of one.
pub(super) fn is_deflated(bytes: &[u8]) -> bool {
    // Never grown: growing would leave a copy behind that nobody wipes. What does not fit, or is missing, is no matter.
    let mut beginning = Zeroizing::new([0; BEGINNING]);
    let _ = decompress_slice_iter_to_slice(beginning.as_mut_slice(), std::iter::once(bytes), false, true);
    beginning.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    #[test]
    fn each_damage_has_words_of_its_own() {
        for (text, why) in [
            ("PGE+PC9hPg==.", "it is not base64: its character 13 is `.`"),
            ("PGE+\u{200b}PC9hPg==", "it is not base64: its character 5 is `\u{200b}`"),
            ("PGE PGI PC9i.", "it is not base64: its character 13 is `.`"),
            ("PGE+ \n PC9h\"", "it is not base64: its character 12 is `\"`"),
            ("PGE+====PGE+", "it is not base64: its character 5 is `=`"),
            ("PGE+PC9", "it breaks off before its end"),
            ("PGE+ PC9 ", "it breaks off before its end"),
            ("PGE PGI PC9i", "it breaks off before its end"),
            ("PGE+P", "it breaks off before its end"),
            ("PGE-", "it breaks off before its end"),
            ("PGE+/w==", "its byte 4 is not UTF-8"),
            ("PGE+PC9hPmI=", "something stands after its end"),
            ("aGVsbG8=", "it is not base64 of an XML document"),
            ("hello, world", "it is not base64 of an XML document"),
            ("aa \u{800}aA ¡\0𐀀", "it is not base64 of an XML document"),
            ("", "it is not base64 of an XML document"),
        ] {
            let error = explain(text, text.len());
            assert_eq!(error.why(), why, "{text}");
            assert!(error.hints().is_empty());
        }
        for (given, hints) in [(4094, 0), (4095, 1), (4096, 1), (4097, 0)] {
            assert_eq!(breaks_off(given).hints().len(), hints, "{given}");
        }
    }

    #[test]
    fn what_was_deflated_is_told_from_other_bytes() {
        // `<a>aaaaaaaaaaaaaaaaaaaa</a>` with the fixed code.
        const FIXED: [u8; 11] = [0xb3, 0x49, 0xb4, 0x4b, 0xc4, 0x02, 0x6c, 0xf4, 0x13, 0xed, 0];
        assert!(is_deflated(&FIXED));
        // With codes of its own, whole and cut.
        let response =
            ["<samlp:Response ID=\"_1\" Version=\"2.0\">", &"<saml:Issuer>https://idp.example</saml:Issuer>".repeat(9)];
        let dynamic = compress_to_vec(response.concat().as_bytes(), 9);
        assert_eq!(dynamic[0] >> 1 & 3, 2);
        assert!(is_deflated(&dynamic) && is_deflated(&dynamic[..dynamic.len() * 2 / 3]));
        for other in
            [&b""[..], b"<a/>", b"hello", b"\xff\xd8\xff\xe0", b"PK\x03\x04", b"\x89PNG\r\n", b"%PDF-1.7", b"MZ\x90"]
        {
            assert!(!is_deflated(other), "{other:?}");
        }
    }
}
