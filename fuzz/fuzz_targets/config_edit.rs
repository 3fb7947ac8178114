//! Whatever is edited in whatever config, the result is valid, says what was asked for, and has every comment that was not
//! about what is gone.
//!
//! `cargo +nightly fuzz run config_edit`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leapp::fuzzing::config_edit(bytes));
