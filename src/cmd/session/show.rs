//! `leapp session show`: what the config says of a session, and what follows from it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::{
    aws_files::OnDemand,
    chain::Chain,
    cli::Show,
    config::{Config, Field, Setting},
    config_file,
    context::Context,
    error::{Error, Result, escaped},
    provider,
    session::{Region, RoleArn, Session, Source},
};

/// Prints the session's settings, or JSON.
pub(super) fn run(context: &Context, arguments: &Show) -> Result<()> {
    let config = config_file::load(context)?;
    let session = config.session(&arguments.name)?;
    let line = config_file::line_of(context, &config, &session.alias);
    if arguments.json {
        let json = as_json(context, &config, session, line);
        let text = serde_json::to_string_pretty(&json)
            .map_err(|error| Error::new(format!("cannot show `{}`", session.alias)).because(error))?;
        return context.print(&format!("{text}\n"));
    }
    context.print(&as_text(context, &config, session, line))
}

fn chain<'a>(config: &'a Config, session: &'a Session) -> Option<Chain<'a>> {
    Chain::to(session, |alias| config.sessions.get(alias)).ok()
}

/// Every field of its kind by its key, null where it is not set, and what follows.
fn as_json(context: &Context, config: &Config, session: &Session, line: Option<usize>) -> Value {
    let mut json = Map::new();
    let mut put = |key: &str, value: Value| json.insert(key.to_owned(), value);
    put("session", session.alias.as_str().into());
    put("kind", session.kind().into());
    for field in Field::of_kind(session.kind()) {
        put(field.key, field.get(session).map_or(Value::Null, |setting| setting.to_json()));
    }
    let chain = chain(config, session);
    let names = chain.iter().flat_map(Chain::sessions).map(|link| Value::from(link.alias.as_str()));
    put("chain", names.collect());
    put("account", session.role_arn().map(RoleArn::account).into());
    put("partition", session.role_arn().map(RoleArn::partition).into());
    put(
        "effective_region",
        provider::region(config, session, &OnDemand::new(context)).as_ref().map(Region::as_str).into(),
    );
    put("file", config.name.as_str().into());
    put("line", line.map_or(Value::Null, Into::into));
    Value::Object(json)
}

fn as_text(context: &Context, config: &Config, session: &Session, line: Option<usize>) -> String {
    let mut rows = vec![("kind", session.kind().to_owned())];
    let set = Field::of_kind(session.kind()).filter_map(|field| Some((field.key, field.get(session)?)));
    rows.extend(set.map(|(key, setting): (_, Setting)| (key, setting.to_line())));
    let settings = rows.len();
    if let Some(chain) = chain(config, session).filter(|chain| !chain.hops.is_empty()) {
        rows.push(("chain", chain.shown()));
    }
    rows.extend(session.role_arn().map(|role| ("account", role.account().to_owned())));
    if session.region.is_none() {
        let region = match (&config.default_region, provider::region(config, session, &OnDemand::new(context))) {
            (Some(region), _) => format!("{region} (default_region)"),
            (None, Some(region)) => format!("{region} (the profile's)"),
            (None, None) => "none, and no default_region".into(),
        };
        rows.push(("region", region));
    }
    if let Source::Chained(chained) = &session.source {
        rows.push(("in CloudTrail", chained.role_session_name.expand(&context.user(), &context.host())));
    }
    rows.push(("file", line.map_or(config.name.clone(), |line| format!("{}:{line}", config.name))));
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    let mut text = format!("{}\n", session.alias);
    for (place, (key, value)) in rows.iter().enumerate() {
        if place == settings {
            text.push('\n');
        }
        let _ = writeln!(text, "  {key:<width$}  {}", escaped(value));
    }
    text
}
