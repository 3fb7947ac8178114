//! The AWS Security Token Service. The only room that knows the AWS SDK, and with it the HTTP client.
//!
//! Runtime and client are made when the first call is made, and never on the way to cached credentials. Nothing is
//! read from the calling shell but region, endpoint, proxy and certificates: never its credentials.

mod clock;
mod failure;
mod fault;
mod flaw;
mod get;
mod http;
mod profile;
mod surroundings;
mod way;

use std::{
    cell::{Cell, OnceCell},
    time::Duration,
};

use aws_sdk_sts::{
    Client,
    config::{
        AppName, BehaviorVersion, Config, Credentials as SdkCredentials, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::assume_role::AssumeRoleOutput,
    operation::assume_role_with_saml::AssumeRoleWithSamlOutput,
    types::{AssumedRoleUser, PolicyDescriptorType, Tag},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use clock::{LastSkew, ServerTime, Skew};
use failure::fault_of;
pub use fault::{Fault, FaultKind, Hop};
pub use flaw::Flaw;
pub(crate) use get::get;
pub(crate) use profile::ProfileRequest;
pub(crate) use surroundings::ignores_named_endpoints;
use surroundings::is_true;
use time::OffsetDateTime;
use tokio::runtime::Runtime;
pub(crate) use way::SET_CLOCK;
pub use way::{Obstacle, Way};

use crate::{
    context::Context,
    credentials::Credentials,
    error::{Error, Result},
    saml::EncodedResponse,
    secret::Secret,
    session::{Chained, ProviderArn, Region, RoleArn, Session, SessionDuration, span},
};

/// One attempt and three more.
const ATTEMPTS: u32 = 4;
/// The longest pause before the second attempt; it doubles with each, so that all of them take under two seconds.
const BACKOFF: Duration = Duration::from_millis(250);
/// STS, as this run asks it.
pub struct Sts<'a> {
    context: &'a Context,
    timeout: Duration,
    spent: Cell<Duration>,
    engine: OnceCell<Engine>,
    skew: LastSkew,
}

/// What a first call sets up.
struct Engine {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    http: SharedHttpClient,
}

/// Without waiting for a look-up of a host name, which nothing can break off.
impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What `AssumeRoleWithSAML` is asked.
pub struct SamlRequest<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The identity provider in IAM.
    pub provider: &'a ProviderArn,
    /// The SAML response.
    pub assertion: &'a EncodedResponse,
    /// How long the credentials shall last.
    pub duration: Option<SessionDuration>,
}

/// What `AssumeRole` is asked, beside what the session says.
pub struct RoleRequest<'a> {
    /// The assumer's credentials.
    pub assumer: &'a Credentials,
    /// The session's settings.
    pub chained: &'a Chained,
    /// The name under which it appears in CloudTrail.
    pub role_session_name: &'a str,
    /// How long the credentials shall last.
    pub duration: Option<SessionDuration>,
    /// The code of the MFA device.
    pub mfa_code: Option<&'a str>,
}

impl<'a> Sts<'a> {
    /// STS for one run, all of whose calls together may take `timeout`.
    pub fn new(context: &'a Context, timeout: Duration) -> Self {
        Self { context, timeout, spent: Cell::default(), engine: OnceCell::new(), skew: LastSkew::default() }
    }

    /// The endpoint that the environment names in place of AWS's own; none where it names none that may be asked.
    pub fn endpoint_override(context: &Context) -> Option<&str> {
        surroundings::endpoint(context).ok().flatten()
    }

    /// As [`Sts::endpoint_override`], for whoever asks first.
    ///
    /// # Errors
    /// Where the environment names one that may not be asked.
    pub fn checked_endpoint(context: &Context) -> Result<Option<&str>> {
        surroundings::endpoint(context)
    }

    /// Whether STS can be asked the way that the environment says.
    ///
    /// # Errors
    /// Where the endpoint or the proxy that it names cannot be used.
    pub fn check_way(&self) -> Result<()> {
        surroundings::check_proxy(self.context)
    }

    /// A hop to a session, for messages.
    pub fn hop<'s>(&self, session: &'s Session, region: &Region) -> Hop<'s> {
        let endpoint = match Self::endpoint_override(self.context) {
            Some(url) => without_user(url),
            None => format!("STS in {region}"),
        };
        let way = surroundings::way(self.context, region);
        Hop { session, endpoint, timeout: self.patience(), assumer_profile: None, way, skew: self.skew.get() }
    }

    /// Exchanges a SAML response for credentials; the call is not signed.
    ///
    /// # Errors
    /// A [`Fault`] where STS gives none; the outer error where nothing could be set up.
    pub fn assume_role_with_saml(
        &self,
        region: &Region,
        request: &SamlRequest<'_>,
    ) -> Result<Result<Credentials, Fault>> {
        let client = self.client(region, None, ATTEMPTS)?;
        let call = client
            .assume_role_with_saml()
            .role_arn(request.role.as_str())
            .principal_arn(request.provider.as_str())
            .saml_assertion(request.assertion.expose())
            .set_duration_seconds(request.duration.map(in_seconds))
            .send();
        let AssumeRoleWithSamlOutput { credentials, assumed_role_user, .. } = match self.run(call)? {
            Ok(output) => output,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(self.credentials(request.role, request.duration, credentials, assumed_role_user))
    }

    /// Assumes a role with another session's credentials.
    ///
    /// # Errors
    /// A [`Fault`] where STS gives none; the outer error where nothing could be set up.
    pub fn assume_role(&self, region: &Region, request: &RoleRequest<'_>) -> Result<Result<Credentials, Fault>> {
        let chained = request.chained;
        // A code is never sent twice.
        let attempts = if request.mfa_code.is_some() { 1 } else { ATTEMPTS };
        let client = self.client(region, Some(request.assumer), attempts)?;
        let mut call = client
            .assume_role()
            .role_arn(chained.role_arn.as_str())
            .role_session_name(request.role_session_name)
            .set_duration_seconds(request.duration.map(in_seconds))
            .set_external_id(chained.external_id.as_ref().map(ToString::to_string))
            .set_source_identity(chained.source_identity.as_ref().map(ToString::to_string))
            .set_policy(chained.policy.as_ref().map(ToString::to_string))
            .set_serial_number(chained.mfa_device.as_ref().map(ToString::to_string))
            .set_token_code(request.mfa_code.map(str::to_owned));
        for (key, value) in &chained.tags {
            call = call.tags(invalid_request(Tag::builder().key(key).value(value).build())?);
        }
        for key in &chained.transitive_tags {
            call = call.transitive_tag_keys(key);
        }
        for arn in &chained.policy_arns {
            call = call.policy_arns(PolicyDescriptorType::builder().arn(arn.as_str()).build());
        }
        let AssumeRoleOutput { credentials, assumed_role_user, .. } = match self.run(call.send())? {
            Ok(output) => output,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(self.credentials(&chained.role_arn, request.duration, credentials, assumed_role_user))
    }

    fn engine(&self) -> Result<&Engine> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new("cannot call STS").because(error))?;
        let endpoint = Self::endpoint_override(self.context);
        let http = http::client(self.context, endpoint, self.attempt_timeout(), &self.skew)?;
        Ok(self.engine.get_or_init(|| Engine { runtime: Some(runtime), http }))
    }

    /// An attempt that hears nothing is given up in time for a second one.
    fn attempt_timeout(&self) -> Duration {
        self.timeout.mul_f32(0.45)
    }

    fn client(&self, region: &Region, credentials: Option<&Credentials>, attempts: u32) -> Result<Client> {
        let time = ServerTime { clock: self.context.clock(), ahead: self.ahead() };
        let mut config = Config::builder()
            .time_source(time)
            .behavior_version(BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new(region.to_string()))
            .http_client(self.engine()?.http.clone())
            .retry_config(retries().with_max_attempts(attempts))
            .timeout_config(TimeoutConfig::disabled())
            .use_fips(is_true(self.context, "AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true(self.context, "AWS_USE_DUALSTACK_ENDPOINT"));
        if let Ok(name) = AppName::new("leapp") {
            config = config.app_name(name);
        }
        if let Some(url) = Self::endpoint_override(self.context) {
            config = config.endpoint_url(url);
        }
        if let Some(of) = credentials {
            config = config.credentials_provider(sdk_credentials(of));
        }
        Ok(Client::from_conf(config.build()))
    }

    /// By how much the time that requests are signed with is ahead of this machine's clock; zero before AWS's is known.
    pub fn ahead(&self) -> time::Duration {
        self.skew.get().map_or(time::Duration::ZERO, Skew::ahead)
    }

    /// Runs a call within what is left of the time that all calls together may take.
    fn run<T, E: ProvideErrorMetadata + std::fmt::Debug>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Result<T, Fault>> {
        let answer = self.within_budget(call, |answer| match answer {
            Some(Ok(_)) => "STS answered".into(),
            Some(Err(error)) if error.raw_response().is_some() => "STS answered".into(),
            _ => "STS was asked in vain".into(),
        })?;
        Ok(match answer {
            None => Err(self.silence()),
            Some(answer) => answer.map_err(|error| fault_of(&error)),
        })
    }

    /// What a call comes to; none where the time is over. `what` says for `-v` what that is.
    fn within_budget<T>(
        &self,
        call: impl Future<Output = T>,
        what: impl FnOnce(Option<&T>) -> String,
    ) -> Result<Option<T>> {
        let left = self.context.bounded(self.timeout.saturating_sub(self.spent.get()));
        let started = std::time::Instant::now();
        let Some(runtime) = &self.engine()?.runtime else { return Ok(None) };
        let answer = runtime.block_on(async { tokio::time::timeout(left, call).await }).ok();
        self.spent.set(self.spent.get() + started.elapsed());
        self.context.trace(|| {
            let clocks = self.skew.get().map_or(String::new(), |skew| skew.at(self.context.now()));
            format!("{} after {} ms{clocks}", what(answer.as_ref()), started.elapsed().as_millis())
        });
        Ok(answer)
    }

    /// How long all calls together may take, as messages say it.
    fn patience(&self) -> Duration {
        self.context.patience().map_or(self.timeout, |patience| patience.min(self.timeout))
    }

    fn silence(&self) -> Fault {
        Fault::new(FaultKind::Silent, span(self.patience()))
    }

    /// The credentials of an answer, where they are of the role that was asked for, and live. Their end is kept as this
    /// machine's clock will show it, and never later than they were asked to last: an hour where nothing was said.
    fn credentials(
        &self,
        role: &RoleArn,
        asked: Option<SessionDuration>,
        credentials: Option<aws_sdk_sts::types::Credentials>,
        user: Option<AssumedRoleUser>,
    ) -> Result<Credentials, Fault> {
        let not_sts = |what: &str| Fault::new(FaultKind::NotSts, what);
        let credentials = credentials.ok_or_else(|| not_sts("an answer without credentials"))?;
        let arn = user.map(|user| user.arn).unwrap_or_default();
        if !is_session_of(&arn, role) {
            return Err(not_sts(&format!("it answers with credentials of `{arn}`")));
        }
        let (issued, ahead) = (self.context.now(), self.ahead());
        let end = OffsetDateTime::from_unix_timestamp(credentials.expiration.secs()).ok();
        let end =
            end.and_then(|end| end.checked_sub(ahead)).ok_or_else(|| not_sts("an answer without an expiration"))?;
        if end <= issued {
            let kind = if self.skew.get().is_some() { FaultKind::NotSts } else { FaultKind::ClockSkew };
            return Err(Fault::new(kind, format!("it answers with credentials that ended at {end}")));
        }
        let longest = Duration::from_secs(asked.unwrap_or(SessionDuration::HOUR).seconds().into());
        let answered = Credentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: Secret::new(credentials.secret_access_key),
            session_token: Some(Secret::new(credentials.session_token)),
            expiration: Some(end.min(issued + longest)),
            issued,
            arn,
        };
        answered.judged().map_err(|flaw| not_sts(&flaw))
    }
}

/// A URL as it may be shown: a user and password in it stay unsaid.
pub(crate) fn without_user(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let start = rest[..authority].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[start..])
        }
        None => "the endpoint of AWS_ENDPOINT_URL_STS".to_owned(),
    }
}

/// Whether `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/NAME` is a session of that role; its path is not part of it
/// (IAM identifiers, "assumed role").
fn is_session_of(arn: &str, role: &RoleArn) -> bool {
    let name = role.name_with_path().rsplit('/').next().unwrap_or_default();
    arn.starts_with(&format!("arn:{}:sts::{}:assumed-role/{name}/", role.partition(), role.account()))
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF)
}

/// Without their end: it is by this machine's clock, and AWS is the judge of it.
fn sdk_credentials(of: &Credentials) -> SdkCredentials {
    let token = of.session_token.as_ref().map(|token| token.expose().to_owned());
    SdkCredentials::new(of.access_key_id.as_str(), of.secret_access_key.expose(), token, None, "leapp")
}

fn in_seconds(duration: SessionDuration) -> i32 {
    i32::try_from(duration.seconds()).unwrap_or(i32::MAX)
}

fn invalid_request<T, E: std::fmt::Display>(built: Result<T, E>) -> Result<T> {
    built.map_err(|error| Error::new("cannot call STS").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_of_the_role_that_was_asked_for_will_do() {
        let role = RoleArn::parse("arn:aws:iam::444455556666:role/team/Deploy").expect("a role");
        assert!(is_session_of("arn:aws:sts::444455556666:assumed-role/Deploy/alice", &role));
        for other in [
            "",
            "arn:aws:sts::999999999999:assumed-role/Deploy/alice",
            "arn:aws:sts::444455556666:assumed-role/Deployer/alice",
            "arn:aws-cn:sts::444455556666:assumed-role/Deploy/alice",
            "arn:aws:sts::444455556666:federated-user/Deploy/alice",
        ] {
            assert!(!is_session_of(other, &role), "{other}");
        }
    }

    #[test]
    fn an_endpoint_is_shown_without_its_password() {
        assert_eq!(without_user("http://bob:pw@h:1/x@y"), "http://h:1/x@y");
        assert_eq!(without_user("http://h:1/x@y"), "http://h:1/x@y");
        assert!(!without_user("bob:pw@h").contains("pw"));
    }
}
