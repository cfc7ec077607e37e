//! Sources of machines behind one small trait, one folder a kind.
//!
//! Without the feature `ssr` only the forms and typed configs are built, so that the browser can use them too.

pub mod aws;
mod config_override;
pub mod fake;
pub mod local;
pub mod lxd;
pub mod registry;

#[cfg(feature = "ssr")]
pub mod contract;
#[cfg(feature = "ssr")]
mod error;
#[cfg(feature = "ssr")]
mod machine;

#[cfg(feature = "ssr")]
pub use error::ProviderError;
#[cfg(feature = "ssr")]
pub use machine::{Console, CreateRequest, Listing, Machine, Tags};
pub use registry::form;
#[cfg(feature = "ssr")]
pub use registry::{Providers, Saved, Secrets};

/// A configured source of machines. Every method may be called again after a crash or a lost answer.
///
/// Nothing here sleeps or retries: the loop decides when a call is repeated (`docs/architecture.md`).
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// What this kind of provider can do.
    fn facts(&self) -> domain::snapshot::ProviderFacts;

    /// The account that people sign in to, where the provider and not the autoscale config fixes it.
    fn fixed_account(&self) -> Option<String> {
        None
    }

    /// All of the settings that goes into a create call, and nothing that opens an account. It is stored with the intent and
    /// comes back in [`CreateRequest::spec`], so that a repeated call is the first one whatever has been edited meanwhile.
    fn machine_spec(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Makes one machine with all its tags in this one call. Does not wait until it has booted.
    ///
    /// # Errors
    /// Any error but [`ProviderError::Unknown`] is definite: no machine was made. `Unknown` means that there may be one.
    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError>;

    /// Asks for a machine to be deleted. A machine that is not there (any more) is a success.
    async fn delete(&self, machine: &domain::server::MachineId) -> Result<(), ProviderError>;

    /// All machines that carry `deployment` in their tags, of every state, complete or an error: never a part.
    async fn list(&self, deployment: domain::id::DeploymentId) -> Result<Listing, ProviderError>;

    /// Makes `keys` (public keys, one line each) the whole set of keys that open the machine's account.
    /// Only called where [`domain::snapshot::ProviderFacts::can_authorize`] is set.
    async fn authorize(
        &self,
        machine: &domain::server::MachineId,
        keys: &[String],
    ) -> Result<(), ProviderError>;

    /// What a machine has written on its console so far; none where this kind of provider cannot read it.
    ///
    /// # Errors
    /// There is no such machine, or its console cannot be read now.
    async fn console(
        &self,
        _machine: &domain::server::MachineId,
    ) -> Result<Option<Console>, ProviderError> {
        Ok(None)
    }

    /// The password of the machine's administrator, where the machine makes one up and this kind of provider can read it; none
    /// as long as there is none yet.
    ///
    /// # Errors
    /// It is there and cannot be read, or the provider does not say.
    async fn password(
        &self,
        _machine: &domain::server::MachineId,
    ) -> Result<Option<domain::secret::Secret>, ProviderError> {
        Ok(None)
    }

    /// What can be chosen now in the fields of its kind's form that are marked as offered, by their keys; no side effects.
    ///
    /// # Errors
    /// The provider does not say.
    async fn choices(&self) -> Result<domain::provider::ProviderChoices, ProviderError> {
        Ok(domain::provider::ProviderChoices::new())
    }

    /// Has the start-up script of the next machine of `pool` fail, once, so that people see what a failure looks like. Machines
    /// of other pools are not touched. Kinds of provider that are not for trying things out leave this as it is.
    ///
    /// # Errors
    /// The kind cannot do this, or the wish cannot be kept.
    async fn break_next(&self, _pool: domain::id::PoolId) -> Result<(), ProviderError> {
        Err(ProviderError::Unavailable(
            "its machines are not for trying things out".to_owned(),
        ))
    }

    /// Whether such a machine is still to be made.
    async fn breaks_next(&self, _pool: domain::id::PoolId) -> bool {
        false
    }

    /// Whether the provider can be used as configured, in sentences for an admin; no side effects.
    async fn test(&self) -> Vec<domain::provider::TestCheck>;
}
