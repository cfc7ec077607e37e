//! The provider of the kind `fake`.

use std::sync::Arc;

use domain::id::{DeploymentId, PoolId};
use domain::provider::TestCheck;
use domain::server::MachineId;
use domain::snapshot::ProviderFacts;

use super::{FakeCloud, FakeConfig};
use crate::{CreateRequest, Listing, Machine, Provider, ProviderError};

/// A provider config's view of a cloud in memory. Several may share one cloud.
pub struct FakeProvider {
    cloud: Arc<FakeCloud>,
    config: FakeConfig,
}

impl FakeProvider {
    /// Machines in `cloud` that behave as `config` says.
    pub const fn new(cloud: Arc<FakeCloud>, config: FakeConfig) -> Self {
        Self { cloud, config }
    }
}

#[async_trait::async_trait]
impl Provider for FakeProvider {
    fn facts(&self) -> ProviderFacts {
        ProviderFacts {
            list_lag_millis: self.config.list_lag_millis,
            repeatable_create: self.config.repeatable_create,
            can_authorize: true,
            runs_script: true,
            script_limit_bytes: Some(self.config.script_limit_bytes),
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        self.cloud.create(self.config, request)
    }

    async fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        self.cloud.delete(machine)
    }

    async fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        self.cloud.list(deployment)
    }

    async fn authorize(&self, machine: &MachineId, keys: &[String]) -> Result<(), ProviderError> {
        self.cloud.authorize(machine, keys)
    }

    async fn break_next(&self, pool: PoolId) -> Result<(), ProviderError> {
        self.cloud.break_next(pool);
        Ok(())
    }

    async fn breaks_next(&self, pool: PoolId) -> bool {
        self.cloud.breaks_next(pool)
    }

    async fn test(&self) -> Vec<TestCheck> {
        vec![TestCheck {
            name: "the cloud is in memory".to_owned(),
            passed: true,
            detail: "It needs nothing. Its machines are gone when Weir stops.".to_owned(),
        }]
    }
}
