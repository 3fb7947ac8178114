//! HTTP on a socket: bounded in every way, and answered from memory.

use std::{convert::Infallible, io, os::unix::net::UnixListener as StdListener, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{
    answer,
    door::Door,
    store::{Reply, Store},
};

/// How many connections are answered at a time; the others wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long a connection may take, from being accepted to its last byte. An SDK takes a millisecond; botocore gives up
/// after this time.
const LONGEST: Duration = Duration::from_secs(2);
/// How many headers a request may have; those of SDKs have under ten.
const HEADERS: usize = 32;
/// How long a request's head may be, in bytes; the least that hyper can be told.
const HEAD: usize = 8192;
/// The pause after a failure to accept: no more files, no more memory.
const BREATH: Duration = Duration::from_millis(50);

/// What requests are answered with.
pub(super) struct Desk {
    pub(super) door: Door,
    pub(super) store: Arc<Store>,
    pub(super) clock: fn() -> OffsetDateTime,
}

/// Answers for ever, on the loopback address and on a socket where there is one.
pub(super) async fn serve(listener: TcpListener, socket: Option<StdListener>, desk: Arc<Desk>) {
    // Made in the runtime that polls it.
    if let Some(socket) = socket.and_then(|socket| UnixListener::from_std(socket).ok()) {
        let desk = Arc::clone(&desk);
        tokio::spawn(answer_all(async move || socket.accept().await.map(|(stream, _)| stream), desk));
    }
    answer_all(async move || listener.accept().await.map(|(stream, _)| stream), desk).await;
}

async fn answer_all<S>(accept: impl AsyncFn() -> io::Result<S>, desk: Arc<Desk>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let Ok(stream) = accept().await else {
            sleep(BREATH).await;
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let _slot = slot;
            attend(stream, desk).await;
        });
    }
}

/// Answers one request of a connection, and ends it. A client that sends or takes its bytes one by one is cut off.
async fn attend(stream: impl AsyncRead + AsyncWrite + Unpin, desk: Arc<Desk>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&desk, request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .half_close(true)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever went wrong, the client is gone, or was sent a status by hyper.
    let _ = timeout(LONGEST, connection).await;
}

fn respond(desk: &Desk, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, body) = match desk.door.admit(&request.into_parts().0) {
        Ok(()) => match desk.store.reply((desk.clock)()) {
            Reply::Granted(body) => (StatusCode::OK, Bytes::from_owner(body)),
            Reply::Ended(why) => (StatusCode::SERVICE_UNAVAILABLE, answer::refused("CredentialsExpired", &why).into()),
        },
        Err(refusal) => (refusal.status(), answer::refused(refusal.code(), refusal.message()).into()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
