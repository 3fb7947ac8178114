//! Who may write what decides over identities: the config, the `.leapp` files, the state, and the way to a socket.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Group, Uid, User, geteuid};

use crate::{
    context::Context,
    error::{Error, Result},
};

/// The folders of the state that decide over identities.
const FOLDERS: [&str; 7] = ["vault", "trust", "locks", "dismissed", "browser", "console", "serve"];
/// The bit that keeps what is in a folder for its owner, though others may write there (`S_ISVTX` in inode(7)): `/tmp`.
const STICKY: u32 = 0o1000;

/// Why something cannot be trusted, and what to run about it, where the person may do that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Distrust {
    pub(crate) why: String,
    command: Option<&'static str>,
}

impl Distrust {
    /// What to do about it: a command, where there is one for this path.
    pub(crate) fn hint(&self, path: &str, otherwise: &str) -> String {
        self.command.map_or_else(|| otherwise.to_owned(), |command| format!("run: {command} {path}"))
    }
}

/// Whether nobody but the person, and root, may write the file: as ssh has it for its own config, but for the group of
/// the person alone that many systems give to each, and with it to new files.
///
/// `what` is how the error names it: "it", or "its directory".
///
/// # Errors
/// Where others may.
pub(crate) fn check(file: &Metadata, what: &str) -> Result<(), Distrust> {
    check_mode(file, file.mode(), what)
}

/// Whether nobody but the person, and root, decides what is at an absolute path: by [`check`] for it, for each folder on
/// the way, and for what links lead to. `end` is the folder above it that is not asked about any more.
///
/// # Errors
/// Where somebody else does: at which place, and why.
pub(crate) fn check_way(path: &Path, end: &Path) -> Result<(), (PathBuf, Distrust)> {
    let mut has_link = false;
    for place in path.ancestors().take_while(|place| *place != end) {
        // What is not there is made in the folder above it; what cannot be seen cannot be used either.
        let Ok(metadata) = fs::symlink_metadata(place) else { continue };
        has_link |= metadata.is_symlink();
        let is_kept = metadata.is_symlink() || place != path && metadata.mode() & STICKY != 0;
        let mode = if is_kept { 0 } else { metadata.mode() };
        check_mode(&metadata, mode, &place.display().to_string()).map_err(|distrust| (place.to_owned(), distrust))?;
    }
    let real = || path.ancestors().find_map(|place| place.canonicalize().ok());
    match has_link.then(real).flatten() {
        Some(real) => check_way(&real, &end.canonicalize().unwrap_or_default()),
        None => Ok(()),
    }
}

/// Whether nobody but the person, and root, may write to the folder of the config, the state folder, and the folders in it.
///
/// # Errors
/// Where others may: what is in there may be theirs.
pub(crate) fn check_folders(context: &Context) -> Result<()> {
    let paths = context.paths();
    let check = |what: &str, folder: &Path, end: &Path, variable: &str| {
        check_way(folder, end).map_err(|(place, distrust)| {
            let place = shell_words::quote(&place.to_string_lossy()).into_owned();
            Error::new(format!("cannot use the {what}"))
                .because(&distrust.why)
                .hint(distrust.hint(&place, &format!("take a place of your own: export {variable}")))
        })
    };
    let config = std::path::absolute(&paths.config).unwrap_or_else(|_| paths.config.clone());
    check("config's folder", config.parent().unwrap_or(&config), &paths.home, "LEAPP_CONFIG=/path/to/config.toml")?;
    let check = |folder: &Path, end: &Path| check("state folder", folder, end, "XDG_STATE_HOME=/path/to/it");
    check(&paths.state, &paths.home)?;
    FOLDERS.iter().try_for_each(|folder| check(&paths.state.join(folder), &paths.state))
}

fn check_mode(file: &Metadata, mode: u32, what: &str) -> Result<(), Distrust> {
    judge(file.uid(), mode, geteuid(), || is_private(file.gid())).map_err(|(why, command)| {
        let why = why.replace("IT", what);
        // Nobody but the owner of a file, and root, can change its owner or its mode.
        let command = Some(command).filter(|_| geteuid().is_root() || geteuid().as_raw() == file.uid());
        Distrust { why, command }
    })
}

fn judge(
    owner: u32,
    mode: u32,
    person: Uid,
    is_private_group: impl FnOnce() -> bool,
) -> Result<(), (&'static str, &'static str)> {
    if owner != person.as_raw() && owner != 0 {
        return Err(("IT belongs to somebody else", "chown \"$(id -u)\""));
    }
    if mode & 0o002 != 0 {
        return Err(("everybody may write to IT", "chmod o-w"));
    }
    if mode & 0o020 != 0 && !is_private_group() {
        return Err(("its group may write to IT", "chmod g-w"));
    }
    Ok(())
}

/// Whether a group is the person's own: of the same name, and without anybody else.
fn is_private(group: u32) -> bool {
    let person = User::from_uid(geteuid()).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(group)).ok().flatten();
    person.zip(group).is_some_and(|(person, group)| {
        person.gid == group.gid && person.name == group.name && group.mem.iter().all(|member| *member == person.name)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_way_is_as_private_as_what_it_leads_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("there");
        let (way, end) = (top.join("a/b/c"), top.join("a/b/c/end"));
        fs::create_dir_all(&end).expect("made");
        std::os::unix::fs::symlink(&way, top.join("link")).expect("linked");
        let ways = [end.clone(), top.join("link/end"), top.join("link/end/missing/more")];
        let said = |path: &PathBuf| check_way(path, Path::new("/")).map_err(|(place, distrust)| (place, distrust.why));
        assert!(ways.iter().all(|path| said(path) == Ok(())));
        for (place, mode) in [("a", 0o777), ("a/b", 0o702), ("a/b/c", 0o757)] {
            let place = top.join(place);
            let set = |mode| fs::set_permissions(&place, fs::Permissions::from_mode(mode)).expect("set");
            set(mode);
            for path in &ways {
                let why = format!("everybody may write to {}", place.display());
                assert_eq!(said(path), Err((place.clone(), why)), "{path:?}");
            }
            // What others cannot rename is as good as closed to them, but not a folder in which they can make what they like.
            set(0o1777);
            assert!(ways.iter().all(|path| said(path) == Ok(())));
            assert!(said(&place).is_err());
            set(0o755);
        }
        assert!(check_way(&end, &end).is_ok(), "nothing is asked");
    }

    #[test]
    fn only_the_person_and_root_may_write() {
        let judge = |owner, mode, is_private: bool| {
            judge(owner, mode, Uid::from_raw(1000), || is_private).map_err(|(_, command)| command)
        };
        for (owner, mode, is_private) in [(1000, 0o644, false), (0, 0o444, false), (1000, 0o664, true)] {
            assert_eq!(judge(owner, mode, is_private), Ok(()), "{owner} {mode:o}");
        }
        assert_eq!(judge(1001, 0o600, true), Err("chown \"$(id -u)\""));
        assert_eq!(judge(1000, 0o666, true), Err("chmod o-w"));
        assert_eq!(judge(1000, 0o664, false), Err("chmod g-w"));
        assert_eq!(judge(0, 0o664, false), Err("chmod g-w"));
    }
}
