//! Whatever a client sends to the endpoint, it is answered once at most, and with credentials only where it shows the token.
//!
//! `cargo +nightly fuzz run request`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leapp::fuzzing::request(bytes));
