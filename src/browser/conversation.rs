//! What is answered to the browser: a state machine from messages and time to commands, without I/O.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::attempt::Outcome;
use super::message::{Body, Fault, Kind, Message, PageEvent, Paused};
use super::quiet::{Happened, Next, Quiet};
use super::{Captured, Manner, SignIn};
use crate::error::{Error, Result};
use crate::saml::{Elsewhere, endpoint};

/// The page that the person sees in place of the AWS console.
const DONE: &str = include_str!("done.html");

/// Asks a page whether it shows a field to fill in.
const GLANCE: &str = include_str!("glance.js");

/// A browser that is driven over a pipe tells pages that it is automated, and identity providers (Google's) refuse
/// to let a person sign in there. Here it is the person who signs in.
const NOT_AUTOMATED: &str = "Object.defineProperty(Navigator.prototype, 'webdriver', \
     { get: () => false, configurable: true, enumerable: true })";

/// The codes of "no such session" and of "the target was closed": it has gone since the command was sent.
const GONE: [i64; 2] = [-32001, -32000];

/// The exchange with one browser, from its start to the captured form.
pub(super) struct Conversation<'a> {
    request: &'a SignIn<'a>,
    manner: Manner,
    /// Commands that wait to be sent.
    outgoing: VecDeque<Value>,
    last_id: u64,
    /// What the answers to come belong to.
    asked: HashMap<u64, Asked>,
    /// What the headless browser is to call itself.
    user_agent: Option<String>,
    /// The pages and frames that are watched, by session.
    watched: HashMap<String, Watched>,
    /// The page in which the sign-in began.
    front: Option<String>,
    /// Where the page that moved last was going.
    place: Option<String>,
    /// From where the sign-in goes: the portal that it passed, where that leads to an application, else its beginning.
    start: String,
    quiet: Quiet,
}

/// A page or frame.
struct Watched {
    target: String,
    page: bool,
}

/// A command of which the answer matters.
enum Asked {
    Version,
    Watch,
    Begin,
    Navigate,
    /// What could not be reached, and why: it may have been a redirection.
    Unreached(String),
    Glance,
}

impl<'a> Conversation<'a> {
    /// Begins: from now on every page is stopped when it appears.
    pub(super) fn begin(request: &'a SignIn<'a>, manner: Manner, now: Instant) -> Self {
        let mut begun = Self {
            request,
            manner,
            outgoing: VecDeque::new(),
            last_id: 0,
            asked: HashMap::new(),
            user_agent: None,
            watched: HashMap::new(),
            front: None,
            place: None,
            start: request.url.to_owned(),
            quiet: Quiet::new(now),
        };
        if manner != Manner::Window {
            begun.ask(None, "Browser.getVersion", json!({}), Asked::Version);
        }
        let follow = Self::follow();
        begun.ask(None, "Target.setAutoAttach", follow, Asked::Watch);
        begun
    }

    /// The next command to send.
    pub(super) fn next_command(&mut self) -> Option<Value> {
        self.outgoing.pop_front()
    }

    /// Whether the browser has shown a page and still has one.
    pub(super) fn has_page(&self) -> bool {
        self.watched.values().any(|watched| watched.page)
    }

    /// Takes a message. An outcome ends the conversation, once the commands are sent.
    pub(super) fn hear(&mut self, message: Message, now: Instant) -> Result<Option<Outcome>> {
        match message {
            Message::Answer { id, result } => self.answered(id, result, now).map(|()| None),
            Message::Attached { session, kind: Kind::Worker, .. } => {
                self.tell(Some(session), "Runtime.runIfWaitingForDebugger", json!({}));
                Ok(None)
            }
            Message::Attached { session, target, kind } => {
                self.watch(session, target, kind == Kind::Page);
                Ok(None)
            }
            Message::Detached { session } => {
                self.watched.remove(&session);
                Ok(None)
            }
            Message::Paused(paused) => self.paused(*paused),
            Message::Page { session, event } => {
                self.moved(&session, event, now);
                Ok(None)
            }
            Message::Other => Ok(None),
        }
    }

    /// Where the browser is, without what may be secret of an address; none where it is nowhere that a person would know.
    pub(super) fn place(&self) -> Option<String> {
        self.place.as_deref().and_then(address)
    }

    /// Looks at the time: whether the person is needed, and else until when nothing needs to be done.
    pub(super) fn look(&mut self, now: Instant) -> (Option<Outcome>, Option<Instant>) {
        // Until the first page is there, or what keeps it away is known, nobody can say that it waits for the person.
        let arriving = |asked: &Asked| matches!(asked, Asked::Begin | Asked::Navigate | Asked::Unreached(_));
        if self.manner != Manner::Silent || self.asked.values().any(arriving) {
            return (None, None);
        }
        match self.quiet.next(now) {
            Next::Person => (Some(Outcome::NeedsPerson(self.place())), None),
            Next::Wait => (None, None),
            Next::WaitUntil(then) => (None, Some(then)),
            Next::Glance => {
                let evaluate = json!({"expression": GLANCE, "returnByValue": true});
                self.ask(self.front.clone(), "Runtime.evaluate", evaluate, Asked::Glance);
                self.look(now)
            }
        }
    }

    /// A page or frame appeared: stop its requests to AWS, then let it run. These commands are not waited for: the
    /// browser takes them in this order, also where it is the page's own process that answers some of them.
    fn watch(&mut self, session: String, target: String, page: bool) {
        let known = self.watched.values().any(|watched| watched.target == target);
        let here = || Some(session.clone());
        if !known {
            let patterns: Vec<Value> = (self.request.patterns.iter())
                .map(|pattern| json!({"urlPattern": pattern, "requestStage": "Request"}))
                .collect();
            self.ask(here(), "Fetch.enable", json!({"patterns": patterns}), Asked::Watch);
            self.tell(here(), "Page.enable", json!({}));
            self.tell(here(), "Page.addScriptToEvaluateOnNewDocument", json!({"source": NOT_AUTOMATED}));
            if let Some(agent) = self.user_agent.clone() {
                self.tell(here(), "Emulation.setUserAgentOverride", without_head(&agent));
            }
            self.tell(here(), "Target.setAutoAttach", Self::follow());
        }
        // The first page is the one in which the sign-in begins, once all of this has reached it.
        self.tell(here(), "Runtime.runIfWaitingForDebugger", json!({}));
        if page && self.front.is_none() {
            self.front = here();
            self.asked.insert(self.last_id, Asked::Begin);
        }
        if !known {
            self.watched.insert(session, Watched { target, page });
        }
    }

    /// Stop whatever comes from here: popups, and frames in processes of their own. A page's workers and worklets, which
    /// cannot post a form that leaves it, are stopped as well, named here or not; here they can be told to go on.
    fn follow() -> Value {
        let kinds = ["page", "iframe", "worker", "worklet"].map(|kind| json!({"type": kind}));
        json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": kinds})
    }

    fn answered(&mut self, id: u64, result: Result<Value, Fault>, now: Instant) -> Result<()> {
        let Some(asked) = self.asked.remove(&id) else { return Ok(()) };
        let result = match (result, &asked) {
            (Ok(result), _) => result,
            (Err(fault), Asked::Watch) if !GONE.contains(&fault.code) => return Err(not_driven(fault)),
            (Err(fault), Asked::Navigate) => return Err(not_driven(fault)),
            // What is gone needs nothing any more, and a page that leaves is looked at when it is at rest again.
            (Err(_), _) => Value::Null,
        };
        match asked {
            Asked::Version => self.user_agent = result["userAgent"].as_str().map(|agent| agent.replace("Headless", "")),
            Asked::Begin => {
                self.ask(self.front.clone(), "Page.navigate", json!({"url": self.request.url}), Asked::Navigate);
            }
            Asked::Navigate => {
                if let Some(reason) = result["errorText"].as_str() {
                    self.unreached(reason, now);
                }
            }
            Asked::Unreached(reason) => {
                let url = result["frameTree"]["frame"]["unreachableUrl"].as_str().unwrap_or(self.request.url);
                return Err(unreachable(url, &reason));
            }
            Asked::Glance => {
                let form = result["result"]["value"].as_bool().unwrap_or_default();
                self.quiet.note(Happened::Glanced { form }, now);
            }
            Asked::Watch => {}
        }
        Ok(())
    }

    /// The first navigation came to nothing.
    fn unreached(&mut self, reason: &str, now: Instant) {
        if reason == "net::ERR_ABORTED" {
            // Another navigation took its place, or it is a download: no failure to reach the identity provider.
        } else if self.manner == Manner::Silent && reason.contains("_AUTH_") {
            // `ERR_INVALID_AUTH_CREDENTIALS`, `ERR_SSL_CLIENT_AUTH_CERT_NEEDED`, …: what a window would ask for.
            self.quiet.note(Happened::Stuck, now);
        } else {
            self.ask(self.front.clone(), "Page.getFrameTree", json!({}), Asked::Unreached(reason.to_owned()));
        }
    }

    fn paused(&mut self, paused: Paused) -> Result<Option<Outcome>> {
        let Paused { session, id, method, url, body } = paused;
        if let Some(error) = self.dead_end(&method, &url, &body) {
            // It stays stopped, and ends with the browser.
            return Err(error);
        }
        if method != "POST" || !(self.request.is_target)(&url) {
            self.tell(Some(session), "Fetch.continueRequest", json!({"requestId": id}));
            return Ok(None);
        }
        self.tell(Some(session), "Fetch.fulfillRequest", done(&id));
        match body {
            Body::Bytes(body) => Ok(Some(Outcome::Captured(Captured { url, body }))),
            Body::Elsewhere => Err(nothing_in(&url, "the form is a file, or too large")),
            Body::None => Err(nothing_in(&url, "the form is empty")),
        }
    }

    /// The error where a response goes to where nothing leads on to AWS's sign-in; elsewhere another provider may stand
    /// between the first one and AWS.
    fn dead_end(&self, method: &str, url: &str, body: &Body) -> Option<Error> {
        let cannot = || Error::new(format!("cannot sign in to `{}`", self.request.alias));
        if endpoint::is_response_in_address(url) {
            let why = format!("the identity provider sends the SAML response to {} in the address", host(url));
            let error = cannot().because(format!("{why} (redirect binding), and AWS takes only posted ones"));
            return Some(error.hint("set the identity provider's application up to answer by HTTP-POST"));
        }
        let elsewhere = Elsewhere::of(url).filter(|end| !end.is_on_the_way_of(&self.start))?;
        let has_response = |body: &[u8]| form_urlencoded::parse(body).any(|(name, _)| name == "SAMLResponse");
        match body {
            Body::Bytes(bytes) if method == "POST" && has_response(bytes) => {
                Some(elsewhere.explain(cannot(), url, self.request.partition, Some(self.request.url)))
            }
            _ => None,
        }
    }

    fn moved(&mut self, session: &str, event: PageEvent, now: Instant) {
        if let PageEvent::Going { frame, url } | PageEvent::Unreachable { frame, url } = &event
            && self.watched.get(session).is_some_and(|watched| watched.page && watched.target == *frame)
        {
            self.place = Some(url.clone());
            if Elsewhere::IdentityCenter.is_on_the_way_of(url) {
                self.start.clone_from(url);
            }
        }
        let front = self.front.as_deref() == Some(session);
        // The main frame of a page has the page's own id.
        let main = |frame: &str| front && self.watched.get(session).is_some_and(|watched| watched.target == frame);
        let happened = match event {
            PageEvent::Going { frame, .. } if main(&frame) => Happened::Moved,
            PageEvent::Loaded { frame } if main(&frame) => Happened::Loaded,
            PageEvent::Unreachable { frame, .. } if main(&frame) => Happened::Stuck,
            PageEvent::Dialog => Happened::Stuck,
            _ => Happened::Stirred,
        };
        self.quiet.note(happened, now);
    }

    fn ask(&mut self, session: Option<String>, method: &str, params: Value, asked: Asked) {
        self.tell(session, method, params);
        self.asked.insert(self.last_id, asked);
    }

    fn tell(&mut self, session: Option<String>, method: &str, params: Value) {
        self.last_id += 1;
        let mut command = json!({"id": self.last_id, "method": method});
        command["params"] = params;
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.outgoing.push_back(command);
    }
}

/// What a page without a window is told of its browser: all that a window says. Without `userAgentMetadata` there would be
/// no client hints; of them, Chromium fills in what is left out here (brands, versions, bitness) by itself. Workers
/// that a page shares with others are out of reach.
fn without_head(user_agent: &str) -> Value {
    let platform = if cfg!(target_os = "macos") { "macOS" } else { "Linux" };
    let architecture = if cfg!(any(target_arch = "aarch64", target_arch = "arm")) { "arm" } else { "x86" };
    // On Linux Chromium itself gives no version of the platform.
    json!({"userAgent": user_agent, "userAgentMetadata": {"platform": platform, "platformVersion": "",
        "architecture": architecture, "model": "", "mobile": false}})
}

/// Answers a request with the page that says that all is done. It may load, run and send nothing.
fn done(id: &str) -> Value {
    let style = DONE.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).map_or("", |(css, _)| css);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        BASE64_STANDARD.encode(Sha256::digest(style.as_bytes()))
    );
    json!({"requestId": id, "responseCode": 200, "body": BASE64_STANDARD.encode(DONE), "responseHeaders": [
        {"name": "Content-Type", "value": "text/html; charset=utf-8"},
        {"name": "Content-Security-Policy", "value": policy},
        {"name": "Cache-Control", "value": "no-store"},
        {"name": "Referrer-Policy", "value": "no-referrer"},
        {"name": "X-Content-Type-Options", "value": "nosniff"},
    ]})
}

fn not_driven(fault: Fault) -> Error {
    Error::new("cannot drive the browser").because(fault.message)
}

fn nothing_in(url: &str, why: &str) -> Error {
    Error::new(format!("cannot read what the identity provider sent to {}", host(url))).because(why)
}

fn unreachable(url: &str, reason: &str) -> Error {
    let reason = reason.strip_prefix("net::").unwrap_or(reason);
    let words = match reason {
        "ERR_CONNECTION_REFUSED" => "the connection was refused",
        "ERR_NAME_NOT_RESOLVED" => "no such host",
        "ERR_INTERNET_DISCONNECTED" => "there is no network",
        "ERR_CONNECTION_TIMED_OUT" | "ERR_TIMED_OUT" => "it did not answer in time",
        "ERR_HTTP_RESPONSE_CODE_FAILURE" => "it answered with an error",
        "ERR_ADDRESS_UNREACHABLE" => "there is no route to it",
        _ if reason.starts_with("ERR_CERT_") => "its certificate is not trusted",
        _ if reason.contains("PROXY") || reason.starts_with("ERR_TUNNEL_") => "the proxy did not let it through",
        _ => return cannot_reach(url).because(reason),
    };
    cannot_reach(url).because(format!("{words} ({reason})"))
}

fn cannot_reach(url: &str) -> Error {
    Error::new(format!("cannot reach the identity provider at {}", host(url)))
        .hint("where it is reached from a company network alone, connect to that first")
}

/// A URL as it may be shown: without a user, and without what follows the path, where codes and responses are.
fn address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let path = rest.split(['?', '#']).next().and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    Some(format!("{scheme}://{}/{path}", host(url)).chars().take(200).collect())
}

/// The host of a URL, with its port, for people.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
