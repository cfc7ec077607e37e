//! A seed, run to its end or to its first violation, and what came of it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use providers::fake::Fault;

use crate::Result;
use crate::invariants::Violation;
use crate::script::Script;
use crate::timeline::Timeline;
use crate::world::{Day, START, World};

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
    /// The most machines that were there at once.
    pub most_at_once: u64,
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
        self.most_at_once = self.most_at_once.max(other.most_at_once);
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
    alone(seed, Day::OfSeed)
}

/// Runs a day on which people ask and this fault happens whenever it can. Nothing else is wrong with the clouds, and no
/// admin helps.
///
/// # Errors
/// The world cannot be made.
pub fn run_with_only(seed: u64, fault: Fault) -> Result<Run> {
    alone(seed, Day::Only(fault))
}

/// A day that a script tells (its form is in `script.rs`): what happened, line by line and in figures, and what must never be
/// and was seen.
///
/// # Errors
/// The script cannot be read.
pub fn play(script: &str) -> Result<(String, Vec<Violation>)> {
    let script = Script::read(script)?;
    let shown = script.shown_until(START);
    let run = alone(0, Day::Scripted(script))?;
    let totals = &run.totals;
    let figures = format!(
        "{} requests, {} seats, {} servers asked for, {} machines made, at most {} at once\n",
        totals.requests, totals.seats, totals.asked_for, totals.machines, totals.most_at_once
    );
    let faults = totals.faults.iter();
    let faults: Vec<String> = faults
        .map(|(word, count)| format!("fault {word}: {count}\n"))
        .collect();
    let lines = run.timeline.told_until(shown);
    let told = format!("{lines}\n{figures}{}", faults.concat());
    Ok((told, run.violations))
}

/// A seed on this thread. Several at once would fill the time in which one waits for its database, and push each other out of
/// the core's cache, which costs more.
fn alone(seed: u64, day: Day) -> Result<Run> {
    wait_for(async {
        let mut world = World::new(seed, day).await?;
        world.live().await?;
        Ok(world.end(seed).await)
    })
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Bell(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        thread::park();
        // The database rings with each row: it may finish its statement first.
        thread::yield_now();
    }
}

/// Wakes the thread of a world. The only other thread of a world is its database.
struct Bell(Thread);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
