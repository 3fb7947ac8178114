//! Whatever is handed over as a SAML response, reading and judging it ends in a value or an error.
//!
//! `cargo +nightly fuzz run saml_response`

#![no_main]

use leapp::{
    saml::{EncodedResponse, Expectation, Response, endpoint},
    session::{Alias, ProviderArn, RoleArn},
};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|bytes: &[u8]| {
    let _ = EncodedResponse::from_form(bytes);
    if let Ok(url) = std::str::from_utf8(bytes) {
        let _ = endpoint::is_sign_in(url);
    }
    let Ok(response) = EncodedResponse::from_person(bytes).and_then(|encoded| Response::read(&encoded)) else { return };
    let now = OffsetDateTime::UNIX_EPOCH;
    let _ = (response.redeem_until(now), response.window(now));
    let idp_arn = ProviderArn::parse("arn:aws:iam::111122223333:saml-provider/okta").expect("valid");
    let role_arn = RoleArn::parse("arn:aws:iam::111122223333:role/Admin").expect("valid");
    if let Err(refusal) = response.check(&Expectation { idp_arn: &idp_arn, role_arn: &role_arn }) {
        let _ = refusal.into_error(&Alias::parse("corp").expect("valid")).to_string();
    }
});
