//! `leapp hook-env`: what a shell has to do, now that its directory, the `.leapp` file there, or the state changed.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use super::plan;
use crate::{
    broker::{Broker, Options},
    cli::HookEnv,
    config::Config,
    context::{Attention, Context},
    credentials::Credentials,
    directory::{self, DirectoryFile, Record, Standing, Verdict},
    environment::Plan,
    error::{Error, Kind, Result},
    files,
    hook::{Change, Place, STATE, State, Status, Target, change},
    session::{Session, Source, span},
    shell::Shell,
};

/// How long a prompt may wait for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long before their end credentials are renewed, where that needs nobody.
const AHEAD: Duration = Duration::from_mins(5);
/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// Prints what the shell has to do, and says what the person has to know.
pub(super) fn run(context: Context, arguments: &HookEnv) -> Result<()> {
    let shell = Shell::parse(&arguments.shell)?;
    let context = context.with_attention(Attention::Nobody, Some(PATIENCE));
    let before = context.environment().raw(STATE).and_then(State::parse);
    let is_pinned = before.as_ref().is_some_and(|state| state.status == Status::Pinned);
    let change = if is_pinned { Change::default() } else { follow(&context, before.as_ref())? };
    let at = change.at.map_or(Ok("0".into()), |at| in_clock_of(&context, shell, at))?;
    context.print(&shell.render_change(&change, &at)?)
}

/// A time in seconds since 1970, as the shell can tell that it has come.
fn in_clock_of(context: &Context, shell: Shell, at: i64) -> Result<String> {
    match shell {
        // fish has no clock, but tells how old a file is.
        Shell::Fish => stamp(context, at),
        // Elvish has no clock, but reads the kernel's, where there is one.
        Shell::Elvish => {
            Ok((at - context.now().unix_timestamp() + uptime().unwrap_or(context.now().unix_timestamp())).to_string())
        }
        _ => Ok(at.to_string()),
    }
}

/// How long the machine runs, in seconds.
fn uptime() -> Option<i64> {
    fs::read_to_string("/proc/uptime").ok()?.split('.').next()?.parse().ok()
}

/// A file that was last changed at a time to come; those whose time is over are removed.
fn stamp(context: &Context, at: i64) -> Result<String> {
    let folder = context.paths().state.join("at");
    let cannot = |error: io::Error| Error::new(format!("cannot write into {}", folder.display())).because(error);
    files::private_folder(&folder).map_err(cannot)?;
    for old in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let time = old.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
        if time.is_none_or(|time| time < context.now().unix_timestamp() - DAY) {
            let _ = files::remove(&old);
        }
    }
    let path = folder.join(at.to_string());
    let file =
        fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(cannot)?;
    let moment = UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap_or_default());
    file.set_modified(moment).map_err(cannot)?;
    Ok(path.display().to_string())
}

/// What a shell has to do in its present directory.
fn follow(context: &Context, before: Option<&State>) -> Result<Change> {
    let config = Config::load(context);
    let found = directory::current(context).and_then(|folder| directory::nearest(&folder));
    let outcome = match &found {
        Some(path) => Outcome::of(context, config.as_ref(), path),
        None => Outcome::before(None, String::new()),
    };
    let is_quiet = context.var("LEAPP_LOG") == Some("off") || config.is_ok_and(|config| config.hook.quiet);
    if let Some(line) = outcome.news(before).filter(|_| !is_quiet) {
        context.tell(line);
    }
    let now = |name: &str| context.environment().raw(name);
    Ok(Change { at: outcome.at, ..change(before, now, outcome.target)? })
}

/// What a directory comes to.
struct Outcome {
    target: Target,
    at: Option<i64>,
    /// What the person is told where it is new; empty where there is nothing to say.
    line: String,
}

impl Outcome {
    fn before(told: Option<Place>, line: String) -> Self {
        Self { target: Target::Before { told }, at: None, line }
    }

    /// No credentials at all: what is meant for this session must not run with what was there before.
    fn signed_out(place: Place, line: String) -> Self {
        let target = Target::Session { status: Status::SignedOut, place, plan: Plan::clear_credentials() };
        Self { target, at: None, line }
    }

    fn of(context: &Context, config: Result<&Config, &Error>, path: &Path) -> Self {
        let shown = context.paths().short(path);
        let file = match directory::read(path) {
            Ok(file) => file,
            Err(why) => {
                let place = Place { session: String::new(), scope: path.display().to_string() };
                return Self::before(Some(place), format!("{shown} is not used: {why}"));
            }
        };
        let place = Place { session: file.session.to_string(), scope: file.path.clone() };
        let config = match config {
            Ok(config) => config,
            Err(error) => return Self::without_session(context, &file, place, error.sentence()),
        };
        let alias = &file.session;
        match Standing::of(context, config, &file) {
            Standing::Trusted(session) => Self::session(context, config, session, place, path),
            Standing::Unknown => {
                Self::before(Some(place), format!("{shown} asks for session `{alias}`; run: leapp allow"))
            }
            Standing::Barred => Self::before(
                Some(place),
                format!("no directory switches to `{alias}`, as {shown} asks; run: leapp exec {alias} -- COMMAND"),
            ),
            Standing::Denied => Self::before(Some(place), String::new()),
            Standing::NoSession => {
                let line = format!("{shown} asks for session `{alias}`, and there is none; run: leapp list");
                Self::without_session(context, &file, place, line)
            }
        }
    }

    /// Where a session cannot even be looked up: in a directory that the person allowed, that is as good as signed out.
    fn without_session(context: &Context, file: &DirectoryFile, place: Place, line: String) -> Self {
        match Record::verdict(context, file) {
            Verdict::Allowed => Self::signed_out(place, line),
            Verdict::Denied => Self::before(Some(place), String::new()),
            Verdict::Unknown => Self::before(Some(place), line),
        }
    }

    fn session(context: &Context, config: &Config, session: &Session, place: Place, path: &Path) -> Self {
        let alias = &session.alias;
        let loaded = credentials(context, config, session).and_then(|credentials| {
            let region = Broker::new(context, config, Options::default()).region(session);
            let plan = plan(session, region.as_ref(), &credentials)?;
            Ok((plan, credentials))
        });
        match loaded {
            Ok((plan, credentials)) => {
                let left = credentials.time_left(context.now());
                let folder = context.paths().short(path.parent().unwrap_or(path));
                let until = credentials.expiration.map_or(String::new(), |_| format!(", {} left", span(left)));
                let line = format!("{alias} ({folder}){until}");
                let at = look_again(&credentials, left, is_renewed(config, session));
                Self { target: Target::Session { status: Status::Loaded, place, plan }, at, line }
            }
            Err(error) if error.which() == Kind::NeedsPerson => {
                Self::signed_out(place, format!("{alias} is signed out; run: leapp login"))
            }
            Err(error) => Self::signed_out(place, format!("{}; run: leapp login", error.sentence())),
        }
    }

    /// What the person is told: once, as long as nothing changes.
    fn news(&self, before: Option<&State>) -> Option<String> {
        let (status, place) = match &self.target {
            Target::Session { status, place, .. } => (*status, place),
            Target::Before { told: Some(place) } => (Status::Told, place),
            Target::Before { told: None } => {
                let left = before.filter(|state| state.status != Status::Told)?;
                return Some(format!("left {}", left.place.session));
            }
        };
        let is_known = before.is_some_and(|state| state.status == status && state.place == *place);
        (!is_known && !self.line.is_empty()).then(|| self.line.clone())
    }
}

/// Whether the hook renews a session: one call of STS, with what is signed in already.
fn is_renewed(config: &Config, session: &Session) -> bool {
    config.hook.renew && matches!(session.source, Source::Chained(_))
}

/// The credentials that are kept, or that take nobody to be had.
fn credentials(context: &Context, config: &Config, session: &Session) -> Result<Credentials> {
    let broker = Broker::new(context, config, Options { min_ttl: AHEAD, ..Options::default() });
    let kept = broker.kept(session)?;
    if is_renewed(config, session) {
        return broker.credentials(session).or_else(|error| kept.ok_or(error));
    }
    kept.ok_or_else(|| Error::new(format!("`{}` is signed out", session.alias)).kind(Kind::NeedsPerson))
}

/// When credentials are to be renewed, or end.
fn look_again(credentials: &Credentials, left: Duration, is_renewed: bool) -> Option<i64> {
    let end = credentials.expiration?.unix_timestamp();
    // Those that are nearly over could not be renewed: not once more at each prompt.
    Some(if is_renewed && left > AHEAD { end - i64::try_from(AHEAD.as_secs()).unwrap_or_default() } else { end })
}
