//! Whatever stands in a `.leapp` file, reading it ends in an alias or in words that are safe on a terminal.
//!
//! `cargo +nightly fuzz run directory_file`

#![no_main]

use leapp::{directory, session::Alias};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match directory::parse(bytes) {
        Ok(alias) => assert_eq!(Alias::parse(alias.as_str()), Ok(alias)),
        Err(why) => assert!(why.chars().all(|c| !c.is_control()), "{why:?}"),
    }
});
