//! A session and its parts: read once, valid ever after.

mod arn;
mod duration;
mod file_name;
mod names;
mod role_session_name;

use std::collections::BTreeMap;

pub use arn::{Invalid, ProviderArn, RoleArn};
pub use duration::{SessionDuration, parse_span, span};
pub use names::{Alias, ExternalId, MfaDevice, Policy, PolicyArn, ProfileName, Region, SamlUrl, SourceIdentity};
pub use role_session_name::RoleSessionName;

/// A named entry of the config: whose credentials, and how they come.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its name.
    pub alias: Alias,
    /// The region to work in; where it is none, the config's `default_region`.
    pub region: Option<Region>,
    /// The named profile of `~/.aws/config` that this session stands for.
    pub profile: Option<ProfileName>,
    /// How long its credentials are asked to last.
    pub duration: Option<SessionDuration>,
    /// Never switched to by a directory, and `env` asks first.
    pub protected: bool,
    /// Whether a directory may switch to it.
    pub auto: Auto,
    /// `exec` stays and renews its credentials (`exec = "refresh"`).
    pub refresh: bool,
    /// How its credentials come.
    pub source: Source,
}

/// Whether a `.leapp` file may switch to a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auto {
    /// After the person allowed the file.
    #[default]
    Ask,
    /// Always: any file that nobody else may write to.
    Allow,
    /// Never.
    Never,
}

impl Auto {
    /// Reads the word that stands in the config.
    ///
    /// # Errors
    /// Where it is none of them.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "ask" => Ok(Self::Ask),
            "allow" => Ok(Self::Allow),
            "never" => Ok(Self::Never),
            other => Err(format!("`{other}` is none of ask, allow, never")),
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Allow => "allow",
            Self::Never => "never",
        }
    }
}

/// How a session's credentials come.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Sign in at a SAML identity provider, then `sts:AssumeRoleWithSAML`.
    Federated(Federated),
    /// `sts:AssumeRole` with another session's credentials.
    Chained(Box<Chained>),
    /// Whatever a profile of `~/.aws/config` or `~/.aws/credentials` yields.
    Profile(Profile),
}

/// An AWS IAM role federated: the person signs in at a SAML 2.0 identity provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Federated {
    /// Where the sign-in starts.
    pub saml_url: SamlUrl,
    /// The identity provider as IAM knows it.
    pub idp_arn: ProviderArn,
    /// The role to assume.
    pub role_arn: RoleArn,
}

/// An AWS IAM role chained: assumed with the credentials of another session.
#[derive(Clone, Debug, PartialEq)]
pub struct Chained {
    /// The session it starts from.
    pub assumer: Alias,
    /// The role to assume.
    pub role_arn: RoleArn,
    /// The name under which it appears in CloudTrail.
    pub role_session_name: RoleSessionName,
    /// What the role's trust policy asks a third party for.
    pub external_id: Option<ExternalId>,
    /// Who is behind the chain.
    pub source_identity: Option<SourceIdentity>,
    /// Session tags: at most 50; keys of 1 to 128 characters, values of at most 256.
    pub tags: BTreeMap<String, String>,
    /// The keys of those tags that are passed on along a chain.
    pub transitive_tags: Vec<String>,
    /// Managed policies that narrow the session: at most 10.
    pub policy_arns: Vec<PolicyArn>,
    /// An inline policy that narrows the session.
    pub policy: Option<Policy>,
    /// The MFA device whose code the role's trust policy asks for.
    pub mfa_device: Option<MfaDevice>,
}

/// A profile that people have already: static keys, a `credential_process`, a role and its `source_profile` …
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name in `~/.aws/config` or `~/.aws/credentials`.
    pub source_profile: ProfileName,
}

impl Session {
    /// The role that this session assumes; none where a profile decides who it is.
    pub fn role_arn(&self) -> Option<&RoleArn> {
        match &self.source {
            Source::Federated(federated) => Some(&federated.role_arn),
            Source::Chained(chained) => Some(&chained.role_arn),
            Source::Profile(_) => None,
        }
    }

    /// Whose credentials its name stands for: its role, else its profile.
    pub fn stands_for(&self) -> String {
        match &self.source {
            Source::Federated(federated) => federated.role_arn.to_string(),
            Source::Chained(chained) => chained.role_arn.to_string(),
            Source::Profile(profile) => format!("profile {}", profile.source_profile),
        }
    }

    /// The session that this one starts from.
    pub fn assumer(&self) -> Option<&Alias> {
        match &self.source {
            Source::Federated(_) | Source::Profile(_) => None,
            Source::Chained(chained) => Some(&chained.assumer),
        }
    }

    /// The word for its kind in the config.
    pub fn kind(&self) -> &'static str {
        match &self.source {
            Source::Federated(_) => "federated",
            Source::Chained(_) => "chained",
            Source::Profile(_) => "profile",
        }
    }
}
