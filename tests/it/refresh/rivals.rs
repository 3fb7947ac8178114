//! `[default]` in the person's AWS files, which SDKs ask before an endpoint.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::harness::{Home, bed, succeed, text};

const WHO: &str = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";

fn home_with(files: &[(&str, &str)]) -> Home {
    let home = Home::new();
    home.sign_in("corp");
    fs::create_dir_all(home.path(".aws")).expect("made");
    for (name, body) in files {
        fs::write(home.path(name), body).expect("written");
    }
    home
}

/// Who boto3 is, and what leapp said.
fn who(home: &Home) -> (String, String) {
    let python = bed("LEAPP_BED_PYTHON");
    let output = home.leapp(["exec", "--refresh", "corp", "--", &python, "-c", WHO]).output().expect("started");
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout).trim().to_owned(), text(&output.stderr))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

const CORP: &str = "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org";

#[test]
fn keys_under_default_do_not_win() {
    let keys = "[default]\naws_access_key_id = AKIAOFTHEFILE\naws_secret_access_key = x\n";
    let home = home_with(&[(".aws/credentials", keys)]);
    let said = "leapp: ~/.aws/credentials has `aws_access_key_id` under [default], which SDKs prefer to an endpoint: \
                the command sees an empty file in its place\n";
    assert_eq!(who(&home), (CORP.into(), said.into()));
    assert_eq!(fs::read_to_string(home.path(".aws/credentials")).expect("read"), keys);
    assert!(is_empty(&home.state().join("run")));
}

#[test]
fn a_credential_process_under_default_does_not_win() {
    let config = "[default]\nregion = eu-north-1\ncredential_process = /bin/false\n[profile x]\noutput = json\n";
    let home = home_with(&[(".aws/config", config)]);
    let (arn, said) = who(&home);
    assert_eq!(arn, CORP);
    assert!(said.contains("~/.aws/config has `credential_process`") && said.contains("a copy without it"), "{said}");
    let script = "cat \"$AWS_CONFIG_FILE\"; stat -c %a \"$AWS_CONFIG_FILE\" \"$(dirname \"$AWS_CONFIG_FILE\")\"";
    let seen = succeed(&mut home.leapp(["exec", "--refresh", "corp", "--", "sh", "-c", script]));
    assert_eq!(seen, "[default]\nregion = eu-north-1\n[profile x]\noutput = json\n600\n700\n");
}

#[test]
fn files_that_variables_name_are_looked_at_too_and_others_are_left_alone() {
    let home = home_with(&[("mine", "[default]\naws_access_key_id = A\naws_secret_access_key = B\n")]);
    fs::write(home.path(".aws/config"), "[default]\nregion = x\n[profile y]\nrole_arn = z\n").expect("written");
    let show = "echo \"${AWS_CONFIG_FILE-none} $(cat \"$AWS_SHARED_CREDENTIALS_FILE\")\"";
    let mut command = home.leapp(["exec", "--refresh", "corp", "--", "sh", "-c", show]);
    let output = command.env("AWS_SHARED_CREDENTIALS_FILE", "~/mine").output().expect("started");
    assert_eq!(text(&output.stdout), "none \n", "{}", text(&output.stderr));
}

#[test]
fn what_a_killed_leapp_left_is_removed_by_the_next() {
    let home = home_with(&[(".aws/credentials", "[default]\ncredential_process = x\n")]);
    let left = home.state().join("run/999999999-x");
    fs::create_dir_all(&left).expect("made");
    fs::write(left.join("aws_config_file"), "x").expect("written");
    who(&home);
    assert!(is_empty(&home.state().join("run")));
    let mode = fs::metadata(home.state().join("run")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
