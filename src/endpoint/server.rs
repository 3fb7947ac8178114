//! HTTP on a socket: bounded in every way, and answered from memory.

use std::{
    convert::Infallible, io, net::SocketAddr, os::unix::net::UnixListener as StdListener, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::resource::{Resource, getrlimit};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    task::{AbortHandle, yield_now},
    time::{sleep, timeout},
};

use super::{
    answer,
    door::Door,
    peer,
    store::{Reply, Store},
};

/// How many connections are attended to at a time, where the process may open twice as many files; one more ends another.
const CONNECTIONS: u64 = 512;
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
        // Nobody else can connect to it.
        let accept = async move || socket.accept().await.map(|(stream, _)| (stream, ()));
        tokio::spawn(answer_all(accept, |()| true, desk));
    }
    let Ok(here) = listener.local_addr() else { return };
    answer_all(async || listener.accept().await, |peer: &SocketAddr| peer::is_own(*peer, here), desk).await;
}

/// A connection that is attended to.
struct Guest<P> {
    peer: P,
    /// Whether it is known to be the person's own; asked for where that matters.
    is_own: Option<bool>,
    task: AbortHandle,
}

async fn answer_all<S, P>(accept: impl AsyncFn() -> io::Result<(S, P)>, is_own: impl Fn(&P) -> bool, desk: Arc<Desk>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut guests: Vec<Guest<P>> = Vec::new();
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(files, _)| files);
    let places = usize::try_from(CONNECTIONS.min(files / 2)).unwrap_or_default();
    loop {
        let accepted = accept().await;
        // Nobody waits for those who say nothing: not for one of the places, nor for one of the process's files.
        if guests.len() >= places || accepted.is_err() {
            guests.retain(|guest| !guest.task.is_finished());
        }
        if !guests.is_empty() && (guests.len() >= places || accepted.is_err()) {
            let first = first_to_go(&mut guests, &is_own);
            guests.remove(first).task.abort();
            yield_now().await;
        }
        match accepted {
            Ok((stream, peer)) => {
                let task = tokio::spawn(attend(stream, Arc::clone(&desk))).abort_handle();
                guests.push(Guest { peer, is_own: None, task });
            }
            Err(_) if guests.is_empty() => sleep(BREATH).await,
            Err(_) => {}
        }
    }
}

/// The place of the oldest stranger; of the oldest where there is none.
fn first_to_go<P>(guests: &mut [Guest<P>], is_own: impl Fn(&P) -> bool) -> usize {
    let is_stranger = |guest: &mut Guest<P>| !*guest.is_own.get_or_insert_with(|| is_own(&guest.peer));
    guests.iter_mut().position(is_stranger).unwrap_or_default()
}

/// Answers one request of a connection, and ends it. A client that sends or takes its bytes one by one is cut off.
pub(super) async fn attend(stream: impl AsyncRead + AsyncWrite + Unpin, desk: Arc<Desk>) {
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

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[test]
    fn the_oldest_stranger_goes_first_and_then_the_oldest() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let guest = |peer| Guest { peer, is_own: None, task: runtime.spawn(pending::<()>()).abort_handle() };
        let mut guests: Vec<Guest<u32>> = [1, 0, 1, 2, 1, 0].map(guest).into();
        let asked = std::cell::Cell::new(0);
        let is_own = |user: &u32| {
            asked.set(asked.get() + 1);
            *user == 1
        };
        let mut left = Vec::new();
        while !guests.is_empty() {
            let place = first_to_go(&mut guests, is_own);
            left.push(guests.remove(place).peer);
        }
        assert_eq!(left, [0, 2, 0, 1, 1, 1]);
        assert_eq!(asked.get(), 6, "each is asked about once");
    }
}
