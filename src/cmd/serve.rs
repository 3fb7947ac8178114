//! `leapp serve`: credentials for programs that leapp does not start.

mod background;
mod roll;

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

use self::roll::Entry;
use super::{choose, env, exec::pin_again, leave_no_region_of_another, refresh::first_credentials, region};
use crate::{
    broker::Broker,
    cli::Serve,
    config::{Config, change::quoted},
    context::Context,
    credentials::Credentials,
    default_profile,
    endpoint::{Endpoint, Renewal, Socket},
    environment::{Plan, Served},
    error::{Error, Result},
    process::{self, Process},
    session::{Region, Session},
    shell::{Format, Shell},
    signals,
};

/// How often a server looks whether it is needed still.
const GLANCE: Duration = Duration::from_millis(250);

/// More than credentials take as bytes.
const MAX_CREDENTIALS: u64 = 64 << 10;

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
    let config = Arc::new(Config::load(context)?);
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    if let Some(parent) = &arguments.attached {
        return background::serve(|| {
            let parent = Process::parse(parent).ok_or_else(|| Error::usage("cannot take --attached"))?;
            let credentials = handed_over()?;
            Server::start(context, &config, session, arguments, credentials).map(|server| (server, parent))
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
    let credentials = first_credentials(context, &config, session, options)?;
    if credentials.expiration.is_none() {
        return Err(Error::new(format!("cannot serve the credentials of `{}`", session.alias))
            .because("they do not end, and SDKs take from an endpoint only what does")
            .hint(format!("run: leapp env {}", session.alias)));
    }
    if arguments.foreground {
        let parent = Process::parent();
        let server = Server::start(context, &config, session, arguments, credentials)?;
        print(context, &writing, session, region.as_ref(), &server.endpoint)?;
        server.wait(&parent);
        return Ok(());
    }
    let endpoint = background::start(context, session, arguments, &credentials)?;
    print(context, &writing, session, region.as_ref(), &endpoint)
}

/// Stops the servers of a session, or all of them.
fn stop(context: &Context, alias: Option<&str>) -> Result<()> {
    let stopped = roll::stop(context, |of| alias.is_none_or(|alias| alias == of))?;
    if let (Some(alias), []) = (alias, stopped.as_slice()) {
        // Also one that the config has no more may have had a server.
        Config::load(context)?.session(alias)?;
    }
    let of = alias.map_or(String::new(), |alias| format!(" of `{alias}`"));
    context.say(match stopped.len() {
        0 => format!("no server{of} is running"),
        1 => format!("the server{of} has stopped"),
        many => format!("{many} servers{of} have stopped"),
    });
    Ok(())
}

/// Stops the servers of sessions that were signed out: they would go on handing out keys.
pub(super) fn stop_signed_out(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<()> {
    let mut stopped = roll::stop(context, is_meant)?;
    let count = stopped.len();
    stopped.dedup();
    match count {
        0 => {}
        1 => context.say(format!("the server of {} has stopped", quoted(stopped))),
        _ => context.say(format!("the servers of {} have stopped", quoted(stopped))),
    }
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

/// The credentials that the leapp in front got, which could ask the person.
fn handed_over() -> Result<Credentials> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_CREDENTIALS).unwrap_or_default()));
    let read = io::stdin().lock().take(MAX_CREDENTIALS).read_to_end(&mut bytes);
    read.ok()
        .and_then(|_| Credentials::from_bytes(&bytes))
        .ok_or_else(|| Error::new("cannot serve").because("no credentials were handed over"))
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
        credentials: Credentials,
    ) -> Result<Self> {
        let cannot = |error: io::Error| Error::new("cannot serve credentials").because(error);
        signals::leave_to_others();
        let is_over = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !process::is_ignored(*signal)) {
            flag::register(signal, Arc::clone(&is_over)).map_err(cannot)?;
        }
        let socket = arguments.socket.as_deref().map(Socket::bind).transpose()?;
        let entry = Entry::make(context, &session.alias).map_err(cannot)?;
        let renewal = Renewal {
            config: Arc::clone(config),
            session: session.alias.clone(),
            options: arguments.using.options()?,
            verbose: context.is_verbose(),
        };
        let endpoint = Endpoint::open(context, credentials, renewal, socket.as_ref())?;
        Ok(Self { endpoint, is_over, _socket: socket, _entry: entry })
    }

    /// Serves until it is told to stop, or this process has ended.
    fn wait(self, parent: &Process) {
        while !self.is_over.load(Ordering::SeqCst) && parent.lives() {
            thread::sleep(GLANCE);
        }
    }
}
