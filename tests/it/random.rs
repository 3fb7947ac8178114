//! Numbers at random that can be had again: the seed is printed, and `LEAPP_TEST_SEED` gives it back.

#![allow(clippy::print_stdout, reason = "shown where a test fails")]

use std::time::{SystemTime, UNIX_EPOCH};

/// A source of them (xorshift64*).
pub struct Random(u64);

impl Random {
    /// One with a new seed, or the one that is asked for.
    pub fn seeded() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
        let given = std::env::var("LEAPP_TEST_SEED").ok();
        let seed = given.map_or(u64::try_from(now & u128::from(u64::MAX)).expect("64 bits"), |seed| {
            seed.parse().expect("LEAPP_TEST_SEED is a number")
        });
        println!("to have the same again: LEAPP_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// Another source, for a thread of its own.
    pub fn split(&mut self) -> Self {
        self.below(2);
        Self(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("31 bits") % end
    }

    /// One of these.
    pub fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}
