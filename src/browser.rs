//! Signing in at a SAML identity provider in an installed browser; the only spawner of one.
//!
//! The browser is driven over `--remote-debugging-pipe`, so no other local process can attach to it. Every page,
//! popup and frame is stopped before its first request goes out; the `POST` that would carry the SAML response to
//! AWS is answered here instead. That is the whole recognition of "signed in": no list of identity providers' pages.
//!
//! [`open()`] shows a page to the person instead, in a browser that stays when leapp has gone.
//!
//! - [`find`]: which browser. [`arguments`]: how it is started. [`place`] and [`profile`]: where it keeps its cookies.
//! - [`process`]: its life and its certain end. [`pipe`] and [`frames`]: bytes to messages and back.
//! - [`message`]: what it says. [`conversation`]: what is answered (no I/O). [`quiet`]: whether a page waits for the
//!   person (no I/O). [`attempt`]: the loop that ties these together.

mod arguments;
mod attempt;
mod conversation;
mod find;
mod frames;
mod message;
mod open;
mod pipe;
mod place;
mod process;
mod profile;
mod quiet;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::files;
use attempt::{Outcome, attempt};
pub(crate) use open::{Opening, open};
pub(crate) use place::Place;
use profile::Profile;

/// How long a silent sign-in may take before the window is opened.
const SILENT: Duration = Duration::from_secs(15);

/// What a sign-in needs to know. Nothing in this room asks the environment: it is all here.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// The session's name, for the commands in hints.
    pub alias: &'a str,
    /// Where the sign-in starts.
    pub url: &'a str,
    /// The browser's profile: one per identity provider, made with mode 0700 where it is missing. Only one sign-in at a
    /// time may use it; that is the caller's lock.
    pub(crate) profile: &'a Place<'a>,
    /// Whether a window may, must or must not be shown.
    pub headless: Headless,
    /// The configured browser, a path or a name on the search path; the first known one that is installed otherwise.
    pub browser: Option<&'a str>,
    /// The configured arguments. They come last, so that they win over leapp's own.
    pub args: &'a [String],
    /// The search path (`PATH`).
    pub path: Option<&'a OsStr>,
    /// Environment variables that the browser does not get: everything `AWS_*` and `LEAPP_*`.
    pub withheld: &'a [OsString],
    /// Whether a window can be shown: `DISPLAY` or `WAYLAND_DISPLAY` is set, or the system always has one.
    pub display: bool,
    /// Whether this is root, for whom a Chromium-family browser starts without its sandbox or not at all.
    pub root: bool,
    /// How long the whole sign-in may take.
    pub timeout: Duration,
    /// The partition of AWS that is signed in to: `aws`, `aws-cn` …
    pub partition: &'a str,
    /// Whether a URL is an AWS sign-in endpoint.
    pub is_target: fn(&str) -> bool,
    /// What the browser must stop at, as URL patterns with `*`: wider than `is_target`, which judges.
    pub patterns: &'a [String],
}

/// Whether a window is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Headless {
    /// First silently, where the profile remembers a sign-in; in a window as soon as the person is needed.
    #[default]
    Auto,
    /// Only silently: where the person is needed, that is an error.
    Silent,
    /// Never a window: who signs in attaches to the browser (tests do).
    Always,
    /// A window at once.
    Never,
}

/// What is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The browser starts.
    Starting,
    /// The identity provider may still remember the person.
    Silent,
    /// The person signs in, in the window.
    Person,
    /// The browser writes its cookies and ends.
    Closing,
}

/// What the identity provider sent towards AWS.
pub struct Captured {
    /// The AWS sign-in endpoint.
    pub url: String,
    /// The form that was posted to it. Wiped when it is dropped.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Captured({}, {} bytes)", self.url, self.body.len())
    }
}

/// How the browser is run once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Without a window, given up as soon as the person is needed.
    Silent,
    /// Without a window, to the end.
    Headless,
    /// In a window.
    Window,
}

/// Removes what killed processes left: in the profiles of sign-ins, what a browser that runs no more noted of its pages;
/// beside those of consoles, whose browsers stay, the pages that lead to an address with a token.
pub(crate) fn sweep(sign_ins: &Place<'_>, consoles: &Place<'_>) {
    let profiles = sign_ins.all().into_iter().flat_map(std::fs::read_dir).flatten().flatten();
    profiles.for_each(|profile| Profile::sweep(&profile.path()));
    consoles.all().iter().for_each(|folder| files::sweep_own(folder));
}

/// Signs in, and gives the form that the identity provider would have sent to AWS. When this returns, and however it
/// returns, no browser is left.
///
/// # Errors
/// Where no browser is installed or it does not start, where the identity provider cannot be reached, where the time
/// is over; as [`Kind::Cancelled`] where the person closed the window; as [`Kind::Interrupted`] where a signal came; as
/// [`Kind::NeedsPerson`] where a window is needed and there is no display.
pub fn sign_in(request: &SignIn<'_>, on_step: &mut dyn FnMut(Step)) -> Result<Captured> {
    let deadline = Instant::now() + request.timeout;
    let program = find::browser(request.browser, request.path, &elsewhere(request.alias))?;
    let folder = request.profile.of(&program);
    let profile = Profile::open(&folder)?;
    let mut run = |manner, until| attempt(request, &program, &profile, manner, until, on_step);
    let outcome = match request.headless {
        Headless::Always => run(Manner::Headless, deadline)?,
        Headless::Auto if profile.remembers() => match run(Manner::Silent, deadline.min(Instant::now() + SILENT))? {
            Outcome::Captured(captured) => Outcome::Captured(captured),
            Outcome::NeedsPerson(_) => {
                profile.forget();
                window(request, || run(Manner::Window, deadline))?
            }
        },
        Headless::Silent if profile.remembers() => run(Manner::Silent, deadline.min(Instant::now() + SILENT))?,
        Headless::Silent => Outcome::NeedsPerson(None),
        Headless::Auto | Headless::Never => window(request, || run(Manner::Window, deadline))?,
    };
    match outcome {
        Outcome::Captured(captured) => {
            profile.remember();
            Ok(captured)
        }
        Outcome::NeedsPerson(_) if request.headless == Headless::Silent => {
            profile.forget();
            Err(Error::new(format!("`{}` is signed out", request.alias))
                .hint(format!("run: leapp login {}", request.alias))
                .kind(Kind::NeedsPerson))
        }
        Outcome::NeedsPerson(place) => Err(overdue(request, place.as_deref())),
    }
}

/// Shows a window, if one can be shown.
fn window(request: &SignIn<'_>, show: impl FnOnce() -> Result<Outcome>) -> Result<Outcome> {
    if request.display {
        return show();
    }
    Err(Error::new(format!("cannot sign in to `{}`", request.alias))
        .because("it needs you in a browser window, and there is no display")
        .hint("sign in from a desktop, or with X forwarding (`ssh -X`), so that DISPLAY is set")
        .hint(elsewhere(request.alias))
        .kind(Kind::NeedsPerson))
}

/// Nobody finished the sign-in in time; the browser was at `place`.
fn overdue(request: &SignIn<'_>, place: Option<&str>) -> Error {
    let place = place.map_or_else(String::new, |place| format!("; the browser was at `{place}`"));
    Error::new(format!("cannot sign in to `{}`", request.alias))
        .because(format!("the sign-in was not finished within {}{place}", crate::session::span(request.timeout)))
        .hint(format!("run: leapp login {}", request.alias))
        .hint("where it takes longer, set `sign_in_timeout` in the config")
}

/// The way without a browser on this machine.
fn elsewhere(alias: &str) -> String {
    format!("with a response from elsewhere: leapp login {alias} --saml-response FILE")
}
