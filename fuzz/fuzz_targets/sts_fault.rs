//! Whatever STS answers in the place of credentials, what is said of it is bounded, safe on a terminal, and no hint of the
//! answer's own. The first byte says the status and the session, the first line is the code, the rest the message.
//!
//! `cargo +nightly fuzz run sts_fault`

#![no_main]

use std::{sync::LazyLock, time::Duration};

use leapp::{
    config::Config,
    sts::{Fault, Hop, Way},
};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let text = "[sessions.corp]\nkind = \"federated\"\nsaml_url = \"https://acme.okta.com/x\"\n\
                idp_arn = \"arn:aws:iam::111122223333:saml-provider/okta\"\n\
                role_arn = \"arn:aws:iam::111122223333:role/Admin\"\n\
                [sessions.prod]\nkind = \"chained\"\nassumer = \"corp\"\nrole_arn = \"arn:aws:iam::444455556666:role/D\"\n\
                [sessions.base]\nkind = \"profile\"\nsource_profile = \"base\"\n";
    Config::parse("config.toml", text).expect("valid")
});

fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    let text = String::from_utf8_lossy(rest);
    let (code, message) = text.split_once('\n').unwrap_or((&text, ""));
    let status = [400, 403, 429, 500][usize::from(first % 4)];
    let session = CONFIG.session(["corp", "prod", "base"][usize::from(first / 4 % 3)]).expect("a session");
    let (endpoint, timeout) = ("STS in eu-west-1".to_owned(), Duration::from_secs(20));
    let hop = Hop { session, endpoint, timeout, assumer_profile: None, way: Way::default(), skew: None };
    let error = Fault::of(code, message, status).explain(&hop);
    let said = error.to_string();
    assert!(said.starts_with("leapp: cannot get credentials for `"), "{said}");
    // Each character may be escaped to ten.
    assert!(said.len() < 12_000, "{}", said.len());
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
    assert_eq!(said.lines().count(), 1 + error.hints().len(), "{said}");
});
