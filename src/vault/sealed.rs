//! Pure: bytes sealed with a key, bound to what they are for.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): its 192-bit nonces are drawn at random without fear of a repetition.

use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

/// The length of a key, in bytes.
pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Says what the file is, and in which version.
const MAGIC: &[u8] = b"leapp-sealed-1\n";

/// A key that is wiped when it is dropped.
pub(super) type SealingKey = Zeroizing<[u8; KEY_BYTES]>;

/// Sealed bytes that do not open: not ours, cut short, changed, or sealed with another key or for another purpose.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DoesNotOpen;

/// Draws random bytes from the operating system.
pub(super) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// A name drawn at random: 128 bits in hexadecimal.
pub(super) fn random_name() -> std::io::Result<String> {
    Ok(format!("{:032x}", u128::from_le_bytes(random()?)))
}

/// Seals `plain` with `key`; it opens only with the same key and `purpose`.
pub(super) fn seal(key: &SealingKey, purpose: &str, plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = random()?;
    let payload = Payload { msg: plain, aad: purpose.as_bytes() };
    let sealed = cipher(key)
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| std::io::Error::other("too large to be sealed"))?;
    Ok([MAGIC, &nonce, &sealed].concat())
}

/// Opens what [`seal`] made.
pub(super) fn open(key: &SealingKey, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(DoesNotOpen)?;
    let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(DoesNotOpen)?;
    let payload = Payload { msg: text, aad: purpose.as_bytes() };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| DoesNotOpen)
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(**key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> SealingKey {
        Zeroizing::new([byte; KEY_BYTES])
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_with_the_same_key_and_purpose_only(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            cut in any::<prop::sample::Index>(),
            flip in 0u8..8,
        ) {
            let sealed = seal(&key(1), "a", &plain).expect("sealed");
            prop_assert_eq!(open(&key(1), "a", &sealed).expect("opens").to_vec(), plain);
            prop_assert_eq!(open(&key(2), "a", &sealed), Err(DoesNotOpen));
            prop_assert_eq!(open(&key(1), "b", &sealed), Err(DoesNotOpen));
            let place = cut.index(sealed.len());
            prop_assert_eq!(open(&key(1), "a", &sealed[..place]), Err(DoesNotOpen));
            let mut changed = sealed.clone();
            changed[place] ^= 1 << flip;
            prop_assert_eq!(open(&key(1), "a", &changed), Err(DoesNotOpen));
        }

        #[test]
        fn foreign_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(open(&key(1), "a", &bytes), Err(DoesNotOpen));
        }
    }
}
