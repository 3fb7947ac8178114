//! What the browser says, of the Chrome DevTools Protocol as much as a sign-in needs.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// One message from the browser.
#[derive(Debug)]
pub(super) enum Message {
    /// The answer to a command: its result, or what was refused.
    Answer { id: u64, result: Result<Value, Fault> },
    /// Something is there that may be held until it is told to run.
    Attached { session: String, target: String, kind: Kind },
    /// One of them is gone.
    Detached { session: String },
    /// A request waits for what is to become of it.
    Paused(Box<Paused>),
    /// Something moved in a page.
    Page { session: String, event: PageEvent },
    /// Anything else.
    Other,
}

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page or a popup.
    Page,
    /// A frame in a process of its own.
    Frame,
    /// A worker or a worklet of a page.
    Worker,
}

/// Why a command was refused.
#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    pub(super) code: i64,
    pub(super) message: String,
}

/// What moved in a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PageEvent {
    /// A frame leaves for another document, or has left.
    Going { frame: String, url: String },
    /// A frame went elsewhere, and where it went to cannot be reached.
    Unreachable { frame: String, url: String },
    /// A frame and all that belongs to it is loaded, and it is not leaving.
    Loaded { frame: String },
    /// The page asks something in a box of its own.
    Dialog,
    /// Something else happened in it.
    Stirred,
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Paused {
    pub(super) session: String,
    pub(super) id: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) body: Body,
}

/// What a request carries.
#[derive(PartialEq, Eq)]
pub(super) enum Body {
    /// These bytes.
    Bytes(Zeroizing<Vec<u8>>),
    /// Something that is not in the message: a file, or a stream.
    Elsewhere,
    /// Nothing.
    None,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Elsewhere => f.write_str("Elsewhere"),
            Self::None => f.write_str("None"),
        }
    }
}

/// Reads a message. What this room has no use for is [`Message::Other`]; an error is a message that does not keep to
/// the protocol where it matters.
pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Message> {
    #[derive(Deserialize)]
    struct Head<'a> {
        id: Option<u64>,
        #[serde(borrow)]
        method: Option<Cow<'a, str>>,
        #[serde(rename = "sessionId")]
        session: Option<String>,
    }
    let head: Head<'_> = serde_json::from_slice(bytes)?;
    if let Some(id) = head.id {
        return answer(id, bytes);
    }
    let session = head.session.unwrap_or_default();
    let page = |event| Ok(Message::Page { session: session.clone(), event });
    match head.method.as_deref().unwrap_or_default() {
        "Target.attachedToTarget" => attached(bytes),
        "Target.detachedFromTarget" => detached(bytes),
        "Fetch.requestPaused" => paused(session, bytes),
        "Page.frameStartedNavigating" => page(going(bytes)?),
        "Page.frameNavigated" => page(navigated(bytes)?),
        // Not `Page.loadEventFired`: a page that has begun to leave when it is loaded fires that one too.
        "Page.frameStoppedLoading" => page(PageEvent::Loaded { frame: params::<InFrame>(bytes)?.frame_id }),
        "Page.javascriptDialogOpening" => page(PageEvent::Dialog),
        method if method.starts_with("Page.") => page(PageEvent::Stirred),
        _ => Ok(Message::Other),
    }
}

/// The `params` of an event.
fn params<P: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<P> {
    #[derive(Deserialize)]
    struct Event<P> {
        params: P,
    }
    serde_json::from_slice::<Event<P>>(bytes).map(|event| event.params)
}

fn answer(id: u64, bytes: &[u8]) -> serde_json::Result<Message> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        result: Value,
        error: Option<Fault>,
    }
    let answer: Answer = serde_json::from_slice(bytes)?;
    Ok(Message::Answer { id, result: answer.error.map_or(Ok(answer.result), Err) })
}

fn attached(bytes: &[u8]) -> serde_json::Result<Message> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        session_id: String,
        target_info: Target,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Target {
        target_id: String,
        #[serde(rename = "type")]
        kind: String,
    }
    let Params { session_id, target_info: Target { target_id, kind } } = params(bytes)?;
    let kind = match kind.as_str() {
        "page" => Kind::Page,
        "iframe" => Kind::Frame,
        _ => Kind::Worker,
    };
    Ok(Message::Attached { session: session_id, target: target_id, kind })
}

fn detached(bytes: &[u8]) -> serde_json::Result<Message> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        session_id: String,
    }
    params(bytes).map(|Params { session_id }| Message::Detached { session: session_id })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InFrame {
    frame_id: String,
    /// How it goes elsewhere: `differentDocument`, `sameDocument`, `reload`, …
    #[serde(default)]
    navigation_type: String,
    #[serde(default)]
    url: String,
}

fn going(bytes: &[u8]) -> serde_json::Result<PageEvent> {
    let InFrame { frame_id, navigation_type, url } = params(bytes)?;
    if matches!(navigation_type.as_str(), "sameDocument" | "historySameDocument") {
        return Ok(PageEvent::Stirred);
    }
    Ok(PageEvent::Going { frame: frame_id, url })
}

fn navigated(bytes: &[u8]) -> serde_json::Result<PageEvent> {
    #[derive(Deserialize)]
    struct Params {
        frame: Frame,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Frame {
        id: String,
        #[serde(default)]
        url: String,
        #[serde(default)]
        url_fragment: String,
        unreachable_url: Option<String>,
    }
    let Params { frame: Frame { id, url, url_fragment, unreachable_url } } = params(bytes)?;
    Ok(match unreachable_url {
        Some(url) => PageEvent::Unreachable { frame: id, url },
        None => PageEvent::Going { frame: id, url: url + &url_fragment },
    })
}

fn paused(session: String, bytes: &[u8]) -> serde_json::Result<Message> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        request_id: String,
        request: Request,
    }
    let Params { request_id, mut request } = params(bytes)?;
    let body = request.body();
    Ok(Message::Paused(Box::new(Paused {
        session,
        id: request_id,
        method: std::mem::take(&mut request.method),
        url: std::mem::take(&mut request.url),
        body,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    has_post_data: bool,
    post_data: Option<String>,
    #[serde(default)]
    post_data_entries: Vec<Entry>,
}

/// One piece of a body: bytes in base64, or nothing where it is a file.
#[derive(Deserialize)]
struct Entry {
    bytes: Option<String>,
}

impl Request {
    /// Joins the body. The entries are exact bytes and come first; `postData` is the same as text, where it is one.
    fn body(&mut self) -> Body {
        if self.post_data_entries.is_empty() {
            return match self.post_data.take() {
                Some(text) => Body::Bytes(Zeroizing::new(text.into_bytes())),
                None if self.has_post_data => Body::Elsewhere,
                None => Body::None,
            };
        }
        let room = self.post_data_entries.iter().filter_map(|entry| entry.bytes.as_ref()).map(String::len).sum();
        let mut joined = Zeroizing::new(Vec::with_capacity(room));
        for entry in &self.post_data_entries {
            let Some(text) = &entry.bytes else { return Body::Elsewhere };
            let Ok(bytes) = BASE64_STANDARD.decode(text).map(Zeroizing::new) else { return Body::Elsewhere };
            joined.extend_from_slice(&bytes);
        }
        Body::Bytes(joined)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.post_data.zeroize();
        for entry in &mut self.post_data_entries {
            entry.bytes.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(request: &Value) -> Body {
        let mut whole = json!({"method": "POST", "url": "https://signin.aws.amazon.com/saml"});
        for (key, value) in request.as_object().expect("an object") {
            whole[key] = value.clone();
        }
        let message = json!({"method": "Fetch.requestPaused", "sessionId": "s",
            "params": {"requestId": "r", "frameId": "f", "request": whole, "resourceType": "Document"}});
        match read(message.to_string().as_bytes()).expect("readable") {
            Message::Paused(paused) => paused.body,
            other => panic!("{other:?}"),
        }
    }

    fn bytes(text: &[u8]) -> Body {
        Body::Bytes(Zeroizing::new(text.to_vec()))
    }

    #[test]
    fn bodies_are_joined() {
        assert_eq!(body(&json!({"hasPostData": true, "postData": "a=1"})), bytes(b"a=1"));
        let entries = json!({"hasPostData": true, "postData": "a=1",
            "postDataEntries": [{"bytes": BASE64_STANDARD.encode("a=")}, {"bytes": BASE64_STANDARD.encode([0xff, 0])}]});
        assert_eq!(body(&entries), bytes(b"a=\xff\0"));
    }

    #[test]
    fn what_is_not_in_the_message_is_said_so() {
        assert_eq!(body(&json!({})), Body::None);
        assert_eq!(body(&json!({"hasPostData": true})), Body::Elsewhere);
        let file = json!({"hasPostData": true, "postDataEntries": [{"bytes": "YQ=="}, {}]});
        assert_eq!(body(&file), Body::Elsewhere);
        let broken = json!({"hasPostData": true, "postDataEntries": [{"bytes": "?"}]});
        assert_eq!(body(&broken), Body::Elsewhere);
    }

    #[test]
    fn a_body_is_not_shown() {
        assert_eq!(format!("{:?}", bytes(b"SAMLResponse=x")), "Bytes(14)");
    }

    #[test]
    fn unknown_messages_are_nothing_however_deep() {
        let deep = format!(r#"{{"method":"New.thing","params":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(read(deep.as_bytes()), Ok(Message::Other)));
        assert!(matches!(read(b"{}"), Ok(Message::Other)));
        assert!(read(b"not json").is_err());
    }

    #[test]
    fn answers_are_told_from_refusals() {
        let answer = read(br#"{"id":7,"result":{"errorText":"net::ERR_X"}}"#).expect("readable");
        assert!(matches!(answer, Message::Answer { id: 7, result: Ok(value) } if value["errorText"] == "net::ERR_X"));
        let refusal = read(br#"{"id":8,"error":{"code":-32001,"message":"gone"}}"#).expect("readable");
        assert!(matches!(refusal, Message::Answer { id: 8, result: Err(Fault { code: -32001, .. }) }));
    }

    #[test]
    fn pages_tell_where_they_go() {
        let navigated = br#"{"method":"Page.frameNavigated","sessionId":"s","params":{"frame":{"id":"f",
            "url":"chrome-error://chromewebdata/","unreachableUrl":"https://idp/"}}}"#;
        let wanted = PageEvent::Unreachable { frame: "f".into(), url: "https://idp/".into() };
        assert!(matches!(read(navigated), Ok(Message::Page { event, .. }) if event == wanted));
    }
}
