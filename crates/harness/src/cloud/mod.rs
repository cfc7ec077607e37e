//! The providers' counterparts: what machines there are, asked past Weir.

pub mod aws;
pub mod local;
pub mod lxd;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::dice::Dice;

/// A provider as the judge sees it.
#[async_trait::async_trait]
pub trait Cloud: Send + Sync {
    /// The provider config: its kind, its settings, its script and how many it may have.
    fn config(&self) -> Value;

    /// Where Weir has to listen so that machines reach it.
    fn meeting_point(&self) -> IpAddr {
        IpAddr::from([127, 0, 0, 1])
    }

    /// What Weir needs to be told beside to serve there.
    fn flags(&self) -> &'static [&'static str] {
        &[]
    }

    /// Machines that are there and cost money, by the server that they are of; the second is how often each is there.
    async fn machines(&self) -> Result<BTreeMap<String, usize>>;

    /// What went wrong at any moment so far, in sentences: a look at the end does not show it.
    fn complaints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a server that runs and whose machine is there really serves people.
    async fn serves(&self, server: &str) -> Result<bool> {
        let _ = server;
        Ok(true)
    }

    /// Whether Weir learns the host keys of machines.
    fn has_host_keys(&self) -> bool {
        false
    }

    /// Plays what machines do by themselves, once.
    async fn play(&self) {}

    /// Faults by chance, or none from now on.
    fn disturb(&self, dice: Option<&mut Dice>) {
        let _ = dice;
    }

    /// Arms a stop before or behind one of the provider's calls, if it can: then [`Cloud::is_stopped`] says when Weir waits
    /// there.
    fn arm(&self, dice: &mut Dice) -> bool {
        let _ = dice;
        false
    }

    /// Whether Weir stands at the side of a call that was armed.
    fn is_stopped(&self) -> bool {
        false
    }

    /// What has happened there, as figures with their names.
    fn figures(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}

/// How often machines are played.
const STEP: Duration = Duration::from_millis(20);

/// Plays what machines do by themselves until it is over.
pub async fn play(cloud: &dyn Cloud, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        cloud.play().await;
        tokio::time::sleep(STEP).await;
    }
}
