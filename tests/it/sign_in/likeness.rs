//! What pages see of the browser without a window, beside what they see of a window.

use serde_json::{Map, Value};

use super::{
    desk::{Desk, Display},
    pages::{Pages, good_response},
};

/// Tells all that it can find out, then goes on to AWS.
const CURIOUS: &str = r#"<!DOCTYPE html><title>x</title>
<form method=post action="https://signin.aws.amazon.com/saml"><input type=hidden name=SAMLResponse value="{response}"></form>
<iframe src="/frame" hidden></iframe>
<script>
const seen = (scope) => {
  const found = {};
  for (const name of ["userAgent", "appVersion", "platform", "vendor", "language", "languages", "webdriver",
                      "hardwareConcurrency", "deviceMemory", "maxTouchPoints", "cookieEnabled", "pdfViewerEnabled"]) {
    found[name] = scope.navigator[name];
  }
  found.plugins = [...(scope.navigator.plugins ?? [])].map((plugin) => plugin.name);
  found.userAgentData = scope.navigator.userAgentData?.toJSON();
  return found;
};
(async () => {
  const hints = ["architecture", "bitness", "formFactors", "fullVersionList", "model", "platformVersion", "uaFullVersion", "wow64"];
  const found = seen(window);
  found.hints = await navigator.userAgentData?.getHighEntropyValues(hints);
  found.frame = seen(document.querySelector("iframe").contentWindow);
  const code = "postMessage([navigator.userAgent, navigator.userAgentData?.toJSON()])";
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  found.worker = await new Promise((resolve) => (worker.onmessage = (event) => resolve(event.data)));
  const sound = new OfflineAudioContext(1, 128, 44100);
  await sound.audioWorklet.addModule(URL.createObjectURL(new Blob(["1"], { type: "text/javascript" })));
  found.permission = (await navigator.permissions.query({ name: "notifications" })).state;
  found.chrome = Object.keys(window.chrome ?? {}).sort();
  found.history = history.length;
  await fetch("/report", { method: "POST", body: JSON.stringify(found) });
  document.forms[0].submit();
})();
</script>"#;

/// What a sign-in shows: the headers of each of its requests, and what the page found out.
fn shown(pages: &Pages) -> (Vec<(String, Value)>, Value) {
    let mut headers = Vec::new();
    for place in ["idp.example.com/sso", "idp.example.com/frame", "idp.example.com/report"] {
        let request = pages.requests(place).pop().unwrap_or_else(|| panic!("nobody asked for {place}"));
        let named = request["headers"].as_array().expect("headers").iter();
        headers.extend(named.filter(|pair| pair[0] != "Content-Length").map(|pair| (place.to_owned(), pair.clone())));
    }
    let report = pages.requests("idp.example.com/report").pop().expect("a report");
    (headers, serde_json::from_str(report["body"].as_str().expect("a body")).expect("what the page found out"))
}

/// By what two things differ, in words.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    let nothing = Map::new();
    let (one, other) = (one.as_object().unwrap_or(&nothing), other.as_object().unwrap_or(&nothing));
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    names
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| format!("{name}: {:?} | {:?}", one.get(name), other.get(name)))
        .collect()
}

#[test]
fn without_a_window_pages_see_the_same_browser() {
    let desk = Desk::new();
    desk.move_provider("https://idp.example.com/sso");
    let page = CURIOUS.replace("{response}", &good_response());
    let pages = Pages::serve([
        ("idp.example.com/sso", page.into()),
        ("idp.example.com/frame", "<!DOCTYPE html>".into()),
        ("idp.example.com/report", "".into()),
    ]);
    let display = Display::start();
    let sign_in = |headless: Option<&str>, display: Option<&Display>| {
        let mut command = desk.leapp_auto(display, &["exec", "corp", "--", "true"]);
        command.env("LEAPP_BROWSER_ARGS", pages.browser_args());
        command.envs(headless.map(|mode| ("LEAPP_HEADLESS", mode)));
        let ended = desk.start(&mut command).succeed();
        desk.sign_out();
        (ended, shown(&pages))
    };
    // The second is a window as well: the client hints that a server asked for once are sent from then on.
    sign_in(Some("never"), Some(&display));
    let (_, window) = sign_in(Some("never"), Some(&display));
    for headless in [None, Some("always")] {
        let (ended, without) = sign_in(headless, None);
        assert!(!ended.err.contains("in the browser window"), "{}", ended.err);
        assert_eq!(without.0, window.0, "the headers of its requests");
        assert_eq!(differences(&without.1, &window.1), <[String; 0]>::default(), "what its page finds out");
    }
    desk.is_empty();
}
