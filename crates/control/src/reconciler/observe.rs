//! What the loop sees: the last complete provider lists first, then the store.
//!
//! The order matters: an intent is in the store before its call is made, so whatever a list shows has its row in a
//! store that is read later (`docs/architecture.md`, law 3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use domain::id::{ConfigId, GenerationId, OrphanId, PoolId, ProviderId, ServerId};
use domain::plan::{Finding, PoolReport};
use domain::provider::Provider;
use domain::server::{MachineId, Origin};
use domain::snapshot::{
    ProviderFacts, ProviderSnapshot, ServerSnapshot, Sighting, Snapshot, Unprepared,
};
use domain::timestamp::Timestamp;
use providers::{Listing, Machine, Saved};
use store::{Fence, OrphanWrite, StoredProvider, StoredSnapshot};

use super::orphan::{self, Seen, StrangerMemory, Waits};
use crate::error::Result;
use crate::plane::ControlPlane;
use crate::provider::try_open;

/// What this process remembers of the outside. All of it can be lost: a new process looks again.
#[derive(Default)]
pub(crate) struct Observed {
    /// The lease and its end.
    pub lease: Option<(Fence, Timestamp)>,
    /// The lease that was held last.
    last_held: Option<Fence>,
    /// When this process first looked: a call of an earlier process may have gone out until then.
    pub began_at: Option<Timestamp>,
    pub providers: BTreeMap<ProviderId, ProviderMemory>,
    /// Servers with a call under way.
    pub in_flight: BTreeSet<ServerId>,
    /// Servers whose last create call is known to have had no effect.
    pub without_effect: BTreeSet<ServerId>,
    /// Servers that failed and whose console was read, or could not be, before their delete.
    pub consoles_read: BTreeSet<ServerId>,
    /// When this process last made a create call for a server.
    pub called_at: BTreeMap<ServerId, Timestamp>,
    /// Configs whose last create call could not be put together, with the version of theirs that was tried.
    pub unprepared: BTreeMap<ConfigId, (i64, Unprepared)>,
    /// The decision last recorded for each pool, without its time.
    pub decided: BTreeMap<PoolId, PoolReport>,
}

/// What this process remembers of a provider config.
#[derive(Default)]
pub(crate) struct ProviderMemory {
    pub list_in_flight: bool,
    pub last_list_at: Option<Timestamp>,
    /// A list that has not been compared with the store yet.
    pub fresh: Option<Listing>,
    pub(super) sightings: BTreeMap<ServerId, Sighting>,
    /// Since its lists became too short to be believed.
    pub(super) doubt: Option<Doubt>,
    /// What the last plan has concluded about it.
    pub findings: Vec<Finding>,
    /// Machines without a row that lists of this process have shown or missed. The store knows of them too, and of what is
    /// to become of them.
    pub strangers: BTreeMap<MachineId, StrangerMemory>,
}

/// Lists that are not believed, from the first of them on.
pub(crate) struct Doubt {
    /// When the first began.
    since: Timestamp,
    /// What they missed and should have shown.
    missed: BTreeSet<ServerId>,
}

impl Observed {
    /// The lease is held now, or is not. Taken anew it means that another process may have run the loop meanwhile, with calls
    /// that this one knows nothing of: what was seen until then proves nothing any more.
    pub(super) fn hold(&mut self, lease: Option<(Fence, Timestamp)>) {
        self.lease = lease;
        let Some((fence, _)) = lease else { return };
        if self
            .last_held
            .replace(fence)
            .is_none_or(|last| last == fence)
        {
            return;
        }
        self.began_at = None;
        self.without_effect.clear();
        self.called_at.clear();
        self.decided.clear();
        for memory in self.providers.values_mut() {
            memory.fresh = None;
            memory.sightings.clear();
            memory.strangers.clear();
        }
    }
}

pub(crate) fn lock(plane: &ControlPlane) -> MutexGuard<'_, Observed> {
    plane
        .inner()
        .observed
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Provider configs that can be opened, open.
pub(super) type Opened = BTreeMap<ProviderId, Arc<dyn providers::Provider>>;

/// What a tick goes by.
pub(super) struct Digest {
    /// The whole deployment as the planner sees it, after comparing new lists with the store.
    pub snapshot: Snapshot,
    /// Its providers.
    pub opened: Opened,
    /// Its present generation, for the tags of what is made.
    pub generation: GenerationId,
    /// What new lists say of orphans that the store does not know yet.
    pub orphans: Vec<OrphanWrite>,
}

/// Looks at the whole deployment.
pub(super) async fn digest(plane: &ControlPlane) -> Result<Digest> {
    let now = plane.now();
    let fresh: Vec<(ProviderId, Listing)> = {
        let mut observed = lock(plane);
        observed.began_at.get_or_insert(now);
        let providers = observed.providers.iter_mut();
        providers
            .filter_map(|(id, memory)| memory.fresh.take().map(|list| (*id, list)))
            .collect()
    };
    let stored = match plane.store().snapshot(None, now).await {
        Ok(stored) => stored,
        Err(error) => {
            // The lists are still good: compare them next time.
            let mut observed = lock(plane);
            for (id, list) in fresh {
                observed
                    .providers
                    .entry(id)
                    .or_default()
                    .fresh
                    .get_or_insert(list);
            }
            return Err(error.into());
        }
    };
    let opened = open_all(plane, &stored).await?;
    let mut orphans = Vec::new();
    {
        let mut observed = lock(plane);
        for (id, list) in fresh {
            // One that has been deleted meanwhile has nothing to be compared with.
            if !stored.providers.iter().any(|known| known.id == id) {
                continue;
            }
            let list_lag = i64::from(facts_of(&opened, id).list_lag_millis);
            compare(&mut observed, id, &list, &stored, list_lag);
            let settings = &plane.settings().reconciler;
            let waits = Waits {
                gone: i64::from(settings.gone_gap_millis) + list_lag,
                kept_gone: i64::from(settings.orphan_grace_secs) * 1000,
            };
            let seen = Seen {
                provider: id,
                list: &list,
                stored: &stored,
                waits,
            };
            let memory = observed.providers.entry(id).or_default();
            let mut new_id = || OrphanId::new(plane.clock(), plane.entropy());
            orphans.extend(orphan::compare(memory, &seen, &mut new_id));
        }
        forget(&mut observed, &stored);
    }
    let generation = stored.generation;
    Ok(Digest {
        snapshot: assemble(plane, stored, &opened),
        opened,
        generation,
        orphans,
    })
}

/// A create call has ended, however: what lists did not show while it was on its way says nothing about a machine that
/// it has made at its end.
pub(super) fn create_ended(
    observed: &mut Observed,
    provider: ProviderId,
    server: ServerId,
    now: Timestamp,
) {
    observed.called_at.insert(server, now);
    if let Some(memory) = observed.providers.get_mut(&provider)
        && matches!(memory.sightings.get(&server), Some(Sighting::Absent { .. }))
    {
        memory.sightings.remove(&server);
    }
}

/// Something that goes into create calls beside the config itself has changed: those that could not be put together are
/// tried again.
pub(crate) fn parts_changed(plane: &ControlPlane) {
    lock(plane).unprepared.clear();
    plane.wake();
}

/// The deployment, or one pool of it, as the planner sees it now. Nothing is remembered.
pub(crate) async fn look(plane: &ControlPlane, pool: Option<PoolId>) -> Result<Snapshot> {
    let stored = plane.store().snapshot(pool, plane.now()).await?;
    let opened = open_all(plane, &stored).await?;
    Ok(assemble(plane, stored, &opened))
}

/// What the kind of a provider config can do.
pub(crate) async fn facts(plane: &ControlPlane, provider: &Provider) -> Result<ProviderFacts> {
    let open = try_open(plane, provider.into()).await?;
    Ok(open.map_or(CLOSED, |provider| provider.facts()))
}

/// The most careful facts, for a provider that cannot be opened.
const CLOSED: ProviderFacts = ProviderFacts {
    list_lag_millis: 30_000,
    repeatable_create: false,
    can_authorize: false,
    runs_script: true,
    script_limit_bytes: None,
};

async fn open_all(plane: &ControlPlane, stored: &StoredSnapshot) -> Result<Opened> {
    let mut opened = Opened::new();
    for known in &stored.providers {
        let saved = Saved {
            id: known.id,
            version: known.version,
            kind: known.kind,
            settings: &known.settings,
        };
        if let Ok(provider) = try_open(plane, saved).await? {
            opened.insert(known.id, provider);
        }
    }
    Ok(opened)
}

fn facts_of(opened: &Opened, provider: ProviderId) -> ProviderFacts {
    opened
        .get(&provider)
        .map_or(CLOSED, |provider| provider.facts())
}

/// Compares a complete list with the rows that were read after it.
fn compare(
    observed: &mut Observed,
    id: ProviderId,
    list: &Listing,
    stored: &StoredSnapshot,
    lag: i64,
) {
    let began_at = observed.began_at;
    let Observed {
        providers,
        called_at,
        ..
    } = observed;
    let memory = providers.entry(id).or_default();
    let mut by_server: BTreeMap<ServerId, Vec<&Machine>> = BTreeMap::new();
    for machine in &list.machines {
        if let Some(server) = machine.server {
            by_server.entry(server).or_default().push(machine);
        }
    }
    let servers: Vec<_> = servers_of(stored, id).collect();
    for &server in &servers {
        let machine = by_server.get(&server.id).and_then(|machines| {
            let known = machines
                .iter()
                .find(|machine| Some(&machine.id) == server.state.machine());
            known.or_else(|| machines.iter().min_by_key(|machine| &machine.id))
        });
        let sighting = if let Some(machine) = machine {
            Sighting::Present {
                machine: machine.id.clone(),
                state: machine.state,
                address: machine.address.clone(),
                host_key: machine.host_key.clone(),
            }
        } else {
            // A list that began before the last call could have had its effect proves nothing.
            let call = [Some(server.created_at), called_at.get(&server.id).copied()]
                .into_iter()
                .flatten()
                .max();
            let call = if server.state.machine().is_none() {
                call.max(began_at)
            } else {
                call
            };
            let counts = call.is_none_or(|call| list.started_at.since(call) >= lag);
            match memory.sightings.get(&server.id) {
                Some(Sighting::Absent {
                    first_at, lists, ..
                }) if counts => Sighting::Absent {
                    first_at: *first_at,
                    last_at: list.started_at,
                    lists: lists + 1,
                },
                _ if counts => Sighting::Absent {
                    first_at: list.started_at,
                    last_at: list.started_at,
                    lists: 1,
                },
                _ => Sighting::NotLookedFor,
            }
        };
        memory.sightings.insert(server.id, sighting);
    }
    doubt(memory, list.started_at, &servers);
}

/// Notes whether the newest list may be believed. Once one was too short, none is, however few machines are left to miss,
/// until one gives a sign that it sees again: it shows a machine that was missed or one made since. What it does not show
/// counts from there on, as in a first list.
fn doubt(memory: &mut ProviderMemory, list: Timestamp, servers: &[&ServerSnapshot]) {
    let is_seen = |server: &&&ServerSnapshot| match memory.sightings.get(&server.id) {
        Some(Sighting::Present { .. }) => Some(true),
        Some(Sighting::Absent { .. }) => Some(false),
        Some(Sighting::NotLookedFor) | None => None,
    };
    let expected = servers
        .iter()
        .filter(|server| scaling::should_be_listed(server) && is_seen(server).is_some());
    let (shown, missing): (Vec<_>, Vec<_>) =
        expected.partition(|server| is_seen(server) == Some(true));
    let count = |servers: &[&&ServerSnapshot]| u32::try_from(servers.len()).unwrap_or(u32::MAX);
    let is_short = scaling::is_short(count(&shown) + count(&missing), count(&missing));
    let Some(doubt) = &mut memory.doubt else {
        if is_short {
            memory.doubt = Some(Doubt {
                since: list,
                missed: missing.iter().map(|server| server.id).collect(),
            });
        }
        return;
    };
    let listed = servers
        .iter()
        .filter(|server| scaling::should_be_listed(server));
    let listed: BTreeSet<ServerId> = listed.map(|server| server.id).collect();
    doubt.missed.retain(|id| listed.contains(id));
    let sees_again = shown
        .iter()
        .any(|server| doubt.missed.contains(&server.id) || server.created_at > doubt.since);
    if is_short {
        doubt.missed.extend(missing.iter().map(|server| server.id));
    } else if sees_again || doubt.missed.is_empty() {
        memory.doubt = None;
        for sighting in memory.sightings.values_mut() {
            if let Sighting::Absent { .. } = sighting {
                *sighting = Sighting::Absent {
                    first_at: list,
                    last_at: list,
                    lists: 1,
                };
            }
        }
    }
}

pub(super) fn servers_of(
    stored: &StoredSnapshot,
    provider: ProviderId,
) -> impl Iterator<Item = &ServerSnapshot> {
    stored.pools.iter().flat_map(|pool| &pool.servers).filter(
        move |server| matches!(server.origin, Origin::Scaled { provider: of, .. } if of == provider),
    )
}

/// Drops what is remembered of servers that no longer count.
fn forget(observed: &mut Observed, stored: &StoredSnapshot) {
    let alive: BTreeSet<ServerId> = stored
        .pools
        .iter()
        .flat_map(|pool| &pool.servers)
        .map(|server| server.id)
        .collect();
    observed
        .without_effect
        .retain(|server| alive.contains(server));
    observed
        .consoles_read
        .retain(|server| alive.contains(server));
    observed
        .called_at
        .retain(|server, _| alive.contains(server));
    for memory in observed.providers.values_mut() {
        memory.sightings.retain(|server, _| alive.contains(server));
    }
    let configs: BTreeSet<ConfigId> = stored
        .pools
        .iter()
        .flat_map(|pool| &pool.configs)
        .map(|config| config.id)
        .collect();
    observed
        .unprepared
        .retain(|config, _| configs.contains(config));
    let pools: BTreeSet<PoolId> = stored.pools.iter().map(|pool| pool.id).collect();
    observed.decided.retain(|pool, _| pools.contains(pool));
}

fn assemble(plane: &ControlPlane, stored: StoredSnapshot, opened: &Opened) -> Snapshot {
    let observed = lock(plane);
    let providers = stored
        .providers
        .iter()
        .map(|provider| {
            let facts = facts_of(opened, provider.id);
            provider_snapshot(&observed, &stored, provider, facts)
        })
        .collect();
    let mut pools = stored.pools;
    for config in pools.iter_mut().flat_map(|pool| &mut pool.configs) {
        let tried = observed.unprepared.get(&config.id);
        config.unprepared = tried
            .filter(|(version, _)| *version == config.version)
            .map(|(_, unprepared)| unprepared.clone());
    }
    for server in pools.iter_mut().flat_map(|pool| &mut pool.servers) {
        server.call_in_flight = observed.in_flight.contains(&server.id);
        server.call_known = observed.without_effect.contains(&server.id);
        if let Origin::Scaled { provider, .. } = server.origin
            && let Some(sighting) = observed
                .providers
                .get(&provider)
                .and_then(|memory| memory.sightings.get(&server.id))
        {
            server.sighting = sighting.clone();
        }
    }
    Snapshot {
        settings: plane.settings().reconciler.clone(),
        providers,
        pools,
    }
}

fn provider_snapshot(
    observed: &Observed,
    deployment: &StoredSnapshot,
    stored: &StoredProvider,
    facts: ProviderFacts,
) -> ProviderSnapshot {
    let memory = observed.providers.get(&stored.id);
    ProviderSnapshot {
        id: stored.id,
        max_instances: stored.max_instances,
        existing: stored.existing,
        creates_last_hour: stored.creates_last_hour,
        oldest_create_at: stored.oldest_create_at,
        failures: stored.failures,
        failed_at: stored.failed_at,
        not_before: stored.not_before,
        hold: deployment.hold,
        facts,
        list_in_flight: memory.is_some_and(|memory| memory.list_in_flight),
        last_list_at: memory.and_then(|memory| memory.last_list_at),
        doubted: memory
            .and_then(|memory| memory.doubt.as_ref())
            .map_or(0, |doubt| {
                u32::try_from(doubt.missed.len()).unwrap_or(u32::MAX)
            }),
        strangers: orphan::strangers(memory, stored.id, deployment),
    }
}

#[cfg(test)]
mod tests {
    use domain::connection::{Address, Protocol};
    use domain::id::{ConfigId, ZoneId};
    use domain::server::{SeatLimits, ServerState};
    use domain::snapshot::{MachineState, PoolSnapshot};
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn stored(provider: ProviderId, server: ServerId, state: ServerState) -> StoredSnapshot {
        let server = ServerSnapshot {
            id: server,
            zone: ZoneId::from_uuid(Uuid::nil()),
            version: 1,
            origin: Origin::Scaled {
                config: ConfigId::from_uuid(Uuid::nil()),
                config_version: 1,
                provider,
            },
            state,
            state_since: START,
            created_at: START,
            protocol: Protocol::Ssh,
            limits: SeatLimits {
                max_sessions: 1,
                max_users: None,
            },
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
        };
        StoredSnapshot {
            generation: GenerationId::from_uuid(Uuid::nil()),
            hold: None,
            providers: Vec::new(),
            orphans: Vec::new(),
            pools: vec![PoolSnapshot {
                id: PoolId::from_uuid(Uuid::nil()),
                configs: Vec::new(),
                servers: vec![server],
                sessions: Vec::new(),
                queue: Vec::new(),
            }],
        }
    }

    /// Lists of a provider whose servers all run, and what is remembered of them.
    struct Lists {
        observed: Observed,
        secs: u32,
    }

    impl Lists {
        const PROVIDER: ProviderId = ProviderId::from_uuid(Uuid::nil());

        fn new() -> Self {
            Self {
                observed: Observed::default(),
                secs: 0,
            }
        }

        fn id(nth: u128) -> ServerId {
            ServerId::from_uuid(Uuid::from_u128(nth))
        }

        /// How many machines are doubted after a list, ten seconds after the last, that shows these of those there.
        /// Servers from 100 on were made a minute after the first list.
        fn look(&mut self, shown: &[u128], there: &[u128]) -> usize {
            self.secs += 10;
            let running = |nth: &u128| {
                let state = ServerState::Running {
                    machine: Some(MachineId(nth.to_string())),
                    address: Address {
                        host: "10.0.0.1".to_owned(),
                        port: 22,
                    },
                };
                let mut server =
                    stored(Self::PROVIDER, Self::id(*nth), state).pools[0].servers[0].clone();
                if *nth >= 100 {
                    server.created_at = START.plus_secs(60);
                }
                server
            };
            let mut rows = stored(Self::PROVIDER, Self::id(0), ServerState::Requested);
            rows.pools[0].servers = there.iter().map(running).collect();
            let machines = shown.iter().map(|nth| Machine {
                id: MachineId(nth.to_string()),
                server: Some(Self::id(*nth)),
                generation: None,
                state: MachineState::Up,
                address: None,
                host_key: None,
            });
            let list = Listing {
                started_at: START.plus_secs(self.secs),
                machines: machines.collect(),
            };
            compare(&mut self.observed, Self::PROVIDER, &list, &rows, 0);
            let doubt = &self.observed.providers[&Self::PROVIDER].doubt;
            doubt.as_ref().map_or(0, |doubt| doubt.missed.len())
        }

        /// In how many lists a server was missing, as far as they count.
        fn absences(&self, nth: u128) -> u32 {
            match &self.observed.providers[&Self::PROVIDER].sightings[&Self::id(nth)] {
                Sighting::Absent { lists, .. } => *lists,
                Sighting::NotLookedFor | Sighting::Present { .. } => 0,
            }
        }
    }

    #[test]
    fn a_short_list_is_doubted_until_one_sees_again() {
        let mut lists = Lists::new();
        assert_eq!(lists.look(&[1, 2, 3, 4], &[1, 2, 3, 4]), 0);
        assert_eq!(lists.look(&[], &[1, 2, 3, 4]), 4);
        // Two are deleted by hand: what is left is missed as before.
        assert_eq!(lists.look(&[], &[3, 4]), 2);
        assert_eq!(lists.absences(4), 2);
        // The other has died meanwhile: from here on it is looked for like any that is missing.
        assert_eq!(lists.look(&[3], &[3, 4]), 0);
        assert_eq!(lists.absences(4), 1);
        assert_eq!(lists.look(&[3], &[3, 4]), 0);
        assert_eq!(lists.absences(4), 2);
    }

    #[test]
    fn a_machine_made_since_ends_the_doubt() {
        let mut lists = Lists::new();
        assert_eq!(lists.look(&[], &[1, 2, 3, 4]), 4);
        assert_eq!(lists.look(&[], &[1, 2]), 2);
        lists.secs = 70;
        assert_eq!(lists.look(&[100], &[1, 2, 100]), 0);
        assert_eq!(lists.absences(1), 1);
    }

    #[test]
    fn with_nothing_left_to_miss_there_is_no_doubt() {
        let mut lists = Lists::new();
        assert_eq!(lists.look(&[], &[1, 2, 3, 4]), 4);
        assert_eq!(lists.look(&[], &[]), 0);
    }

    #[test]
    fn what_was_seen_before_another_process_had_the_lease_proves_nothing() {
        let (provider, server) = (
            ProviderId::from_uuid(Uuid::nil()),
            ServerId::from_uuid(Uuid::nil()),
        );
        let mut observed = Observed::default();
        let lease = |epoch| Some((Fence { epoch }, START));
        observed.hold(lease(1));
        observed.began_at = Some(START);
        let empty = |secs| Listing {
            started_at: START.plus_secs(secs),
            machines: Vec::new(),
        };
        let rows = stored(provider, server, ServerState::Unknown);
        let lists = |observed: &Observed| match observed.providers[&provider].sightings.get(&server)
        {
            Some(Sighting::Absent { lists, .. }) => *lists,
            _ => 0,
        };
        compare(&mut observed, provider, &empty(5), &rows, 0);
        observed.without_effect.insert(server);
        // Renewed it is the same lease.
        observed.hold(lease(1));
        assert_eq!((lists(&observed), observed.without_effect.len()), (1, 1));
        // Lost and taken again it is not.
        observed.hold(None);
        observed.hold(lease(3));
        assert_eq!((lists(&observed), observed.without_effect.len()), (0, 0));
        assert_eq!(observed.began_at, None);
    }

    #[test]
    fn lists_during_a_slow_create_call_prove_nothing() {
        let (provider, server) = (
            ProviderId::from_uuid(Uuid::nil()),
            ServerId::from_uuid(Uuid::nil()),
        );
        let mut observed = Observed::default();
        observed.called_at.insert(server, START);
        let empty = |secs| Listing {
            started_at: START.plus_secs(secs),
            machines: Vec::new(),
        };
        let rows = stored(provider, server, ServerState::Requested);
        for secs in [5, 10, 15] {
            compare(&mut observed, provider, &empty(secs), &rows, 0);
        }
        create_ended(&mut observed, provider, server, START.plus_secs(20));
        let machine = MachineId("made at last".to_owned());
        let rows = stored(provider, server, ServerState::Provisioning { machine });
        for (secs, expected) in [(19, 0), (21, 1), (22, 2)] {
            compare(&mut observed, provider, &empty(secs), &rows, 0);
            let lists = match &observed.providers[&provider].sightings[&server] {
                Sighting::Absent { lists, .. } => *lists,
                Sighting::NotLookedFor | Sighting::Present { .. } => 0,
            };
            assert_eq!(lists, expected, "after {secs} s");
        }
    }
}
