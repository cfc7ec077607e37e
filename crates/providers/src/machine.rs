//! What goes to a provider and comes back.

use domain::connection::Address;
use domain::id::{ConfigId, DeploymentId, GenerationId, PoolId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;

/// What every machine carries from its create call on, so that a list alone tells whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags {
    /// The installation that made it.
    pub deployment: DeploymentId,
    /// The installation's life in which it was made. None in a call that was written down by a version before there were any: it
    /// is repeated as it was.
    pub generation: Option<GenerationId>,
    /// Its pool.
    pub pool: PoolId,
    /// Its autoscale config.
    pub config: ConfigId,
    /// Its server: the fence against doubles, as one server has one machine.
    pub server: ServerId,
}

/// One create call. It is stored sealed before the call and repeated byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest {
    /// Deterministic name of the machine, a valid host name label.
    pub name: String,
    /// All tags.
    pub tags: Tags,
    /// The rendered start-up script.
    pub script: Secret,
    /// The port people connect to, where the provider does not choose one.
    pub connection_port: u16,
    /// What [`crate::Provider::machine_spec`] gave when the intent was written.
    pub spec: serde_json::Value,
}

/// A machine as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The provider's own id.
    pub id: MachineId,
    /// Our server in its tags; none if the tag cannot be read.
    pub server: Option<ServerId>,
    /// Our generation in its tags; none if there is none or it cannot be read.
    pub generation: Option<GenerationId>,
    /// Its state.
    pub state: MachineState,
    /// Where it listens, once it is up.
    pub address: Option<Address>,
    /// Its public SSH host key (`ssh-ed25519 AAAA…`), where the provider knows it.
    pub host_key: Option<String>,
}

/// What a machine has written on its console.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Console {
    /// The newest part of it, at most [`Console::MAX_BYTES`].
    pub bytes: Vec<u8>,
    /// Whether more was written before.
    pub is_cut: bool,
}

impl Console {
    /// As much as people read.
    pub const MAX_BYTES: u64 = 64 * 1024;

    /// The newest part of what there is.
    pub fn tail_of(mut bytes: Vec<u8>) -> Self {
        let most = usize::try_from(Self::MAX_BYTES).unwrap_or(usize::MAX);
        let cut = bytes.len().saturating_sub(most);
        bytes.drain(..cut);
        Self {
            bytes,
            is_cut: cut > 0,
        }
    }
}

/// A complete list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// When the call began.
    pub started_at: Timestamp,
    /// All machines of the deployment.
    pub machines: Vec<Machine>,
}
