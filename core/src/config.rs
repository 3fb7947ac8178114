//! The person's config: read whole, checked whole, before anything else happens.

pub mod change;
mod check;
mod edit;
mod field;
mod outline;
mod read_session;
mod reader;
mod setting;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

pub use field::{FIELDS, Field, KINDS};
use reader::{Source, Table};
pub use setting::Setting;
use toml::de::DeTable;

use crate::{
    error::{Error, Result},
    near,
    session::{Alias, Invalid, Region, Session, parse_span},
};

/// The config as a whole; every session in it is valid, and every assumer is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file as errors name it.
    pub name: String,
    /// Whether there is a file.
    pub exists: bool,
    /// The region of sessions that name none.
    pub default_region: Option<Region>,
    /// How long all STS calls of one run may take together.
    pub timeout: Duration,
    /// The browser and the bounds of a sign-in.
    pub browser: BrowserSettings,
    /// Where the vault's key rests.
    pub vault: VaultSettings,
    /// What the shell hook does.
    pub hook: HookSettings,
    /// Folders below which `.leapp` files need no `leapp allow`; absolute.
    pub trusted_roots: Vec<PathBuf>,
    /// The sessions, by alias.
    pub sessions: BTreeMap<Alias, Session>,
}

/// Which browser signs in, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowserSettings {
    /// A path or a name on `PATH`; none: the first of those that are known.
    pub program: Option<String>,
    /// More arguments for it.
    pub args: Vec<String>,
    /// Whether a window is opened.
    pub headless: HeadlessMode,
    /// How long a person may take to sign in.
    pub sign_in_timeout: Duration,
}

/// Whether a browser window is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadlessMode {
    /// Silently where a sign-in is remembered; a window where the person is needed.
    Auto,
    /// Never a window.
    Always,
    /// Always a window.
    Never,
}

/// What the shell hook does.
#[derive(Clone, Debug, PartialEq)]
pub struct HookSettings {
    /// Whether it says nothing.
    pub quiet: bool,
    /// Whether it renews a chained session whose assumer is signed in.
    pub renew: bool,
}

/// Where the vault's key rests, and for how long it stays at hand.
#[derive(Clone, Debug, PartialEq)]
pub struct VaultSettings {
    /// Where the key rests.
    pub key: KeySource,
    /// How long the kernel holds the unlocked key; zero: not at all.
    pub unlock_ttl: Duration,
}

/// Where the vault's master key rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The OS keyring where there is one when the vault is made, else a passphrase.
    Auto,
    /// The OS keyring.
    Keyring,
    /// A passphrase of the person's.
    Passphrase,
}

impl Config {
    /// Reads a config's text; `name` is the file in errors.
    ///
    /// # Errors
    /// Where anything in it is not valid.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let source = Source { name, text };
        let document = DeTable::parse(text).map_err(|error| no_toml(&source, &error))?;
        let table = Table::new(&source, String::new(), document.get_ref(), document.span());
        let mut config = Self {
            name: name.to_owned(),
            exists: true,
            default_region: table.parsed("default_region", Region::parse)?,
            timeout: table.span("timeout", timeout)?.unwrap_or(Duration::from_secs(20)),
            browser: BrowserSettings::read(&table)?,
            vault: VaultSettings::read(&table)?,
            hook: HookSettings::read(&table)?,
            trusted_roots: table.list("trusted_roots", trusted_root)?,
            sessions: BTreeMap::new(),
        };
        if let Some(sessions) = table.table("sessions")? {
            let read = read_session::all(&sessions)?;
            check::all(&read, config.default_region.as_ref())?;
            config.sessions = read.into_iter().map(|entry| (entry.session.alias.clone(), entry.session)).collect();
        }
        table.check_keys(|key| {
            read_session::is_key(key).then(|| "belongs to a session: put it under [sessions.NAME]".to_owned())
        })?;
        Ok(config)
    }

    /// The session of that name.
    ///
    /// # Errors
    /// Where there is none: with the names that are near.
    pub fn session(&self, name: &str) -> Result<&Session> {
        let found = Alias::parse(name).ok().and_then(|alias| self.sessions.get(&alias));
        found.ok_or_else(|| self.no_session(name))
    }

    fn no_session(&self, name: &str) -> Error {
        let error = Error::usage(format!("there is no session `{name}`"));
        if self.sessions.is_empty() {
            return error.because(format!("{} has none", self.name)).hint("run: leapp session add federated");
        }
        let near = near::nearest(name, self.sessions.keys().map(Alias::as_str));
        if near.is_empty() {
            return error.hint("run: leapp list");
        }
        let names: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
        error.hint(format!("did you mean {}?", names.join(" or ")))
    }

    /// Returns the line at which a session starts in the text that this was read from.
    pub fn line_of(text: &str, alias: &Alias) -> Option<usize> {
        edit::line_of(text, alias.as_str())
    }

    /// How long another process may be busy with what this one wants too: a sign-in, and all calls of STS.
    pub fn longest_wait(&self) -> Duration {
        self.browser.sign_in_timeout + self.timeout + Duration::from_secs(30)
    }

    /// The region to work in with a session, where the config names one.
    pub fn region<'a>(&'a self, session: &'a Session) -> Option<&'a Region> {
        session.region.as_ref().or(self.default_region.as_ref())
    }
}

/// A text that is no TOML.
fn no_toml(source: &Source<'_>, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    let said = source.error(&span, "", error.message().replace('\n', ", "));
    if !error.message().starts_with("duplicate key") {
        return said;
    }
    match source.text.get(span) {
        Some(key) if !key.is_empty() => said.hint(format!("`{key}` is there already: keep one of the two")),
        _ => said.hint("keep one of the two"),
    }
}

/// A bound on a wait: 1 second to 1 hour.
fn timeout(text: &str) -> Result<Duration, Invalid> {
    let span = parse_span(text)?;
    if (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&span) {
        return Ok(span);
    }
    Err("a timeout is 1s to 1h".into())
}

/// A folder below which `.leapp` files are trusted.
fn trusted_root(text: &str) -> Result<PathBuf, Invalid> {
    let path = PathBuf::from(text);
    if path.is_absolute() || path.starts_with("~") {
        return Ok(path);
    }
    Err("a trusted root is an absolute path, or one that starts with ~/".into())
}

impl HookSettings {
    fn read(table: &Table<'_>) -> Result<Self> {
        let Some(hook) = table.table("hook")? else { return Ok(Self { quiet: false, renew: true }) };
        let settings = Self { quiet: hook.flag("quiet", false)?, renew: hook.flag("renew", true)? };
        hook.check_keys(|_| None)?;
        Ok(settings)
    }
}

impl BrowserSettings {
    fn read(table: &Table<'_>) -> Result<Self> {
        Ok(Self {
            program: table.parsed("browser", |text| Ok(text.to_owned()))?,
            args: table.list("browser_args", |text| Ok(text.to_owned()))?,
            headless: table.parsed("headless", HeadlessMode::parse)?.unwrap_or(HeadlessMode::Auto),
            sign_in_timeout: table.span("sign_in_timeout", timeout)?.unwrap_or(Duration::from_mins(5)),
        })
    }

    /// Takes what the environment says in place of the config: `LEAPP_BROWSER`, `LEAPP_BROWSER_ARGS`, `LEAPP_HEADLESS`.
    ///
    /// # Errors
    /// Where a variable cannot be read.
    pub fn override_from<'e>(&mut self, variable: impl Fn(&str) -> Option<&'e str>) -> Result<()> {
        if let Some(program) = variable("LEAPP_BROWSER") {
            self.program = Some(program.to_owned());
        }
        if let Some(words) = variable("LEAPP_BROWSER_ARGS") {
            self.args = shell_words::split(words)
                .map_err(|error| Error::usage("cannot read LEAPP_BROWSER_ARGS").because(error))?;
        }
        if let Some(mode) = variable("LEAPP_HEADLESS") {
            self.headless =
                HeadlessMode::parse(mode).map_err(|why| Error::usage("cannot read LEAPP_HEADLESS").because(why))?;
        }
        Ok(())
    }
}

impl HeadlessMode {
    fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => Err(format!("`{other}` is none of auto, always, never")),
        }
    }
}

impl VaultSettings {
    /// As long as a working day with its breaks, and as the longest role session.
    const UNLOCK_TTL: Duration = Duration::from_hours(12);

    fn read(table: &Table<'_>) -> Result<Self> {
        let mut settings = Self { key: KeySource::Auto, unlock_ttl: Self::UNLOCK_TTL };
        let Some(vault) = table.table("vault")? else { return Ok(settings) };
        settings.key = vault.parsed("key", KeySource::parse)?.unwrap_or(settings.key);
        settings.unlock_ttl = vault.span("unlock_ttl", parse_span)?.unwrap_or(settings.unlock_ttl);
        vault.check_keys(|_| None)?;
        Ok(settings)
    }
}

impl KeySource {
    fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "auto" => Ok(Self::Auto),
            "keyring" => Ok(Self::Keyring),
            "passphrase" => Ok(Self::Passphrase),
            other => Err(format!("`{other}` is none of auto, keyring, passphrase")),
        }
    }
}

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;
