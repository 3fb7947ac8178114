//! A unix socket for programs that cannot reach this machine's loopback address: a container has its own.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::{
        fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use nix::{
    sys::stat::{Mode, umask},
    unistd::geteuid,
};

use crate::error::{Error, Result};

/// A socket that only its owner can connect to; removed when it is dropped.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds a socket, with mode 0600, in a folder that nobody else may write to. What an ended server left in its place
    /// is removed.
    ///
    /// # Errors
    /// Where the folder is not the person's alone, or something else is in its place.
    pub(crate) fn bind(path: &Path) -> Result<Self> {
        let cannot = |error: io::Error| Error::new(format!("cannot listen on {}", path.display())).because(error);
        prepare(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
            .map_err(cannot)?;
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

/// Makes the folder where there is none; in one that others may write to, they could put a socket of their own in place.
fn prepare(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let metadata = fs::metadata(folder)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        let why = format!("others may write to {}: take a folder of your own", folder.display());
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    Ok(())
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
    }
}
