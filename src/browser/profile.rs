//! Where a browser keeps its cookies: a profile directory of leapp's own per identity provider.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, gethostname};
use serde_json::json;

use crate::error::{Error, Result};
use crate::files;

/// The sign that the identity provider may remember the person.
const SIGNED_IN: &str = "leapp-signed-in";

/// The lock of the browser that uses it: a link to `HOST-PID`.
const LOCK: &str = "SingletonLock";

/// The socket at which a browser answers for its profile, and the link to it.
const SOCKET: &str = "SingletonSocket";

/// A browser that was just left behind (its leapp was killed) ends when its pipe breaks: wait that long for it.
const LEAVING: Duration = Duration::from_secs(3);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(20);

/// A profile directory.
pub(super) struct Profile<'a> {
    directory: &'a Path,
}

impl<'a> Profile<'a> {
    /// Opens it, and makes it where it is missing. What is in it signs the person in: it is theirs alone.
    pub(super) fn open(directory: &'a Path) -> Result<Self> {
        files::private_folder(directory).map_err(|error| cannot_use(directory, &error))?;
        Ok(Self { directory })
    }

    /// Its folder.
    pub(super) fn directory(&self) -> &Path {
        self.directory
    }

    /// Whether the last sign-in succeeded, so that a silent one may.
    pub(super) fn remembers(&self) -> bool {
        self.directory.join(SIGNED_IN).exists()
    }

    /// Notes that it did. Where it cannot be noted the next one asks the person, no more.
    pub(super) fn remember(&self) {
        let _ = fs::write(self.directory.join(SIGNED_IN), "");
    }

    /// Notes that the identity provider wants the person.
    pub(super) fn forget(&self) {
        let _ = fs::remove_file(self.directory.join(SIGNED_IN));
    }

    /// Makes it ready for a start of the browser.
    pub(super) fn prepare(&self) -> Result<()> {
        self.release()?;
        self.forget_pages()?;
        self.prefer().map_err(|error| cannot_use(self.directory, &error))
    }

    /// Removes what a browser left in it that was killed, or ended after leapp was: its pages, and its socket.
    pub(super) fn sweep(directory: &Path) {
        let profile = Profile { directory };
        if profile.user().is_none() {
            profile.remove_socket();
            let _ = profile.forget_pages();
        }
    }

    /// Sees to it that no page of this run comes back in the next and is requested anew, though the cookies do; nor
    /// stays what was posted from it.
    pub(super) fn forget_pages(&self) -> Result<()> {
        match fs::remove_dir_all(self.directory.join("Default/Sessions")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_use(self.directory, &error)),
            _ => Ok(()),
        }
    }

    /// Writes the preferences of a new profile. "Continue where you left off" (1) is what lets session-only cookies,
    /// which are most of those that remember a sign-in, outlive the browser.
    fn prefer(&self) -> io::Result<()> {
        let file = self.directory.join("Default/Preferences");
        if file.exists() {
            return Ok(());
        }
        let preferences = json!({
            "session": {"restore_on_startup": 1},
            "credentials_enable_service": false,
            "profile": {"password_manager_enabled": false},
            "autofill": {"profile_enabled": false, "credit_card_enabled": false},
            "translate": {"enabled": false},
        });
        DirBuilder::new().recursive(true).mode(0o700).create(self.directory.join("Default"))?;
        fs::write(file, preferences.to_string())
    }

    /// Takes away the lock of a browser that is no more. Chromium itself would refuse a lock of another host, which
    /// every restart of a container is, and would hand the sign-in over to a browser that lives and is not ours.
    fn release(&self) -> Result<()> {
        let lock = self.directory.join(LOCK);
        let deadline = Instant::now() + LEAVING;
        while fs::read_link(&lock).is_ok() {
            let Some(process) = self.user().filter(|_| Instant::now() < deadline || self.answers()) else {
                self.remove_socket();
                return fs::remove_file(&lock).map_err(|error| cannot_use(self.directory, &error));
            };
            if Instant::now() >= deadline {
                return Err(self.in_use(process));
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// The browser that uses it, where one lives on this host.
    fn user(&self) -> Option<Pid> {
        let holder = fs::read_link(self.directory.join(LOCK)).ok()?;
        let host = gethostname().unwrap_or_default();
        process_of(&holder.to_string_lossy(), &host.to_string_lossy()).filter(|&process| lives(process))
    }

    /// Removes what a browser that was killed leaves where temporary files are: a folder with its socket, to which a link
    /// in the profile leads.
    pub(super) fn remove_socket(&self) {
        let Ok(socket) = fs::read_link(self.directory.join(SOCKET)) else { return };
        let Some(folder) = socket.parent() else { return };
        for name in [SOCKET, "SingletonCookie"] {
            let _ = fs::remove_file(folder.join(name));
        }
        // One that holds anything else stays.
        let _ = fs::remove_dir(folder);
    }

    /// Whether a browser answers for this profile: else the lock's process number was given to another program.
    fn answers(&self) -> bool {
        UnixStream::connect(self.directory.join(SOCKET)).is_ok()
    }

    fn in_use(&self, process: Pid) -> Error {
        Error::new(format!("cannot use the browser profile `{}`", self.directory.display()))
            .because(format!("a browser that runs already (process {process}) uses it"))
            .hint("close that browser, and try again")
    }
}

/// The process in a lock's `HOST-PID`, where it is one of this host.
fn process_of(holder: &str, host: &str) -> Option<Pid> {
    let (lock_host, process) = holder.rsplit_once('-')?;
    let process = process.parse().ok().filter(|&process: &i32| process > 0)?;
    (lock_host == host).then_some(Pid::from_raw(process))
}

fn lives(process: Pid) -> bool {
    kill(process, None) != Err(Errno::ESRCH)
}

fn cannot_use(directory: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot use the browser profile `{}`", directory.display())).because(error)
}
