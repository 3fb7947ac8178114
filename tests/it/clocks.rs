//! A clock that is off locks nobody out, and keeps nobody in.

use std::{
    fs,
    process::{Command, Output},
};

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    harness::{
        ADMIN, DEPLOY, Home, assertion, bed, chained, fail, federated, run_with_input, succeed, sweep_faketime, text,
    },
    stub::{Answer, Grant, Stub, dated, refusal},
};

const LEAPP: &str = env!("CARGO_BIN_EXE_leapp");

/// leapp on a machine whose clock is ahead by this; behind where it is negative.
fn at(home: &Home, ahead: Duration, arguments: &[&str]) -> Command {
    sweep_faketime();
    let mut command = Command::new("faketime");
    command.args(["-f", &format!("{:+}s", ahead.whole_seconds()), LEAPP]).args(arguments);
    home.surround(&mut command);
    command.env("LEAPP_BROWSER", "/nonexistent");
    command
}

/// A home with `over`, a role over the temporary keys of a profile: what asks STS does not depend on a SAML response.
fn with_over(more: &str) -> Home {
    let home = Home::new();
    home.sign_in("corp");
    let json = succeed(&mut home.leapp(["env", "corp", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let get = |name: &str| json[name].as_str().expect("a text").to_owned();
    let keys = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        get("AWS_ACCESS_KEY_ID"),
        get("AWS_SECRET_ACCESS_KEY"),
        get("AWS_SESSION_TOKEN")
    );
    fs::create_dir_all(home.path(".aws")).expect("made");
    fs::write(home.path(".aws/credentials"), keys).expect("written");
    home.add_config("[sessions.base]\nkind = \"profile\"\nsource_profile = \"base\"\n");
    home.add_config(&chained("over", "base", DEPLOY, more));
    home
}

const OFFSETS: [Duration; 9] = [
    Duration::minutes(-2),
    Duration::minutes(2),
    Duration::minutes(-7),
    Duration::minutes(7),
    Duration::minutes(-20),
    Duration::minutes(20),
    Duration::hours(-10),
    Duration::hours(10),
    Duration::days(-400),
];

#[test]
fn a_chained_session_is_had_whatever_the_clock_says_and_its_end_is_by_that_clock() {
    let mut home = with_over("");
    for ahead in OFFSETS {
        let before = home.count("AssumeRole");
        let out = succeed(&mut at(
            &home,
            ahead,
            &["exec", "--no-cache", "over", "--", "printenv", "AWS_CREDENTIAL_EXPIRATION"],
        ));
        let end = OffsetDateTime::parse(out.trim(), &Rfc3339).expect("a time");
        let lasts = end - (OffsetDateTime::now_utc() + ahead);
        assert!(lasts > Duration::minutes(59) && lasts <= Duration::minutes(60), "{ahead}: {lasts}");
        // Where the signature was too old or too new, it was made again by AWS's clock.
        assert!(home.count("AssumeRole") - before <= 2, "{ahead}");
    }
    // The same the other way round: it is the other clock that is off.
    for shift in ["+120", "-120", "+420", "-420", "+1200", "-1200"] {
        home.sts_path = format!("/clock/{shift}");
        let out = succeed(&mut home.leapp(["exec", "over", "--", "printenv", "AWS_CREDENTIAL_EXPIRATION"]));
        let lasts = OffsetDateTime::parse(out.trim(), &Rfc3339).expect("a time") - OffsetDateTime::now_utc();
        assert!(lasts > Duration::minutes(59) && lasts <= Duration::minutes(60), "{shift}: {lasts}");
    }
}

#[test]
fn a_federated_session_is_signed_in_whatever_the_clock_says_and_lasts_as_long_as_it_was_granted() {
    // What is encrypted for AWS nobody judges before STS does.
    let response = assertion(&["--encrypted"]);
    for ahead in OFFSETS {
        let mut home = Home::new();
        let stub =
            sts(Duration::ZERO, |_, _| ("200 OK", Grant::of("AssumeRoleWithSAML", ADMIN, 3600, Duration::ZERO).xml()));
        home.endpoint = Some(stub.url.clone());
        let login = run_with_input(&mut at(&home, ahead, &["login", "corp", "--saml-response", "-"]), &response);
        let said = text(&login.stderr);
        assert!(login.status.success() && said.contains(", 59m "), "{ahead}: {said}");
        let later = |seconds| ahead + Duration::seconds(seconds);
        succeed(&mut at(&home, later(3200), &["exec", "corp", "--", "true"]));
        assert_eq!(stub.requests().len(), 1, "{ahead}");
        let said = fail(125, &mut at(&home, later(3605), &["exec", "corp", "--", "true"]));
        assert!(said.contains("/nonexistent"), "{ahead}: a sign-in was tried: {said}");
    }
}

#[test]
fn credentials_are_kept_for_as_long_as_they_were_granted_and_no_longer() {
    for ahead in [Duration::hours(-10), Duration::minutes(20)] {
        let mut home = with_over("");
        home.sts_path = "/ttl/600".into();
        let run = |later: i64| {
            succeed(&mut at(
                &home,
                ahead + Duration::seconds(later),
                &["exec", "--min-ttl", "1s", "over", "--", "true"],
            ));
            home.requests()
                .iter()
                .filter(|request| request["action"] == "AssumeRole" && request["status"] == 200)
                .count()
        };
        assert_eq!([run(0), run(60), run(550)], [1, 1, 1], "{ahead}");
        assert_eq!(run(610), 2, "{ahead}: they have ended");
    }
}

#[test]
fn after_the_clock_was_set_back_nothing_is_believed_that_was_issued_later() {
    let home = Home::new();
    home.sign_in("corp");
    succeed(&mut at(&home, Duration::seconds(-30), &["exec", "corp", "--", "true"]));
    let said = fail(125, &mut at(&home, Duration::hours(-10), &["exec", "corp", "--", "true"]));
    assert!(said.contains("/nonexistent"), "a sign-in was tried: {said}");
    let shown = succeed(&mut at(&home, Duration::hours(-10), &["list"]));
    assert!(!shown.contains(" left"), "{shown}");
}

#[test]
fn what_was_seen_to_be_issued_later_never_lives_again() {
    for look in [&["status", "--watch"][..], &["list"], &["exec", "--no-prompt", "corp", "--", "true"]] {
        let mut home = Home::new();
        let stub =
            sts(Duration::ZERO, |_, _| ("200 OK", Grant::of("AssumeRoleWithSAML", ADMIN, 3600, Duration::ZERO).xml()));
        home.endpoint = Some(stub.url.clone());
        home.add_config(&federated("other", "ssp", "arn:aws:iam::111122223333:role/ReadOnly", ""));
        let ahead = Duration::minutes(20);
        let response = assertion(&[]);
        let login = run_with_input(&mut at(&home, ahead, &["login", "corp", "--saml-response", "-"]), &response);
        assert!(login.status.success(), "{}", text(&login.stderr));
        let watch = |home: &Home, ahead| succeed(&mut at(home, ahead, &["status", "--watch"]));
        assert!(watch(&home, ahead).contains("59m "), "{look:?}");
        // Within the slack nothing is forgotten.
        assert!(watch(&home, ahead - Duration::seconds(30)).contains(" left"), "{look:?}");
        let _ = at(&home, Duration::ZERO, look).output().expect("run");
        for later in [0, 10, 21, 65, 75] {
            let shown = watch(&home, Duration::minutes(later));
            assert!(!shown.contains(" left"), "{look:?}, {later}m: {shown}");
        }
        let said = fail(125, &mut at(&home, Duration::minutes(22), &["exec", "corp", "--", "true"]));
        assert!(said.contains("/nonexistent"), "{look:?}: a sign-in was tried: {said}");
        let mut other = at(&home, Duration::minutes(22), &["exec", "other", "--", "true"]);
        assert!(fail(125, &mut other).contains("/nonexistent"), "{look:?}: nor the response");
    }
}

/// An STS whose clock is ahead, which answers each `AssumeRole` with this.
fn sts(ahead: Duration, answer: impl Fn(usize, &str) -> (&'static str, String) + Send + Sync + 'static) -> Stub {
    Stub::new(move |nth, request| {
        let (status, body) = answer(nth, request);
        Answer::Bytes(dated(ahead, status, "text/xml", body.as_bytes()))
    })
}

fn granted(ahead: Duration) -> (&'static str, String) {
    ("200 OK", Grant::of("AssumeRole", DEPLOY, 3600, ahead).xml())
}

#[test]
fn a_call_that_is_refused_for_the_clock_says_by_how_much_and_how_to_set_it() {
    let expired =
        "Signature expired: 20261128T080000Z is now earlier than 20261128T081500Z (20261128T082000Z - 5 min.)";
    let future =
        "Signature not yet current: 20261128T080000Z is still later than 20261128T072500Z (20261128T072000Z + 5 min.)";
    for (code, message, ahead, part) in [
        ("SignatureDoesNotMatch", expired, 20, "20m behind AWS's"),
        ("SignatureDoesNotMatch", future, -600, "10h ahead of AWS's"),
        ("InvalidSignatureException", expired, 7, "7m behind AWS's"),
        ("RequestExpired", "Request has expired.", 20, "20m behind AWS's"),
        ("RequestTimeTooSkewed", "The difference is too large.", -20, "20m ahead of AWS's"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", 20, "20m behind AWS's"),
        ("ExpiredToken", "The security token included in the request is expired", 150, "2h 30m behind AWS's"),
    ] {
        let mut home = with_over("");
        let refused = refusal(code, message);
        let stub = sts(Duration::minutes(ahead), move |_, _| ("403 Forbidden", refused.clone()));
        home.endpoint = Some(stub.url.clone());
        let said = fail(125, &mut home.leapp(["exec", "over", "--", "true"]));
        assert!(said.contains(code) && said.contains(&format!("this machine's clock is {part}")), "{said}");
        assert!(said.contains("sudo timedatectl set-ntp true") && !said.contains("log"), "{said}");
    }
}

#[test]
fn a_refusal_by_a_clock_that_agrees_blames_no_clock() {
    let mut home = with_over("");
    let refused = refusal("SignatureDoesNotMatch", "Signature expired: x is now earlier than y");
    let stub = sts(Duration::ZERO, move |_, _| ("403 Forbidden", refused.clone()));
    home.endpoint = Some(stub.url.clone());
    let said = fail(125, &mut home.leapp(["exec", "over", "--", "true"]));
    assert!(said.contains("held up on its way") && !said.contains("timedatectl"), "{said}");
}

/// When a request was signed, by the clock of who signed it.
fn signed_at(request: &str) -> &str {
    request.lines().find_map(|line| line.strip_prefix("x-amz-date: ")).expect("a date")
}

#[test]
fn what_the_sdk_does_not_sign_again_is_signed_again_by_the_time_of_aws() {
    let ahead = Duration::minutes(20);
    let stub = sts(ahead, move |nth, _| match nth {
        0 => ("403 Forbidden", refusal("RequestExpired", "Request has expired.")),
        _ => granted(ahead),
    });
    let mut home = with_over("");
    home.endpoint = Some(stub.url.clone());
    succeed(&mut home.leapp(["exec", "over", "--", "true"]));
    let dates: Vec<String> = stub.requests().iter().map(|request| signed_at(request).to_owned()).collect();
    assert_eq!(dates.len(), 2);
    assert!(minutes(&dates[1]) - minutes(&dates[0]) >= 19, "{dates:?}");
}

/// The minutes of a day of `20261128T080000Z`, and of the day before midnight on.
fn minutes(date: &str) -> i64 {
    let at = |range: std::ops::Range<usize>| date[range].parse::<i64>().expect("a number");
    at(6..8) * 1440 + at(9..11) * 60 + at(11..13)
}

const DEVICE: &str = "mfa_device = \"arn:aws:iam::111122223333:mfa/alice\"";

/// Runs leapp on a terminal, where these codes are typed.
fn with_codes(home: &Home, arguments: &str, codes: &str) -> Output {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{LEAPP} {arguments}"), "/dev/null"]);
    home.surround(&mut command);
    run_with_input(&mut command, codes.as_bytes())
}

fn code_of(request: &str) -> Option<&str> {
    request.split('&').find_map(|part| part.strip_prefix("TokenCode="))
}

fn codes(stub: &Stub) -> Vec<String> {
    stub.requests().iter().filter_map(|request| code_of(request).map(str::to_owned)).collect()
}

#[test]
fn an_mfa_code_is_never_sent_twice() {
    let too_long =
        refusal("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    let expired = refusal("SignatureDoesNotMatch", "Signature expired: x is now earlier than y");
    let broken = refusal("InternalFailure", "An internal error has occurred.");
    for (ahead, status, refused, ends_well, sent) in [
        (0, "400 Bad Request", too_long, true, &["123456", "246802"][..]),
        (20, "403 Forbidden", expired, true, &["123456", "246802"]),
        (0, "500 Internal Server Error", broken, false, &["123456"]),
    ] {
        let ahead = Duration::minutes(ahead);
        let stub = sts(ahead, move |nth, _| if nth == 0 { (status, refused.clone()) } else { granted(ahead) });
        let mut home = with_over(DEVICE);
        // Keys that do not end: a role over them may be asked for more than an hour.
        fs::write(home.path(".aws/credentials"), "[base]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n")
            .expect("written");
        home.endpoint = Some(stub.url.clone());
        // The first code again, before the next one.
        let output = with_codes(&home, "exec over --duration 4h -- true", "123456\r123456\r246802\r");
        let shown = text(&output.stdout);
        assert_eq!(output.status.success(), ends_well, "{shown}");
        assert_eq!(codes(&stub), sent, "{shown}");
        assert_eq!(shown.contains("the next MFA code of"), ends_well, "{shown}");
    }
}

#[test]
fn nor_for_another_session_of_the_same_device() {
    let other = "mfa_device = \"arn:aws:iam::111122223333:mfa/bob\"";
    for (arguments, sessions, typed, sent, asked_for_next) in [
        ("login under", vec![("under", "over", DEVICE)], "123456\r123456\r246802\r", &["123456", "246802"][..], 2),
        ("login --all", vec![("beside", "base", DEVICE)], "123456\r123456\r246802\r", &["123456", "246802"], 2),
        // The codes of two devices are the same once in a million times.
        ("login under", vec![("under", "over", other)], "123456\r123456\r", &["123456", "123456"], 0),
    ] {
        let mut home = with_over(DEVICE);
        let base = "[sessions.base]\nkind = \"profile\"\nsource_profile = \"base\"\n";
        let chains: String = [("over", "base", DEVICE)]
            .iter()
            .chain(&sessions)
            .fold(base.into(), |all, (alias, assumer, device)| all + &chained(alias, assumer, DEPLOY, device));
        home.write_config(&format!("[vault]\nkey = \"passphrase\"\n{chains}"));
        let stub = sts(Duration::ZERO, |_, _| granted(Duration::ZERO));
        home.endpoint = Some(stub.url.clone());
        let output = with_codes(&home, arguments, typed);
        let shown = text(&output.stdout);
        assert!(output.status.success(), "{arguments}: {shown}");
        assert_eq!(codes(&stub), sent, "{arguments}: {shown}");
        assert_eq!(shown.matches("the next MFA code of").count(), asked_for_next, "{arguments}: {shown}");
    }
}

#[test]
fn a_certificate_whose_time_is_over_asks_after_the_clock() {
    let mut home = with_over("");
    home.endpoint = Some(bed("LEAPP_BED_STS_TLS"));
    let mut later = at(&home, Duration::days(40 * 365), &["exec", "over", "--", "true"]);
    let said = fail(125, later.env("AWS_CA_BUNDLE", bed("LEAPP_BED_CA")));
    assert!(said.contains("is this machine's clock right?") && !said.contains("--region"), "{said}");
}

#[test]
fn at_a_prompt_too_a_clock_is_no_reason_to_sign_in() {
    let mut home = with_over("");
    let ahead = Duration::minutes(20);
    let refused = refusal("SignatureDoesNotMatch", "Signature expired: x is now earlier than y");
    home.endpoint = Some(sts(ahead, move |_, _| ("403 Forbidden", refused.clone())).url);
    let folder = home.path("w");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join(".leapp"), "over\n").expect("written");
    succeed(home.leapp(["allow"]).current_dir(&folder));
    // The shell says it.
    let said = succeed(home.leapp(["hook-env", "bash"]).current_dir(&folder));
    assert!(said.contains("20m behind AWS") && !said.contains("leapp login"), "{said}");
}
