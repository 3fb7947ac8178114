//! The flags of a session's fields, read into settings.

use crate::{
    cli::{
        AddChained, AddFederated, AddProfile, AssumerField, ChainedFields, CommonFields, DurationField, Edit,
        FederatedFields, ProfileFields, RoleField,
    },
    config::{Field, Setting},
    error::{Error, Result},
};

/// Settings by field.
pub(super) type Settings = Vec<(&'static Field, Setting)>;

/// The key of a field, and what its flag was given.
type Given<'a> = (&'static str, &'a [String]);

impl AddFederated {
    /// Reads the flags.
    pub(super) fn settings(&self) -> Result<Settings> {
        let groups: [&[Given<'_>]; 4] =
            [&self.federated.given(), &self.role.given(), &self.duration.given(), &self.common.given()];
        read(groups)
    }
}

impl AddChained {
    /// Reads the flags.
    pub(super) fn settings(&self) -> Result<Settings> {
        let groups: [&[Given<'_>]; 5] = [
            &self.assumer.given(),
            &self.role.given(),
            &self.chained.given(),
            &self.duration.given(),
            &self.common.given(),
        ];
        read(groups)
    }
}

impl AddProfile {
    /// Reads the flags.
    pub(super) fn settings(&self) -> Result<Settings> {
        read([&self.source.given() as &[Given<'_>], &self.common.given()])
    }
}

impl Edit {
    /// Reads the flags.
    pub(super) fn settings(&self) -> Result<Settings> {
        let groups: [&[Given<'_>]; 7] = [
            &self.federated.given(),
            &self.assumer.given(),
            &self.role.given(),
            &self.chained.given(),
            &self.source.given(),
            &self.duration.given(),
            &self.common.given(),
        ];
        read(groups)
    }
}

impl FederatedFields {
    fn given(&self) -> [Given<'_>; 2] {
        [("saml_url", self.saml_url.as_slice()), ("idp_arn", self.idp_arn.as_slice())]
    }
}

impl AssumerField {
    fn given(&self) -> [Given<'_>; 1] {
        [("assumer", self.assumer.as_slice())]
    }
}

impl RoleField {
    fn given(&self) -> [Given<'_>; 1] {
        [("role_arn", self.role_arn.as_slice())]
    }
}

impl ChainedFields {
    fn given(&self) -> [Given<'_>; 8] {
        [
            ("role_session_name", self.role_session_name.as_slice()),
            ("external_id", self.external_id.as_slice()),
            ("source_identity", self.source_identity.as_slice()),
            ("tags", &self.tags),
            ("transitive_tags", &self.transitive_tags),
            ("policy_arns", &self.policy_arns),
            ("policy", self.policy.as_slice()),
            ("mfa_device", self.mfa_device.as_slice()),
        ]
    }
}

impl ProfileFields {
    fn given(&self) -> [Given<'_>; 1] {
        [("source_profile", self.source_profile.as_slice())]
    }
}

impl DurationField {
    fn given(&self) -> [Given<'_>; 1] {
        [("duration", self.duration.as_slice())]
    }
}

impl CommonFields {
    fn given(&self) -> [Given<'_>; 5] {
        [
            ("region", self.region.as_slice()),
            ("profile", self.profile.as_slice()),
            ("protected", self.protected.as_slice()),
            ("auto", self.auto.as_slice()),
            ("exec", self.exec.as_slice()),
        ]
    }
}

/// Reads what was given, in the order in which the config has the fields.
fn read<'a>(groups: impl IntoIterator<Item = &'a [Given<'a>]>) -> Result<Settings> {
    let given: Vec<&Given<'_>> = groups.into_iter().flatten().filter(|(_, values)| !values.is_empty()).collect();
    let mut settings = Settings::new();
    for field in &crate::config::FIELDS {
        if let Some((_, values)) = given.iter().find(|(key, _)| *key == field.key) {
            let cannot = |why| Error::usage(format!("cannot take {}", field.flag())).because(why);
            settings.push((field, field.read(values).map_err(cannot)?));
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use crate::{
        cli::{AddKind, Cli, Command, SessionCommand},
        config::Field,
    };

    /// A value that each field takes, with its flag.
    fn flag_with_value(field: &Field) -> String {
        let value = match field.key {
            "saml_url" => "https://idp.test/",
            "idp_arn" => "arn:aws:iam::111122223333:saml-provider/x",
            "role_arn" => "arn:aws:iam::111122223333:role/A",
            "region" => "eu-west-1",
            "duration" => "1h",
            "tags" => "a=b",
            "policy_arns" => "arn:aws:iam::aws:policy/A",
            "policy" => "{}",
            "protected" => "true",
            "auto" => "never",
            "exec" => "refresh",
            _ => "something",
        };
        format!("{}={value}", field.flag())
    }

    #[test]
    fn every_field_has_a_flag_that_arrives() {
        for kind in crate::config::KINDS {
            let flags = Field::of_kind(kind).map(flag_with_value);
            let words = ["leapp", "session", "add", kind].map(str::to_owned).into_iter().chain(flags);
            let cli = Cli::try_parse_from(words).expect("a command line");
            let Command::Session(session) = cli.command else { panic!("not a session command") };
            let SessionCommand::Add(add) = session.command else { panic!("not an add") };
            let settings = match add.kind.expect("a kind") {
                AddKind::Federated(arguments) => arguments.settings(),
                AddKind::Chained(arguments) => arguments.settings(),
                AddKind::Profile(arguments) => arguments.settings(),
            };
            assert_eq!(settings.expect("settings").len(), Field::of_kind(kind).count());
        }
    }

    #[test]
    fn every_flag_stands_for_a_field() {
        let mut command = Cli::command();
        command.build();
        let session = command.find_subcommand("session").expect("session");
        for path in [&["edit"] as &[&str], &["add", "federated"], &["add", "chained"], &["add", "profile"]] {
            let verb = path.iter().fold(session, |verb, name| verb.find_subcommand(name).expect("a verb"));
            for flag in verb.get_opts().filter_map(clap::Arg::get_long).filter(|flag| *flag != "unset") {
                assert!(Field::named(&flag.replace('-', "_")).is_some(), "{path:?} {flag}");
            }
        }
    }
}
