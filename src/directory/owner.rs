//! Who may have written a file: nobody but the person, or root.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

use nix::unistd::{Gid, Group, User, geteuid};

/// Checks that nobody else owns a file or directory, or may write to it. A group that is the person's alone is no one
/// else (many systems make files writable by it).
///
/// # Errors
/// Why it cannot be trusted; `what` is "it" or "its directory".
pub(super) fn check(metadata: &Metadata, what: &str) -> Result<(), String> {
    let person = geteuid();
    if metadata.uid() != person.as_raw() && metadata.uid() != 0 {
        let owner = User::from_uid(metadata.uid().into()).ok().flatten();
        let owner = owner.map_or_else(|| format!("user {}", metadata.uid()), |user| user.name);
        return Err(format!("{what} belongs to {owner}"));
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(format!("everybody may write to {what}"));
    }
    if metadata.mode() & 0o020 != 0 && metadata.gid() != 0 && !is_private(metadata.gid().into()) {
        return Err(format!("a group of others may write to {what}"));
    }
    Ok(())
}

/// Whether a group is the person's alone: of the same name, and without other members.
fn is_private(group: Gid) -> bool {
    let (Ok(Some(group)), Ok(Some(user))) = (Group::from_gid(group), User::from_uid(geteuid())) else { return false };
    group.name == user.name && user.gid == group.gid && group.mem.iter().all(|member| *member == user.name)
}
