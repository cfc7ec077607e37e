//! A seed, run to its end or to its first violation, and what came of it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use providers::fake::Fault;

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
    /// Servers that a cloud was asked for, refused ones too.
    pub asked_for: u64,
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
        self.asked_for += other.asked_for;
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
    alone(Place::new(seed, None))
}

/// Runs a day on which people ask and this fault happens whenever it can. Nothing else is wrong with the clouds, and no
/// admin helps.
///
/// # Errors
/// The world cannot be made.
pub fn run_with_only(seed: u64, fault: Fault) -> Result<Run> {
    alone(Place::new(seed, Some(fault)))
}

fn alone(world: Place) -> Result<Run> {
    let mut run = None;
    run_places(vec![world], || None, |_, ended| run = Some(ended));
    run.unwrap_or_else(|| Err("the seed has not come to its end".to_owned()))
}

/// Worlds on one thread: while the database of one is at work, the others go on.
const AT_ONCE: usize = 4;

/// Runs the seeds that `next` gives until it gives none, some of them at once on this thread. Each goes to `done` as it
/// ends. They have nothing in common, so that none comes out otherwise than alone.
pub fn run_all(mut next: impl FnMut() -> Option<u64>, done: impl FnMut(u64, Result<Run>)) {
    let next = || next().map(|seed| Place::new(seed, None));
    run_places(Vec::new(), next, done);
}

fn run_places(
    mut worlds: Vec<Place>,
    mut next: impl FnMut() -> Option<Place>,
    mut done: impl FnMut(u64, Result<Run>),
) {
    loop {
        while worlds.len() < AT_ONCE
            && let Some(world) = next()
        {
            worlds.push(world);
        }
        if worlds.is_empty() {
            return;
        }
        let mut has_rung = false;
        worlds.retain_mut(|place| {
            if !place.bell.has_rung.swap(false, Ordering::SeqCst) {
                return true;
            }
            has_rung = true;
            match place.poll() {
                Poll::Ready(run) => {
                    done(place.seed, run);
                    false
                }
                Poll::Pending => true,
            }
        });
        if !has_rung {
            thread::park();
            // The databases ring with each row: they may finish their statements first.
            thread::yield_now();
        }
    }
}

/// A world on a thread that it shares with others.
struct Place {
    seed: u64,
    world: Pin<Box<dyn Future<Output = Result<Run>>>>,
    bell: Arc<Bell>,
}

impl Place {
    fn new(seed: u64, only: Option<Fault>) -> Self {
        Self {
            seed,
            world: Box::pin(async move {
                let mut world = World::new(seed, only).await?;
                world.live().await?;
                Ok(world.end(seed).await)
            }),
            bell: Arc::new(Bell {
                thread: thread::current(),
                has_rung: AtomicBool::new(true),
            }),
        }
    }

    fn poll(&mut self) -> Poll<Result<Run>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.world.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

/// Wakes the thread of a world. The only other thread of a world is its database.
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
