//! The verbs that shells and programs run at every turn, parsed without building the parsers of the others.

use std::ffi::OsString;

use clap::{Args, FromArgMatches as _};

use super::{Cli, Command, Common};

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// Where it is not one, or asks for help or the version.
    pub fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        match frequent(arguments) {
            Some(cli) => Ok(cli),
            // The parser of all verbs has the words for whatever is wrong, and all the help.
            None => <Self as clap::Parser>::try_parse_from(arguments),
        }
    }
}

/// A line whose first word is one of the frequent verbs, if it is right.
fn frequent(arguments: &[OsString]) -> Option<Cli> {
    match arguments.get(1)?.to_str()? {
        "exec" => of_verb(arguments, Command::Exec),
        "env" => of_verb(arguments, Command::Env),
        "credential-process" => of_verb(arguments, Command::CredentialProcess),
        "hook-env" => of_verb(arguments, Command::HookEnv),
        "status" => of_verb(arguments, Command::Status),
        _ => None,
    }
}

fn of_verb<A: Args>(arguments: &[OsString], verb: fn(A) -> Command) -> Option<Cli> {
    let parser = A::augment_args(Common::augment_args(clap::Command::new("leapp")));
    let matches = parser.try_get_matches_from(&arguments[1..]).ok()?;
    let command = verb(A::from_arg_matches(&matches).ok()?);
    Some(Cli { common: Common::from_arg_matches(&matches).ok()?, command })
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use clap::Parser as _;
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::cmd::exec::with_session_place;

    const VERBS: [&str; 6] = ["exec", "env", "credential-process", "hook-env", "status", "login"];

    /// Between them a space: the third is empty, and two are no UTF-8.
    const WORDS: &[u8] =
        b"prod ls  - -- -v --verbose -vv -vh -vx -v\xff -h --help -V --version --verb help -x \xff --region \
                           eu-west-1 --region=eu-west-1 --min-ttl 5m --duration=1h --no-cache --refresh --no-refresh \
                           --shell --json --format --unset --wait --prompt";

    fn words() -> Vec<OsString> {
        WORDS.split(|byte| *byte == b' ').map(|word| OsString::from_vec(word.to_vec())).collect()
    }

    proptest! {
        #[test]
        fn a_line_means_the_same_to_both_parsers(
            verb in select(&VERBS[..]),
            words in prop::collection::vec(select(words()), 0..6),
        ) {
            let line: Vec<OsString> = ["leapp", verb].map(OsString::from).into_iter().chain(words).collect();
            let read = |cli: Result<Cli, clap::Error>| cli.map(|cli| format!("{cli:?}")).map_err(|error| error.to_string());
            for line in [line.clone(), with_session_place(line)] {
                prop_assert_eq!(read(Cli::read(&line)), read(Cli::try_parse_from(&line)));
            }
        }
    }

    #[test]
    fn the_frequent_verbs_are_read_without_the_others() {
        for line in ["exec prod -- ls -l", "env dev --shell fish", "credential-process prod", "hook-env bash", "status"]
        {
            let line: Vec<OsString> = ["leapp"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            assert!(frequent(&line).is_some(), "{line:?}");
        }
    }
}
