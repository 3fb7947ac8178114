//! Real clients, each on credentials that end several times while it runs, and by both ways to them: the endpoint of
//! `exec --refresh`, and the process of a named profile.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread};

use crate::harness::{Home, bed, succeed};

/// How long the credentials of these tests live.
const LIFE: f64 = 8.0;
/// For how long a client asks: long enough for three of them.
const SPAN: &str = "20";
/// How the ARN begins of whom a client finds itself to be.
const DEPLOYED: &str = "arn:aws:sts::444455556666:assumed-role/Deploy/";

#[derive(Clone, Copy)]
enum Way {
    Endpoint,
    Process,
}

impl Way {
    /// Runs a command that gets its credentials by this way, and gives its standard output.
    fn run(self, home: &Home, words: &[&str]) -> String {
        match self {
            Self::Endpoint => succeed(home.leapp(["exec", "--refresh", "prod", "--"]).args(words)),
            Self::Process => {
                succeed(&mut home.leapp(["session", "edit", "prod", "--profile", "prod"]));
                succeed(&mut home.leapp(["profile", "sync"]));
                let mut command = Command::new(words[0]);
                home.surround(&mut command);
                succeed(command.args(&words[1..]).env("AWS_PROFILE", "prod"))
            }
        }
    }

    /// What the AWS CLI calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "container-role",
            Self::Process => "custom-process",
        }
    }
}

/// Does this both ways at once, each in a home of its own.
fn both_ways(act: impl Fn(&Home, Way) + Sync) {
    thread::scope(|scope| {
        for way in [Way::Endpoint, Way::Process] {
            let act = &act;
            scope.spawn(move || act(&Home::at_sts(&format!("/ttl/{LIFE}")), way));
        }
    });
}

/// Checks that several credentials were used, that the STS refused none, and that none was used for longer than it lives.
fn check_keys(home: &Home) {
    let mut uses: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for request in home.requests().iter().filter(|request| request["action"] != "AssumeRole") {
        let Some(key) = request["access_key"].as_str() else { continue };
        assert!(request["action"] != "GetCallerIdentity" || request["status"] == 200, "{request}");
        uses.entry(key.to_owned()).or_default().push(request["time"].as_f64().expect("a time"));
    }
    assert!((3..=10).contains(&uses.len()), "{uses:?}");
    // The bed's S3 takes any key, so that it does not refuse what has ended.
    assert!(uses.values().all(|times| times[times.len() - 1] - times[0] < LIFE), "{uses:?}");
}

/// A file of the bed.
fn installed(path: String) -> String {
    assert!(Path::new(&path).exists(), "{path} is missing; run: tests/bed/install");
    path
}

/// Checks one of the programs in `tests/clients`, which keeps one client of an SDK all the time.
fn check_sdk(words: &[&str]) {
    both_ways(|home, way| {
        let said = way.run(home, &[words, &[SPAN]].concat());
        assert!(said.starts_with(DEPLOYED), "{said}");
        assert!(home.count("GetCallerIdentity") >= 10, "it asked {} times", home.count("GetCallerIdentity"));
        check_keys(home);
    });
}

#[test]
fn the_sdk_for_python() {
    check_sdk(&[&bed("LEAPP_BED_PYTHON"), concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python.py")]);
}

#[test]
fn the_sdk_for_javascript() {
    let path = bed("LEAPP_BED_NODE_PATH");
    installed(format!("{path}/@aws-sdk/client-sts"));
    let path = format!("NODE_PATH={path}");
    check_sdk(&["env", &path, "node", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/javascript.js")]);
}

#[test]
fn the_sdk_for_rust() {
    check_sdk(&[&installed(format!("{}/rust-client", bed("LEAPP_BED_BIN")))]);
}

/// Checks a version of the AWS CLI, and then does `more` with it. Each of its processes fetches anew.
fn check_cli(name: &str, more: &str) {
    let aws = installed(format!("{}/{name}", bed("LEAPP_BED_BIN")));
    let script = format!(
        "end=$(($(date +%s) + $1)); while [ $(date +%s) -lt $end ]; do \
         \"$0\" sts get-caller-identity --query Arn --output text || exit; sleep 1; done; \
         \"$0\" configure list | grep -o \"$2\" {more}"
    );
    both_ways(|home, way| {
        let said = way.run(home, &["sh", "-c", &script, &aws, SPAN, way.name()]);
        let (arns, rest): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("arn:"));
        assert!(arns.iter().all(|arn| arn.starts_with(DEPLOYED)), "{said}");
        assert_eq!(rest, [way.name(); 2], "of the key, and of its secret");
        check_keys(home);
    });
}

#[test]
fn the_aws_cli_v1() {
    check_cli("aws1", "");
}

#[test]
fn the_aws_cli_v2() {
    check_cli("aws", "&& \"$0\" configure export-credentials | grep -q ASIA");
}

/// Terraform's S3 backend: the AWS SDK for Go. It reads the state at the start of `apply`, and writes it at the end.
#[test]
fn the_s3_backend_of_terraform() {
    assert!(Command::new("terraform").arg("version").output().is_ok(), "terraform is not installed");
    both_ways(|home, way| {
        let endpoint = home.sts();
        let bucket = endpoint.split('/').nth(4).expect("the tag of the home");
        fs::write(
            home.path("main.tf"),
            format!(
                "terraform {{\n  backend \"s3\" {{\n    bucket = \"{bucket}\"\n    key = \"state\"\n    \
                 region = \"eu-west-1\"\n    use_path_style = true\n    \
                 endpoints = {{ s3 = \"{endpoint}\", sts = \"{endpoint}\" }}\n  }}\n}}\n\
                 resource \"terraform_data\" \"x\" {{\n  triggers_replace = timestamp()\n  \
                 provisioner \"local-exec\" {{\n    command = \"sleep {}\"\n  }}\n}}\n",
                LIFE + 1.0
            ),
        )
        .expect("written");
        let create = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket=sys.argv[2], \
                      CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})";
        let script = "cd && \"$0\" -c \"$1\" \"$2\" \"$3\" && terraform init -no-color -input=false && for i in 1 2; do \
                      terraform apply -no-color -auto-approve -input=false || exit; done";
        let said = way.run(home, &["sh", "-c", script, &bed("LEAPP_BED_PYTHON"), create, &endpoint, bucket]);
        assert_eq!(said.matches("Apply complete!").count(), 2, "{said}");
        check_keys(home);
    });
}
