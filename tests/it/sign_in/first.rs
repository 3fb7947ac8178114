//! The first sign-in, when nothing is remembered.

use super::desk::Desk;
use crate::harness::{ADMIN, bed};

/// Who the real AWS CLI says that one is.
fn who(desk: &Desk, session: &str) -> String {
    let aws = format!("{}/aws", bed("LEAPP_BED_BIN"));
    let words = ["exec", session, "--", &aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    desk.start(&mut desk.leapp(words)).succeed().out.trim().to_owned()
}

#[test]
fn a_password_at_simplesamlphp() {
    let desk = Desk::new();
    let alice = desk.alice();
    assert_eq!(who(&desk, "corp"), "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org");
    alice.succeed();
    desk.is_empty();
    assert!(who(&desk, "prod").starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/"));
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (1, 1));
}

#[test]
fn name_password_and_code_one_after_the_other_at_nanoidp() {
    let desk = Desk::new();
    let carol = desk.carol();
    assert_eq!(who(&desk, "nano"), "arn:aws:sts::111122223333:assumed-role/Admin/carol@example.org");
    carol.succeed();
    desk.is_empty();
}

#[test]
fn a_sign_in_url_may_be_long() {
    let desk = Desk::new();
    let url = format!("{}&RelayState={}", bed("LEAPP_BED_NANO_URL"), "https%3A%2F%2Fexample.org%2F%25".repeat(200));
    assert!(url.len() > 6000);
    desk.add_config(&format!(
        "[sessions.long]\nkind = \"federated\"\nsaml_url = \"{url}\"\n\
         idp_arn = \"arn:aws:iam::111122223333:saml-provider/nano\"\nrole_arn = \"{ADMIN}\"\n"
    ));
    let carol = desk.carol();
    desk.start(&mut desk.leapp(["exec", "long", "--", "true"])).succeed();
    carol.succeed();
}

#[test]
fn a_chained_session_begins_with_the_sign_in_of_its_base() {
    let desk = Desk::new();
    let alice = desk.alice();
    assert!(who(&desk, "audit").starts_with("arn:aws:sts::444455556666:assumed-role/Audit/"));
    alice.succeed();
    assert_eq!((desk.count("AssumeRoleWithSAML"), desk.count("AssumeRole")), (1, 2));
}

#[test]
fn the_wrong_person_is_refused_before_sts_and_another_may_sign_in() {
    let desk = Desk::new();
    let exec = || desk.start(&mut desk.leapp(["exec", "corp", "--", "true"]));
    let solo = desk.person("ssp", &["--user", "solo", "--password", "solo"]);
    let refused = exec().end_with(125).err;
    solo.succeed();
    desk.is_empty();
    let expected = format!(
        "leapp: cannot sign in to `corp`: the identity provider does not offer you {ADMIN}; it offers\n    \
         arn:aws:iam::111122223333:role/Solo\n  \
         run: leapp session edit corp --role-arn arn:aws:iam::111122223333:role/Solo\n  \
         to sign in as somebody else, run: leapp logout corp --browser\n"
    );
    assert!(refused.ends_with(&expected), "{refused}");
    assert_eq!(exec().end_with(125).err.matches("does not offer you").count(), 1, "the browser remembers solo");
    assert_eq!(desk.count("AssumeRoleWithSAML"), 0);
    let said = desk.start(&mut desk.leapp(["logout", "corp", "--browser"])).succeed().err;
    assert!(said.starts_with("leapp: signed out of the browser at 127.0.0.1:"), "{said}");
    let alice = desk.alice();
    exec().succeed();
    alice.succeed();
}

#[test]
fn a_response_larger_than_sts_takes_is_refused_before_sts() {
    let desk = Desk::new();
    let many = desk.person("ssp", &["--user", "many", "--password", "many"]);
    let refused = desk.start(&mut desk.leapp(["exec", "corp", "--", "true"])).end_with(125).err;
    many.succeed();
    assert!(refused.contains("cannot read the SAML response: it has 24"), "{refused}");
    assert!(refused.contains("characters, and STS takes at most 100000\n  ask the identity provider's"), "{refused}");
    assert_eq!(desk.requests().len(), 0);
    desk.is_empty();
}

#[test]
fn a_person_without_any_role_is_told_so() {
    let desk = Desk::new();
    let none = desk.person("ssp", &["--user", "none", "--password", "none"]);
    let refused = desk.start(&mut desk.leapp(["exec", "corp", "--", "true"])).end_with(125).err;
    none.succeed();
    assert!(refused.contains("the identity provider sends no Role attribute"), "{refused}");
    assert_eq!(desk.requests().len(), 0);
}
