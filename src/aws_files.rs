//! The person's `~/.aws/config` and `~/.aws/credentials`: read, and never written.
//!
//! leapp reads the files, bounded, and gives their text to the AWS SDK's own parser: what is decided here is decided of
//! the same settings that the SDK then walks.

use std::{
    cell::OnceCell,
    error::Error as _,
    path::Path,
    pin::pin,
    task::{self, Poll, Waker},
};

use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use zeroize::Zeroizing;

pub(crate) use aws_config::profile::Profile as Properties;

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
    profiles: ProfileSet,
}

/// One of the files.
struct AwsFile {
    kind: EnvConfigFileKind,
    /// As a person writes its path.
    name: String,
    /// None where there is no file.
    text: Option<Zeroizing<String>>,
}

/// The files, read when they are first needed, and once: what is checked is what is used.
pub(crate) struct OnDemand<'a> {
    context: &'a Context,
    files: OnceCell<AwsFiles>,
}

impl<'a> OnDemand<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { context, files: OnceCell::new() }
    }

    pub(crate) fn get(&self) -> Result<&AwsFiles> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let files = AwsFiles::read(self.context)?;
        Ok(self.files.get_or_init(|| files))
    }
}

impl AwsFiles {
    /// Reads both, from where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say. A file that is not there is as
    /// good as an empty one.
    pub(crate) fn read(context: &Context) -> Result<Self> {
        let config = AwsFile::read(context, EnvConfigFileKind::Config, "AWS_CONFIG_FILE", ".aws/config")?;
        let credentials =
            AwsFile::read(context, EnvConfigFileKind::Credentials, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")?;
        let profiles = parsed(&[&config, &credentials]).map_err(|why| {
            // The SDK does not know the names of the files that it was given.
            let broken = [&config, &credentials].into_iter().find(|file| parsed(&[file]).is_err());
            let name = broken.map_or("the files of ~/.aws", |file| &file.name);
            Error::new(format!("cannot read {name}")).because(why)
        })?;
        Ok(Self { config, credentials, profiles })
    }

    /// The text of both, for the SDK to walk.
    pub(crate) fn contents(&self) -> EnvConfigFiles {
        contents(&[&self.config, &self.credentials])
    }

    /// As [`AwsFiles::contents`], with more behind the credentials.
    pub(crate) fn contents_with(&self, more: String) -> EnvConfigFiles {
        let more =
            AwsFile { kind: EnvConfigFileKind::Credentials, name: String::new(), text: Some(Zeroizing::new(more)) };
        contents(&[&self.config, &self.credentials, &more])
    }

    /// The names of all profiles, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.profiles.profiles().collect();
        names.sort_unstable();
        names
    }

    /// A profile, with what both files say of it.
    pub(crate) fn profile(&self, name: &str) -> Option<&Properties> {
        self.profiles.get_profile(name)
    }

    /// The error where a profile is not there: with the names that are near.
    pub(crate) fn no_profile(&self, name: &str) -> Error {
        let (config, credentials) = (&self.config.name, &self.credentials.name);
        let what = Error::usage(format!("there is no profile `{name}`"));
        if self.config.text.is_none() && self.credentials.text.is_none() {
            return what.because(format!("there is neither {config} nor {credentials}"));
        }
        let error = what.because(format!("it is in neither {config} nor {credentials}"));
        if !is_identifier(name) {
            return error.hint("the AWS SDK takes only profiles with letters, digits and _-/.%@:+ in their names");
        }
        let bare = format!("[{name}]");
        if self.config.text().lines().any(|line| line.trim_end() == bare) {
            return error.hint(format!("write [profile {name}] in {config}, in place of {bare}"));
        }
        let names = self.names();
        let near = near::nearest(name, names.iter().copied());
        let near: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
        if near.is_empty() { error } else { error.hint(format!("did you mean {}?", near.join(" or "))) }
    }

    /// A short name for all that the files say. Whatever changes in them may shape a profile's credentials: the profiles
    /// and services that it refers to are for the SDK to find.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&[self.config.text(), self.credentials.text()])
    }
}

impl AwsFile {
    fn read(context: &Context, kind: EnvConfigFileKind, variable: &str, usual: &str) -> Result<Self> {
        let home = &context.paths().home;
        let path = match context.environment().get_os(variable).map(Path::new) {
            Some(path) => path.strip_prefix("~").map_or(path.to_owned(), |rest| home.join(rest)),
            None => home.join(usual),
        };
        let name = context.paths().short(&path);
        let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot read {name}")).because(why);
        let bytes = files::read_bounded_or_null(&path, MAX_BYTES).map_err(|error| cannot(&error))?.map(Zeroizing::new);
        let text = bytes.map(|bytes| std::str::from_utf8(&bytes).map(text_of)).transpose();
        let text = text.map_err(|_| cannot(&"it is not UTF-8"))?;
        Ok(Self { kind, name, text })
    }

    fn text(&self) -> &str {
        self.text.as_deref().map_or("", String::as_str)
    }
}

/// The text without the mark that some editors put before it.
fn text_of(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// Whether the SDK takes a name; others it passes over in silence.
fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c))
}

fn contents(files: &[&AwsFile]) -> EnvConfigFiles {
    files.iter().fold(EnvConfigFiles::builder(), |all, file| all.with_contents(file.kind, file.text())).build()
}

/// What the SDK reads in the files: nothing of the environment, and nothing of the disk. Else what it says of a broken
/// one: the line, and never what is in it.
fn parsed(files: &[&AwsFile]) -> Result<ProfileSet, String> {
    let (fs, env, files) = (Fs::from_slice(&[]), Env::from_slice(&[]), contents(files));
    let mut loading = pin!(profile::load(&fs, &env, &files, None));
    // With the text at hand there is nothing to wait for, and so no need of a runtime.
    match loading.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(profiles)) => Ok(profiles),
        Poll::Ready(Err(error)) => Err(in_line(&error.source().unwrap_or(&error).to_string())),
        Poll::Pending => Err("the AWS SDK waits for something".to_owned()),
    }
}

/// `error parsing FILE on line 2:\n  why` without the name of the file, which the SDK does not know.
fn in_line(said: &str) -> String {
    let why = said.split_once(" on ").map_or(said, |(_, why)| why);
    why.split_whitespace().collect::<Vec<_>>().join(" ")
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
        assert_eq!(files.names(), ["a", "b", "default"]);
        let a = files.profile("a").expect("a");
        assert_eq!((a.get("region"), a.get("x")), (Some("eu-west-1"), Some("keys")));
    }

    #[test]
    fn the_environment_says_where_the_files_are() {
        let home = Home::new("[profile a]\n", "[b]\n");
        home.write("other", "[profile c]\n");
        let files = home.read(&[("AWS_CONFIG_FILE", "~/.aws/other"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")]);
        assert_eq!(files.expect("files").names(), ["c"]);
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
        assert_eq!(said, "leapp: cannot read ~/.aws/credentials: line 2: Expected an '=' sign defining a property");
        fs::write(home.0.path().join(".aws/credentials"), b"[a]\nx = \xff\n").expect("written");
        assert!(home.read(&[]).err().expect("an error").to_string().contains("it is not UTF-8"));
    }

    #[test]
    fn the_digest_follows_what_the_files_say() {
        let home = Home::new("[profile a]\nrole_arn = r\n", "[b]\naws_access_key_id = 1\n");
        let before = home.files().digest().short();
        assert_eq!(home.files().digest().short(), before);
        for (file, text) in [("config", "[profile a]\nrole_arn = q\n"), ("credentials", "[b]\naws_access_key_id = 2\n")]
        {
            let home = Home::new("[profile a]\nrole_arn = r\n", "[b]\naws_access_key_id = 1\n");
            home.write(file, text);
            assert_ne!(home.files().digest().short(), before, "{file}: {text}");
        }
    }
}
