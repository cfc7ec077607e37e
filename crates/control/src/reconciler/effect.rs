//! Effects: the calls that a tick leaves to do, as values.

use std::fmt;
use std::sync::Arc;

use domain::connection::Address;
use domain::id::{ProviderId, ServerId};
use domain::server::MachineId;
use domain::snapshot::Hold;
use providers::{Console, CreateRequest, Listing, Machine, Provider, ProviderError};

/// Asks whether something listens at an address.
#[async_trait::async_trait]
pub trait Prober: Send + Sync {
    /// Whether a connection can be made.
    async fn answers(&self, address: &Address) -> bool;
}

/// One call to make. Whatever becomes of it goes to [`super::record`].
pub struct Effect {
    pub(super) provider_id: ProviderId,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) call: Call,
}

/// The calls there are.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Create {
        server: ServerId,
        request: Box<CreateRequest>,
        /// An earlier call for the same server may have had its effect.
        is_repeat: bool,
    },
    /// Reads what a machine has written, before it is deleted.
    Console {
        server: ServerId,
        machine: MachineId,
    },
    Delete {
        server: ServerId,
        machine: MachineId,
    },
    DeleteStranger {
        machine: MachineId,
    },
    List,
    Probe {
        server: ServerId,
        address: Address,
    },
    Authorize {
        server: ServerId,
        machine: MachineId,
        sequence: i64,
        keys: Vec<String>,
    },
}

/// A call with what became of it.
pub struct Finished {
    pub(super) provider_id: ProviderId,
    pub(super) call: Call,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Created(Result<Machine, ProviderError>),
    Read(Result<Option<Console>, ProviderError>),
    Deleted(Result<(), ProviderError>),
    Listed(Result<Listing, ProviderError>),
    Probed(bool),
    Authorized(Result<(), ProviderError>),
    /// The call was not made: since it was decided on, everything is held.
    Held,
}

impl Effect {
    /// The provider config that is called: calls to one never hold up calls to another.
    pub fn provider(&self) -> ProviderId {
        self.provider_id
    }

    /// The kind of call, for metrics and timelines.
    pub fn kind(&self) -> &'static str {
        match self.call {
            Call::Create { .. } => "create",
            Call::Console { .. } => "console",
            Call::Delete { .. } => "delete",
            Call::DeleteStranger { .. } => "delete_stranger",
            Call::List => "list",
            Call::Probe { .. } => "probe",
            Call::Authorize { .. } => "authorize",
        }
    }

    /// The server it concerns, if it concerns one.
    pub fn server(&self) -> Option<ServerId> {
        match &self.call {
            Call::Create { server, .. }
            | Call::Console { server, .. }
            | Call::Delete { server, .. }
            | Call::Probe { server, .. }
            | Call::Authorize { server, .. } => Some(*server),
            Call::DeleteStranger { .. } | Call::List => None,
        }
    }

    /// Makes the call; one that makes or deletes a machine, or changes who is let in to it, only if nothing holds that now. It may
    /// have waited for its turn.
    pub async fn run(self, plane: &crate::ControlPlane, prober: &dyn Prober) -> Finished {
        let Self {
            provider_id,
            provider,
            call,
        } = self;
        if is_held(plane, &call).await {
            return Finished {
                provider_id,
                call,
                outcome: Outcome::Held,
            };
        }
        let outcome = match &call {
            Call::Create { request, .. } => Outcome::Created(provider.create(request).await),
            Call::Console { machine, .. } => Outcome::Read(provider.console(machine).await),
            Call::Delete { machine, .. } | Call::DeleteStranger { machine } => {
                Outcome::Deleted(provider.delete(machine).await)
            }
            Call::List => Outcome::Listed(provider.list(plane.deployment()).await),
            Call::Probe { address, .. } => Outcome::Probed(prober.answers(address).await),
            Call::Authorize { machine, keys, .. } => {
                Outcome::Authorized(provider.authorize(machine, keys).await)
            }
        };
        Finished {
            provider_id,
            call,
            outcome,
        }
    }

    /// The end of a call that took too long or fell over: nobody knows whether it had its effect.
    pub fn timed_out(&self) -> Finished {
        let lost = || ProviderError::Unknown("no answer within the time-out".to_owned());
        let outcome = match &self.call {
            Call::Create { .. } => Outcome::Created(Err(lost())),
            Call::Console { .. } => Outcome::Read(Err(lost())),
            Call::Delete { .. } | Call::DeleteStranger { .. } => Outcome::Deleted(Err(lost())),
            Call::List => Outcome::Listed(Err(lost())),
            Call::Probe { .. } => Outcome::Probed(false),
            Call::Authorize { .. } => Outcome::Authorized(Err(lost())),
        };
        Finished {
            provider_id: self.provider_id,
            call: self.call.clone(),
            outcome,
        }
    }
}

/// Whether a call may not be made now; so too where the database does not say.
async fn is_held(plane: &crate::ControlPlane, call: &Call) -> bool {
    let is_change = match call {
        Call::Create { .. } | Call::Delete { .. } | Call::DeleteStranger { .. } => true,
        Call::Authorize { .. } => false,
        Call::Console { .. } | Call::List | Call::Probe { .. } => return false,
    };
    match plane.store().deployment_hold().await {
        Ok(Some(Hold::Observing)) => true,
        Ok(Some(Hold::Paused)) => is_change,
        Ok(None) => false,
        Err(error) => {
            tracing::warn!(%error, "a call is left for later: whether it may be made is not known");
            true
        }
    }
}

impl Finished {
    /// How it ended, for metrics and timelines: `ok`, or the kind of error.
    pub fn word(&self) -> &'static str {
        let error = match &self.outcome {
            Outcome::Created(result) => result.as_ref().err(),
            Outcome::Read(result) => result.as_ref().err(),
            Outcome::Deleted(result) | Outcome::Authorized(result) => result.as_ref().err(),
            Outcome::Listed(result) => result.as_ref().err(),
            Outcome::Probed(true) => None,
            Outcome::Probed(false) => return "closed",
            Outcome::Held => return "held",
        };
        match error {
            None => "ok",
            Some(ProviderError::Capacity(_)) => "capacity",
            Some(ProviderError::Quota(_)) => "quota",
            Some(ProviderError::Throttled { .. }) => "throttled",
            Some(ProviderError::Auth(_)) => "auth",
            Some(ProviderError::Invalid { .. }) => "invalid",
            Some(ProviderError::NotFound(_)) => "not_found",
            Some(ProviderError::Conflict(_)) => "conflict",
            Some(ProviderError::Unavailable(_)) => "unavailable",
            Some(ProviderError::Unknown(_)) => "unknown",
        }
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.provider_id)
    }
}
