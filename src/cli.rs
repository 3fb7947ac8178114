//! The command line: clap's types.

// A doc comment here would take the place of the verb's own in its help, for a verb's arguments are made last.
#![allow(missing_docs)]

mod frequent;
mod profile;
mod session;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

pub use profile::{ProfileArgs, ProfileCommand, Sync, WriteProfile};
pub use session::{
    Add, AddChained, AddFederated, AddKind, AddProfile, AssumerField, ChainedFields, CommonFields, DurationField, Edit,
    FederatedFields, ProfileFields, Remove, Rename, RoleField, SessionArgs, SessionCommand, Show,
};

/// AWS credentials of a named session, in a child process or in this shell.
#[derive(Debug, Parser)]
#[command(name = "leapp", version, max_term_width = 100, arg_required_else_help = true, infer_subcommands = false)]
pub struct Cli {
    /// What every verb takes
    #[command(flatten)]
    pub common: Common,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

// What every verb takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Say each step on standard error, without secrets
    #[arg(short, long, global = true, display_order = 1000)]
    pub verbose: bool,
}

/// The verbs. Deferred: only the arguments of the verb that is given are made.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Run a command with a session's credentials
    Exec(Exec),
    /// Print a session's credentials as commands for the shell
    Env(Env),
    /// Sign in to a session, and get new credentials
    Login(Login),
    /// Get new credentials for what is signed in, without asking
    Renew(Renew),
    /// Serve a session's credentials to programs that leapp does not start
    Serve(Serve),
    /// Forget a session's credentials
    Logout(Logout),
    /// Print a session's credentials for an AWS SDK that asks a program for them
    CredentialProcess(CredentialProcess),
    /// Open the AWS console as a session, in a browser of its own
    Console(Console),
    /// Write named profiles into ~/.aws, for programs that ask AWS SDKs for one
    Profile(ProfileArgs),
    /// Forget the unlocked key of the vault; what is kept stays
    Lock,
    /// Begin with an empty vault
    Vault(VaultArgs),
    /// List the sessions
    #[command(alias = "ls")]
    List(List),
    /// Say which session this shell holds, and where it comes from
    Status(Status),
    /// Print the script by which a shell follows .leapp files
    Hook(Hook),
    /// Let the nearest .leapp file switch the shell to the session that it names
    Allow(TrustPath),
    /// Let the nearest .leapp file switch the shell to no session
    Deny(TrustPath),
    /// List the .leapp files that were allowed or denied
    Trust(Trust),
    /// Print what a shell has to do in this directory; the hooks run it
    #[command(hide = true)]
    HookEnv(HookEnv),
    /// Add, show and change sessions
    Session(Box<SessionArgs>),
}

// What `exec`, `env` and `login` have in common.
#[derive(Debug, Args)]
pub struct Asking {
    /// Ask for credentials that last this long (4h, 90m, 3600)
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<String>,
    /// Neither read nor keep any credentials
    #[arg(long)]
    pub no_cache: bool,
}

// What `exec` and `env` have in common.
#[derive(Debug, Args)]
pub struct Using {
    /// Work in this region
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Renew credentials that end sooner than this first; those never granted for so long, after half their life
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub min_ttl: String,
    /// How to ask for them
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "leapp exec [OPTIONS] [SESSION] [--] COMMAND [ARG]...\n       leapp exec [OPTIONS] [SESSION]",
    after_help = "Without COMMAND, your shell is started. Exit codes: the command's own; 125 where leapp failed,\n\
                  126 where the command cannot be run, 127 where there is none.\n\n\
                  Example: leapp exec prod -- terraform plan"
)]
pub struct Exec {
    /// Which credentials
    #[command(flatten)]
    pub using: Using,
    /// Stay, and renew the credentials for as long as the command runs
    #[arg(long)]
    pub refresh: bool,
    /// Do not stay, also where the session says so
    #[arg(long, overrides_with = "refresh")]
    pub no_refresh: bool,
    /// The session; on a terminal it is asked for
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: eval \"$(leapp env dev)\"")]
pub struct Env {
    /// Which credentials
    #[command(flatten)]
    pub using: Using,
    /// The session; on a terminal it is asked for
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Write for this shell: sh, bash, zsh, ksh, fish, nushell, elvish, tcsh, xonsh, powershell
    #[arg(long, value_name = "SHELL")]
    pub shell: Option<String>,
    /// Write in this format: json, dotenv
    #[arg(long, value_name = "FORMAT", conflicts_with = "shell")]
    pub format: Option<String>,
    /// Take all credentials out of the shell
    #[arg(long, conflicts_with_all = ["session", "format"])]
    pub unset: bool,
    /// Do not ask before a protected session's credentials enter the shell
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "leapp serve [OPTIONS] [SESSION]\n       leapp serve --stop [SESSION]",
    after_help = "Prints the variables by which AWS SDKs find the server. It renews the credentials, and ends with the shell\n\
                  that it was started from.\n\nExample: eval \"$(leapp serve prod)\""
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Serve {
    /// Which credentials
    #[command(flatten)]
    pub using: Using,
    /// The session; on a terminal it is asked for
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Write for this shell: sh, bash, zsh, ksh, fish, nushell, elvish, tcsh, xonsh, powershell
    #[arg(long, value_name = "SHELL")]
    pub shell: Option<String>,
    /// Print the two variables as JSON
    #[arg(long, conflicts_with = "shell")]
    pub json: bool,
    /// Listen on this unix socket too, for containers
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Stay in front, until a signal comes or the process that started it ends
    #[arg(long)]
    pub foreground: bool,
    /// Stop the servers of the session, or all of them
    #[arg(long, conflicts_with_all = ["shell", "json", "socket", "foreground"])]
    pub stop: bool,
    /// Do not ask before a protected session's credentials are served to the shell
    #[arg(long)]
    pub yes: bool,
    /// The process whose end is the server's
    #[arg(long, hide = true)]
    pub attached: Option<String>,
}

#[derive(Debug, Args)]
pub struct Login {
    /// How to ask for credentials
    #[command(flatten)]
    pub asking: Asking,
    /// The session; on a terminal it is asked for
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Take the SAML response from this file, or from standard input (-), in place of a browser
    #[arg(long, value_name = "FILE")]
    pub saml_response: Option<OsString>,
    /// Sign in to every session, once at each identity provider
    #[arg(long, conflicts_with_all = ["session", "saml_response", "no_cache"])]
    pub all: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Nobody is asked for anything: what needs you stays as it is, and is named.\n\nExample: leapp renew prod"
)]
pub struct Renew {
    /// The session; without one, every session that is signed in
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Every session that is signed in
    #[arg(long, conflicts_with = "session")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// The session; sessions chained from it are signed out too, and what `leapp serve` started for them stops
    #[arg(value_name = "SESSION", required_unless_present = "all")]
    pub session: Option<String>,
    /// Forget everything that signing in brought: all credentials, and what browsers remember
    #[arg(long, conflicts_with = "session")]
    pub all: bool,
    /// Forget also that the browser is signed in at the session's identity provider, and in the console
    #[arg(long, conflicts_with = "all")]
    pub browser: bool,
}

#[derive(Debug, Args)]
pub struct VaultArgs {
    /// What to do with it
    #[command(subcommand)]
    pub command: VaultCommand,
}

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Forget all that is in the vault, and its key; the next sign-in makes a new one
    Reset(Reset),
}

#[derive(Debug, Args)]
pub struct Reset {
    /// Do not ask
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print a short segment for a prompt: the session, and how long it lasts
    #[arg(long, conflicts_with = "json")]
    pub prompt: bool,
    /// Show how long each session lasts, until Ctrl-C
    #[arg(long, conflicts_with_all = ["json", "prompt"])]
    pub watch: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "In ~/.bashrc:                    eval \"$(leapp hook bash)\"\n\
                        In ~/.zshrc:                     eval \"$(leapp hook zsh)\"\n\
                        In ~/.config/fish/config.fish:   leapp hook fish | source\n\n\
                        The other shells: docs/hooks.md")]
pub struct Hook {
    /// The shell: bash, zsh, ksh, fish, nushell, elvish, tcsh, xonsh, powershell
    #[arg(value_name = "SHELL")]
    pub shell: String,
    /// bash: follow `cd` within a line too, by functions in place of cd, pushd and popd
    #[arg(long)]
    pub wrap_cd: bool,
}

#[derive(Debug, Args)]
pub struct HookEnv {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: String,
}

#[derive(Debug, Args)]
pub struct TrustPath {
    /// The file, or its directory [default: the nearest from here upwards]
    #[arg(value_name = "PATH")]
    pub path: Option<OsString>,
}

#[derive(Debug, Args)]
pub struct Trust {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Prints JSON, version 1 of what `credential_process` of ~/.aws/config stands for. Where you are needed,\n\
                  you are asked on the terminal, whoever reads standard output and error; without a terminal it fails,\n\
                  and one line says what to run.\n\n\
                  Example, in ~/.aws/config:\n  [profile prod]\n  \
                  credential_process = /usr/local/bin/leapp credential-process prod"
)]
pub struct CredentialProcess {
    /// The session
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// Fail rather than ask, even on a terminal
    #[arg(long)]
    pub no_prompt: bool,
    /// Take this long at most; where nobody can be asked, wait that long for a sign-in elsewhere
    #[arg(long, value_name = "SPAN")]
    pub wait: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Each session has a browser profile of its own, so that several accounts can be open side by side.\n\
                  What --print prints signs in whoever has it, for 15 minutes.\n\n\
                  Example: leapp console prod --service s3"
)]
pub struct Console {
    /// The session; on a terminal it is asked for
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Print the address that signs in, and open nothing
    #[arg(long)]
    pub print: bool,
    /// Begin at the page of this service: s3, ec2, lambda …
    #[arg(long, value_name = "SERVICE", conflicts_with = "url")]
    pub service: Option<String>,
    /// Begin at this page of the console
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Open this browser, a path or a name: one of the Chromium family, or Firefox
    #[arg(long, value_name = "BROWSER", conflicts_with = "print")]
    pub browser: Option<String>,
}

#[derive(Debug, Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
