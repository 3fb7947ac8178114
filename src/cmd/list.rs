//! `leapp list`: the sessions at a glance.

use serde_json::{Value, json};

use crate::{
    aws_files::OnDemand,
    cli::List,
    config::Config,
    config_file,
    context::Context,
    error::{Error, Result, escaped},
    provider,
    session::{Region, RoleArn, Session, Source},
};

/// Prints a table, or JSON.
pub(super) fn run(context: &Context, arguments: &List) -> Result<()> {
    let config = config_file::load(context)?;
    if arguments.json {
        let files = OnDemand::new(context);
        let sessions: Vec<Value> = config.sessions.values().map(|session| as_json(&config, session, &files)).collect();
        let text = serde_json::to_string_pretty(&sessions).map_err(|error| Error::new("cannot list").because(error))?;
        return context.print(&format!("{text}\n"));
    }
    if config.sessions.is_empty() {
        context.say(format!("{} has no session yet", config.name));
        context.say("run: leapp session add federated");
        return Ok(());
    }
    context.print(&table(context, &config))
}

fn as_json(config: &Config, session: &Session, files: &OnDemand<'_>) -> Value {
    let role = session.role_arn();
    json!({
        "session": session.alias.as_str(),
        "kind": session.kind(),
        "account": role.map(RoleArn::account),
        "role_arn": role.map(RoleArn::as_str),
        "region": provider::region(config, session, files).as_ref().map(Region::as_str),
        "profile": session.profile.as_ref().map(ToString::to_string),
        "assumer": session.assumer().map(ToString::to_string),
        "source_profile": match &session.source {
            Source::Profile(source) => Some(source.source_profile.as_str()),
            Source::Federated(_) | Source::Chained(_) => None,
        },
        "protected": session.protected,
    })
}

const HEADINGS: [&str; 6] = ["SESSION", "KIND", "ACCOUNT", "ROLE", "REGION", "FROM"];

fn table(context: &Context, config: &Config) -> String {
    let files = OnDemand::new(context);
    let rows: Vec<[String; 6]> = config.sessions.values().map(|session| row(config, session, &files)).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).chain([HEADINGS[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let heading = line(&HEADINGS.map(str::to_owned));
    let heading = if context.is_coloured() { format!("\u{1b}[2m{}\u{1b}[0m\n", heading.trim_end()) } else { heading };
    rows.iter().fold(heading, |text, row| text + &line(row))
}

fn row(config: &Config, session: &Session, files: &OnDemand<'_>) -> [String; 6] {
    let role = session.role_arn();
    let none = || "-".to_owned();
    let mark = if session.protected { " (protected)" } else { "" };
    [
        format!("{}{mark}", session.alias),
        session.kind().to_owned(),
        role.map_or_else(none, |role| role.account().to_owned()),
        role.map_or_else(none, |role| escaped(role.name_with_path())),
        provider::region(config, session, files).map_or_else(none, |region| region.to_string()),
        match &session.source {
            Source::Federated(federated) => escaped(federated.saml_url.host()),
            Source::Chained(chained) => chained.assumer.to_string(),
            Source::Profile(source) => format!("profile {}", escaped(source.source_profile.as_str())),
        },
    ]
}
