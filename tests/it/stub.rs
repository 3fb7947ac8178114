//! A server on loopback that answers whatever a test says, byte by byte.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use time::{OffsetDateTime, UtcOffset};

/// What a request is answered with.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then others again and again, for as long as somebody reads.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, one after the other.
    Drip(Vec<u8>),
    /// Nothing, and the connection stays.
    Nothing,
}

/// The server; it answers for as long as the test runs.
pub struct Stub {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// A server that answers each request, of which it is told the text and how many there were before.
    pub fn new(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (requests, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { url, requests }
    }

    /// A server that answers every request with this.
    pub fn always(answer: Answer) -> Self {
        Self::new(move |_, _| answer.clone())
    }

    /// The requests, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// Answers one request of a connection. That a client hangs up is part of many tests.
fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, answer: &dyn Fn(usize, &str) -> Answer) {
    let Some(request) = request(&mut stream) else { return };
    let nth = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(request.clone());
        seen.len() - 1
    };
    match answer(nth, &request) {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read(&mut [0; 1]);
        }
        Answer::Endless(head, piece) => {
            let mut going = stream.write_all(&head);
            while going.is_ok() {
                going = stream.write_all(&piece);
            }
        }
        Answer::Drip(bytes) => {
            for byte in bytes {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
        Answer::Nothing => {
            let _ = stream.read(&mut [0; 1]);
        }
    }
}

fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 65536]);
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
}

/// An answer with a `Date` that is `ahead` of this machine's clock.
pub fn dated(ahead: time::Duration, status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let date = http_date(OffsetDateTime::now_utc() + ahead);
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// An answer of now.
pub fn http(status: &str, kind: &str, body: impl AsRef<[u8]>) -> Answer {
    Answer::Bytes(dated(time::Duration::ZERO, status, kind, body.as_ref()))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn http_date(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (day, month) = (at.weekday().to_string(), at.month().to_string());
    let (hour, minute, second) = at.to_hms();
    let mut date = format!("{}, {:02} {} {:04} ", &day[..3], at.day(), &month[..3], at.year());
    let _ = write!(date, "{hour:02}:{minute:02}:{second:02} GMT");
    date
}

/// What STS says to an action that it refuses.
pub fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// The parts of an answer with credentials, each of which a test may change.
#[derive(Clone)]
pub struct Grant {
    /// `AssumeRoleWithSAML` or `AssumeRole`.
    pub action: &'static str,
    /// Whose credentials they are.
    pub arn: String,
    /// The fields of `Credentials`, in order; those without a value are left out.
    pub fields: Vec<(&'static str, Option<String>)>,
}

impl Grant {
    /// Good credentials of a session of this role, for so many seconds from a moment that is `ahead` of now.
    pub fn of(action: &'static str, role: &str, seconds: i64, ahead: time::Duration) -> Self {
        let role = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/").replace("/team/", "/");
        let end = OffsetDateTime::now_utc() + ahead + time::Duration::seconds(seconds);
        let end = end.format(&time::format_description::well_known::Rfc3339).expect("a time");
        let fields = vec![
            ("AccessKeyId", Some("ASIASTUBSTUBSTUBSTUB".into())),
            ("SecretAccessKey", Some("BedSecretOfAStub/+".into())),
            ("SessionToken", Some("FQoGZXIvYXdzOfAStub==".into())),
            ("Expiration", Some(end)),
        ];
        Self { action, arn: format!("{role}/alice"), fields }
    }

    /// The same with another value of a field, or without it.
    #[must_use]
    pub fn with(mut self, field: &str, value: Option<&str>) -> Self {
        for (name, present) in &mut self.fields {
            if *name == field {
                *present = value.map(str::to_owned);
            }
        }
        self
    }

    /// The document.
    pub fn xml(&self) -> String {
        let Self { action, arn, fields } = self;
        let field = |(name, value): &(&str, Option<String>)| {
            value.as_ref().map(|value| format!("<{name}>{value}</{name}>")).unwrap_or_default()
        };
        let fields: String = fields.iter().map(field).collect();
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser><Arn>{arn}</Arn>\
             <AssumedRoleId>AROA:alice</AssumedRoleId></AssumedRoleUser><Credentials>{fields}</Credentials></{action}Result>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        )
    }
}
