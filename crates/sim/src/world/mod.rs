//! A world: its clock, its queue of events by due time, and what it does when the next is due.
//!
//! Weir's effects are values: each reaches its cloud at a due time and is answered at another, and between them anything
//! may happen. Now and then something that a person does meets a tick in the middle, in an order that the seed
//! decides. Time in which nothing is due is skipped.

mod call;
mod day;
mod event;
mod look;
mod machine;
mod person;
mod replica;
mod scripted;
mod weir;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use control::ControlPlane;
use domain::clock::Clock as _;
use domain::id::{DeploymentId, GenerationId, ProviderId, ServerId, SessionId};
use domain::timestamp::Timestamp;
use providers::fake::Fault;
use store::{DatabaseUrl, MasterKey, Store};

use crate::Result;
use crate::chance::{Dice, HandClock, SeededEntropy, Stream};
use crate::cloud::Clouds;
use crate::faults::{self, Happened};
use crate::invariants::{Look, Violation, Watch, at_rest, full_day};
use crate::run::{Run, Totals};
use crate::script::Script;
use crate::timeline::Timeline;
use crate::workload::{self, Deployment};

use event::Event;
use replica::Deposed;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_796_000_000_000);
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// People ask and things fail for this long.
const DAY: i64 = 24 * HOUR;
/// From the last fault to the last requests: breakers close, orphans go.
const QUIET: i64 = 90 * MINUTE;
/// From the last requests to the end.
const LAST: i64 = 90 * MINUTE;
/// How long a lease lasts: longer than usual, since renewing it costs a transaction.
const LEASE: i64 = 5 * MINUTE;

/// Weir and all that is around it.
pub(crate) struct World {
    clock: Arc<HandClock>,
    entropy: Arc<SeededEntropy>,
    dice: Dice,
    store: Store,
    deployment: DeploymentId,
    clouds: Arc<Clouds>,
    /// Weir, while it is up.
    plane: Option<ControlPlane>,
    life: u64,
    /// Until then the lease may still be another's.
    lease_free_at: Timestamp,
    /// Since when Weir has run.
    risen_at: Timestamp,
    /// A slow Weir that has a successor and does not know it yet.
    deposed: Option<Deposed>,
    /// When the loop ticks next,
    tick_at: Option<Timestamp>,
    /// because something woke it.
    is_woken: bool,
    queue: BTreeMap<(Timestamp, u64), Event>,
    sequence: u64,
    made: Deployment,
    ends_at: Timestamp,
    is_calm: bool,
    /// The last requests: these must be seated.
    last: BTreeSet<SessionId>,
    open: BTreeSet<SessionId>,
    states: BTreeMap<ServerId, &'static str>,
    seen: Option<Look>,
    watch: Watch,
    timeline: Timeline,
    totals: Totals,
    happened: Happened,
    violations: Vec<Violation>,
    day: Day,
}

/// What a day is like.
pub(crate) enum Day {
    /// The seed decides everything.
    OfSeed,
    /// People ask, this fault happens whenever it can, nothing else is wrong with the clouds, and no admin helps.
    Only(Fault),
    /// A script tells it.
    Scripted(Script),
}

/// What an event did, for the look after it.
#[derive(Default)]
struct Done {
    /// A tick has ended as it should.
    is_tick: bool,
    rows: Rows,
    acts: u32,
    is_edit: bool,
    limited: Option<(ProviderId, u32)>,
}

/// Whether rows may have changed during an event, so that the store must be looked at.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rows {
    /// They may.
    Changed,
    /// Only if the loop was woken: whatever writes a server's or a session's row wakes it.
    #[default]
    ChangedIfWoken,
    /// They have not, and the loop is woken all the same: Weir has taken in a list.
    Kept,
}

impl World {
    /// The world of a seed.
    pub(crate) async fn new(seed: u64, day: Day) -> Result<Self> {
        let clock = Arc::new(HandClock::at(START));
        let entropy = Arc::new(SeededEntropy::new(seed, Stream::Weir));
        let deployment = DeploymentId::new(&*clock, &*entropy);
        let generation = GenerationId::from_uuid(deployment.uuid());
        let store = Store::open(
            &DatabaseUrl::SqliteMemory,
            &MasterKey::from_bytes([7; 32]),
            deployment,
            generation,
            START,
            entropy.clone(),
        )
        .await
        .map_err(|error| format!("no database: {error}"))?;
        let clouds = Arc::new(Clouds::new(
            seed,
            clock.clone(),
            store.clone(),
            (deployment, generation),
        ));
        let plane = weir::plane(&clock, &entropy, &store, &clouds, deployment, 0);
        let (dice, made) = match &day {
            Day::Scripted(script) => (Dice::LEAST, scripted::deploy(&plane, script).await?),
            Day::OfSeed | Day::Only(_) => {
                let mut dice = Dice::new(seed, Stream::World);
                let made = workload::deploy(&plane, &clouds, &mut dice, seed).await?;
                (dice, made)
            }
        };
        let mut world = Self {
            clock,
            entropy,
            dice,
            store,
            deployment,
            clouds,
            plane: Some(plane),
            life: 0,
            lease_free_at: START,
            risen_at: START,
            deposed: None,
            tick_at: Some(START),
            is_woken: false,
            queue: BTreeMap::new(),
            sequence: 0,
            made,
            ends_at: START.plus_millis(DAY + QUIET + LAST),
            is_calm: false,
            last: BTreeSet::new(),
            open: BTreeSet::new(),
            states: BTreeMap::new(),
            seen: None,
            watch: Watch::default(),
            timeline: Timeline::new(START),
            totals: Totals::default(),
            happened: Happened::default(),
            violations: Vec::new(),
            day: Day::OfSeed,
        };
        match &day {
            Day::OfSeed => world.plan_the_day(),
            Day::Only(fault) => {
                for (_, cloud) in world.clouds.clouds() {
                    cloud.set_plan(Some(faults::only(&world.made.chance, *fault)));
                }
                world.ends_at = START.plus_millis(DAY);
                world.plan_requests();
            }
            Day::Scripted(script) => world.follow(script),
        }
        world.day = day;
        Ok(world)
    }

    /// Whether the seed alone decides what happens.
    const fn is_of_seed(&self) -> bool {
        matches!(self.day, Day::OfSeed)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn push(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), event);
    }

    fn after(&mut self, millis: i64, event: Event) {
        self.push(self.now().plus_millis(millis), event);
    }

    fn note(&mut self, what: &str) {
        self.timeline.note(self.clock.now(), what);
    }

    fn fault(&mut self, word: &'static str, what: &str) {
        self.happened.count(word);
        self.note(&format!("FAULT {word}: {what}"));
    }

    fn violated(&mut self, violation: Violation) {
        self.timeline
            .note(violation.at, &format!("VIOLATION {violation}"));
        self.violations.push(violation);
    }

    /// Goes from event to event until the end or the first violation.
    pub(crate) async fn live(&mut self) -> Result<()> {
        while self.violations.is_empty() {
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let machines = self.clouds.clouds();
            let machines = machines
                .iter()
                .filter_map(|(_, cloud)| cloud.next_due())
                .min();
            let tick = self.tick_at.filter(|_| self.plane.is_some());
            let Some(due) = [queued, machines, tick].into_iter().flatten().min() else {
                break;
            };
            if due > self.ends_at {
                break;
            }
            self.clock.set(due.max(self.now()));
            let done = if queued == Some(due) {
                let Some((_, event)) = self.queue.pop_first() else {
                    break;
                };
                self.event(event).await?
            } else if machines == Some(due) {
                self.machines_report();
                continue;
            } else {
                self.tick().await
            };
            let is_woken = self.heed_wakes().await;
            let have_rows_changed = match done.rows {
                Rows::Changed => true,
                Rows::ChangedIfWoken => is_woken,
                Rows::Kept => false,
            };
            for call in self.clouds.take_calls() {
                for violation in self.watch.call(&call) {
                    self.violated(violation);
                }
            }
            self.look(&done, have_rows_changed).await?;
        }
        Ok(())
    }

    /// The last look, once all has come to rest.
    pub(crate) async fn end(mut self, seed: u64) -> Run {
        let clouds = self.clouds.clouds();
        let made = clouds.iter().map(|(_, cloud)| cloud.machines().len());
        self.totals.machines = made.sum::<usize>() as u64;
        self.totals.asked_for = self.watch.asked_for();
        self.totals.faults = std::mem::take(&mut self.happened).with(self.clouds.faults());
        let mut found = Vec::new();
        if let Some(look) = self.seen.take() {
            let mut reports = BTreeMap::new();
            for (pool, _) in &self.made.pools {
                if let Ok(Some(decision)) = self.store.last_decision(*pool).await {
                    reports.insert(*pool, decision.report);
                }
            }
            found = at_rest(&look, |pool| reports.get(&pool).cloned());
        }
        found.extend(full_day(self.now(), &self.totals));
        // The first violation has ended the day: what comes after it says nothing. Nor does a day without rest.
        if self.violations.is_empty() && self.is_of_seed() {
            for violation in found {
                self.violated(violation);
            }
        }
        self.plane = None;
        self.store.close().await;
        Run {
            seed,
            violations: self.violations,
            totals: self.totals,
            timeline: self.timeline,
        }
    }
}
