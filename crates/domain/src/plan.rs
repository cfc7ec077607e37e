//! What the planner answers: actions, and why; and, as loudly, why not.

pub mod explain;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::connection::Address;
use crate::id::{ConfigId, DecisionId, PoolId, ProviderId, ServerId, SessionId, ZoneId};
use crate::server::{DrainReason, FailReason, MachineId};
use crate::timestamp::Timestamp;

/// The planner's output.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Planned>,
    /// What was weighed, and with which outcome.
    pub report: Report,
    /// When to plan again even if nothing happens until then.
    pub next_at: Option<Timestamp>,
}

/// An action with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// Everything the loop can ever do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write the intent of one new server, then call the provider.
    Create {
        /// Its pool.
        pool: PoolId,
        /// The config that wants it.
        config: ConfigId,
        /// The provider config that makes it.
        provider: ProviderId,
    },
    /// Make the create call of a written intent (again), byte for byte the same.
    CallCreate {
        /// The server.
        server: ServerId,
    },
    /// A list shows the machine of a server: fill in what is known.
    Adopt {
        /// The server.
        server: ServerId,
        /// Its machine.
        machine: MachineId,
        /// Where it listens, if it is up.
        address: Option<Address>,
    },
    /// Ask whether the connection port answers.
    ProbePort {
        /// The server.
        server: ServerId,
        /// Where.
        address: Address,
    },
    /// Put the keys of the people who have sessions on a server, and no others.
    Authorize {
        /// The server.
        server: ServerId,
    },
    /// Give a waiting request its seat.
    Seat {
        /// The request.
        session: SessionId,
        /// The server.
        server: ServerId,
    },
    /// End a session or a wait.
    EndSession {
        /// The session.
        session: SessionId,
        /// How.
        how: crate::session::EndReason,
    },
    /// Take no new sessions.
    Drain {
        /// The server.
        server: ServerId,
        /// Why.
        why: DrainReason,
    },
    /// A server cannot be used.
    Fail {
        /// The server.
        server: ServerId,
        /// Why.
        why: FailReason,
    },
    /// From `Draining` (with no session left) or `Failed` to `Deleting`.
    Delete {
        /// The server.
        server: ServerId,
    },
    /// Make the delete call (again).
    CallDelete {
        /// The server.
        server: ServerId,
        /// Its machine.
        machine: MachineId,
    },
    /// The machine is proven to be gone: `Deleted`.
    Gone {
        /// The server.
        server: ServerId,
    },
    /// Delete a machine that carries our tag and has no row.
    DeleteStranger {
        /// The provider config.
        provider: ProviderId,
        /// The machine.
        machine: MachineId,
    },
    /// Fetch a complete list.
    List {
        /// The provider config.
        provider: ProviderId,
    },
    /// From now on there is something to remove: the backoff begins.
    StartBackoff {
        /// The config.
        config: ConfigId,
    },
    /// There is nothing to remove any more.
    ClearBackoff {
        /// The config.
        config: ConfigId,
    },
}

macro_rules! action_words {
    ($($variant:ident = $word:literal;)*) => {
        impl Action {
            /// The words of all actions, in their order. An action that is not here does not compile.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The action's word in tests, logs and timelines.
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $word,)* }
            }
        }
    };
}

action_words! {
    Create = "create";
    CallCreate = "call_create";
    Adopt = "adopt";
    ProbePort = "probe_port";
    Authorize = "authorize";
    Seat = "seat";
    EndSession = "end_session";
    Drain = "drain";
    Fail = "fail";
    Delete = "delete";
    CallDelete = "call_delete";
    Gone = "gone";
    DeleteStranger = "delete_stranger";
    List = "list";
    StartBackoff = "start_backoff";
    ClearBackoff = "clear_backoff";
}

impl Reason {
    /// Whether it says that a server which is wanted cannot be made now.
    pub const fn is_obstacle(self) -> bool {
        matches!(
            self,
            Self::HeldAtLimit
                | Self::HeldCreatesPerHour
                | Self::HeldBreakerOpen
                | Self::HeldProviderBackoff
                | Self::HeldPaused
                | Self::HeldObserving
                | Self::HeldUnprepared
        )
    }
}

macro_rules! reasons {
    ($($(#[doc = $about:literal])* $variant:ident = $code:literal;)*) => {
        /// The closed list of reasons: the same in the UI, the API, metrics and logs. The doc comment of each is its
        /// entry in the manual.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason { $($(#[doc = $about])* #[serde(rename = $code)] $variant,)* }

        impl Reason {
            /// All reasons, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its entry in the manual: what it says.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),*).trim_ascii(),)* }
            }

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Reason {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "Why, from one closed list; /docs/reasons says what each means.",
            ))
            .enum_values(Some(Self::ALL.iter().map(|reason| reason.code())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Reason {}

reasons! {
    /// Fewer free seats than Minimum Available Sessions, counting those in flight.
    GrewBelowMinimum = "grew.below_minimum";
    /// People wait, and seats in flight do not cover them.
    GrewWaiting = "grew.waiting";
    /// The breaker lets one server through to see whether creating works again.
    GrewProbe = "grew.probe";
    /// Free seats cover minimum and waiting.
    HeldEnough = "held.enough";
    /// Seats in flight cover what is missing.
    HeldEnoughStarting = "held.enough_starting";
    /// Max instances of the provider config is reached.
    HeldAtLimit = "held.at_limit";
    /// The creates of the last hour have reached their cap.
    HeldCreatesPerHour = "held.creates_per_hour";
    /// Too many servers in a row did not become ready.
    HeldBreakerOpen = "held.breaker_open";
    /// The provider asked to be left alone for a while.
    HeldProviderBackoff = "held.provider_backoff";
    /// An admin holds everything.
    HeldPaused = "held.paused";
    /// The database was restored or copied, and no admin has said yet what it is.
    HeldObserving = "held.observing";
    /// The config is not enabled.
    HeldDisabled = "held.disabled";
    /// The config is in dry run: this would have been done.
    HeldDryRun = "held.dry_run";
    /// The create call cannot be put together: the start-up script cannot be filled in, or the provider config cannot be
    /// opened.
    HeldUnprepared = "held.unprepared";
    /// A list shows so much less than expected that nothing is concluded from it.
    HeldShortList = "held.short_list";
    /// More seats than needed for longer than the backoff.
    ShrankSurplus = "shrank.surplus";
    /// A single-use server whose person has left.
    ShrankSingleUse = "shrank.single_use";
    /// Nobody is on a draining server any more.
    ShrankDrained = "shrank.drained";
    /// A server that cannot be used is taken away.
    ShrankFailed = "shrank.failed";
    /// There is surplus, but the downscale backoff still runs.
    KeptBackoff = "kept.backoff";
    /// It could go, but someone has a session on it.
    KeptInUse = "kept.in_use";
    /// Without it the zone falls below its minimum.
    KeptMinimum = "kept.minimum";
    /// It drains; sessions are still open.
    KeptDraining = "kept.draining";
    /// An admin has drained or deleted it, and can still take it back.
    KeptGrace = "kept.grace";
    /// There is something to remove from now on.
    BackoffStarted = "backoff.started";
    /// There is nothing to remove any more.
    BackoffCleared = "backoff.cleared";
    /// Nobody knows whether the machine was made, and two lists do not show it.
    FailedCreateLost = "failed.create_lost";
    /// Accepted, but not up within the launch time.
    FailedLaunchTimeout = "failed.launch_timeout";
    /// Not ready within the provision time-out.
    FailedCheckinTimeout = "failed.checkin_timeout";
    /// The machine stopped or went away by itself.
    FailedMachineLost = "failed.machine_lost";
    /// An intent without a known answer: the same call is made again.
    CalledCreateAgain = "called.create_again";
    /// An unanswered call; a complete list must show what became of it before anything else is done.
    CalledLookFirst = "called.look_first";
    /// The machine is to be deleted.
    CalledDelete = "called.delete";
    /// A complete list shows the machine.
    SeenInList = "seen.in_list";
    /// Two complete lists do not show the machine.
    GoneAbsentTwice = "gone.absent_twice";
    /// One list without it is no proof yet.
    GoneNotProven = "gone.not_proven";
    /// No check-in is required, so an answering port makes the server ready.
    ProbedPort = "probed.port";
    /// The keys on the server are not the ones that belong there.
    AuthorizedKeys = "authorized.keys";
    /// A free seat.
    AssignedFreeSeat = "assigned.free_seat";
    /// No seat is free; one in flight is kept for this request.
    QueuedInFlight = "queued.in_flight";
    /// No seat is free or in flight; Aggressive Scaling lets the request wait.
    QueuedAggressive = "queued.aggressive";
    /// The pool cannot grow now (limit, breaker, provider); the request waits all the same.
    QueuedHeld = "queued.held";
    /// No seat is free, none in flight is left, and Aggressive Scaling is off.
    RefusedNoCapacityComing = "refused.no_capacity_coming";
    /// Nobody was found for it within the queue time-out.
    EndedQueueTimeout = "ended.queue_timeout";
    /// The session's time is over.
    EndedExpired = "ended.expired";
    /// The session's server is lost.
    EndedServerLost = "ended.server_lost";
    /// An admin deletes the session's server.
    EndedRemoval = "ended.removal";
    /// A machine with our tag and without a row is left alone for the grace time.
    OrphanQuarantined = "orphan.quarantined";
    /// A machine with our tag and without a row is kept: an admin said so.
    OrphanKept = "orphan.kept";
    /// A machine with our tag and without a row is to be deleted, and a complete list must show it (again) first.
    OrphanAwaitsList = "orphan.awaits_list";
    /// Its grace time is over, or an admin did not want to wait for it.
    OrphanDeleted = "orphan.deleted";
    /// A machine with our tag and without a row is of another generation, or of none: another Weir may use it, so it is left alone.
    OrphanForeign = "orphan.foreign";
    /// A fresh list is due.
    ListedDue = "listed.due";
    /// Something waits for what a fresh list shows.
    ListedForEvidence = "listed.for_evidence";
}

/// What was weighed in one tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// A report for each pool of the snapshot.
    pub pools: Vec<PoolReport>,
    /// A report for each provider config of the snapshot.
    pub providers: Vec<ProviderReport>,
}

/// What was weighed for a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolReport {
    /// The pool.
    pub pool_id: PoolId,
    /// One entry a config, in the order in which they act.
    pub configs: Vec<ConfigReport>,
    /// What concerns single servers and sessions.
    pub findings: Vec<Finding>,
}

/// What was weighed for a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigReport {
    /// The config.
    pub config_id: ConfigId,
    /// Its version.
    pub config_version: i64,
    /// Its zone.
    pub zone_id: ZoneId,
    /// Its provider config.
    pub provider_id: ProviderId,
    /// The numbers of scaling up.
    pub up: Upscale,
    /// The numbers of scaling down.
    pub down: Downscale,
    /// What came of them.
    pub findings: Vec<Finding>,
    /// Why its create call cannot be put together, where that holds the loop back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The arithmetic of scaling up (`docs/adr/0004-free-seats-while-people-wait.md`). Seats and servers are whole numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upscale {
    /// Minimum Available Sessions.
    pub minimum: u32,
    /// People who wait and are counted for this config.
    pub waiting: u32,
    /// Seats of running servers in this zone that can be taken now, after this tick's seating.
    pub free_seats: u32,
    /// Seats of servers on their way in this zone, and of those that earlier configs make in this tick.
    pub seats_in_flight: u32,
    /// The seats that `minimum` lacks (minimum - `free_seats`, not below 0) + waiting - `seats_in_flight`. Who still
    /// waits after this tick's seating can take none of the free seats, so these cover the minimum alone.
    pub want: i64,
    /// Seats of one new server.
    pub seats_per_server: u32,
    /// ceil(want / `seats_per_server`), not below 0.
    pub servers_wanted: u32,
    /// Max instances of the provider config.
    pub max_instances: u32,
    /// Machines that count against it: server rows, machines of our generation that have no row, and those planned earlier
    /// in this tick.
    pub existing: u32,
    /// Creates within the last hour, with those planned earlier in this tick.
    pub creates_last_hour: u32,
    /// Their cap.
    pub creates_per_hour: u32,
    /// Servers that the breaker, the provider's own wish, a create call that cannot be put together, dry run and the switch
    /// let through: all (`max_instances`), one or none.
    pub gate: u32,
    /// min(`servers_wanted`, `max_instances` - existing, `creates_per_hour` - `creates_last_hour`, gate), not below 0.
    pub create: u32,
}

impl Upscale {
    /// Seats to make, from the other numbers alone; negative if there are more than needed.
    pub fn seats_wanted(&self) -> i64 {
        i64::from(self.minimum.saturating_sub(self.free_seats)) + i64::from(self.waiting)
            - i64::from(self.seats_in_flight)
    }

    /// The servers that these seats take, before any limit.
    pub fn servers_for_want(&self) -> u32 {
        let per_server = i64::from(self.seats_per_server.max(1));
        let seats = self.seats_wanted().max(0);
        u32::try_from((seats + per_server - 1) / per_server).unwrap_or(u32::MAX)
    }

    /// The number of servers to make, from the other numbers alone.
    pub fn recompute(&self) -> u32 {
        self.servers_for_want()
            .min(self.max_instances.saturating_sub(self.existing))
            .min(self.creates_per_hour.saturating_sub(self.creates_last_hour))
            .min(self.gate)
    }
}

/// The arithmetic of scaling down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Downscale {
    /// Servers of this config without a session, and without which the zone still covers minimum and waiting.
    pub removable: u32,
    /// Since when there is at least one, this tick included.
    pub surplus_since: Option<Timestamp>,
    /// Downscale Backoff, in seconds.
    pub backoff_secs: u32,
    /// When the backoff ends.
    pub due_at: Option<Timestamp>,
    /// Servers that dry run and the switch let go: all (`removable`) or none.
    pub gate: u32,
    /// Servers drained for it in this tick: all removable ones that the gate lets go once due, else none.
    pub drain: u32,
}

impl Downscale {
    /// The number of servers to drain at `now`, from the other numbers alone.
    pub fn recompute(&self, now: Timestamp) -> u32 {
        match self.surplus_since {
            Some(since) if now.since(since) >= i64::from(self.backoff_secs) * 1000 => {
                self.removable.min(self.gate)
            }
            Some(_) | None => 0,
        }
    }
}

/// What was weighed for a provider config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderReport {
    /// The provider config.
    pub provider_id: ProviderId,
    /// What came of it.
    pub findings: Vec<Finding>,
}

/// One conclusion: an action or an inaction, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Why.
    pub reason: Reason,
    /// How many servers, seats or requests it concerns.
    pub count: u32,
    /// The server, if it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
    /// The session, if it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Until when it holds, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Finding {
    /// A conclusion about `count` things.
    pub const fn new(reason: Reason, count: u32) -> Self {
        Self {
            reason,
            count,
            server_id: None,
            session_id: None,
            until: None,
        }
    }

    /// The same, about this server.
    #[must_use]
    pub const fn of_server(mut self, server: ServerId) -> Self {
        self.server_id = Some(server);
        self
    }

    /// The same, about this session.
    #[must_use]
    pub const fn of_session(mut self, session: SessionId) -> Self {
        self.session_id = Some(session);
        self
    }

    /// The same, until then.
    #[must_use]
    pub const fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }
}

/// What `place` says about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The request.
    pub session: SessionId,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gets a seat on this server.
    Seat(ServerId),
    /// It waits.
    Queue,
    /// It is turned away. Only a new request is; who waits already keeps waiting.
    Refuse,
}

/// A recorded decision: a config's report whenever it differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// The id; decisions are ordered by it.
    pub id: DecisionId,
    /// The pool.
    pub pool_id: PoolId,
    /// When it was first made.
    pub at: Timestamp,
    /// What was weighed: one entry a config, and what concerns single servers and sessions.
    pub report: PoolReport,
}
