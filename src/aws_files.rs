//! The person's `~/.aws/config` and `~/.aws/credentials`: read, and never written.

mod grammar;

use std::path::{Path, PathBuf};

pub(crate) use grammar::Properties;
use grammar::{FileKind, PROFILE, SectionName, Sections};
use zeroize::Zeroizing;

use crate::{
    context::Context,
    digest::Digest,
    error::{Error, Result},
    files, near,
};

/// Files larger than this are not read; a thousand profiles take about 300 KB.
const MAX_BYTES: u64 = 4 << 20;

/// Both files as they were at one moment.
pub(crate) struct AwsFiles {
    config: AwsFile,
    credentials: AwsFile,
    sections: Sections,
}

/// One of the files.
struct AwsFile {
    /// As a person writes its path.
    name: String,
    path: PathBuf,
    /// None where there is no file.
    text: Option<Zeroizing<String>>,
}

impl AwsFiles {
    /// Reads both, from where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say. A file that is not there is as
    /// good as an empty one.
    pub(crate) fn read(context: &Context) -> Result<Self> {
        let config = AwsFile::read(context, "AWS_CONFIG_FILE", ".aws/config")?;
        let credentials = AwsFile::read(context, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")?;
        let mut sections = config.sections(FileKind::Config)?;
        for (name, properties) in credentials.sections(FileKind::Credentials)? {
            sections.entry(name).or_default().extend(properties);
        }
        Ok(Self { config, credentials, sections })
    }

    /// The text of the config file.
    pub(crate) fn config(&self) -> &str {
        self.config.text()
    }

    /// The text of the credentials file.
    pub(crate) fn credentials(&self) -> &str {
        self.credentials.text()
    }

    /// The names of all profiles, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().filter(|section| section.kind == PROFILE).map(|section| section.name.as_str())
    }

    /// A profile, with what both files say of it.
    pub(crate) fn profile(&self, name: &str) -> Option<&Properties> {
        self.sections.get(&SectionName::new(PROFILE, name))
    }

    /// The error where a profile is not there: with the names that are near.
    pub(crate) fn no_profile(&self, name: &str) -> Error {
        let (config, credentials) = (&self.config.name, &self.credentials.name);
        let what = Error::usage(format!("there is no profile `{name}`"));
        if self.config.text.is_none() && self.credentials.text.is_none() {
            return what.because(format!("there is neither {config} nor {credentials}"));
        }
        let error = what.because(format!("it is in neither {config} nor {credentials}"));
        if !grammar::is_identifier(name) {
            return error.hint("the AWS SDK takes only profiles with letters, digits and _-/.%@:+ in their names");
        }
        if self.sections.contains_key(&SectionName::new("", name)) {
            return error.hint(format!("write [profile {name}] in {config}, in place of [{name}]"));
        }
        let near: Vec<String> = near::nearest(name, self.names()).iter().map(|near| format!("`{near}`")).collect();
        if near.is_empty() { error } else { error.hint(format!("did you mean {}?", near.join(" or "))) }
    }

    /// A short name for all that shapes a profile's credentials: the files' paths, the profile itself and whatever it
    /// refers to. What else changes in the files makes no difference.
    pub(crate) fn digest(&self, profile: &str) -> Digest {
        let mut parts: Vec<String> =
            [&self.config, &self.credentials].map(|file| file.path.display().to_string()).into();
        let mut wanted = vec![SectionName::new(PROFILE, profile)];
        let mut place = 0;
        while let Some(name) = wanted.get(place).cloned() {
            place += 1;
            let Some(properties) = self.sections.get(&name) else { continue };
            parts.extend([name.kind, name.name, properties.len().to_string()]);
            for (key, value) in properties {
                parts.extend([key.clone(), value.to_string()]);
            }
            let referred = [("source_profile", PROFILE), ("sso_session", "sso-session"), ("services", "services")];
            for (key, kind) in referred {
                let other = properties.get(key).map(|other| SectionName::new(kind, other));
                wanted.extend(other.filter(|other| !wanted.contains(other)));
            }
        }
        let parts = Zeroizing::new(parts);
        Digest::of(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl AwsFile {
    fn read(context: &Context, variable: &str, usual: &str) -> Result<Self> {
        let home = &context.paths().home;
        let path = match context.environment().get_os(variable).map(Path::new) {
            Some(path) => path.strip_prefix("~").map_or(path.to_owned(), |rest| home.join(rest)),
            None => home.join(usual),
        };
        let name = context.paths().short(&path);
        let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot read {name}")).because(why);
        let bytes = files::read_bounded(&path, MAX_BYTES).map_err(|error| cannot(&error))?.map(Zeroizing::new);
        let text = bytes.map(|bytes| std::str::from_utf8(&bytes).map(text_of)).transpose();
        let text = text.map_err(|_| cannot(&"it is not UTF-8"))?;
        Ok(Self { name, path, text })
    }

    fn text(&self) -> &str {
        self.text.as_deref().map_or("", String::as_str)
    }

    fn sections(&self, kind: FileKind) -> Result<Sections> {
        grammar::parse(kind, self.text()).map_err(|wrong| {
            Error::new(format!("cannot read {}", self.name)).because(format!("line {}: {}", wrong.line, wrong.why))
        })
    }
}

/// The text without the mark that some editors put before it.
fn text_of(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use time::OffsetDateTime;

    use super::*;
    use crate::context::Environment;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new(config: &str, credentials: &str) -> Self {
            let home = Self(tempfile::tempdir().expect("a folder"));
            fs::create_dir(home.0.path().join(".aws")).expect("made");
            home.write("config", config);
            home.write("credentials", credentials);
            home
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.0.path().join(".aws").join(name), text).expect("written");
        }

        fn read(&self, more: &[(&str, &str)]) -> Result<AwsFiles> {
            let home = self.0.path().to_str().expect("UTF-8");
            let variables = [("HOME", home)].into_iter().chain(more.iter().copied());
            AwsFiles::read(&Context::for_tests(Environment::of(variables), || OffsetDateTime::UNIX_EPOCH))
        }

        fn files(&self) -> AwsFiles {
            self.read(&[]).expect("files")
        }
    }

    #[test]
    fn both_files_speak_of_a_profile_and_the_credentials_have_the_last_word() {
        let home =
            Home::new("\u{feff}[profile a]\nregion = eu-west-1\nx = config\n[default]\n", "[a]\nx = keys\n[b]\n");
        let files = home.files();
        assert_eq!(files.names().collect::<Vec<_>>(), ["a", "b", "default"]);
        let a = files.profile("a").expect("a");
        assert_eq!((a["region"].as_str(), a["x"].as_str()), ("eu-west-1", "keys"));
    }

    #[test]
    fn the_environment_says_where_the_files_are() {
        let home = Home::new("[profile a]\n", "[b]\n");
        home.write("other", "[profile c]\n");
        let files = home.read(&[("AWS_CONFIG_FILE", "~/.aws/other"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")]);
        assert_eq!(files.expect("files").names().collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn a_missing_profile_is_told_with_what_was_meant() {
        let home = Home::new("[profile prod]\n[dev]\n", "");
        let files = home.files();
        let said = |name: &str| files.no_profile(name).to_string();
        assert_eq!(
            said("prdo"),
            "leapp: there is no profile `prdo`: it is in neither ~/.aws/config nor ~/.aws/credentials\n  did you mean `prod`?"
        );
        assert!(said("dev").contains("write [profile dev] in ~/.aws/config, in place of [dev]"));
        assert!(said("my prod").contains("letters, digits"));
        let nowhere = home.read(&[("AWS_CONFIG_FILE", "/x"), ("AWS_SHARED_CREDENTIALS_FILE", "/y")]).expect("files");
        assert!(nowhere.no_profile("a").to_string().contains("there is neither /x nor /y"));
    }

    #[test]
    fn a_broken_file_is_told_by_its_line_and_never_by_what_is_in_it() {
        let home = Home::new("", "[a]\naws_secret_access_key hush\n");
        let said = home.read(&[]).err().expect("an error").to_string();
        assert_eq!(said, "leapp: cannot read ~/.aws/credentials: line 2: a setting is KEY = VALUE");
        fs::write(home.0.path().join(".aws/credentials"), b"[a]\nx = \xff\n").expect("written");
        assert!(home.read(&[]).err().expect("an error").to_string().contains("it is not UTF-8"));
    }

    #[test]
    fn the_digest_follows_what_shapes_the_credentials_and_nothing_else() {
        let config = "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nsource_profile = a\nsso_session = s\n\
                      [sso-session s]\nsso_region = x\n[profile other]\n";
        let home = Home::new(config, "[b]\naws_access_key_id = 1\n");
        let before = home.files().digest("a").short();
        home.write(
            "config",
            &format!("# a comment\n{}other = 1\n", config.replace("[profile other]", "[profile new]")),
        );
        assert_eq!(home.files().digest("a").short(), before);
        for (file, text) in [
            ("config", config.replace("role_arn = r", "role_arn = q")),
            ("config", config.replace("sso_region = x", "sso_region = y")),
            ("credentials", "[b]\naws_access_key_id = 2\n".into()),
        ] {
            let home = Home::new(config, "[b]\naws_access_key_id = 1\n");
            let before = home.files().digest("a").short();
            home.write(file, &text);
            assert_ne!(home.files().digest("a").short(), before, "{file}: {text}");
        }
    }
}
