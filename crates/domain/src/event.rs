//! What has changed, for pages that stay live. An event carries no data, only where to look again.

use serde::{Deserialize, Serialize};

use crate::id::{PoolId, UserId};

/// The nouns that events speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventNoun {
    /// A pool or its configs; for people its free seats too.
    Pool,
    /// A provider config.
    Provider,
    /// A zone.
    Zone,
    /// A server.
    Server,
    /// A session.
    Session,
    /// A recorded decision.
    Decision,
    /// This installation: whether everything is held.
    Deployment,
    /// A machine without a row, or a row without a machine.
    Orphan,
}

/// Something has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeEvent {
    /// Counts up within one run of the process; `Last-Event-ID` names it.
    pub sequence: u64,
    /// What kind of thing.
    pub noun: EventNoun,
    /// Its id, as text.
    pub id: String,
    /// The pool it belongs to.
    pub pool_id: Option<PoolId>,
    /// The person it belongs to: only they and admins hear what it was.
    #[serde(skip)]
    pub user_id: Option<UserId>,
}
