//! A pool: interchangeable servers people are sent to.

use serde::{Deserialize, Serialize};

use crate::connection::Protocol;
use crate::id::PoolId;
use crate::timestamp::Timestamp;

/// An application that an RDP pool publishes (`RemoteApp`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedApp {
    /// Short key, `a-z`, `0-9` and `-`, unique in the pool.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 32, pattern = "^[a-z0-9-]+$")
    )]
    pub key: String,
    /// The name people see.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// Path of the program, or its alias with `||` in front.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 260))]
    pub program: String,
    /// Arguments for the program.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub arguments: String,
}

/// What an admin enters for a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolInput {
    /// 1 to 63 characters, unique.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// One line for the portal's card.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub description: String,
    /// Published apps; only RDP pools open them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub apps: Vec<PublishedApp>,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pool {
    /// The id.
    pub id: PoolId,
    /// Name.
    pub name: String,
    /// One line for the portal's card.
    pub description: String,
    /// Published apps.
    pub apps: Vec<PublishedApp>,
    /// The protocol that its configs and fixed servers use; none while it has neither.
    pub protocol: Option<Protocol>,
    /// Whether it has autoscale configs and all of them are switched off: its servers stay, none is made or removed.
    pub paused: bool,
    /// What it holds right now.
    pub counts: PoolCounts,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

/// What a pool holds right now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolCounts {
    /// Servers in every state but `deleted`.
    pub servers: u32,
    /// Servers on their way to `running`.
    pub starting: u32,
    /// Servers that take or hold sessions.
    pub running: u32,
    /// Seats that can be taken at once.
    pub free_seats: u32,
    /// Open sessions.
    pub sessions: u32,
    /// People who wait.
    pub waiting: u32,
}
