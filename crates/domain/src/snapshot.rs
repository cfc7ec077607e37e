//! What the planner is told: everything it may decide on, and nothing else.
//!
//! A snapshot is assembled from the last complete provider lists first and the store second, so every machine in a
//! list that is ours has its row in the store (`docs/architecture.md` law 3). All lists are ordered by id, or as said.

use crate::connection::{Address, Protocol};
use crate::id::{ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use crate::orphan::OrphanDecision;
use crate::server::{MachineId, Origin, SeatLimits, ServerState};
use crate::session::SessionKind;
use crate::timestamp::Timestamp;

/// The planner's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Times and bounds of the loop.
    pub settings: LoopSettings,
    /// All provider configs.
    pub providers: Vec<ProviderSnapshot>,
    /// The pools to plan.
    pub pools: Vec<PoolSnapshot>,
}

/// Times and bounds of the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopSettings {
    /// A provider is listed this often at rest, in seconds.
    pub list_interval_secs: u32,
    /// While something waits for evidence, a provider is listed this often, in milliseconds.
    pub list_hurry_millis: u32,
    /// Two complete lists that do not show a machine prove that it is gone only if they began this far apart, in
    /// milliseconds; a provider's list lag is added.
    pub gone_gap_millis: u32,
    /// From the provider's acceptance to a machine that is up, in seconds.
    pub launch_timeout_secs: u32,
    /// Creates within an hour through one provider config, whatever the reason.
    pub creates_per_hour: u32,
    /// This many failures in a row open the breaker of a provider config.
    pub breaker_failures: u32,
    /// How long the breaker stays open the first time, in seconds; each further failure doubles it.
    pub breaker_base_secs: u32,
    /// The longest time for which the breaker stays open, in seconds.
    pub breaker_max_secs: u32,
    /// A machine that carries our tag and has no row is left alone for this long, in seconds.
    pub orphan_grace_secs: u32,
    /// A failed call for a server is repeated after this long, in seconds; each further failure doubles it up to 16 x.
    pub retry_secs: u32,
}

impl Default for LoopSettings {
    fn default() -> Self {
        Self {
            list_interval_secs: 30,
            list_hurry_millis: 1000,
            gone_gap_millis: 1000,
            launch_timeout_secs: 300,
            creates_per_hour: 60,
            breaker_failures: 3,
            breaker_base_secs: 300,
            breaker_max_secs: 1800,
            orphan_grace_secs: 600,
            retry_secs: 5,
        }
    }
}

/// What a provider can do, by its kind and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderFacts {
    /// A machine may be missing from a list for this long after it was made, in milliseconds.
    pub list_lag_millis: u32,
    /// Repeating a create with the same token or name gives the same machine, so an unanswered call may be repeated.
    pub repeatable_create: bool,
    /// People's keys can be put on a machine after it was made.
    pub can_authorize: bool,
    /// The start-up script is run by the machine.
    pub runs_script: bool,
    /// The largest start-up script, in bytes after substitution.
    pub script_limit_bytes: Option<u32>,
}

/// A provider config as the planner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSnapshot {
    /// The id.
    pub id: ProviderId,
    /// Upper bound of machines over the whole deployment.
    pub max_instances: u32,
    /// Server rows of this provider config in every state but `Deleted`, over all pools.
    pub existing: u32,
    /// Creates whose intent is younger than an hour.
    pub creates_last_hour: u32,
    /// The oldest of them.
    pub oldest_create_at: Option<Timestamp>,
    /// Servers that did not become ready, in a row.
    pub failures: u32,
    /// When the last of them failed.
    pub failed_at: Option<Timestamp>,
    /// The provider asked to be left alone until then.
    pub not_before: Option<Timestamp>,
    /// Set while nothing may be made and nothing deleted.
    pub hold: Option<Hold>,
    /// What its kind can do.
    pub facts: ProviderFacts,
    /// A list call is under way.
    pub list_in_flight: bool,
    /// When the last list call began, whatever became of it.
    pub last_list_at: Option<Timestamp>,
    /// How many of the machines that were missing when its lists became too short to be believed are still to be there, where
    /// no list has seen again since; else 0. Those deleted meanwhile do not make the absence of the rest believable.
    pub doubted: u32,
    /// Machines with our tag that no row claims, by machine.
    pub strangers: Vec<Stranger>,
}

/// Why nothing may be made and nothing deleted at any provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// An admin has paused everything.
    Paused,
    /// The database looks restored or copied, and no admin has said yet what it is.
    Observing,
}

/// A machine that carries our deployment's tag and that no undeleted row claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The machine.
    pub machine: MachineId,
    /// Its tags name another generation of this deployment, or none: another Weir may have made it, so it is not ours to delete.
    pub foreign: bool,
    /// When it was first seen without a row.
    pub first_seen_at: Timestamp,
    /// Complete lists that showed it without a row.
    pub lists: u32,
    /// Whether the newest complete list shows it.
    pub listed: Listed,
    /// What is to become of it.
    pub decision: OrphanDecision,
    /// When an admin last decided that: its grace time begins then.
    pub decided_at: Option<Timestamp>,
    /// A delete for it is under way.
    pub delete_in_flight: bool,
    /// It was asked to go, and is not asked again before.
    pub retry_at: Option<Timestamp>,
}

/// Whether a machine without a row is in the newest complete list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// This process has fetched none yet: an earlier one has seen it.
    NotLookedFor,
    /// It is.
    Shown,
    /// It is not: it has gone, or the list lags.
    Missing,
}

/// A pool as the planner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSnapshot {
    /// The id.
    pub id: PoolId,
    /// Its autoscale configs, ordered by creation and then id.
    pub configs: Vec<ConfigSnapshot>,
    /// Its servers in every state but `Deleted`.
    pub servers: Vec<ServerSnapshot>,
    /// Its open sessions (Assigned and Active).
    pub sessions: Vec<OpenSession>,
    /// Who waits, ordered by request time and then id.
    pub queue: Vec<Waiter>,
}

/// An autoscale config as the planner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state in disguise"
)]
pub struct ConfigSnapshot {
    /// The id.
    pub id: ConfigId,
    /// Its version.
    pub version: i64,
    /// When it was made: configs act in this order.
    pub created_at: Timestamp,
    /// Its zone.
    pub zone: ZoneId,
    /// Its provider config.
    pub provider: ProviderId,
    /// The loop makes and removes its servers.
    pub enabled: bool,
    /// Decided and recorded, not done.
    pub dry_run: bool,
    /// Requests without a seat always queue.
    pub aggressive: bool,
    /// Minimum Available Sessions.
    pub minimum: u32,
    /// Limits of a new server.
    pub limits: SeatLimits,
    /// A server serves again after a session; off means single use.
    pub reusable: bool,
    /// Downscale Backoff, in seconds.
    pub backoff_secs: u32,
    /// Since when there is something to remove.
    pub surplus_since: Option<Timestamp>,
    /// Its last create call could not be put together.
    pub unprepared: Option<Unprepared>,
}

/// Why the create call of a config's servers cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprepared {
    /// What is wrong, for an admin.
    pub problem: String,
    /// When it is tried again, if the config stays as it is.
    pub retry_at: Timestamp,
}

/// A server as the planner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state in disguise"
)]
pub struct ServerSnapshot {
    /// The id.
    pub id: ServerId,
    /// Its zone.
    pub zone: ZoneId,
    /// The version of its row: a write that follows from this snapshot names it.
    pub version: i64,
    /// Where it comes from.
    pub origin: Origin,
    /// Its state.
    pub state: ServerState,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// When its intent was written.
    pub created_at: Timestamp,
    /// Protocol.
    pub protocol: Protocol,
    /// Limits as they are now (of its config, or its own if fixed).
    pub limits: SeatLimits,
    /// Serves again after a session.
    pub reusable: bool,
    /// Running needs a check-in; otherwise an answering port.
    pub require_checkin: bool,
    /// From the intent to `Running`, in seconds.
    pub provision_timeout_secs: u32,
    /// The person it was first given to. A single-use server never serves another.
    pub first_user: Option<UserId>,
    /// A call for it (create, delete, probe, authorise) is under way.
    pub call_in_flight: bool,
    /// A provider call for it was made since this process started or is known to have been answered. A `Requested`
    /// server without it has an unanswered call of an earlier process behind it, perhaps.
    pub call_known: bool,
    /// A failed call is not repeated before.
    pub retry_at: Option<Timestamp>,
    /// The delete call was answered, so only the proof of absence is missing.
    pub delete_accepted: bool,
    /// The keys of people on it are not the ones that should be there.
    pub access_pending: bool,
    /// What complete provider lists show of it.
    pub sighting: Sighting,
}

/// What complete provider lists show of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// No complete list has begun since its last call.
    NotLookedFor,
    /// The newest complete list shows it.
    Present {
        /// The machine.
        machine: MachineId,
        /// What the provider says of it.
        state: MachineState,
        /// Where it listens, if it is up.
        address: Option<Address>,
        /// Its public host key, if the provider knows it.
        host_key: Option<String>,
    },
    /// Complete lists in a row do not show it.
    Absent {
        /// When the first of them began.
        first_at: Timestamp,
        /// When the newest of them began.
        last_at: Timestamp,
        /// How many they are.
        lists: u32,
    },
}

/// What a provider says of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineState {
    /// Being made or starting.
    Pending,
    /// Up.
    Up,
    /// Stopped, in error or being taken away by somebody: of no use any more.
    Broken,
}

/// A session that holds a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The id.
    pub id: SessionId,
    /// Its server.
    pub server: ServerId,
    /// Its person.
    pub user: UserId,
    /// What is open.
    pub kind: SessionKind,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A request that waits for a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The id.
    pub id: SessionId,
    /// The person.
    pub user: UserId,
    /// What to open.
    pub kind: SessionKind,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the wait ends by itself.
    pub expires_at: Timestamp,
}
