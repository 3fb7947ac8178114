//! `leapp session edit`: other settings for a session, from flags or answers.

use super::{flags::Settings, named};
use crate::{
    cli::Edit,
    config::{
        Config, Field, Setting,
        change::{Change, chained_from},
    },
    config_file,
    context::Context,
    error::{Error, Kind, Result},
    near, owned_by_session,
    session::{Alias, Session},
    ui::{
        form::{Answer, Form},
        picker,
    },
};

/// Settings by field; none: to be removed.
type Changes = Vec<(&'static Field, Option<Setting>)>;

/// Changes a session, and says what is different.
pub(super) fn run(context: &Context, arguments: &Edit) -> Result<()> {
    let mut settings = changes(arguments.settings()?, &arguments.unset)?;
    named(&arguments.name)?;
    let config = config_file::load(context)?;
    let session = config.session(&arguments.name)?;
    settings.iter().try_for_each(|(field, setting)| fits(session, field, setting.as_ref()))?;
    if settings.is_empty() {
        settings = ask(context, &config, session)?;
    }
    let alias = session.alias.clone();
    let changed = config_file::change(context, &Change::Set { alias: alias.clone(), settings })?;
    match (changed.before.sessions.get(&alias), changed.after.sessions.get(&alias)) {
        (Some(before), Some(after)) if before != after => {
            say_difference(context, before, after);
            if before.stands_for() != after.stands_for() {
                return owned_by_session::given_away(context, &alias);
            }
        }
        _ => context.say(format!("`{alias}` is as it was")),
    }
    Ok(())
}

/// What the flags ask for.
fn changes(settings: Settings, unset: &[String]) -> Result<Changes> {
    let mut changes: Changes = settings.into_iter().map(|(field, setting)| (field, Some(setting))).collect();
    for name in unset {
        let key = name.trim_start_matches('-').replace('-', "_");
        let cannot = |why: String| Error::usage(format!("cannot take --unset {name}")).because(why);
        let Some(field) = Field::named(&key) else {
            let error = cannot("there is no such setting".into());
            let names = crate::config::FIELDS.iter().filter(|field| !field.is_required).map(|field| field.key);
            return Err(match near::nearest(&key, names).first() {
                Some(meant) => error.hint(format!("did you mean `{}`?", meant.replace('_', "-"))),
                None => error.hint("run: leapp session edit --help"),
            });
        };
        if field.is_required {
            return Err(cannot(format!("a {} session needs it", field.kinds.join(" or ")))
                .hint(format!("give another in its place: {}", field.flag())));
        }
        if changes.iter().any(|(set, setting)| set.key == field.key && setting.is_some()) {
            return Err(cannot(format!("{} is given too", field.flag())));
        }
        changes.push((field, None));
    }
    Ok(changes)
}

/// Whether a session of this kind has such a field.
fn fits(session: &Session, field: &Field, setting: Option<&Setting>) -> Result<()> {
    if field.kinds.contains(&session.kind()) {
        return Ok(());
    }
    let flag = if setting.is_some() { field.flag() } else { format!("--unset {}", field.key.replace('_', "-")) };
    let why =
        format!("it belongs to {} sessions, and `{}` is {}", field.kinds.join(" and "), session.alias, session.kind());
    Err(Error::usage(format!("cannot take {flag}")).because(why))
}

/// Asks for each field, until the whole is valid.
fn ask(context: &Context, config: &Config, session: &Session) -> Result<Changes> {
    let alias = &session.alias;
    let form = Form::open(context).ok_or_else(|| {
        Error::usage(format!("cannot change `{alias}`"))
            .because("no setting is named, and there is no terminal to ask on")
            .hint("run: leapp session edit --help")
    })?;
    form.say("Enter keeps a setting, - removes it.")?;
    let mut present: Changes = Field::of_kind(session.kind()).map(|field| (field, field.get(session))).collect();
    loop {
        for (field, setting) in &mut present {
            *setting = ask_field(&form, config, session, field, setting.take())?;
        }
        let is_new = |(field, setting): &&(&'static Field, Option<Setting>)| field.get(session) != *setting;
        let settings: Changes = present.iter().filter(is_new).cloned().collect();
        match config_file::try_out(context, &Change::Set { alias: alias.clone(), settings: settings.clone() }) {
            Ok(()) => return Ok(settings),
            Err(error) if error.which() == Kind::Usage => form.say(&format!("  {}", error.sentence()))?,
            Err(error) => return Err(error),
        }
    }
}

fn ask_field(
    form: &Form,
    config: &Config,
    session: &Session,
    field: &'static Field,
    present: Option<Setting>,
) -> Result<Option<Setting>> {
    let line = present.as_ref().map(Setting::to_line);
    if field.key == "assumer" {
        let behind: Vec<&Alias> = chained_from(config, &session.alias).into_iter().map(|other| &other.alias).collect();
        let can_be = |alias: &&Alias| **alias != session.alias && !behind.contains(alias);
        let names: Vec<&str> = config.sessions.keys().filter(can_be).map(Alias::as_str).collect();
        let first = names.iter().position(|name| Some(*name) == line.as_deref()).unwrap_or_default();
        return Ok(Some(Setting::Text(names[picker::pick(field.label, &names, first)?].to_owned())));
    }
    if field.is_required {
        return form.ask(field.label, line.as_deref(), |line| field.read_line(line)).map(Some);
    }
    let line = line.unwrap_or_else(|| "none".into());
    Ok(match form.ask_optional(field.label, &line, |line| field.read_line(line))? {
        Answer::Keep => present,
        Answer::Clear => None,
        Answer::New(setting) => Some(setting),
    })
}

fn say_difference(context: &Context, before: &Session, after: &Session) {
    for field in Field::of_kind(after.kind()) {
        let [old, new] = [before, after].map(|session| field.get(session).map(|setting| setting.to_line()));
        let said = match (old, new) {
            (old, new) if old == new => continue,
            (Some(old), Some(new)) => format!("{new} (was {old})"),
            (None, Some(new)) => format!("{new} (was not set)"),
            (Some(old), None) => format!("not set (was {old})"),
            (None, None) => continue,
        };
        context.say(format!("`{}`: {}: {said}", after.alias, field.key));
    }
}
