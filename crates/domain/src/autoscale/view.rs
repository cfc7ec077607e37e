//! A saved autoscale config as REST and pages show it, and what is said about one before it is saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::FieldError;
use crate::form::Draft;
use crate::id::ConfigId;
use crate::plan::PoolReport;
use crate::timestamp::Timestamp;

/// A saved config: the keys of the form, without secrets, and what Weir knows beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedConfig {
    /// The id.
    pub id: ConfigId,
    /// The values of the form's shown fields. Secrets are never among them.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub values: Draft,
    /// Which secrets are set, by key.
    pub secrets: BTreeMap<String, SecretState>,
    /// What should be looked at, though it does not stop the config from being saved.
    pub warnings: Vec<ConfigWarning>,
    /// Servers that exist for it.
    pub servers: u32,
    /// Those of them that were made with an older version of it.
    pub older_servers: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

impl SavedConfig {
    /// What it is called.
    pub fn name(&self) -> &str {
        let name = self.values.get("name").and_then(|name| name.as_str());
        name.unwrap_or(super::FORM.title)
    }
}

/// That a secret is set, since when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretState {
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it: `usr_…` or `key_…`.
    pub set_by: String,
}

/// Something to look at: a tag that stays empty, a script that is not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigWarning {
    /// The field it concerns (`provider_id`).
    pub key: String,
    /// What it is and what to do.
    pub message: String,
}

/// The answer to "is this config right?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Validation {
    /// What is wrong; empty if it can be saved.
    pub errors: Vec<FieldError>,
    /// What should be looked at.
    pub warnings: Vec<ConfigWarning>,
}

/// What the loop would do now if the config were saved: the loop's own plan, nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanPreview {
    /// Servers it would make for this config.
    pub create: u32,
    /// Servers of this config it would drain.
    pub drain: u32,
    /// Servers of this config it would give up: on their way for longer than the config then allows.
    pub fail: u32,
    /// Seats of a new server.
    pub seats_per_server: u32,
    /// Free seats afterwards, once everything that is on its way has arrived.
    pub seats_ready: u32,
    /// What it says in words.
    pub sentences: Vec<String>,
    /// All numbers.
    pub report: PoolReport,
}

/// A start-up script with its tags filled in for a server that does not exist, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenderedScript {
    /// The text.
    pub script: String,
    /// Its size in bytes, with sample values of the usual length.
    pub bytes: u32,
    /// What the provider takes at most.
    pub limit_bytes: Option<u32>,
    /// Tags that stay empty.
    pub warnings: Vec<ConfigWarning>,
}
