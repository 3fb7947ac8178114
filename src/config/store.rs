//! The config file itself: read, changed and replaced whole, under a lock.

use std::{
    fs::{self, File, Metadata, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, access};

use super::{Config, change::Changed};
use crate::{
    context::Context,
    error::{Error, Result},
    lock::Lock,
};

/// How long another process may take to change the config.
const LONGEST_EDIT: std::time::Duration = std::time::Duration::from_secs(30);

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// The config and its text; where there is no file, both are empty.
///
/// # Errors
/// Where it cannot be read, or is not valid.
pub(super) fn read(context: &Context) -> Result<(Config, String)> {
    let path = &context.paths().config;
    let name = context.paths().short(path);
    let text = super::read(path, &name)?;
    let mut config = Config::parse(&name, text.as_deref().unwrap_or_default())?;
    config.exists = text.is_some();
    Ok((config, text.unwrap_or_default()))
}

/// Reads the config, has `edit` make a new text of it, and puts that in its place: one after the other where several
/// programs want to.
///
/// # Errors
/// Where it is not valid, `edit` fails, or it cannot be written. The file is then as it was.
pub(super) fn rewrite(
    context: &Context,
    edit: impl FnOnce(&Config, &str) -> Result<(String, Config)>,
) -> Result<Changed> {
    let _lock = Lock::take(context, "config", "change the config", LONGEST_EDIT)?;
    let (before, text) = read(context)?;
    let (edited, after) = edit(&before, &text)?;
    if edited != text {
        let cannot =
            |why: String| Error::new(format!("cannot write {}", before.name)).because(why).hint("nothing was changed");
        let path = target(&context.paths().config).map_err(|error| cannot(error.to_string()))?;
        if is_read_only(&path) {
            return Err(cannot(format!("{} is read-only", context.paths().short(&path))));
        }
        let is_as_read = || super::read(&path, &before.name).is_ok_and(|now| now.unwrap_or_default() == text);
        replace(&path, &edited, is_as_read).map_err(|error| cannot(error.to_string()))?;
    }
    Ok(Changed { before, after })
}

/// The file behind the links, so that it is replaced and they stay.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("it is a link to itself"))
}

/// Replacing a file asks only its folder; who took away the right to write the file meant it to stay, root or not.
fn is_read_only(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    metadata.permissions().mode() & 0o222 == 0 || access(path, AccessFlags::W_OK).is_err()
}

/// Writes a text beside the file, synced, and renames it over the file if that is still `as_read`. Mode and owner stay;
/// a new file, and the folders it needs, are the person's alone.
fn replace(path: &Path, text: &str, is_as_read: impl FnOnce() -> bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = tempfile::Builder::new().prefix(".leapp-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(path) {
        keep_owner_and_mode(file.as_file(), &old)?;
    }
    file.as_file().sync_all()?;
    if !is_as_read() {
        return Err(io::Error::other("another program changed it meanwhile"));
    }
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself, where the folder can be synced.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn keep_owner_and_mode(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    let is_same = (new.uid(), new.gid()) == (old.uid(), old.gid());
    let is_kept = is_same || fchown(file, Some(old.uid()), Some(old.gid())).is_ok();
    // Where the group is another, what the old one was allowed is not for it.
    let mode = old.mode() & if is_kept { 0o777 } else { 0o707 };
    file.set_permissions(Permissions::from_mode(mode))
}
