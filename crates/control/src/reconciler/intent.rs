//! Intents: the whole create call of one server, made once, sealed, and never made again.

use std::sync::Arc;

use domain::autoscale::AutoscaleConfig;
use domain::id::{ConfigId, GenerationId, PoolId, ServerId};
use domain::provider::Provider;
use domain::secret::Secret;
use domain::session::Revealed;
use domain::timestamp::Timestamp;
use domain::zone::Zone;
use providers::{CreateRequest, Tags};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::NewServer;

use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::provider::open;
use crate::session::Access;
use crate::{autoscale, script};

/// All that goes into the servers of one config.
pub(super) struct Recipe {
    version: i64,
    config: AutoscaleConfig,
    zone: Zone,
    pub(super) provider: Provider,
    pub(super) open: Arc<dyn providers::Provider>,
    access: Access,
}

impl Recipe {
    /// None where the config has gone since the snapshot.
    pub(super) async fn fetch(plane: &ControlPlane, id: ConfigId) -> Result<Option<Self>> {
        let Some(row) = plane.store().config(id).await? else {
            return Ok(None);
        };
        let config = autoscale::read(&row)?;
        let (zone, provider) = autoscale::references(plane, &config).await?;
        let open = open(plane, (&provider).into()).await?;
        let owner = id.to_string();
        let secret = async |key: &str| -> Result<Option<String>> {
            let secret = plane.store().secret_open(&owner, key).await?;
            Ok(secret.map(|secret| secret.expose().to_owned()))
        };
        let shared = Revealed {
            username: open
                .fixed_account()
                .or_else(|| config.connection.access.username().map(ToOwned::to_owned)),
            password: secret("connection_password").await?,
            private_key: secret("connection_private_key").await?,
            private_key_passphrase: secret("connection_private_key_passphrase").await?,
            connection_info: config.connection.info.clone(),
        };
        Ok(Some(Self {
            version: row.version,
            access: Access {
                shared,
                sso_domain: config.connection.access.sso_domain().cloned(),
            },
            config,
            zone,
            provider,
            open,
        }))
    }

    fn credentials(&self) -> Result<Credentials> {
        Ok(Credentials {
            connection: self.access.sealed()?,
            username: self.access.shared.username.clone(),
            personal_keys: self.config.connection.access.uses_user_key()
                && self.open.facts().can_authorize,
        })
    }

    /// The intent of one server, with the script as it will be sent, and the call itself.
    pub(super) fn intent(
        &self,
        plane: &ControlPlane,
        (config, generation): (ConfigId, GenerationId),
        id: ServerId,
        now: Timestamp,
    ) -> Result<(NewServer, CreateRequest)> {
        let name = autoscale::server_name(id);
        let facts = self.open.facts();
        // One safety tick more than the server has: a report at the last moment is still heard.
        let expires_at = now.plus_secs(self.config.provision_timeout_secs + 15);
        let token = plane
            .inner()
            .parts
            .tokens
            .sign(id, now, expires_at)
            .map_err(|error| Error::Fault(format!("signing a check-in token failed: {error}")))?;
        let password = self.access.shared.password.as_deref().map(Secret::new);
        let values = script::values(
            &self.config,
            &self.zone,
            id,
            &name,
            password.as_ref(),
            &token,
        );
        let script = script::render(&self.provider.startup_script, &values, &facts)?;
        let port = self.config.connection.port.get();
        let tags = Tags {
            deployment: plane.deployment(),
            generation: Some(generation),
            pool: self.config.pool,
            config,
            server: id,
        };
        let request = CreateRequest {
            name: name.clone(),
            tags,
            script,
            connection_port: port,
            spec: self.open.machine_spec(),
        };
        let people = self.credentials()?;
        let intent = NewServer {
            id,
            name,
            pool: self.config.pool,
            zone: self.config.zone,
            config,
            provider: self.provider.id,
            config_version: self.version,
            protocol: self.config.connection.access.protocol(),
            port,
            request: StoredRequest::write(&request)?,
            connection: people.connection,
            username: people.username,
            personal_keys: people.personal_keys,
            created_at: now,
        };
        Ok((intent, request))
    }
}

/// What people sign in with on the servers that a config would make now.
pub(crate) struct Credentials {
    /// What opens their account, as a row keeps it.
    pub(crate) connection: Secret,
    /// The account people use.
    pub(crate) username: Option<String>,
    /// The keys of people's profiles are put on them.
    pub(crate) personal_keys: bool,
}

impl Credentials {
    /// None where the config has gone.
    pub(crate) async fn fetch(plane: &ControlPlane, config: ConfigId) -> Result<Option<Self>> {
        let recipe = Recipe::fetch(plane, config).await?;
        recipe.map(|recipe| recipe.credentials()).transpose()
    }
}

/// A create call as it is stored before it is made.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredRequest {
    name: String,
    deployment: domain::id::DeploymentId,
    /// Absent in those of the versions before there were any.
    #[serde(default)]
    generation: Option<GenerationId>,
    pool: PoolId,
    config: ConfigId,
    server: ServerId,
    script: String,
    connection_port: u16,
    /// Absent in those of the versions before there was one.
    #[serde(default)]
    spec: Value,
}

impl StoredRequest {
    fn write(request: &CreateRequest) -> Result<Secret> {
        let stored = Self {
            name: request.name.clone(),
            deployment: request.tags.deployment,
            generation: request.tags.generation,
            pool: request.tags.pool,
            config: request.tags.config,
            server: request.tags.server,
            script: request.script.expose().to_owned(),
            connection_port: request.connection_port,
            spec: request.spec.clone(),
        };
        serde_json::to_string(&stored)
            .map(Secret::new)
            .map_err(|error| Error::Fault(error.to_string()))
    }

    pub(super) fn read(text: &Secret) -> Result<CreateRequest> {
        let stored: Self = serde_json::from_str(text.expose())
            .map_err(|_| Error::Fault("a stored create call cannot be read".to_owned()))?;
        let tags = Tags {
            deployment: stored.deployment,
            generation: stored.generation,
            pool: stored.pool,
            config: stored.config,
            server: stored.server,
        };
        let script = Secret::new(stored.script);
        Ok(CreateRequest {
            name: stored.name,
            tags,
            script,
            connection_port: stored.connection_port,
            spec: stored.spec,
        })
    }
}
