//! The unlocked master key in the kernel's keyring of the user: no bus, no prompt, gone at reboot or timeout.
//!
//! The kernel may forbid it (containers), or have no such thing: then there is simply no key at hand.

use super::sealed::SealingKey;

#[cfg(target_os = "linux")]
mod keyutils {
    use std::time::Duration;

    use linux_keyutils::{KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
    use zeroize::Zeroizing;

    use super::SealingKey;
    use crate::vault::sealed::KEY_BYTES;

    /// The user's keyring (`@u`) is searched rather than the session's: after plain `su`, or from another session of
    /// the same user, only that one answers.
    fn ring() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()
    }

    /// Named after the vault's own id, so that two vaults of one user never meet.
    fn name(id: &str) -> String {
        format!("leapp:vault:{id}")
    }

    pub(in crate::vault) fn get(id: &str) -> Option<SealingKey> {
        let key = ring()?.search(&name(id)).ok()?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let read = key.read(&mut *bytes).ok()?;
        (read == KEY_BYTES).then_some(bytes)
    }

    pub(in crate::vault) fn hold(id: &str, master: &SealingKey, time: Duration) -> bool {
        let seconds = usize::try_from(time.as_secs()).unwrap_or_default();
        if seconds == 0 {
            drop_key(id);
            return false;
        }
        let Some(key) = ring().and_then(|ring| ring.add_key(&name(id), master.as_slice()).ok()) else { return false };
        // The owner may read it without possessing it through a session keyring; nobody else may do anything.
        let user = Permission::VIEW | Permission::READ | Permission::SEARCH | Permission::WRITE | Permission::SETATTR;
        let permissions = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(user).build();
        let held = key.set_timeout(seconds).is_ok() && key.set_perms(permissions).is_ok();
        if !held {
            drop_key(id);
        }
        held
    }

    pub(in crate::vault) fn drop_key(id: &str) -> bool {
        let Some(ring) = ring() else { return false };
        let Ok(key) = ring.search(&name(id)) else { return false };
        key.invalidate().is_ok() || key.revoke().is_ok() || ring.unlink_key(key).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod keyutils {
    use std::time::Duration;

    use super::SealingKey;

    pub(in crate::vault) fn get(_: &str) -> Option<SealingKey> {
        None
    }

    pub(in crate::vault) fn hold(_: &str, _: &SealingKey, _: Duration) -> bool {
        false
    }

    pub(in crate::vault) fn drop_key(_: &str) -> bool {
        false
    }
}

/// Has the kernel forget the key; whether it held one.
pub(super) use keyutils::drop_key;
/// The key that the kernel holds for this vault; none where it holds none.
pub(super) use keyutils::get;
/// Has the kernel hold a key for a time; whether it does.
pub(super) use keyutils::hold;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn two_vaults_of_one_user_never_meet() {
        let (one, two) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        let id = |n: u8| format!("{n:02x}{:030x}", std::process::id());
        assert!(hold(&id(1), &one, Duration::from_mins(1)), "keyutils must work where the tests run");
        assert!(hold(&id(2), &two, Duration::from_mins(1)));
        assert_eq!((get(&id(1)), get(&id(2))), (Some(one), Some(two)));
        assert!(drop_key(&id(1)));
        assert_eq!(get(&id(1)), None);
        assert!(get(&id(2)).is_some());
        assert!(drop_key(&id(2)));
        assert!(!hold(&id(3), &Zeroizing::new([3; 32]), Duration::ZERO));
    }
}
