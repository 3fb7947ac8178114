//! That this crate decides and does nothing: what clippy cannot forbid as a whole.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test itself reads files and runs cargo")]

use std::{fs, path::Path, process::Command};

/// Modules of the standard library by which something is done.
const DOING: [&str; 5] = ["fs", "net", "process", "env", "thread"];
/// Pure types of those modules.
const PURE: [&str; 2] = ["std::net::IpAddr", "std::net::Ipv6Addr"];
/// What dependencies are not to bring: runtimes, clients, terminals.
const ABSENT: [&str; 9] = ["tokio", "hyper", "rustls", "aws-", "async-std", "reqwest", "nix ", "tempfile", "clap"];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read_to_string(&path).expect("a source")));
        }
    }
}

#[test]
fn no_source_names_a_module_that_does_something() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 50, "only {} sources", found.len());
    for (path, text) in found {
        let text = PURE.iter().fold(text, |text, pure| text.replace(pure, ""));
        // Also within `use std::{…}`.
        let uses = text.split("use std::{").skip(1).filter_map(|rest| rest.split_once("};")).map(|(list, _)| list);
        let listed: Vec<&str> = uses.flat_map(|list| list.split([',', '\n', ' ', '{', '}'])).collect();
        for module in DOING {
            assert!(!text.contains(&format!("std::{module}")), "{path} names std::{module}");
            let is_listed = |word: &&str| *word == module || word.starts_with(&format!("{module}::"));
            assert!(!listed.iter().any(is_listed), "{path} uses std::{module}");
        }
    }
}

#[test]
fn no_dependency_brings_a_runtime_or_a_client() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "-p", "leapp-core", "-e", "normal", "--prefix", "none"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    let tree = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && tree.contains("toml_edit"), "{}", String::from_utf8_lossy(&output.stderr));
    for line in tree.lines() {
        assert!(!ABSENT.iter().any(|name| line.starts_with(name)), "{line}");
    }
}
