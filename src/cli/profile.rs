//! The command line of `leapp profile`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// What to do with named profiles
    #[command(subcommand)]
    pub command: ProfileCommand,
}

// The verbs of `leapp profile`.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// Write a named profile into ~/.aws/config for every session that has `profile = …`
    Sync(Sync),
    /// Write a session's keys in plain text into ~/.aws/credentials, for programs that read nothing else
    Write(WriteProfile),
}

/// `leapp profile sync`.
#[derive(Debug, Args)]
#[command(
    after_help = "The profiles hold no keys: they name `leapp credential-process`, which an AWS SDK runs when it needs some.\n\
                  They stand in a block of their own at the end of the file; all else in it stays as it is, and\n\
                  --remove leaves it as it was before. AWS_CONFIG_FILE names another file.\n\n\
                  Example: leapp profile sync && AWS_PROFILE=prod aws sts get-caller-identity"
)]
pub struct Sync {
    /// Set a profile of the same name aside, as comments, until --remove; write also where ~/.aws/credentials has keys
    /// by that name, which win
    #[arg(long, conflicts_with = "remove")]
    pub force: bool,
    /// Take all of it out
    #[arg(long)]
    pub remove: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `leapp profile write`.
#[derive(Debug, Args)]
#[command(after_help = "`leapp logout` takes them out. AWS_SHARED_CREDENTIALS_FILE names another file.\n\n\
                  Example: leapp profile write prod --static")]
pub struct WriteProfile {
    /// The named profile of a session, or the session
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Yes, keys in plain text
    #[arg(long = "static")]
    pub plain: bool,
    /// Set a profile of the same name aside, as comments, until it is taken out
    #[arg(long)]
    pub force: bool,
}
