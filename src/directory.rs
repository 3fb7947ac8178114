//! The `.leapp` file by which a directory names its session: finding it, reading it, and whether it is trusted.

mod trust;

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

pub use leapp_core::directory_file::parse;
pub(crate) use trust::{Record, Verdict};

use crate::{
    config::Config,
    context::Context,
    owner,
    session::{Alias, Auto, Session},
};

/// The file's name.
pub(crate) const NAME: &str = ".leapp";

/// The longest file that is read, in bytes. The hooks read at least one more, so that they see every change of it.
const MAX_BYTES: u64 = 2048;

/// A file that names a session, read once: what is judged is what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryFile {
    /// Its path without symlinks: what trust is bound to.
    pub(crate) path: String,
    /// The session that it names.
    pub(crate) session: Alias,
}

/// What a file's word counts for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing<'c> {
    /// It may switch to this session.
    Trusted(&'c Session),
    /// The person has not allowed it yet.
    Unknown,
    /// No file may switch to this session: it is protected, or `auto = "never"`.
    Barred,
    /// The person denied it.
    Denied,
    /// The config has no such session.
    NoSession,
}

impl<'c> Standing<'c> {
    /// What the word of a file counts for under a config.
    pub(crate) fn of(context: &Context, config: &'c Config, file: &DirectoryFile) -> Self {
        let Some(session) = config.sessions.get(&file.session) else { return Self::NoSession };
        let is_in = |root: &PathBuf| fs::canonicalize(root).is_ok_and(|root| Path::new(&file.path).starts_with(root));
        match Record::verdict(context, file, Some(session)) {
            Verdict::Denied => Self::Denied,
            _ if session.protected || session.auto == Auto::Never => Self::Barred,
            Verdict::Allowed => Self::Trusted(session),
            Verdict::Unknown if session.auto == Auto::Allow || config.trusted_roots.iter().any(is_in) => {
                Self::Trusted(session)
            }
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// Why a file's word does not count, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PassedOver {
    /// As a fragment.
    pub(crate) why: String,
    pub(crate) hint: String,
}

impl PassedOver {
    /// What is to be said of a file in this standing; nothing of one that is trusted.
    pub(crate) fn of(standing: &Standing<'_>, shown: &str, alias: &Alias) -> Option<Self> {
        let (why, hint) = match standing {
            Standing::Trusted(_) => return None,
            Standing::Unknown => (format!("{shown} asks for session `{alias}`"), "run: leapp allow".into()),
            Standing::Barred => (
                format!("no directory switches to `{alias}`, as {shown} asks"),
                format!("to use it all the same, name it: {alias}"),
            ),
            Standing::Denied => {
                (format!("{shown} asks for session `{alias}`, and is denied"), "run: leapp allow".into())
            }
            Standing::NoSession => {
                (format!("{shown} asks for session `{alias}`, and there is none"), "run: leapp list".into())
            }
        };
        Some(Self { why, hint })
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.hint)
    }
}

/// The session that the directory of this process switches to; else why the nearest file does not, where there is one.
pub(crate) fn session<'c>(context: &Context, config: &'c Config) -> Result<&'c Session, Option<PassedOver>> {
    let path = current(context).and_then(|folder| nearest(&folder)).ok_or(None)?;
    let shown = context.paths().short(&path);
    let unread = |why| PassedOver { why: format!("{shown} is not used: {why}"), hint: "run: leapp list".into() };
    let file = read(&path).map_err(|why| Some(unread(why)))?;
    let standing = Standing::of(context, config, &file);
    if let Standing::Trusted(session) = standing {
        context.trace(|| format!("{} names `{}`", path.display(), session.alias));
        return Ok(session);
    }
    Err(PassedOver::of(&standing, &shown, &file.session))
}

/// The directory that this process works in: `$PWD` where that is the same one, for it keeps the symlinks by which the
/// person came. None where it is gone.
pub(crate) fn current(context: &Context) -> Option<PathBuf> {
    let here = fs::metadata(".").ok()?;
    let named = context.environment().get_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    let is_here = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == (here.dev(), here.ino()))
    };
    named.filter(is_here).or_else(|| nix::unistd::getcwd().ok())
}

/// The nearest file of that name, from a directory upwards. Only a regular one counts: the old app's own folder has
/// the same name on a disk that ignores case.
pub(crate) fn nearest(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
}

/// Reads a file.
///
/// # Errors
/// Why it cannot be used, as a fragment.
pub(crate) fn read(path: &Path) -> Result<DirectoryFile, String> {
    // Not waiting for a writer, where a FIFO came in its place.
    let open = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY).open(path);
    let mut file = open.map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    trusted(&metadata, "it")?;
    let canonical = canonical(path, &file)?;
    for folder in [path.parent(), canonical.parent()].into_iter().flatten() {
        trusted(&fs::metadata(folder).map_err(|error| error.to_string())?, "its directory")?;
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let path = canonical.into_os_string().into_string().map_err(|_| "its path is not UTF-8")?;
    Ok(DirectoryFile { path, session: parse(&bytes)? })
}

fn trusted(metadata: &fs::Metadata, what: &str) -> Result<(), String> {
    owner::check(metadata, what).map_err(|distrust| distrust.why)
}

/// The path without symlinks of a file that is open, if that is still the one there.
fn canonical(path: &Path, file: &File) -> Result<PathBuf, String> {
    let canonical = fs::canonicalize(path).map_err(|error| error.to_string())?;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = fs::symlink_metadata(&canonical).map(identity).map_err(|error| error.to_string())?;
    let opened = file.metadata().map(identity).map_err(|error| error.to_string())?;
    if there == opened { Ok(canonical) } else { Err("it changed while it was read".into()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn path(&self) -> PathBuf {
            self.0.path().canonicalize().expect("there")
        }

        fn write(&self, bytes: &[u8]) -> PathBuf {
            let path = self.path().join(NAME);
            fs::write(&path, bytes).expect("written");
            path
        }

        fn chmod(path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
        }
    }

    #[test]
    fn the_nearest_regular_file_is_found() {
        let folder = Folder::new();
        let file = folder.write(b"dev");
        let inner = folder.path().join("a/b");
        fs::create_dir_all(inner.join(NAME)).expect("made");
        assert_eq!(nearest(&inner), Some(file));
    }

    #[test]
    fn a_file_is_read_with_its_own_path() {
        let folder = Folder::new();
        let file = folder.write(b"dev\n");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).expect("linked");
        let read = read(&link.join(NAME)).expect("read");
        assert_eq!((read.path.as_str(), read.session.as_str()), (file.to_str().expect("UTF-8"), "dev"));
    }

    #[test]
    fn what_others_may_write_is_not_used() {
        let folder = Folder::new();
        let file = folder.write(b"dev");
        Folder::chmod(&file, 0o646);
        assert_eq!(read(&file).expect_err("open to all"), "everybody may write to it");
        Folder::chmod(&file, 0o644);
        Folder::chmod(&folder.path(), 0o1777);
        assert_eq!(read(&file).expect_err("open to all"), "everybody may write to its directory");
        Folder::chmod(&folder.path(), 0o755);
        assert!(read(&file).is_ok());
    }

    #[test]
    fn only_a_trusted_file_is_not_passed_over() {
        let alias = Alias::parse("prod").expect("an alias");
        let said = |standing| {
            let passed = PassedOver::of(&standing, "~/w/.leapp", &alias).expect("passed over");
            (passed.why, passed.hint)
        };
        assert_eq!(said(Standing::Unknown), ("~/w/.leapp asks for session `prod`".into(), "run: leapp allow".into()));
        assert_eq!(said(Standing::Denied).0, "~/w/.leapp asks for session `prod`, and is denied");
        assert_eq!(said(Standing::Barred).1, "to use it all the same, name it: prod");
        assert_eq!(said(Standing::NoSession).1, "run: leapp list");
        let config = "[sessions.prod]\nkind = \"profile\"\nsource_profile = \"x\"\n";
        let config = Config::parse("config.toml", config).expect("valid");
        let trusted = Standing::Trusted(config.session("prod").expect("a session"));
        assert_eq!(PassedOver::of(&trusted, "~/w/.leapp", &alias), None);
    }

    #[test]
    fn odd_files_are_refused() {
        let folder = Folder::new();
        let file = folder.write(&[b'a'; 2049]);
        assert!(read(&file).expect_err("large").contains("larger than 2048"));
        fs::remove_file(&file).expect("removed");
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        assert_eq!(nearest(&folder.path()), None);
        assert_eq!(read(&file).expect_err("a FIFO"), "it is not a regular file");
        fs::remove_file(&file).expect("removed");
        std::os::unix::fs::symlink(&file, &file).expect("a loop");
        assert_eq!(nearest(&folder.path()), None);
        assert!(read(&file).is_err());
    }
}
