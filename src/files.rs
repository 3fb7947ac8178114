//! Private files: folders only the person can enter, files replaced whole or not at all.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use crate::owner;

/// Whether a file must outlive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Synced to the disk: what cannot be had again.
    Synced,
    /// Left to the operating system: what a sign-in brings back.
    Cached,
}

/// Makes a folder and those above it, for the person alone; what was there too open is closed. A symlink is followed,
/// for the person may keep things elsewhere, but the folder that it names stays as it is: it may be anybody's.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(error),
    }
    let own = nix::libc::O_DIRECTORY | nix::libc::O_NOFOLLOW;
    let folder = match fs::OpenOptions::new().read(true).custom_flags(own).open(path) {
        // A symlink, or a folder that only its owner can close.
        Err(_) if path.is_dir() => return Ok(()),
        folder => folder?,
    };
    if folder.metadata()?.permissions().mode() & 0o077 != 0 {
        folder.set_permissions(fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Replaces a file: written beside it (mode 0600), then renamed, so that a reader sees the old or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".leapp-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Reads a file of at most `limit` bytes; none where there is no such file.
///
/// Not opened where it would block: a FIFO put in its place is an error, not a wait.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    Ok(read_bounded_with_metadata(path, limit)?.map(|(bytes, _)| bytes))
}

/// As [`read_bounded`], of a file that decides over identities: an error where somebody else may have written it.
pub(crate) fn read_own(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some((bytes, metadata)) = read_bounded_with_metadata(path, limit)? else { return Ok(None) };
    owner::check(&metadata, "it").map_err(|distrust| io::Error::new(io::ErrorKind::PermissionDenied, distrust.why))?;
    Ok(Some(bytes))
}

/// As [`read_bounded`], with whose file it is and who may read it: what is judged is what was read.
pub(crate) fn read_bounded_with_metadata(path: &Path, limit: u64) -> io::Result<Option<(Vec<u8>, fs::Metadata)>> {
    let open = fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    let file = match open {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some((bytes, metadata)))
}

/// Whether there is no such file, or not even its folder.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Removes a file; that there is none is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_private() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a/b/file");
        replace(&path, b"one", Durability::Synced).expect("written");
        replace(&path, b"two", Durability::Cached).expect("written");
        assert_eq!(read_bounded(&path, 10).expect("read"), Some(b"two".to_vec()));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("parent"))), (0o600, 0o700));
        assert_eq!(fs::read_dir(folder.path().join("a/b")).expect("folder").count(), 1);
    }

    #[test]
    fn an_open_folder_is_closed_and_never_through_a_symlink() {
        let above = tempfile::tempdir().expect("folder");
        let (own, other, link) = (above.path().join("own"), above.path().join("other"), above.path().join("link"));
        for folder in [&own, &other] {
            fs::create_dir(folder).expect("made");
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("opened");
        }
        std::os::unix::fs::symlink(&other, &link).expect("linked");
        private_folder(&own).expect("closed");
        private_folder(&link).expect("taken");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&own), mode(&other)), (0o700, 0o755));
    }

    #[test]
    fn odd_files_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(read_bounded(&folder.path().join("none"), 10).expect("fine"), None);
        assert!(read_bounded(folder.path(), 10).is_err());
        fs::write(folder.path().join("large"), [0; 11]).expect("written");
        assert!(read_bounded(&folder.path().join("large"), 10).is_err());
        nix::unistd::mkfifo(&folder.path().join("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("fifo");
        assert!(read_bounded(&folder.path().join("fifo"), 10).is_err());
    }
}
