//! A seed, run to its end or to its first violation, and what came of it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

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
    on_this_thread(async {
        let mut world = World::new(seed).await?;
        world.live().await?;
        Ok(world.end(seed).await)
    })
}

/// Waits for a world, whose only other thread is its database.
fn on_this_thread<F: Future>(world: F) -> F::Output {
    let bell = Arc::new(Bell {
        thread: thread::current(),
        has_rung: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    let mut world = pin!(world);
    loop {
        if let Poll::Ready(output) = world.as_mut().poll(&mut context) {
            return output;
        }
        while !bell.has_rung.swap(false, Ordering::SeqCst) {
            thread::park();
            // The database rings with each row: it may finish its statement first.
            thread::yield_now();
        }
    }
}

/// Wakes the thread of a world.
struct Bell {
    thread: Thread,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}
