//! `leapp profile`: files that are the person's, and AWS's own programs that read them.

mod corpus;

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::PathBuf,
    process::{Command, Stdio},
};

use corpus::CORPUS;
use serde_json::Value;

use crate::harness::{Home, bed, chained, fail, federated, succeed, text, write_program};

const ID: &str = "8f2c1d3e-4b5a-6978-8877-665544332211";

/// A home in which `corp` is the default profile, and `prod` the profile `my prod`.
fn home() -> Home {
    let home = Home::empty();
    home.write_config(&format!(
        "default_region = \"eu-west-1\"\n{}{}",
        federated("corp", "ssp", crate::harness::ADMIN, "profile = \"default\""),
        chained("prod", "corp", crate::harness::DEPLOY, "profile = \"my prod\"\nregion = \"us-west-2\""),
    ));
    fs::create_dir(home.path(".aws")).expect("made");
    home
}

fn file(home: &Home) -> PathBuf {
    home.path(".aws/config")
}

fn credentials_file(home: &Home) -> PathBuf {
    home.path(".aws/credentials")
}

fn read(home: &Home) -> String {
    fs::read_to_string(file(home)).expect("read")
}

fn private(file: &std::path::Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("set");
}

/// What leapp says on standard error when it does this.
fn says(home: &Home, arguments: &[&str]) -> String {
    let output = home.leapp(arguments).output().expect("run");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr)
}

/// A command of the bed in a home, with a profile.
fn with_profile(home: &Home, program: &str, profile: &str) -> Command {
    let mut command = Command::new(program);
    home.surround(&mut command);
    command.env("AWS_PROFILE", profile);
    command
}

/// The account that the AWS CLI is in with a profile.
fn account(home: &Home, profile: &str) -> String {
    let mut aws = with_profile(home, &format!("{}/aws", bed("LEAPP_BED_BIN")), profile);
    aws.env("AWS_DEFAULT_REGION", "eu-west-1");
    succeed(aws.args(["sts", "get-caller-identity", "--query", "Account", "--output", "text"])).trim().to_owned()
}

/// Runs Python with boto3, and reads what it prints.
fn python(home: &Home, profile: &str, script: &str) -> Value {
    let mut command = with_profile(home, &bed("LEAPP_BED_PYTHON"), profile);
    serde_json::from_str(&succeed(command.args(["-c", script]))).expect("JSON")
}

#[test]
fn aws_programs_read_the_profiles() {
    let home = home();
    home.sign_in("corp");
    assert_eq!(says(&home, &["profile", "sync"]), "leapp: wrote `default` and `my prod` to ~/.aws/config\n");
    assert_eq!(fs::metadata(file(&home)).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!((account(&home, "default"), account(&home, "my prod")), ("111122223333".into(), "444455556666".into()));
    let script = "
import boto3, json
session = boto3.Session()
print(json.dumps([session.region_name, session.client('sts').get_caller_identity()['Account']]))
";
    assert_eq!(python(&home, "my prod", script), serde_json::json!(["us-west-2", "444455556666"]));
    assert_eq!(says(&home, &["profile", "sync"]), "leapp: ~/.aws/config has `default` and `my prod` already\n");
    says(&home, &["profile", "sync", "--remove"]);
    assert!(!file(&home).exists(), "leapp made it");
    assert_eq!(says(&home, &["profile", "sync", "--remove"]), "leapp: ~/.aws/config has none of leapp's\n");
}

#[test]
fn the_program_may_be_anywhere() {
    let home = home();
    home.sign_in("corp");
    let folder = home.path("My Apps #1 ;it's \"here\" $HOME");
    fs::create_dir(&folder).expect("made");
    let program = folder.join("leapp");
    write_program(&program, fs::read(env!("CARGO_BIN_EXE_leapp")).expect("read"));
    let mut command = Command::new(&program);
    home.surround(&mut command);
    succeed(command.args(["profile", "sync"]));
    assert_eq!(account(&home, "my prod"), "444455556666");
    // As the SDKs for Rust, Go, Java and JavaScript run it.
    let written = read(&home);
    let line = written.lines().find_map(|line| line.strip_prefix("credential_process = ")).expect("a process");
    let mut shell = Command::new("sh");
    home.surround(&mut shell);
    let json: Value = serde_json::from_str(&succeed(shell.args(["-c", line]))).expect("JSON");
    assert_eq!(json["AccountId"], "111122223333");
}

#[test]
fn a_link_on_the_search_path_is_named_rather_than_where_it_leads() {
    let home = home();
    fs::create_dir(home.path("bin")).expect("made");
    symlink(env!("CARGO_BIN_EXE_leapp"), home.path("bin/leapp")).expect("linked");
    succeed(home.leapp(["profile", "sync"]).env("PATH", home.path("bin")));
    let line = format!("credential_process = {} credential-process prod\n", home.path("bin/leapp").display());
    assert!(read(&home).contains(&line), "{}", read(&home));
}

#[test]
fn links_modes_and_owners_stay_and_every_byte_comes_back() {
    let home = home();
    let target = home.path("dotfiles-config");
    let before = "\u{feff}# mine\r\n[profile a]\r\n\tregion = x\r\n[sso-session s]";
    fs::write(&target, before).expect("written");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("set");
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&target, Some(65534), Some(65534)).expect("given away");
    }
    let owner = fs::metadata(&target).expect("there").uid();
    symlink("../dotfiles-config", file(&home)).expect("linked");
    says(&home, &["profile", "sync"]);
    let metadata = fs::metadata(&target).expect("there");
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.uid()), (0o640, owner));
    assert!(fs::symlink_metadata(file(&home)).expect("there").is_symlink());
    assert!(read(&home).starts_with(before) && read(&home).contains("[profile \"my prod\"]\r\n"));
    says(&home, &["profile", "sync", "--remove"]);
    assert_eq!(read(&home), before);
    assert!(fs::symlink_metadata(file(&home)).expect("there").is_symlink());
    assert_eq!(fs::read_dir(home.path(".aws")).expect("a folder").count(), 1, "nothing is left beside it");
}

#[test]
fn aws_config_file_is_respected() {
    let home = home();
    for (name, path) in [("~/elsewhere", "elsewhere"), (home.path("absolute").to_str().expect("a path"), "absolute")] {
        succeed(home.leapp(["profile", "sync"]).env("AWS_CONFIG_FILE", name));
        assert!(fs::read_to_string(home.path(path)).expect("read").contains("[default]"));
    }
    assert!(!file(&home).exists());
}

#[test]
fn a_profile_of_the_persons_is_never_overwritten_unasked() {
    let home = home();
    let before = "[default]\nregion = mine\n\n[profile z]\nregion = x\n";
    fs::write(file(&home), before).expect("written");
    let said = fail(2, &mut home.leapp(["profile", "sync"]));
    assert!(said.starts_with("leapp: ~/.aws/config:1: there is a named profile `default` already"), "{said}");
    assert!(said.contains("run: leapp profile sync --force"), "{said}");
    assert_eq!(read(&home), before);
    let shown = succeed(&mut home.leapp(["profile", "sync", "--force", "--dry-run"]));
    for part in
        ["--- ~/.aws/config\n", "-[default]\n", "+# set aside by leapp: [default]\n", "+[profile \"my prod\"]\n"]
    {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(read(&home), before, "a dry run changes nothing");
    says(&home, &["profile", "sync", "--force"]);
    assert_ne!(read(&home), before);
    says(&home, &["profile", "sync"]);
    says(&home, &["profile", "sync", "--remove"]);
    assert_eq!(read(&home), before);
}

#[test]
fn many_at_once_write_one_block() {
    let home = home();
    fs::write(file(&home), "[profile a]\nregion = x\n").expect("written");
    let running: Vec<_> =
        (0..8).map(|_| home.leapp(["profile", "sync"]).stderr(Stdio::null()).spawn().expect("started")).collect();
    for mut child in running {
        assert!(child.wait().expect("ended").success());
    }
    assert_eq!(read(&home).matches("# >>> leapp profile sync >>>").count(), 1);
    says(&home, &["profile", "sync", "--remove"]);
    assert_eq!(read(&home), "[profile a]\nregion = x\n");
}

#[test]
fn a_session_that_loses_its_profile_loses_it_in_the_file() {
    let home = home();
    says(&home, &["profile", "sync"]);
    succeed(&mut home.leapp(["session", "edit", "prod", "--unset", "profile"]));
    says(&home, &["profile", "sync"]);
    assert!(read(&home).contains("[default]") && !read(&home).contains("my prod"));
    succeed(&mut home.leapp(["session", "edit", "corp", "--unset", "profile"]));
    says(&home, &["profile", "sync"]);
    assert!(!file(&home).exists());
}

#[test]
fn what_cannot_be_written_is_said() {
    let home = home();
    fs::write(file(&home), "[profile a]\n# >>> leapp profile sync >>>\n").expect("written");
    assert!(fail(2, &mut home.leapp(["profile", "sync"])).starts_with("leapp: ~/.aws/config:2: this mark"));
    fs::write(file(&home), "[profile a]\n").expect("written");
    fs::set_permissions(file(&home), fs::Permissions::from_mode(0o400)).expect("set");
    assert!(fail(1, &mut home.leapp(["profile", "sync"])).contains("it is read-only"));
    fs::remove_file(file(&home)).expect("removed");
    fs::create_dir(file(&home)).expect("made");
    assert!(fail(1, &mut home.leapp(["profile", "sync"])).contains("cannot read ~/.aws/config"));
}

/// The profiles that botocore reads in each of these files; null where it reads none of it.
const READ_ALL: &str = "
import json, sys
from botocore import configloader
def read(path):
    try:
        return configloader.load_config(path)['profiles']
    except Exception:
        return None
print(json.dumps([read(path) for path in json.load(open(sys.argv[1]))]))
";

#[test]
fn botocore_reads_of_the_corpus_what_it_read_before_and_what_was_added() {
    let home = home();
    let mut paths = Vec::new();
    for (number, content) in CORPUS.iter().enumerate() {
        let [before, after] = ["before", "after"].map(|name| home.path(&format!("{name}-{number}")));
        fs::write(&before, content).expect("written");
        fs::write(&after, content).expect("written");
        succeed(home.leapp(["profile", "sync", "--force"]).env("AWS_CONFIG_FILE", &after));
        paths.extend([before, after]);
    }
    fs::write(home.path("paths"), serde_json::to_vec(&paths).expect("JSON")).expect("written");
    let mut command = with_profile(&home, &bed("LEAPP_BED_PYTHON"), "x");
    let read: Vec<Value> =
        serde_json::from_str(&succeed(command.args(["-c", READ_ALL]).arg(home.path("paths")))).expect("JSON");
    let mut were_readable = 0;
    for (content, pair) in CORPUS.iter().zip(read.chunks(2)) {
        let [before, after] = pair else { panic!("a pair for each") };
        // What botocore cannot read is not made readable, and not made worse.
        assert!(before.is_null() || !after.is_null(), "{content:?}");
        let Some(before) = before.as_object() else { continue };
        were_readable += 1;
        for (name, settings) in before.iter().filter(|(name, _)| !["default", "my prod"].contains(&name.as_str())) {
            assert_eq!(after[name], *settings, "{content:?}");
        }
        assert_eq!(after["my prod"]["region"], "us-west-2", "{content:?}");
        let process = after["default"]["credential_process"].as_str().expect("a process");
        assert!(process.ends_with("leapp credential-process corp"), "{process}");
    }
    assert!(were_readable >= 20, "{were_readable}");
}

#[test]
fn entries_of_the_desktop_app_go_on_working() {
    let home = home();
    home.sign_in("corp");
    let leapp = env!("CARGO_BIN_EXE_leapp");
    let old = format!("[profile my prod]\ncredential_process={leapp} session generate {ID}\nregion=eu-west-1\n");
    fs::write(file(&home), old.replace("my prod", "\"my prod\"")).expect("written");
    assert_eq!(account(&home, "my prod"), "444455556666");
    let unknown = fail(1, &mut home.leapp(["session", "generate", "0000"]));
    assert!(unknown.contains("there is no session `0000`") && unknown.lines().count() == 1, "{unknown}");
    home.write_config("");
    let unknown = fail(1, &mut home.leapp(["session", "generate", ID]));
    assert!(unknown.contains("~/.aws/config asks with it for the named profile `my prod`"), "{unknown}");
    assert_eq!(unknown.lines().count(), 1, "{unknown}");
}

#[test]
fn keys_in_plain_text_are_written_only_on_demand_and_go_at_logout() {
    let home = home();
    home.sign_in("corp");
    let refused = fail(2, &mut home.leapp(["profile", "write", "my prod"]));
    assert!(refused.contains("only with --static") && !credentials_file(&home).exists(), "{refused}");

    let mine = "[other]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = mine";
    fs::write(credentials_file(&home), mine).expect("written");
    fs::set_permissions(credentials_file(&home), fs::Permissions::from_mode(0o644)).expect("set");
    let said = fail(1, &mut home.leapp(["profile", "write", "my prod", "--static"]));
    assert!(said.contains("others may read it") && said.contains("run: chmod 600 ~/.aws/credentials"), "{said}");
    private(&credentials_file(&home));
    let said = says(&home, &["profile", "write", "my prod", "--static"]);
    assert!(said.contains("are in plain text in ~/.aws/credentials, and good until 20"), "{said}");
    says(&home, &["profile", "write", "corp", "--static"]);
    assert_eq!((account(&home, "default"), account(&home, "my prod")), ("111122223333".into(), "444455556666".into()));
    let written = fs::read_to_string(credentials_file(&home)).expect("read");
    assert!(written.contains("# keys of the session `prod` in plain text, until 20"), "{written}");

    let refused = fail(2, &mut home.leapp(["profile", "sync"]));
    assert!(
        refused.contains("leapp wrote those of `my prod`; to take them out, run: leapp logout prod\n"),
        "{refused}"
    );
    assert!(!file(&home).exists());
    let warned = says(&home, &["profile", "sync", "--force"]);
    assert!(warned.contains("`my prod` has credentials of its own at ~/.aws/credentials:"), "{warned}");

    // The variable may be gone by then; and who starts from a session is signed out with it.
    says(&home, &["logout", "prod"]);
    let left = fs::read_to_string(credentials_file(&home)).expect("read");
    assert!(left.contains("[default]") && !left.contains("[my prod]"), "{left}");
    says(&home, &["logout", "--all"]);
    assert_eq!(fs::read_to_string(credentials_file(&home)).expect("read"), mine);
}

#[test]
fn a_profile_that_would_be_another_account_is_not_written() {
    let home = home();
    home.sign_in("corp");
    let mine = "[other]\nregion = x\n[my prod]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = mine\n";
    fs::write(credentials_file(&home), mine).expect("written");
    let refused = "leapp: cannot write named profiles: `my prod` (aws_access_key_id, line 4) has credentials of its own in \
                   ~/.aws/credentials, and AWS SDKs go by those\n  take them out of [my prod] at ~/.aws/credentials:4, or \
                   take another name: leapp session edit prod --profile NAME\n  to write them all the same, run: \
                   leapp profile sync --force\n";
    assert_eq!(fail(2, &mut home.leapp(["profile", "sync"])), refused);
    assert_eq!(fail(2, &mut home.leapp(["profile", "sync", "--dry-run"])), refused);
    assert!(!file(&home).exists(), "nor is any other profile");

    let warned = "`my prod` has credentials of its own at ~/.aws/credentials:4 (aws_access_key_id), and AWS SDKs go by \
                  those; remove them there\n";
    assert!(says(&home, &["profile", "sync", "--force"]).ends_with(warned));
    let written = read(&home);
    assert_eq!(fail(2, &mut home.leapp(["profile", "sync"])), refused);
    assert_eq!(read(&home), written);

    for (key, more) in
        [("credential_process = /bin/false", ""), ("role_arn = arn:aws:iam::1:role/x", "source_profile = y\n")]
    {
        fs::write(credentials_file(&home), format!("[my prod]\n{key}\n{more}")).expect("written");
        let refused = fail(2, &mut home.leapp(["profile", "sync"]));
        let key = key.split(' ').next().expect("a key");
        assert!(refused.contains(&format!("`my prod` ({key}, line 2) has credentials of its own")), "{refused}");
    }
    fs::write(credentials_file(&home), mine).expect("written");

    // Keys in a file that no SDK reads here are no rivals.
    succeed(home.leapp(["profile", "sync"]).env("AWS_SHARED_CREDENTIALS_FILE", home.path("none")));
    says(&home, &["profile", "sync", "--remove"]);
    assert!(!file(&home).exists());
    says(&home, &["session", "edit", "prod", "--profile", "mine"]);
    assert_eq!(says(&home, &["profile", "sync"]), "leapp: wrote `default` and `mine` to ~/.aws/config\n");
}

#[test]
fn whatever_botocore_would_take_in_its_place_is_a_rival() {
    let home = home();
    home.sign_in("corp");
    says(&home, &["session", "edit", "prod", "--profile", "p"]);
    let keys = "aws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n";
    let method = "import botocore.session, json\n\
                  try: print(json.dumps(botocore.session.Session().get_credentials().method))\n\
                  except Exception as error: print(json.dumps(type(error).__name__))";
    for (credentials, is_rival) in [
        (format!("[p]\n{keys}"), true),
        (format!("[p]\nregion = x\n\n  # mine\n{keys}"), true),
        (format!("[q]\n{keys}[p]\nregion = x\n"), false),
        (format!("[profile p]\n{keys}"), false),
        (format!("[\"p\"]\n{keys}"), false),
        (format!("[DEFAULT]\n{keys}[p]\n"), true),
        (format!("[DEFAULT]\n{keys}[q]\n"), false),
        (format!("[p]\n{keys}").replace('\n', "\r"), true),
        (format!("[p]\n[x = 1\n{keys}"), true),
        ("[p]\nsso_role_name = x\n".to_owned(), true),
        ("[p]\ncredential_process = /bin/false\n".to_owned(), true),
        ("[p]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = p\n".to_owned(), true),
        ("[p]\nsource_profile = q\n".to_owned(), false),
    ] {
        fs::write(credentials_file(&home), &credentials).expect("written");
        let output = home.leapp(["profile", "sync"]).output().expect("ran");
        assert_eq!(output.status.code(), Some(if is_rival { 2 } else { 0 }), "{credentials}{}", text(&output.stderr));
        says(&home, &["profile", "sync", "--force"]);
        assert_eq!(python(&home, "p", method) != "custom-process", is_rival, "{credentials}");
        says(&home, &["profile", "sync", "--remove"]);
    }
    // One file for both.
    fs::remove_file(credentials_file(&home)).expect("removed");
    for _ in 0..2 {
        succeed(home.leapp(["profile", "sync"]).env("AWS_SHARED_CREDENTIALS_FILE", file(&home)));
    }
}

#[test]
fn keys_follow_a_session_that_is_renamed_and_go_with_it() {
    let home = home();
    home.sign_in("corp");
    says(&home, &["profile", "write", "prod", "--static"]);
    assert!(says(&home, &["session", "rename", "prod", "live"]).contains("run: leapp profile sync"));
    says(&home, &["logout", "live"]);
    assert!(!credentials_file(&home).exists());
    says(&home, &["profile", "write", "live", "--static"]);
    let said = says(&home, &["session", "remove", "--yes", "live"]);
    assert!(said.ends_with("signed out of `live`, the named profile `my prod`\n"), "{said}");
    assert!(!credentials_file(&home).exists());
}

#[test]
fn keys_of_another_file_go_from_there() {
    let home = home();
    home.sign_in("corp");
    let elsewhere = home.path("elsewhere");
    let write = |name: &str| {
        let mut command = home.leapp(["profile", "write", name, "--static"]);
        command.env("AWS_SHARED_CREDENTIALS_FILE", &elsewhere);
        command
    };
    succeed(&mut write("corp"));
    assert_eq!(fs::metadata(&elsewhere).expect("there").permissions().mode() & 0o777, 0o600);
    says(&home, &["logout", "corp"]);
    assert!(!elsewhere.exists());

    let mine = "[default]\naws_access_key_id = AKIAEXAMPLE\n";
    fs::write(&elsewhere, mine).expect("written");
    private(&elsewhere);
    home.sign_in("corp");
    assert!(fail(2, &mut write("corp")).contains("elsewhere:1: there is a named profile `default` already"));
    succeed(write("corp").arg("--force"));
    assert!(fs::read_to_string(&elsewhere).expect("read").starts_with("# set aside by leapp: [default]\n"));
    says(&home, &["logout", "corp"]);
    assert_eq!(fs::read_to_string(&elsewhere).expect("read"), mine);
}

#[test]
fn a_profile_that_would_ask_for_itself_is_refused() {
    let home = home();
    home.write_config(
        "[sessions.a]\nkind = \"profile\"\nsource_profile = \"b\"\nprofile = \"a\"\n\
         [sessions.b]\nkind = \"profile\"\nsource_profile = \"a\"\nprofile = \"b\"\n",
    );
    assert!(fail(2, &mut home.leapp(["profile", "sync"])).contains("a profile that would ask for itself"));
    assert!(!file(&home).exists());
}

#[test]
fn a_session_that_takes_a_profile_can_be_one() {
    let home = home();
    let mine = "[base]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = mine\n";
    fs::write(credentials_file(&home), mine).expect("written");
    home.add_config("[sessions.keys]\nkind = \"profile\"\nsource_profile = \"base\"\nprofile = \"again\"\n");
    says(&home, &["profile", "sync"]);
    let json: Value = serde_json::from_str(&succeed(&mut home.leapp(["credential-process", "keys"]))).expect("JSON");
    let wanted = serde_json::json!({"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "mine"});
    assert_eq!(json, wanted, "keys that do not end have no token, and no end");
    let said = fail(1, &mut home.leapp(["console", "keys", "--print"]));
    assert!(said.contains("these are long-term keys"), "{said}");
    assert_eq!(says(&home, &["renew"]), "leapp: no session is signed in\n");
    assert_eq!(says(&home, &["renew", "keys"]), "leapp: `keys` has keys that do not end\n");
}
