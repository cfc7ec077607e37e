//! A small world around the planner: a cloud with faults, people and admins. It carries out plans as the store and
//! the loop do, moves time, and keeps a snapshot of what they would know.

use std::collections::{BTreeMap, BTreeSet};

use domain::connection::{Address, Protocol};
use domain::id::{ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use domain::orphan::OrphanDecision;
use domain::plan::{Action, Outcome, Placement, Plan, Reason};
use domain::server::{DrainReason, FailReason, MachineId, Origin, SeatLimits, ServerState};
use domain::session::SessionKind;
use domain::snapshot::{
    ConfigSnapshot, Hold, Listed, LoopSettings, MachineState, OpenSession, PoolSnapshot,
    ProviderFacts, ProviderSnapshot, ServerSnapshot, Sighting, Snapshot, Stranger, Unprepared,
    Waiter,
};
use domain::timestamp::Timestamp;
use uuid::Uuid;

/// Numbers that follow from a seed alone (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 32) % u64::from(end.max(1))).expect("below a u32")
    }

    pub fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    pub fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        let at = self.below(u32::try_from(items.len()).expect("a short list"));
        items[at as usize].clone()
    }
}

pub fn uuid(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

pub fn user(number: u32) -> UserId {
    UserId::from_uuid(uuid(number))
}

struct Machine {
    server: ServerId,
    made_at: Timestamp,
    up_at: Timestamp,
    is_broken: bool,
    /// Deleted: it is still listed until then.
    gone_at: Option<Timestamp>,
}

enum Due {
    CreateAnswered(ServerId),
    DeleteAnswered(ServerId),
    ProbeAnswered(ServerId),
    AuthorizeAnswered(ServerId),
    StrangerDeleted(ProviderId, MachineId),
    Listed {
        provider: ProviderId,
        begun_at: Timestamp,
        /// None if the list failed.
        shown: Option<BTreeMap<MachineId, (ServerId, MachineState)>>,
    },
}

/// The world.
pub struct World {
    pub now: Timestamp,
    pub snapshot: Snapshot,
    pub dice: Dice,
    /// Faults, people and admins act; without them the world only comes to rest.
    pub is_wild: bool,
    /// What has ever been planned.
    pub words: BTreeSet<&'static str>,
    pub reasons: BTreeSet<Reason>,
    machines: BTreeMap<(ProviderId, MachineId), Machine>,
    due: Vec<(Timestamp, Due)>,
    creates: BTreeMap<ProviderId, Vec<Timestamp>>,
    called_at: BTreeMap<ServerId, Timestamp>,
    was_short: BTreeSet<ProviderId>,
    owners: BTreeMap<ServerId, UserId>,
    next_id: u32,
}

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let providers: Vec<_> = (0..=dice.below(2))
            .map(|number| provider(&mut dice, number))
            .collect();
        let mut world = Self {
            now: START,
            snapshot: Snapshot {
                settings: LoopSettings {
                    creates_per_hour: 10 + dice.below(40),
                    ..LoopSettings::default()
                },
                providers,
                pools: Vec::new(),
            },
            dice,
            is_wild: true,
            words: BTreeSet::new(),
            reasons: BTreeSet::new(),
            machines: BTreeMap::new(),
            due: Vec::new(),
            creates: BTreeMap::new(),
            called_at: BTreeMap::new(),
            was_short: BTreeSet::new(),
            owners: BTreeMap::new(),
            next_id: 1000,
        };
        for number in 0..=world.dice.below(2) {
            let pool = world.pool(number);
            world.snapshot.pools.push(pool);
        }
        world
    }

    fn id(&mut self) -> Uuid {
        self.next_id += 1;
        uuid(self.next_id)
    }

    fn pool(&mut self, number: u32) -> PoolSnapshot {
        let dice = &mut self.dice;
        let protocol = dice.one_of(&Protocol::ALL);
        let configs = (0..=dice.below(2))
            .map(|nth| config(dice, number * 10 + nth, &self.snapshot.providers))
            .collect();
        let servers = (0..self.dice.below(2))
            .map(|_| self.fixed(protocol))
            .collect();
        PoolSnapshot {
            id: PoolId::from_uuid(uuid(number)),
            configs,
            servers,
            sessions: Vec::new(),
            queue: Vec::new(),
        }
    }

    fn fixed(&mut self, protocol: Protocol) -> ServerSnapshot {
        let limits = SeatLimits {
            max_sessions: 2,
            max_users: None,
        };
        ServerSnapshot {
            state: ServerState::Running {
                machine: None,
                address: address(),
            },
            origin: Origin::Fixed,
            ..server(
                ServerId::from_uuid(self.id()),
                ZoneId::from_uuid(uuid(0)),
                protocol,
                limits,
                self.now,
            )
        }
    }

    /// Plans, and remembers which words and reasons occurred.
    pub fn plan(&mut self) -> Plan {
        self.refresh();
        let plan = scaling::plan(&self.snapshot, self.now);
        self.words
            .extend(plan.actions.iter().map(|one| one.action.word()));
        self.reasons
            .extend(plan.actions.iter().map(|one| one.reason));
        for pool in &plan.report.pools {
            let findings = pool.configs.iter().flat_map(|config| &config.findings);
            self.reasons
                .extend(findings.chain(&pool.findings).map(|one| one.reason));
        }
        for provider in &plan.report.providers {
            self.reasons
                .extend(provider.findings.iter().map(|one| one.reason));
        }
        plan
    }

    /// Numbers that the store would count.
    fn refresh(&mut self) {
        let hour_ago = self.now.plus_millis(-3_600_000);
        for provider in &mut self.snapshot.providers {
            let rows = self.snapshot.pools.iter().flat_map(|pool| &pool.servers);
            let ours = rows.filter(|server| provider_of(server) == Some(provider.id));
            provider.existing = u32::try_from(ours.count()).expect("few servers");
            let creates = self.creates.entry(provider.id).or_default();
            creates.retain(|&at| at > hour_ago);
            provider.creates_last_hour = u32::try_from(creates.len()).expect("few creates");
            provider.oldest_create_at = creates.first().copied();
        }
    }

    /// Time passes, calls are answered, and in a wild world people, admins and faults act.
    pub fn advance(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
        let (due, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(at, _)| *at <= self.now);
        self.due = later;
        for (_, due) in due {
            self.answer(due);
        }
        self.check_in();
        if self.is_wild {
            self.people();
            self.admins();
            self.faults();
        }
    }

    /// When the next answer is due.
    pub fn next_answer(&self) -> Option<Timestamp> {
        let answers = self.due.iter().map(|(at, _)| *at);
        let boots = self.machines.values().map(|machine| machine.up_at);
        answers.chain(boots).filter(|&at| at > self.now).min()
    }

    fn server_mut(&mut self, id: ServerId) -> Option<&mut ServerSnapshot> {
        self.snapshot
            .pools
            .iter_mut()
            .flat_map(|pool| &mut pool.servers)
            .find(|server| server.id == id)
    }

    fn provider_mut(&mut self, id: ProviderId) -> &mut ProviderSnapshot {
        self.snapshot
            .providers
            .iter_mut()
            .find(|provider| provider.id == id)
            .expect("a known provider")
    }

    /// Changes a server's state as the store would: through its state machine.
    fn turn<E: std::fmt::Debug>(
        &mut self,
        id: ServerId,
        step: impl FnOnce(ServerState) -> Result<ServerState, E>,
    ) {
        let now = self.now;
        let Some(server) = self.server_mut(id) else {
            return;
        };
        let before = server.state.clone();
        server.state = step(before.clone()).expect("a legal step");
        if server.state.word() != before.word() {
            server.state_since = now;
            server.retry_at = None;
        }
        let after = server.state.clone();
        let provider = provider_of(server);
        let was_starting = before.is_in_flight() || before == ServerState::Unknown;
        if let Some(provider) = provider.map(|provider| self.provider_mut(provider)) {
            match after {
                ServerState::Running { .. } => provider.failures = 0,
                ServerState::Failed { .. } | ServerState::Deleted { .. } if was_starting => {
                    provider.failures += 1;
                    provider.failed_at = Some(now);
                }
                _ => {}
            }
        }
        if after.word() == "deleted" {
            for pool in &mut self.snapshot.pools {
                pool.servers.retain(|server| server.id != id);
            }
        }
    }

    /// Carries out a plan.
    pub fn apply(&mut self, plan: &Plan) {
        for planned in &plan.actions {
            self.execute(&planned.action);
        }
    }

    fn execute(&mut self, action: &Action) {
        let now = self.now;
        match action {
            Action::Create {
                pool,
                config,
                provider,
            } => self.intend(*pool, *config, *provider),
            Action::CallCreate { server } => self.call_create(*server),
            Action::Adopt {
                server,
                machine,
                address,
            } => self.turn(*server, |state| {
                state.seen(machine.clone(), address.clone())
            }),
            Action::ProbePort { server, .. } => {
                self.call(*server, 200, Due::ProbeAnswered(*server));
            }
            Action::Authorize { server } => {
                self.call(*server, 100, Due::AuthorizeAnswered(*server));
            }
            Action::Seat { session, server } => self.sit(*session, *server),
            Action::EndSession { session, .. } => self.end(*session),
            Action::Drain { server, why } => self.turn(*server, |state| state.drain(*why)),
            Action::Fail { server, why } => self.turn(*server, |state| state.fail(*why)),
            Action::Delete { server } => self.turn(*server, ServerState::delete),
            Action::CallDelete { server, .. } => {
                self.call(*server, 500, Due::DeleteAnswered(*server));
            }
            Action::Gone { server } => {
                assert!(
                    self.machine_of(*server).is_none(),
                    "{server} is called gone, and its machine exists"
                );
                self.turn(*server, ServerState::deleted);
            }
            Action::DeleteStranger { provider, machine } => {
                let strangers = &mut self.provider_mut(*provider).strangers;
                let known = strangers.iter_mut().find(|one| one.machine == *machine);
                known.expect("a known stranger").delete_in_flight = true;
                let due = Due::StrangerDeleted(*provider, machine.clone());
                self.due.push((now.plus_millis(700), due));
            }
            Action::List { provider } => self.list(*provider),
            Action::StartBackoff { config } => self.config_mut(*config).surplus_since = Some(now),
            Action::ClearBackoff { config } => self.config_mut(*config).surplus_since = None,
        }
    }

    fn config_mut(&mut self, id: ConfigId) -> &mut ConfigSnapshot {
        self.snapshot
            .pools
            .iter_mut()
            .flat_map(|pool| &mut pool.configs)
            .find(|config| config.id == id)
            .expect("a known config")
    }

    fn intend(&mut self, pool: PoolId, config: ConfigId, provider: ProviderId) {
        let id = ServerId::from_uuid(self.id());
        let now = self.now;
        let is_unprepared = self.is_wild && self.dice.percent(2);
        let config = self.config_mut(config);
        let holds = |known: &Unprepared| known.retry_at > now;
        if is_unprepared || config.unprepared.as_ref().is_some_and(holds) {
            config.unprepared = Some(Unprepared {
                problem: "The script is too long.".to_owned(),
                retry_at: now.plus_secs(30),
            });
            return;
        }
        let config = config.clone();
        let require_checkin = self.dice.percent(70);
        let pool = self
            .snapshot
            .pools
            .iter_mut()
            .find(|one| one.id == pool)
            .expect("a known pool");
        let protocol = pool
            .servers
            .first()
            .map_or(Protocol::Rdp, |server| server.protocol);
        pool.servers.push(ServerSnapshot {
            origin: Origin::Scaled {
                config: config.id,
                provider,
                config_version: config.version,
            },
            reusable: config.reusable,
            require_checkin,
            ..server(id, config.zone, protocol, config.limits, now)
        });
        self.creates.entry(provider).or_default().push(now);
        // The process may end between the commit and the call.
        if !(self.is_wild && self.dice.percent(5)) {
            self.call_create(id);
        }
    }

    fn call(&mut self, id: ServerId, millis: i64, due: Due) {
        let now = self.now;
        self.called_at.insert(id, now);
        let server = self.server_mut(id).expect("a known server");
        assert!(!server.call_in_flight, "two calls at once for {id}");
        server.call_in_flight = true;
        server.call_known = true;
        server.sighting = Sighting::NotLookedFor;
        self.due.push((now.plus_millis(millis), due));
    }

    fn call_create(&mut self, id: ServerId) {
        let server = self.server_mut(id).expect("a known server");
        let provider = provider_of(server).expect("a scaled server");
        let is_repeatable = self.provider_mut(provider).facts.repeatable_create;
        let exists = self.machine_of(id).is_some();
        assert!(!exists || is_repeatable, "{id} is made a second time");
        let is_refused = self.is_wild && self.dice.percent(15);
        if !exists && !is_refused {
            let boot_millis = 1000 + i64::from(self.dice.below(40)) * 1000;
            let is_slow = self.is_wild && self.dice.percent(10);
            let name = MachineId(format!("m-{}", self.next_id));
            self.next_id += 1;
            let machine = Machine {
                server: id,
                made_at: self.now,
                up_at: self
                    .now
                    .plus_millis(if is_slow { 3_600_000 } else { boot_millis }),
                is_broken: false,
                gone_at: None,
            };
            self.machines.insert((provider, name), machine);
        }
        self.call(id, 300, Due::CreateAnswered(id));
    }

    /// The machine that was made for a server, listed or not, unless it is deleted.
    fn machine_of(&self, id: ServerId) -> Option<&MachineId> {
        self.machines
            .iter()
            .find(|(_, machine)| machine.server == id && machine.gone_at.is_none())
            .map(|((_, name), _)| name)
    }

    fn answer(&mut self, due: Due) {
        let now = self.now;
        match due {
            Due::CreateAnswered(id) => {
                let made = self.machine_of(id).cloned();
                let is_lost = self.is_wild && self.dice.percent(15);
                let Some(server) = self.server_mut(id) else {
                    return;
                };
                server.call_in_flight = false;
                if !matches!(server.state, ServerState::Requested) {
                    return;
                }
                match made {
                    _ if is_lost => self.turn(id, ServerState::unknown),
                    Some(machine) => self.turn(id, |state| state.seen(machine, None)),
                    None => self.refuse(id),
                }
            }
            Due::DeleteAnswered(id) => {
                let is_failed = self.is_wild && self.dice.percent(20);
                let is_stuck = self.is_wild && self.dice.percent(5);
                let Some(server) = self.server_mut(id) else {
                    return;
                };
                server.call_in_flight = false;
                if is_failed {
                    server.retry_at = Some(now.plus_millis(5000));
                } else {
                    server.delete_accepted = true;
                    server.retry_at = Some(now.plus_millis(30_000));
                    if !is_stuck {
                        self.remove_machine(id);
                    }
                }
            }
            Due::ProbeAnswered(id) => {
                let answers = self.dice.percent(50);
                let Some(server) = self.server_mut(id) else {
                    return;
                };
                server.call_in_flight = false;
                server.retry_at = Some(now.plus_millis(2000));
                if answers && matches!(server.state, ServerState::Booting { .. }) {
                    self.turn(id, ServerState::running);
                }
            }
            Due::AuthorizeAnswered(id) => {
                if let Some(server) = self.server_mut(id) {
                    server.call_in_flight = false;
                    server.access_pending = false;
                }
            }
            Due::StrangerDeleted(provider, name) => {
                let now = self.now;
                // Accepted, or not; lists show it a while longer.
                if self.dice.percent(80)
                    && let Some(machine) = self.machines.get_mut(&(provider, name.clone()))
                {
                    machine.gone_at.get_or_insert(now.plus_millis(2000));
                }
                let strangers = &mut self.provider_mut(provider).strangers;
                if let Some(known) = strangers.iter_mut().find(|one| one.machine == name) {
                    known.delete_in_flight = false;
                    known.retry_at = Some(now.plus_secs(60));
                }
            }
            Due::Listed {
                provider,
                begun_at,
                shown,
            } => self.listed(provider, begun_at, shown),
        }
    }

    /// The provider's answer to a create: no. For good, or for now.
    fn refuse(&mut self, id: ServerId) {
        let now = self.now;
        if self.dice.percent(50) {
            self.turn(id, ServerState::deleted);
            return;
        }
        let rests = self.dice.percent(30);
        let server = self.server_mut(id).expect("a known server");
        server.retry_at = Some(now.plus_millis(5000));
        let provider = provider_of(server).expect("a scaled server");
        if rests {
            self.provider_mut(provider).not_before = Some(now.plus_millis(20_000));
        }
    }

    fn remove_machine(&mut self, id: ServerId) {
        let now = self.now;
        for machine in self.machines.values_mut() {
            if machine.server == id && machine.gone_at.is_none() {
                machine.gone_at = Some(now.plus_millis(2000));
            }
        }
    }

    /// Servers that a complete list must show.
    fn in_use(&self, id: ProviderId) -> usize {
        let rows = self.snapshot.pools.iter().flat_map(|pool| &pool.servers);
        rows.filter(|server| provider_of(server) == Some(id) && !server.call_in_flight)
            .filter(|server| matches!(server.state.word(), "running" | "draining" | "booting"))
            .count()
    }

    fn list(&mut self, id: ProviderId) {
        let now = self.now;
        self.machines
            .retain(|_, machine| machine.gone_at.is_none_or(|at| at > now));
        let is_failed = self.is_wild && self.dice.percent(10);
        // Never two in a row, and only where much is missed: other lies cannot be told from the truth.
        let is_short = self.is_wild
            && !is_failed
            && !self.was_short.remove(&id)
            && self.in_use(id) > 5
            && self.dice.percent(10);
        if is_short {
            self.was_short.insert(id);
        }
        let provider = self.provider_mut(id);
        assert!(!provider.list_in_flight, "two lists at once");
        provider.list_in_flight = true;
        provider.last_list_at = Some(now);
        let lag = i64::from(provider.facts.list_lag_millis);
        let visible = self
            .machines
            .iter()
            .filter(|((of, _), machine)| *of == id && machine.made_at.plus_millis(lag) <= now);
        let shown = visible.map(|((_, name), machine)| {
            let state = if machine.is_broken || machine.gone_at.is_some() {
                MachineState::Broken
            } else if machine.up_at <= now {
                MachineState::Up
            } else {
                MachineState::Pending
            };
            (name.clone(), (machine.server, state))
        });
        let shown = match (is_failed, is_short) {
            (true, _) => None,
            (false, true) => Some(BTreeMap::new()),
            (false, false) => Some(shown.collect()),
        };
        let due = Due::Listed {
            provider: id,
            begun_at: now,
            shown,
        };
        self.due.push((now.plus_millis(150), due));
    }

    fn listed(
        &mut self,
        id: ProviderId,
        begun_at: Timestamp,
        shown: Option<BTreeMap<MachineId, (ServerId, MachineState)>>,
    ) {
        let called_at = self.called_at.clone();
        self.provider_mut(id).list_in_flight = false;
        let Some(shown) = shown else {
            return;
        };
        let rows = self.snapshot.pools.iter_mut().flat_map(|p| &mut p.servers);
        for server in rows.filter(|server| provider_of(server) == Some(id)) {
            if server.call_in_flight || called_at.get(&server.id) >= Some(&begun_at) {
                continue;
            }
            let found = shown.iter().find(|(_, (of, _))| *of == server.id);
            server.sighting = match (found, &server.sighting) {
                (Some((machine, (_, state))), _) => Sighting::Present {
                    machine: machine.clone(),
                    state: *state,
                    address: (*state == MachineState::Up).then(address),
                    host_key: None,
                },
                (
                    None,
                    Sighting::Absent {
                        first_at, lists, ..
                    },
                ) => Sighting::Absent {
                    first_at: *first_at,
                    last_at: begun_at,
                    lists: lists + 1,
                },
                (None, _) => Sighting::Absent {
                    first_at: begun_at,
                    last_at: begun_at,
                    lists: 1,
                },
            };
        }
        let rows: BTreeSet<_> = self.server_ids().collect();
        let now = self.now;
        let strangers = &mut self.provider_mut(id).strangers;
        for one in strangers.iter_mut() {
            let is_shown = shown.contains_key(&one.machine);
            // Forgotten by the second list that does not show it.
            if !is_shown && one.listed == Listed::Missing {
                one.lists = 0;
            }
            one.listed = if is_shown {
                Listed::Shown
            } else {
                Listed::Missing
            };
        }
        strangers.retain(|one| one.delete_in_flight || one.lists > 0);
        for (machine, (server, _)) in shown {
            if rows.contains(&server) {
                continue;
            }
            if let Some(known) = strangers.iter_mut().find(|one| one.machine == machine) {
                known.lists += 1;
            } else {
                strangers.push(Stranger {
                    foreign: machine.0.starts_with("foreign-"),
                    machine,
                    first_seen_at: now,
                    lists: 1,
                    listed: Listed::Shown,
                    decision: OrphanDecision::Quarantine,
                    decided_at: None,
                    delete_in_flight: false,
                    retry_at: None,
                });
            }
        }
    }

    fn server_ids(&self) -> impl Iterator<Item = ServerId> {
        let rows = self.snapshot.pools.iter().flat_map(|pool| &pool.servers);
        rows.map(|server| server.id)
    }

    fn sit(&mut self, session: SessionId, id: ServerId) {
        let expires_at = self.now.plus_secs(300 + self.dice.below(1500));
        let access_pending = self.dice.percent(30);
        for pool in &mut self.snapshot.pools {
            let Some(at) = pool.queue.iter().position(|one| one.id == session) else {
                continue;
            };
            let waiter = pool.queue.remove(at);
            let server = pool.servers.iter_mut().find(|one| one.id == id);
            let server = server.expect("a server of the pool");
            server.first_user.get_or_insert(waiter.user);
            server.access_pending |= access_pending;
            let owner = *self.owners.entry(id).or_insert(waiter.user);
            assert!(
                server.reusable || owner == waiter.user,
                "{id} serves a second person"
            );
            pool.sessions.push(OpenSession {
                id: session,
                server: id,
                user: waiter.user,
                kind: waiter.kind,
                expires_at,
            });
            return;
        }
        panic!("{session} is seated and does not wait");
    }

    fn end(&mut self, session: SessionId) {
        for pool in &mut self.snapshot.pools {
            pool.queue.retain(|one| one.id != session);
            pool.sessions.retain(|one| one.id != session);
        }
    }

    /// Start-up scripts report in a while after their machine is up.
    fn check_in(&mut self) {
        let now = self.now;
        let ready: Vec<_> = self
            .machines
            .values()
            .filter(|machine| machine.up_at.plus_millis(3000) <= now && !machine.is_broken)
            .map(|machine| machine.server)
            .collect();
        for id in ready {
            let booting = self.server_mut(id).is_some_and(|server| {
                server.require_checkin && matches!(server.state, ServerState::Booting { .. })
            });
            if !booting {
                continue;
            }
            if self.is_wild && self.dice.percent(3) {
                self.turn(id, |state| state.fail(FailReason::Script));
            } else if !(self.is_wild && self.dice.percent(30)) {
                self.turn(id, ServerState::running);
            }
        }
    }

    fn people(&mut self) {
        for at in 0..self.snapshot.pools.len() {
            for _ in 0..self.dice.below(4) {
                if self.dice.percent(25) {
                    self.request(at);
                }
            }
            let pool = &mut self.snapshot.pools[at];
            let dice = &mut self.dice;
            pool.sessions.retain(|_| !dice.percent(3));
            pool.queue.retain(|_| !dice.percent(1));
        }
    }

    fn request(&mut self, at: usize) {
        let id = SessionId::from_uuid(self.id());
        let kind = match self.dice.below(3) {
            0 => SessionKind::App { app: "word".into() },
            _ => SessionKind::Desktop,
        };
        let newcomer = Waiter {
            id,
            user: user(self.dice.below(12)),
            kind,
            requested_at: self.now,
            expires_at: self.now.plus_secs(900),
        };
        let pool = &self.snapshot.pools[at];
        let answers = scaling::place(pool, std::slice::from_ref(&newcomer), self.now);
        self.reasons.extend(answers.iter().map(|one| one.reason));
        self.snapshot.pools[at].queue.push(newcomer);
        for Placement {
            session, outcome, ..
        } in answers
        {
            match outcome {
                Outcome::Seat(server) => self.sit(session, server),
                Outcome::Queue => {}
                Outcome::Refuse => {
                    assert_eq!(session, id, "who waits is not turned away");
                    self.end(session);
                }
            }
        }
    }

    fn admins(&mut self) {
        if !self.dice.percent(3) {
            return;
        }
        let limits = [0, 1, 3];
        let (minimum, at) = (self.dice.one_of(&limits), self.dice.below(8) as usize);
        let kind = self.dice.below(5);
        let mut configs = self
            .snapshot
            .pools
            .iter_mut()
            .flat_map(|pool| &mut pool.configs);
        if let Some(config) = configs.nth(at % 3) {
            match kind {
                0 => config.enabled = !config.enabled,
                1 => config.dry_run = !config.dry_run,
                2 => config.aggressive = !config.aggressive,
                3 => config.minimum = minimum,
                _ => {}
            }
        }
        if kind == 4 {
            let running: Vec<_> = self.in_state("running");
            if let Some(&id) = running.get(at) {
                let why = self
                    .dice
                    .one_of(&[DrainReason::Admin, DrainReason::Removal]);
                self.turn(id, |state| state.drain(why));
            }
        }
    }

    fn in_state(&self, word: &str) -> Vec<ServerId> {
        let rows = self.snapshot.pools.iter().flat_map(|pool| &pool.servers);
        rows.filter(|server| server.state.word() == word)
            .map(|server| server.id)
            .collect()
    }

    fn faults(&mut self) {
        let now = self.now;
        match self.dice.below(200) {
            // A machine stops.
            0..3 => {
                let at = self.dice.below(5) as usize;
                if let Some(machine) = self.machines.values_mut().nth(at) {
                    machine.is_broken = true;
                }
            }
            // A machine is taken away by somebody.
            3..6 => {
                let at = self.dice.below(5) as usize;
                if let Some(machine) = self.machines.values_mut().nth(at) {
                    machine.gone_at = Some(now);
                }
            }
            // A machine that nobody here knows.
            6 => {
                let provider = self.snapshot.providers[0].id;
                let server = ServerId::from_uuid(self.id());
                // Every other one of another generation.
                let kind = if self.next_id.is_multiple_of(2) {
                    "stray"
                } else {
                    "foreign"
                };
                let name = MachineId(format!("{kind}-{}", self.next_id));
                let machine = Machine {
                    server,
                    made_at: now,
                    up_at: now,
                    is_broken: false,
                    gone_at: None,
                };
                self.machines.insert((provider, name), machine);
            }
            7 => self.restart(),
            8..10 => {
                let provider = &mut self.snapshot.providers[0];
                provider.not_before = Some(now.plus_millis(30_000));
            }
            // An admin decides about machines without a row.
            20..30 => {
                let (now, decision) = (self.now, self.dice.one_of(&OrphanDecision::ALL));
                let strangers = self.snapshot.providers.iter_mut();
                for stranger in strangers.flat_map(|one| &mut one.strangers) {
                    stranger.decision = decision;
                    stranger.decided_at = Some(now);
                }
            }
            // Everything is held, and before long goes on.
            number @ 10..20 => {
                for provider in &mut self.snapshot.providers {
                    provider.hold = match number {
                        10 => Some(Hold::Paused),
                        11 => Some(Hold::Observing),
                        _ => None,
                    };
                }
            }
            _ => {}
        }
    }

    /// The process ends and starts again: nobody hears the answers.
    fn restart(&mut self) {
        self.due.clear();
        let now = self.now;
        for provider in &mut self.snapshot.providers {
            provider.list_in_flight = false;
            for stranger in &mut provider.strangers {
                stranger.delete_in_flight = false;
                stranger.retry_at = None;
                stranger.listed = Listed::NotLookedFor;
            }
        }
        for pool in &mut self.snapshot.pools {
            for server in &mut pool.servers {
                server.call_in_flight = false;
                server.call_known = false;
                server.sighting = Sighting::NotLookedFor;
                self.called_at.insert(server.id, now);
            }
        }
    }
}

pub const fn provider_of(server: &ServerSnapshot) -> Option<ProviderId> {
    match server.origin {
        Origin::Scaled { provider, .. } => Some(provider),
        Origin::Fixed => None,
    }
}

pub fn address() -> Address {
    Address {
        host: "10.0.0.1".into(),
        port: 3389,
    }
}

/// A server whose intent was just written.
pub fn server(
    id: ServerId,
    zone: ZoneId,
    protocol: Protocol,
    limits: SeatLimits,
    now: Timestamp,
) -> ServerSnapshot {
    ServerSnapshot {
        id,
        version: 1,
        zone,
        origin: Origin::Fixed,
        state: ServerState::Requested,
        state_since: now,
        created_at: now,
        protocol,
        limits,
        reusable: true,
        require_checkin: true,
        provision_timeout_secs: 600,
        first_user: None,
        call_in_flight: false,
        call_known: false,
        retry_at: None,
        delete_accepted: false,
        access_pending: false,
        sighting: Sighting::NotLookedFor,
    }
}

fn provider(dice: &mut Dice, number: u32) -> ProviderSnapshot {
    ProviderSnapshot {
        id: ProviderId::from_uuid(uuid(number)),
        max_instances: 2 + dice.below(14),
        existing: 0,
        creates_last_hour: 0,
        oldest_create_at: None,
        failures: 0,
        failed_at: None,
        not_before: None,
        hold: None,
        facts: ProviderFacts {
            list_lag_millis: dice.one_of(&[0, 5000, 30_000]),
            repeatable_create: dice.percent(50),
            can_authorize: dice.percent(70),
            runs_script: true,
            script_limit_bytes: None,
        },
        list_in_flight: false,
        last_list_at: None,
        doubted: 0,
        strangers: Vec::new(),
    }
}

fn config(dice: &mut Dice, number: u32, providers: &[ProviderSnapshot]) -> ConfigSnapshot {
    ConfigSnapshot {
        id: ConfigId::from_uuid(uuid(number)),
        version: 1,
        created_at: START,
        zone: ZoneId::from_uuid(uuid(dice.below(2))),
        provider: dice.one_of(providers).id,
        enabled: dice.percent(90),
        dry_run: dice.percent(10),
        aggressive: dice.percent(60),
        minimum: dice.below(5),
        limits: SeatLimits {
            max_sessions: 1 + dice.below(4),
            max_users: dice.one_of(&[None, Some(1), Some(2)]),
        },
        reusable: dice.percent(70),
        backoff_secs: dice.one_of(&[0, 60, 900]),
        surplus_since: None,
        unprepared: None,
    }
}
