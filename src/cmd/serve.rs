//! `leapp serve`: credentials for programs that leapp does not start.

mod background;

use std::{
    ffi::OsString,
    io::{self, Read as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use zeroize::Zeroizing;

use super::{choose, env, exec::pin_again, leave_no_region_of_another, refresh::first_credentials, region};
use crate::{
    broker::Broker,
    cli::Serve,
    config::Config,
    config_file,
    context::Context,
    credentials::Credentials,
    default_profile,
    endpoint::{
        Endpoint, Renewal, Socket,
        roll::{self, Entry},
    },
    environment::{Plan, Served},
    error::{Error, Result},
    generation,
    process::{self, Process},
    session::{Region, Session},
    shell::{Format, Shell},
    signals,
};

/// How often a server looks whether it is needed still.
const GLANCE: Duration = Duration::from_millis(250);

/// More than credentials, and what goes with them, take as bytes.
const MAX_GRANTED: u64 = 64 << 10;

/// How the two variables are written.
enum Writing {
    For(Shell),
    Json,
}

/// Serves, or stops what serves.
pub(super) fn run(context: &Context, arguments: &Serve) -> Result<()> {
    if arguments.stop {
        return stop(context, arguments.session.as_deref());
    }
    let writing = match &arguments.shell {
        _ if arguments.json => Writing::Json,
        Some(shell) => Writing::For(Shell::parse(shell)?),
        None => Writing::For(process::shell_above(context.var("SHELL")).unwrap_or(Shell::Sh)),
    };
    let options = arguments.using.options()?;
    let config = Arc::new(config_file::load(context)?);
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    if let Some(parent) = &arguments.attached {
        return background::serve(|| {
            let parent = Process::parse(parent).ok_or_else(|| Error::usage("cannot take --attached"))?;
            let granted = Granted::taken_over(context)?;
            Server::start(context, &config, session, arguments, granted).map(|server| (server, parent))
        });
    }
    let wanted = arguments.using.wanted()?;
    let region = region(&Broker::new(context, &config, options), session, &wanted)?;
    if session.protected && !arguments.yes {
        env::confirm(context, session)?;
    }
    for rival in default_profile::rivals(context) {
        context.say(format!("{}; set {} to another file", rival.sentence(context), rival.variable()));
    }
    let signed_out = generation::signed_out(context);
    let credentials = first_credentials(context, &config, session, options)?;
    if credentials.expiration.is_none() {
        return Err(Error::new(format!("cannot serve the credentials of `{}`", session.alias))
            .because("they do not end, and SDKs take from an endpoint only what does")
            .hint(format!("run: leapp env {}", session.alias)));
    }
    let granted = Granted { signed_out, credentials };
    if arguments.foreground {
        let parent = Process::parent();
        let server = Server::start(context, &config, session, arguments, granted)?;
        print(context, &writing, session, region.as_ref(), &server.endpoint)?;
        server.wait(&parent);
        return Ok(());
    }
    let endpoint = background::start(context, session, arguments, &granted.to_bytes(context))?;
    print(context, &writing, session, region.as_ref(), &endpoint)
}

/// Stops the servers of a session, or all of them.
fn stop(context: &Context, alias: Option<&str>) -> Result<()> {
    let stopped = roll::stop(context, |of| alias.is_none_or(|alias| alias == of))?;
    if let (Some(alias), []) = (alias, stopped.as_slice()) {
        // Also one that the config has no more may have had a server.
        config_file::load(context)?.session(alias)?;
    }
    let of = alias.map_or(String::new(), |alias| format!(" of `{alias}`"));
    context.say(match stopped.len() {
        0 => format!("no server{of} is running"),
        1 => format!("the server{of} has stopped"),
        many => format!("{many} servers{of} have stopped"),
    });
    Ok(())
}

/// Prints the two variables; for a shell, also what takes competitors out of it.
fn print(
    context: &Context,
    writing: &Writing,
    session: &Session,
    region: Option<&Region>,
    endpoint: &Endpoint,
) -> Result<()> {
    let served = Served {
        alias: session.alias.as_str(),
        region: region.map(Region::as_str),
        uri: &endpoint.uri,
        token: &endpoint.token,
    };
    context.print(&match writing {
        Writing::Json => Format::Json.render(&Plan::of_endpoint(&served)?)?,
        Writing::For(shell) => {
            let mut plan = Plan::for_endpoint(&served)?;
            leave_no_region_of_another(context, region, &mut plan)?;
            pin_again(context, session, &mut plan)?;
            shell.render(&plan)?
        }
    })
}

/// Whether a shell evaluates what is printed, so that a failure has to stop its line.
pub(crate) fn is_evaluated(arguments: &[OsString]) -> bool {
    let others = ["--json", "--stop", "--foreground", "--attached"];
    !arguments.iter().any(|word| others.iter().any(|other| word == other))
}

/// What is served first.
struct Granted {
    /// The token of sign-outs, as it was before the credentials were had.
    signed_out: Option<Vec<u8>>,
    credentials: Credentials,
}

impl Granted {
    /// For the server behind the shell, from the leapp in front, which could ask the person: a line with the token, one
    /// with the vault's key where this run alone holds that, and the credentials.
    fn to_bytes(&self, context: &Context) -> Zeroizing<Vec<u8>> {
        let token = self.signed_out.as_deref().unwrap_or_default().trim_ascii_end();
        let (key, credentials) = (context.found_key().to_line(), self.credentials.to_bytes());
        Zeroizing::new([token, b"\n", key.as_bytes(), b"\n", &credentials].concat())
    }

    fn taken_over(context: &Context) -> Result<Self> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_GRANTED).unwrap_or_default()));
        let read = io::stdin().lock().take(MAX_GRANTED).read_to_end(&mut bytes);
        let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
        let (token, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        context.found_key().take_line(str::from_utf8(key).unwrap_or_default());
        let signed_out = if token.is_empty() { None } else { Some([token, b"\n"].concat()) };
        read.ok()
            .and_then(|_| Credentials::from_bytes(parts.next()?))
            .map(|credentials| Self { signed_out, credentials })
            .ok_or_else(|| Error::new("cannot serve").because("no credentials were handed over"))
    }
}

/// An endpoint, and what goes with it.
struct Server {
    endpoint: Endpoint,
    is_over: Arc<AtomicBool>,
    _socket: Option<Socket>,
    _entry: Entry,
}

impl Server {
    fn start(
        context: &Context,
        config: &Arc<Config>,
        session: &Session,
        arguments: &Serve,
        granted: Granted,
    ) -> Result<Self> {
        let cannot = |error: io::Error| Error::new("cannot serve credentials").because(error);
        signals::leave_to_others();
        let is_over = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !process::is_ignored(*signal)) {
            flag::register(signal, Arc::clone(&is_over)).map_err(cannot)?;
        }
        let socket = arguments.socket.as_deref().map(Socket::bind).transpose()?;
        let options = arguments.using.options()?;
        let entry = Entry::make(context, &session.alias).map_err(cannot)?;
        // From here on a sign-out finds this server; one that came before it has been told by the token.
        Broker::new(context, config, options).ask_still_signed_in(session, granted.signed_out.as_deref())?;
        let renewal =
            Renewal { context: context.clone(), config: Arc::clone(config), session: session.alias.clone(), options };
        let endpoint = Endpoint::open(context, granted.credentials, renewal, socket.as_ref())?;
        Ok(Self { endpoint, is_over, _socket: socket, _entry: entry })
    }

    /// Serves until it is told to stop, or this process has ended.
    fn wait(self, parent: &Process) {
        while !self.is_over.load(Ordering::SeqCst) && parent.lives() {
            thread::sleep(GLANCE);
        }
    }
}
