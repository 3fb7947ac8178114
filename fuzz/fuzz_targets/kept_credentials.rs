//! Whatever is unsealed in the place of kept credentials, it is credentials that come back the same, or it is none.
//!
//! `cargo +nightly fuzz run kept_credentials`

#![no_main]

use leapp::credentials::Credentials;
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|bytes: &[u8]| {
    let Some(credentials) = Credentials::from_bytes(bytes) else { return };
    assert_eq!(Credentials::from_bytes(&credentials.to_bytes()), Some(credentials.clone()));
    let left = credentials.time_left(OffsetDateTime::UNIX_EPOCH);
    assert!(left.is_zero() || credentials.issued.unix_timestamp() <= 60 || credentials.expiration.is_none());
    assert!(!format!("{credentials:?}").contains("Secret(\""));
});
