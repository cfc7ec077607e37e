//! A seed, run to its end or to its first violation, and what came of it.

use std::collections::BTreeMap;

use crate::Result;
use crate::invariants::Violation;
use crate::timeline::Timeline;
use crate::world::World;

/// What came of a seed.
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// What must never be and was seen; the run ends with the first.
    pub violations: Vec<Violation>,
    /// Figures.
    pub totals: Totals,
    /// What happened.
    pub timeline: Timeline,
}

/// Figures of one run, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests for a session that reached Weir.
    pub requests: u64,
    /// Seats that were given.
    pub seats: u64,
    /// Machines that were made.
    pub machines: u64,
    /// Times that Weir fell and came back.
    pub crashes: u64,
    /// Ticks of the loop.
    pub ticks: u64,
    /// Faults by their word.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.seats += other.seats;
        self.machines += other.machines;
        self.crashes += other.crashes;
        self.ticks += other.ticks;
        for (word, count) in &other.faults {
            *self.faults.entry(word).or_default() += count;
        }
    }
}

/// Runs a seed to its end, or to its first violation.
///
/// # Errors
/// The world cannot be made.
pub fn run(seed: u64) -> Result<Run> {
    // The pool of connections has a time-out of its own, which never comes: nothing in a world waits.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        // The database is a thread of its own, which wakes this one with each row: it may first finish its statement.
        .on_thread_unpark(std::thread::yield_now)
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let mut world = World::new(seed).await?;
        world.live().await?;
        Ok(world.end(seed).await)
    })
}
