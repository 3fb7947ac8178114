//! Whatever stands in a file of `~/.aws`, leapp's block goes in and comes out, and every other byte is as it was.
//!
//! `cargo +nightly fuzz run managed_block`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leapp::fuzzing::managed_block(bytes));
