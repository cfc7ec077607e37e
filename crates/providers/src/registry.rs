//! All kinds of provider, by their word: forms and settings for every side, and how the process gets at a provider.

use domain::error::FieldError;
use domain::form::{Draft, Form};
use domain::provider::ProviderKind;

use crate::fake::{self, FakeConfig};
use crate::local::{self, LocalConfig};

#[cfg(feature = "ssr")]
pub use open::{Context, Providers, Registry};

/// The form with the kind's own fields.
pub fn form(kind: ProviderKind) -> &'static Form {
    match kind {
        ProviderKind::Local => &local::FORM,
        ProviderKind::Fake => &fake::FORM,
    }
}

/// The typed settings of a provider config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// Of the kind `local`.
    Local(LocalConfig),
    /// Of the kind `fake`.
    Fake(FakeConfig),
}

impl Settings {
    /// Reads the kind's own fields.
    pub fn parse(kind: ProviderKind, draft: &Draft) -> Result<Self, Vec<FieldError>> {
        match kind {
            ProviderKind::Local => LocalConfig::parse(draft).map(Self::Local),
            ProviderKind::Fake => FakeConfig::parse(draft).map(Self::Fake),
        }
    }

    /// The draft that [`Self::parse`] reads as these settings.
    pub fn draft(&self) -> Draft {
        match self {
            Self::Local(config) => config.draft(),
            Self::Fake(config) => config.draft(),
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
    use domain::provider::ProviderKind;
    use serde_json::{Map, Value};

    use super::Settings;
    use crate::fake::{FakeCloud, FakeProvider};
    use crate::local::LocalProvider;
    use crate::{Provider, ProviderError};

    /// Turns provider configs into providers.
    pub trait Providers: Send + Sync {
        /// The provider of this config; the same one as long as its settings stay.
        ///
        /// # Errors
        /// [`ProviderError::Invalid`] for settings that the kind's form refuses or that this process does not allow.
        fn open(
            &self,
            id: ProviderId,
            kind: ProviderKind,
            settings: &Map<String, Value>,
        ) -> Result<Arc<dyn Provider>, ProviderError>;

        /// A provider of settings that are not saved, to ask it something. Nothing is made with it.
        ///
        /// # Errors
        /// As with [`Self::open`].
        fn unsaved(
            &self,
            kind: ProviderKind,
            settings: &Map<String, Value>,
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
        open: BTreeMap<ProviderId, (Settings, Arc<dyn Provider>)>,
        clouds: BTreeMap<ProviderId, Arc<FakeCloud>>,
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
        fn open(
            &self,
            id: ProviderId,
            kind: ProviderKind,
            settings: &Map<String, Value>,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            let settings = read(kind, settings)?;
            let mut state = self.lock();
            if let Some((known, provider)) = state.open.get(&id)
                && *known == settings
            {
                return Ok(Arc::clone(provider));
            }
            let cloud = || state.cloud(id, &self.context.clock);
            // A folder for each provider config: one never sees, counts or deletes the machines of another.
            let provider = self.context.build(&id.bare(), &settings, cloud)?;
            state.open.insert(id, (settings, Arc::clone(&provider)));
            Ok(provider)
        }

        fn unsaved(
            &self,
            kind: ProviderKind,
            settings: &Map<String, Value>,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            let cloud = || Arc::new(FakeCloud::new(Arc::clone(&self.context.clock)));
            self.context.build("unsaved", &read(kind, settings)?, cloud)
        }
    }

    impl Context {
        fn build(
            &self,
            folder: &str,
            settings: &Settings,
            cloud: impl FnOnce() -> Arc<FakeCloud>,
        ) -> Result<Arc<dyn Provider>, ProviderError> {
            Ok(match settings {
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
            })
        }
    }

    fn read(kind: ProviderKind, settings: &Map<String, Value>) -> Result<Settings, ProviderError> {
        Settings::parse(kind, &Draft::from(settings.clone())).map_err(refused)
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
