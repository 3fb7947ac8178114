use std::time::Duration;

use super::*;
use crate::browser::message;
use crate::browser::{Headless, Place};

const IDP: &str = "https://me@idp.example:8443/sso?x=1";

fn is_target(url: &str) -> bool {
    url == "https://signin.aws.amazon.com/saml"
}

/// A conversation over a request for [`IDP`].
fn talk(manner: Manner, test: impl FnOnce(&mut Conversation<'_>, Instant)) {
    let patterns = ["https://signin.aws.amazon.com/*".to_owned()];
    let request = SignIn {
        alias: "dev",
        url: IDP,
        profile: &Place { state: "/s".as_ref(), home: "/h".as_ref(), room: "browser", name: "idp".into() },
        headless: Headless::Auto,
        browser: None,
        args: &[],
        path: None,
        withheld: &[],
        display: true,
        root: false,
        timeout: Duration::from_mins(1),
        partition: "aws",
        is_target,
        patterns: &patterns,
    };
    let now = Instant::now();
    test(&mut Conversation::begin(&request, manner, now), now);
}

fn say(talk: &mut Conversation<'_>, message: &Value, now: Instant) -> Result<Option<Outcome>> {
    talk.hear(message::read(message.to_string().as_bytes()).expect("readable"), now)
}

/// The commands that wait, as (session, method, id).
fn commands(talk: &mut Conversation<'_>) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    std::iter::from_fn(|| talk.next_command())
        .map(|command| (text(&command["sessionId"]), text(&command["method"]), command["id"].as_u64().expect("an id")))
        .collect()
}

fn methods(talk: &mut Conversation<'_>) -> Vec<String> {
    commands(talk).into_iter().map(|(_, method, _)| method).collect()
}

fn attached(session: &str, target: &str, kind: &str) -> Value {
    json!({"method": "Target.attachedToTarget", "params": {"sessionId": session, "waitingForDebugger": true,
        "targetInfo": {"targetId": target, "type": kind, "title": "", "url": "about:blank", "attached": true}}})
}

fn paused(method: &str, url: &str, body: &Value) -> Value {
    let mut request = json!({"method": method, "url": url, "headers": {}});
    request.as_object_mut().expect("an object").extend(body.as_object().cloned().unwrap_or_default());
    json!({"method": "Fetch.requestPaused", "sessionId": "S", "params": {"requestId": "R", "request": request}})
}

/// Lets the first page appear and begin; gives the id of its navigation.
fn navigate(talk: &mut Conversation<'_>, now: Instant) -> u64 {
    say(talk, &attached("S", "F", "page"), now).expect("fine");
    let (_, _, run) = commands(talk).pop().expect("commands");
    say(talk, &json!({"id": run, "result": {}, "sessionId": "S"}), now).expect("fine");
    let (_, method, id) = commands(talk).pop().expect("a command");
    assert_eq!(method, "Page.navigate");
    id
}

#[test]
fn every_page_is_watched_before_it_runs() {
    talk(Manner::Window, |talk, now| {
        assert_eq!(methods(talk), ["Target.setAutoAttach"]);
        for (session, target, kind) in [("S", "F", "page"), ("P", "G", "page"), ("I", "H", "iframe")] {
            say(talk, &attached(session, target, kind), now).expect("fine");
            let asked = commands(talk);
            assert!(asked.iter().all(|(of, ..)| of == session));
            let watch = asked.iter().position(|(_, method, _)| method == "Fetch.enable");
            let run = asked.iter().position(|(_, method, _)| method == "Runtime.runIfWaitingForDebugger");
            assert!(watch.is_some() && watch < run, "{asked:?}");
        }
    });
}

#[test]
fn a_worker_is_told_to_go_on_and_nothing_else() {
    talk(Manner::Silent, |talk, now| {
        navigate(talk, now);
        say(talk, &attached("W", "V", "worker"), now).expect("fine");
        assert_eq!(methods(talk), ["Runtime.runIfWaitingForDebugger"]);
        say(talk, &json!({"method": "Target.detachedFromTarget", "params": {"sessionId": "W"}}), now).expect("fine");
        assert!(talk.has_page());
    });
}

#[test]
fn a_page_that_is_attached_twice_is_watched_once() {
    talk(Manner::Window, |talk, now| {
        navigate(talk, now);
        say(talk, &attached("S2", "F", "page"), now).expect("fine");
        assert_eq!(methods(talk), ["Runtime.runIfWaitingForDebugger"]);
    });
}

#[test]
fn a_headless_browser_does_not_say_that_it_is_one() {
    talk(Manner::Headless, |talk, now| {
        assert_eq!(methods(talk), ["Browser.getVersion", "Target.setAutoAttach"]);
        say(talk, &json!({"id": 1, "result": {"userAgent": "X HeadlessChrome/1 HeadlessEdg/1"}}), now).expect("fine");
        say(talk, &attached("S", "F", "page"), now).expect("fine");
        let agent = std::iter::from_fn(|| talk.next_command())
            .find(|command| command["method"] == "Emulation.setUserAgentOverride")
            .expect("it is overridden");
        assert_eq!(agent["params"]["userAgent"], "X Chrome/1 Edg/1");
        let hints = agent["params"]["userAgentMetadata"].as_object().expect("client hints");
        assert!(hints["platform"].is_string() && !hints.contains_key("brands"), "{hints:?}");
    });
}

#[test]
fn only_a_form_posted_to_aws_is_captured() {
    talk(Manner::Window, |talk, now| {
        navigate(talk, now);
        let form = json!({"hasPostData": true, "postData": "SAMLResponse=x"});
        for (method, url) in [
            ("GET", "https://signin.aws.amazon.com/saml"),
            ("POST", "https://signin.aws.amazon.com/saml2"),
            ("POST", "https://idp.example/?https://signin.aws.amazon.com/saml"),
        ] {
            assert!(say(talk, &paused(method, url, &form), now).expect("fine").is_none());
            assert_eq!(methods(talk), ["Fetch.continueRequest"]);
        }
        let outcome = say(talk, &paused("POST", "https://signin.aws.amazon.com/saml", &form), now).expect("fine");
        let Some(Outcome::Captured(captured)) = outcome else { panic!("not captured") };
        assert_eq!(captured.body.as_slice(), b"SAMLResponse=x");
        assert!(!format!("{captured:?}").contains("SAMLResponse"));
        assert_eq!(methods(talk), ["Fetch.fulfillRequest"]);
    });
}

#[test]
fn a_response_that_goes_where_nothing_follows_ends_the_sign_in() {
    let form = json!({"hasPostData": true, "postData": "RelayState=&SAMLResponse=x"});
    let identity_center = "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/1-2";
    for (method, url, body, part) in [
        ("POST", identity_center, &form, Some("is for IAM Identity Center, not for IAM")),
        ("POST", "https://a.auth.eu-west-1.amazoncognito.com/saml2/idpresponse", &form, Some("is for Amazon Cognito")),
        (
            "GET",
            "https://signin.aws.amazon.com/saml?SAMLResponse=x",
            &json!({}),
            Some("signin.aws.amazon.com in the address"),
        ),
        ("POST", "https://broker.example/saml2/acs", &form, None),
        ("POST", "https://broker.example/platform/saml/acs/x", &form, None),
        ("GET", identity_center, &json!({}), None),
        ("POST", identity_center, &json!({"hasPostData": true, "postData": "SAMLRequest=x"}), None),
    ] {
        talk(Manner::Window, |talk, now| {
            navigate(talk, now);
            let outcome = say(talk, &paused(method, url, body), now);
            match (outcome, part) {
                (Err(error), Some(part)) => {
                    assert!(
                        error.sentence().starts_with("cannot sign in to `dev`: ") && error.sentence().contains(part),
                        "{error}"
                    );
                    assert_eq!(methods(talk), <[&str; 0]>::default(), "it stays stopped");
                }
                (Ok(None), None) => assert_eq!(methods(talk), ["Fetch.continueRequest"], "{url}"),
                (outcome, _) => panic!("{url}: {:?}", outcome.err()),
            }
        });
    }
}

#[test]
fn a_sign_in_that_passed_a_portal_which_leads_to_an_application_goes_on() {
    let form = json!({"hasPostData": true, "postData": "SAMLResponse=x"});
    let response = paused("POST", "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/1-2", &form);
    let portal = "https://d-1234567890.awsapps.com/start/";
    for (frame, url, fragment, goes_on) in [
        ("F", portal, "#/saml/default/AWS/ins-1", true),
        ("F", portal, "#/", false),
        ("F", "https://portal.example/", "#/saml/default/AWS/ins-1", false),
        ("other", portal, "#/saml/default/AWS/ins-1", false),
    ] {
        talk(Manner::Window, |talk, now| {
            navigate(talk, now);
            for (frame, url, fragment) in [(frame, url, fragment), ("F", portal, ""), ("F", "https://idp.example/", "")]
            {
                let frame = json!({"id": frame, "url": url, "urlFragment": fragment});
                let event = json!({"method": "Page.frameNavigated", "sessionId": "S", "params": {"frame": frame}});
                say(talk, &event, now).expect("fine");
            }
            assert_eq!(say(talk, &response, now).is_ok(), goes_on, "{url}{fragment}");
        });
    }
}

#[test]
fn the_place_of_the_browser_is_known_without_what_may_be_secret() {
    let going = |session: &str, frame: &str, url: &str| json!({"method": "Page.frameNavigated", "sessionId": session, "params": {"frame": {"id": frame, "url": url}}});
    talk(Manner::Window, |talk, now| {
        navigate(talk, now);
        assert_eq!(talk.place(), None);
        for (message, place) in [
            (going("S", "F", "https://me:pw@idp.example:8443/sso/x?code=1#t"), Some("https://idp.example:8443/sso/x")),
            (going("S", "other", "https://ads.example/"), Some("https://idp.example:8443/sso/x")),
            (going("S", "F", "https://idp.example?code=1"), Some("https://idp.example/")),
            (going("S", "F", "about:blank"), None),
            (
                json!({"method": "Page.frameNavigated", "sessionId": "S", "params": {"frame": {"id": "F",
                    "url": "chrome-error://chromewebdata/", "unreachableUrl": "https://sp.example.com/saml2/acs"}}}),
                Some("https://sp.example.com/saml2/acs"),
            ),
        ] {
            say(talk, &message, now).expect("fine");
            assert_eq!(talk.place().as_deref(), place, "{message}");
        }
        say(talk, &attached("P", "G", "page"), now).expect("fine");
        say(talk, &going("P", "G", "https://popup.example/a"), now).expect("fine");
        assert_eq!(talk.place().as_deref(), Some("https://popup.example/a"));
    });
}

#[test]
fn a_form_without_text_is_an_error_and_never_reaches_aws() {
    for body in [json!({}), json!({"hasPostData": true}), json!({"postDataEntries": [{}]})] {
        talk(Manner::Window, |talk, now| {
            navigate(talk, now);
            let outcome = say(talk, &paused("POST", "https://signin.aws.amazon.com/saml", &body), now);
            assert!(outcome.is_err());
            assert_eq!(methods(talk), ["Fetch.fulfillRequest"]);
        });
    }
}

#[test]
fn the_last_page_may_be_missed() {
    talk(Manner::Window, |talk, now| {
        assert!(!talk.has_page());
        navigate(talk, now);
        say(talk, &attached("I", "H", "iframe"), now).expect("fine");
        assert!(talk.has_page());
        say(talk, &json!({"method": "Target.detachedFromTarget", "params": {"sessionId": "S"}}), now).expect("fine");
        assert!(!talk.has_page());
    });
}

#[test]
fn what_cannot_be_reached_is_named() {
    talk(Manner::Silent, |talk, now| {
        let id = navigate(talk, now);
        say(talk, &json!({"id": id, "result": {"errorText": "net::ERR_CONNECTION_REFUSED"}}), now).expect("fine");
        let (_, method, id) = commands(talk).pop().expect("a question");
        assert_eq!(method, "Page.getFrameTree");
        let tree = json!({"frameTree": {"frame": {"id": "F", "unreachableUrl": "https://login.example/a"}}});
        let error = say(talk, &json!({"id": id, "result": tree}), now).err().expect("an error").sentence();
        let wanted = "cannot reach the identity provider at login.example: \
            the connection was refused (ERR_CONNECTION_REFUSED)";
        assert_eq!(error, wanted);
    });
    assert_eq!(host(IDP), "idp.example:8443");
}

#[test]
fn what_a_window_would_ask_for_calls_the_person() {
    talk(Manner::Silent, |talk, now| {
        let id = navigate(talk, now);
        let refused = json!({"errorText": "net::ERR_INVALID_AUTH_CREDENTIALS"});
        say(talk, &json!({"id": id, "result": refused}), now).expect("fine");
        assert!(matches!(talk.look(now), (Some(Outcome::NeedsPerson(_)), _)));
    });
}

#[test]
fn a_form_calls_the_person_only_where_it_is_tried_silently() {
    for (manner, calls) in [(Manner::Silent, true), (Manner::Headless, false), (Manner::Window, false)] {
        talk(manner, |talk, now| {
            let id = navigate(talk, now);
            say(talk, &json!({"id": id, "result": {"frameId": "F"}}), now).expect("fine");
            let stopped = json!({"method": "Page.frameStoppedLoading", "sessionId": "S", "params": {"frameId": "F"}});
            say(talk, &stopped, now).expect("fine");
            let later = now + Duration::from_millis(750);
            assert!(talk.look(later).0.is_none());
            if let Some((_, method, id)) = commands(talk).pop() {
                assert_eq!(method, "Runtime.evaluate");
                say(talk, &json!({"id": id, "result": {"result": {"value": true}}}), later).expect("fine");
            }
            assert_eq!(talk.look(later).0.is_some(), calls);
        });
    }
}

#[test]
fn a_refused_command_ends_it_unless_its_page_has_gone() {
    talk(Manner::Window, |talk, now| {
        commands(talk);
        say(talk, &attached("S", "F", "page"), now).expect("fine");
        let (_, method, id) = commands(talk).swap_remove(0);
        assert_eq!(method, "Fetch.enable");
        let gone = json!({"id": id, "error": {"code": -32001, "message": "Session with given id not found."}});
        assert!(say(talk, &gone, now).is_ok());
        say(talk, &attached("P", "G", "page"), now).expect("fine");
        let (_, _, id) = commands(talk).swap_remove(0);
        let refused = json!({"id": id, "error": {"code": -32601, "message": "'Fetch.enable' wasn't found"}});
        assert!(say(talk, &refused, now).is_err());
    });
}

#[test]
fn the_page_that_is_shown_loads_nothing() {
    for outside in ["http://", "https://", "//", "url(", "@import", "<script", "src="] {
        assert!(!DONE.contains(outside), "{outside}");
    }
    let done = done("R");
    let headers = done["responseHeaders"].as_array().expect("headers");
    let policy = headers.iter().find(|header| header["name"] == "Content-Security-Policy").expect("a policy");
    assert!(
        policy["value"].as_str().is_some_and(|policy| policy.starts_with("default-src 'none'; style-src 'sha256-"))
    );
}
