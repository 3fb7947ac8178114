//! Whatever arrives, reading and judging it ends in a value or an error.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    EncodedResponse, Response,
    fixture::{DIALECTS, PROVIDER, ROLE, Sample, check, now},
};
use crate::session::Alias;

/// What every caller does with what arrives.
fn use_up(bytes: &[u8]) {
    let Ok(encoded) = EncodedResponse::from_person(bytes) else { return };
    let Ok(response) = Response::read(&encoded) else { return };
    let _ = (response.redeem_until(now()), response.window(now()));
    if let Err(refusal) = check(&response, ROLE, PROVIDER) {
        let _ = refusal.into_error(&Alias::parse("corp").expect("valid")).to_string();
    }
}

/// Pieces of which responses, and attacks on their readers, are made.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "<a>",
        "</a>",
        "<a/>",
        "<",
        ">",
        "&",
        "&amp;",
        "&#x41;",
        "&#0;",
        "&x;",
        "<!--",
        "-->",
        "--",
        "<![CDATA[",
        "]]>",
        "<?x",
        "?>",
        "<!DOCTYPE a [",
        "]>",
        "'",
        "\"",
        "xmlns='u'",
        " xmlns:b='u'",
        "<b:c>",
        "</b:c>",
        "\u{0}",
        "\u{feff}",
        "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'>",
        "</p:Response>",
        "<p:Status>",
        "</p:Status>",
        "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'>",
        "</Assertion>",
        " NotBefore='9999-12-31T23:59:59Z'",
        " IssueInstant='9999-12-31T23:59:59-23:59'",
        " IssueInstant='-0001-01-01T00:00:00Z'",
        "ÿ",
        " ",
        "\n",
        "arn:aws:iam::",
    ];
    prop_oneof![(0..pieces.len()).prop_map(move |i| pieces[i].to_owned()), ".{0,3}"]
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..400)) {
        use_up(&bytes);
        use_up(STANDARD.encode(&bytes).as_bytes());
        use_up(&[&b"<"[..], &bytes, b">"].concat());
    }

    #[test]
    fn arbitrary_pieces(pieces in vec(piece(), 0..40)) {
        use_up(format!("<{}>", pieces.concat()).as_bytes());
        use_up(format!("<r:Response xmlns:r='urn:oasis:names:tc:SAML:2.0:protocol'>{}</r:Response>", pieces.concat()).as_bytes());
    }

    #[test]
    fn mutated_responses(
        dialect in 0..DIALECTS.len(), cuts in vec((any::<Index>(), 0_usize..30, piece()), 1..6),
    ) {
        let mut xml: Vec<char> = Sample { dialect: DIALECTS[dialect], ..Sample::default() }.xml().chars().collect();
        for (at, length, piece) in cuts {
            let start = at.index(xml.len());
            let end = (start + length).min(xml.len());
            xml.splice(start..end, piece.chars());
        }
        use_up(xml.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn attribute_values_of_any_kind(values in vec(".{0,200}", 0..5), name in ".{0,80}") {
        let escaped: Vec<String> = values.iter().map(|value| quick_xml::escape::escape(value).into_owned()).collect();
        let values: Vec<&str> = escaped.iter().map(String::as_str).collect();
        let name = quick_xml::escape::escape(&name).into_owned();
        use_up(Sample::default().with("Role", &values).with("RoleSessionName", &[&name]).xml().as_bytes());
    }

    #[test]
    fn any_depth_and_width(depth in 0_usize..9_000, tag in "[ab]|x:y", close in any::<bool>()) {
        let end = if close { format!("</{tag}>").repeat(depth) } else { String::new() };
        use_up((format!("<{tag}>").repeat(depth) + &end).as_bytes());
    }
}
