//! What must hold, whatever fails: checked after every event against what the clouds know to be true and what the
//! store says.
//!
//! Each check is a function from what is seen to violations, so that a test can show it a bad world and see it object.

mod breaker;
mod calls;
mod life;
mod queue;
mod rest;
mod rows;
mod surplus;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use domain::id::{ProviderId, ServerId, SessionId, UserId};
use domain::server::{MachineId, ServerState};
use domain::snapshot::{PoolSnapshot, ServerSnapshot};
use domain::timestamp::Timestamp;
use providers::CreateRequest;
use providers::fake::FakeMachine;
use store::{SessionRow, StoredSnapshot};

use breaker::Breakers;
use queue::Line;
use surplus::Surplus;

pub(crate) use rest::without_reason;
pub use rest::{at_rest, full_day};

macro_rules! invariants {
    ($($(#[$doc:meta])* $variant:ident = $sentence:literal;)*) => {
        /// What must hold. The doc comment of each says where it comes from.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant { $($(#[$doc])* $variant,)* }

        impl Invariant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What it says, in words.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

invariants! {
    /// A session is a promise to a person: a request that was accepted is looked for until it has ended for a reason.
    NoSessionLost = "no session is lost";
    /// A seat is given once: an open session never moves, and no session waits and is open at once.
    SeatedOnce = "no session is seated twice";
    /// The limits of the wizard's capacity step: Max Simultaneous Sessions and Users, one RDP desktop a person.
    LimitsHold = "no server takes more than its limits";
    /// Reusable off: after the first person nobody else gets that server.
    SingleUseServesOne = "a single-use server serves one person";
    /// The guard of law 5: who is seated while a server drains by itself is thrown off it.
    NoSeatWhileDraining = "nobody is seated on a server that drains";
    /// Law 4, the money wall: rows and machines that are really there stay within Max Instances.
    NeverAboveMaximum = "never above the maximum";
    /// Law 4: seats in flight are counted, so that nothing is made that nobody needs.
    NothingMadeInVain = "no server is made while seats on their way cover the need";
    /// Law 3: the intent is committed before the provider is called.
    IntentFirst = "no machine is asked for without a committed intent";
    /// Law 3: the call of one server is the same to the byte, its script never made again.
    SameCallAgain = "the create call of a server is always the same";
    /// Law 3: the server's id is the fence, so one server has one machine.
    OneMachine = "a server has one machine at most";
    /// Law 5: a machine with an open session on it is not deleted.
    NoDeleteInUse = "no machine is deleted while a session is open on it";
    /// Law 5: only what is Deleting, or has no row, is deleted.
    DeleteFromDeleting = "only machines of servers that are being deleted are deleted";
    /// Law 5: a failed, partial or short list ends nothing.
    NoLossOnDoubt = "no working machine is taken for lost";
    /// The states' order: what a report, a list or a late answer says fills in what is not known, and lowers nothing. Only
    /// an admin takes a server back.
    StatesOnlyRise = "no server goes back to an earlier state";
    /// Law 5: from Running a server comes to its end through Draining, so that nobody is seated meanwhile.
    DrainsFirst = "a server at work drains before it is deleted";
    /// Law 3: what is not known is looked for, and never made up.
    MachineIsReal = "a server's machine is one that its provider has made";
    /// The breaker: whatever kept servers from becoming ready, after some in a row one is tried at a time, after a pause.
    BreakerHolds = "after failures in a row one server is tried at a time, after a pause";
    /// The tags of deployment and generation: other deployments in the same account, and copies of this one, are none of Weir's
    /// business.
    OthersAreLeftAlone = "nothing of another deployment or generation is touched";
    /// The lease's epoch: a holder that was slow and has a successor changes nothing any more.
    StaleWritesNothing = "who has lost the lease writes nothing";
    /// The queue's order: by the time of the request.
    QueueInOrder = "who has waited longer is seated first";
    /// Downscale backoff: a surplus that lasts as long is taken away.
    SurplusGoes = "a surplus goes once its backoff is over";
    /// The queue's promise: whoever waits is seated once there is a seat, and there is one once there may be.
    WaitingAreSeated = "all waiting are seated once capacity may exist";
    /// At the end, without faults, each machine has its row and each row its machine.
    NothingLeaks = "nothing leaks";
    /// At the end, without faults, Minimum Available Sessions are there, or the report says why not.
    MinimumIsKept = "the minimum is kept, or the report says why not";
    /// A fault of the world is never a fault of the loop.
    LoopGoesOn = "the loop goes on";
    /// The simulation's own promise: a day on which little happens shows nothing.
    DayIsFull = "a day has enough requests and faults";
}

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When it was seen.
    pub at: Timestamp,
    /// What does not hold.
    pub invariant: Invariant,
    /// What was seen.
    pub what: String,
}

impl Violation {
    pub(crate) const fn new(at: Timestamp, invariant: Invariant, what: String) -> Self {
        Self {
            at,
            invariant,
            what,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.sentence(), self.what)
    }
}

/// What is seen after an event.
pub struct Look {
    /// When.
    pub now: Timestamp,
    /// What the store says.
    pub stored: StoredSnapshot,
    /// The machines that are really there.
    pub alive: BTreeMap<ProviderId, Vec<Arc<FakeMachine>>>,
    /// A tick has just ended and has asked for no other.
    pub is_settled: bool,
    /// A tick has just ended.
    pub is_tick: bool,
    /// What people and admins did during the event besides the tick.
    pub acts: u32,
    /// An admin changed a rule during the event.
    pub is_edit: bool,
    /// An admin changed the maximum of a provider during the event, which then had so many machines or rows.
    pub limited: Option<(ProviderId, u32)>,
    /// Weir has run, and could take the lease, since then; none where it does not run.
    pub is_led_since: Option<Timestamp>,
}

impl Look {
    pub(crate) fn servers(&self) -> impl Iterator<Item = (&PoolSnapshot, &ServerSnapshot)> {
        self.stored
            .pools
            .iter()
            .flat_map(|pool| pool.servers.iter().map(move |server| (pool, server)))
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = &FakeMachine> {
        self.alive.values().flatten().map(AsRef::as_ref)
    }

    /// The machines of a server that are there and work.
    fn working(&self, server: ServerId) -> impl Iterator<Item = &FakeMachine> {
        self.machines()
            .filter(move |machine| machine.request.tags.server == server && machine.is_up(self.now))
    }
}

/// What a look no longer shows, as the store has it.
#[derive(Default)]
pub struct Gone {
    /// Sessions that were accepted and are neither waiting nor open.
    pub sessions: BTreeMap<SessionId, Option<SessionRow>>,
    /// Servers that were there and no longer count.
    pub servers: BTreeMap<ServerId, Option<ServerState>>,
}

/// The invariants, with what they remember from look to look.
#[derive(Default)]
pub struct Watch {
    /// Accepted sessions that are not over, with the server they were last seen on.
    sessions: BTreeMap<SessionId, Option<ServerId>>,
    /// Servers of the last look.
    servers: BTreeMap<ServerId, ServerState>,
    /// Who a single-use server has served.
    owners: BTreeMap<ServerId, UserId>,
    /// How many machines a provider may have, and had at the last look.
    bounds: BTreeMap<ProviderId, (u32, u32)>,
    first_calls: BTreeMap<ServerId, CreateRequest>,
    /// All machines that were ever seen to be there.
    machines: BTreeMap<ProviderId, BTreeSet<MachineId>>,
    breakers: Breakers,
    line: Line,
    surplus: Surplus,
}

impl Watch {
    /// A request was accepted: from now on it must not be lost.
    pub fn accepted(&mut self, session: SessionId) {
        self.sessions.entry(session).or_default();
    }

    /// How many servers the clouds were asked for.
    pub fn asked_for(&self) -> u64 {
        self.first_calls.len() as u64
    }

    /// What the store must be asked for before this look is judged.
    pub fn missing(&self, look: &Look) -> (Vec<SessionId>, Vec<ServerId>) {
        let (there, alive) = (rows::sessions(look), rows::servers(look));
        let sessions = self.sessions.keys();
        let sessions = sessions.filter(|id| there.binary_search(id).is_err());
        let servers = self.servers.keys();
        let servers = servers.filter(|id| alive.binary_search(id).is_err());
        (sessions.copied().collect(), servers.copied().collect())
    }
}
