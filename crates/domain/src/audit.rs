//! An entry of the audit log.

use serde::{Deserialize, Serialize};

use crate::id::AuditId;
use crate::timestamp::Timestamp;

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what was done to this: an id with its prefix.
    pub target: Option<String>,
    /// Only what people did, themselves or by an API key.
    pub by_people: bool,
}

/// Who changed what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// The id; entries are ordered by it.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: `usr_…`, `key_…`, `srv_…` or `system`.
    pub actor: String,
    /// What the person or the API key is called, while it is there.
    pub actor_name: Option<String>,
    /// What was done (`pool.create`).
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// What changed. Holds no secrets.
    pub detail: serde_json::Value,
}
