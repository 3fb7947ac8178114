//! What the fuzz target `request` holds the endpoint to.

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, LazyLock},
};

use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};

use super::{
    door::Door,
    server::{Desk, attend},
    store::Store,
};
use crate::{credentials::Credentials, secret::Secret};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
static DESK: LazyLock<Arc<Desk>> = LazyLock::new(|| {
    let credentials = Credentials {
        access_key_id: "ASIAHUSH".into(),
        secret_access_key: Secret::new("hush"),
        session_token: Some(Secret::new("hush")),
        expiration: None,
        issued: OffsetDateTime::UNIX_EPOCH,
        arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
    };
    let door = Door { host: "127.0.0.1:4711".into(), path: Secret::new("/way"), token: Secret::new("token") };
    let store = Arc::new(Store::new(credentials));
    Arc::new(Desk { door, store, clock: || OffsetDateTime::UNIX_EPOCH })
});

/// What a client sends, to its end: one answer at most, and credentials only to who shows everything.
///
/// # Panics
/// On a finding.
pub fn request(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(64 << 10)];
    let (mut near, far) = UnixStream::pair().expect("sockets");
    near.write_all(bytes).and_then(|()| near.shutdown(Shutdown::Write)).expect("sent");
    far.set_nonblocking(true).expect("set");
    RUNTIME.block_on(async {
        let far = tokio::net::UnixStream::from_std(far).expect("a socket");
        attend(far, Arc::clone(&DESK)).await;
    });
    let mut answer = Vec::new();
    let _ = near.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1."), "{answer}");
    assert!(answer.matches("HTTP/1.").count() <= 1 && answer.len() < 600, "{answer}");
    let is_granted = answer.get(8..).is_some_and(|rest| rest.starts_with(" 200 "));
    assert_eq!(is_granted, answer.contains("hush"), "{answer}");
    if is_granted {
        let head = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let head = head.split("\n\r\n").next().unwrap_or_default();
        let shows = ["get /way http/1.", "\nhost:", "127.0.0.1:4711", "\nauthorization:", "token"];
        assert!(shows.iter().all(|part| head.contains(part)) && !head.contains("\norigin:"), "{head}\n{answer}");
    }
}
