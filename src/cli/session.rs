//! The command line of `leapp session`. Every field of the config has a flag of its name.

use clap::{Args, Subcommand};

use super::CredentialProcess;

#[derive(Debug, Args)]
pub struct SessionArgs {
    /// What to do with a session
    #[command(subcommand)]
    pub command: SessionCommand,
}

// The verbs of `leapp session`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Add a session to the config
    Add(Add),
    /// Show a session's settings, and what follows from them
    Show(Show),
    /// Change a session's settings
    Edit(Edit),
    /// Give a session another name, also where others start from it
    Rename(Rename),
    /// Remove a session from the config, and forget its credentials
    #[command(alias = "rm")]
    Remove(Remove),
    /// Print credentials as `leapp credential-process` does; what the Leapp desktop app wrote into ~/.aws/config
    #[command(hide = true)]
    Generate(CredentialProcess),
}

/// `leapp session add`.
#[derive(Debug, Args)]
#[command(
    subcommand_value_name = "KIND",
    subcommand_help_heading = "Kinds",
    disable_help_subcommand = true,
    after_help = "On a terminal, what is missing is asked for. The config keeps its comments and its order.\n\n\
                  Example: leapp session add federated"
)]
pub struct Add {
    /// What kind of session
    #[command(subcommand)]
    pub kind: Option<AddKind>,
}

/// The kinds of session that can be added.
#[derive(Debug, Subcommand)]
pub enum AddKind {
    /// Sign in at a SAML 2.0 identity provider, and take a role there
    Federated(AddFederated),
    /// Start from another session, and assume a role with its credentials
    Chained(AddChained),
    /// Take whatever a profile of ~/.aws/config yields
    Profile(AddProfile),
}

/// `leapp session add federated`.
#[derive(Debug, Default, Args)]
#[command(after_help = "On a terminal, what is missing is asked for.\n\n\
                        Example:\n  leapp session add federated corp \\\n    \
                        --saml-url https://acme.okta.com/home/amazon_aws/0oa1/272 \\\n    \
                        --idp-arn arn:aws:iam::111122223333:saml-provider/okta \\\n    \
                        --role-arn arn:aws:iam::111122223333:role/Admin --region eu-west-1")]
pub struct AddFederated {
    /// The alias: what you call the session
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Where one signs in
    #[command(flatten)]
    pub federated: FederatedFields,
    /// Which role
    #[command(flatten)]
    pub role: RoleField,
    /// For how long
    #[command(flatten)]
    pub duration: DurationField,
    /// What every session has
    #[command(flatten)]
    pub common: CommonFields,
}

/// `leapp session add chained`.
#[derive(Debug, Default, Args)]
#[command(after_help = "On a terminal, what is missing is asked for.\n\n\
                        Example:\n  leapp session add chained prod --assumer corp \\\n    \
                        --role-arn arn:aws:iam::444455556666:role/Deploy --protected")]
pub struct AddChained {
    /// The alias: what you call the session
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Which session it starts from
    #[command(flatten)]
    pub assumer: AssumerField,
    /// Which role
    #[command(flatten)]
    pub role: RoleField,
    /// How the role is assumed
    #[command(flatten)]
    pub chained: ChainedFields,
    /// For how long
    #[command(flatten)]
    pub duration: DurationField,
    /// What every session has
    #[command(flatten)]
    pub common: CommonFields,
}

/// `leapp session add profile`.
#[derive(Debug, Default, Args)]
#[command(after_help = "On a terminal, what is missing is asked for. The files of ~/.aws are never written.\n\n\
                        Example:\n  leapp session add profile base --source-profile default")]
pub struct AddProfile {
    /// The alias: what you call the session
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Which profile
    #[command(flatten)]
    pub source: ProfileFields,
    /// What every session has
    #[command(flatten)]
    pub common: CommonFields,
}

/// What only federated sessions have.
#[derive(Debug, Default, Args)]
pub struct FederatedFields {
    /// SAML 2.0 URL: where the identity provider starts a sign-in to AWS
    #[arg(long, value_name = "URL")]
    pub saml_url: Option<String>,
    /// AWS identity provider ARN
    #[arg(long, value_name = "ARN")]
    pub idp_arn: Option<String>,
}

/// The role of a session.
#[derive(Debug, Default, Args)]
pub struct RoleField {
    /// Role ARN
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
}

/// Where a chained session starts.
#[derive(Debug, Default, Args)]
pub struct AssumerField {
    /// Assumer session: the one that it starts from
    #[arg(long, value_name = "SESSION")]
    pub assumer: Option<String>,
}

/// What else only chained sessions have.
#[derive(Debug, Default, Args)]
pub struct ChainedFields {
    /// Role session name in CloudTrail; {user} and {host} stand for yours [default: {user}@{host}]
    #[arg(long, value_name = "NAME")]
    pub role_session_name: Option<String>,
    /// External id that the role's trust policy asks for
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// Source identity, kept through the chain
    #[arg(long, value_name = "NAME")]
    pub source_identity: Option<String>,
    /// Session tag; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// Key of a tag that is passed on along the chain; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub transitive_tags: Vec<String>,
    /// Managed policy that narrows the session; may be given more than once
    #[arg(long, value_name = "ARN")]
    pub policy_arns: Vec<String>,
    /// Inline policy that narrows the session; from a file: "$(cat policy.json)"
    #[arg(long, value_name = "JSON")]
    pub policy: Option<String>,
    /// MFA device whose code the role's trust policy asks for
    #[arg(long, value_name = "ARN")]
    pub mfa_device: Option<String>,
}

/// What only profile sessions have.
#[derive(Debug, Default, Args)]
pub struct ProfileFields {
    /// Profile of ~/.aws/config or ~/.aws/credentials that the credentials come from
    #[arg(long, value_name = "NAME")]
    pub source_profile: Option<String>,
}

/// How long credentials last, where AWS is asked.
#[derive(Debug, Default, Args)]
pub struct DurationField {
    /// How long credentials are asked to last (4h, 90m, 3600)
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<String>,
}

/// What every session has.
#[derive(Debug, Default, Args)]
pub struct CommonFields {
    /// Region to work in [default: the config's default_region]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Named profile of ~/.aws/config that it stands for
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Never switched to by a directory, and `env` asks first
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub protected: Option<String>,
    /// Whether a directory's .leapp file may switch to it: ask, allow, never [default: ask]
    #[arg(long, value_name = "WHEN")]
    pub auto: Option<String>,
    /// Whether `exec` stays and renews the credentials [default: once]
    #[arg(long, value_name = "refresh|once")]
    pub exec: Option<String>,
}

/// `leapp session show`.
#[derive(Debug, Args)]
#[command(after_help = "Example: leapp session show prod")]
pub struct Show {
    /// The session
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `leapp session edit`.
#[derive(Debug, Args)]
#[command(after_help = "Without options, on a terminal, each setting is asked for: Enter keeps it, - removes it.\n\
                        A list that is given replaces the present one.\n\n\
                        Example: leapp session edit prod --region eu-west-1 --unset external-id")]
pub struct Edit {
    /// The session
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where one signs in
    #[command(flatten)]
    pub federated: FederatedFields,
    /// Which session it starts from
    #[command(flatten)]
    pub assumer: AssumerField,
    /// Which role
    #[command(flatten)]
    pub role: RoleField,
    /// How the role is assumed
    #[command(flatten)]
    pub chained: ChainedFields,
    /// Which profile
    #[command(flatten)]
    pub source: ProfileFields,
    /// For how long
    #[command(flatten)]
    pub duration: DurationField,
    /// What every session has
    #[command(flatten)]
    pub common: CommonFields,
    /// Remove this setting, named as its option is; may be given more than once
    #[arg(long, value_name = "SETTING")]
    pub unset: Vec<String>,
}

/// `leapp session rename`.
#[derive(Debug, Args)]
#[command(
    after_help = "Sessions that start from it follow. Its credentials are got again when they are next needed.\n\n\
                        Example: leapp session rename corp acme"
)]
pub struct Rename {
    /// The session
    #[arg(value_name = "OLD")]
    pub old: String,
    /// What to call it
    #[arg(value_name = "NEW")]
    pub new: String,
}

/// `leapp session remove`.
#[derive(Debug, Args)]
#[command(after_help = "A session that others are chained from stays, unless they are removed with it.\n\n\
                        Example: leapp session remove prod")]
pub struct Remove {
    /// The session
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Remove also the sessions that are chained from it
    #[arg(long)]
    pub chained: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}
