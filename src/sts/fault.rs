//! Pure: what STS may answer instead of credentials, and what a person does about it.
//!
//! Codes: AWS STS API Reference, "Common Errors" and the error lists of `AssumeRole` and `AssumeRoleWithSAML`.

use std::time::Duration;

use super::{
    clock::Skew,
    flaw::Flaw,
    way::{Obstacle, SET_CLOCK, Way},
};
use crate::{
    error::{Error, Kind},
    session::{ProfileName, Region, RoleArn, Session, Source, span},
};

/// The most that is shown of what STS said, in characters.
const MAX_MESSAGE: usize = 1000;

/// Why STS gave no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// What STS said, or the system; from outside.
    pub message: String,
}

/// The kinds of failure that ask for different things of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no way to STS.
    NoWay(Obstacle),
    /// No answer in time.
    Silent,
    /// STS has a problem of its own (5xx).
    Broken,
    /// Too many requests.
    Throttled,
    /// Something that is not STS answered: a captive portal, a proxy's page.
    NotSts,
    /// The requested duration is above the role's maximum, or above the hour of role chaining.
    DurationTooLong,
    /// The assertion is older than five minutes, or the credentials of the assumer have ended.
    Expired,
    /// STS does not take the assertion.
    InvalidAssertion(Flaw),
    /// The identity provider itself reported a failure.
    RejectedByProvider,
    /// The role's trust policy says no.
    AccessDenied,
    /// The code of the MFA device is wrong.
    WrongMfaCode,
    /// The access key that the call was signed with is not known.
    UnknownKey,
    /// The session token that came with it is not good where it went.
    UnknownToken,
    /// The secret access key does not belong to the access key.
    BadSignature,
    /// Policies and tags together are too large.
    PolicyTooLarge,
    /// STS is not enabled in the region.
    RegionDisabled,
    /// The clock of this machine is off.
    ClockSkew,
    /// Anything else.
    Other,
}

impl Fault {
    /// The message comes from outside: its lines become one, or it could write hints of its own; and it is bounded.
    pub(super) fn new(kind: FaultKind, message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        let end = message.char_indices().nth(MAX_MESSAGE).map_or(message.len(), |(end, _)| end);
        let mut shown = message[..end].split_whitespace().collect::<Vec<_>>().join(" ");
        if end < message.len() {
            shown.push('…');
        }
        Self { kind, message: shown }
    }

    /// Reads STS's code and message.
    pub fn of(code: &str, message: &str, status: u16) -> Self {
        let has = |part: &str| message.contains(part);
        let kind = match code {
            "ExpiredTokenException" | "ExpiredToken" => FaultKind::Expired,
            "InvalidIdentityToken" | "InvalidIdentityTokenException" => FaultKind::InvalidAssertion(Flaw::of(message)),
            "IDPRejectedClaim" | "IDPRejectedClaimException" => FaultKind::RejectedByProvider,
            "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => FaultKind::PolicyTooLarge,
            "RegionDisabledException" => FaultKind::RegionDisabled,
            "ValidationError" | "ValidationErrorException"
                if has("DurationSeconds exceeds") || (has("durationSeconds") && has("less than or equal")) =>
            {
                FaultKind::DurationTooLong
            }
            "AccessDenied" | "AccessDeniedException" if has("MultiFactorAuthentication failed") => {
                FaultKind::WrongMfaCode
            }
            "AccessDenied" | "AccessDeniedException" => FaultKind::AccessDenied,
            "InvalidClientTokenId" => FaultKind::UnknownKey,
            "UnrecognizedClient" | "UnrecognizedClientException" => FaultKind::UnknownToken,
            "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => FaultKind::ClockSkew,
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure"
                if has("Signature expired") || has("Signature not yet current") =>
            {
                FaultKind::ClockSkew
            }
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" => FaultKind::BadSignature,
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequestsException" => {
                FaultKind::Throttled
            }
            _ if status == 429 => FaultKind::Throttled,
            _ if status >= 500 => FaultKind::Broken,
            _ => FaultKind::Other,
        };
        let said = match (code, message) {
            ("", "") => format!("status {status}"),
            ("", message) => message.to_owned(),
            (code, "") => format!("{code} (status {status})"),
            (code, message) => format!("{code}: {message}"),
        };
        Self::new(kind, said)
    }

    /// The fault as an error that names the session, the hop and the remedy.
    pub fn explain(&self, hop: &Hop<'_>) -> Error {
        let session = hop.session;
        let alias = &session.alias;
        let error = Error::new(hop.what()).because(self.why(hop));
        if let Some(skew) = hop.skew.filter(|skew| self.may_be_for_the_clock() && skew.is_too_far()) {
            return error.hint(format!("{skew}, and AWS takes nothing that is off by more than 5m")).hint(SET_CLOCK);
        }
        match self.kind {
            FaultKind::NoWay(obstacle) => hop.way.remedy(obstacle, error),
            FaultKind::Silent => error
                .hint("check the network and HTTPS_PROXY, and try again")
                .hint("to wait longer, in the config: timeout = \"60s\""),
            FaultKind::Broken => error.hint("AWS's own trouble: try again in a while"),
            FaultKind::Throttled => error.hint("too many requests for this account: try again in a while"),
            FaultKind::NotSts => {
                error.hint("sign in to the network you are on (a captive portal?), or check HTTPS_PROXY")
            }
            FaultKind::DurationTooLong if session.kind() == "profile" => error,
            // Less than the hour that was tried last.
            FaultKind::DurationTooLong => error.hint(format!("run: leapp session edit {alias} --duration 15m")),
            FaultKind::Expired | FaultKind::UnknownKey | FaultKind::UnknownToken | FaultKind::BadSignature => {
                self.cause().into_iter().fold(error, Error::hint).hint(hop.renewal())
            }
            FaultKind::InvalidAssertion(flaw) => match &session.source {
                Source::Federated(federated) => flaw.remedy(error, alias, &federated.idp_arn),
                Source::Chained(_) | Source::Profile(_) => error.hint(hop.renewal()),
            },
            FaultKind::RejectedByProvider => error.hint("ask who runs the identity provider: it refused the sign-in"),
            FaultKind::AccessDenied => hop.conditions().fold(error.hint(hop.permission()), Error::hint),
            FaultKind::WrongMfaCode => {
                error.hint("enter the code that the device shows now; each is good once").kind(Kind::NeedsPerson)
            }
            FaultKind::PolicyTooLarge => error.hint(format!("make policy, policy_arns or tags of `{alias}` smaller")),
            FaultKind::RegionDisabled => hop.another_region().into_iter().fold(
                error.hint("enable STS for that region in the account settings of IAM, or ask that of another one"),
                Error::hint,
            ),
            FaultKind::ClockSkew if hop.skew.is_some() => {
                error.hint("this machine's clock is right: was the request held up on its way? check HTTPS_PROXY")
            }
            FaultKind::ClockSkew => error.hint(SET_CLOCK),
            FaultKind::Other => error,
        }
    }

    /// How it comes that STS does not take the credentials that a call was signed with.
    fn cause(&self) -> Option<&'static str> {
        match self.kind {
            FaultKind::UnknownKey => Some("the access key was deleted or deactivated, or is of another partition"),
            FaultKind::UnknownToken => {
                Some("the session token is of another partition, or of a region that the account has not enabled")
            }
            FaultKind::BadSignature => Some(
                "the secret access key does not belong to the access key, or a proxy changes requests on their way",
            ),
            _ => None,
        }
    }

    /// Whether a clock that is off brings such a fault about.
    fn may_be_for_the_clock(&self) -> bool {
        matches!(self.kind, FaultKind::ClockSkew | FaultKind::BadSignature | FaultKind::Expired)
    }

    fn why(&self, hop: &Hop<'_>) -> String {
        match self.kind {
            FaultKind::NoWay(obstacle) => hop.way.end(obstacle, &hop.endpoint, &self.message),
            FaultKind::Silent => {
                format!("{} did not answer in the {} that STS may take", hop.endpoint, span(hop.timeout))
            }
            FaultKind::NotSts => format!("{} does not answer as STS does: {}", hop.endpoint, self.message),
            _ => self.message.clone(),
        }
    }
}

/// One call of STS on the way to a session's credentials.
#[derive(Debug)]
pub struct Hop<'a> {
    /// The session whose role is assumed.
    pub session: &'a Session,
    /// Where STS is asked, for people: `STS in eu-west-1`, or an endpoint's URL.
    pub endpoint: String,
    /// How long STS may take.
    pub timeout: Duration,
    /// The profile that the session's assumer takes its credentials from, where it does.
    pub assumer_profile: Option<&'a ProfileName>,
    /// What the environment says of the way there.
    pub way: Way,
    /// How far AWS's clock is from this machine's, where its last answer says so.
    pub skew: Option<Skew>,
}

impl Hop<'_> {
    /// ``cannot get credentials for `prod` (arn:… from `corp`)``.
    fn what(&self) -> String {
        let whence = match &self.session.source {
            Source::Federated(federated) => federated.role_arn.to_string(),
            Source::Chained(chained) => format!("{}, assumed from `{}`", chained.role_arn, chained.assumer),
            Source::Profile(profile) => format!("profile `{}`", profile.source_profile),
        };
        format!("cannot get credentials for `{}` ({whence})", self.session.alias)
    }

    /// What must be allowed, where STS says that it is not.
    fn permission(&self) -> String {
        match &self.session.source {
            Source::Federated(federated) => format!(
                "the trust policy of {} must allow sts:AssumeRoleWithSAML to {}",
                federated.role_arn, federated.idp_arn
            ),
            Source::Chained(chained) => {
                let (who, whose) = match self.assumer_profile {
                    Some(_) => ("user or role", "its"),
                    None => ("role", "that role's"),
                };
                let external_id = if chained.external_id.is_some() { " with this external id" } else { "" };
                format!(
                    "the trust policy of {} must allow sts:AssumeRole to the {who} of `{}`{external_id}, and {whose} own policies must allow it too",
                    chained.role_arn, chained.assumer
                )
            }
            Source::Profile(profile) => format!(
                "the trust policy of the role of profile `{0}` must allow it to whom `{0}` starts from",
                profile.source_profile
            ),
        }
    }

    /// What such a policy may ask for that this session does not send.
    fn conditions(&self) -> impl Iterator<Item = String> {
        let (id, device) = match &self.session.source {
            Source::Chained(chained) => (chained.external_id.is_none(), chained.mfa_device.is_none()),
            Source::Federated(_) | Source::Profile(_) => (false, false),
        };
        let add =
            |what, flag| format!("if it asks for {what}, add it: leapp session edit {} {flag}", self.session.alias);
        let id = id.then(|| add("an external id", "--external-id ID"));
        id.into_iter().chain(device.then(|| add("an MFA device", "--mfa-device ARN")))
    }

    /// What asks STS in the region that every account of the partition has, where the region decides who is asked.
    fn another_region(&self) -> Option<String> {
        let home = self.session.role_arn().map_or_else(Region::default, RoleArn::home_region);
        let edit = || format!("run: leapp session edit {} --region {home}", self.session.alias);
        self.way.endpoint.is_none().then(edit)
    }

    /// What gets new credentials in place of those that the call was made with, which STS does not take.
    fn renewal(&self) -> String {
        let profile = match &self.session.source {
            Source::Profile(profile) => Some(&profile.source_profile),
            Source::Federated(_) | Source::Chained(_) => self.assumer_profile,
        };
        match profile {
            Some(profile) => format!("renew what profile `{profile}` starts from: its keys, its token or its sign-in"),
            None => format!("run: leapp login {}", self.session.assumer().unwrap_or(&self.session.alias)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_messages_of_sts_are_told_apart() {
        let kind = |code, message, status| Fault::of(code, message, status).kind;
        assert_eq!(
            kind("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400),
            FaultKind::Expired
        );
        let signature = kind("InvalidIdentityToken", "Response signature invalid", 400);
        assert_eq!(signature, FaultKind::InvalidAssertion(Flaw::Metadata));
        let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        assert_eq!(kind("ValidationError", too_long, 400), FaultKind::DurationTooLong);
        let chained =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        assert_eq!(kind("ValidationError", chained, 400), FaultKind::DurationTooLong);
        assert_eq!(kind("ValidationError", "something else", 400), FaultKind::Other);
        let mfa = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
        assert_eq!(kind("AccessDenied", mfa, 403), FaultKind::WrongMfaCode);
        assert_eq!(kind("AccessDenied", "User: x is not authorized", 403), FaultKind::AccessDenied);
        assert_eq!(kind("Throttling", "Rate exceeded", 400), FaultKind::Throttled);
        assert_eq!(kind("", "", 503), FaultKind::Broken);
        assert_eq!(Fault::of("", "", 503).message, "status 503");
        assert_eq!(kind("SignatureDoesNotMatch", "Signature expired: 2026…", 403), FaultKind::ClockSkew);
    }
}
