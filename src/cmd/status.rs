//! `leapp status`: which session this shell holds, and where each part of that comes from.

use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::watch;
use crate::{
    broker::{Broker, Options},
    cli::Status as Arguments,
    config::Config,
    context::{Attention, Context},
    credentials::Credentials,
    directory::{self, Standing},
    environment::{ACCESS_KEY_ID, EXPIRATION, SECRET_ACCESS_KEY, SESSION},
    error::{Error, Result, escaped},
    hook::{STATE, State, Status},
    session::{Region, Session, span},
};

/// Prints it: for a person, as JSON, or as a segment of a prompt.
pub(super) fn run(context: Context, arguments: &Arguments) -> Result<()> {
    if arguments.watch {
        return watch::run(&context);
    }
    let context = context.with_attention(Attention::Nobody, None);
    let shell = Shell::read(&context);
    if arguments.prompt {
        return context.print(&shell.segment(context.now()));
    }
    let config = Config::load(&context)?;
    let report = Report::of(&context, &config, &shell);
    if arguments.json {
        return context.print(&report.to_json()?);
    }
    context.print(&report.to_text(&context))
}

/// What the environment says, without a look at any file: a prompt cannot wait.
struct Shell<'c> {
    session: Option<&'c str>,
    state: Option<State>,
    expiration: Option<OffsetDateTime>,
    has_keys: bool,
}

impl<'c> Shell<'c> {
    fn read(context: &'c Context) -> Self {
        let state = context.environment().raw(STATE).and_then(State::parse);
        let is_own = state.as_ref().is_some_and(|state| {
            state.status == Status::Loaded && !state.holds_keys(|name| context.environment().raw(name))
        });
        Self {
            // Keys that the person set in the directory are not the session's.
            session: context.var(SESSION).filter(|_| !is_own),
            state,
            expiration: context.var(EXPIRATION).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()),
            has_keys: context.var(ACCESS_KEY_ID).is_some(),
        }
    }

    /// `prod 59m`, `prod expired`, `prod signed out`, or nothing.
    fn segment(&self, now: OffsetDateTime) -> String {
        let signed_out = self.state.as_ref().filter(|state| state.status == Status::SignedOut);
        match (self.session, signed_out) {
            (Some(session), _) => {
                let left = self.expiration.map_or(String::new(), |end| match (end - now).try_into() {
                    Ok(left) => format!(" {}", span(left)),
                    Err(_) => " expired".into(),
                });
                format!("{}{left}\n", escaped(session))
            }
            (None, Some(state)) => format!("{} signed out\n", escaped(&state.place.session)),
            (None, None) => String::new(),
        }
    }

    /// How its session came into the shell.
    fn source(&self) -> &'static str {
        match (self.state.as_ref().map(|state| state.status), self.session) {
            (Some(Status::Loaded | Status::SignedOut), _) => "directory",
            (Some(Status::Pinned), Some(_)) => "leapp exec",
            (_, Some(_)) => "leapp env",
            (_, None) => "none",
        }
    }
}

/// What there is to say.
struct Report<'c> {
    shell: &'c Shell<'c>,
    /// The session of the shell, where the config has it.
    session: Option<&'c Session>,
    region: Option<&'c Region>,
    /// Its credentials, where they are the ones in the shell.
    credentials: Option<Credentials>,
    directory: Option<Directory>,
    now: OffsetDateTime,
}

/// The nearest `.leapp` file.
struct Directory {
    path: String,
    session: Option<String>,
    standing: String,
}

impl<'c> Report<'c> {
    fn of(context: &Context, config: &'c Config, shell: &'c Shell<'c>) -> Self {
        let session = shell.session.and_then(|name| config.session(name).ok());
        let kept = session.and_then(|session| Broker::new(context, config, Options::default()).kept(session).ok()?);
        let credentials = kept.filter(|kept| {
            context.environment().raw(ACCESS_KEY_ID) == Some(&kept.access_key_id)
                && context.environment().raw(SECRET_ACCESS_KEY) == Some(kept.secret_access_key.expose())
        });
        let region = session.and_then(|session| config.region(session));
        Self { shell, session, region, credentials, directory: Directory::here(context, config), now: context.now() }
    }

    fn to_text(&self, context: &Context) -> String {
        let mut rows: Vec<(&str, String)> = Vec::new();
        let out = self.shell.state.as_ref().filter(|state| state.status == Status::SignedOut);
        rows.push(match (self.shell.session, out) {
            (Some(name), _) => ("session", format!("{name}  (from {})", self.shell.source())),
            (None, Some(out)) => ("session", format!("none  ({} is signed out; run: leapp login)", out.place.session)),
            (None, None) => ("session", "none".into()),
        });
        if let Some(role) = self.session.and_then(Session::role_arn) {
            rows.push(("account", role.account().to_owned()));
            rows.push(("role", role.name_with_path().to_owned()));
        }
        if let Some(credentials) = &self.credentials {
            rows.push(("identity", credentials.arn.clone()));
        } else if self.shell.has_keys {
            let whose =
                if self.shell.session.is_some() { "not those that leapp keeps for it" } else { "not from leapp" };
            rows.push(("keys", format!("{ACCESS_KEY_ID} is set, {whose}")));
        }
        if let Some(region) = self.region {
            rows.push(("region", region.to_string()));
        }
        if let Some(end) = self.shell.expiration {
            let left = (end - self.now).try_into().map_or("it is over".into(), |left| format!("{} left", span(left)));
            rows.push(("expires", format!("{}  ({left})", end.format(&Rfc3339).unwrap_or_default())));
        }
        if let Some(directory) = &self.directory {
            let asks = directory.session.as_ref().map_or(String::new(), |session| format!(" asks for {session}"));
            let path = context.paths().short(directory.path.as_ref());
            rows.push(("directory", format!("{path}{asks}: {}", directory.standing)));
        }
        rows.iter().fold(String::new(), |text, (name, value)| text + &format!("{name:<10} {}\n", escaped(value)))
    }

    fn to_json(&self) -> Result<String> {
        let end = self.shell.expiration;
        let value = json!({
            "session": self.shell.session,
            "source": self.shell.source(),
            "kind": self.session.map(Session::kind),
            "account": self.session.and_then(|session| Some(session.role_arn()?.account())),
            "role_arn": self.session.and_then(|session| Some(session.role_arn()?.as_str())),
            "identity": self.credentials.as_ref().map(|credentials| &credentials.arn),
            "region": self.region.map(Region::as_str),
            "expiration": end.and_then(|end| end.format(&Rfc3339).ok()),
            "seconds_left": end.map(|end| (end - self.now).whole_seconds().max(0)),
            "directory": self.directory.as_ref().map(|directory| json!({
                "path": directory.path, "session": directory.session, "standing": directory.standing,
            })),
        });
        serde_json::to_string_pretty(&value)
            .map(|text| text + "\n")
            .map_err(|error| Error::new("cannot print the status").because(error))
    }
}

impl Directory {
    fn here(context: &Context, config: &Config) -> Option<Self> {
        let path = directory::nearest(&directory::current(context)?)?;
        let (session, standing) = match directory::read(&path) {
            Err(why) => (None, format!("not used, {why}")),
            Ok(file) => {
                let standing = match Standing::of(context, config, &file) {
                    Standing::Trusted(_) => "allowed",
                    Standing::Unknown => "not allowed yet; run: leapp allow",
                    Standing::Barred => "no directory may switch to it",
                    Standing::Denied => "denied",
                    Standing::NoSession => "there is no such session",
                };
                (Some(file.session.to_string()), standing.to_owned())
            }
        };
        Some(Self { path: path.display().to_string(), session, standing })
    }
}
