//! A provider config: a configured source of machines, shared by autoscale configs.

use serde::{Deserialize, Serialize};

use crate::autoscale::SecretState;
use crate::id::{ConfigId, ProviderId};
use crate::plan::Finding;
use crate::timestamp::Timestamp;

/// The kinds of provider this version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderKind {
    /// Instances of Amazon EC2.
    Aws,
    /// Machines of an LXD or Incus daemon.
    Lxd,
    /// OpenSSH servers on Weir's own machine, for trying it out and for tests.
    Local,
    /// A cloud in memory, for demos, tests and simulation.
    Fake,
}

impl ProviderKind {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Lxd, Self::Local, Self::Fake];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Lxd => "lxd",
            Self::Local => "local",
            Self::Fake => "fake",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What an admin enters for a provider config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderInput {
    /// 1 to 63 characters, unique.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// Its kind; cannot change later.
    pub kind: ProviderKind,
    /// No more machines than this, over the whole deployment, whatever the demand.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub max_instances: u32,
    /// Template of the start-up script; tags in braces are filled in for each server.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 65_536))]
    pub startup_script: String,
    /// The kind's own fields, as its form describes them. A secret that is left out stays as it is, `null` removes it, and a
    /// text sets it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// A provider config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// The id.
    pub id: ProviderId,
    /// Name.
    pub name: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// Upper bound of machines.
    pub max_instances: u32,
    /// Template of the start-up script.
    pub startup_script: String,
    /// The kind's own fields, without secrets.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Which secrets of the kind's own fields are set, since when, and by whom.
    #[serde(default)]
    pub secrets: std::collections::BTreeMap<String, SecretState>,
    /// How creating goes.
    pub health: ProviderHealth,
    /// What the loop has last concluded about the provider itself: a list that cannot be believed, machines without a
    /// row, a pause. Empty in a process that does not run the loop.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What to look at in how autoscale configs use it, such as a tag of the start-up script that one of them cannot fill.
    /// Told of one provider config; a list leaves it out.
    #[serde(default)]
    pub warnings: Vec<ProviderWarning>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

/// What is entered for a provider config so far, to hear what can be chosen in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderChoicesInput {
    /// Its kind.
    pub kind: ProviderKind,
    /// The kind's own fields, as its form describes them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The provider config that is being changed: its secrets are used where none are entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<ProviderId>,
}

/// What a provider offers now, by the keys of its kind's fields.
pub type ProviderChoices = std::collections::BTreeMap<String, Vec<ProviderChoice>>;

/// One value that a provider offers for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderChoice {
    /// What is entered.
    pub value: String,
    /// Its name for people.
    pub label: String,
}

/// How creating through a provider config goes: input of the breaker (`scaling::source`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderHealth {
    /// Machines that may cost money now.
    pub existing: u32,
    /// Servers that did not become ready, in a row.
    pub failures: u32,
    /// When the last of them failed.
    pub failed_at: Option<Timestamp>,
    /// The provider asked to be left alone until then.
    pub not_before: Option<Timestamp>,
}

/// Something to look at in how an autoscale config uses a provider config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderWarning {
    /// The autoscale config.
    pub config_id: ConfigId,
    /// Its name.
    pub config_name: String,
    /// The field that it concerns, of one or the other (`startup_script`).
    pub key: String,
    /// What it is and what to do.
    pub message: String,
}

/// One line of a provider's test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestCheck {
    /// What was looked at (`sshd is installed`).
    pub name: String,
    /// Whether it is as it should be.
    pub passed: bool,
    /// What was seen, and what to do if it is wrong.
    pub detail: String,
}
