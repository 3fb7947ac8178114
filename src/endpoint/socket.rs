//! A unix socket for programs that cannot reach this machine's loopback address: a container has its own.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::{
        fs::{DirBuilderExt as _, FileTypeExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use nix::sys::stat::{Mode, umask};

use crate::{
    error::{Error, Result},
    owner,
};

/// A socket that only its owner can connect to; removed when it is dropped.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds a socket, with mode 0600, in a folder that nobody else may write to, nor to one on the way there. What an
    /// ended server left in its place is removed.
    ///
    /// # Errors
    /// Where the folder is not the person's alone, or something else is in its place.
    pub(crate) fn bind(path: &Path) -> Result<Self> {
        let cannot = |error: io::Error| Error::new(format!("cannot listen on {}", path.display())).because(error);
        let path = &std::path::absolute(path).map_err(cannot)?;
        prepare(path.parent().unwrap_or(path)).map_err(cannot)?;
        make_way(path).map_err(cannot)?;
        // Never open to others, not even for a moment. No other thread makes files yet.
        let before = umask(Mode::from_bits_truncate(0o177));
        let bound = UnixListener::bind(path);
        umask(before);
        let listener = bound.map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    pub(super) fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the folder where there is none. Whoever may write to it, or to one on the way, could put a socket of their own in
/// place.
fn prepare(folder: &Path) -> io::Result<()> {
    let check = || {
        owner::check_way(folder, Path::new("")).map_err(|(_, distrust)| {
            io::Error::new(ErrorKind::PermissionDenied, format!("{}: take a folder of your own", distrust.why))
        })
    };
    check()?;
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    check()
}

fn make_way(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists, and is no socket"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::Error::new(ErrorKind::AddrInUse, "another program listens there")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_socket_is_its_owners_alone_and_goes_in_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/leapp.sock");
        let socket = Socket::bind(&path).expect("bound");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
        assert!(Socket::bind(&path).is_err(), "it is taken");
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_left_is_replaced_and_what_is_not_ours_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("leapp.sock");
        drop(UnixListener::bind(&path).expect("bound"));
        assert!(path.exists());
        drop(Socket::bind(&path).expect("nobody listens any more"));
        fs::write(&path, "a file").expect("written");
        assert!(Socket::bind(&path).is_err());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("set");
        assert!(Socket::bind(&folder.path().join("other.sock")).is_err());
        let below = folder.path().join("below/more.sock");
        let error = Socket::bind(&below).err().expect("refused").to_string();
        assert!(
            error.ends_with(&format!("everybody may write to {}: take a folder of your own", folder.path().display())),
            "{error}"
        );
        assert!(!below.parent().expect("a folder").exists(), "nothing is made there");
    }
}
