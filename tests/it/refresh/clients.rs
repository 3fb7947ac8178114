//! Real clients, on credentials that end several times while they run.

use std::process::Command;

use crate::harness::{DEPLOY, Home, bed, chained, fail, succeed, variables};

/// What boto3 does for `SECONDS`: one client of its own all the time, and asks who it is twice a second.
const ASK_WITH_BOTO3: &str = "
import sys, time, boto3
sts = boto3.client('sts')
keys, end = set(), time.time() + float(sys.argv[1])
while time.time() < end:
    arn = sts.get_caller_identity()['Arn']
    keys.add(boto3.DEFAULT_SESSION.get_credentials().get_frozen_credentials().access_key)
    time.sleep(0.5)
print(arn, len(keys))
";

/// A home whose STS gives credentials for so many seconds.
pub(super) fn with_ttl(seconds: u32) -> Home {
    with_sts(&format!("/ttl/{seconds}"))
}

/// A home that has signed in at an STS of this kind.
pub(super) fn with_sts(path: &str) -> Home {
    let mut home = Home::new();
    home.sts_path = path.into();
    home.sign_in("corp");
    home
}

#[test]
fn boto3_outlives_its_first_credentials_several_times() {
    let home = with_ttl(8);
    let python = bed("LEAPP_BED_PYTHON");
    let words = ["exec", "--refresh", "prod", "--", &python, "-c", ASK_WITH_BOTO3, "26"];
    let said = succeed(&mut home.leapp(words));
    let (arn, keys) = said.trim().rsplit_once(' ').expect("two words");
    assert!(arn.starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/"), "{arn}");
    assert!(keys.parse::<u32>().expect("a number") >= 4, "{said}");
}

#[test]
fn the_aws_cli_v2_fetches_and_fetches_again() {
    let home = with_ttl(8);
    let aws = format!("{}/aws", bed("LEAPP_BED_BIN"));
    // Each is a process of its own, so that each asks; the key in use is in its debug output.
    let script = "end=$(($(date +%s) + 20)); while [ $(date +%s) -lt $end ]; do \
                  \"$0\" sts get-caller-identity --query Arn --output text || exit 1; sleep 1; done; \
                  \"$0\" configure export-credentials | grep -c ASIA; \"$0\" configure list | grep -c container-role";
    let said = succeed(&mut home.leapp(["exec", "--refresh", "prod", "--", "sh", "-c", script, &aws]));
    let arns = said.lines().filter(|line| line.starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/")).count();
    assert!(arns >= 5 && said.ends_with("\n1\n2\n"), "{said}");
    let keys: std::collections::BTreeSet<String> = home
        .requests()
        .iter()
        .filter(|request| request["action"] == "GetCallerIdentity" && request["status"] == 200)
        .map(|request| request["access_key"].to_string())
        .collect();
    assert!(keys.len() >= 3, "{keys:?}");
}

/// Terraform's S3 backend: the AWS SDK for Go.
#[test]
fn terraform_keeps_its_state_with_what_it_fetches() {
    assert!(Command::new("terraform").arg("version").output().is_ok(), "terraform is not installed");
    let home = with_ttl(10);
    let endpoint = bed("LEAPP_BED_STS");
    std::fs::write(
        home.path("main.tf"),
        format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket = \"leapp-{}\"\n    key = \"state\"\n    region = \"eu-west-1\"\n    \
             use_path_style = true\n    endpoints = {{ s3 = \"{endpoint}\", sts = \"{endpoint}\" }}\n  }}\n}}\n\
             resource \"terraform_data\" \"x\" {{\n  input = timestamp()\n}}\n",
            std::process::id()
        ),
    )
    .expect("written");
    let script = "import boto3, os, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket=sys.argv[2], \
                  CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})";
    let bucket = format!("leapp-{}", std::process::id());
    let line = format!(
        "cd \"$HOME\" && '{}' -c \"$0\" {endpoint} {bucket} && terraform init -no-color -input=false && \
         for i in 1 2 3; do terraform apply -no-color -auto-approve -input=false || exit 1; sleep 6; done",
        bed("LEAPP_BED_PYTHON")
    );
    let said = succeed(&mut home.leapp(["exec", "--refresh", "prod", "--", "sh", "-c", &line, script]));
    assert_eq!(said.matches("Apply complete!").count(), 3, "{said}");
}

#[test]
fn a_session_says_whether_exec_stays() {
    let home = Home::new();
    home.sign_in("corp");
    home.add_config(&chained("long", "corp", DEPLOY, "exec = \"refresh\""));
    let (uri, key) = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ACCESS_KEY_ID");
    let stays = |arguments: &[&str]| {
        let seen = variables(&home, arguments);
        assert_ne!(seen.contains_key(uri), seen.contains_key(key), "one or the other");
        seen.contains_key(uri)
    };
    assert!(stays(&["long"]) && stays(&["--refresh", "prod"]));
    assert!(!stays(&["prod"]) && !stays(&["--no-refresh", "long"]));
    assert_eq!(variables(&home, &["--region", "us-west-2", "long"])["AWS_DEFAULT_REGION"], "us-west-2");
    let shown = succeed(&mut home.leapp(["session", "show", "long", "--json"]));
    assert!(shown.contains("\"exec\": \"refresh\"") || shown.contains("\"exec\":\"refresh\""), "{shown}");
    succeed(&mut home.leapp(["session", "edit", "long", "--exec", "once"]));
    assert!(!stays(&["long"]));
}

#[test]
fn what_does_not_end_is_not_renewed_and_what_a_program_hands_on_is_served() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".aws")).expect("made");
    let program = "echo '{\"Version\":1,\"AccessKeyId\":\"ASIAOFPROGRAM\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\
                   \"Expiration\":\"2099-01-01T00:00:00Z\"}'";
    let config = format!(
        "[profile keys]\naws_access_key_id = AKIAOFPROFILE\naws_secret_access_key = s\n[profile program]\n\
         credential_process = sh -c \"{}\"\n",
        program.replace('"', "\\\"")
    );
    std::fs::write(home.path(".aws/config"), config).expect("written");
    for name in ["keys", "program"] {
        home.add_config(&format!("[sessions.{name}]\nkind = \"profile\"\nsource_profile = \"{name}\"\n"));
    }
    assert_eq!(variables(&home, &["--refresh", "keys"])["AWS_ACCESS_KEY_ID"], "AKIAOFPROFILE");
    let said = fail(1, &mut home.leapp(["serve", "--json", "keys"]));
    assert!(said.contains("they do not end") && said.contains("run: leapp env keys"), "{said}");
    let key = "import boto3; print(boto3.Session().get_credentials().get_frozen_credentials().access_key)";
    let python = bed("LEAPP_BED_PYTHON");
    let seen = succeed(&mut home.leapp(["exec", "--refresh", "program", "--", &python, "-c", key]));
    assert_eq!(seen, "ASIAOFPROGRAM\n");
}
