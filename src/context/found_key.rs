//! The vault's key, in memory for the run.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// The vault's key, once a run has found it and nothing else holds it: shared by all that stem from one context, so that
/// the person is asked once.
#[derive(Clone, Default)]
pub(crate) struct FoundKey(Arc<Mutex<Option<Found>>>);

struct Found {
    vault: String,
    key: Zeroizing<[u8; 32]>,
}

impl FoundKey {
    /// The key of this vault.
    pub(crate) fn get(&self, vault: &str) -> Option<Zeroizing<[u8; 32]>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|found| found.vault == vault).map(|found| found.key.clone())
    }

    /// Takes the key of this vault into custody.
    pub(crate) fn set(&self, vault: &str, key: &Zeroizing<[u8; 32]>) {
        let found = Found { vault: vault.to_owned(), key: key.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// As a line for another leapp of this run; empty where there is none.
    pub(crate) fn to_line(&self) -> Zeroizing<String> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Found { vault, key }) = found.as_ref() else { return Zeroizing::default() };
        let key = Zeroizing::new(STANDARD.encode(key.as_slice()));
        Zeroizing::new([vault, " ", key.as_str()].concat())
    }

    /// Takes what [`FoundKey::to_line`] made.
    pub(crate) fn take_line(&self, line: &str) {
        let Some((vault, key)) = line.split_once(' ') else { return };
        let key = Zeroizing::new(STANDARD.decode(key).unwrap_or_default());
        if let Ok(key) = key.as_slice().try_into() {
            self.set(vault, &Zeroizing::new(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_found_key_goes_over_a_line_and_opens_its_vault_alone() {
        let (one, other) = (FoundKey::default(), FoundKey::default());
        assert_eq!(one.to_line().as_str(), "");
        one.set("a", &Zeroizing::new([7; 32]));
        other.take_line(&one.to_line());
        assert_eq!(other.get("a"), Some(Zeroizing::new([7; 32])));
        assert_eq!(other.get("b"), None);
        for line in ["", "a", "b AAAA", "b =="] {
            other.take_line(line);
            assert_eq!((other.get("b"), other.get("a").is_some()), (None, true), "{line}");
        }
    }
}
