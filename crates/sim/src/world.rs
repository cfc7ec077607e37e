//! A world: its clock, its queue of events by due time, and what each event does to Weir and the clouds.
//!
//! Weir's effects are values: each reaches its cloud at a due time and is answered at another, and between them anything
//! may happen. Now and then something that a person does meets a tick in the middle, in an order that the seed
//! decides. Time in which nothing is due is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use control::checkin_token::CheckinTokens;
use control::reconciler::{self, Effect, Finished};
use control::{ControlPlane, Parts, Settings, checkin};
use domain::checkin::CheckinReport;
use domain::clock::Clock as _;
use domain::id::{DeploymentId, PoolId, ProviderId, ServerId, SessionId, UserId};
use domain::plan::Reason;
use domain::secret::Secret;
use domain::server::ServerState;
use domain::session::{EndReason, Session, SessionState};
use domain::snapshot::LoopSettings;
use domain::timestamp::Timestamp;
use providers::fake::FakeEvent;
use store::{DatabaseUrl, MasterKey, Store};

use crate::Result;
use crate::chance::{Dice, HandClock, SeededEntropy, Stream};
use crate::cloud::{Clouds, Ports, Watched};
use crate::faults::{self, Happened};
use crate::invariants::{Gone, Invariant, Look, Violation, Watch, at_rest, holds_back, reasons};
use crate::timeline::Timeline;
use crate::workload::{self, Act, Deployment, perform};

const START: Timestamp = Timestamp::from_millis(1_796_000_000_000);
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// People ask and things fail for this long.
const DAY: i64 = 24 * HOUR;
/// From the last fault to the last requests: breakers close, orphans go.
const QUIET: i64 = 90 * MINUTE;
/// From the last requests to the end.
const LAST: i64 = 90 * MINUTE;
/// Requests that are planned for the day, besides those that meet ticks.
const REQUESTS: u32 = 200;
/// How long a lease lasts: longer than usual, since renewing it costs a transaction.
const LEASE: i64 = 5 * MINUTE;
/// A call that takes longer ends without an answer.
const CALL_MILLIS: i64 = 60_000;

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

enum Event {
    /// An effect reaches its cloud.
    Reach(Box<Flight>),
    /// Its outcome is recorded.
    Answer {
        life: u64,
        list_of: Option<ProviderId>,
        kind: &'static str,
        finished: Box<Finished>,
    },
    /// A machine's report arrives.
    CheckIn {
        token: Secret,
        report: CheckinReport,
        tries: u32,
    },
    /// Somebody asks for a session.
    Ask(UserId, PoolId),
    /// Somebody does something.
    Do(Act),
    /// An admin does something, chosen when it is due.
    Admin,
    /// A machine dies, or somebody deletes it behind Weir's back.
    Harm,
    /// A provider's lists are empty for a while.
    EmptyLists,
    /// The clock jumps.
    Jump,
    /// Weir falls.
    Fall,
    /// Weir comes back.
    Rise,
    /// From now on nothing fails.
    Calm,
    /// The last requests.
    LastRequests,
}

/// A call on its way.
struct Flight {
    /// Of which start of Weir.
    life: u64,
    effect: Effect,
    /// When its answer is there.
    answer_at: Timestamp,
    /// When Weir stops waiting for it.
    lost_at: Timestamp,
}

struct World {
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
}

/// What an event did, for the look after it.
#[derive(Default)]
struct Done {
    /// A tick has ended as it should.
    is_tick: bool,
    /// Rows may have changed, so that the store must be looked at.
    may_have_written: bool,
    /// Weir has taken in a list, which wakes its loop and writes no row.
    is_list: bool,
    acts: u32,
    is_edit: bool,
}

impl World {
    async fn new(seed: u64) -> Result<Self> {
        let clock = Arc::new(HandClock::at(START));
        let entropy = Arc::new(SeededEntropy::new(seed, Stream::Weir));
        let deployment = DeploymentId::new(&*clock, &*entropy);
        let store = Store::open(
            &DatabaseUrl::SqliteMemory,
            &MasterKey::from_bytes([7; 32]),
            deployment,
            START,
            entropy.clone(),
        )
        .await
        .map_err(|error| format!("no database: {error}"))?;
        let clouds = Arc::new(Clouds::new(seed, clock.clone(), store.clone(), deployment));
        let mut dice = Dice::new(seed, Stream::World);
        let plane = plane(&clock, &entropy, &store, &clouds, deployment, 0);
        let made = workload::deploy(&plane, &clouds, &mut dice, seed).await?;
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
        };
        world.plan_the_day();
        Ok(world)
    }

    /// What is settled before anything happens.
    fn plan_the_day(&mut self) {
        for (name, (pool, _)) in ["shells", "desktops", "kiosks", "screens"]
            .iter()
            .zip(&self.made.pools)
        {
            self.timeline.call(pool.uuid(), name);
        }
        let mut asked = 0;
        while asked < REQUESTS {
            // People come in bunches.
            let at = self.time_of_day();
            for _ in 0..self.dice.between(1, 5) {
                let (Some(user), Some(pool)) = (self.person(), self.pool()) else {
                    return;
                };
                let at = at.plus_millis(self.dice.millis(0, 20_000));
                self.push(at, Event::Ask(user, pool));
                asked += 1;
            }
        }
        let make: [fn() -> Event; 5] = [
            || Event::Admin,
            || Event::Harm,
            || Event::EmptyLists,
            || Event::Jump,
            || Event::Fall,
        ];
        for make in make {
            for _ in 0..self.dice.between(1, faults::A_DAY) {
                let at = self.time_of_day();
                self.push(at, make());
            }
        }
        for _ in 0..30 {
            let at = self.time_of_day();
            self.push(at, Event::Admin);
        }
        self.push(START.plus_millis(DAY), Event::Calm);
        self.push(START.plus_millis(DAY + QUIET), Event::LastRequests);
    }

    fn time_of_day(&mut self) -> Timestamp {
        let minutes = self.dice.millis(0, 24 * 60 - 1);
        START.plus_millis(minutes * MINUTE + self.dice.millis(0, 60_000))
    }

    fn person(&mut self) -> Option<UserId> {
        self.dice.pick(&self.made.people)
    }

    fn pool(&mut self) -> Option<PoolId> {
        // Each session of a single-use pool costs a server, so that fewer go there.
        let turn = [0, 0, 0, 1, 1, 1, 2, 3, 3];
        let place = self.dice.pick(&turn)?;
        self.made.pools.get(place).map(|(pool, _)| *pool)
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
    async fn live(&mut self) -> Result<()> {
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
            let mut done = if queued == Some(due) {
                let Some((_, event)) = self.queue.pop_first() else {
                    break;
                };
                self.event(event).await
            } else if machines == Some(due) {
                self.machines_report();
                continue;
            } else {
                self.tick().await
            };
            // Whatever writes a server's or a session's row wakes the loop.
            done.may_have_written |= self.heed_wakes().await && !done.is_list;
            for call in self.clouds.take_calls() {
                for violation in self.watch.call(&call) {
                    self.violated(violation);
                }
            }
            self.look(&done).await?;
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Done {
        let mut done = Done::default();
        match event {
            Event::Reach(flight) => self.reach(*flight).await,
            Event::Answer {
                life,
                list_of,
                kind,
                finished,
            } => {
                done.is_list = kind == "list";
                done.may_have_written = !done.is_list;
                self.answer(life, list_of, kind, *finished).await;
            }
            Event::CheckIn {
                token,
                report,
                tries,
            } => {
                done.may_have_written = true;
                self.check_in(token, report, tries).await;
            }
            Event::Ask(user, pool) => {
                if let Some(act) = self.ask(user, pool) {
                    return self.act(act).await;
                }
            }
            Event::Do(act) => return self.act(act).await,
            Event::Admin => {
                if let Some(act) = self.admin() {
                    return self.act(act).await;
                }
            }
            Event::Harm => self.harm(),
            Event::EmptyLists => {
                if let Some(provider) = self.made.providers.first().copied() {
                    let minutes = self.dice.millis(2, 20);
                    let until = self.now().plus_millis(minutes * MINUTE);
                    self.clouds.empty_lists(provider, until);
                    self.note(&format!("lists are empty for {minutes} minutes"));
                }
            }
            Event::Jump => {
                let millis = self.dice.millis(1000, 90_000);
                self.clock.set(self.now().plus_millis(millis));
                self.fault("clock jump", &format!("{millis} ms forward"));
            }
            Event::Fall => {
                done.may_have_written = true;
                self.fall().await;
            }
            Event::Rise => self.rise().await,
            Event::Calm => {
                self.is_calm = true;
                self.clouds.calm();
                self.note("from now on nothing fails");
            }
            Event::LastRequests => self.ask_for_the_last_time(),
        }
        done
    }

    /// A pass of the loop, sometimes with somebody acting in its midst, sometimes with a fall.
    async fn tick(&mut self) -> Done {
        let is_timer = !self.is_woken;
        if is_timer
            && self.dice.percent(faults::MET_AT_TIMER)
            && let Some(act) = self.companion()
        {
            return self.tick_with(Some(act)).await;
        }
        self.tick_with(None).await
    }

    async fn tick_with(&mut self, companion: Option<Act>) -> Done {
        self.tick_at = None;
        self.is_woken = false;
        let mut done = Done {
            is_tick: true,
            ..Done::default()
        };
        let Some(plane) = self.plane.clone() else {
            return done;
        };
        self.totals.ticks += 1;
        let steps = self.dice.below(9);
        let store = self.store.clone();
        if !self.is_calm && self.dice.per_mille(faults::FALLS_IN_TICK) {
            let ended = tokio::select! {
                biased;
                ticked = reconciler::tick(&plane) => Some(ticked),
                () = pause(&store, steps) => None,
            };
            if let Some(Ok(tick)) = ended {
                self.take_off(tick);
            } else {
                drop(plane);
                self.fall().await;
                return Done {
                    may_have_written: true,
                    ..Done::default()
                };
            }
        } else {
            let (ticked, acted) = tokio::join!(reconciler::tick(&plane), async {
                let act = companion?;
                pause(&store, steps).await;
                Some((act.clone(), perform(&plane, act).await))
            });
            match ticked {
                Ok(tick) => self.take_off(tick),
                Err(error) => self.violated(Violation::new(
                    self.now(),
                    Invariant::LoopGoesOn,
                    format!("a tick failed: {error:?}"),
                )),
            }
            if let Some((act, result)) = acted {
                self.acted(&act, result, &mut done);
            }
        }
        done
    }

    /// Who acts while the loop ticks.
    fn companion(&mut self) -> Option<Act> {
        if self.is_calm {
            return None;
        }
        match self.dice.below(10) {
            0..=5 => {
                let (user, pool) = (self.person()?, self.pool()?);
                self.ask(user, pool)
            }
            6..=8 => self.leave(),
            _ => self.admin(),
        }
    }

    fn ask(&mut self, user: UserId, pool: PoolId) -> Option<Act> {
        let kinds = self.made.pools.iter().find(|(id, _)| *id == pool)?;
        let kind = self.dice.pick(&kinds.1)?;
        Some(Act::Ask { user, pool, kind })
    }

    /// Somebody with a session leaves.
    fn leave(&mut self) -> Option<Act> {
        let pools = &self.seen.as_ref()?.stored.pools;
        let sessions = pools.iter().flat_map(|pool| &pool.sessions);
        let sessions: Vec<_> = sessions.map(|one| (one.user, one.id)).collect();
        let (user, session) = self.dice.pick(&sessions)?;
        Some(Act::End { user, session })
    }

    fn admin(&mut self) -> Option<Act> {
        let servers = |look: &Look, is: fn(&ServerState) -> bool| -> Vec<ServerId> {
            look.servers()
                .filter(|(_, server)| is(&server.state))
                .map(|(_, server)| server.id)
                .collect()
        };
        let look = self.seen.as_ref()?;
        let running = servers(look, ServerState::is_running);
        let draining = servers(look, |state| matches!(state, ServerState::Draining { .. }));
        let any = servers(look, |_| true);
        match self.dice.below(8) {
            0 => self.dice.pick(&running).map(Act::Drain),
            1 => self.dice.pick(&draining).map(Act::Undrain),
            2 => {
                let with_sessions = self.dice.percent(50);
                let server = self.dice.pick(&any)?;
                Some(Act::Delete(server, with_sessions))
            }
            3 => match self.leave()? {
                Act::End { session, .. } => Some(Act::EndForced(session)),
                _ => None,
            },
            _ => workload::edit(&mut self.dice, &self.made),
        }
    }

    /// Somebody acts: alone, or just while the loop ticks.
    async fn act(&mut self, act: Act) -> Done {
        let Some(plane) = self.plane.clone() else {
            // Nobody answers; people try again.
            if let Act::Ask { user, pool, .. } = act {
                let millis = self.dice.millis(20_000, 90_000);
                self.after(millis, Event::Ask(user, pool));
            }
            return Done::default();
        };
        if !self.is_calm && self.dice.percent(faults::MEETS_TICK) {
            return self.tick_with(Some(act)).await;
        }
        let mut done = Done::default();
        let result = perform(&plane, act.clone()).await;
        self.acted(&act, result, &mut done);
        done
    }

    fn acted(&mut self, act: &Act, result: control::Result<Option<Session>>, done: &mut Done) {
        done.acts += 1;
        done.may_have_written = true;
        done.is_edit |= act.is_edit();
        let what = self.in_words(act);
        if matches!(act, Act::Ask { .. }) {
            self.totals.requests += 1;
        }
        match result {
            Ok(None) => self.note(&what),
            Ok(Some(session)) => {
                let name = self.timeline.name("session", session.id.uuid());
                self.note(&format!("{what}: {name}, {}", session.status.word()));
                self.watch.accepted(session.id);
                if self.is_calm {
                    self.last.insert(session.id);
                }
                if matches!(session.status, SessionState::Queued) && self.dice.percent(15) {
                    let (user, id) = (session.user_id, session.id);
                    let millis = self.dice.millis(5_000, 800_000);
                    self.after(millis, Event::Do(Act::End { user, session: id }));
                }
            }
            Err(error) if error.is_fault() => self.violated(Violation::new(
                self.now(),
                Invariant::LoopGoesOn,
                format!("{what}: {error:?}"),
            )),
            Err(error) => self.note(&format!(
                "{what}: refused, {}",
                error.problem().code.as_str()
            )),
        }
    }

    fn in_words(&mut self, act: &Act) -> String {
        let names = &mut self.timeline;
        match act {
            Act::Ask { user, pool, kind } => {
                let user = names.name("person", user.uuid());
                format!(
                    "{user} asks for {kind:?} of {}",
                    names.name("pool", pool.uuid())
                )
            }
            Act::End { user, session } => {
                let user = names.name("person", user.uuid());
                format!("{user} ends {}", names.name("session", session.uuid()))
            }
            Act::KeepAlive { user, session } => {
                let user = names.name("person", user.uuid());
                format!("{user} works in {}", names.name("session", session.uuid()))
            }
            Act::EndForced(session) => {
                format!("an admin ends {}", names.name("session", session.uuid()))
            }
            Act::Drain(server) => {
                format!("an admin drains {}", names.name("server", server.uuid()))
            }
            Act::Undrain(server) => {
                format!(
                    "an admin takes {} back",
                    names.name("server", server.uuid())
                )
            }
            Act::Delete(server, with_sessions) => {
                let how = if *with_sessions {
                    " with its sessions"
                } else {
                    ""
                };
                format!(
                    "an admin deletes {}{how}",
                    names.name("server", server.uuid())
                )
            }
            Act::Configure(config, key, value) => {
                format!(
                    "an admin sets {key} of {} to {value}",
                    names.name("config", config.uuid())
                )
            }
            Act::Script(provider, edition) => {
                let provider = names.name("provider", provider.uuid());
                format!("an admin changes the script of {provider} to edition {edition}")
            }
            Act::Maximum(provider, maximum) => {
                let provider = names.name("provider", provider.uuid());
                format!("an admin lets {provider} have {maximum} machines")
            }
        }
    }

    /// The calls of a tick set off, each with its own times.
    fn take_off(&mut self, tick: reconciler::Tick) {
        self.tick_at = tick.next_at;
        for effect in tick.effects {
            let now = self.now();
            let is_slow = !self.is_calm && self.dice.percent(faults::CALL_SLOW);
            let is_late = !self.is_calm && self.dice.percent(faults::ANSWER_LATE);
            let reach = if is_slow {
                self.dice.millis(2_000, 58_000)
            } else {
                self.dice.millis(10, 900)
            };
            let answer = if is_late {
                self.dice.millis(10_000, 90_000)
            } else {
                self.dice.millis(5, 400)
            };
            if is_slow {
                self.fault("slow call", &format!("{} takes {reach} ms", effect.kind()));
            }
            let flight = Flight {
                life: self.life,
                effect,
                answer_at: now.plus_millis(reach + answer),
                lost_at: now.plus_millis(CALL_MILLIS),
            };
            self.push(now.plus_millis(reach), Event::Reach(Box::new(flight)));
        }
    }

    /// A call reaches its cloud and has its effect there; its answer is on its way.
    async fn reach(&mut self, flight: Flight) {
        let Some(plane) = self.plane.clone().filter(|_| flight.life == self.life) else {
            return;
        };
        let Flight {
            life,
            effect,
            answer_at,
            lost_at,
        } = flight;
        let (kind, provider) = (effect.kind(), effect.provider());
        let what = self.call_in_words(&effect);
        let lost = effect.timed_out();
        let finished = effect.run(&plane, &Ports(Arc::clone(&self.clouds))).await;
        let word = finished.word();
        let (at, finished) = if answer_at > lost_at {
            self.fault("answer late", &what);
            (lost_at, lost)
        } else {
            (answer_at, finished)
        };
        if kind != "list" && kind != "probe" {
            self.note(&format!("{what}: {word}"));
        } else if word != "ok" && word != "closed" {
            self.note(&format!("{what} fails: {word}"));
        }
        let event = Event::Answer {
            life,
            list_of: (kind == "list" && finished.word() == "ok").then_some(provider),
            kind,
            finished: Box::new(finished),
        };
        self.push(at, event);
    }

    fn call_in_words(&mut self, effect: &Effect) -> String {
        let provider = self.timeline.name("provider", effect.provider().uuid());
        match effect.server() {
            Some(server) => {
                let server = self.timeline.name("server", server.uuid());
                format!("call {} {server} at {provider}", effect.kind())
            }
            None => format!("call {} at {provider}", effect.kind()),
        }
    }

    async fn answer(
        &mut self,
        life: u64,
        list_of: Option<ProviderId>,
        kind: &'static str,
        finished: Finished,
    ) {
        let Some(plane) = self.plane.clone().filter(|_| life == self.life) else {
            return;
        };
        if let Err(error) = reconciler::record(&plane, finished).await {
            let what = format!("the outcome of {kind} cannot be recorded: {error:?}");
            self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
        }
        if let Some(provider) = list_of {
            self.clouds.list_taken_in(provider);
        }
    }

    /// Machines have something to say; it may be lost, late or said twice.
    fn machines_report(&mut self) {
        for (_, cloud) in self.clouds.clouds() {
            for FakeEvent::CheckIn {
                server,
                token,
                report,
                ..
            } in cloud.due(self.now())
            {
                let name = self.timeline.name("server", server.uuid());
                let roll = if self.is_calm {
                    100
                } else {
                    self.dice.below(100)
                };
                let lost = faults::CHECKIN_LOST;
                let late = lost + faults::CHECKIN_LATE;
                let twice = late + faults::CHECKIN_TWICE;
                let mut delays = vec![self.dice.millis(1, 50)];
                if roll < lost {
                    self.fault("check-in lost", &name);
                    delays.clear();
                } else if roll < late {
                    self.fault("check-in late", &name);
                    delays = vec![self.dice.millis(5_000, 1_200_000)];
                } else if roll < twice {
                    self.fault("check-in twice", &name);
                    delays.push(self.dice.millis(1, 90_000));
                }
                for millis in delays {
                    let event = Event::CheckIn {
                        token: token.clone(),
                        report: report.clone(),
                        tries: 0,
                    };
                    self.after(millis, event);
                }
            }
        }
    }

    async fn check_in(&mut self, token: Secret, report: CheckinReport, tries: u32) {
        let Some(plane) = self.plane.clone() else {
            // Scripts try again for a while.
            if tries < 10 {
                let event = Event::CheckIn {
                    token,
                    report,
                    tries: tries + 1,
                };
                self.after(15_000, event);
            }
            return;
        };
        if let Err(error) = checkin::record(&plane, token.expose(), report).await
            && error.is_fault()
        {
            let what = format!("a check-in: {error:?}");
            self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
        }
    }

    fn harm(&mut self) {
        let alive = self.clouds.alive();
        let machines: Vec<_> = alive
            .iter()
            .flat_map(|(provider, machines)| machines.iter().map(|one| (*provider, one.clone())))
            .collect();
        let Some((provider, machine)) = self.dice.pick(&machines) else {
            return;
        };
        let name = self
            .timeline
            .name("server", machine.request.tags.server.uuid());
        let cloud = self.clouds.cloud(provider);
        if self.dice.percent(50) {
            cloud.kill(&machine.id);
            self.fault("machine dies", &name);
        } else {
            cloud.vanish(&machine.id);
            self.fault("machine deleted by hand", &name);
        }
    }

    /// Weir falls: what it has in memory is gone. Of the calls that were on their way, some reach their cloud.
    async fn fall(&mut self) {
        let Some(plane) = self.plane.take() else {
            return;
        };
        self.totals.crashes += 1;
        self.fault("Weir falls", "");
        let (flights, others) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, event)| matches!(event, Event::Reach(_)));
        self.queue = others;
        for (_, event) in flights {
            let Event::Reach(flight) = event else {
                continue;
            };
            if self.dice.percent(50) {
                let what = self.call_in_words(&flight.effect);
                flight
                    .effect
                    .run(&plane, &Ports(Arc::clone(&self.clouds)))
                    .await;
                self.note(&format!("{what} reaches the cloud as Weir falls"));
            }
        }
        self.life += 1;
        let millis = self.dice.millis(500, 120_000);
        self.after(millis, Event::Rise);
    }

    async fn rise(&mut self) {
        let plane = plane(
            &self.clock,
            &self.entropy,
            &self.store,
            &self.clouds,
            self.deployment,
            self.life,
        );
        self.note("Weir comes back");
        // Half the time it knows that its forerunner is dead; else it waits for the lease's end.
        if self.dice.percent(50) {
            if let Err(error) = reconciler::take_over(&plane).await {
                let what = format!("taking over: {error:?}");
                self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
            }
        } else {
            self.lease_free_at = self.now().plus_millis(LEASE + LEASE / 5);
        }
        self.plane = Some(plane);
        self.tick_at = Some(self.now());
    }

    fn ask_for_the_last_time(&mut self) {
        self.note("the last requests");
        for pool in self
            .made
            .pools
            .iter()
            .map(|(pool, _)| *pool)
            .collect::<Vec<_>>()
        {
            for _ in 0..3 {
                if let Some(user) = self.person() {
                    let millis = self.dice.millis(0, 30_000);
                    self.after(millis, Event::Ask(user, pool));
                }
            }
        }
    }

    /// A wake is heeded soon.
    async fn heed_wakes(&mut self) -> bool {
        let Some(plane) = self.plane.clone() else {
            return false;
        };
        let is_woken = tokio::select! {
            biased;
            () = plane.woken() => true,
            () = std::future::ready(()) => false,
        };
        if is_woken {
            let soon = self.now().plus_millis(self.dice.millis(1, 2_500));
            self.is_woken = true;
            self.tick_at = Some(self.tick_at.map_or(soon, |at| at.min(soon)));
        }
        is_woken
    }

    /// Looks at all there is, judges it, and writes down what has changed.
    async fn look(&mut self, done: &Done) -> Result<()> {
        let now = self.now();
        let known = self.seen.take().filter(|_| !done.may_have_written);
        let stored = match known {
            Some(look) => look.stored,
            None => {
                let stored = self
                    .store
                    .snapshot(None, now)
                    .await
                    .map_err(|error| format!("the store cannot be read: {error:?}"))?;
                self.clouds.expect(&stored);
                stored
            }
        };
        let is_quiet = !self.is_woken;
        let look = Look {
            now,
            stored,
            alive: self.clouds.alive(),
            is_settled: done.is_tick && is_quiet && now >= self.lease_free_at,
            is_tick: done.is_tick,
            acts: done.acts,
            is_edit: done.is_edit,
        };
        let gone = self.gone(&look).await?;
        self.write_down(&look, &gone);
        for violation in self.watch.look(&look, &gone) {
            self.violated(violation);
        }
        if self.is_calm {
            self.judge_waits(&gone).await?;
        }
        self.seen = Some(look);
        Ok(())
    }

    async fn gone(&self, look: &Look) -> Result<Gone> {
        let (sessions, servers) = self.watch.missing(look);
        let unreadable = |error| format!("the store cannot be read: {error:?}");
        let mut gone = Gone::default();
        for id in sessions {
            let row = self.store.session(id).await.map_err(unreadable)?;
            gone.sessions.insert(id, row);
        }
        for id in servers {
            let row = self.store.server(id).await.map_err(unreadable)?;
            gone.servers.insert(id, row.map(|row| row.server.status));
        }
        Ok(gone)
    }

    /// Once nothing fails, a wait that ends in vain needs a reason.
    async fn judge_waits(&mut self, gone: &Gone) -> Result<()> {
        for (id, row) in &gone.sessions {
            let Some(row) = row.as_ref().filter(|_| self.last.contains(id)) else {
                continue;
            };
            let in_vain = matches!(
                row.state,
                SessionState::Ended {
                    how: EndReason::QueueTimeout,
                    ..
                }
            );
            if !in_vain {
                continue;
            }
            let decisions = self
                .store
                .decisions_page(Some(row.pool), None, 10)
                .await
                .map_err(|error| format!("the store cannot be read: {error:?}"))?;
            // The newest that was made while it still waited.
            let reasons = decisions
                .iter()
                .map(|decision| reasons(&decision.report))
                .find(|reasons| !reasons.contains(&Reason::EndedQueueTimeout))
                .unwrap_or_default();
            if !reasons.iter().any(|reason| holds_back(*reason)) {
                let what = format!("{id} waited in vain, and its pool says {reasons:?}");
                self.violated(Violation::new(
                    self.now(),
                    Invariant::WaitingAreSeated,
                    what,
                ));
            }
        }
        Ok(())
    }

    /// What has changed since the last look, in the timeline; and what people do next because of it.
    fn write_down(&mut self, look: &Look, gone: &Gone) {
        for (id, row) in &gone.sessions {
            self.open.remove(id);
            let how = match row.as_ref().map(|row| &row.state) {
                Some(SessionState::Ended { how, .. }) => how.as_str(),
                _ => "nowhere",
            };
            let name = self.timeline.name("session", id.uuid());
            self.note(&format!("{name} ends: {how}"));
        }
        for (id, state) in &gone.servers {
            self.states.remove(id);
            let name = self.timeline.name("server", id.uuid());
            self.note(&format!("{name} is gone: {state:?}"));
        }
        for (pool, server) in look.servers() {
            let word = server.state.word();
            if self.states.insert(server.id, word) != Some(word) {
                let pool = self.timeline.name("pool", pool.id.uuid());
                let name = self.timeline.name("server", server.id.uuid());
                self.note(&format!("{name} of {pool} is {word}"));
            }
        }
        let sessions = look.stored.pools.iter().flat_map(|pool| &pool.sessions);
        for session in sessions {
            if self.open.insert(session.id) {
                self.totals.seats += 1;
                let name = self.timeline.name("session", session.id.uuid());
                let server = self.timeline.name("server", session.server.uuid());
                self.note(&format!("{name} has a seat on {server}"));
                self.use_session(session.user, session.id);
            }
        }
    }

    /// Somebody with a seat connects, works and leaves, or forgets to.
    fn use_session(&mut self, user: UserId, session: SessionId) {
        if self.dice.percent(30) {
            let millis = self.dice.millis(2_000, 120_000);
            self.after(millis, Event::Do(Act::KeepAlive { user, session }));
        }
        if self.dice.percent(85) {
            let longest = if self.is_calm { 15 } else { 180 };
            let minutes = self.dice.millis(1, longest);
            self.after(minutes * MINUTE, Event::Do(Act::End { user, session }));
        }
    }

    /// The last look, once all has come to rest.
    async fn end(mut self, seed: u64) -> Run {
        if self.violations.is_empty()
            && let Some(look) = self.seen.take()
        {
            let mut reports = BTreeMap::new();
            for (pool, _) in &self.made.pools {
                if let Ok(Some(decision)) = self.store.last_decision(*pool).await {
                    reports.insert(*pool, decision.report);
                }
            }
            for violation in at_rest(&look, |pool| reports.get(&pool).cloned()) {
                self.violated(violation);
            }
        }
        let clouds = self.clouds.clouds();
        let made = clouds.iter().map(|(_, cloud)| cloud.machines().len());
        self.totals.machines = made.sum::<usize>() as u64;
        self.totals.faults = self.happened.with(self.clouds.faults());
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

/// Weir, started once more over the same database.
fn plane(
    clock: &Arc<HandClock>,
    entropy: &Arc<SeededEntropy>,
    store: &Store,
    clouds: &Arc<Clouds>,
    deployment: DeploymentId,
    life: u64,
) -> ControlPlane {
    ControlPlane::new(Parts {
        store: store.clone(),
        deployment,
        clock: clock.clone(),
        entropy: entropy.clone(),
        providers: Arc::new(Watched(Arc::clone(clouds))),
        tokens: CheckinTokens::new(&[7; 32], deployment),
        settings: settings(),
        holder: format!("weir-{life}"),
    })
}

/// Slower lists than usual, since each costs a tick; a shorter session, so that some end by themselves.
fn settings() -> Settings {
    Settings {
        reconciler: LoopSettings {
            list_interval_secs: 1800,
            list_hurry_millis: 20_000,
            ..LoopSettings::default()
        },
        session_secs: 2 * 3600,
        lease_millis: LEASE,
        ..Settings::default()
    }
}

/// Lets others go first, for this many statements.
async fn pause(store: &Store, statements: u32) {
    for _ in 0..statements {
        // A database that does not answer is seen by whoever asks it next.
        let _ = store.ping().await;
    }
}
