//! A session's credentials for SDKs to fetch, on the loopback address: the container credential provider that every
//! AWS SDK has (`AWS_CONTAINER_CREDENTIALS_FULL_URI`).
//!
//! - [`door`]: who is let in (no I/O). [`answer`]: what they read (no I/O). [`server`]: HTTP, bounded in every way.
//! - [`peer`]: whose the other end of a connection is.
//! - [`store`]: the credentials in memory. [`schedule`]: when they are renewed (no I/O). [`renewal`]: the thread that
//!   renews them, silently. [`roll`]: which servers run.

mod answer;
mod door;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod peer;
mod renewal;
pub(crate) mod roll;
mod schedule;
mod server;
mod socket;
mod store;

use std::{fmt, io, net::Ipv4Addr, sync::Arc, thread};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::net::TcpSocket;

use self::{door::Door, server::Desk, store::Store};
use crate::{
    context::Context,
    credentials::Credentials,
    error::{Error, Result},
    secret::Secret,
};

pub(crate) use self::{renewal::Renewal, schedule::margin, socket::Socket};

/// How many connections the kernel holds that are not accepted yet (listen(2)): beyond it a client waits for a second.
const BACKLOG: u32 = 4096;

/// An endpoint that answers for as long as the process lives.
pub(crate) struct Endpoint {
    /// Where the credentials are fetched.
    pub(crate) uri: Secret,
    /// What is shown there.
    pub(crate) token: Secret,
}

impl Endpoint {
    /// Opens an endpoint with these credentials, and renews them from then on. It is on the loopback address, and on a
    /// unix socket where one is given.
    ///
    /// # Errors
    /// Where no port can be had.
    pub(crate) fn open(
        context: &Context,
        credentials: Credentials,
        renewal: Renewal,
        socket: Option<&Socket>,
    ) -> Result<Self> {
        Self::start(context, credentials, renewal, socket)
            .map_err(|error| Error::new("cannot open an endpoint for credentials").because(error))
    }

    fn start(
        context: &Context,
        credentials: Credentials,
        renewal: Renewal,
        socket: Option<&Socket>,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            socket.listen(BACKLOG)
        })?;
        let host = listener.local_addr()?.to_string();
        let path = Secret::new(format!("/{}", random()?));
        let endpoint =
            Self { uri: Secret::new(format!("http://{host}{}", path.expose())), token: Secret::new(random()?) };
        let store = Arc::new(Store::new(credentials));
        let door = Door { host, path, token: endpoint.token.clone() };
        let desk = Arc::new(Desk { door, store: Arc::clone(&store), clock: context.clock() });
        let socket = socket.map(Socket::listener).transpose()?;
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        named("endpoint").spawn(move || runtime.block_on(server::serve(listener, socket, desk)))?;
        named("renewal").spawn(move || renewal.run(&store))?;
        Ok(endpoint)
    }
}

/// The token is a secret.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}

/// 256 bits at random, as text that a URL and a header take as it is.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
