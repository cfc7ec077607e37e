//! All kinds of provider, by their word: forms and settings for every side, and how the process gets at a provider.

use domain::error::FieldError;
use domain::form::{Draft, Form, SecretKeys};
use domain::provider::ProviderKind;

use crate::aws::{self, AwsConfig};
use crate::fake::{self, FakeConfig};
use crate::local::{self, LocalConfig};
use crate::lxd::{self, LxdConfig};

#[cfg(feature = "ssr")]
pub use open::{Context, Providers, Registry, Saved, Secrets};

/// The form with the kind's own fields.
pub fn form(kind: ProviderKind) -> &'static Form {
    match kind {
        ProviderKind::Aws => &aws::FORM,
        ProviderKind::Local => &local::FORM,
        ProviderKind::Fake => &fake::FORM,
        ProviderKind::Lxd => &lxd::FORM,
    }
}

/// The keys of the kind's own fields that say where its machines are.
pub fn place(kind: ProviderKind) -> &'static [&'static str] {
    match kind {
        ProviderKind::Aws => &["region", "endpoint_url", "role_arn"],
        ProviderKind::Lxd => &["address", "project"],
        ProviderKind::Local | ProviderKind::Fake => &[],
    }
}

/// The typed settings of a provider config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// Of the kind `aws`.
    Aws(Box<AwsConfig>),
    /// Of the kind `local`.
    Local(LocalConfig),
    /// Of the kind `fake`.
    Fake(FakeConfig),
    /// Of the kind `lxd`.
    Lxd(Box<LxdConfig>),
}

impl Settings {
    /// Reads the kind's own fields. The draft holds no secrets; `secrets` says which are set.
    pub fn parse(
        kind: ProviderKind,
        draft: &Draft,
        secrets: &SecretKeys,
    ) -> Result<Self, Vec<FieldError>> {
        match kind {
            ProviderKind::Aws => {
                AwsConfig::parse(draft, secrets).map(|config| Self::Aws(Box::new(config)))
            }
            ProviderKind::Local => LocalConfig::parse(draft).map(Self::Local),
            ProviderKind::Fake => FakeConfig::parse(draft).map(Self::Fake),
            ProviderKind::Lxd => LxdConfig::parse(draft, secrets)
                .map(Box::new)
                .map(Self::Lxd),
        }
    }

    /// The draft that [`Self::parse`] reads as these settings.
    pub fn draft(&self) -> Draft {
        match self {
            Self::Aws(config) => config.draft(),
            Self::Local(config) => config.draft(),
            Self::Fake(config) => config.draft(),
            Self::Lxd(config) => config.draft(),
        }
    }
}

#[cfg(feature = "ssr")]
mod open {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use domain::clock::Clock;
    use domain::form::Draft;
    use domain::id::{DeploymentId, ProviderId};
    use domain::provider::{Provider as ProviderConfig, ProviderKind};
    use domain::secret::Secret;
    use serde_json::{Map, Value};

    use super::Settings;
    use crate::aws::AwsProvider;
    use crate::fake::{FakeCloud, FakeProvider};
    use crate::local::LocalProvider;
    use crate::lxd::LxdProvider;
    use crate::{Provider, ProviderError};

    /// The secrets of a provider config, by the keys of its kind's form.
    pub type Secrets = BTreeMap<String, Secret>;

    /// A provider config, as far as it decides how its provider is opened.
    #[derive(Debug, Clone, Copy)]
    pub struct Saved<'a> {
        /// Its id.
        pub id: ProviderId,
        /// Counts up with every change, of a secret too.
        pub version: i64,
        /// Its kind.
        pub kind: ProviderKind,
        /// The kind's own fields.
        pub settings: &'a Map<String, Value>,
    }

    impl<'a> From<&'a ProviderConfig> for Saved<'a> {
        fn from(config: &'a ProviderConfig) -> Self {
            Self {
                id: config.id,
                version: config.version,
                kind: config.kind,
                settings: &config.settings,
            }
        }
    }

    /// Turns provider configs into providers.
    pub trait Providers: Send + Sync {
        /// The provider of this config, if it has been opened in this version: nobody need fetch its secrets again.
        fn opened(&self, id: ProviderId, version: i64) -> Option<Arc<dyn Provider>>;

        /// The provider of this config; the same one as long as its settings and secrets stay.
        ///
        /// # Errors
        /// [`ProviderError::Invalid`] for settings that the kind's form refuses or that this process does not allow.
        fn open(
            &self,
            config: Saved<'_>,
            secrets: &Secrets,
        ) -> Result<Arc<dyn Provider>, ProviderError>;

        /// A provider of settings that are not saved, to ask it something. Nothing is made with it.
        ///
        /// # Errors
        /// As with [`Self::open`].
        fn unsaved(
            &self,
            kind: ProviderKind,
            settings: &Map<String, Value>,
            secrets: &Secrets,
        ) -> Result<Arc<dyn Provider>, ProviderError>;
    }

    /// What providers need to know of the process.
    #[derive(Clone)]
    pub struct Context {
        /// The data folder; machines of the kind `local` live in `local/` below it.
        pub data: PathBuf,
        /// This installation.
        pub deployment: DeploymentId,
        /// The clock.
        pub clock: Arc<dyn Clock>,
        /// Whether the kind `local` may be used: people who sign in to it act as Weir's own account.
        pub allow_local: bool,
        /// Where the kind `local` looks for programs ([`LocalProvider::SEARCH_PATH`]).
        pub search_path: String,
    }

    /// The providers of this process.
    pub struct Registry {
        context: Context,
        state: Mutex<State>,
    }

    #[derive(Default)]
    struct State {
        open: BTreeMap<ProviderId, Open>,
        clouds: BTreeMap<ProviderId, Arc<FakeCloud>>,
    }

    struct Open {
        version: i64,
        settings: Settings,
        secrets: Secrets,
        provider: Arc<dyn Provider>,
    }

    impl Registry {
        /// Nothing is opened yet.
        pub fn new(context: Context) -> Self {
            Self {
                context,
                state: Mutex::default(),
            }
        }

        /// The cloud of a provider config of the kind `fake`. It outlives changes of the settings.
        pub fn cloud(&self, id: ProviderId) -> Arc<FakeCloud> {
            self.lock().cloud(id, &self.context.clock)
        }

        /// All fake clouds that are in use, by provider config.
        pub fn clouds(&self) -> Vec<(ProviderId, Arc<FakeCloud>)> {
            let state = self.lock();
            let clouds = state.clouds.iter();
            clouds.map(|(id, cloud)| (*id, Arc::clone(cloud))).collect()
        }

        fn lock(&self) -> MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl State {
        fn cloud(&mut self, id: ProviderId, clock: &Arc<dyn Clock>) -> Arc<FakeCloud> {
            let cloud = self
                .clouds
                .entry(id)
                .or_insert_with(|| Arc::new(FakeCloud::new(Arc::clone(clock))));
            Arc::clone(cloud)
        }
    }

    impl Providers for Registry {
        fn opened(&self, id: ProviderId, version: i64) -> Option<Arc<dyn Provider>> {
            let state = self.lock();
            let known = state.open.get(&id)?;
            (known.version == version).then(|| Arc::clone(&known.provider))
        }

        fn open(
            &self,
            config: Saved<'_>,
            secrets: &Secrets,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            let Saved { id, version, .. } = config;
            let settings = read(config.kind, config.settings, secrets)?;
            let mut state = self.lock();
            if let Some(known) = state.open.get_mut(&id)
                && known.settings == settings
                && known.secrets == *secrets
            {
                known.version = version;
                return Ok(Arc::clone(&known.provider));
            }
            let cloud = || state.cloud(id, &self.context.clock);
            // A folder for each provider config: one never sees, counts or deletes the machines of another.
            let provider = self.context.build(&id.bare(), &settings, secrets, cloud)?;
            let open = Open {
                version,
                settings,
                secrets: secrets.clone(),
                provider: Arc::clone(&provider),
            };
            state.open.insert(id, open);
            Ok(provider)
        }

        fn unsaved(
            &self,
            kind: ProviderKind,
            settings: &Map<String, Value>,
            secrets: &Secrets,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            let cloud = || Arc::new(FakeCloud::new(Arc::clone(&self.context.clock)));
            let settings = read(kind, settings, secrets)?;
            self.context.build("unsaved", &settings, secrets, cloud)
        }
    }

    impl Context {
        fn build(
            &self,
            folder: &str,
            settings: &Settings,
            secrets: &Secrets,
            cloud: impl FnOnce() -> Arc<FakeCloud>,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            Ok(match settings {
                Settings::Aws(config) => {
                    let clock = Arc::clone(&self.clock);
                    Arc::new(AwsProvider::new((**config).clone(), secrets, clock)?)
                }
                Settings::Local(_) if !self.allow_local => {
                    return Err(ProviderError::Invalid {
                        field: "kind".to_owned(),
                        text: "servers on this machine are offered only while Weir listens on this machine alone; start \
                               it with --allow-local-provider to have them anyway"
                            .to_owned(),
                    });
                }
                Settings::Local(config) => {
                    let site = self.data.join("local").join(self.deployment.bare());
                    Arc::new(LocalProvider::new(
                        site.join(folder),
                        self.search_path.clone(),
                        config.clone(),
                        Arc::clone(&self.clock),
                    ))
                }
                Settings::Fake(config) => Arc::new(FakeProvider::new(cloud(), *config)),
                Settings::Lxd(config) => {
                    let clock = Arc::clone(&self.clock);
                    Arc::new(LxdProvider::new((**config).clone(), secrets, clock)?)
                }
            })
        }
    }

    fn read(
        kind: ProviderKind,
        settings: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Settings, ProviderError> {
        let keys = secrets.keys().map(String::as_str).collect();
        Settings::parse(kind, &Draft::from(settings.clone()), &keys).map_err(refused)
    }

    fn refused(errors: Vec<domain::error::FieldError>) -> ProviderError {
        let first = errors.into_iter().next();
        let (field, text) = first.map_or_else(Default::default, |error| {
            (
                error.pointer.trim_start_matches('/').to_owned(),
                error.message,
            )
        });
        ProviderError::Invalid { field, text }
    }
}
