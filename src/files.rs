//! Private files: folders only the person can enter, files replaced whole or not at all.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::owner;

/// What the names of temporary files begin and end with.
const PREFIX: &str = ".leapp-";
const SUFFIX: &str = ".new";
/// The characters at random in their names, and in those of a leapp that gave them no ending.
const RANDOM: usize = 8;
const RANDOM_BEFORE: usize = 6;

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
    sweep_own(folder);
    let mut file = temporary(folder)?;
    file.write_all(bytes)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a temporary file (mode 0600). It is held locked until it is renamed, by which [`sweep`] tells it from what a
/// killed process left.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    temporary_with(folder, SUFFIX)
}

/// As [`temporary`], of a name with that end.
pub(crate) fn temporary_with(folder: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    loop {
        let new = tempfile::Builder::new().prefix(PREFIX).suffix(suffix).rand_bytes(RANDOM).tempfile_in(folder)?;
        // Between the two it may have been swept. Where nothing can be locked, nothing is swept either.
        if new.as_file().lock().is_err() || is_at(new.as_file(), new.path()) {
            return Ok(new);
        }
    }
}

/// Removes what killed processes left in a folder of leapp's own: whatever has such a name, of earlier leapps too.
pub(crate) fn sweep_own(folder: &Path) {
    sweep(folder, |name| name.starts_with(PREFIX));
}

/// Removes the files of these names that nobody holds locked. Whoever opens one and locks it later finds with [`is_at`]
/// that it is gone.
pub(crate) fn sweep(folder: &Path, is_meant: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !entry.file_name().to_str().is_some_and(&is_meant) {
            continue;
        }
        let path = entry.path();
        let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOFOLLOW;
        let open = fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path);
        if let Ok(file) = open
            && file.try_lock().is_ok()
            && is_at(&file, &path)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether an open file is still the one of that name.
pub(crate) fn is_at(file: &fs::File, path: &Path) -> bool {
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(place), fs::symlink_metadata(path).map(place));
    opened.is_ok_and(|opened| named.is_ok_and(|named| named == opened))
}

/// Whether a temporary file of leapp's has such a name.
pub(crate) fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| is_random(random, RANDOM))
}

/// Whether an earlier leapp's may have had it; it may be the person's too, though not where it is a word (`.leapp-backup`).
pub(crate) fn may_be_of_before(name: &str) -> bool {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    name.strip_prefix(PREFIX).is_some_and(|random| is_random(random, RANDOM_BEFORE) && !is_word(random))
}

fn is_random(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
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

/// As [`read_bounded`], where the null device stands for no file: the usual way to have programs read none.
pub(crate) fn read_bounded_or_null(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    read_bounded(path, limit).or_else(|error| if is_null(path) { Ok(None) } else { Err(error) })
}

/// Whether a path leads to the null device.
pub(crate) fn is_null(path: &Path) -> bool {
    let device = |path| fs::metadata(path).ok().filter(|it| it.file_type().is_char_device()).map(|it| it.rdev());
    device(path).is_some_and(|it| device(Path::new("/dev/null")) == Some(it))
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
    fn what_killed_processes_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        let others = [".leapp-backup", ".leapp-1234567.new", ".leapp-abcd-fgh.new", "leapp-12345678.new", "file"];
        for name in [".leapp-aB3dE6gH.new"].iter().chain(&others) {
            fs::write(at(name), "left").expect("written");
        }
        let held = temporary(folder.path()).expect("made");
        sweep(folder.path(), is_temporary);
        assert!(!at(".leapp-aB3dE6gH.new").exists() && held.path().exists());
        assert!(others.iter().all(|name| at(name).exists()), "in the person's folders");
        sweep_own(folder.path());
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert!(left == 3 && at("file").exists() && held.path().exists(), "in leapp's own");
        for (name, is_of_before) in [(".leapp-aB3dE6", true), (".leapp-backup", false), (".leapp-aB3dE", false)] {
            assert_eq!(may_be_of_before(name), is_of_before, "{name}");
        }
    }

    #[test]
    fn many_that_write_and_sweep_at_once_lose_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = folder.path().join(n.to_string());
                scope.spawn(move || {
                    for round in 0..50 {
                        replace(&path, round.to_string().as_bytes(), Durability::Cached).expect("written");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 8);
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
