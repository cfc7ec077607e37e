//! A half-filled form that Weir keeps for its author.

use serde::{Deserialize, Serialize};

use crate::form::Draft;
use crate::id::DraftId;
use crate::timestamp::Timestamp;

/// What an author saves. Secrets are not kept in drafts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedDraftInput {
    /// The form (`autoscale`).
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 32, pattern = "^[a-z_]+$")
    )]
    pub form: String,
    /// What has been filled in, by key. May be wrong or incomplete.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
}

/// A kept draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedDraft {
    /// The id.
    pub id: DraftId,
    /// The form.
    pub form: String,
    /// What has been filled in, by key.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last saved.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}
