//! `leapp profile`: named profiles, for programs that ask AWS SDKs for one.

use crate::{
    broker::{Broker, Options},
    chain::Chain,
    cli::{ProfileCommand, Sync, WriteProfile},
    config::{Config, change::quoted},
    config_file,
    context::Context,
    environment::rfc3339,
    error::{Error, Result},
    generation,
    named_profiles::{Kind, Profile, Restored, command_line},
    process,
    profile_credentials::Winning,
    profile_file::ProfileFile,
    session::{ProfileName, Session, Source},
    static_profiles,
};

/// Does what is asked with named profiles.
pub(super) fn run(context: &Context, command: &ProfileCommand) -> Result<()> {
    match command {
        ProfileCommand::Sync(arguments) if arguments.remove => remove(context, arguments),
        ProfileCommand::Sync(arguments) => sync(context, arguments),
        ProfileCommand::Write(arguments) => write(context, arguments),
    }
}

fn sync(context: &Context, arguments: &Sync) -> Result<()> {
    let config = config_file::load(context)?;
    let profiles = profiles(context, &config)?;
    let names: Vec<&String> = profiles.iter().map(|profile| &profile.name).collect();
    let rivals = Rivals::beside(context, &names)?;
    if !arguments.force && !rivals.found.is_empty() {
        return Err(rivals.refusal(&config));
    }
    let file = ProfileFile::here(context, Kind::Config);
    let changed =
        file.change(context, arguments.dry_run, |restored| restored.with_block(&profiles, arguments.force))?;
    if arguments.dry_run {
        context.print(&changed.diff)?;
    } else if profiles.is_empty() {
        context.say(format!("no session of {} has a named profile; add a line to one: profile = \"…\"", config.name));
    } else if changed.any {
        context.say(format!("wrote {} to {}", quoted(&names), file.name));
    } else {
        context.say(format!("{} has {} already", file.name, quoted(&names)));
    }
    for (name, Winning { key, line }) in &rivals.found {
        context.say(format!(
            "`{name}` has credentials of its own at {}:{line} ({key}), and AWS SDKs go by those; remove them there",
            rivals.file.name
        ));
    }
    Ok(())
}

fn remove(context: &Context, arguments: &Sync) -> Result<()> {
    let file = ProfileFile::here(context, Kind::Config);
    let changed = file.change(context, arguments.dry_run, |restored| Ok(restored.without_block()))?;
    if arguments.dry_run {
        return context.print(&changed.diff);
    }
    let (name, had_block) = (&file.name, changed.had_block);
    context.say(if had_block {
        format!("took leapp's named profiles out of {name}")
    } else {
        format!("{name} has none of leapp's")
    });
    Ok(())
}

/// The profiles of all sessions that have one, by their names.
fn profiles(context: &Context, config: &Config) -> Result<Vec<Profile>> {
    let cannot = || Error::new("cannot write named profiles");
    ask_no_circle(config)?;
    let path = process::own_path(context.environment().get_os("PATH"))
        .map_err(|error| cannot().because(format!("the system does not say where leapp is: {error}")))?;
    let program = path
        .to_str()
        .filter(|path| !path.chars().any(char::is_control))
        .ok_or_else(|| cannot().because(format!("no config file can hold the path {}", path.display())))?;
    let broker = Broker::new(context, config, Options::default());
    let profile = |session: &Session| {
        let name = session.profile.as_ref()?.to_string();
        let region = broker.region(session).map(|region| format!("region = {region}"));
        let command = command_line(&[program, "credential-process", session.alias.as_str()]);
        let lines = region.into_iter().chain([format!("credential_process = {command}")]).collect();
        Some(Profile { name, lines })
    };
    let mut profiles: Vec<Profile> = config.sessions.values().filter_map(profile).collect();
    profiles.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(profiles)
}

/// A named profile must not be had, through whatever sessions, from itself: its process would start itself for ever.
fn ask_no_circle(config: &Config) -> Result<()> {
    let source = |session: &Session| {
        let chain = Chain::to(session, |alias| config.sessions.get(alias)).ok()?;
        match &chain.base.source {
            Source::Profile(profile) => Some(profile.source_profile.clone()),
            Source::Federated(_) | Source::Chained(_) => None,
        }
    };
    let named = |name: &ProfileName| config.sessions.values().find(|session| session.profile.as_ref() == Some(name));
    for session in config.sessions.values().filter(|session| session.profile.is_some()) {
        let mut current = Some(session);
        for _ in 0..=config.sessions.len() {
            current = current.and_then(source).as_ref().and_then(named);
        }
        if current.is_some() {
            let (alias, profile) = (&session.alias, session.profile.as_ref().map_or("", ProfileName::as_str));
            return Err(Error::usage(format!("cannot make `{alias}` the named profile `{profile}`"))
                .because("its credentials come from a profile that would ask for itself")
                .hint(format!("give `{alias}` another named profile, or none")));
        }
    }
    Ok(())
}

/// Credentials under a profile's name in `~/.aws/credentials`, which win over its credential process in every SDK: the
/// profile would be somebody else.
struct Rivals {
    file: ProfileFile,
    /// The profiles that have some, and what brings them.
    found: Vec<(String, Winning)>,
    /// Those that `leapp profile write` wrote.
    own: Vec<String>,
}

impl Rivals {
    fn beside(context: &Context, names: &[&String]) -> Result<Self> {
        let file = ProfileFile::here(context, Kind::Credentials);
        let mut bytes = file.read()?.unwrap_or_default();
        if file.path == ProfileFile::here(context, Kind::Config).path {
            // One file for both: leapp's named profiles in it are no rivals of themselves.
            let restored = Restored::from(Some(&bytes), Kind::Config).ok();
            bytes = restored.and_then(|restored| restored.without_block()).unwrap_or_default();
        }
        let text = String::from_utf8_lossy(&bytes);
        let rival = |name: &&String| Some(((*name).clone(), Winning::under(name, Kind::Credentials, &text)?));
        let found = names.iter().filter_map(rival).collect();
        let block = Restored::from(Some(&bytes), Kind::Credentials).map(|restored| restored.profiles);
        let own = block.unwrap_or_default().into_iter().map(|profile| profile.name).collect();
        Ok(Self { file, found, own })
    }

    /// What is said where nothing is written.
    fn refusal(&self, config: &Config) -> Error {
        let file = &self.file.name;
        let place = |(name, Winning { key, line }): &(String, Winning)| format!("`{name}` ({key}, line {line})");
        let places: Vec<String> = self.found.iter().map(place).collect();
        let (have, their) = if places.len() == 1 { ("has", "its") } else { ("have", "their") };
        let error = Error::usage("cannot write named profiles").because(format!(
            "{} {have} credentials of {their} own in {file}, and AWS SDKs go by those",
            places.join(" and ")
        ));
        let session_of = |name: &str| {
            let is_it = |session: &&Session| session.profile.as_ref().is_some_and(|profile| profile.as_str() == name);
            config.sessions.values().find(is_it).map(|session| &session.alias)
        };
        let error = self.found.iter().fold(error, |error, (name, rival)| match session_of(name) {
            Some(alias) if self.own.contains(name) => {
                error.hint(format!("leapp wrote those of `{name}`; to take them out, run: leapp logout {alias}"))
            }
            Some(alias) => error.hint(format!(
                "take them out of [{name}] at {file}:{}, or take another name: leapp session edit {alias} --profile NAME",
                rival.line
            )),
            None => error,
        });
        error.hint("to write them all the same, run: leapp profile sync --force")
    }
}

fn write(context: &Context, arguments: &WriteProfile) -> Result<()> {
    let name = &arguments.name;
    if !arguments.plain {
        return Err(Error::usage(format!("cannot write `{name}`"))
            .because("keys in plain text can be read by every program of yours, and are written only with --static")
            .hint("without any keys in files, run: leapp profile sync")
            .hint(format!("in plain text, run: leapp profile write {} --static", shell_words::quote(name))));
    }
    let config = config_file::load(context)?;
    let of_profile = |session: &&Session| session.profile.as_ref().is_some_and(|profile| profile.as_str() == name);
    let session = config.sessions.values().find(of_profile).map_or_else(|| config.session(name), Ok)?;
    let profile = session.profile.as_ref().map_or(session.alias.as_str(), |profile| profile.as_str());
    let broker = Broker::new(context, &config, Options::default());
    let signed_out = generation::signed_out(context);
    let credentials = broker.credentials(session)?;
    let is_granted = || broker.ask_still_signed_in(session, signed_out.as_deref());
    let file = static_profiles::write(context, profile, &session.alias, &credentials, arguments.force, is_granted)?;
    let end =
        credentials.expiration.and_then(rfc3339).map_or_else(String::new, |end| format!(", and good until {end}"));
    context.say(format!("the keys of `{profile}` are in plain text in {}{end}", file.name));
    context.say(format!("to take them out, run: leapp logout {}", session.alias));
    Ok(())
}
