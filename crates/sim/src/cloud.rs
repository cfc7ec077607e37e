//! The fake clouds as Weir reaches them: the same provider behind a record of its calls, and lists that lie.
//!
//! The record is written at the moment at which a call reaches the cloud, with what the store held at that moment: an
//! intent that is committed a moment too late is seen here and nowhere else.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::reconciler::Prober;
use domain::clock::Clock;
use domain::connection::Address;
use domain::id::{DeploymentId, GenerationId, ProviderId, ServerId};
use domain::provider::{ProviderKind, TestCheck};
use domain::server::{MachineId, Origin, ServerState};
use domain::snapshot::{ProviderFacts, ServerSnapshot};
use domain::timestamp::Timestamp;
use providers::fake::{FakeCloud, FakeMachine};
use providers::registry::{Context, Registry};
use providers::{
    CreateRequest, Listing, Machine, Provider, ProviderError, Providers, Saved, Secrets, Tags,
};
use serde_json::{Map, Value};
use store::{Store, StoredSnapshot};

use crate::chance::{Dice, Stream};

/// A list that leaves out machines is answered this often, in a thousand.
const SHORT_PER_MILLE: u32 = 15;
/// A list may leave out everything as often as it likes where Weir misses more than this many machines by it.
const OBVIOUS: usize = 4;

/// A call that reached a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A create call.
    Create {
        /// When it reached the cloud.
        at: Timestamp,
        /// What was asked for.
        request: CreateRequest,
        /// The state of the server's row at that moment; none where there was no row.
        row: Option<ServerState>,
    },
    /// A delete call for a machine that was there.
    Delete {
        /// When it reached the cloud.
        at: Timestamp,
        /// The machine.
        machine: MachineId,
        /// The server in its tags.
        server: ServerId,
        /// The deployment in its tags is this one, and so is the generation.
        is_ours: bool,
        /// The state of the server's row at that moment; none where there was no row.
        row: Option<ServerState>,
        /// Open sessions on the server at that moment.
        sessions: u32,
    },
}

/// All clouds of a world.
pub struct Clouds {
    registry: Registry,
    clock: Arc<dyn Clock>,
    store: Store,
    deployment: DeploymentId,
    generation: GenerationId,
    state: Mutex<State>,
}

struct State {
    calls: Vec<Call>,
    dice: Dice,
    lists: BTreeMap<ProviderId, Lists>,
    short_lists: u64,
    may_lie: bool,
}

/// How the lists of a provider go.
#[derive(Default)]
struct Lists {
    /// Until then they leave out everything, where that is obvious.
    empty_until: Option<Timestamp>,
    /// The last one that Weir has taken in left out machines: the next must not, or Weir has its proof.
    was_short: bool,
    /// The one under way leaves out machines.
    is_short: bool,
    /// How many machines Weir expects in them, by the rows of the last look.
    expected: usize,
}

impl Clouds {
    pub(crate) fn new(
        seed: u64,
        clock: Arc<dyn Clock>,
        store: Store,
        (deployment, generation): (DeploymentId, GenerationId),
    ) -> Self {
        Self {
            registry: Registry::new(Context {
                data: PathBuf::new(),
                deployment,
                clock: Arc::clone(&clock),
                allow_local: false,
                search_path: String::new(),
            }),
            clock,
            store,
            deployment,
            generation,
            state: Mutex::new(State {
                calls: Vec::new(),
                dice: Dice::new(seed, Stream::Lists),
                lists: BTreeMap::new(),
                short_lists: 0,
                may_lie: true,
            }),
        }
    }

    /// The cloud behind a provider config.
    pub fn cloud(&self, provider: ProviderId) -> Arc<FakeCloud> {
        self.registry.cloud(provider)
    }

    /// All clouds in use.
    pub fn clouds(&self) -> Vec<(ProviderId, Arc<FakeCloud>)> {
        self.registry.clouds()
    }

    /// The machines of this life of the deployment that are there now, by provider config.
    pub fn alive(&self) -> BTreeMap<ProviderId, Vec<Arc<FakeMachine>>> {
        let clouds = self.registry.clouds();
        let ours = |machine: &Arc<FakeMachine>| self.is_ours(&machine.request.tags);
        clouds
            .into_iter()
            .map(|(id, cloud)| (id, cloud.alive().into_iter().filter(ours).collect()))
            .collect()
    }

    /// Whether Weir made a machine with these tags, and not another deployment or another life of this one.
    fn is_ours(&self, tags: &Tags) -> bool {
        tags.deployment == self.deployment && tags.generation == Some(self.generation)
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Lists of this provider leave out everything until then, where that is obvious.
    pub(crate) fn empty_lists(&self, provider: ProviderId, until: Timestamp) {
        self.lock().lists.entry(provider).or_default().empty_until = Some(until);
    }

    /// The rows are these: what is up by them is expected in the lists.
    pub(crate) fn expect(&self, stored: &StoredSnapshot) {
        let mut state = self.lock();
        for provider in &stored.providers {
            let is_expected = |server: &&ServerSnapshot| {
                let is_up = matches!(
                    server.state,
                    ServerState::Booting { .. }
                        | ServerState::Running { .. }
                        | ServerState::Draining { .. }
                );
                is_up
                    && matches!(server.origin, Origin::Scaled { provider: of, .. } if of == provider.id)
            };
            let servers = stored.pools.iter().flat_map(|pool| &pool.servers);
            let expected = servers.filter(is_expected).count();
            state.lists.entry(provider.id).or_default().expected = expected;
        }
    }

    /// Lists tell the truth from now on.
    pub(crate) fn calm(&self) {
        self.lock().may_lie = false;
        for (_, cloud) in self.registry.clouds() {
            cloud.set_plan(None);
            cloud.disarm();
        }
    }

    /// Weir has taken in the list under way.
    pub(crate) fn list_taken_in(&self, provider: ProviderId) {
        let mut state = self.lock();
        let lists = state.lists.entry(provider).or_default();
        lists.was_short = lists.is_short;
    }

    /// How often each fault has happened, by its word.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (_, cloud) in self.registry.clouds() {
            for (word, count) in cloud.faults() {
                *all.entry(word).or_default() += count;
            }
        }
        let short = self.lock().short_lists;
        if short > 0 {
            *all.entry("short list").or_default() += short;
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn row(&self, server: ServerId) -> Option<store::ServerRow> {
        self.store.server(server).await.ok().flatten()
    }

    /// Leaves machines out of a list, sometimes. Never so that Weir could not know better: two lists in a row that miss
    /// only a few machines are its proof that they are gone.
    fn shorten(&self, provider: ProviderId, mut list: Listing) -> Listing {
        let now = self.clock.now();
        let mut state = self.lock();
        let is_short = state.may_lie && state.dice.per_mille(SHORT_PER_MILLE);
        let lists = state.lists.entry(provider).or_default();
        let is_empty =
            lists.empty_until.is_some_and(|until| now < until) && lists.expected > OBVIOUS;
        let is_half = is_short && !lists.was_short && list.machines.len() > 1;
        if is_empty {
            list.machines.clear();
        } else if is_half {
            list.machines.truncate(list.machines.len() / 2);
        }
        lists.is_short = is_empty || is_half;
        state.short_lists += u64::from(is_empty || is_half);
        list
    }
}

/// What the control plane is given: its providers, each with the record.
pub(crate) struct Watched(pub(crate) Arc<Clouds>);

impl Providers for Watched {
    fn opened(&self, id: ProviderId, version: i64) -> Option<Arc<dyn Provider>> {
        let inner = self.0.registry.opened(id, version)?;
        Some(self.watch(id, inner))
    }

    fn open(
        &self,
        config: Saved<'_>,
        secrets: &Secrets,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        let inner = self.0.registry.open(config, secrets)?;
        Ok(self.watch(config.id, inner))
    }

    fn unsaved(
        &self,
        kind: ProviderKind,
        settings: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        self.0.registry.unsaved(kind, settings, secrets)
    }
}

impl Watched {
    fn watch(&self, id: ProviderId, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        let clouds = Arc::clone(&self.0);
        Arc::new(WatchedProvider { id, inner, clouds })
    }
}

struct WatchedProvider {
    id: ProviderId,
    inner: Arc<dyn Provider>,
    clouds: Arc<Clouds>,
}

#[async_trait::async_trait]
impl Provider for WatchedProvider {
    /// Of two kinds of cloud the one that takes a repeated create call puts no keys on its machines.
    fn facts(&self) -> ProviderFacts {
        let facts = self.inner.facts();
        ProviderFacts {
            can_authorize: !facts.repeatable_create,
            ..facts
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        let row = self.clouds.row(request.tags.server).await;
        self.clouds.lock().calls.push(Call::Create {
            at: self.clouds.clock.now(),
            request: request.clone(),
            row: row.map(|row| row.server.status),
        });
        self.inner.create(request).await
    }

    async fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        let alive = self.clouds.cloud(self.id).alive();
        if let Some(found) = alive.into_iter().find(|one| one.id == *machine) {
            let server = found.request.tags.server;
            let is_ours = self.clouds.is_ours(&found.request.tags);
            let row = self.clouds.row(server).await;
            self.clouds.lock().calls.push(Call::Delete {
                at: self.clouds.clock.now(),
                machine: machine.clone(),
                server,
                is_ours,
                sessions: row.as_ref().map_or(0, |row| row.server.open_sessions),
                row: row.map(|row| row.server.status),
            });
        }
        self.inner.delete(machine).await
    }

    async fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        let list = self.inner.list(deployment).await?;
        Ok(self.clouds.shorten(self.id, list))
    }

    async fn authorize(&self, machine: &MachineId, keys: &[String]) -> Result<(), ProviderError> {
        self.inner.authorize(machine, keys).await
    }

    async fn test(&self) -> Vec<TestCheck> {
        self.inner.test().await
    }
}

/// Whether something listens, which the machines of the clouds know.
pub(crate) struct Ports(pub(crate) Arc<Clouds>);

#[async_trait::async_trait]
impl Prober for Ports {
    async fn answers(&self, address: &Address) -> bool {
        self.0
            .clouds()
            .iter()
            .any(|(_, cloud)| cloud.probe(address))
    }
}
