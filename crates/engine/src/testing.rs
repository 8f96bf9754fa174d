//! Time stepped by hand and randomness from a seed, for tests of this room and of those above it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::seams::{Clock, Entropy};

/// A clock that stands still until it is stepped.
#[derive(Debug)]
pub struct SteppedClock {
    now_ms: AtomicI64,
    boot_ms: AtomicU64,
}

impl SteppedClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self { now_ms: AtomicI64::new(now.millis()), boot_ms: AtomicU64::new(0) }
    }

    /// Lets this many milliseconds pass.
    pub fn step_ms(&self, ms: u64) {
        self.now_ms.fetch_add(i64::try_from(ms).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.boot_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Lets this many seconds pass.
    pub fn step_s(&self, seconds: u64) {
        self.step_ms(seconds * 1000);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::SeqCst))
    }

    fn boot_ms(&self) -> u64 {
        self.boot_ms.load(Ordering::SeqCst)
    }
}

/// Bytes that look random and are the same for the same seed.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// The bytes of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.drawn.fetch_add(1, Ordering::SeqCst);
            let drawn = Sha256::digest([self.seed.to_be_bytes(), block.to_be_bytes()].concat());
            chunk.copy_from_slice(drawn.get(..chunk.len()).unwrap_or_default());
        }
    }
}
