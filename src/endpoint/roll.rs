//! The roll of servers that run: a file each, which its server holds locked from the moment it is there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    mem::ManuallyDrop,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    context::Context,
    error::{Error, Result},
    files::{self, private_folder},
    session::Alias,
};

/// How long servers may take to end.
const LONGEST: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);
/// The most that is read of an entry: two names.
const MAX_ENTRY: u64 = 256;

/// A server's place on the roll, until this is dropped. It is held until the process ends: before that, its threads may
/// still serve.
pub(crate) struct Entry {
    path: PathBuf,
    _held: ManuallyDrop<File>,
}

impl Entry {
    /// Enters this process.
    pub(crate) fn make(context: &Context, alias: &Alias) -> io::Result<Self> {
        let folder = folder(context);
        private_folder(&folder)?;
        sweep(context);
        let mut new = files::temporary(&folder)?;
        // What cannot be locked cannot be told from what was left.
        new.as_file().lock()?;
        new.write_all(alias.as_str().as_bytes())?;
        let path = folder.join(std::process::id().to_string());
        let held = new.persist(&path).map_err(|error| error.error)?;
        Ok(Self { path, _held: ManuallyDrop::new(held) })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Stops the servers of the sessions that are meant, all of them waited for; gives their sessions. One that does not end
/// is no reason to leave the others.
pub(crate) fn stop(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder(context)).into_iter().flatten().flatten();
    let held = entries.filter_map(|entry| read(&entry.path())).filter(|entry| !is_free(&entry.1) && is_meant(&entry.2));
    let asked: Vec<_> = held.map(|(pid, file, alias)| (kill(pid, Signal::SIGTERM), pid, file, alias)).collect();
    let (mut stopped, mut trouble) = (Vec::new(), Ok(()));
    let start = Instant::now();
    for (asked, pid, file, alias) in asked {
        match ended(asked, pid, &file, start) {
            Ok(()) => stopped.push(alias),
            Err(error) => trouble = trouble.and(Err(error.within(format!("cannot stop the server of `{alias}`")))),
        }
    }
    sweep(context);
    stopped.sort();
    trouble.map(|()| stopped)
}

/// Waits for the end of a server that was asked to end.
fn ended(asked: nix::Result<()>, pid: Pid, file: &File, start: Instant) -> Result<()> {
    // One that is no more has ended just now.
    asked.or_else(|error| if error == Errno::ESRCH { Ok(()) } else { Err(Error::new(error.to_string())) })?;
    while !is_free(file) {
        if start.elapsed() > LONGEST {
            return Err(Error::new("it does not end").hint(format!("run: kill -KILL {pid}")));
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

/// Takes the entries off that nobody holds: their servers were killed.
pub(crate) fn sweep(context: &Context) {
    files::sweep(&folder(context), |name| pid_in(name).is_some());
}

/// Has the servers of a session be known by its new name.
///
/// # Errors
/// Where an entry cannot be written.
pub(crate) fn rename(context: &Context, old: &Alias, new: &Alias) -> Result<()> {
    for entry in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        let path = entry.path();
        let cannot = |error: io::Error| Error::new(format!("cannot write {}", path.display())).because(error);
        if read(&path).is_some_and(|(_, _, alias)| alias == old.as_str()) {
            // Its server holds the file locked, so that it stays the same one. In one write, with an end: what follows
            // is the rest of a longer name.
            let file = OpenOptions::new().write(true).open(&path).map_err(cannot)?;
            file.write_all_at(format!("{new}\n").as_bytes(), 0).map_err(cannot)?;
        }
    }
    Ok(())
}

/// The process of an entry, the open file, and the session's name.
fn read(path: &Path) -> Option<(Pid, File, String)> {
    let pid = pid_in(path.file_name()?.to_str()?)?;
    let file = File::open(path).ok()?;
    let mut text = String::new();
    (&file).take(MAX_ENTRY).read_to_string(&mut text).ok()?;
    let alias = text.lines().next().unwrap_or_default().to_owned();
    Some((pid, file, alias))
}

fn pid_in(name: &str) -> Option<Pid> {
    name.parse().ok().filter(|pid| *pid > 0).map(Pid::from_raw)
}

fn is_free(file: &File) -> bool {
    !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("serve")
}
