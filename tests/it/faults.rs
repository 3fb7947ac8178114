//! What goes wrong at STS ends in bounded time, with a message that names session, hop and remedy.

use std::{
    ffi::OsStr,
    net::TcpListener,
    os::unix::ffi::OsStrExt as _,
    time::{Duration, Instant},
};

use crate::{
    harness::{ADMIN, Home, assertion, bed, fail, fail_by_fault, fail_with_input, run_with_input, succeed, text},
    remedies::{self, Then},
    stub::{Answer, Grant, Stub, http, refusal},
};

/// Signs in to `corp` against a fault at STS.
fn faulty(fault: &str) -> (String, Duration) {
    let mut home = Home::new();
    home.sts_path = fault.into();
    let response = assertion(&[]);
    let start = Instant::now();
    let mut login = home.leapp(["login", "corp", "--saml-response", "-"]);
    let output = run_with_input(&mut login, &response);
    let time = start.elapsed();
    assert!(!output.status.success());
    let said = text(&output.stderr);
    remedies::carry_out(&login, &response, &said, Then::Again);
    (said, time)
}

/// A message that names the session, the role and something to do.
fn names_session_and_hop(said: &str) {
    assert!(
        said.starts_with("leapp: cannot get credentials for `corp` (arn:aws:iam::111122223333:role/Admin)"),
        "{said}"
    );
    assert!(said.lines().count() >= 2, "there is something to do next: {said}");
}

#[test]
fn what_the_environment_says_of_the_way_is_understood_or_refused() {
    let mut home = Home::new();
    let refused = |home: &Home, name: &str, value: &OsStr| {
        let said = fail(125, home.leapp(["exec", "corp", "--", "true"]).env(name, value));
        assert!(said.contains(name) && !said.contains("hush"), "{said}");
        said
    };
    let odd = OsStr::from_bytes(b"http://127.0.0.1:1/\xff");
    refused(&home, "AWS_ENDPOINT_URL_STS", odd);
    refused(&home, "HTTP_PROXY", OsStr::new("http//user:hush@proxy:1"));
    let said = refused(&home, "AWS_ENDPOINT_URL_STS", OsStr::new("http://sts.example.org"));
    assert!(said.contains("without TLS") && said.contains("https://"), "{said}");
    // Also where credentials are kept: another endpoint's are not these.
    home.sign_in("corp");
    refused(&home, "AWS_ENDPOINT_URL_STS", odd);
    // A file's name may be any bytes.
    home.endpoint = Some("https://127.0.0.1:1".into());
    let mut login = home.leapp(["login", "corp", "--saml-response", "-"]);
    let output = run_with_input(login.env("AWS_CA_BUNDLE", OsStr::from_bytes(b"/nonexistent/\xff")), &assertion(&[]));
    assert!(text(&output.stderr).contains("cannot use AWS_CA_BUNDLE"), "{}", text(&output.stderr));
}

#[test]
fn refused_connections_end_within_three_seconds() {
    let mut home = Home::new();
    let port = TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address").port();
    home.endpoint = Some(format!("http://127.0.0.1:{port}"));
    let response = assertion(&[]);
    let start = Instant::now();
    let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &response);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let said = text(&output.stderr);
    names_session_and_hop(&said);
    assert!(said.contains("cannot be reached: Connection refused"), "{said}");
}

/// Signs in to `corp` at an endpoint, with these variables.
fn on_the_way(endpoint: &str, variables: &[(&str, &str)]) -> String {
    let mut home = Home::new();
    home.endpoint = Some(endpoint.into());
    let mut login = home.leapp(["login", "corp", "--saml-response", "-"]);
    let said = fail_with_input(1, login.envs(variables.iter().copied()), &assertion(&[]));
    names_session_and_hop(&said);
    // Another region is no way around a name, a proxy or a certificate.
    assert!(!said.contains("--region"), "{said}");
    said
}

#[test]
fn what_is_in_the_way_is_named_with_what_to_do_about_it() {
    let tunnel = |status: &str| Stub::always(Answer::Bytes(format!("HTTP/1.1 {status}\r\n\r\n").into_bytes())).url;
    let (refusing, asking) = (tunnel("403 Forbidden"), tunnel("407 Proxy Authentication Required"));
    let tls = bed("LEAPP_BED_STS_TLS");
    let other = {
        let home = Home::new();
        let made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout /dev/null 2>/dev/null";
        succeed(std::process::Command::new("sh").args(["-c", made]).current_dir(home.path("")))
    };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), other).expect("written");
    let bundle = file.path().to_str().expect("UTF-8");
    let aws = "https://sts.invalid";
    for (endpoint, variables, parts) in [
        (
            aws,
            &[][..],
            &[
                "https://sts.invalid cannot be reached",
                "name resolution|not known|No address",
                "unset AWS_ENDPOINT_URL_STS",
            ][..],
        ),
        ("http://127.0.0.1:9", &[], &["cannot be reached: Connection refused", "unset AWS_ENDPOINT_URL_STS"]),
        (
            aws,
            &[("HTTPS_PROXY", "http://127.0.0.1:9")],
            &["the proxy http://127.0.0.1:9/ (HTTPS_PROXY) cannot be reached: Connection refused", "unset HTTPS_PROXY"],
        ),
        (
            aws,
            &[("ALL_PROXY", "http://bob:hush@proxy.invalid:1")],
            &["the proxy http://proxy.invalid:1/ (ALL_PROXY) cannot be reached", "unset ALL_PROXY"],
        ),
        (
            aws,
            &[("https_proxy", &refusing)],
            &["(https_proxy) lets nothing through to https://sts.invalid", "unset https_proxy"],
        ),
        (
            aws,
            &[("https_proxy", &asking)],
            &["(https_proxy) lets nothing through", "proxy authorization required", "unset https_proxy"],
        ),
        (&tls, &[], &["UnknownIssuer", "export AWS_CA_BUNDLE=/path/to/certificate.pem"]),
        (
            &tls,
            &[("AWS_CA_BUNDLE", bundle)],
            &["UnknownIssuer", "the file that AWS_CA_BUNDLE names", "unset AWS_CA_BUNDLE"],
        ),
    ] {
        let said = on_the_way(endpoint, variables);
        assert!(parts.iter().all(|part| part.split('|').any(|part| said.contains(part))), "{parts:?}: {said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn each_refusal_of_a_key_a_token_or_a_signature_has_its_own_remedy() {
    for (code, part) in [
        ("InvalidClientTokenId", "the access key was deleted or deactivated, or is of another partition"),
        ("UnrecognizedClientException", "the session token is of another partition, or of a region"),
        ("SignatureDoesNotMatch", "the secret access key does not belong to the access key, or a proxy"),
        ("InvalidSignatureException", "the secret access key does not belong"),
    ] {
        let grant = Grant::of("AssumeRoleWithSAML", ADMIN, 3600, time::Duration::ZERO).xml();
        let stub = Stub::new(move |_, request| {
            if request.contains("Action=AssumeRoleWithSAML") {
                return http("200 OK", "text/xml", &grant);
            }
            http("403 Forbidden", "text/xml", refusal(code, "The security token is invalid."))
        });
        let mut home = Home::new();
        home.endpoint = Some(stub.url.clone());
        home.sign_in("corp");
        let said = fail_by_fault(125, &mut home.leapp(["exec", "prod", "--", "true"]));
        assert!(said.contains(code) && said.contains(part), "{said}");
        assert!(said.contains("run: leapp login corp") && !said.contains("clock"), "{said}");
    }
}

#[test]
fn the_remedies_in_iam_are_commands_that_aws_takes() {
    let said = with_assertion(&["--tamper"]) + &with_assertion(&["--encrypted"]);
    let home = Home::new();
    for name in ["METADATA.xml", "KEY.pem"] {
        std::fs::write(home.path(name), "x".repeat(1000)).expect("written");
    }
    let commands = said.lines().filter_map(|line| line.split_once(", run: ")).map(|(_, command)| command);
    let commands: Vec<&str> = commands.filter(|command| command.starts_with("aws iam update-saml-provider ")).collect();
    assert_eq!(commands.len(), 2, "{said}");
    for words in commands {
        let mut command = std::process::Command::new("sh");
        home.surround(command.args(["-c", words]).current_dir(home.path("")));
        let path = format!("{}:{}", bed("LEAPP_BED_BIN"), std::env::var("PATH").expect("a path"));
        command.env("PATH", path).env("AWS_ENDPOINT_URL", bed("LEAPP_BED_STS")).env("AWS_REGION", "us-east-1");
        // Keys of an account without that provider, so that nothing is changed: the words are good, and IAM is asked.
        let output = command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").output().expect("aws");
        assert!(text(&output.stderr).contains("(NoSuchEntity) when calling the UpdateSAMLProvider"), "{output:?}");
    }
}

#[test]
fn persistent_errors_end_within_twelve_seconds() {
    let (said, time) = faulty("/fault/500");
    assert!(time < Duration::from_secs(12), "{time:?}");
    names_session_and_hop(&said);
    assert!(said.contains("AWS's own trouble"), "{said}");
}

#[test]
fn throttling_ends_within_twelve_seconds() {
    let (said, time) = faulty("/fault/throttle");
    assert!(time < Duration::from_secs(12), "{time:?}");
    names_session_and_hop(&said);
    assert!(said.contains("too many requests"), "{said}");
}

#[test]
fn a_server_that_never_answers_ends_within_thirty_seconds_and_the_bound_can_be_set() {
    let (said, time) = faulty("/fault/hang");
    assert!(time < Duration::from_secs(30), "{time:?}");
    names_session_and_hop(&said);
    assert!(said.contains("did not answer in the 20s that STS may take"), "{said}");

    let mut home = Home::new();
    home.sts_path = "/fault/hang".into();
    let config = std::fs::read_to_string(home.config()).expect("read");
    home.write_config(&format!("timeout = \"2s\"\n{config}"));
    let start = Instant::now();
    run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &assertion(&[]));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn the_bound_is_for_the_whole_chain_and_the_failing_hop_is_named() {
    let mut home = Home::new();
    home.sts_path = "/fault/500".into();
    let start = Instant::now();
    let output = run_with_input(&mut home.leapp(["login", "audit", "--saml-response", "-"]), &assertion(&[]));
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    names_session_and_hop(&text(&output.stderr));
}

#[test]
fn a_passing_fault_is_survived() {
    let mut home = Home::new();
    home.sts_path = "/fault/once500".into();
    home.sign_in("corp");
    assert_eq!(home.count("AssumeRoleWithSAML"), 2);
}

#[test]
fn what_is_not_sts_is_told_from_sts() {
    let (said, _) = faulty("/fault/html");
    names_session_and_hop(&said);
    assert!(said.contains("does not answer as STS does") && said.contains("captive portal"), "{said}");
}

#[test]
fn each_refusal_of_sts_says_what_to_fix() {
    let cases = [
        ("/fault/regiondisabled", "RegionDisabledException", "enable STS for that region"),
        ("/fault/idprejected", "IDPRejectedClaim", "ask who runs the identity provider"),
        ("/clock/+420", "ExpiredToken", "this machine's clock is 7m behind AWS's"),
        ("/clock/+420", "ExpiredToken", "sudo timedatectl set-ntp true"),
    ];
    for (fault, code, remedy) in cases {
        let (said, _) = faulty(fault);
        names_session_and_hop(&said);
        assert!(said.contains(code) && said.contains(remedy), "{fault}: {said}");
        assert!(!said.contains("leapp login"), "{fault}: {said}");
    }
}

/// Signs in to `corp` with an assertion that is bad in one way.
fn with_assertion(options: &[&str]) -> String {
    let home = Home::new();
    // A tampered response offers a role that was never signed for.
    home.add_config(&crate::harness::federated("tampered", "ssp", "arn:aws:iam::111122223333:role/Tampered", ""));
    let session = if options == ["--tamper"] { "tampered" } else { "corp" };
    fail_with_input(1, &mut home.leapp(["login", session, "--saml-response", "-"]), &assertion(options))
}

#[test]
fn a_bad_assertion_is_refused_with_what_to_fix() {
    let cases: &[(&[&str], &str)] = &[
        (&["--tamper"], "Response signature invalid"),
        (&["--tamper"], "--saml-metadata-document file://METADATA.xml"),
        (&["--encrypted"], "--add-private-key file://KEY.pem"),
        (&["--session-duration", "100"], "https://aws.amazon.com/SAML/Attributes/SessionDuration"),
        (&["--unsigned"], "Response signature invalid"),
        (&["--audience", "https://example.org/sp"], "https://example.org/sp"),
        (&["--recipient", "https://example.org/acs"], "https://example.org/acs"),
        (&["--age", "600"], "expired"),
        (&["--status-failure"], "AuthnFailed"),
    ];
    for (options, part) in cases {
        let said = with_assertion(options);
        assert!(said.contains(part) && said.lines().count() >= 2, "{options:?}: {said}");
    }
}

#[test]
fn a_response_without_the_sessions_role_is_refused_before_sts_is_asked() {
    let home = Home::new();
    home.add_config(&crate::harness::federated("root", "ssp", "arn:aws:iam::111122223333:role/Root", ""));
    let output = run_with_input(&mut home.leapp(["login", "root", "--saml-response", "-"]), &assertion(&[]));
    let said = text(&output.stderr);
    for role in ["111122223333:role/Admin", "111122223333:role/ReadOnly", "444455556666:role/team/Deploy"] {
        assert!(said.contains(role), "{said}");
    }
    assert!(said.contains("leapp session edit root"), "{said}");
    assert_eq!(home.requests().len(), 0);
}

#[test]
fn a_session_duration_that_aws_does_not_have_is_refused_before_sts_is_asked() {
    let home = Home::new();
    let response = assertion(&["--session-duration", "100"]);
    let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &response);
    let said = text(&output.stderr);
    assert!(said.contains("has sessions last `100`") && said.contains("900 to 43200"), "{said}");
    assert_eq!(home.requests().len(), 0);
}

#[test]
fn an_encrypted_assertion_goes_to_sts_unread() {
    let home = Home::new();
    run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), &assertion(&["--encrypted"]));
    assert_eq!(home.count("AssumeRoleWithSAML"), 1);
}

#[test]
fn proxy_and_no_proxy_are_respected() {
    let home = Home::new();
    let log = || std::fs::read_to_string(bed("LEAPP_BED_PROXY_LOG")).unwrap_or_default();
    let sign_in = |variables: &[(&str, String)]| {
        let mut command = home.leapp(["login", "corp", "--saml-response", "-"]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = run_with_input(&mut command, &assertion(&[]));
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let marker = format!("{}/t/", bed("LEAPP_BED_STS"));
    let through = |log: &str| log.lines().filter(|line| line.contains(&marker)).count();
    let before = through(&log());
    sign_in(&[("HTTP_PROXY", bed("LEAPP_BED_PROXY"))]);
    assert_eq!(through(&log()), before + 1);
    sign_in(&[("HTTP_PROXY", bed("LEAPP_BED_PROXY")), ("NO_PROXY", "127.0.0.1".into())]);
    assert_eq!(through(&log()), before + 1);
}

#[test]
fn tls_takes_the_certificates_of_aws_ca_bundle_alone() {
    let mut home = Home::new();
    home.endpoint = Some(bed("LEAPP_BED_STS_TLS"));
    let sign_in = |variables: &[(&str, String)]| {
        let mut command = home.leapp(["login", "corp", "--saml-response", "-"]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        run_with_input(&mut command, &assertion(&[]))
    };
    let refused = text(&sign_in(&[]).stderr);
    assert!(refused.contains("cannot be reached") && refused.contains("certificate"), "{refused}");
    let trusted = sign_in(&[("AWS_CA_BUNDLE", bed("LEAPP_BED_CA"))]);
    assert!(trusted.status.success(), "{}", text(&trusted.stderr));
    let proxied = sign_in(&[("AWS_CA_BUNDLE", bed("LEAPP_BED_CA")), ("HTTPS_PROXY", bed("LEAPP_BED_PROXY"))]);
    assert!(proxied.status.success(), "{}", text(&proxied.stderr));
    let tunnel = format!("CONNECT {}", bed("LEAPP_BED_STS_TLS").trim_start_matches("https://"));
    let log = std::fs::read_to_string(bed("LEAPP_BED_PROXY_LOG")).expect("the proxy's log");
    assert!(log.contains(&tunnel), "{log}");
    let broken = text(&sign_in(&[("AWS_CA_BUNDLE", "/etc/hostname".into())]).stderr);
    assert!(broken.contains("cannot use AWS_CA_BUNDLE (/etc/hostname): it has no certificate"), "{broken}");
    let missing = text(&sign_in(&[("AWS_CA_BUNDLE", "/nonexistent".into())]).stderr);
    assert!(missing.contains("there is no such file"), "{missing}");
}

#[test]
fn garbage_in_place_of_a_response_is_refused_at_once() {
    let home = Home::new();
    for garbage in
        [&b""[..], b"not base64 at all!", b"PGh0bWw+PC9odG1sPg==", &[0xff; 100], b"SAMLResponse=&RelayState=x"]
    {
        let output = run_with_input(&mut home.leapp(["login", "corp", "--saml-response", "-"]), garbage);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).starts_with("leapp: "), "{}", text(&output.stderr));
    }
    assert!(fail(1, &mut home.leapp(["login", "corp", "--saml-response", "/nonexistent"])).contains("No such file"));
    assert_eq!(home.requests().len(), 0);
}
