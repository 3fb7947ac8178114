//! Files that are the person's own, replaced whole: links, mode and owner stay.

use std::{
    fs::{self, File, Metadata, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, access};

use crate::files;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;
/// The most that is read of a file that may be left, in bytes: as much as a file of `~/.aws` may have.
const MAX_LEFT: u64 = 4 << 20;

/// The file behind the links, so that it is replaced and they stay.
pub(crate) fn target(path: &Path) -> io::Result<PathBuf> {
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

/// The folder of a file, in which temporary files are made.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what killed processes left beside a file. What has a name as an earlier leapp gave goes where it is empty, or
/// like a file of leapp's; it may be the person's else.
pub(crate) fn sweep(path: &Path, is_like: impl Fn(&[u8]) -> bool) {
    let Ok(path) = target(path) else { return };
    let folder = folder_of(&path);
    let read = |name: &str| files::read_bounded(&folder.join(name), MAX_LEFT).ok().flatten();
    let is_of_before = |name: &str| {
        files::may_be_of_before(name) && read(name).is_some_and(|bytes| bytes.is_empty() || is_like(&bytes))
    };
    files::sweep(folder, |name| files::is_temporary(name) || is_of_before(name));
}

/// Replacing a file asks only its folder; who took away the right to write the file meant it to stay, root or not.
pub(crate) fn is_read_only(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    metadata.permissions().mode() & 0o222 == 0 || access(path, AccessFlags::W_OK).is_err()
}

/// Writes bytes beside the file, synced, and renames it over the file if that is still `as_read`. Mode and owner stay;
/// a new file, and the folders it needs, are the person's alone.
pub(crate) fn replace(path: &Path, bytes: &[u8], is_as_read: impl FnOnce() -> bool) -> io::Result<()> {
    let folder = folder_of(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = files::temporary(folder)?;
    file.write_all(bytes)?;
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
