//! Profile sessions: what the profiles of `~/.aws` yield, alone and under a chain.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use crate::harness::{DEPLOY, Home, assertion, chained, fail, run_with_input, succeed, text, variables};

const KEYS: &str = "aws_access_key_id = AKIABASE\naws_secret_access_key = base/se+cret\n";

/// Writes a file of `~/.aws`.
fn write_aws(home: &Home, name: &str, contents: &str) {
    fs::create_dir_all(home.path(".aws")).expect("made");
    fs::write(home.path(".aws").join(name), contents).expect("written");
}

/// A home with the profile session `base` over the profile `base`, and `prod` chained from it.
fn home_with(config: &str, credentials: &str) -> Home {
    let home = Home::new();
    home.add_config("[sessions.base]\nkind = \"profile\"\nsource_profile = \"base\"\n");
    home.add_config(&chained("over", "base", DEPLOY, ""));
    write_aws(&home, "config", config);
    write_aws(&home, "credentials", credentials);
    home
}

/// Temporary credentials that the bed's STS knows, as the settings of a profile.
fn known_to_sts(home: &Home) -> String {
    home.sign_in("corp");
    let json = succeed(&mut home.leapp(["env", "corp", "--format", "json"]));
    let json: BTreeMap<String, serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let get = |name: &str| json[name].as_str().expect("a text").to_owned();
    format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        get("AWS_ACCESS_KEY_ID"),
        get("AWS_SECRET_ACCESS_KEY"),
        get("AWS_SESSION_TOKEN")
    )
}

/// A script in the home, as a `credential_process`.
fn script(home: &Home, body: &str) -> String {
    let path = home.path("process.sh");
    fs::write(&path, body).expect("written");
    format!("credential_process = sh {}\n", path.display())
}

/// What a credential process prints for these settings of a profile.
fn as_json(settings: &str, more: &str) -> String {
    let get = |key: &str| {
        settings.lines().filter_map(|line| line.split_once(" = ")).find(|(name, _)| *name == key).map_or("", |(_, v)| v)
    };
    format!(
        "{{\"Version\": 1, \"AccessKeyId\": \"{}\", \"SecretAccessKey\": \"{}\", \"SessionToken\": \"{}\"{more}}}",
        get("aws_access_key_id"),
        get("aws_secret_access_key"),
        get("aws_session_token")
    )
}

#[test]
fn keys_of_a_profile_are_given_as_they_are_and_never_kept() {
    let home = home_with("[profile base]\nregion = eu-north-1\n", &format!("[base]\n{KEYS}"));
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("default_region = \"eu-west-1\"\n", ""));
    let mut command = home.leapp(["exec", "base", "--", "env", "-0"]);
    let ambient = [("AWS_ACCESS_KEY_ID", "ambient"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_SESSION_TOKEN", "y")];
    let got = succeed(command.envs(ambient).env("AWS_PROFILE", "other").env("AWS_CREDENTIAL_EXPIRATION", "stale"));
    let got: BTreeMap<&str, &str> = got.split('\0').filter_map(|line| line.split_once('=')).collect();
    assert_eq!((got["AWS_ACCESS_KEY_ID"], got["AWS_SECRET_ACCESS_KEY"]), ("AKIABASE", "base/se+cret"));
    for gone in ["AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CREDENTIAL_EXPIRATION"] {
        assert!(!got.contains_key(gone), "{gone}");
    }
    assert_eq!((got["AWS_REGION"], got["AWS_DEFAULT_REGION"]), ("eu-north-1", "eu-north-1"));
    assert!(!home.state().join("vault").exists(), "nothing is kept, and nobody asked for a passphrase");
    let json = succeed(&mut home.leapp(["env", "base", "--format", "json"]));
    assert!(!json.contains("AWS_SESSION_TOKEN\": \""), "{json}");
}

#[test]
fn an_edit_of_the_profile_takes_effect_at_once() {
    let home = home_with("", &format!("[base]\n{KEYS}"));
    assert_eq!(variables(&home, &["base"])["AWS_ACCESS_KEY_ID"], "AKIABASE");
    write_aws(&home, "credentials", &format!("[base]\n{}", KEYS.replace("AKIABASE", "AKIAOTHER")));
    assert_eq!(variables(&home, &["base"])["AWS_ACCESS_KEY_ID"], "AKIAOTHER");
}

#[test]
fn a_chain_starts_from_a_profile() {
    let home = home_with("", "");
    write_aws(&home, "credentials", &format!("[base]\n{}", known_to_sts(&home)));
    variables(&home, &["over"]);
    variables(&home, &["over"]);
    assert_eq!(home.count("AssumeRole"), 1, "the role's credentials are kept");
    let said = text(&home.leapp(["exec", "over", "--duration", "2h", "--", "true"]).output().expect("started").stderr);
    assert_eq!(said, "leapp: `over` gets 1h: AWS allows chained roles no more\n");
    // What the files say shapes what starts from them.
    let credentials = fs::read_to_string(home.path(".aws/credentials")).expect("read");
    write_aws(&home, "credentials", &format!("{credentials}x = y\n"));
    variables(&home, &["over"]);
    assert_eq!(home.count("AssumeRole"), 3);
}

/// A server that answers one call with this: gives its address, and the request once it has `end` in it.
fn server(end: &'static str, kind: &'static str, body: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a call");
        let mut request = vec![0; 16 << 10];
        let mut length = 0;
        while !text(&request[..length]).contains(end) {
            length += stream.read(&mut request[length..]).expect("read");
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).expect("written");
        text(&request[..length])
    });
    (address, answering)
}

/// What STS answers for the role that the tests end at.
const GIVEN: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <AssumedRoleUser><AssumedRoleId>A:me</AssumedRoleId>\
    <Arn>arn:aws:sts::444455556666:assumed-role/Deploy/me</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAGIVEN</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

#[test]
fn a_role_over_long_term_keys_may_last_longer_than_a_chained_one() {
    let mut home = home_with("", &format!("[base]\n{KEYS}"));
    let said = fail(125, &mut home.leapp(["exec", "over", "--", "true"]));
    assert!(said.contains("InvalidClientTokenId") && said.contains("renew what profile `base` starts from"), "{said}");
    // The bed's STS knows no long-term keys.
    let (address, answering) = server("Version=2011-06-15", "text/xml", GIVEN);
    home.endpoint = Some(address);
    let output = home.leapp(["exec", "over", "--duration", "2h", "--", "true"]).output().expect("started");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let request = answering.join().expect("answered");
    assert!(request.contains("DurationSeconds=7200") && request.contains("Credential=AKIABASE/"), "{request}");
    assert!(!request.to_lowercase().contains("x-amz-security-token"), "{request}");
}

#[test]
fn a_missing_profile_is_told_before_anything_is_asked() {
    let home = home_with("[profile bsae]\n", "");
    for (session, before) in [("base", ""), ("over", "cannot get credentials for `over`: ")] {
        let said = fail(125, &mut home.leapp(["exec", session, "--", "true"]));
        let wanted = format!(
            "leapp: {before}cannot get credentials for `base` (profile `base`): there is no profile `base`: \
             it is in neither ~/.aws/config nor ~/.aws/credentials\n  did you mean `bsae`?\n"
        );
        assert!(said.starts_with(&wanted), "{said}");
    }
    assert!(home.requests().is_empty());
}

#[test]
fn a_broken_file_is_told_by_its_line() {
    let home = home_with("", "[base]\naws_secret_access_key hush\n");
    let said = fail(1, &mut home.leapp(["env", "base"]));
    assert_eq!(
        said,
        "leapp: cannot get credentials for `base` (profile `base`): \
         cannot read ~/.aws/credentials: line 2: Expected an '=' sign defining a property\n"
    );
    write_aws(&home, "credentials", "[base]\naws_access_key_id = x\n");
    let said = fail(1, &mut home.leapp(["env", "base"]));
    assert!(said.contains("the profile has no aws_secret_access_key"), "{said}");
}

#[test]
fn a_credential_process_is_run_once_for_as_long_as_its_credentials_live() {
    let home = home_with("", "");
    let known = known_to_sts(&home);
    let body = format!(
        "echo run >> {}\necho 'touch the key' >&2\ncat <<'E'\n{}\nE\n",
        home.path("runs").display(),
        as_json(&known, ", \"Expiration\": \"2099-01-01T00:00:00Z\"")
    );
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    let output = home.leapp(["exec", "base", "--", "true"]).output().expect("started");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), "touch the key\n"));
    let got = variables(&home, &["base"]);
    assert_eq!(got["AWS_CREDENTIAL_EXPIRATION"], "2099-01-01T00:00:00Z");
    variables(&home, &["over"]);
    assert_eq!(fs::read_to_string(home.path("runs")).expect("read"), "run\n");
    succeed(&mut home.leapp(["logout", "base"]));
    variables(&home, &["base"]);
    assert_eq!(fs::read_to_string(home.path("runs")).expect("read"), "run\nrun\n");
}

#[test]
fn what_starts_from_a_profile_that_was_signed_out_is_brought_back_by_the_person_alone() {
    let home = home_with("", "");
    let known = known_to_sts(&home);
    write_aws(&home, "credentials", &format!("[base]\n{known}"));
    let folder = home.path("w");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join(".leapp"), "over\n").expect("written");
    let leapp = |words: &[&str]| {
        let output = home.leapp(words.iter().copied()).current_dir(&folder).output().expect("started");
        (text(&output.stdout), text(&output.stderr))
    };
    leapp(&["allow"]);
    let is_loaded = || leapp(&["hook-env", "bash"]).0.contains("export LEAPP_SESSION='over'");
    assert!(is_loaded(), "it needs nobody");
    leapp(&["logout", "base"]);
    assert!(!is_loaded());
    leapp(&["exec", "over", "--", "true"]);
    assert!(is_loaded());
}

#[test]
fn a_credential_process_with_credentials_without_an_end_is_run_each_time() {
    let home = home_with("", "");
    let body = format!("echo run >> {}\necho '{}'\n", home.path("runs").display(), as_json(KEYS, ""));
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    for _ in 0..2 {
        assert!(!variables(&home, &["base"]).contains_key("AWS_SESSION_TOKEN"));
    }
    assert_eq!(fs::read_to_string(home.path("runs")).expect("read"), "run\nrun\n");
}

#[test]
fn a_credential_process_that_fails_says_so_without_a_secret() {
    let home = home_with("", "");
    let ended = as_json(KEYS, ", \"Expiration\": \"2001-01-01T00:00:00Z\"");
    for (body, why) in [
        ("echo why >&2; echo hush; exit 3", "it ended with exit code 3"),
        ("kill -9 $PPID; sleep 1", "signal: 9"),
        ("echo hush", "what it printed is not JSON"),
        ("true", "it printed nothing"),
        ("head -c 100000 /dev/zero", "it printed more than 65536 bytes"),
        (&format!("echo '{ended}'"), "what the profile yields has ended already"),
    ] {
        write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, body)));
        let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
        assert!(said.contains("leapp: cannot get credentials for `base` (profile `base`): "), "{said}");
        assert!(said.contains(why) && !said.contains("hush"), "{body}: {said}");
    }
}

#[test]
fn what_has_ended_by_this_clock_alone_is_refused_with_how_to_set_it_and_no_role_over_it_is() {
    let home = home_with("", "");
    let known = known_to_sts(&home);
    // An hour ago by this clock: it may be two hours ahead of AWS's.
    let ended = time::OffsetDateTime::now_utc() - time::Duration::hours(1);
    let ended = ended.format(&time::format_description::well_known::Rfc3339).expect("a time");
    let body = format!("echo '{}'\n", as_json(&known, &format!(", \"Expiration\": \"{ended}\"")));
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
    assert!(said.contains(&format!("has ended already, at {}", &ended[..19])), "{said}");
    assert!(said.contains("to set this machine's clock: sudo timedatectl set-ntp true"), "{said}");
    assert!(said.contains("if it is right, renew what profile `base` starts from"), "{said}");
    variables(&home, &["over"]);
    assert_eq!(home.count("AssumeRole"), 1, "AWS judges");
}

#[test]
fn keys_that_no_variable_and_no_header_takes_are_told_whatever_way_they_come() {
    let process = |home: &Home, id: &str| {
        let json = format!("{{\"Version\": 1, \"AccessKeyId\": \"{id}\", \"SecretAccessKey\": \"s\"}}");
        fs::write(home.path("printed"), json).expect("written");
        format!("[profile base]\ncredential_process = cat {}\n", home.path("printed").display())
    };
    let role = format!("[profile base]\nrole_arn = {DEPLOY}\nsource_profile = keys\n");
    let flaw = "the access key id has a character in it that none of AWS has";
    for (config, credentials, part) in [
        (None, "[base]\naws_access_key_id = hush hush\naws_secret_access_key = s\n", flaw),
        (None, "[base]\naws_access_key_id = hush\n  hush\naws_secret_access_key = s\n", flaw),
        (
            None,
            "[base]\naws_access_key_id = AKIAX\naws_secret_access_key = hush\u{e9}\n",
            "the secret access key has a",
        ),
        (Some("a\\nhush"), "", flaw),
        (Some("hush\\u00e9"), "", flaw),
        // With which the SDK would sign.
        (Some(""), "[keys]\naws_access_key_id = hush\n  hush\naws_secret_access_key = s\n", flaw),
    ] {
        let home = home_with("", credentials);
        match config {
            Some("") => write_aws(&home, "config", &role),
            Some(id) => write_aws(&home, "config", &process(&home, id)),
            None => {}
        }
        for session in ["base", "over"] {
            let said = fail(125, &mut home.leapp(["exec", session, "--", "true"]));
            assert!(said.contains(part) && !said.contains("hush") && !said.contains("panic"), "{credentials}: {said}");
            assert!(said.starts_with("leapp: cannot get credentials for"), "{credentials}: {said}");
        }
    }
}

#[test]
fn a_credential_process_that_hangs_is_ended() {
    let home = home_with("", "");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&format!("timeout = \"1s\"\n{config}"));
    let pid = home.path("pid");
    let body = format!("echo $$ > {}\nexec sleep 600\n", pid.display());
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    let start = Instant::now();
    let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(said.contains("it did not end within 1s, and was ended\n  to wait longer"), "{said}");
    let pid = fs::read_to_string(pid).expect("read");
    // Where nobody waits for it, an ended process stays in the table.
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(status.is_empty() || status.contains(") Z"), "it still runs: {status}");
}

#[test]
fn a_profile_that_asks_leapp_for_itself_is_an_error_and_not_a_wait() {
    let home = home_with("", "");
    let leapp = env!("CARGO_BIN_EXE_leapp");
    for session in ["base", "over"] {
        write_aws(
            &home,
            "config",
            &format!("[profile base]\ncredential_process = {leapp} env {session} --format json\n"),
        );
        let start = Instant::now();
        let said = fail(125, &mut home.leapp(["exec", session, "--", "true"]));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(said.contains("they are needed to get themselves"), "{said}");
    }
}

#[test]
fn a_profile_that_asks_leapp_for_another_session_is_fine() {
    let home = home_with("", "");
    home.sign_in("corp");
    let leapp = env!("CARGO_BIN_EXE_leapp");
    let body = format!(
        "{leapp} exec corp -- sh -c 'printf \"{{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"%s\\\", \
         \\\"SecretAccessKey\\\": \\\"%s\\\", \\\"SessionToken\\\": \\\"%s\\\"}}\" \
         \"$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SESSION_TOKEN\"'\n"
    );
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    let (corp, base) = (variables(&home, &["corp"]), variables(&home, &["base"]));
    assert_eq!(corp["AWS_ACCESS_KEY_ID"], base["AWS_ACCESS_KEY_ID"]);
    variables(&home, &["over"]);
}

#[test]
fn a_role_over_a_source_profile_is_assumed_and_kept() {
    let home = home_with("", "");
    let role = format!("role_arn = {DEPLOY}\nrole_session_name = me\nregion = eu-north-1\n");
    write_aws(&home, "config", &format!("[profile base]\n{role}source_profile = keys # a comment\n"));
    write_aws(&home, "credentials", &format!("[keys]\n{}", known_to_sts(&home)));
    let got = variables(&home, &["base"]);
    assert!(got.contains_key("AWS_SESSION_TOKEN") && got.contains_key("AWS_CREDENTIAL_EXPIRATION"), "{got:?}");
    variables(&home, &["base"]);
    let requests = home.requests();
    let roles: Vec<_> = requests.iter().filter(|request| request["action"] == "AssumeRole").collect();
    assert_eq!(roles.len(), 1, "what has an end is kept");
    assert_eq!((roles[0]["role"].as_str(), roles[0]["role_session_name"].as_str()), (Some(DEPLOY), Some("me")));
    assert_eq!(roles[0]["region"], "eu-west-1", "the config's default_region comes before the profile's");
    let said = text(&home.leapp(["login", "base"]).output().expect("started").stderr);
    assert!(said.starts_with("leapp: `base` has the credentials of profile `base`, ") && said.ends_with(" left\n"));
    // What the keys behind it are shapes it too.
    let config = fs::read_to_string(home.path(".aws/credentials")).expect("read");
    write_aws(&home, "credentials", &config.replace("[keys]", "[keys]\nnew = 1"));
    variables(&home, &["base"]);
    assert_eq!(home.count("AssumeRole"), 3);
}

#[test]
fn a_role_over_a_credential_process_is_assumed() {
    let home = home_with("", "");
    let role = format!("role_arn = {DEPLOY}\n");
    let process = script(&home, &format!("echo '{}'\n", as_json(&known_to_sts(&home), "")));
    write_aws(&home, "config", &format!("[profile base]\n{role}source_profile = p\n[profile p]\n{process}"));
    variables(&home, &["base"]);
    write_aws(&home, "config", &format!("[profile base]\n{role}source_profile = base\n{process}"));
    variables(&home, &["base"]);
    assert_eq!(home.count("AssumeRole"), 2);
}

#[test]
fn the_shells_own_credentials_are_never_used() {
    let home = home_with("", "");
    let known = known_to_sts(&home);
    let shell = |arguments: &[&str]| {
        let mut command = home.leapp(arguments);
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x").env("AWS_PROFILE", "other");
        command.envs(known.lines().filter_map(|line| {
            let (name, value) = line.split_once(" = ")?;
            Some((name.to_uppercase(), value.to_owned()))
        }));
        command
    };
    write_aws(&home, "config", "[profile base]\nregion = eu-west-1\n");
    let said = fail(125, &mut shell(&["exec", "base", "--", "true"]));
    assert!(said.contains("the profile has nothing that credentials could come from"), "{said}");
    for source in ["Environment", "EcsContainer"] {
        let role = format!("role_arn = {DEPLOY}\nsource_profile = b\n[profile b]\nrole_arn = {DEPLOY}\n");
        write_aws(&home, "config", &format!("[profile base]\n{role}credential_source = {source}\n"));
        let said = fail(125, &mut shell(&["exec", "over", "--", "true"]));
        assert!(said.contains(&format!("profile `b` has `credential_source = {source}`")), "{said}");
    }
    assert_eq!(home.count("AssumeRole"), 0);
    // Nor by the program that a profile has run, which gets nothing of leapp's own either.
    let body = format!(
        "env | grep -E 'AWS_ACCESS|AWS_SE|AWS_PROFILE|AWS_CONT|PASSPHRASE' >&2\necho '{}'\n",
        as_json(KEYS, "")
    );
    write_aws(&home, "config", &format!("[profile base]\n{}", script(&home, &body)));
    let output = shell(&["exec", "base", "--", "true"]).output().expect("started");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn a_profile_of_identity_center_is_taken_with_the_sign_in_of_the_aws_cli() {
    let home = home_with("", "");
    let sso = "sso_session = work\nsso_account_id = 111122223333\nsso_role_name = Reader\n\
               [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n";
    write_aws(&home, "config", &format!("[profile base]\n{sso}"));
    let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
    assert!(said.starts_with("leapp: cannot get credentials for `base` (profile `base`): "), "{said}");
    assert!(said.contains("\n  run: aws sso login --profile base\n"), "{said}");
    fs::create_dir_all(home.path(".aws/sso/cache")).expect("made");
    // The name is the SHA-1 of the sso-session's, as the AWS CLI has it.
    let token = "{\"accessToken\": \"portal-token\", \"expiresAt\": \"2099-01-01T00:00:00Z\"}";
    write_aws(&home, "sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json", token);
    let answer = "{\"roleCredentials\": {\"accessKeyId\": \"ASIAPORTAL\", \"secretAccessKey\": \"s\", \
                  \"sessionToken\": \"t\", \"expiration\": 4070908800000}}";
    let (address, answering) = server("\r\n\r\n", "application/json", answer);
    let got = || {
        let mut command = home.leapp(["exec", "base", "--", "printenv", "AWS_ACCESS_KEY_ID"]);
        succeed(command.env("AWS_ENDPOINT_URL_SSO", &address))
    };
    assert_eq!(got(), "ASIAPORTAL\n");
    let request = answering.join().expect("answered");
    assert!(request.contains("account_id=111122223333") && request.contains("role_name=Reader"), "{request}");
    assert!(request.contains("portal-token"), "{request}");
    assert_eq!(got(), "ASIAPORTAL\n", "it is kept");
    fail(125, home.leapp(["exec", "base", "--", "true"]).env("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:1"));
}

#[test]
fn what_is_wrong_with_a_role_of_a_profile_is_told() {
    let home = home_with("", "");
    let known = known_to_sts(&home);
    let audit = "arn:aws:iam::444455556666:role/Audit";
    for (config, credentials, parts) in [
        (format!("role_arn = {DEPLOY}\nsource_profile = gone\n"), "", &["`gone`"] as &[&str]),
        (
            format!("role_arn = {DEPLOY}\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = base\n"),
            "",
            &["loop"],
        ),
        (
            format!("role_arn = {DEPLOY}\nsource_profile = keys\n"),
            KEYS,
            &["InvalidClientTokenId", "renew what profile `base`"],
        ),
        (
            format!("role_arn = {audit}\nsource_profile = keys\nmfa_serial = arn:aws:iam::111122223333:mfa/a\n"),
            &known,
            &["AccessDenied", "the trust policy of the role of profile `base`", "profile `base` has an mfa_serial"],
        ),
        (
            "login_session = arn:aws:iam::111122223333:user/a\n".into(),
            "",
            &["aws configure export-credentials --profile base"],
        ),
        (
            format!("role_arn = {DEPLOY}\nweb_identity_token_file = /nonexistent\n"),
            "",
            &["cannot read its web_identity_token_file /nonexistent: there is no such file"],
        ),
    ] {
        write_aws(&home, "config", &format!("[profile base]\n{config}"));
        write_aws(&home, "credentials", &format!("[keys]\n{credentials}"));
        let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
        assert!(said.starts_with("leapp: cannot get credentials for `base` (profile `base`): "), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    }
}

#[test]
fn calls_for_a_profile_end_in_time() {
    let mut home = home_with("", "");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&format!("timeout = \"2s\"\n{config}"));
    write_aws(&home, "config", &format!("[profile base]\nrole_arn = {DEPLOY}\nsource_profile = keys\n"));
    write_aws(&home, "credentials", &format!("[keys]\n{KEYS}"));
    home.sts_path = "/fault/hang".into();
    let start = Instant::now();
    let said = fail(125, &mut home.leapp(["exec", "base", "--", "true"]));
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    assert!(said.contains("did not answer in the 2s that STS may take"), "{said}");
}

#[test]
fn a_profile_session_is_kept_in_the_config_like_any_other() {
    let home = Home::empty();
    write_aws(&home, "config", "[profile work]\nregion = eu-north-1\n");
    let said = |command: &mut Command| text(&command.output().expect("started").stderr);
    let added = said(&mut home.leapp(["session", "add", "profile", "base", "--source-profile", "work"]));
    assert_eq!(
        added,
        "leapp: added `base` to ~/.config/leapp/config.toml\nleapp: to use it: leapp exec base -- COMMAND\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&succeed(&mut home.leapp(["session", "show", "base", "--json"]))).expect("JSON");
    assert_eq!(
        json,
        serde_json::json!({
            "session": "base", "kind": "profile", "source_profile": "work", "region": null, "profile": null,
            "protected": false, "auto": "ask", "exec": "once", "chain": ["base"], "account": null, "partition": null,
            "effective_region": "eu-north-1", "file": "~/.config/leapp/config.toml", "line": json["line"],
        })
    );
    let shown = succeed(&mut home.leapp(["session", "show", "base"]));
    assert!(shown.contains("eu-north-1 (the profile's)"), "{shown}");
    let listed = succeed(&mut home.leapp(["list"]));
    assert!(listed.contains("base     profile  -        -     eu-north-1  profile work\n"), "{listed}");
    let edited =
        said(&mut home.leapp(["session", "edit", "base", "--source-profile", "wrok", "--region", "eu-west-1"]));
    assert_eq!(
        edited,
        "leapp: `base`: source_profile: wrok (was work)\nleapp: `base`: region: eu-west-1 (was not set)\n"
    );
    let refused = said(&mut home.leapp(["session", "edit", "base", "--duration", "1h"]));
    assert!(refused.contains("it belongs to federated and chained sessions, and `base` is profile"), "{refused}");
    let refused = said(&mut home.leapp(["session", "edit", "base", "--profile", "wrok"]));
    assert!(refused.contains("`wrok` is the profile that the session takes its credentials from"), "{refused}");
    succeed(&mut home.leapp(["session", "rename", "base", "first"]));
    succeed(&mut home.leapp(["session", "remove", "--yes", "first"]));
    let missing = said(&mut home.leapp(["session", "add", "profile", "base", "--source-profile", "wrok"]));
    assert!(missing.contains("there is no profile `wrok`") && missing.contains("did you mean `work`?"), "{missing}");
}

#[test]
fn what_a_profile_session_cannot_take_is_told() {
    let home = home_with("", &format!("[base]\n{KEYS}"));
    let said = fail(2, &mut home.leapp(["login", "base", "--duration", "1h"]));
    assert!(said.contains("leave --duration out"), "{said}");
    let said =
        text(&run_with_input(&mut home.leapp(["login", "over", "--saml-response", "-"]), &assertion(&[])).stderr);
    assert_eq!(said, "leapp: cannot take a SAML response for `over`: `base` is no federated session\n");
    let said = text(&home.leapp(["login", "base"]).output().expect("started").stderr);
    assert_eq!(said, "leapp: `base` has the credentials of profile `base`, which are read anew each time\n");
}

#[test]
fn the_null_device_is_a_file_with_nothing_in_it_and_is_never_written() {
    let home = home_with(
        "[profile base]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"s\"}'\n",
        "",
    );
    let null = |arguments: &[&str], variable: &str| {
        let mut command = home.leapp(arguments);
        command.env(variable, "/dev/null");
        command
    };
    succeed(&mut null(&["exec", "base", "--", "true"], "AWS_SHARED_CREDENTIALS_FILE"));
    let said = fail(125, &mut null(&["exec", "base", "--", "true"], "AWS_CONFIG_FILE"));
    assert!(said.contains("there is no profile `base`"), "{said}");
    let config = fs::read_to_string(home.config()).expect("read");
    home.write_config(&config.replace("[sessions.prod]\n", "[sessions.prod]\nprofile = \"prod\"\n"));
    succeed(&mut null(&["profile", "sync"], "AWS_SHARED_CREDENTIALS_FILE"));
    let said = fail(1, &mut null(&["profile", "sync"], "AWS_CONFIG_FILE"));
    assert!(said.contains("cannot write /dev/null: it is the null device"), "{said}");
    let kind = fs::metadata("/dev/null").expect("there").file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&kind));
}

#[test]
fn configured_endpoints_are_passed_over_where_the_environment_says_so() {
    let mut home = home_with("", &format!("[base]\n{KEYS}"));
    // Would be refused, were it heard; and nothing goes out.
    home.endpoint = Some("http://sts.example.org".into());
    let ignoring = |arguments: &[&str]| {
        let mut command = home.leapp(arguments);
        command.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true").env("HTTPS_PROXY", "http://127.0.0.1:9");
        command
    };
    let said = fail(125, &mut ignoring(&["exec", "over", "--", "true"]));
    assert!(said.contains("the proxy http://127.0.0.1:9/ (HTTPS_PROXY) cannot be reached"), "{said}");
    write_aws(&home, "config", &format!("[profile base]\nrole_arn = {DEPLOY}\nsource_profile = base\n"));
    let said = fail(125, &mut ignoring(&["exec", "base", "--", "true"]));
    assert!(said.contains("unset AWS_ENDPOINT_URL_STS"), "{said}");
}
