//! What every handler works with.

use std::ops::Deref;
use std::sync::Arc;

use control::ControlPlane;
use domain::secret::Secret;
use tokio::sync::watch;

use crate::assets::Site;
use crate::auth::guessing::Guessing;
use crate::telemetry::Metrics;

/// How the faces are reached.
#[derive(Debug, Clone)]
pub struct Web {
    /// Scheme, host and port at which browsers reach Weir (`https://weir.example.com`): what `Origin` has to say.
    pub origin: String,
    /// Whether browsers come by https.
    pub https: bool,
    /// Whether a proxy in front ends TLS and names the client in `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// What opens `/metrics`; none: it is closed.
    pub metrics_token: Option<Secret>,
}

/// The parts of [`AppState`].
pub struct Parts {
    /// The use cases.
    pub plane: ControlPlane,
    /// How the faces are reached.
    pub web: Web,
    /// The web bundle.
    pub site: &'static Site,
    /// Refused sign-ins of late.
    pub guessing: Guessing,
    /// Figures for operators.
    pub metrics: Arc<Metrics>,
    /// Becomes true when the process is told to end.
    pub stopping: watch::Receiver<bool>,
    /// Different for each start: ids of live events are good within one run only.
    pub run: String,
    /// Makes what is kept of requests with an idempotency key useless without the key file.
    pub fingerprint_key: [u8; 32],
}

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

impl AppState {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Returns once the process is told to end.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Without a sender there is nobody left to serve either.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
