//! Pure: a short name for a list of texts.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a list of texts, each with its length, so that no two lists run into one.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of a list of texts: of each with its length, so that no two lists are alike.
    pub fn of(texts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// 128 of its bits in hexadecimal: enough to tell a person's sessions apart.
    pub fn short(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(HEX[usize::from(nibble)]);
        self.0[..16].iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_join_to_one_text_have_different_names() {
        assert_ne!(Digest::of(&["ab", "c"]).short(), Digest::of(&["a", "bc"]).short());
        assert_ne!(Digest::of(&["a"]).short(), Digest::of(&["a", ""]).short());
        assert_eq!(Digest::of(&["a"]).short().len(), 32);
    }
}
