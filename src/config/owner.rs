//! Who may write the config: it says which browser runs, and which roles are whose.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

use nix::unistd::{Gid, Group, Uid, User, geteuid};

/// Why a config is nobody's to trust, and what to run about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Distrust {
    pub(super) why: &'static str,
    pub(super) command: &'static str,
}

/// Whether nobody but the person, and root, may write the file: as ssh has it for its own config, but for the group of
/// the person alone that many systems give to each, and with it to new files.
///
/// # Errors
/// Where others may.
pub(super) fn check(file: &Metadata) -> Result<(), Distrust> {
    judge(file.uid(), file.mode(), geteuid(), || is_private(file.gid()))
}

fn judge(owner: u32, mode: u32, person: Uid, is_private_group: impl FnOnce() -> bool) -> Result<(), Distrust> {
    if owner != person.as_raw() && owner != 0 {
        return Err(Distrust { why: "it is somebody else's file", command: "chown \"$(id -u)\"" });
    }
    if mode & 0o002 != 0 {
        return Err(Distrust { why: "everybody may write to it", command: "chmod o-w" });
    }
    if mode & 0o020 != 0 && !is_private_group() {
        return Err(Distrust { why: "its group may write to it", command: "chmod g-w" });
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
    fn only_the_person_and_root_may_write_the_config() {
        let judge = |owner, mode, is_private: bool| {
            judge(owner, mode, Uid::from_raw(1000), || is_private).map_err(|distrust| distrust.command)
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
