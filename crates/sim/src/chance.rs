//! Time and chance for a whole world, from its seed alone.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::clock::{Clock, Entropy};
use domain::timestamp::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// The clock that the world moves.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What a stream of chance is for: one never shifts another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// What people, admins and calls do, and when.
    World,
    /// What Weir takes its ids and secrets from.
    Weir,
    /// What goes wrong in the clouds.
    Faults,
    /// Which lists lie.
    Lists,
}

fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream as u64);
    generator
}

/// Random bytes for Weir and the clouds.
pub(crate) struct SeededEntropy(Mutex<ChaCha8Rng>);

impl SeededEntropy {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        Self(Mutex::new(generator(seed, stream)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }
}

/// Choices.
pub(crate) struct Dice(Option<ChaCha8Rng>);

impl Dice {
    /// Nothing happens by chance, all takes the shortest time, and of several the first is chosen.
    pub(crate) const LEAST: Self = Self(None);

    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        Self(Some(generator(seed, stream)))
    }

    /// From 0 to below `end`; 0 where nothing is below it.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let Some(generator) = &mut self.0 else {
            return 0;
        };
        let wide = u64::from(generator.next_u32()) * u64::from(end);
        u32::try_from(wide >> 32).unwrap_or_default()
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Milliseconds in this range.
    pub(crate) fn millis(&mut self, low: u32, high: u32) -> i64 {
        i64::from(self.between(low, high))
    }

    /// True this many times in a hundred.
    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.is_below(chance, 100)
    }

    /// True this many times in a thousand.
    pub(crate) fn per_mille(&mut self, chance: u32) -> bool {
        self.is_below(chance, 1000)
    }

    fn is_below(&mut self, chance: u32, of: u32) -> bool {
        let roll = self.below(of);
        self.0.is_some() && roll < chance
    }

    /// One of these, if there is one.
    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.get(self.below(count) as usize).cloned()
    }
}
