//! What a shell puts away and puts back: every value arrives as it was.

use std::{collections::BTreeMap, thread};

use leapp::environment::Plan;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::{console::Variables, people::Person, scenario::holds};
use crate::quoting::NASTY;

/// What else nobody should have to put up with: always the same, so that a failure is found again.
fn arbitrary() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = any::<String>().prop_map(|text| text.replace('\0', ""));
    (0..100).map(|_| strategy.new_tree(&mut runner).expect("a text").current()).collect()
}

/// The variables that leapp replaces.
fn names() -> Vec<String> {
    Plan::clear().removals().map(str::to_owned).filter(|name| name != "LEAPP_SESSION").collect()
}

/// Enters and leaves a directory with these values in the variables that leapp replaces.
fn come_back(shell: &'static str, values: &[String]) {
    let person = Person::new(shell);
    let outer: BTreeMap<String, String> = names().into_iter().zip(values.iter().cloned()).collect();
    let mut console = person.start_with("", "", |command| {
        command.envs(&outer);
    });
    let seen = |variables: Variables| -> BTreeMap<String, String> {
        variables.into_iter().filter(|(name, _)| outer.contains_key(name)).collect()
    };
    // What this shell makes of its environment is its own affair.
    let before = seen(console.report());
    assert!(before.len() * 2 > outer.len(), "{shell} passes on what it is given: {before:?}");
    let inside = console.after(&format!("cd {}", person.path("work/dev").display()));
    assert!(inside.contains_key("LEAPP_SESSION"), "{shell}; the screen: {}", console.screen());
    holds(&inside, "corp");
    let after = seen(console.after(&format!("cd {}", person.path(".").display())));
    for (name, value) in &before {
        assert_eq!(after.get(name), Some(value), "{shell}: {name}; the screen: {}", console.screen());
    }
    assert_eq!(after.len(), before.len(), "{shell}");
}

fn in_shells(shells: &[&'static str]) {
    let values: Vec<String> = NASTY.iter().map(ToString::to_string).chain(arbitrary()).collect();
    thread::scope(|scope| {
        for shell in shells {
            let values = &values;
            scope.spawn(move || values.chunks(names().len()).for_each(|values| come_back(shell, values)));
        }
    });
}

#[test]
fn come_back_in_sh_and_its_kin() {
    in_shells(&["bash", "zsh", "ksh93", "mksh"]);
}

#[test]
fn come_back_in_other_shells() {
    in_shells(&["fish", "tcsh", "nu", "elvish", "xonsh"]);
}
