//! Links GCC's unwinder into the program, where Rust would have it loaded as a library at each start.
//!
//! That library takes 0.1 ms of the 2 that a command may wait for its credentials: it is looked for, mapped, relocated,
//! and asks the processor for its features, which is slow in a virtual machine. Where there is no archive to link, the
//! program is the same but for that.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script through its environment")]

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_native = env::var("HOST").ok() == env::var("TARGET").ok();
    if !is_native || !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    let Ok(output) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output() else { return };
    let archive = String::from_utf8(output.stdout).unwrap_or_default();
    // Where it has none, the compiler gives back the bare name.
    if let Some(folder) = Path::new(archive.trim_end()).parent().filter(|folder| folder.is_absolute()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
