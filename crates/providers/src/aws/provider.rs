//! The provider of the kind `aws`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use domain::clock::Clock;
use domain::connection::Address;
use domain::id::{DeploymentId, GenerationId, ServerId};
use domain::provider::TestCheck;
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::{MachineState, ProviderFacts};
use serde_json::Value;

use super::api::{Api, Endpoints, Instance};
use super::credentials::Credentials;
use super::error::{Fault, without_effect};
use super::password::PrivateKey;
use super::request::{self, DEPLOYMENT, GENERATION, PORT, SCRIPT_BYTES, SERVER};
use super::spec::{RootDevice, Spec};
use super::wire::Wire;
use super::{AddressKind, AwsConfig, check};
use crate::registry::Secrets;
use crate::{Console, CreateRequest, Listing, Machine, Provider, ProviderError};

/// Where the metadata service of every EC2 instance answers.
const METADATA: &str = "http://169.254.169.254";
/// The states in which an instance is there, or is on its way in or out.
const THERE: &[&str] = &["pending", "running", "stopping", "stopped", "shutting-down"];

/// Instances of one account in one region.
pub struct AwsProvider {
    pub(super) api: Api,
    pub(super) config: AwsConfig,
    pub(super) private_key: Option<Secret>,
    /// Images' system disks, which never change.
    root_devices: Mutex<BTreeMap<String, RootDevice>>,
}

impl AwsProvider {
    /// The provider of these settings.
    ///
    /// # Errors
    /// There can be no HTTP client on this machine.
    pub fn new(
        config: AwsConfig,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ProviderError> {
        Self::with_metadata(config, secrets, clock, METADATA)
    }

    /// The same, with the metadata service of Weir's own machine at this URL.
    ///
    /// # Errors
    /// As with [`Self::new`].
    pub fn with_metadata(
        config: AwsConfig,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
        metadata_url: &str,
    ) -> Result<Self, ProviderError> {
        let endpoints = Endpoints::of(&config.region, config.endpoint_url.as_deref());
        let api = Api {
            wire: Wire::new(clock)?,
            credentials: Credentials::new(&config, secrets, &endpoints.sts, metadata_url),
            region: config.region.clone(),
            endpoints,
        };
        Ok(Self {
            api,
            config,
            private_key: secrets.get("private_key").cloned(),
            root_devices: Mutex::default(),
        })
    }

    /// The system disk of an image. Asking has no effect, so an error is definite.
    pub(super) async fn root_device(&self, image_id: &str) -> Result<RootDevice, ProviderError> {
        let known = || {
            self.root_devices
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(root) = known().get(image_id).cloned() {
            return Ok(root);
        }
        let invalid = |text: &str| ProviderError::Invalid {
            field: "image_id".to_owned(),
            text: text.to_owned(),
        };
        let image = self.api.image(image_id).await.map_err(without_effect)?;
        let image = image
            .ok_or_else(|| invalid("there is no such image for this account in this region"))?;
        let name = image.root_device_name;
        if name.is_empty() {
            return Err(invalid(
                "the image does not say what its system disk is called",
            ));
        }
        let mut devices = image.block_device_mapping.items.into_iter();
        let device = devices.find(|device| device.device_name == name);
        let size = device.and_then(|device| device.ebs?.volume_size);
        let root = RootDevice { name, size };
        known().insert(image_id.to_owned(), root.clone());
        Ok(root)
    }

    /// The living instance of a server.
    async fn instance_of(
        &self,
        deployment: DeploymentId,
        server: ServerId,
    ) -> Result<Option<Instance>, Fault> {
        let filters: [(&str, &[&str]); 3] = [
            (&format!("tag:{DEPLOYMENT}"), &[&deployment.bare()]),
            (&format!("tag:{SERVER}"), &[&server.bare()]),
            ("instance-state-name", THERE),
        ];
        Ok(self.api.instances(&filters).await?.into_iter().next())
    }

    fn machine(&self, instance: Instance) -> Machine {
        let tag = |key: &str| instance.tag_set.items.iter().find(|tag| tag.key == key);
        let server = tag(SERVER).and_then(|tag| ServerId::from_bare(&tag.value).ok());
        let generation = tag(GENERATION).and_then(|tag| GenerationId::from_bare(&tag.value).ok());
        let port = tag(PORT).and_then(|tag| tag.value.parse().ok());
        let state = match instance.state.name.as_str() {
            "pending" => MachineState::Pending,
            "running" => MachineState::Up,
            _ => MachineState::Broken,
        };
        let host = match self.config.address {
            AddressKind::Private => instance.private_ip_address,
            AddressKind::Public => instance.ip_address,
        };
        let host = host.filter(|host| !host.is_empty() && state == MachineState::Up);
        let address = host.zip(port).map(|(host, port)| Address { host, port });
        Machine {
            id: MachineId(instance.id),
            server,
            generation,
            state,
            address,
            host_key: None,
        }
    }
}

#[async_trait::async_trait]
impl Provider for AwsProvider {
    fn facts(&self) -> ProviderFacts {
        ProviderFacts {
            list_lag_millis: self.config.list_lag_secs.saturating_mul(1000),
            // With several options a repeat may find room where the first call found none, and make a second machine while
            // lists do not show the first: then only lists tell what has become of a call.
            repeatable_create: Spec::of(&self.config).options.len() == 1,
            can_authorize: false,
            runs_script: true,
            script_limit_bytes: Some(SCRIPT_BYTES),
        }
    }

    fn machine_spec(&self) -> Value {
        // A spec is texts, numbers and lists: it can be written.
        serde_json::to_value(Spec::of(&self.config)).unwrap_or_default()
    }

    async fn create(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        let spec: Spec = serde_json::from_value(request.spec.clone()).map_err(|source| {
            ProviderError::Invalid {
                field: "spec".to_owned(),
                text: format!("what the machine is to be made of cannot be read: {source}"),
            }
        })?;
        if spec.region != self.config.region {
            let text = format!(
                "the call was meant for {}, which the settings do not name any more",
                spec.region
            );
            return Err(ProviderError::Unknown(text));
        }
        let tags = request.tags;
        if spec.options.len() > 1 {
            let found = self
                .instance_of(tags.deployment, tags.server)
                .await
                .map_err(without_effect)?;
            if let Some(instance) = found {
                return Ok(self.machine(instance));
            }
        }
        let root = self.root_device(&spec.image_id).await?;
        let mut refusal = None;
        for option in 0..spec.options.len() {
            match self
                .api
                .run_instance(request::create(request, &spec, option, &root))
                .await
            {
                Ok(instance) => return Ok(self.machine(instance)),
                Err(Fault::Refused(refused)) if refused.leaves_other_options() => {
                    let error = ProviderError::from(&refused);
                    // Want of room passes; the rest does not.
                    if !matches!(refusal, Some(ProviderError::Capacity(_))) {
                        refusal = Some(error);
                    }
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(refusal.unwrap_or_else(|| ProviderError::Invalid {
            field: "instance_types".to_owned(),
            text: "there is nothing to try".to_owned(),
        }))
    }

    async fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        match self
            .api
            .terminate(&machine.0)
            .await
            .map_err(ProviderError::from)
        {
            Err(ProviderError::NotFound(_)) => Ok(()),
            result => result,
        }
    }

    async fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        let started_at = self.api.wire.clock.now();
        let filters: [(&str, &[&str]); 2] = [
            (&format!("tag:{DEPLOYMENT}"), &[&deployment.bare()]),
            ("instance-state-name", THERE),
        ];
        let instances = self.api.instances(&filters).await?;
        Ok(Listing {
            started_at,
            machines: instances
                .into_iter()
                .map(|instance| self.machine(instance))
                .collect(),
        })
    }

    async fn authorize(&self, _machine: &MachineId, _keys: &[String]) -> Result<(), ProviderError> {
        Err(ProviderError::Unavailable(
            "EC2 changes no keys of a machine that is made".to_owned(),
        ))
    }

    async fn console(&self, machine: &MachineId) -> Result<Option<Console>, ProviderError> {
        let text: String = self
            .api
            .console_output(&machine.0)
            .await?
            .split_whitespace()
            .collect();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|source| {
                ProviderError::Unknown(format!("EC2's console output cannot be read: {source}"))
            })?;
        Ok(Some(Console::tail_of(bytes)))
    }

    async fn password(&self, machine: &MachineId) -> Result<Option<Secret>, ProviderError> {
        let Some(pem) = self
            .private_key
            .as_ref()
            .filter(|_| self.config.retrieve_password)
        else {
            return Ok(None);
        };
        let invalid = |text: &str| ProviderError::Invalid {
            field: "private_key".to_owned(),
            text: text.to_owned(),
        };
        let key = PrivateKey::read(pem).map_err(invalid)?;
        let data = self.api.password_data(&machine.0).await?;
        if data.trim().is_empty() {
            return Ok(None);
        }
        key.decrypt(&data).map(Some).ok_or_else(|| {
            invalid("it is not the private half of the key pair that the password is encrypted for")
        })
    }

    async fn test(&self) -> Vec<TestCheck> {
        check::all(self).await
    }
}
