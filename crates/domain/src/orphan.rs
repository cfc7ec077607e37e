//! Orphans: what exists on one side only. A machine that carries our deployment's tag and that no row claims, or a row
//! whose machine complete lists of its provider do not show.

use serde::{Deserialize, Serialize};

use crate::id::{OrphanId, PoolId, ProviderId, ServerId};
use crate::server::MachineId;
use crate::timestamp::Timestamp;

/// Complete lists that must show a machine without a row before it may be deleted.
pub const LISTS: u32 = 2;

/// What is to become of a machine without a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanDecision {
    /// Left alone for the grace time, then deleted.
    #[default]
    Quarantine,
    /// Never deleted, until an admin takes that back.
    Keep,
    /// Deleted without waiting for the grace time.
    Delete,
}

impl OrphanDecision {
    /// All decisions.
    pub const ALL: [Self; 3] = [Self::Quarantine, Self::Keep, Self::Delete];

    /// The word in the database and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
    }
}

/// What holds of an orphan now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OrphanState {
    /// A machine without a row that is left alone until then, and deleted after it.
    Quarantined {
        /// The end of its grace time. A complete list that shows it is needed all the same.
        until: Timestamp,
    },
    /// A machine without a row that an admin keeps. It is never deleted, and counts against Max Instances.
    Kept,
    /// A machine without a row that an admin has deleted. It goes with the next complete list that shows it.
    Condemned,
    /// A machine without a row that its provider was asked to delete. Complete lists must show that it has gone.
    Deleting {
        /// When its provider was asked last.
        since: Timestamp,
    },
    /// A machine whose tags name another generation of this deployment, or none: a copy of this database, or the one that
    /// it is a copy of, answers for it. It is never deleted.
    Foreign,
    /// A row whose machine the newest complete lists do not show. The loop finds out what is true of it.
    Missing,
}

impl OrphanState {
    /// The state's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quarantined { .. } => "quarantined",
            Self::Kept => "kept",
            Self::Condemned => "condemned",
            Self::Deleting { .. } => "deleting",
            Self::Foreign => "foreign",
            Self::Missing => "missing",
        }
    }
}

/// An orphan as REST and pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Orphan {
    /// The id.
    pub id: OrphanId,
    /// What holds of it now.
    #[serde(flatten)]
    pub status: OrphanState,
    /// The provider config at which it is, or should be.
    pub provider_id: ProviderId,
    /// The name of that.
    pub provider_name: String,
    /// The provider's name for the machine.
    pub machine: Option<MachineId>,
    /// The server that the machine's tag names, or whose machine is missing. It need not be known any more.
    pub server_id: Option<ServerId>,
    /// The server's name, while there is a row of it.
    pub server_name: Option<String>,
    /// The server's pool, while there is a row of it.
    pub pool_id: Option<PoolId>,
    /// The name of that.
    pub pool_name: Option<String>,
    /// When the first complete list did not match.
    pub first_seen_at: Timestamp,
    /// When a complete list last did not match. Behind by a minute at most.
    pub last_seen_at: Timestamp,
    /// How many complete lists did not match.
    pub lists: u32,
    /// When the machine was asked for, where the server's id tells that, else when it was first seen.
    pub made_at: Timestamp,
    /// Hours that the machine may have cost so far, begun ones counted whole: from `made_at` to now, and for one that is
    /// missing to when it was first missed. Weir knows no prices.
    pub machine_hours: u32,
    /// When an admin last decided about it.
    pub decided_at: Option<Timestamp>,
    /// Who that was: `usr_…` or `key_…`.
    pub decided_by: Option<String>,
    /// The name of the person or API key, while there is one.
    pub decided_by_name: Option<String>,
    /// Counts up with every decision.
    pub version: i64,
}

/// Hours that a machine may have cost, begun ones counted whole.
pub fn machine_hours(made_at: Timestamp, until: Timestamp) -> u32 {
    let millis = until.since(made_at).max(0);
    let hours = millis.saturating_add(Timestamp::HOUR_MILLIS - 1) / Timestamp::HOUR_MILLIS;
    u32::try_from(hours).unwrap_or(u32::MAX)
}

/// What a change of an orphan does, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrphanChange {
    /// Nothing was changed: this is what would happen.
    pub dry_run: bool,
    /// What happens by it, in a sentence or two.
    pub effect: String,
    /// The server that the machine belongs to then; none where it stays without one.
    pub server_id: Option<ServerId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_hour_counts_whole() {
        let start = Timestamp::from_millis(1_000_000);
        let hours = |secs| machine_hours(start, start.plus_secs(secs));
        assert_eq!([hours(0), hours(1), hours(3600), hours(3601)], [0, 1, 1, 2]);
        assert_eq!(machine_hours(start.plus_secs(1), start), 0);
    }
}
