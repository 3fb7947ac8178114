//! Which sessions are served, and whose `exec` stays.

use crate::harness::{DEPLOY, Home, bed, chained, fail, succeed, variables};

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
