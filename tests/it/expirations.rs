//! What a credential process says of its end is read as botocore reads it.

use std::{fs, process::Command};

use crate::harness::{Home, bed, fail, succeed};

/// ISO 8601, and what looks like it, as programs print it.
const WRITTEN: &[&str] = &[
    "2036-11-25T06:47:52Z",
    "2036-11-25T06:47:52+0000",
    "2036-11-25T06:47:52UTC",
    "2036-11-25T06:47:52 UTC",
    "2036-11-25T06:47:52GMT",
    "20361125T064802Z",
    "2036-11-25T06:48Z",
    "2036-11-25T06Z",
    "20361125T06Z",
    "20361125T0648Z",
    "20361125 064802Z",
    "20361125064802Z",
    "203611250648Z",
    "2036-11-25T06:47:52,5Z",
    "2036-11-25T06:47:52.123456789Z",
    "2036-11-25T06:47:52.12345678901234567890Z",
    "2036-11-25T06:47:52.1+0000",
    "2036-11-25T06:47:52.123UTC",
    "2036-11-25T06:47.5Z",
    "2036-11-25T06:47,25+01:00",
    "2036-11-25T06:47:52+00",
    "2036-11-25T06:47:52+05:30",
    "2036-11-25T06:47:52+0530",
    "2036-11-25T06:47:52 +05:30",
    "2036-11-25T06:47:52 +0530",
    "2036-11-25T06:47:52-05",
    "2036-11-25T06:47:52-00:00",
    "2036-11-25T06:47:52+14:00",
    "2036-11-25T06:47:52-11:30",
    "2036-11-25 06:47:52Z",
    "2036-11-25 06:47:52 +0000",
    "2036-11-25t06:47:52z",
    " 2036-11-25T06:47:52Z ",
    "2036-11-25  06:47:52Z",
    "2036-11-25T064752Z",
    "20361125T06:47:52Z",
    "20361125T064802.5Z",
    "20361125T064802-0500",
    "20361125T0648+05:30",
    "9999-12-31T23:59:59Z",
    // Without a zone; no time, or none that there is; more than ISO 8601 has.
    "2036-11-25T06:47:52",
    "2036-11-25",
    "20361125",
    "2036-11-25Z",
    "2036-11-25T24:00:00Z",
    "2036-11-25T25:00:00Z",
    "2036-11-25T06:60:00Z",
    "2036-02-30T00:00:00Z",
    "2036-13-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2036-11-25T06:47:52.Z",
    "2036-11-25T06:47:52+24:00",
    "2036-11-25T06:47:52+123",
    "2036-11-25T06:47:52+05:30Z",
    "2036-11-25T06:47:52Zulu",
    "2036-11-25T06:47:52EST",
    "2036-11-25T06:47:52Z[UTC]",
    "2036-11-25_06:47:52Z",
    "1795589280",
    "never",
    "",
];

/// What botocore makes of each: the seconds since the epoch, or nothing.
const ASK: &str = r#"
import json, sys, warnings
from botocore.credentials import RefreshableCredentials
warnings.simplefilter("ignore")
def ask(text):
    try:
        metadata = {"access_key": "a", "secret_key": "s", "token": "t", "expiry_time": text}
        credentials = RefreshableCredentials.create_from_metadata(metadata, dict, "custom-process")
        credentials.refresh_needed()  # compares it with now
        return int(credentials._expiry_time.timestamp())
    except Exception:
        return None
print(json.dumps([ask(text) for text in json.loads(sys.argv[1])]))
"#;

#[test]
fn an_expiration_is_read_as_botocore_reads_it() {
    let asked = serde_json::to_string(WRITTEN).expect("JSON");
    let answered = succeed(Command::new(bed("LEAPP_BED_PYTHON")).args(["-c", ASK, &asked]));
    let answered: Vec<Option<i64>> = serde_json::from_str(&answered).expect("JSON");
    let home = with_process();
    for (written, botocore) in WRITTEN.iter().zip(answered) {
        let printed = serde_json::json!({
            "Version": 1, "AccessKeyId": "ASIAX", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": written,
        });
        fs::write(home.path("out.json"), printed.to_string()).expect("written");
        let mut command =
            home.leapp(["exec", "--no-cache", "p", "--", "sh", "-c", "date -d $AWS_CREDENTIAL_EXPIRATION +%s"]);
        match botocore {
            Some(seconds) => assert_eq!(succeed(&mut command), format!("{seconds}\n"), "{written}"),
            None => assert!(fail(125, &mut command).contains("is no time in ISO 8601 with a zone"), "{written}"),
        }
    }
}

#[test]
fn a_value_of_the_wrong_type_is_told_from_one_that_is_missing() {
    let home = with_process();
    for (printed, part) in [
        (r#""Version":"1","AccessKeyId":"a","SecretAccessKey":"s""#, "the Version that it printed is not the number 1"),
        (
            r#""Version":1,"AccessKeyId":"a","SecretAccessKey":"s","Expiration":1795589280"#,
            "the Expiration that it printed is a number",
        ),
        (r#""Version":1,"AccessKeyId":"a","SecretAccessKey":7"#, "the SecretAccessKey that it printed is a number"),
        (r#""Version":1,"AccessKeyId":"a""#, "what it printed lacks SecretAccessKey"),
    ] {
        fs::write(home.path("out.json"), format!("{{{printed}}}")).expect("written");
        let said = fail(125, &mut home.leapp(["exec", "p", "--", "true"]));
        assert!(said.contains(part), "{printed}: {said}");
    }
}

/// A home with the session `p`, whose credential process prints `out.json`.
fn with_process() -> Home {
    let home = Home::new();
    fs::create_dir(home.path(".aws")).expect("made");
    let process = format!("[profile p]\ncredential_process = cat {}\n", home.path("out.json").display());
    fs::write(home.path(".aws/config"), process).expect("written");
    home.add_config("[sessions.p]\nkind = \"profile\"\nsource_profile = \"p\"\n");
    home
}
