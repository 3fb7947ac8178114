//! SAML responses that a person hands over: in any encoding, in whatever they were copied with, and what is none.

use std::{fs, process::Command};

use crate::harness::{Home, assertion, fail, run_with_input, text};

/// Signs in to `corp` with what is handed over on standard input; gives what is said where that fails.
fn sign_in(home: &Home, given: &[u8]) -> Result<(), String> {
    let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), given);
    if output.status.success() { Ok(()) } else { Err(text(&output.stderr)) }
}

#[test]
fn a_response_in_another_encoding_signs_in() {
    for encoding in ["ISO-8859-1", "ISO-8859-15", "windows-1252", "UTF-16"] {
        let home = Home::new();
        let base64 = assertion(&["--encoding", encoding]);
        assert_eq!(sign_in(&home, &base64), Ok(()), "{encoding}");
        let (file, coded) = (home.path("response.xml"), home.path("base64"));
        fs::write(&coded, &base64).expect("written");
        let decoded = Command::new("base64").arg("-d").arg(&coded).output().expect("base64");
        fs::write(&file, decoded.stdout).expect("written");
        let said = home.leapp(["login", "corp", "--saml-response"]).arg(&file).output().expect("run");
        assert!(said.status.success(), "{encoding}: {}", text(&said.stderr));
        assert_eq!(home.count("AssumeRoleWithSAML"), 2, "{encoding}");
    }
}

#[test]
fn an_encoding_that_is_not_known_is_named_and_sts_judges() {
    let home = Home::new();
    let output = run_with_input(
        &mut home.leapp(["login", "corp", "--saml-response", "-"]),
        &assertion(&["--encoding", "KOI8-R"]),
    );
    let said = text(&output.stderr);
    let named =
        "leapp: the SAML response for `corp` is in the encoding `KOI8-R`, which is not known here: STS judges it\n";
    assert!(said.starts_with(named), "{said}");
    assert_eq!(home.count("AssumeRoleWithSAML"), 1);
}

#[test]
fn what_a_browsers_tools_copy_signs_in() {
    let home = Home::new();
    let base64 = text(&assertion(&[])).trim().to_owned();
    let escaped = base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for given in [
        format!("SAMLResponse={base64}\nRelayState=\n"),
        format!("\"{base64}\""),
        format!("{{\"SAMLResponse\":\"{base64}\"}}"),
        format!("SAMLResponse: {base64}"),
        format!("curl 'https://signin.aws.amazon.com/saml' -H 'a: b' --data-raw 'SAMLResponse={escaped}&RelayState='"),
        format!("https://signin.aws.amazon.com/saml?SAMLResponse={escaped}&RelayState=x"),
        format!("<html><body><form action='x'><input name='SAMLResponse' value='{base64}'></form></body></html>"),
        format!("<input type=\"hidden\" name=\"SAMLResponse\" value=\"{base64}\">"),
    ] {
        assert_eq!(sign_in(&home, given.as_bytes()), Ok(()), "{given}");
    }
    assert_eq!(home.count("AssumeRoleWithSAML"), 8);
}

#[test]
fn what_is_no_response_is_told_what_it_is() {
    let home = Home::new();
    let base64 = text(&assertion(&[])).trim().to_owned();
    let terminal =
        "it breaks off before its end\n  a terminal cuts a line at 4,095 characters: hand it over in a file, ";
    for (given, said) in [
        (base64[..1000].to_owned(), "it breaks off before its end\n"),
        (base64[..4095].to_owned(), terminal),
        (format!("SAMLResponse={}", &base64[..4083]), terminal),
        (format!("{base64}."), "it is not base64: its character "),
        (format!("{base64}\u{200b}"), " is `\\u{200b}`\n"),
        (
            "<html><form><input name=\"user\"></form></html>".into(),
            "a web page without a SAML response: the sign-in is not",
        ),
        ("SAMLRequest=fZDBTsMwEER%2F".into(), "it is the request, not the response\n"),
        (" ".repeat(1_100_000), "it is larger than 1 MiB\n"),
    ] {
        let error = sign_in(&home, given.as_bytes()).expect_err("refused");
        assert!(error.starts_with("leapp: cannot read the SAML response: ") && error.contains(said), "{said}: {error}");
    }
    let large = home.path("large");
    fs::write(&large, format!("{}{base64}", " ".repeat(1_100_000))).expect("written");
    let said = fail(1, home.leapp(["login", "corp", "--saml-response"]).arg(&large));
    assert_eq!(said, "leapp: cannot read the SAML response: it is larger than 1 MiB\n");
    assert_eq!(home.requests().len(), 0);
}
