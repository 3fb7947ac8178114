//! Single flight: one process does the work, the others wait and share its outcome.
//!
//! A lock is a file held with `flock`: the kernel frees it when its holder dies. The holder writes its process id, and
//! in the end why it failed, so that a hundred waiting processes do not fail one after the other, each in its own time.
//!
//! A lock file that nobody holds is removed by and by. So who has locked one looks whether it is still the one of its
//! name, and takes the next one where it is not.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use time::OffsetDateTime;

use crate::{
    context::Context,
    error::{Error, Kind, Result},
    files,
    session::span,
    ui::spinner::Spinner,
};

/// After this long a wait is worth a line, also where no terminal shows it.
const LONG_WAIT: Duration = Duration::from_secs(2);
/// What the names of lock files end with.
const SUFFIX: &str = ".lock";
/// The most that is read of a lock file.
const MAX_NOTE: u64 = 4096;

/// A lock that is held until it is dropped; empty where locks cannot be had (a read-only home).
pub(crate) struct Lock {
    file: Option<File>,
    failure: Option<Error>,
}

impl Lock {
    /// Takes the lock of this name, waiting for another process to end what it does. `what` says in a spinner what
    /// is being waited for, as a fragment: ``sign in to `corp` ``. No longer than `bound`: the other one may be stopped.
    pub(crate) fn take(context: &Context, name: &str, what: &str, bound: Duration) -> Result<Self> {
        let path = folder(context).join([name, SUFFIX].concat());
        loop {
            let Ok(mut file) = open(&path) else {
                context.trace(|| format!("going on without the lock {}", path.display()));
                return Ok(Self { file: None, failure: None });
            };
            let is_free = try_lock(&file, &path)?;
            let failure = if is_free { None } else { wait(context, &mut file, &path, what, context.bounded(bound))? };
            if failure.is_none() && !files::is_at(&file, &path) {
                continue;
            }
            // The word of a failure stays for those who wait still.
            if failure.is_none() {
                write_note(&mut file, &format!("{}\n", std::process::id()));
            }
            return Ok(Self { file: Some(file), failure });
        }
    }

    /// Removes the lock files that nobody holds: there is one for each version of a session's settings.
    pub(crate) fn sweep(context: &Context) {
        files::sweep(&folder(context), |name| name.ends_with(SUFFIX));
    }

    /// Why the process that was waited for failed, where it did: its error is this one's too.
    pub(crate) fn failure_of_holder(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Leaves word of a failure to those who wait; not of an interruption, after which the next of them goes on, nor
    /// of a person, a display or a browser that was not there: another process may have one.
    pub(crate) fn leave_failure(&mut self, now: OffsetDateTime, error: &Error) {
        if let Some(file) =
            self.file.as_mut().filter(|_| !matches!(error.which(), Kind::Interrupted | Kind::NeedsPerson))
        {
            write_note(file, &note_of(now, error));
        }
    }
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("locks")
}

/// Opens a lock file, never following a symlink out of the folder.
fn open(path: &std::path::Path) -> io::Result<File> {
    files::private_folder(path.parent().unwrap_or(path))?;
    let no_follow = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(path)
}

fn try_lock(file: &File, path: &std::path::Path) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(cannot_lock(path, &error)),
    }
}

fn cannot_lock(path: &std::path::Path, error: &io::Error) -> Error {
    Error::new(format!("cannot lock {}", path.display())).because(error)
}

/// Waits in the kernel, which wakes one after the other: a hundred that look again and again would be a load. Whether
/// the lock was had within `bound`.
fn block(file: &File, bound: Duration, on_long_wait: impl FnOnce()) -> io::Result<bool> {
    let (sender, locked) = mpsc::channel();
    // The same lock, for it belongs to the open file and not to its handle.
    let handle = file.try_clone()?;
    thread::spawn(move || {
        let outcome = loop {
            match handle.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        drop(handle);
        // Where nobody listens any more, the time was over.
        let _ = sender.send(outcome);
    });
    let short = LONG_WAIT.min(bound);
    let answer = locked.recv_timeout(short).or_else(|error| {
        if error == RecvTimeoutError::Timeout {
            on_long_wait();
        }
        locked.recv_timeout(bound.saturating_sub(short))
    });
    match answer {
        Ok(outcome) => outcome.map(|()| true),
        Err(RecvTimeoutError::Timeout) => Ok(false),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the wait for it was broken off")),
    }
}

/// Waits for the lock; gives what the holder failed with, where it failed while this process waited.
fn wait(
    context: &Context,
    file: &mut File,
    path: &std::path::Path,
    what: &str,
    bound: Duration,
) -> Result<Option<Error>> {
    let since = context.now();
    let holder = read_note(file).lines().next().and_then(|line| line.parse::<u32>().ok());
    let of = holder.map_or(String::new(), |pid| format!(" (process {pid})"));
    context.trace(|| format!("waiting for another leapp{of}: {what}"));
    let spinner = Spinner::start(context, &format!("waiting for another leapp{of}: {what}"));
    let has_lock = block(file, bound, || spinner.say_once_if_unwatched()).map_err(|error| cannot_lock(path, &error))?;
    if !has_lock {
        let error = Error::new(what).because(format!("another leapp{of} is at it for {} already", span(bound)));
        return Err(match holder {
            Some(pid) => error.hint(format!("if it hangs, run: kill -CONT {pid}; kill {pid}")),
            None => error,
        });
    }
    Ok(failure_in(&read_note(file), since))
}

fn read_note(file: &mut File) -> String {
    let mut note = String::new();
    let read = file.rewind().and_then(|()| file.take(MAX_NOTE).read_to_string(&mut note));
    if read.is_err() {
        note.clear();
    }
    note
}

fn write_note(file: &mut File, note: &str) {
    let bounded = &note.as_bytes()[..note.len().min(usize::try_from(MAX_NOTE).unwrap_or(usize::MAX))];
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(bounded));
}

/// A failure as a note: when, of what kind, the sentence, then a hint per line.
fn note_of(now: OffsetDateTime, error: &Error) -> String {
    let kind = match error.which() {
        Kind::Cancelled => "cancelled",
        _ => "failed",
    };
    let line = |text: &str| text.replace('\n', " ");
    let head = format!("{}\n{kind}\n{}\n", now.unix_timestamp_nanos(), line(&error.sentence()));
    error.hints().iter().fold(head, |note, hint| note + &line(hint) + "\n")
}

/// The failure in a note, where it was left after `since`.
fn failure_in(note: &str, since: OffsetDateTime) -> Option<Error> {
    let mut lines = note.lines();
    let left_at: i128 = lines.next()?.parse().ok()?;
    let kind = match lines.next()? {
        "cancelled" => Kind::Cancelled,
        "failed" => Kind::Failed,
        _ => return None,
    };
    if left_at < since.unix_timestamp_nanos() {
        return None;
    }
    let error = Error::new(lines.next()?).kind(kind);
    Some(lines.fold(error, Error::hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_lacks_is_its_own_failure() {
        let home = tempfile::tempdir().expect("a folder");
        let variables = [("HOME", home.path().to_str().expect("UTF-8"))];
        let now = OffsetDateTime::UNIX_EPOCH;
        let context = Context::for_tests(crate::context::Environment::of(variables), || OffsetDateTime::UNIX_EPOCH);
        let mut lock = Lock::take(&context, "x", "x", Duration::ZERO).expect("free");
        let note = |lock: &mut Lock| read_note(lock.file.as_mut().expect("a lock"));
        for kind in [Kind::NeedsPerson, Kind::Interrupted] {
            lock.leave_failure(now, &Error::new("cannot start the browser").kind(kind));
            assert_eq!(failure_in(&note(&mut lock), now), None, "{kind:?}");
        }
        lock.leave_failure(now, &Error::new("STS is down"));
        assert!(failure_in(&note(&mut lock), now).is_some());
    }

    #[test]
    fn a_failure_reaches_those_who_waited_for_it_and_nobody_else() {
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let error = Error::new("cannot sign in").because("a\nb").hint("run: x").hint("run: y").kind(Kind::Cancelled);
        let note = note_of(at(10), &error);
        let shared = failure_in(&note, at(9)).expect("shared");
        assert_eq!(shared.to_string(), "leapp: cannot sign in: a b\n  run: x\n  run: y");
        assert_eq!(shared.which(), Kind::Cancelled);
        assert_eq!(failure_in(&note, at(11)), None);
        assert_eq!(failure_in("4711\n", at(0)), None);
        assert_eq!(failure_in("", at(0)), None);
    }
}
