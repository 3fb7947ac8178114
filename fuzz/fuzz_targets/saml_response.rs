//! Whatever is handed over as a SAML response, reading and judging it ends in a value or an error that is safe on a
//! terminal; and what is taken is taken alike out of everything in which a browser's tools copy it.
//!
//! `cargo +nightly fuzz run saml_response`

#![no_main]

use leapp::{
    error::Error,
    saml::{Elsewhere, EncodedResponse, Expectation, Response, endpoint},
    session::{Alias, ProviderArn, RoleArn},
};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|bytes: &[u8]| {
    let _ = EncodedResponse::from_form(bytes);
    if let Ok(url) = std::str::from_utf8(bytes) {
        let _ = (endpoint::is_sign_in(url), endpoint::is_response_in_address(url), Elsewhere::of(url));
    }
    match EncodedResponse::from_person(bytes) {
        Ok(encoded) => {
            is_found_in_every_shape(&encoded);
            judge(&encoded);
        }
        Err(error) => is_safe(&error),
    }
});

fn judge(encoded: &EncodedResponse) {
    let response = match Response::read(encoded) {
        Ok(response) => response,
        Err(error) => return is_safe(&error),
    };
    let now = OffsetDateTime::UNIX_EPOCH;
    let _ = (response.redeem_until(now), response.window(now));
    let idp_arn = ProviderArn::parse("arn:aws:iam::111122223333:saml-provider/okta").expect("valid");
    let role_arn = RoleArn::parse("arn:aws:iam::111122223333:role/Admin").expect("valid");
    if let Err(refusal) = response.check(&Expectation { idp_arn: &idp_arn, role_arn: &role_arn }) {
        is_safe(&refusal.into_error(&Alias::parse("corp").expect("valid")));
    }
}

/// The shapes of a browser's tools, around a response that was taken.
fn is_found_in_every_shape(encoded: &EncodedResponse) {
    let base64 = encoded.expose();
    let escaped = base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for text in [
        base64.to_owned(),
        format!("\"{base64}\""),
        format!("{{\"SAMLResponse\":\"{}\"}}", base64.replace('/', "\\/")),
        format!("[{{\"name\":\"SAMLResponse\",\"value\":\"{escaped}\"}}]"),
        format!("SAMLResponse: {base64}\nRelayState: x"),
        format!("SAMLResponse={base64}\nRelayState=\n"),
        format!("RelayState=&SAMLResponse={escaped}"),
        format!("curl 'https://x/' --data-raw 'SAMLResponse={escaped}&RelayState='"),
        format!("https://signin.aws.amazon.com/saml?SAMLResponse={escaped}&RelayState="),
        format!("<html><form><input name='SAMLResponse' type='hidden' value='{base64}'/></form></html>"),
        format!("<textarea name=SAMLResponse>{base64}</textarea>"),
    ] {
        let again = EncodedResponse::from_person(text.as_bytes());
        assert_eq!(again.as_ref().map(EncodedResponse::expose), Ok(base64), "{text}");
    }
}

/// Bounded, and without a character that drives a terminal.
fn is_safe(error: &Error) {
    let text = error.to_string();
    assert!(text.len() < 64 << 10, "{} bytes", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}
