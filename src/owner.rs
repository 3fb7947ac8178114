//! Who may write a file that decides over identities: the config, and the `.leapp` files.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

use nix::unistd::{Gid, Group, Uid, User, geteuid};

/// Why a file cannot be trusted, and what to run about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Distrust {
    pub(crate) why: String,
    pub(crate) command: &'static str,
}

/// Whether nobody but the person, and root, may write the file: as ssh has it for its own config, but for the group of
/// the person alone that many systems give to each, and with it to new files.
///
/// `what` is how the error names it: "it", or "its directory".
///
/// # Errors
/// Where others may.
pub(crate) fn check(file: &Metadata, what: &str) -> Result<(), Distrust> {
    judge(file.uid(), file.mode(), geteuid(), || is_private(file.gid())).map_err(|(why, command)| {
        let why = why.replace("IT", what);
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
    use super::*;

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
