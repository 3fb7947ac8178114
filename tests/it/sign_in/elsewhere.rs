//! Sign-ins that lead through other applications to AWS, and those that end elsewhere.

use std::time::Duration;

use serde_json::json;

use super::{
    desk::{Desk, Running},
    pages::{Pages, good_response, posting, staying},
};

const AWS: &str = "https://signin.aws.amazon.com/saml";
const IDENTITY_CENTER: &str =
    "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/11111111-2222-3333-4444-555555555555";
const IDENTITY_CENTER_PLACE: &str =
    "eu-west-1.signin.aws.amazon.com/platform/saml/acs/11111111-2222-3333-4444-555555555555";

/// Signs in to `corp`, which begins at this address.
fn sign_in(desk: &Desk, pages: &Pages, saml_url: &str) -> Running {
    desk.move_provider(saml_url);
    desk.start(desk.leapp(["login", "corp"]).env("LEAPP_BROWSER_ARGS", pages.browser_args()))
}

#[test]
fn another_application_is_a_hop_and_the_last_one_is_named() {
    let desk = Desk::new();
    let broker = |then| {
        Pages::serve([
            ("idp.example.com/sso", posting("https://broker.example.com/saml2/acs", "PHg+")),
            ("broker.example.com/saml2/acs", then),
        ])
    };
    let pages = broker(posting(AWS, &good_response()));
    let ended = sign_in(&desk, &pages, "https://idp.example.com/sso?app=aws").succeed();
    assert!(
        ended.err.contains("leapp: signed in to `corp` as arn:aws:sts::111122223333:assumed-role/Admin/"),
        "{}",
        ended.err
    );
    assert!(pages.requests("signin.aws.amazon.com/saml").is_empty(), "nothing goes to AWS itself");

    desk.sign_out();
    desk.set("sign_in_timeout = \"8s\"");
    let pages = broker(staying());
    let ended = sign_in(&desk, &pages, "https://idp.example.com/sso?app=aws").end_with(1);
    assert!(
        ended.err.contains("was not finished within 8s; the browser was at `https://broker.example.com/saml2/acs`\n"),
        "{}",
        ended.err
    );
    assert_eq!(pages.requests("broker.example.com/saml2/acs")[0]["method"], "POST");
    desk.is_empty();
}

#[test]
fn an_application_that_cannot_be_reached_is_named_too() {
    let desk = Desk::new();
    desk.set("sign_in_timeout = \"8s\"");
    let pages = Pages::serve([("idp.example.com/sso", posting("http://127.0.0.1:9/saml2/acs?x=1", "PHg+"))]);
    let ended = sign_in(&desk, &pages, "https://idp.example.com/sso").end_with(1);
    assert!(ended.err.contains("; the browser was at `http://127.0.0.1:9/saml2/acs`\n"), "{}", ended.err);
}

#[test]
fn a_portal_in_front_of_aws_goes_through_identity_center_where_it_leads_to_an_application() {
    let desk = Desk::new();
    let pages = Pages::serve([
        ("d-1234567890.awsapps.com/start/", posting(IDENTITY_CENTER, "PHg+")),
        (IDENTITY_CENTER_PLACE, posting(AWS, &good_response())),
    ]);
    let portal = "https://d-1234567890.awsapps.com/start/";
    sign_in(&desk, &pages, &format!("{portal}#/saml/default/AWS/ins-1234567890abcdef")).succeed();
    assert_eq!(pages.requests(IDENTITY_CENTER_PLACE).len(), 1);
    desk.sign_out();
    let config = std::fs::read_to_string(desk.config()).expect("read");
    desk.write_config(&config.replace("#/saml/default/AWS/ins-1234567890abcdef", ""));
    let ended = desk.start(desk.leapp(["login", "corp"]).env("LEAPP_BROWSER_ARGS", pages.browser_args())).end_with(1);
    let said =
        "`saml_url` is the portal itself; the address of one of its SAML applications has `/start/#/saml/` in it\n";
    assert!(ended.err.contains("is for IAM Identity Center") && ended.err.contains(said), "{}", ended.err);
    assert_eq!(pages.requests(IDENTITY_CENTER_PLACE).len(), 1, "it is stopped");
    desk.is_empty();
}

#[test]
fn a_link_to_a_portal_that_leads_to_an_application_goes_through_identity_center_too() {
    let portal = "https://d-1234567890.awsapps.com/start/#/saml/default/AWS/ins-1234567890abcdef";
    let going = |url: &str| format!("<!DOCTYPE html><script>location.replace({url:?})</script>");
    for link in [json!({"status": 302, "headers": {"Location": portal}, "body": ""}), json!(going(portal))] {
        let desk = Desk::new();
        let pages = Pages::serve([
            ("go.example.com/aws", link),
            ("d-1234567890.awsapps.com/start/", json!(going("https://idp.example.com/sso"))),
            ("idp.example.com/sso", posting(IDENTITY_CENTER, "PHg+")),
            (IDENTITY_CENTER_PLACE, posting(AWS, &good_response())),
        ]);
        sign_in(&desk, &pages, "https://go.example.com/aws").succeed();
        assert_eq!(pages.requests(IDENTITY_CENTER_PLACE).len(), 1);
        desk.is_empty();
    }
}

#[test]
fn a_response_for_identity_center_or_cognito_ends_the_sign_in_at_once() {
    let cognito = "https://acme.auth.eu-west-1.amazoncognito.com/saml2/idpresponse";
    for (to, said) in [
        (IDENTITY_CENTER, "is for IAM Identity Center, not for IAM"),
        (IDENTITY_CENTER, "use the identity provider's other AWS application"),
        (cognito, "is for Amazon Cognito, not for IAM"),
    ] {
        let desk = Desk::new();
        let pages = Pages::serve([("idp.example.com/sso", posting(to, "PHg+"))]);
        let ended = sign_in(&desk, &pages, "https://idp.example.com/sso").end_with(1);
        assert!(ended.err.contains("cannot sign in to `corp`: ") && ended.err.contains(said), "{}", ended.err);
        assert!(ended.time < Duration::from_secs(20), "{:?}", ended.time);
        let sent_to = to.trim_start_matches("https://");
        assert!(pages.requests(sent_to).is_empty(), "it is stopped");
        desk.is_empty();
    }
}

#[test]
fn a_response_in_an_address_ends_the_sign_in_and_never_reaches_aws() {
    let desk = Desk::new();
    let location = format!("{AWS}?SAMLResponse=fZFNT8MwDIb%2FSpV7&RelayState=");
    let pages =
        Pages::serve([("idp.example.com/sso", json!({"status": 302, "headers": {"Location": location}, "body": ""}))]);
    let ended = sign_in(&desk, &pages, "https://idp.example.com/sso").end_with(1);
    assert!(
        ended
            .err
            .contains("sends the SAML response to signin.aws.amazon.com in the address (redirect binding), and AWS"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("fZFNT8"), "{}", ended.err);
    assert!(pages.requests("signin.aws.amazon.com/saml").is_empty());
    desk.is_empty();
}
