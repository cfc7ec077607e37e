//! The demo: a pool to try Weir out, with what people have seen of it and what goes with it.

use serde::{Deserialize, Serialize};

use crate::id::{PoolId, ServerId};
use crate::timestamp::Timestamp;

/// So many visitors are sent at once.
pub const VISITORS: u32 = 12;

/// The demo, while there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Demo {
    /// Its pool.
    pub pool_id: PoolId,
    /// What has been seen of it.
    pub checklist: DemoChecklist,
    /// Visitors who wait for a session. While there are some, no more are sent.
    pub visitors_waiting: u32,
    /// The start-up script of the next server will fail, because somebody asked for it.
    pub breaks_next: bool,
    /// The last server that failed.
    pub last_failure: Option<DemoFailure>,
    /// What it is made of, and goes with it.
    pub parts: DemoParts,
    /// Since when it is being removed.
    pub removing_since: Option<Timestamp>,
}

/// What has been seen of the demo. Each line ticks itself by what has happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one line of the list"
)]
pub struct DemoChecklist {
    /// A server has become ready.
    pub server_ready: bool,
    /// A person who is no visitor has had a session.
    pub session_launched: bool,
    /// A server has become ready beside another.
    pub scaled: bool,
    /// An admin has looked at the decisions.
    pub why_read: bool,
    /// All of it is ticked, and it was put away.
    pub dismissed: bool,
}

impl DemoChecklist {
    /// Whether every line is ticked.
    pub const fn is_complete(self) -> bool {
        self.server_ready && self.session_launched && self.scaled && self.why_read
    }
}

/// A server of the demo that has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoFailure {
    /// The server. Its page tells what became of it, step by step.
    pub server_id: ServerId,
    /// Its name.
    pub server_name: String,
    /// When it failed.
    pub at: Timestamp,
    /// What it said, if it said something.
    pub message: Option<String>,
    /// Another server has become ready since.
    pub replaced: bool,
}

/// What the demo is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoParts {
    /// The name of its pool.
    pub pool_name: String,
    /// Autoscale configs of the pool.
    pub configs: u32,
    /// Servers of the pool in every state but `deleted`.
    pub servers: u32,
    /// Open sessions in the pool.
    pub sessions: u32,
    /// People who wait in the pool, visitors included.
    pub waiting: u32,
    /// Made-up people.
    pub visitors: u32,
    /// Its provider config, while there is one.
    pub provider: Option<DemoPart>,
    /// Its zone, while there is one.
    pub zone: Option<DemoPart>,
}

/// A thing that the demo made and that something else may use by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoPart {
    /// Its name.
    pub name: String,
    /// Configs and servers outside of the demo that use it: it stays with them when the demo is removed.
    pub used_by: Vec<String>,
}

/// What became of the visitors who were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoVisit {
    /// Those who have a session or a place in the queue.
    pub admitted: u32,
    /// Those who were refused.
    pub refused: u32,
    /// Why the first of them was.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::DemoChecklist;

    #[test]
    fn a_list_is_complete_with_its_last_line() {
        let all_but_one = DemoChecklist {
            server_ready: true,
            session_launched: true,
            scaled: true,
            ..DemoChecklist::default()
        };
        assert!(!all_but_one.is_complete());
        let all = DemoChecklist {
            why_read: true,
            ..all_but_one
        };
        assert!(all.is_complete());
    }
}
