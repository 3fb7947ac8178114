//! Where a browser keeps its profile: in leapp's state folder, but for a snap, which may not go there.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::context::Paths;

/// The most that is read of a script that may start a snap.
const SCRIPT: u64 = 4096;

/// Where the programs of snaps are; some systems have the folder elsewhere, and a link to it.
const SNAPS: [&str; 2] = ["/snap/bin/", "/var/lib/snapd/snap/bin/"];

/// A profile by its name in a room of the state folder, such as `browser` and an identity provider's host.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// leapp's state folder.
    pub(super) state: &'a Path,
    /// The person's home.
    pub(super) home: &'a Path,
    pub(super) room: &'a str,
    /// Empty for the whole room.
    pub(super) name: String,
}

impl<'a> Place<'a> {
    /// The place of that name in that room.
    pub(crate) fn new(paths: &'a Paths, room: &'a str, name: impl Into<String>) -> Self {
        Self { state: &paths.state, home: &paths.home, room, name: name.into() }
    }

    /// Removes the profile for all browsers; whether there was one.
    pub(crate) fn remove(&self) -> io::Result<bool> {
        let folders = self.all();
        folders.iter().try_for_each(fs::remove_dir_all)?;
        Ok(!folders.is_empty())
    }

    /// Gives the profile another name for all browsers, in the place of what had that name.
    pub(crate) fn rename(&self, name: &str) -> io::Result<()> {
        let folders = self.all();
        if !folders.is_empty() {
            Self { name: name.to_owned(), ..self.clone() }.remove()?;
        }
        folders.iter().try_for_each(|folder| fs::rename(folder, folder.with_file_name(name)))
    }

    /// The folder of this profile for that browser.
    ///
    /// A snap may write to its own folders in the person's home alone, and not so much as read the hidden ones
    /// (snapd's interface `home`); `common` is the one that stays over its updates.
    pub(super) fn of(&self, program: &Path) -> PathBuf {
        match snap(program) {
            Some(snap) => self.in_snap(&self.home.join("snap").join(snap)),
            None => self.state.join(self.room).join(&self.name),
        }
    }

    /// The folders of this profile for all browsers, as far as they are there.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        let snaps = fs::read_dir(self.home.join("snap")).into_iter().flatten().flatten();
        let folders = snaps.map(|snap| self.in_snap(&snap.path())).chain([self.state.join(self.room).join(&self.name)]);
        folders.filter(|folder| folder.symlink_metadata().is_ok()).collect()
    }

    fn in_snap(&self, snap: &Path) -> PathBuf {
        snap.join("common/leapp").join(self.room).join(&self.name)
    }
}

/// The snap that a program starts: a link to `snap` by the name of the program, or a script that runs one, as Ubuntu's
/// `chromium-browser` is.
fn snap(program: &Path) -> Option<String> {
    let target = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let of_snapd = |file: &Path| SNAPS.iter().any(|folder| file.starts_with(folder));
    if target.ends_with("bin/snap") || of_snapd(program) || of_snapd(&target) {
        let name = program.file_name()?.to_string_lossy().into_owned();
        return name.split('.').next().map(str::to_owned);
    }
    let mut start = Vec::new();
    File::open(&target).ok()?.take(SCRIPT).read_to_end(&mut start).ok()?;
    let script = String::from_utf8_lossy(start.strip_prefix(b"#!")?).into_owned();
    let (_, rest) = script.split_once(SNAPS[0])?;
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_snap_is_known_however_it_is_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for (name, content) in [
            ("real", "\x7fELF /snap/bin/chromium"),
            ("script", "#!/bin/sh\n[ -x /snap/bin/chromium ] || exit 1\nexec /snap/bin/chromium \"$@\"\n"),
            ("other-script", "#!/bin/sh\nexec /usr/lib/chromium/chromium \"$@\"\n"),
        ] {
            fs::write(path(name), content).expect("written");
        }
        fs::create_dir_all(path("usr/bin")).expect("made");
        fs::write(path("usr/bin/snap"), "\x7fELF").expect("written");
        symlink(path("usr/bin/snap"), path("brave")).expect("linked");
        symlink(path("script"), path("linked")).expect("linked");
        for (program, name) in [
            (path("real"), None),
            (path("script"), Some("chromium")),
            (path("linked"), Some("chromium")),
            (path("other-script"), None),
            (path("brave"), Some("brave")),
            (path("missing"), None),
            ("/snap/bin/no-such.browser".into(), Some("no-such")),
        ] {
            assert_eq!(snap(&program).as_deref(), name, "{}", program.display());
        }
    }

    #[test]
    fn a_profile_lies_where_its_browser_may_write_and_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let place = Place { state: &state, home: folder.path(), room: "browser", name: "idp.example".into() };
        let own = place.of(Path::new("/usr/bin/chromium-that-is-none"));
        let snap = place.of(Path::new("/snap/bin/chromium"));
        assert_eq!(own, state.join("browser/idp.example"));
        assert_eq!(snap, folder.path().join("snap/chromium/common/leapp/browser/idp.example"));
        assert_eq!(place.all(), <[PathBuf; 0]>::default());
        for made in [&own, &snap] {
            fs::create_dir_all(made).expect("made");
        }
        fs::create_dir_all(folder.path().join("snap/firefox/common")).expect("made");
        assert_eq!(place.all(), [snap, own]);
        place.rename("other").expect("renamed");
        assert!(place.all().is_empty() && !place.remove().expect("nothing"));
        let room = Place { name: String::new(), ..place };
        assert_eq!(room.all().len(), 2, "the whole room");
        assert!(room.remove().expect("removed") && room.all().is_empty());
    }
}
