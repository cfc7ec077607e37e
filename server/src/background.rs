//! The loop's hands: ticks when woken or when something is due, makes the calls that a tick leaves to do, and records
//! what became of them. The only file below which nothing sleeps.

#![expect(
    clippy::disallowed_methods,
    reason = "here is where the process waits: for what is due, by the real clock"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use control::reconciler::{self, Effect, Finished, Prober};
use control::{ControlPlane, audit, checkin};
use domain::connection::Address;
use domain::id::ProviderId;
use providers::fake::FakeEvent;
use providers::registry::Registry;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::rest::error::chain;
use crate::state::stopped;
use crate::telemetry::Metrics;

/// The loop ticks at least this often, whatever has been missed.
const SAFETY_TICK: Duration = Duration::from_secs(15);
/// After a tick that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Calls to one provider config at once.
const AT_ONCE: usize = 10;
/// How long a probe of a port may take.
const PROBE: Duration = Duration::from_secs(2);
/// How long other calls may take.
const CALL: Duration = Duration::from_mins(1);
/// How long the console of a machine that is deleted next may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Old rows are removed this often.
const RETENTION: Duration = Duration::from_hours(1);
/// What was written to the audit log is linked to its chain this often.
const LINK: Duration = Duration::from_secs(1);
/// Calls under way at the end get this long.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// What the loop works with.
#[derive(Clone)]
pub struct Background {
    plane: ControlPlane,
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    bulkheads: Arc<Mutex<BTreeMap<ProviderId, Arc<Semaphore>>>>,
}

impl Background {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(plane: ControlPlane, registry: Arc<Registry>, metrics: Arc<Metrics>) -> Self {
        Self {
            plane,
            registry,
            metrics,
            bulkheads: Arc::default(),
        }
    }

    /// Runs until `stopping` becomes true; then waits a while for the calls under way and gives the lease back.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut calls = JoinSet::new();
        let mut retention_at = Instant::now();
        // Beside the ticks, which never wait for it.
        let linking = tokio::spawn(self.clone().link_all());
        while !*stopping.borrow() {
            let pause = self.tick(&mut calls).await;
            if Instant::now() >= retention_at {
                retention_at = Instant::now() + RETENTION;
                self.remove_old().await;
            }
            let until = Instant::now() + pause;
            self.wait(until, &mut calls, &mut stopping).await;
        }
        let all = async { while calls.join_next().await.is_some() {} };
        if timeout(LAST_CALLS, all).await.is_err() {
            tracing::warn!(
                "calls to providers are left under way; the next start finds out what became of them"
            );
            calls.abort_all();
        }
        linking.abort();
        self.link().await;
        if let Err(error) = reconciler::stop(&self.plane).await {
            tracing::warn!(error = %chain(&error), "giving the lease back failed");
        }
    }

    /// One tick; its calls begin. How long the loop may rest.
    async fn tick(&self, calls: &mut JoinSet<()>) -> Duration {
        let plane = self.plane.clone();
        // In a task of its own: a fault in a rule must not end the loop.
        let ticked = tokio::spawn(async move { reconciler::tick(&plane).await }).await;
        let tick = match ticked {
            Ok(Ok(tick)) => tick,
            Ok(Err(error)) => {
                tracing::error!(error = %chain(&error), "a tick failed");
                self.metrics.tick(false);
                return AFTER_FAILURE;
            }
            Err(error) => {
                tracing::error!(%error, "a tick fell over");
                self.metrics.tick(false);
                return AFTER_FAILURE;
            }
        };
        self.metrics.tick(tick.faults.is_empty());
        for effect in tick.effects {
            let background = self.clone();
            calls.spawn(async move { background.call(effect).await });
        }
        for error in &tick.faults {
            tracing::error!(error = %chain(error), "a part of a tick failed");
        }
        if !tick.faults.is_empty() {
            return AFTER_FAILURE;
        }
        let due = tick.next_at.map(|at| millis(at.since(self.plane.now())));
        let most = SAFETY_TICK.min(self.renewal());
        due.map_or(most, |due| due.min(most))
    }

    /// A tick renews the lease in its second half. Resting a quarter of it, one comes there however early the last one was.
    fn renewal(&self) -> Duration {
        millis(self.plane.settings().lease_millis / 4)
    }

    /// Rests until something is to be done, and lets the machines of fake clouds act meanwhile.
    async fn wait(
        &self,
        until: Instant,
        calls: &mut JoinSet<()>,
        stopping: &mut watch::Receiver<bool>,
    ) {
        loop {
            let clouds = self.clouds_due();
            tokio::select! {
                biased;
                () = stopped(stopping) => return,
                () = self.plane.woken() => return,
                () = sleep_until(until) => return,
                () = sleep(clouds.unwrap_or(SAFETY_TICK)), if clouds.is_some() => self.run_clouds().await,
                // Takes finished calls out of the set.
                Some(ended) = calls.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "recording a call fell over");
                    }
                }
            }
        }
    }

    /// Makes one call and records what became of it.
    async fn call(&self, effect: Effect) {
        let (provider, kind) = (effect.provider(), effect.kind());
        let bulkhead = Arc::clone(
            self.bulkheads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(provider)
                .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
        );
        // Never closed, so there always is a permit in the end.
        let _permit = bulkhead.acquire_owned().await;
        let allowed = match kind {
            "create" => Duration::from_secs(self.plane.settings().create_call_secs.into()),
            "console" => LAST_WORDS,
            _ => CALL,
        };
        let lost = effect.timed_out();
        let background = self.clone();
        let running = tokio::spawn(async move { effect.run(&background.plane, &background).await });
        let abort = running.abort_handle();
        let finished = match timeout(allowed, running).await {
            Ok(Ok(finished)) => finished,
            Ok(Err(error)) => {
                tracing::error!(%provider, kind, %error, "a call to a provider fell over");
                lost
            }
            Err(_) => {
                tracing::warn!(%provider, kind, seconds = allowed.as_secs(), "a call to a provider took too long");
                abort.abort();
                lost
            }
        };
        self.metrics.effect(kind, finished.word());
        self.record(kind, finished).await;
    }

    async fn record(&self, kind: &'static str, finished: Finished) {
        if let Err(error) = reconciler::record(&self.plane, finished).await {
            // The next tick finds the truth by looking.
            tracing::error!(kind, error = %chain(&error), "the outcome of a call could not be recorded");
        }
    }

    async fn remove_old(&self) {
        if let Err(error) = control::retention::run(&self.plane).await {
            tracing::warn!(error = %chain(&error), "removing old rows failed");
        }
    }

    /// Links the audit log as it grows.
    async fn link_all(self) {
        loop {
            if !self.link().await {
                sleep(LINK).await;
            }
        }
    }

    /// Links some entries; whether there may be more.
    async fn link(&self) -> bool {
        match audit::link(&self.plane).await {
            Ok(has_more) => has_more,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "linking the audit log failed");
                false
            }
        }
    }

    /// When the next machine of a fake cloud does something.
    fn clouds_due(&self) -> Option<Duration> {
        let next = self
            .registry
            .clouds()
            .iter()
            .filter_map(|(_, cloud)| cloud.next_due())
            .min()?;
        Some(millis(next.since(self.plane.now())))
    }

    /// The machines of fake clouds report, as real ones would over the network.
    async fn run_clouds(&self) {
        let now = self.plane.now();
        for (provider, cloud) in self.registry.clouds() {
            for event in cloud.due(now) {
                let FakeEvent::CheckIn { token, report, .. } = event;
                if let Err(error) = checkin::record(&self.plane, token.expose(), report).await {
                    tracing::debug!(%provider, error = %chain(&error), "a fake machine's report was refused");
                }
            }
        }
    }
}

#[async_trait::async_trait]
impl Prober for Background {
    async fn answers(&self, address: &Address) -> bool {
        // Machines of fake clouds have no network.
        if self
            .registry
            .clouds()
            .iter()
            .any(|(_, cloud)| cloud.probe(address))
        {
            return true;
        }
        let target = (address.host.as_str(), address.port);
        timeout(PROBE, TcpStream::connect(target))
            .await
            .is_ok_and(|connected| connected.is_ok())
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
