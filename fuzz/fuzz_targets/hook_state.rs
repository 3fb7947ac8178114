//! Whatever stands in `LEAPP_STATE`, it is read or it is none, and what every shell is told to do about it can be written.
//!
//! `cargo +nightly fuzz run hook_state`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leapp::fuzzing::hook_state(bytes));
