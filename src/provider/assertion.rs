//! Assertions: had from a browser, kept for as long as AWS takes them, shared by the sessions of one provider.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Means;
use crate::{
    browser::{self, Headless, Place, SignIn, Step},
    config::HeadlessMode,
    context::{Attention, Context},
    digest::Digest,
    error::{Error, Kind, Result},
    lock::Lock,
    saml::{Content, EncodedResponse, Response, endpoint},
    session::{Federated, SamlUrl, Session, SessionDuration},
    sts::Sts,
    ui::spinner::Spinner,
    vault::EntryName,
};

/// What the vault's files of assertions are for.
pub(crate) const PURPOSE: &str = "assertion";
/// Where the browser profiles of identity providers are, in the state folder.
pub(crate) const BROWSERS: &str = "browser";

/// By how much the clock may have been set back since an assertion came, in nanoseconds: AWS's fifth minute, for which it is
/// not kept, has room for that.
const SET_BACK: i128 = 30_000_000_000;

/// A SAML response, as it goes to STS and as it reads.
pub(crate) struct Assertion {
    pub(crate) encoded: EncodedResponse,
    pub(crate) response: Response,
    pub(crate) received: Option<OffsetDateTime>,
}

/// Where an assertion comes from.
pub(crate) enum Origin {
    /// From the person, by `--saml-response`: nobody knows since when they have had it.
    Given,
    /// From the browser, just now.
    SignedIn(OffsetDateTime),
}

/// As it rests in the vault.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    response: &'a str,
    redeem_until: i64,
    received: i128,
}

impl Assertion {
    /// Reads a response.
    pub(crate) fn read(encoded: EncodedResponse, origin: &Origin) -> Result<Self> {
        let response = Response::read(&encoded)?;
        let received = match *origin {
            Origin::Given => None,
            Origin::SignedIn(at) => Some(at),
        };
        Ok(Self { encoded, response, received })
    }

    /// How long the identity provider has the console's sessions last (attribute `SessionDuration`).
    pub(crate) fn session_duration(&self) -> Option<SessionDuration> {
        match &self.response.content {
            Content::Assertion(assertion) => assertion.session_duration,
            Content::Encrypted | Content::Unread { .. } | Content::Nothing => None,
        }
    }
}

/// An assertion of this session's provider that AWS still takes. It ages by the time since it came: where the clock was
/// set back since, its age is not known.
pub(crate) fn at_hand(means: &Means<'_>, federated: &Federated) -> Result<Option<Assertion>> {
    let Some(vault) = means.vault else { return Ok(None) };
    let Some(bytes) = vault.get(&name(means, &federated.saml_url))? else { return Ok(None) };
    let Ok(stored) = serde_json::from_slice::<Stored<'_>>(&bytes) else { return Ok(None) };
    let now = means.context.now();
    if stored.received.saturating_sub(now.unix_timestamp_nanos()) > SET_BACK {
        // Else it would be good again when the clock gets there.
        return forget(means, federated).map(|()| None);
    }
    if stored.redeem_until <= now.unix_timestamp() {
        return Ok(None);
    }
    let received = OffsetDateTime::from_unix_timestamp_nanos(stored.received).ok();
    let read =
        EncodedResponse::from_field(stored.response).and_then(|encoded| Assertion::read(encoded, &Origin::Given));
    Ok(read.ok().map(|assertion| Assertion { received, ..assertion }))
}

/// Keeps an assertion for the other sessions of its provider; that it cannot be kept harms nobody.
pub(crate) fn keep(means: &Means<'_>, federated: &Federated, assertion: &Assertion) {
    let now = means.context.now();
    let received = assertion.received.unwrap_or(now);
    let Some(until) = assertion.response.redeem_until(received) else { return };
    let stored = Stored {
        response: assertion.encoded.expose(),
        redeem_until: until.unix_timestamp(),
        received: received.unix_timestamp_nanos(),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(stored.response.len() + 256));
    let written = serde_json::to_writer(&mut *bytes, &stored).is_ok();
    if written && let Err(error) = means.keep(&name(means, &federated.saml_url), &bytes) {
        means.context.trace(|| error.sentence());
    }
}

/// Forgets the assertion of this session's provider.
pub(crate) fn forget(means: &Means<'_>, federated: &Federated) -> Result<()> {
    means.vault.map_or(Ok(()), |vault| vault.remove(&name(means, &federated.saml_url)))
}

/// Whether what the vault keeps under a name is an assertion of the provider at this address.
pub(crate) fn is_of(name: &EntryName, url: &SamlUrl) -> bool {
    name.purpose() == PURPOSE && name.owner() == entry(url, "").owner()
}

/// The browser profile of the provider at this address.
pub(crate) fn browser_profile<'c>(context: &'c Context, url: &SamlUrl) -> Place<'c> {
    Place::new(context.paths(), BROWSERS, folder_name(url.host()))
}

fn entry(url: &SamlUrl, digest: &str) -> EntryName {
    EntryName::new(&format!("idp-{}", folder_name(url.host())), digest, PURPOSE)
}

/// The endpoint is part of the name: an assertion that was meant for AWS goes nowhere else.
fn name(means: &Means<'_>, url: &SamlUrl) -> EntryName {
    let endpoint = Sts::endpoint_override(means.context).unwrap_or_default();
    entry(url, &Digest::of(&[url.as_str(), endpoint]).short())
}

/// Signs in, one process at a time for each provider; those who waited take what was brought, if `is_good` for them.
/// `known` is when the assertion was received that was at hand before, and would not do.
pub(crate) fn sign_in(
    means: &Means<'_>,
    session: &Session,
    federated: &Federated,
    known: Option<OffsetDateTime>,
    is_good: impl Fn(&Assertion) -> Result<()>,
) -> Result<Assertion> {
    let host = federated.saml_url.host();
    let (name, what) = (format!("sign-in~{}", folder_name(host)), format!("sign-in at {host}"));
    let mut lock = Lock::take(means.context, &name, &what, means.config.longest_wait())?;
    if let Some(assertion) = at_hand(means, federated)?
        && assertion.received != known
    {
        is_good(&assertion)?;
        return Ok(assertion);
    }
    if let Some(failure) = lock.failure_of_holder() {
        return Err(failure);
    }
    match in_browser(means, session, federated) {
        Ok(assertion) => {
            // Also where it is not good for this session: it may be for another one that waits.
            keep(means, federated, &assertion);
            is_good(&assertion)?;
            Ok(assertion)
        }
        Err(error) => {
            lock.leave_failure(means.context.now(), &error);
            Err(error)
        }
    }
}

/// The error where only a sign-in would help, and nobody may be asked for one.
pub(crate) fn signed_out(session: &Session) -> Error {
    Error::new(format!("`{}` is signed out", session.alias))
        .hint(format!("run: leapp login {}", session.alias))
        .kind(Kind::NeedsPerson)
}

fn in_browser(means: &Means<'_>, session: &Session, federated: &Federated) -> Result<Assertion> {
    let (context, settings) = (means.context, &means.config.browser);
    let host = federated.saml_url.host();
    let alias = session.alias.as_str();
    let spinner = Spinner::start(context, &format!("starting a browser to sign in to `{alias}`"));
    let profile = browser_profile(context, &federated.saml_url);
    let request = SignIn {
        alias,
        url: federated.saml_url.as_str(),
        profile: &profile,
        headless: match settings.headless {
            _ if context.attention() != Attention::Person => Headless::Silent,
            HeadlessMode::Auto => Headless::Auto,
            HeadlessMode::Always => Headless::Always,
            HeadlessMode::Never => Headless::Never,
        },
        browser: settings.program.as_deref(),
        args: &settings.args,
        path: context.environment().get_os("PATH"),
        withheld: &context.environment().names_starting_with(&["AWS_", "LEAPP_", "AMAZON_"]),
        display: context.has_display(),
        root: nix::unistd::geteuid().is_root(),
        timeout: context.bounded(settings.sign_in_timeout),
        partition: federated.role_arn.partition(),
        is_target: endpoint::is_sign_in,
        patterns: &endpoint::patterns(),
    };
    let mut on_step = |step| {
        context.trace(|| format!("sign-in of `{alias}`: {step:?}"));
        match step {
            Step::Starting => {}
            Step::Silent => spinner.change(&format!("signing in to `{alias}` at {host}")),
            Step::Person if settings.headless == HeadlessMode::Always => {
                spinner.announce(&format!("sign in to `{alias}` at {host} (headless, no window)"));
            }
            Step::Person => spinner.announce(&format!("sign in to `{alias}` in the browser window ({host})")),
            Step::Closing => spinner.change("closing the browser"),
        }
    };
    let captured = browser::sign_in(&request, &mut on_step)?;
    let encoded = EncodedResponse::from_form(&captured.body)?;
    Assertion::read(encoded, &Origin::SignedIn(context.now()))
}

/// A host as the name of a folder: a port's colon is no good on every file system.
fn folder_name(host: &str) -> String {
    let safe = |(place, c): (usize, char)| match c {
        '.' if place == 0 => '_',
        c if c.is_ascii_alphanumeric() || ".-_".contains(c) => c,
        _ => '_',
    };
    host.chars().enumerate().map(safe).collect()
}
