//! The files of `~/.aws` on the disk: read, and changed under a lock.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    context::Context,
    error::{Error, Result},
    files,
    lock::Lock,
    named_profiles::{Kind, Profile, Refused, Restored, diff},
    rewrite,
};

/// A file larger than this is none that an SDK would read.
const MAX_BYTES: u64 = 4 << 20;
/// How long another process may take to change it.
const LONGEST_EDIT: Duration = Duration::from_secs(30);

/// One of the two files.
pub(crate) struct ProfileFile {
    pub(crate) path: PathBuf,
    kind: Kind,
    /// As a person would write it.
    pub(crate) name: String,
}

impl ProfileFile {
    /// The file that AWS's own programs read here, by the variables that they know it by (AWS SDKs and Tools Reference
    /// Guide, "Location of the shared config and credentials files").
    pub(crate) fn here(context: &Context, kind: Kind) -> Self {
        let (variable, usual) = match kind {
            Kind::Config => ("AWS_CONFIG_FILE", ".aws/config"),
            Kind::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        };
        let home = &context.paths().home;
        let named = context.environment().get_os(variable).map(PathBuf::from);
        let path = match named {
            None => home.join(usual),
            // botocore expands it, since no shell did.
            Some(path) => path.strip_prefix("~").map(|rest| home.join(rest)).unwrap_or(path),
        };
        Self::at(context, path, kind)
    }

    /// A file that leapp wrote to before.
    pub(crate) fn at(context: &Context, path: PathBuf, kind: Kind) -> Self {
        let name = context.paths().short(&path);
        Self { path, kind, name }
    }

    /// Its bytes; none where there is no file.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>> {
        files::read_bounded_or_null(&self.path, MAX_BYTES)
            .map_err(|error| Error::new(format!("cannot read {}", self.name)).because(error))
    }

    /// The profiles of leapp's block in it.
    ///
    /// # Errors
    /// Where it cannot be read, or its block has no end.
    pub(crate) fn profiles(&self) -> Result<Vec<Profile>> {
        let restored = Restored::from(self.read()?.as_deref(), self.kind);
        restored.map(|restored| restored.profiles).map_err(|refused| self.explain(&refused))
    }

    /// Has `edit` make new bytes of it, and puts those in its place; gives a diff.
    pub(crate) fn change(
        &self,
        context: &Context,
        dry_run: bool,
        edit: impl FnOnce(&Restored) -> Result<Option<Vec<u8>>, Refused>,
    ) -> Result<Changed> {
        let cannot = |why: &dyn std::fmt::Display| {
            Error::new(format!("cannot write {}", self.name)).because(why).hint("nothing was changed")
        };
        let lock = match self.kind {
            Kind::Config => "aws-config",
            Kind::Credentials => "aws-credentials",
        };
        let _lock = Lock::take(context, lock, &format!("change {}", self.name), LONGEST_EDIT)?;
        let path = rewrite::target(&self.path).map_err(|error| cannot(&error))?;
        if !dry_run {
            self.sweep();
        }
        let before = self.read()?;
        let restored = Restored::from(before.as_deref(), self.kind).map_err(|refused| self.explain(&refused))?;
        let after = edit(&restored).map_err(|refused| self.explain(&refused))?;
        let shown = diff(&self.name, before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        if before != after && !dry_run {
            if files::is_null(&path) {
                return Err(cannot(
                    &"it is the null device, which AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE names",
                ));
            }
            if rewrite::is_read_only(&path) {
                return Err(cannot(&"it is read-only"));
            }
            let is_as_read = || self.read().is_ok_and(|now| now == before);
            match &after {
                Some(bytes) => rewrite::replace(&path, bytes, is_as_read),
                None => remove_if(&path, is_as_read),
            }
            .map_err(|error| cannot(&error))?;
        }
        Ok(Changed { diff: shown, any: before != after, had_block: restored.had_block() })
    }

    /// Removes what killed processes left beside the file: keys in plain text, as it may be.
    pub(crate) fn sweep(&self) {
        let has_block = |bytes: &[u8]| Restored::from(Some(bytes), self.kind).is_ok_and(|file| file.had_block());
        rewrite::sweep(&self.path, has_block);
    }

    fn explain(&self, refused: &Refused) -> Error {
        match refused {
            Refused::Marks { line } => Error::usage(format!("{}:{line}", self.name))
                .because("this mark of leapp's block stands without the other")
                .hint("remove the line, or put the other mark back"),
            Refused::Taken { name, line } => {
                let again = match self.kind {
                    Kind::Config => "leapp profile sync --force".to_owned(),
                    Kind::Credentials => format!("leapp profile write {} --static --force", shell_words::quote(name)),
                };
                Error::usage(format!("{}:{line}", self.name))
                    .because(format!("there is a named profile `{name}` already, and not of leapp's making"))
                    .hint(format!("to set it aside, run: {again}"))
                    .hint("or give the session another one: `profile` in its settings")
            }
        }
    }
}

/// What came of a change.
pub(crate) struct Changed {
    /// For a person to read.
    pub(crate) diff: String,
    /// Whether there was anything to change.
    pub(crate) any: bool,
    /// Whether the file had a block before.
    pub(crate) had_block: bool,
}

fn remove_if(path: &Path, is_as_read: impl FnOnce() -> bool) -> io::Result<()> {
    if !is_as_read() {
        return Err(io::Error::other("another program changed it meanwhile"));
    }
    fs::remove_file(path)
}
