//! Messages on the pipe: texts that end with a NUL byte.

use zeroize::Zeroizing;

/// A message larger than this is not one that a sign-in needs: STS takes at most 100,000 characters.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;

/// A message grew beyond [`LARGEST`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Joins what a pipe gives, in whatever pieces, into messages. What it holds is wiped: an assertion comes this way.
#[derive(Default)]
pub(super) struct Frames {
    begun: Zeroizing<Vec<u8>>,
}

impl Frames {
    /// Takes the next piece, and hands on each message that it completes.
    pub(super) fn push(&mut self, piece: &[u8], mut each: impl FnMut(Zeroizing<Vec<u8>>)) -> Result<(), TooLarge> {
        let mut parts = piece.split(|&byte| byte == 0);
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.append(part)?;
            each(std::mem::take(&mut self.begun));
        }
        self.append(last)
    }

    /// Grows by copying, so that the smaller buffer is wiped as well.
    fn append(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        let length = self.begun.len() + part.len();
        if length > LARGEST {
            return Err(TooLarge);
        }
        if length > self.begun.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.begun);
            self.begun = larger;
        }
        self.begun.extend_from_slice(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut frames, mut messages) = (Frames::default(), Vec::new());
        for piece in pieces {
            frames.push(piece, |message| messages.push(message.to_vec())).expect("small");
        }
        messages
    }

    #[test]
    fn an_unfinished_message_is_kept_back() {
        assert_eq!(read(&[b"one\0tw", b"", b"o\0thr"]), [b"one", b"two"]);
    }

    #[test]
    fn a_message_without_end_is_refused() {
        let (mut frames, piece) = (Frames::default(), vec![b'x'; LARGEST]);
        assert_eq!(frames.push(&piece, |_| ()), Ok(()));
        assert_eq!(frames.push(b"x", |_| ()), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn messages_survive_any_split(
            messages in prop::collection::vec(prop::collection::vec(1u8.., 0..40), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|m| m.iter().copied().chain([0])).collect();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces), messages);
        }
    }
}
