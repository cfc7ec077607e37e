//! This installation of Weir, as people see it.

use serde::{Deserialize, Serialize};

use crate::id::{DeploymentId, GenerationId};
use crate::timestamp::Timestamp;

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Its id; it is in the tags of every machine it makes.
    pub id: DeploymentId,
    /// Its present life; it is in their tags too. A copy that was told to go its own way has another one.
    pub generation: GenerationId,
    /// The version of Weir.
    pub version: String,
    /// Set while an admin holds everything: nothing is made and nothing deleted at any provider. People still get free
    /// seats, and what is there is still looked after.
    pub pause: Option<DeploymentPause>,
    /// Set while nobody has said what this database is, which looks restored or copied: nothing is made and nothing deleted at
    /// any provider until an admin adopts it or forks.
    pub observing: Option<Observing>,
}

/// Since when Weir only observes, and what was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observing {
    /// Since when.
    pub since: Timestamp,
    /// What was noticed, in a sentence.
    pub why: String,
}

/// Since when everything is held, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentPause {
    /// Since when.
    pub since: Timestamp,
    /// By whom: `usr_…`, `key_…` or `system`.
    pub by: String,
    /// The name of the person or API key, while there is one.
    pub by_name: Option<String>,
}
