//! The roll of servers that run: a file each, which its server holds locked.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    mem::ManuallyDrop,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    context::Context,
    error::{Error, Result},
    files::private_folder,
    session::Alias,
};

/// How long a server may take to end.
const LONGEST: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);

/// A server's place on the roll, until this is dropped. It is held until the process ends: before that, its threads may
/// still serve.
pub(super) struct Entry {
    path: PathBuf,
    _held: ManuallyDrop<File>,
}

impl Entry {
    /// Enters this process.
    pub(super) fn make(context: &Context, alias: &Alias) -> io::Result<Self> {
        let folder = folder(context);
        private_folder(&folder)?;
        let path = folder.join(std::process::id().to_string());
        let mut held = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        held.lock()?;
        held.write_all(alias.as_str().as_bytes())?;
        Ok(Self { path, _held: ManuallyDrop::new(held) })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Stops the servers of the sessions that are meant, each waited for; gives their sessions. One that does not end is no
/// reason to leave the others.
pub(super) fn stop(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let (mut stopped, mut trouble) = (Vec::new(), None);
    for entry in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        match stop_one(&entry.path(), &is_meant) {
            Ok(session) => stopped.extend(session),
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    stopped.sort();
    trouble.map_or(Ok(stopped), Err)
}

/// Stops one server, where it is one that is meant; gives its session. A file that nobody holds was left by one that was
/// killed.
fn stop_one(path: &Path, is_meant: impl Fn(&str) -> bool) -> Result<Option<String>> {
    let pid = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).map(Pid::from_raw);
    let (Some(pid), Ok(mut file)) = (pid, File::open(path)) else { return Ok(None) };
    if is_free(&file) {
        let _ = fs::remove_file(path);
        return Ok(None);
    }
    let mut alias = String::new();
    if file.read_to_string(&mut alias).is_err() || !is_meant(&alias) {
        return Ok(None);
    }
    let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot stop the server of `{alias}`")).because(why);
    kill(pid, Signal::SIGTERM).map_err(|error| cannot(&error))?;
    let start = Instant::now();
    while !is_free(&file) {
        if start.elapsed() > LONGEST {
            return Err(cannot(&"it does not end").hint(format!("run: kill -KILL {pid}")));
        }
        thread::sleep(GLANCE);
    }
    Ok(Some(alias))
}

fn is_free(file: &File) -> bool {
    !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("serve")
}
