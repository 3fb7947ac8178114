//! `leapp session add`: a new session, from flags and answers.

use super::{alias, flags::Settings};
use crate::{
    aws_files::AwsFiles,
    cli::AddKind,
    config::{Config, Field, KINDS, Setting, change::Change},
    config_file,
    context::Context,
    error::{Error, Kind, Result},
    provider::profile,
    session::{Alias, Region, RoleArn, Source},
    ui::{
        form::{Answer, Form},
        picker,
    },
};

/// What is known of a session to be.
struct Draft {
    alias: Option<Alias>,
    kind: &'static str,
    settings: Settings,
    /// The files of `~/.aws`, where a profile is to be named.
    aws_files: Option<AwsFiles>,
}

/// Adds a session; what is missing is asked for.
pub(super) fn run(context: &Context, kind: Option<&AddKind>) -> Result<()> {
    let mut draft = match kind {
        Some(AddKind::Federated(arguments)) => {
            Draft::of("federated", arguments.name.as_deref(), arguments.settings()?)?
        }
        Some(AddKind::Chained(arguments)) => Draft::of("chained", arguments.name.as_deref(), arguments.settings()?)?,
        Some(AddKind::Profile(arguments)) => Draft::of("profile", arguments.name.as_deref(), arguments.settings()?)?,
        None => Draft::of(ask_kind(context)?, None, Vec::new())?,
    };
    let config = config_file::load(context)?;
    if draft.kind == "profile" {
        // Files that cannot be read are told of when the session is used.
        draft.aws_files = AwsFiles::read(context).ok();
    }
    if let Some(change) = draft.change() {
        change.check(&config)?;
    }
    if draft.kind == "chained" && config.sessions.is_empty() {
        return Err(Error::usage("cannot add a chained session")
            .because(format!("{} has no session that it could start from", config.name))
            .hint("run: leapp session add federated"));
    }
    let change = match draft.change().filter(|_| draft.missing().is_empty()) {
        Some(change) => change,
        None => ask(context, &config, &mut draft)?,
    };
    config_file::change(context, &change)?;
    if let Some(alias) = &draft.alias {
        context.say(format!("added `{alias}` to {}", config.name));
        draft.say_what_next(context, alias);
    }
    Ok(())
}

fn ask_kind(context: &Context) -> Result<&'static str> {
    Form::open(context).ok_or_else(|| {
        let error = Error::usage("no kind of session is named").because("there is no terminal to ask on");
        KINDS.iter().fold(error, |error, kind| error.hint(format!("run: leapp session add {kind} --help")))
    })?;
    Ok(KINDS[picker::pick("kind", KINDS, 0)?])
}

/// Asks for what is missing, until the whole is valid.
fn ask(context: &Context, config: &Config, draft: &mut Draft) -> Result<Change> {
    let form = Form::open(context).ok_or_else(|| draft.incomplete())?;
    let mut wanted = draft.missing();
    let asks_region = draft.get("region").is_none();
    loop {
        if draft.alias.is_none() {
            draft.alias = Some(form.ask("alias", None, |text| free_alias(config, text))?);
        }
        for field in &wanted {
            draft.ask(&form, config, field)?;
        }
        if asks_region {
            draft.ask_region(&form, config)?;
        }
        let Some(change) = draft.change() else { return Err(draft.incomplete()) };
        match config_file::try_out(context, &change) {
            Ok(()) => return Ok(change),
            Err(error) if error.which() == Kind::Usage => {
                form.say(&format!("  {}", error.sentence()))?;
                error.hints().iter().try_for_each(|hint| form.say(&format!("  {hint}")))?;
            }
            Err(error) => return Err(error),
        }
        // Any of the answers, or of the flags, may be the one to correct.
        wanted = draft.required();
    }
}

fn free_alias(config: &Config, text: &str) -> Result<Alias, String> {
    let alias = Alias::parse(text)?;
    if config.sessions.contains_key(&alias) {
        return Err(format!("there is a session `{alias}` already"));
    }
    Ok(alias)
}

impl Draft {
    fn of(kind: &'static str, name: Option<&str>, settings: Settings) -> Result<Self> {
        Ok(Self { alias: name.map(alias).transpose()?, kind, settings, aws_files: None })
    }

    fn change(&self) -> Option<Change> {
        let alias = self.alias.clone()?;
        Some(Change::Add { alias, kind: self.kind, settings: self.settings.clone() })
    }

    fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|(field, _)| field.key == key).map(|(_, setting)| setting)
    }

    /// Sets a field, in its place among the others.
    fn set(&mut self, field: &'static Field, setting: Setting) {
        self.settings.retain(|(other, _)| other.key != field.key);
        self.settings.push((field, setting));
        let order = |key: &str| crate::config::FIELDS.iter().position(|field| field.key == key);
        self.settings.sort_by_key(|(field, _)| order(field.key));
    }

    /// What such a session needs, in the order in which it is asked for: the role before the provider, whose account
    /// is the role's.
    fn required(&self) -> Vec<&'static Field> {
        let mut fields: Vec<_> = Field::of_kind(self.kind).filter(|field| field.is_required).collect();
        fields.sort_by_key(|field| field.key == "idp_arn");
        fields
    }

    fn missing(&self) -> Vec<&'static Field> {
        self.required().into_iter().filter(|field| self.get(field.key).is_none()).collect()
    }

    fn ask(&mut self, form: &Form, config: &Config, field: &'static Field) -> Result<()> {
        let names: Vec<&str> = match field.key {
            "assumer" => config.sessions.keys().map(Alias::as_str).collect(),
            "source_profile" => self.aws_files.as_ref().map(AwsFiles::names).unwrap_or_default(),
            _ => Vec::new(),
        };
        let setting = if names.is_empty() {
            let default = self.get(field.key).map(Setting::to_line).or_else(|| self.guess(config, field));
            form.ask(field.label, default.as_deref(), |line| field.read_line(line))?
        } else {
            let present = self.get(field.key).map(Setting::to_line);
            let first = names.iter().position(|name| Some(*name) == present.as_deref()).unwrap_or_default();
            Setting::Text(names[picker::pick(field.label, &names, first)?].to_owned())
        };
        self.set(field, setting);
        Ok(())
    }

    /// What the other sessions suggest: the one sign-in page of all, the provider of the role's account.
    fn guess(&self, config: &Config, field: &Field) -> Option<String> {
        let mut federated = config.sessions.values().filter_map(|session| match &session.source {
            Source::Federated(federated) => Some(federated),
            Source::Chained(_) | Source::Profile(_) => None,
        });
        match field.key {
            "saml_url" => {
                let first = federated.next()?;
                federated.all(|other| other.saml_url == first.saml_url).then(|| first.saml_url.to_string())
            }
            "idp_arn" => {
                let role = self.role()?;
                federated
                    .find(|other| other.role_arn.account() == role.account())
                    .map(|other| other.idp_arn.to_string())
            }
            _ => None,
        }
    }

    fn role(&self) -> Option<RoleArn> {
        RoleArn::parse(&self.get("role_arn")?.to_line()).ok()
    }

    /// Asks for the region, unless the config's default will do; one of another partition never does.
    fn ask_region(&mut self, form: &Form, config: &Config) -> Result<()> {
        let Some(field) = Field::named("region") else { return Ok(()) };
        let present = self.get("region").map(Setting::to_line);
        let role = self.role();
        let foreign =
            config.default_region.as_ref().zip(role).filter(|(region, role)| region.partition() != role.partition());
        let home = foreign.map(|(_, role)| role.home_region().to_string());
        if let Some(default) = present.or(home) {
            let setting = form.ask(field.label, Some(&default), |line| field.read_line(line))?;
            self.set(field, setting);
            return Ok(());
        }
        let default = config.default_region.clone().or_else(|| self.region_of_profile());
        let default = default.map_or_else(|| "none".to_owned(), |region| region.to_string());
        if let Answer::New(setting) = form.ask_optional(field.label, &default, |line| field.read_line(line))? {
            self.set(field, setting);
        }
        Ok(())
    }

    fn region_of_profile(&self) -> Option<Region> {
        profile::region(self.aws_files.as_ref()?, &self.get("source_profile")?.to_line())
    }

    /// A profile may come later than the session that takes it; that it is not there is said at once all the same.
    fn say_what_next(&self, context: &Context, alias: &Alias) {
        if let (Some(files), Some(profile)) = (&self.aws_files, self.get("source_profile").map(Setting::to_line))
            && files.profile(&profile).is_none()
        {
            let error = files.no_profile(&profile);
            context.say(error.sentence());
            error.hints().iter().for_each(|hint| context.say(hint));
        } else if self.kind == "profile" {
            context.say(format!("to use it: leapp exec {alias} -- COMMAND"));
        } else {
            context.say(format!("to sign in, run: leapp login {alias}"));
        }
    }

    /// The error where nobody can be asked: all that is missing at once, and the command to complete.
    fn incomplete(&self) -> Error {
        let flags = self.missing().into_iter().map(Field::flag);
        let missing: Vec<String> = self.alias.is_none().then(|| "NAME".to_owned()).into_iter().chain(flags).collect();
        let name = self.alias.as_ref().map_or("NAME", Alias::as_str);
        let flags: Vec<String> = self.required().into_iter().map(|field| format!("{} …", field.flag())).collect();
        Error::usage(format!("cannot add a {} session", self.kind))
            .because(format!("there is no terminal to ask on, and missing is: {}", missing.join(", ")))
            .hint(format!("with all of it: leapp session add {} {name} {}", self.kind, flags.join(" ")))
    }
}
