use proptest::prelude::*;

use super::*;

const CORP: &str = r#"
[sessions.corp]
kind = "federated"
saml_url = "https://acme.okta.com/home/amazon_aws/0oa1/272"
idp_arn = "arn:aws:iam::111122223333:saml-provider/okta"
role_arn = "arn:aws:iam::111122223333:role/Admin"
"#;

fn chained(alias: &str, more: &str) -> String {
    format!(
        "[sessions.{alias}]\nkind = \"chained\"\nassumer = \"corp\"\nrole_arn = \"arn:aws:iam::444455556666:role/team/Deploy\"\n{more}\n"
    )
}

fn error(text: &str) -> String {
    Config::parse("config.toml", text).expect_err(text).to_string()
}

#[test]
fn the_design_example_is_valid() {
    let prod = chained(
        "prod",
        "role_session_name = \"{user}@{host}\"\nexternal_id = \"a-b\"\nprotected = true\nexec = \"refresh\"\nduration = 3600\n\
         tags = { team = \"x\", cost = \"1\" }\ntransitive_tags = [\"team\"]\npolicy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n\
         policy = '{\"Version\":\"2012-10-17\",\"Statement\":[]}'\nmfa_device = \"arn:aws:iam::111122223333:mfa/alice\"\n\
         source_identity = \"alice\"",
    );
    let text = format!(
        "default_region = \"eu-west-1\"\ntimeout = \"10s\"\nbrowser = \"chromium\"\nbrowser_args = [\"--x\"]\n\
         headless = \"never\"\nsign_in_timeout = 60\n[vault]\nkey = \"passphrase\"\nunlock_ttl = \"1h\"\n{CORP}{prod}"
    );
    let config = Config::parse("config.toml", &text).expect("valid");
    let prod = config.session("prod").expect("prod");
    assert!(prod.protected && prod.refresh);
    assert_eq!(config.region(prod).map(Region::as_str), Some("eu-west-1"));
    assert_eq!(config.timeout, Duration::from_secs(10));
    assert_eq!(config.browser.headless, HeadlessMode::Never);
    assert_eq!(config.vault, VaultSettings { key: KeySource::Passphrase, unlock_ttl: Duration::from_hours(1) });
}

#[test]
fn a_profile_session_starts_a_chain_in_any_partition() {
    let base = "[sessions.corp]\nkind = \"profile\"\nsource_profile = \"default\"\n";
    let config =
        Config::parse("config.toml", &format!("{base}{}", chained("prod", "region = \"eu-west-1\""))).expect("valid");
    let corp = config.session("corp").expect("corp");
    assert_eq!((corp.kind(), corp.role_arn(), corp.assumer()), ("profile", None, None));
    assert!(
        error(&format!("{base}profile = \"default\""))
            .contains("the profile that the session takes its credentials from")
    );
    assert!(error(&format!("{base}duration = \"1h\"")).contains("duration: belongs to federated and chained sessions"));
    assert!(error("[sessions.corp]\nkind = \"profile\"").contains("`source_profile` is missing"));
}

/// Each text gives an error that starts so.
#[track_caller]
fn give(cases: &[(String, &str)]) {
    for (text, start) in cases {
        let error = error(text);
        assert!(error.starts_with(start), "{text}\ngave   {error}\nwanted {start}");
    }
}

#[test]
fn every_error_names_file_line_key_and_fix() {
    let cases: &[(String, &str)] = &[
        (
            "default_regon = \"x\"".into(),
            "leapp: config.toml:1: default_regon: there is no such key\n  did you mean `default_region`?",
        ),
        (
            "\n\ndefault_region = 3".into(),
            "leapp: config.toml:3: default_region: must be a text in quotes, not integer",
        ),
        ("a = ".into(), "leapp: config.toml:1: string values must be quoted"),
        (
            CORP.replace("saml_url", "samlurl"),
            "leapp: config.toml:4: sessions.corp.samlurl: there is no such key, and `saml_url` is missing\n  did you mean `saml_url`?",
        ),
        (
            format!("{CORP}{}", chained("prod", "").replace("assumer", "asumer")),
            "leapp: config.toml:9: sessions.prod.asumer: there is no such key, and `assumer` is missing\n  did you mean `assumer`?",
        ),
        (
            CORP.replace("saml_url", "url_of_idp"),
            "leapp: config.toml:2: sessions.corp: `saml_url` is missing\n  add a line: saml_url = \"https://",
        ),
        (
            CORP.replace("role_arn = \"arn:aws:iam::111122223333:role/Admin\"", "role_session_nam = \"x\""),
            "leapp: config.toml:2: sessions.corp: `role_arn` is missing\n  add a line: role_arn = ",
        ),
        (
            CORP.replace("kind =", "kidn ="),
            "leapp: config.toml:3: sessions.corp.kidn: there is no such key, and `kind` is missing\n  did you mean `kind`?",
        ),
        (
            format!("{CORP}saml_url = \"x\""),
            "leapp: config.toml:7: duplicate key\n  `saml_url` is there already: keep one of the two",
        ),
        (
            format!("{CORP}{CORP}"),
            "leapp: config.toml:8: duplicate key\n  `corp` is there already: keep one of the two",
        ),
        (
            CORP.replace("111122223333:role", "1111:role"),
            "leapp: config.toml:6: sessions.corp.role_arn: `1111` is not an account id",
        ),
        (
            CORP.replace("role/Admin", "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x_1"),
            "leapp: config.toml:6: sessions.corp.role_arn: IAM Identity Center",
        ),
        (
            CORP.replace("https://acme.okta.com/home/amazon_aws/0oa1/272", "https://signin.aws.amazon.com/saml"),
            "leapp: config.toml:4: sessions.corp.saml_url: AWS takes the response there; the sign-in starts at",
        ),
        (
            CORP.replace("federated", "federatd"),
            "leapp: config.toml:3: sessions.corp.kind: `federatd` is none of the kinds: federated, chained, profile\n  did you mean `federated`?",
        ),
        (
            CORP.replace("federated", "saml"),
            "leapp: config.toml:3: sessions.corp.kind: `saml` is none of the kinds: federated, chained, profile\n  change it to one of them: kind = \"federated\"",
        ),
        (
            format!("{CORP}assumer = \"x\""),
            "leapp: config.toml:7: sessions.corp.assumer: belongs to chained sessions, and this one is federated",
        ),
        (
            format!("{CORP}duration = \"13h\""),
            "leapp: config.toml:7: sessions.corp.duration: a session lasts 15m to 12h",
        ),
    ];
    give(cases);
}

#[test]
fn what_does_not_fit_together_is_named_with_its_fix() {
    let cases: &[(String, &str)] = &[
        (
            format!("{CORP}{}", chained("prod", "").replace("\"corp\"", "\"crop\"")),
            "leapp: config.toml:9: sessions.prod.assumer: there is no session `crop`\n  did you mean `corp`?",
        ),
        (
            format!("{CORP}{}", chained("prod", "").replace("\"corp\"", "\"prod\"")),
            "leapp: config.toml:9: sessions.prod.assumer: the sessions assume one another in a circle: prod → prod",
        ),
        (
            format!("{CORP}profile = \"p\"\n{}", chained("prod", "profile = \"p\"")),
            "leapp: config.toml:12: sessions.prod.profile: `p` is the named profile of `corp` already\n  give each",
        ),
        (
            format!("{CORP}{}", chained("prod", "transitive_tags = [\"x\"]")),
            "leapp: config.toml:11: sessions.prod.transitive_tags: `x` is not among `tags`\n  add it to `tags` with its value, or",
        ),
        (
            format!("{CORP}{}", chained("prod", "tags = { Team = \"1\", x = \"2\", team = \"3\" }")),
            "leapp: config.toml:7: sessions.prod: the tags `Team` and `team` differ in case alone, which is one tag to STS\n  keep one",
        ),
        (
            format!("{CORP}{}", chained("prod", "tags = { team = \"x\" }\ntransitive_tags = [\n\"team\",\n\"taem\"]")),
            "leapp: config.toml:14: sessions.prod.transitive_tags: `taem` is not among `tags`\n  did you mean `team`?",
        ),
        (
            format!("{CORP}{}", chained("prod", "").replace("arn:aws:", "arn:aws-cn:")),
            "leapp: config.toml:9: sessions.prod.assumer: `corp` is in partition aws, the role in aws-cn\n  name an assumer in aws-cn, or a role in aws",
        ),
        (
            CORP.replace("arn:aws:iam::111122223333:saml", "arn:aws-cn:iam::111122223333:saml"),
            "leapp: config.toml:5: sessions.corp.idp_arn: the provider is in partition aws-cn, the role in aws\n  name a provider of",
        ),
        (
            (1..=17).fold(CORP.to_owned(), |text, n| {
                let assumer = if n == 1 { "corp".to_owned() } else { format!("s{}", n - 1) };
                text + &chained(&format!("s{n}"), "").replace("\"corp\"", &format!("\"{assumer}\""))
            }),
            "leapp: config.toml:89: sessions.s17.assumer: the chain has more than 16 hops\n  name an assumer that is nearer",
        ),
        (
            format!("{CORP}region = \"cn-north-1\""),
            "leapp: config.toml:7: sessions.corp.region: `cn-north-1` is a region of aws-cn, and the role is in aws\n  change it to: region = \"us-east-1\"",
        ),
        (
            format!("default_region = \"cn-north-1\"\n{CORP}"),
            "leapp: config.toml:7: sessions.corp.role_arn: `cn-north-1` is a region of aws-cn, and the role is in aws\n  add a line: region = \"us-east-1\"",
        ),
        (
            CORP.replace("iam::111122223333:saml", "iam::999922223333:saml"),
            "leapp: config.toml:5: sessions.corp.idp_arn: the provider is in account 999922223333",
        ),
        (CORP.replace("https:", "http:"), "leapp: config.toml:4: sessions.corp.saml_url: a sign-in goes over https"),
        ("[sessions.\"a b\"]\nkind = \"chained\"".into(), "leapp: config.toml:1: sessions.a b: an alias has"),
        (
            "[vault]\nkey = \"file\"".into(),
            "leapp: config.toml:2: vault.key: `file` is none of auto, keyring, passphrase",
        ),
        ("sessions = 1".into(), "leapp: config.toml:1: sessions: must be a table, not integer"),
        (
            "role_arn = \"x\"".into(),
            "leapp: config.toml:1: role_arn: belongs to a session: put it under [sessions.NAME]",
        ),
    ];
    give(cases);
}

#[test]
fn the_session_that_breaks_a_chain_is_the_one_that_is_named() {
    let text = format!(
        "{CORP}{}{}",
        chained("a", "").replace("\"corp\"", "\"b\""),
        chained("b", "").replace("\"corp\"", "\"gone\"")
    );
    assert!(error(&text).contains("sessions.b.assumer: there is no session `gone`"));
}

#[test]
fn an_unknown_session_is_answered_with_near_names() {
    let config = Config::parse("config.toml", &format!("{CORP}{}", chained("prod", ""))).expect("valid");
    let error = |name: &str| config.session(name).expect_err(name).to_string();
    assert_eq!(error("prdo"), "leapp: there is no session `prdo`\n  did you mean `prod`?");
    assert_eq!(error("zzz"), "leapp: there is no session `zzz`\n  run: leapp list");
    assert_eq!(error("\u{1b}[2J"), "leapp: there is no session `\\u{1b}[2J`\n  run: leapp list");
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC*", inside in "[a-z_]{1,12} = [\"a-z0-9\\[\\]{}=.,]{0,30}") {
        let _ = Config::parse("c", &text);
        let _ = Config::parse("c", &format!("{CORP}{inside}\n"));
    }
}
