//! Profiles that take calls of AWS: roles over a `source_profile`, web identities and the like. The SDK itself walks
//! them, so that a profile yields what it yields to every other program.

use std::error::Error as _;

use aws_config::{profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig};
use aws_credential_types::{
    Credentials as SdkCredentials,
    provider::{ProvideCredentials as _, error::CredentialsError},
};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_sts::{
    config::{Region as SdkRegion, SharedHttpClient, timeout::TimeoutConfig},
    error::{ConnectorError, SdkError},
    operation::{assume_role::AssumeRoleError, assume_role_with_web_identity::AssumeRoleWithWebIdentityError},
};
use aws_smithy_async::rt::sleep::TokioSleep;
use time::OffsetDateTime;

use super::{
    Fault, FaultKind, HttpResponse, Sts,
    failure::{chain, fault_of, fault_of_connection},
    http, retries, sdk_credentials,
    surroundings::{self, is_true},
};
use crate::{aws_files::AwsFiles, credentials::Credentials, error::Result, secret::Secret, session::Region};

/// The profile, and the name of the credential source, that stand for credentials that leapp has got already.
const GIVEN: &str = "leapp.given";

/// A profile to walk.
pub(crate) struct ProfileRequest<'a> {
    /// What the files of `~/.aws` say.
    pub(crate) files: &'a AwsFiles,
    /// The profile's name.
    pub(crate) profile: &'a str,
    /// Where STS is asked.
    pub(crate) region: &'a Region,
    /// Credentials that the role of a profile on the way is assumed with, in place of what its `source_profile` says.
    pub(crate) given: Option<(&'a str, &'a Credentials)>,
}

impl Sts<'_> {
    /// What a profile yields.
    ///
    /// # Errors
    /// A [`Fault`] where it yields nothing; the outer error where nothing could be set up.
    pub(crate) fn profile(&self, request: &ProfileRequest<'_>) -> Result<Result<Credentials, Fault>> {
        surroundings::check_endpoints_of_sdk(self.context)?;
        let config = ProviderConfig::empty()
            .with_region(Some(SdkRegion::new(request.region.to_string())))
            .with_http_client(self.http_client_for_profiles()?)
            .with_sleep_impl(TokioSleep::new())
            .with_retry_config(retries())
            .with_timeout_config(TimeoutConfig::disabled())
            .with_use_fips(Some(is_true(self.context, "AWS_USE_FIPS_ENDPOINT")))
            .with_use_dual_stack(Some(is_true(self.context, "AWS_USE_DUALSTACK_ENDPOINT")));
        let mut provider = ProfileFileCredentialsProvider::builder()
            .configure(&config)
            .profile_files(contents(request))
            .profile_name(request.profile);
        if let Some((_, given)) = request.given {
            provider = provider.with_custom_provider(GIVEN, sdk_credentials(given));
        }
        let provider = provider.build();
        let answer = self.within_budget(provider.provide_credentials(), |answer| match answer {
            Some(Ok(_)) => format!("profile `{}` yielded credentials", request.profile),
            _ => format!("profile `{}` yielded nothing", request.profile),
        })?;
        Ok(match answer {
            None => Err(self.silence()),
            Some(Ok(credentials)) => {
                self.profile_credentials(&credentials).judged().map_err(|flaw| Fault::new(FaultKind::Other, flaw))
            }
            Some(Err(error)) => Err(fault_of_profile(&error)),
        })
    }

    /// Calls for a profile may go elsewhere than to STS: where that is asked without TLS, those still need it.
    fn http_client_for_profiles(&self) -> Result<SharedHttpClient> {
        match Self::endpoint_override(self.context) {
            Some(url) if url.starts_with("http://") => {
                http::client(self.context, None, self.attempt_timeout(), &self.skew)
            }
            _ => Ok(self.engine()?.http.clone()),
        }
    }

    fn profile_credentials(&self, credentials: &SdkCredentials) -> Credentials {
        Credentials {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: Secret::new(credentials.secret_access_key()),
            session_token: credentials.session_token().filter(|token| !token.is_empty()).map(Secret::new),
            expiration: credentials.expiry().and_then(|end| OffsetDateTime::from(end).checked_sub(self.ahead())),
            issued: self.context.now(),
            arn: String::new(),
        }
    }
}

/// The files as they were read, and behind them what makes a role start from given credentials.
fn contents(request: &ProfileRequest<'_>) -> EnvConfigFiles {
    match request.given {
        None => request.files.contents(),
        Some((role, _)) => request
            .files
            .contents_with(format!("[{role}]\nsource_profile = {GIVEN}\n[{GIVEN}]\ncredential_source = {GIVEN}\n")),
    }
}

/// What the SDK's error comes down to: what STS said, else the innermost reason.
fn fault_of_profile(error: &CredentialsError) -> Fault {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) && error.source().is_none() {
        return Fault::new(FaultKind::Other, "the profile has nothing that credentials could come from");
    }
    let mut reason: &(dyn std::error::Error + 'static) = error;
    for inner in chain(error) {
        if let Some(error) = inner.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
            return fault_of(error);
        }
        if let Some(error) = inner.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>() {
            return fault_of(error);
        }
        if let Some(error) = inner.downcast_ref::<ConnectorError>() {
            return fault_of_connection(error);
        }
        reason = inner;
    }
    let said = reason.to_string();
    Fault::new(FaultKind::Other, said.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(&said))
}
