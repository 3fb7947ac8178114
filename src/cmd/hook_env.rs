//! `leapp hook-env`: what a shell has to do, now that its directory, the `.leapp` file there, or the state changed.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use zeroize::Zeroizing;

use super::plan;
use crate::{
    broker::{Broker, Options},
    chain::Chain,
    cli::HookEnv,
    config::Config,
    config_file,
    context::{Attention, Context, to_stderr},
    credentials::Credentials,
    directory::{self, DirectoryFile, PassedOver, Record, Standing, Verdict},
    dismissal,
    environment::{COMPETITORS, EXPIRATION, Plan},
    error::{Error, Kind, Result, escaped},
    files, generation,
    hook::{Change, Place, State, Status, Target, change, change_of_pinned},
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
    generation::ensure(&context);
    let context = context.with_attention(Attention::Nobody, Some(PATIENCE));
    let before = State::of(|name| context.environment().raw(name));
    if let Some(pinned) = before.as_ref().filter(|state| state.status == Status::Pinned) {
        let change = change_of_pinned(pinned, |name| context.environment().raw(name));
        let line = displaced(&change, &pinned.place.session)
            .filter(|_| !is_quiet(&context, config_file::load(&context).as_ref()))
            .map(|line| format!("leapp: {}", escaped(&line)));
        return context.print(&say(shell, &change, "0", line.as_deref())?);
    }
    let outcome = follow(&context, before.as_ref());
    let answer = Answer { context: &context, shell, before: before.as_ref(), is_quiet: outcome.is_quiet };
    let place = outcome.place().cloned();
    let is_loaded = matches!(outcome.target, Target::Session { status: Status::Loaded, .. });
    let text = answer.text(outcome).or_else(|error| {
        let Some(place) = place.filter(|_| is_loaded) else { return Err(error) };
        // What cannot be brought into the shell must not leave what is there in its place.
        context.tell(error.sentence());
        answer.text(Outcome::signed_out(place, String::new()))
    })?;
    context.print(&text)
}

/// What is answered to a shell.
struct Answer<'a> {
    context: &'a Context,
    shell: Shell,
    before: Option<&'a State>,
    is_quiet: bool,
}

impl Answer<'_> {
    fn text(&self, outcome: Outcome) -> Result<Zeroizing<String>> {
        let environment = |name: &str| self.context.environment().raw(name);
        let (line, place) = (outcome.news(self.before), outcome.place().cloned().unwrap_or_default());
        let is_loaded = matches!(outcome.target, Target::Session { status: Status::Loaded, .. });
        let change = change(self.before, environment, outcome.target)?;
        if let Some(tool) = change.unreadable.filter(|_| is_loaded) {
            let why = "set variables here in a way that this version of leapp cannot read";
            let line = format!("{} is not loaded: {tool} {why}", place.session);
            return self.text(Outcome::before(Some(place), line));
        }
        let line = displaced(&change, &place.session).or(line);
        let at = outcome.at.map_or("0".into(), |at| in_clock_of(self.context, self.shell, at));
        let line = line.filter(|_| !self.is_quiet).map(|line| format!("leapp: {}", escaped(&line)));
        say(self.shell, &change, &at, line.as_deref())
    }
}

/// What a person is told whose shell has another identity by now.
fn displaced(change: &Change, session: &str) -> Option<String> {
    let variable = change.displaced_by?;
    Some(format!("{session} is no longer loaded: something else set {variable} in this shell, which stays"))
}

/// Writes what the shell carries out, and says the line, or has the shell say it.
fn say(shell: Shell, change: &Change, at: &str, line: Option<&str>) -> Result<Zeroizing<String>> {
    let is_said_by_shell = shell.says_lines();
    if let Some(line) = line.filter(|_| !is_said_by_shell) {
        to_stderr(&format!("{line}\n"));
    }
    shell.render_change(change, at, line.filter(|_| is_said_by_shell))
}

/// A time in seconds since 1970, as the shell can tell that it has come.
fn in_clock_of(context: &Context, shell: Shell, at: i64) -> String {
    let now = context.now().unix_timestamp();
    match shell {
        // They have no clock, but read the kernel's, where there is one.
        Shell::Elvish => (at - now + uptime().unwrap_or(now)).to_string(),
        Shell::Fish => match uptime() {
            Some(uptime) => (at - now + uptime).to_string(),
            // fish tells how old a file is, too. Without one, it learns of the end from AWS.
            None => stamp(context, at).unwrap_or_else(|error| {
                context.trace(|| format!("no stamp for fish: {error}"));
                "0".into()
            }),
        },
        _ => at.to_string(),
    }
}

/// How long the machine runs, in seconds.
fn uptime() -> Option<i64> {
    fs::read_to_string("/proc/uptime").ok()?.split('.').next()?.parse().ok()
}

/// A file that was last changed at a time to come; those whose time is over are removed.
fn stamp(context: &Context, at: i64) -> io::Result<String> {
    let folder = context.paths().state.join("at");
    files::private_folder(&folder)?;
    for old in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let time = old.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
        if time.is_none_or(|time| time < context.now().unix_timestamp() - DAY) {
            let _ = files::remove(&old);
        }
    }
    let path = folder.join(at.to_string());
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    file.set_modified(UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap_or_default()))?;
    Ok(path.display().to_string())
}

/// What the present directory comes to.
fn follow(context: &Context, before: Option<&State>) -> Outcome {
    let config = config_file::load(context);
    let outcome = match directory::current(context).map(|folder| directory::nearest(&folder)) {
        Some(Some(path)) => Outcome::of(context, config.as_ref(), before, &path),
        Some(None) => Outcome::before(None, String::new()),
        // The directory was removed below the shell, which still goes by its path: it asks again at the next prompt.
        None => Outcome { at: Some(context.now().unix_timestamp()), ..Outcome::before(None, String::new()) },
    };
    Outcome { is_quiet: is_quiet(context, config.as_ref()), ..outcome }
}

/// Whether the person wants to hear nothing of the hook.
fn is_quiet(context: &Context, config: Result<&Config, &Error>) -> bool {
    context.var("LEAPP_LOG") == Some("off") || config.is_ok_and(|config| config.hook.quiet)
}

/// What a directory comes to.
struct Outcome {
    target: Target,
    at: Option<i64>,
    /// What the person is told where it is new; empty where there is nothing to say.
    line: String,
    is_quiet: bool,
}

impl Outcome {
    fn before(told: Option<Place>, line: String) -> Self {
        Self { target: Target::Before { told }, at: None, line, is_quiet: false }
    }

    /// No credentials at all: what is meant for this session must not run with what was there before.
    fn signed_out(place: Place, line: String) -> Self {
        let target = Target::Session { status: Status::SignedOut, place, plan: Plan::clear_credentials() };
        Self { target, at: None, line, is_quiet: false }
    }

    fn of(context: &Context, config: Result<&Config, &Error>, before: Option<&State>, path: &Path) -> Self {
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
            Err(error) => return Self::without_session(context, &file, before, place, error.sentence()),
        };
        let standing = Standing::of(context, config, &file);
        let passed_over = PassedOver::of(&standing, &shown, &file.session);
        let line = passed_over.as_ref().map_or(String::new(), ToString::to_string);
        match standing {
            Standing::Trusted(session) => Self::session(context, config, session, before, place, path),
            Standing::Unknown => Self::before(Some(place), line),
            Standing::Barred => {
                let why = passed_over.map_or(String::new(), |passed_over| passed_over.why);
                Self::before(Some(place), format!("{why}; for one command: leapp exec {} -- COMMAND", file.session))
            }
            Standing::Denied => Self::before(Some(place), String::new()),
            Standing::NoSession => Self::without_session(context, &file, before, place, line),
        }
    }

    /// Where a session cannot even be looked up: in a directory that the person allowed, or that has been loaded, that
    /// is as good as signed out.
    fn without_session(
        context: &Context,
        file: &DirectoryFile,
        before: Option<&State>,
        place: Place,
        line: String,
    ) -> Self {
        let was_here = before.is_some_and(|state| state.status != Status::Told && state.place == place);
        match Record::verdict(context, file, None) {
            Verdict::Denied => Self::before(Some(place), String::new()),
            Verdict::Unknown if !was_here => Self::before(Some(place), line),
            Verdict::Allowed | Verdict::Unknown => Self::signed_out(place, line),
        }
    }

    fn session(
        context: &Context,
        config: &Config,
        session: &Session,
        before: Option<&State>,
        place: Place,
        path: &Path,
    ) -> Self {
        let alias = &session.alias;
        let broker = Broker::new(context, config, Options { min_ttl: AHEAD, ..Options::default() });
        let is_renewed = is_renewed(context, config, session);
        let credentials = match credentials(&broker, session, is_renewed, context) {
            Ok(credentials) => credentials,
            Err(Missing::SignedOut) => {
                return Self::signed_out(place, format!("{alias} is signed out; run: leapp login"));
            }
            Err(Missing::Unreadable(error)) => return Self::unreadable(context, before, place, &error),
            Err(Missing::Failed(error)) => {
                let next = error.hints().first().map_or("run: leapp login", String::as_str);
                return Self::signed_out(place, format!("{}; {next}", error.sentence()));
            }
        };
        let region = broker.region(session);
        let plan = match plan(session, region.as_ref(), &credentials) {
            Ok(plan) => plan,
            Err(error) => return Self::signed_out(place, error.sentence()),
        };
        let left = credentials.time_left(context.now());
        let folder = context.paths().short(path.parent().unwrap_or(path));
        let until = credentials.expiration.map_or(String::new(), |_| format!(", {} left", span(left)));
        let at = look_again(&credentials, left, is_renewed);
        let target = Target::Session { status: Status::Loaded, place, plan };
        Self { target, at, line: format!("{alias} ({folder}){until}"), is_quiet: false }
    }

    /// Where the vault cannot be read, what is in the shell stays until its end, if it is this directory's.
    fn unreadable(context: &Context, before: Option<&State>, place: Place, error: &Error) -> Self {
        let environment = |name: &str| context.environment().raw(name);
        let end = context.var(EXPIRATION).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        let is_alone = COMPETITORS.into_iter().all(|name| environment(name).is_none_or(str::is_empty));
        let is_loaded = before.is_some_and(|state| state.place == place && state.holds_keys(environment)) && is_alone;
        if let Some(end) = end.filter(|end| is_loaded && *end > context.now()) {
            let at = Some(end.unix_timestamp());
            return Self { target: Target::AsItIs, at, line: String::new(), is_quiet: false };
        }
        let line = format!("{} is not loaded: {}; run: leapp login", place.session, error.sentence());
        Self::signed_out(place, line)
    }

    /// The directory that it is about.
    fn place(&self) -> Option<&Place> {
        match &self.target {
            Target::Session { place, .. } | Target::Before { told: Some(place) } => Some(place),
            Target::Before { told: None } | Target::AsItIs => None,
        }
    }

    /// What the person is told: once, as long as nothing changes.
    fn news(&self, before: Option<&State>) -> Option<String> {
        let (status, place) = match &self.target {
            Target::AsItIs => return None,
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

/// Whether the hook renews a session: one call of STS, with what is signed in already. Not what was signed out by name,
/// nor what starts from that: it would be brought back on the way.
fn is_renewed(context: &Context, config: &Config, session: &Session) -> bool {
    config.hook.renew
        && matches!(session.source, Source::Chained(_))
        && Chain::to(session, |alias| config.sessions.get(alias))
            .is_ok_and(|chain| !chain.sessions().any(|link| dismissal::is_noted(context, &link.alias)))
}

/// Why there are no credentials.
enum Missing {
    /// Only a person can get them.
    SignedOut,
    /// It cannot be told whether there are any.
    Unreadable(Error),
    /// They could not be renewed.
    Failed(Error),
}

/// The credentials that are kept, or that take nobody to be had.
fn credentials<'a>(
    broker: &Broker<'a>,
    session: &'a Session,
    is_renewed: bool,
    context: &Context,
) -> Result<Credentials, Missing> {
    let kept = broker.kept(session).map_err(Missing::Unreadable)?;
    let lives = kept.as_ref().is_some_and(|kept| kept.time_left(context.now()) > AHEAD);
    if lives || !is_renewed {
        return kept.ok_or(Missing::SignedOut);
    }
    broker.credentials(session).or_else(|error| {
        kept.ok_or(if error.which() == Kind::NeedsPerson { Missing::SignedOut } else { Missing::Failed(error) })
    })
}

/// When credentials are to be renewed, or end.
fn look_again(credentials: &Credentials, left: Duration, is_renewed: bool) -> Option<i64> {
    let end = credentials.expiration?.unix_timestamp();
    // Those that are nearly over could not be renewed: not once more at each prompt.
    Some(if is_renewed && left > AHEAD { end - i64::try_from(AHEAD.as_secs()).unwrap_or_default() } else { end })
}
