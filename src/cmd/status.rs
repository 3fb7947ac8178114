//! `leapp status`: which session this shell holds, and where each part of that comes from.

use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::watch;
use crate::{
    broker::{Broker, Options},
    cli::Status as Arguments,
    config::Config,
    config_file,
    context::{Attention, Context},
    credentials::Credentials,
    directory::{self, Standing},
    environment::{ACCESS_KEY_ID, ENDPOINT_URI, EXPIRATION, REGIONS, SECRET_ACCESS_KEY, SESSION},
    error::{Error, Result, escaped, escaped_lines},
    hook::{STATE, State, Status},
    session::{RoleArn, Session, span},
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
    let config = config_file::load(&context)?;
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
    access_key_id: Option<&'c str>,
    /// Whether programs fetch credentials from an endpoint.
    is_served: bool,
    /// What its programs work in: a region, or two where the variables do not agree.
    regions: Vec<&'c str>,
    /// A named profile, which some SDKs prefer to keys.
    profile: Option<&'c str>,
}

impl<'c> Shell<'c> {
    fn read(context: &'c Context) -> Self {
        let mut regions: Vec<&str> = REGIONS.iter().filter_map(|name| context.var(name)).collect();
        regions.dedup();
        let state = context.environment().raw(STATE).and_then(State::parse);
        Self {
            session: context.var(SESSION).filter(|session| holds(context, session, state.as_ref())),
            state,
            expiration: context.var(EXPIRATION).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()),
            access_key_id: context.var(ACCESS_KEY_ID),
            is_served: context.var(ENDPOINT_URI).is_some(),
            regions,
            profile: context.var("AWS_PROFILE"),
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
            (_, Some(_)) if self.is_served && self.access_key_id.is_none() => "leapp serve",
            (_, Some(_)) => "leapp env",
            (_, None) => "none",
        }
    }
}

/// Whether what is in the environment can be this session's; keys that the person set since are not.
fn holds(context: &Context, session: &str, state: Option<&State>) -> bool {
    let is_of_state = |state: &&State| {
        state.status == Status::Loaded || state.status == Status::Pinned && state.place.session == session
    };
    if let Some(state) = state.filter(is_of_state) {
        return !state.has_other_keys(|name| context.environment().raw(name));
    }
    match context.var(ACCESS_KEY_ID) {
        None => context.var(ENDPOINT_URI).is_some(),
        // Long-term keys (IAM User Guide, "Unique identifiers"), which have no end.
        Some(id) => !(id.starts_with("AKIA") && context.var(EXPIRATION).is_some()),
    }
}

/// What there is to say.
struct Report<'c> {
    shell: &'c Shell<'c>,
    /// The session of the shell, where the config has it.
    session: Option<&'c Session>,
    /// Who the keys in the shell are, where leapp keeps them.
    identity: Option<Identity>,
    /// What has to be known of the keys beside that.
    note: Option<String>,
    directory: Option<Directory>,
    now: OffsetDateTime,
}

/// Who kept credentials are, by themselves: the config may have changed since.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    arn: String,
    account: String,
    /// The name, with its path where the config still tells; none of those that are no role's.
    role: Option<String>,
    role_arn: Option<String>,
}

impl Identity {
    /// Reads `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`; none where nobody said who they are.
    fn of(arn: &str, session: Option<&Session>) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(4);
        let (account, resource) = (parts.next()?, parts.next()?);
        let role = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
        let named = session
            .and_then(Session::role_arn)
            .filter(|named| named.account() == account && named.name_with_path().rsplit('/').next() == role);
        Some(Self {
            arn: arn.to_owned(),
            account: account.to_owned(),
            role: named.map(RoleArn::name_with_path).or(role).map(str::to_owned),
            role_arn: named.map(|named| named.as_str().to_owned()),
        })
    }
}

impl<'c> Report<'c> {
    fn of(context: &Context, config: &'c Config, shell: &'c Shell<'c>) -> Self {
        let session = shell.session.and_then(|name| config.session(name).ok());
        let (identity, note) = whose(context, config, shell, session);
        Self {
            shell,
            session,
            identity,
            note,
            directory: Directory::here(context, config, shell.state.as_ref()),
            now: context.now(),
        }
    }

    fn to_text(&self, context: &Context) -> String {
        let mut rows: Vec<(&str, String)> = Vec::new();
        let out = self.shell.state.as_ref().filter(|state| state.status == Status::SignedOut);
        rows.push(match (self.shell.session, out) {
            (Some(name), _) => ("session", format!("{name}  (from {})", self.shell.source())),
            (None, Some(out)) => ("session", format!("none  ({} is signed out; run: leapp login)", out.place.session)),
            (None, None) => ("session", "none".into()),
        });
        if let Some(identity) = &self.identity {
            rows.push(("account", identity.account.clone()));
            rows.extend(identity.role.clone().map(|role| ("role", role)));
            rows.push(("identity", identity.arn.clone()));
        } else if self.shell.session.is_some() {
            rows.push(("account", "unknown".into()));
        }
        rows.extend(self.note.clone().map(|note| ("keys", note)));
        if let Some(profile) = self.rival() {
            rows.push(("rival", format!("AWS_PROFILE is `{profile}`, which some SDKs prefer to the keys")));
        }
        if !self.shell.regions.is_empty() {
            let disagree = if self.shell.regions.len() > 1 { "  (AWS_REGION and AWS_DEFAULT_REGION)" } else { "" };
            rows.push(("region", format!("{}{disagree}", self.shell.regions.join(", "))));
        }
        if let Some(end) = self.shell.expiration {
            let left = (end - self.now).try_into().map_or("it is over".into(), |left| format!("{} left", span(left)));
            rows.push(("expires", format!("{}  ({left})", end.format(&Rfc3339).unwrap_or_default())));
        }
        if let Some(directory) = &self.directory {
            let asks = directory.session.as_ref().map_or(String::new(), |session| format!(" asks for {session}"));
            let path = context.paths().short(directory.path.as_ref());
            rows.push(("directory", format!("{path}{asks}: {}", directory.standing)));
            if directory.is_ignored {
                let why = "not here yet: it comes at the next prompt; where it failed, run: leapp login; \
                           where it does not run in this shell, run: leapp hook --help";
                rows.push(("hook", why.to_owned()));
            }
        }
        rows.iter().fold(String::new(), |text, (name, value)| text + &format!("{name:<10} {}\n", escaped_lines(value)))
    }

    /// A named profile beside keys or an endpoint.
    fn rival(&self) -> Option<&str> {
        self.shell.profile.filter(|_| self.shell.access_key_id.is_some() || self.shell.is_served)
    }

    fn to_json(&self) -> Result<String> {
        let end = self.shell.expiration;
        let identity = self.identity.as_ref();
        let value = json!({
            "session": self.shell.session,
            "source": self.shell.source(),
            "kind": self.session.map(Session::kind),
            "account": identity.map(|identity| &identity.account),
            "role": identity.and_then(|identity| identity.role.as_ref()),
            "role_arn": identity.and_then(|identity| identity.role_arn.as_ref()),
            "identity": identity.map(|identity| &identity.arn),
            "keys": self.note,
            "rival_profile": self.rival(),
            "region": self.shell.regions.first(),
            "expiration": end.and_then(|end| end.format(&Rfc3339).ok()),
            "seconds_left": end.map(|end| (end - self.now).whole_seconds().max(0)),
            "directory": self.directory.as_ref().map(|directory| json!({
                "path": directory.path, "session": directory.session, "standing": directory.standing,
                "is_ignored": directory.is_ignored,
            })),
        });
        serde_json::to_string_pretty(&value)
            .map(|text| text + "\n")
            .map_err(|error| Error::new("cannot print the status").because(error))
    }
}

/// Who the keys in the shell are, and what there is to say where they are not plainly those of its session.
fn whose<'c>(
    context: &Context,
    config: &'c Config,
    shell: &Shell<'_>,
    session: Option<&'c Session>,
) -> (Option<Identity>, Option<String>) {
    if shell.access_key_id.is_none() {
        let served = "programs fetch them from an endpoint, and only that can tell whose they are";
        return (None, shell.is_served.then(|| served.to_owned()));
    }
    let are_these = |kept: &Credentials| {
        context.environment().raw(ACCESS_KEY_ID) == Some(&kept.access_key_id)
            && context.environment().raw(SECRET_ACCESS_KEY) == Some(kept.secret_access_key.expose())
    };
    let kept = match Broker::new(context, config, Options::default()).kept_as(session, are_these) {
        Ok(Some(kept)) => kept,
        Ok(None) => return (None, Some(unknown(shell))),
        Err(error) => return (None, Some(format!("it cannot be told whose they are: {}", error.sentence()))),
    };
    let (alias, credentials) = kept;
    let identity = Identity::of(&credentials.arn, config.session(&alias).ok());
    let is_other_role =
        identity.as_ref().is_some_and(|identity| identity.role_arn.is_none() && identity.role.is_some());
    let note = match shell.session {
        Some(name) if name != alias => Some(format!("they are those of `{alias}`, not of `{name}`")),
        None => Some(format!("{ACCESS_KEY_ID} is set, to a key of `{alias}`")),
        Some(name) if session.is_none() => Some(format!("the config has no `{name}` any more")),
        Some(name) if is_other_role && session.and_then(Session::role_arn).is_some() => {
            Some(format!("`{name}` has changed in the config since; for its present role, run: leapp exec {name}"))
        }
        Some(_) => None,
    };
    (identity, note)
}

fn unknown(shell: &Shell<'_>) -> String {
    match shell.session {
        Some(name) => format!(
            "{ACCESS_KEY_ID} is none that leapp keeps: `{name}` was renewed or changed since, or it is another's"
        ),
        None => format!("{ACCESS_KEY_ID} is set, not from leapp"),
    }
}

/// The nearest `.leapp` file.
struct Directory {
    path: String,
    session: Option<String>,
    standing: String,
    /// Whether it may switch the shell, and no hook has looked at it.
    is_ignored: bool,
}

impl Directory {
    fn here(context: &Context, config: &Config, state: Option<&State>) -> Option<Self> {
        let path = directory::nearest(&directory::current(context)?)?;
        let shown = path.display().to_string();
        let file = match directory::read(&path) {
            Ok(file) => file,
            Err(why) => {
                let standing = format!("not used, {why}");
                return Some(Self { path: shown, session: None, standing, is_ignored: false });
            }
        };
        let is_seen = state.is_some_and(|state| state.status == Status::Pinned || state.place.scope == file.path);
        let (standing, is_ignored) = match Standing::of(context, config, &file) {
            Standing::Trusted(_) => ("allowed", !is_seen),
            Standing::Unknown => ("not allowed yet; run: leapp allow", false),
            Standing::Barred => ("no directory may switch to it", false),
            Standing::Denied => ("denied", false),
            Standing::NoSession => ("there is no such session", false),
        };
        Some(Self { path: shown, session: Some(file.session.to_string()), standing: standing.to_owned(), is_ignored })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_somebody_is_stands_in_the_credentials_and_the_path_in_the_config() {
        let config = |role: &str| {
            let text = format!(
                "[sessions.b]\nkind = \"profile\"\nsource_profile = \"x\"\n[sessions.a]\nkind = \"chained\"\nassumer = \"b\"\nrole_arn = \"{role}\"\n"
            );
            Config::parse("config.toml", &text).expect("valid")
        };
        let of = |role: &str| {
            let config = config(role);
            let arn = "arn:aws:sts::444455556666:assumed-role/Deploy/alice";
            let identity = Identity::of(arn, config.session("a").ok()).expect("an identity");
            (identity.account, identity.role.expect("a role"), identity.role_arn)
        };
        let same = "arn:aws:iam::444455556666:role/team/Deploy";
        assert_eq!(of(same), ("444455556666".into(), "team/Deploy".into(), Some(same.into())));
        for other in ["arn:aws:iam::444455556666:role/Audit", "arn:aws:iam::111122223333:role/Deploy"] {
            assert_eq!(of(other), ("444455556666".into(), "Deploy".into(), None), "{other}");
        }
        let user = Identity::of("arn:aws:iam::111122223333:user/alice", None).expect("an identity");
        assert_eq!((user.account.as_str(), user.role), ("111122223333", None));
        assert_eq!(Identity::of("", None), None);
    }
}
