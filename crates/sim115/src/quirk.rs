//! Seeded chance: which of the shapes seen on the real wire the next value takes.

use std::fmt;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Deterministic for one seed and one order of calls.
pub(crate) struct Dice(Mutex<StdRng>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    pub(crate) fn coin(&self) -> bool {
        self.0.lock().random()
    }

    /// A number below `n`; 0 for `n` = 0.
    pub(crate) fn below(&self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0.lock().random_range(0..n) }
    }

    pub(crate) fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A JSON number or the same as a string (quirk 3). Above 2^53 the number stays exact text (quirk 58).
    pub(crate) fn number(&self, n: u64) -> Value {
        if self.coin() { json!(n) } else { json!(n.to_string()) }
    }

    pub(crate) fn key(&self) -> [u8; 16] {
        self.0.lock().random()
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}
