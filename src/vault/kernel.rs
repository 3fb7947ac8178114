//! The unlocked master key in the kernel's keyring of the user: no bus, no prompt, gone at reboot or timeout.
//!
//! The kernel may forbid it (containers), or have no such thing: then there is simply no key at hand.

use super::sealed::SealingKey;

#[cfg(target_os = "linux")]
mod keyutils {
    use std::{fs, time::Duration};

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
        let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok();
        let Some((ring, own)) = ring().zip(own) else { return false };
        // It comes into the user's keyring with all that bounds it. The process's own is gone with the process.
        let Ok(key) = own.add_key(&name(id), master.as_slice()) else { return false };
        // The owner may read it without possessing it through a session keyring; nobody else may do anything.
        let user = Permission::VIEW | Permission::READ | Permission::SEARCH | Permission::WRITE | Permission::SETATTR;
        let permissions = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(user).build();
        let held = key.set_timeout(seconds).is_ok() && key.set_perms(permissions).is_ok() && ring.link_key(key).is_ok();
        let _ = own.unlink_key(key);
        held
    }

    pub(in crate::vault) fn limit(id: &str, time: Duration) {
        let (keys, mark) = (fs::read_to_string("/proc/keys").unwrap_or_default(), format!(" {}: ", name(id)));
        // A line has the time that is left, among other fields (keyrings(7)).
        let has_no_end = keys.lines().any(|line| line.contains(" perm ") && line.contains(&mark));
        if has_no_end && let Some(Ok(key)) = ring().map(|ring| ring.search(&name(id))) {
            let _ = key.set_timeout(usize::try_from(time.as_secs()).unwrap_or_default().max(1));
        }
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

    pub(in crate::vault) fn limit(_: &str, _: Duration) {}

    pub(in crate::vault) fn drop_key(_: &str) -> bool {
        false
    }
}

/// Has the kernel forget the key; whether it held one.
pub(super) use keyutils::drop_key;
/// The key that the kernel holds for this vault; none where it holds none.
pub(super) use keyutils::get;
/// Has the kernel hold a key for a time; whether it does. There is no moment in which it holds it for ever.
pub(super) use keyutils::hold;
/// Gives a key that the kernel would hold for ever, as a leapp that was killed once left it, the time that it is held.
pub(super) use keyutils::limit;

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

    #[test]
    fn a_key_without_an_end_gets_one_and_another_stays_as_it_is() {
        use linux_keyutils::{KeyRing, KeyRingIdentifier};

        let id = format!("ee{:030x}", std::process::id());
        let name = format!("leapp:vault:{id}");
        // A key that was displaced is there for a moment still.
        let left = || -> Vec<String> {
            let keys = std::fs::read_to_string("/proc/keys").expect("the kernel's keys");
            let of_key = keys.lines().filter(|line| line.contains(&name));
            of_key.filter_map(|line| line.split_whitespace().nth(3)).map(str::to_owned).collect()
        };
        let ring = KeyRing::from_special_id(KeyRingIdentifier::User, false).expect("a keyring");
        ring.add_key(&name, &[1; 32]).expect("added");
        assert_eq!(left(), ["perm"]);
        limit(&id, Duration::from_hours(12));
        assert_ne!(left(), ["perm"]);
        assert!(hold(&id, &Zeroizing::new([2; 32]), Duration::from_mins(1)), "in the place of the other");
        assert_eq!(get(&id), Some(Zeroizing::new([2; 32])));
        limit(&id, Duration::from_hours(12));
        assert!(left().iter().any(|left| ["59s", "60s", "1m"].contains(&left.as_str())), "{:?}", left());
        assert!(drop_key(&id));
    }
}
