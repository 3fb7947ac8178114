//! The surroundings of a run: environment, paths, clock, and where to say things.
//!
//! The only module that reads ambient state. Everything else is handed a [`Context`].

mod found_key;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) use found_key::FoundKey;
use time::OffsetDateTime;

use crate::error::{Error, Result, escaped_lines};

/// Everything that a run takes from its surroundings.
#[derive(Clone)]
pub struct Context {
    environment: Environment,
    paths: Paths,
    clock: fn() -> OffsetDateTime,
    verbose: bool,
    attention: Attention,
    patience: Option<Duration>,
    deadline: Option<Instant>,
    found_key: FoundKey,
}

/// Whose attention a run may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// The person's: questions, and browser windows.
    Person,
    /// Nobody's; a browser without a window may sign in where the identity provider remembers the person.
    SilentBrowser,
    /// Nobody's, and no browser starts: a prompt waits.
    Nobody,
}

/// The variables of the environment, as they were when the program started.
#[derive(Clone)]
pub struct Environment(BTreeMap<OsString, OsString>);

/// Where leapp keeps things.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The config file: `$LEAPP_CONFIG`, else `$XDG_CONFIG_HOME/leapp/config.toml`.
    pub config: PathBuf,
    /// The state folder: `$XDG_STATE_HOME/leapp`.
    pub state: PathBuf,
    /// The person's home.
    pub home: PathBuf,
}

impl Context {
    /// The surroundings of this process.
    ///
    /// # Errors
    /// Where there is no home directory to keep anything in.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads them")]
    pub fn ambient(verbose: bool) -> Result<Self> {
        let environment = Environment(std::env::vars_os().collect());
        let paths = Paths::of(&environment)?;
        Ok(Self::new(environment, paths, OffsetDateTime::now_utc, verbose))
    }

    fn new(environment: Environment, paths: Paths, clock: fn() -> OffsetDateTime, verbose: bool) -> Self {
        let (attention, found_key) = (Attention::Person, FoundKey::default());
        Self { environment, paths, clock, verbose, attention, patience: None, deadline: None, found_key }
    }

    /// The same surroundings with this attention at most, for so long at most.
    #[must_use]
    pub fn with_attention(self, attention: Attention, within: Option<Duration>) -> Self {
        Self { attention, patience: within, deadline: within.map(|within| Instant::now() + within), ..self }
    }

    /// Whose attention may be asked for.
    pub fn attention(&self) -> Attention {
        self.attention
    }

    /// How long the whole run may take, where that is bounded.
    pub fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// How long something may take that by itself may take `longest`.
    pub fn bounded(&self, longest: Duration) -> Duration {
        self.deadline.map_or(longest, |deadline| longest.min(deadline.saturating_duration_since(Instant::now())))
    }

    /// The vault's key, where this run has found it.
    pub(crate) fn found_key(&self) -> &FoundKey {
        &self.found_key
    }

    /// The paths.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// A variable's text, where it is set, not empty, and Unicode.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// The person's login name.
    pub fn user(&self) -> String {
        let named = self.var("USER").or_else(|| self.var("LOGNAME")).map(str::to_owned);
        let known = || Some(nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??.name);
        named.or_else(known).unwrap_or_else(|| "unknown".into())
    }

    /// The machine's name.
    pub fn host(&self) -> String {
        nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".into())
    }

    /// Whether a window can be shown.
    pub fn has_display(&self) -> bool {
        cfg!(target_os = "macos") || self.var("DISPLAY").is_some() || self.var("WAYLAND_DISPLAY").is_some()
    }

    /// The time.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// The clock, for those that outlive a command's context.
    pub(crate) fn clock(&self) -> fn() -> OffsetDateTime {
        self.clock
    }

    /// Prints what was asked for on standard output.
    ///
    /// # Errors
    /// Where standard output takes no more: a full disk, a closed pipe.
    pub fn print(&self, text: &str) -> Result<()> {
        to_stdout(text).map_err(|error| Error::new("cannot write to standard output").because(error))
    }

    /// Says something to the person, on standard error, where the person's attention may be asked for. The text may come
    /// from outside: it is escaped; the lines of an error that has several stay lines, indented below the first.
    pub fn say(&self, text: impl fmt::Display) {
        if self.attention == Attention::Person {
            self.tell(text);
        } else {
            self.trace(|| text.to_string());
        }
    }

    /// As [`Context::say`], whoever reads it.
    pub fn tell(&self, text: impl fmt::Display) {
        to_stderr(&format!("leapp: {}\n", escaped_lines(&text.to_string())));
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// With `-v`, says what is being done. Never given a secret.
    pub fn trace(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            to_stderr(&format!("leapp: · {}\n", escaped_lines(&text())));
        }
    }

    /// Whether a person reads standard error, and waits for what it says.
    pub fn is_watched(&self) -> bool {
        self.attention == Attention::Person && io::stderr().is_terminal()
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether output may be coloured: a terminal, and no `NO_COLOR` (<https://no-color.org>).
    pub fn is_coloured(&self) -> bool {
        self.var("NO_COLOR").is_none() && self.var("TERM") != Some("dumb") && self.is_terminal()
    }
}

/// Writes on standard output, all of it or an error.
pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Prints a finished message on standard error; where that is closed, nobody is left to tell.
pub(crate) fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

impl Environment {
    /// An environment of these variables, for tests.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A variable's text, where it is set, not empty, and Unicode.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name).and_then(OsStr::to_str)
    }

    /// A variable's value, where it is set and not empty.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// A variable's text as it stands, empty or not; what is not Unicode stands as the replacement character.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(OsStr::new(name)).map(|value| value.to_str().unwrap_or("\u{fffd}"))
    }

    /// The names of all variables that start with one of these.
    pub fn names_starting_with(&self, prefixes: &[&str]) -> Vec<OsString> {
        let starts =
            |name: &OsString| prefixes.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()));
        self.0.keys().filter(|name| starts(name)).cloned().collect()
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get_os(name).map(PathBuf::from)
    }

    /// An XDG folder; "all paths must be absolute, else … ignore it" (XDG Base Directory Specification).
    fn xdg(&self, name: &str) -> Option<PathBuf> {
        self.path(name).filter(|path| path.is_absolute())
    }
}

impl Paths {
    /// The paths that an environment asks for.
    ///
    /// # Errors
    /// Where `HOME` is not set and is needed.
    pub fn of(environment: &Environment) -> Result<Self> {
        let home = environment.path("HOME");
        let under_home = |folder: &str| {
            home.as_ref().map(|home| home.join(folder)).ok_or_else(|| {
                Error::new("cannot tell where your files are")
                    .because("HOME is not set")
                    .hint("set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME, to absolute paths")
            })
        };
        let config = match environment.path("LEAPP_CONFIG") {
            Some(file) => file,
            None => {
                environment.xdg("XDG_CONFIG_HOME").map_or_else(|| under_home(".config"), Ok)?.join("leapp/config.toml")
            }
        };
        let state = environment.xdg("XDG_STATE_HOME").map_or_else(|| under_home(".local/state"), Ok)?.join("leapp");
        let home = home.unwrap_or_else(|| PathBuf::from("/"));
        Ok(Self { config, state, home })
    }

    /// A path as a person would write it: `~/…` under the home directory.
    pub fn short(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(rest) if self.home != Path::new("/") => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        }
    }
}

/// A path that [`Paths::short`] made, as a word to paste into a shell, which knows the `~` before it.
pub(crate) fn pasted(short: &str) -> String {
    match short.strip_prefix("~/") {
        Some(rest) => format!("~/{}", shell_words::quote(rest)),
        None => shell_words::quote(short).into_owned(),
    }
}

#[cfg(test)]
impl Context {
    /// A context of a test's own making, at a fixed time.
    pub(crate) fn for_tests(environment: Environment, clock: fn() -> OffsetDateTime) -> Self {
        let paths = Paths::of(&environment).expect("paths");
        Self::new(environment, paths, clock, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_environment() {
        let of = |variables: &[(&str, &str)]| Paths::of(&Environment::of(variables.iter().copied()));
        let plain = of(&[("HOME", "/home/a")]).expect("paths");
        assert_eq!(plain.config, Path::new("/home/a/.config/leapp/config.toml"));
        assert_eq!(plain.state, Path::new("/home/a/.local/state/leapp"));
        let xdg =
            of(&[("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s"), ("LEAPP_CONFIG", "x.toml")]).expect("paths");
        assert_eq!((xdg.config.as_path(), xdg.state.as_path()), (Path::new("x.toml"), Path::new("/s/leapp")));
        let relative = of(&[("HOME", "/h"), ("XDG_STATE_HOME", "relative")]).expect("paths");
        assert_eq!(relative.state, Path::new("/h/.local/state/leapp"));
        assert!(of(&[("XDG_CONFIG_HOME", "/c")]).is_err());
    }

    #[test]
    fn a_path_to_paste_is_one_word() {
        assert_eq!(pasted("~/.aws/credentials"), "~/.aws/credentials");
        assert_eq!(pasted("~/my files/$x"), "~/'my files/$x'");
        assert_eq!(pasted("/a b"), "'/a b'");
    }

    #[test]
    fn an_empty_variable_is_no_variable() {
        assert_eq!(Environment::of([("A", "")]).get("A"), None);
    }
}
