//! Weir: its loop, woken and by its timer, and its falls.

use std::collections::BTreeMap;
use std::sync::Arc;

use control::checkin_token::CheckinTokens;
use control::reconciler;
use control::{ControlPlane, Parts, Settings};
use domain::id::{DeploymentId, ProviderId};
use domain::snapshot::LoopSettings;
use domain::timestamp::Timestamp;
use store::Store;

use super::event::Event;
use super::{Done, LEASE, Rows, World};
use crate::chance::{HandClock, SeededEntropy};
use crate::cloud::{Clouds, Ports, Watched};
use crate::faults;
use crate::invariants::{Invariant, Violation};
use crate::workload::{Act, perform};

/// Weir, started once more over the same database.
pub(super) fn plane(
    clock: &Arc<HandClock>,
    entropy: &Arc<SeededEntropy>,
    store: &Store,
    clouds: &Arc<Clouds>,
    deployment: DeploymentId,
    life: u64,
) -> ControlPlane {
    ControlPlane::new(Parts {
        store: store.clone(),
        deployment,
        clock: clock.clone(),
        entropy: entropy.clone(),
        providers: Arc::new(Watched(Arc::clone(clouds))),
        tokens: CheckinTokens::new(&[7; 32], deployment),
        settings: settings(),
        holder: format!("weir-{life}"),
    })
}

/// Slower lists than usual, since each costs a tick; a shorter session, so that some end by themselves.
fn settings() -> Settings {
    Settings {
        reconciler: LoopSettings {
            list_interval_secs: 1800,
            list_hurry_millis: 20_000,
            ..LoopSettings::default()
        },
        session_secs: 2 * 3600,
        lease_millis: LEASE,
        ..Settings::default()
    }
}

impl World {
    /// A pass of the loop, sometimes with somebody acting in its midst, sometimes with a fall.
    pub(super) async fn tick(&mut self) -> Done {
        let chance = if self.is_woken {
            faults::MET_WHEN_WOKEN
        } else {
            faults::MET_AT_TIMER
        };
        if self.dice.percent(chance)
            && let Some(act) = self.companion()
        {
            return self.tick_with(Some(act)).await;
        }
        self.tick_with(None).await
    }

    pub(super) async fn tick_with(&mut self, companion: Option<Act>) -> Done {
        self.tick_at = None;
        self.is_woken = false;
        let mut done = Done {
            is_tick: true,
            ..Done::default()
        };
        let Some(plane) = self.plane.clone() else {
            return done;
        };
        self.totals.ticks += 1;
        let steps = self.dice.below(9);
        let (store, clouds) = (self.store.clone(), Arc::clone(&self.clouds));
        if !self.is_calm && self.dice.per_mille(faults::FALLS_IN_TICK) {
            let ended = tokio::select! {
                biased;
                ticked = reconciler::tick(&plane) => Some(ticked),
                () = pause(&store, steps) => None,
            };
            if let Some(Ok(tick)) = ended {
                self.take_off(tick);
            } else {
                drop(plane);
                self.fall().await;
                return Done {
                    rows: Rows::Changed,
                    ..Done::default()
                };
            }
        } else {
            // In this order each time: turns that change with each poll would change with how soon the database answers.
            // Either may begin first: what is decided on and what is written then lie on both sides of the other's writes.
            let head_start = companion.as_ref().map_or(0, |_| self.dice.below(13));
            let ticks = async {
                pause(&store, head_start).await;
                reconciler::tick(&plane).await
            };
            let (ticked, acted) = tokio::join!(biased; ticks, async {
                let act = companion?;
                pause(&store, steps).await;
                let result = perform(&plane, act.clone()).await;
                let limited = match act {
                    Act::Maximum(provider, _) => used(&store, &clouds, plane.now(), provider).await,
                    _ => None,
                };
                Some((act, result, limited))
            });
            match ticked {
                Ok(tick) => {
                    let makes_calls = tick.effects.iter().any(|effect| effect.server().is_some());
                    self.take_off(tick);
                    if makes_calls && !self.is_calm && self.dice.per_mille(faults::STANDS_STILL) {
                        self.depose().await;
                        // What the tick has left for the next is the other's now.
                        done.is_tick = false;
                        done.rows = Rows::Changed;
                    }
                }
                Err(error) => self.violated(Violation::new(
                    self.now(),
                    Invariant::LoopGoesOn,
                    format!("a tick failed: {error:?}"),
                )),
            }
            if let Some((act, result, limited)) = acted {
                self.acted(&act, result, &mut done);
                done.limited = limited;
            }
        }
        done
    }

    /// A wake is heeded soon.
    pub(super) async fn heed_wakes(&mut self) -> bool {
        let Some(plane) = self.plane.clone() else {
            return false;
        };
        let is_woken = tokio::select! {
            biased;
            () = plane.woken() => true,
            () = std::future::ready(()) => false,
        };
        if is_woken {
            let soon = self.now().plus_millis(self.dice.millis(1, 2_500));
            self.is_woken = true;
            self.tick_at = Some(self.tick_at.map_or(soon, |at| at.min(soon)));
        }
        is_woken
    }

    /// Weir falls: what it has in memory is gone. Of the calls that were on their way, some reach their cloud.
    pub(super) async fn fall(&mut self) {
        let Some(plane) = self.plane.take() else {
            return;
        };
        self.totals.crashes += 1;
        self.fault("Weir falls", "");
        let (flights, others) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, event)| matches!(event, Event::Reach(_)));
        self.queue = others;
        for (_, event) in flights {
            let Event::Reach(flight) = event else {
                continue;
            };
            if self.dice.percent(50) {
                let what = self.call_in_words(&flight.effect);
                flight
                    .effect
                    .run(&plane, &Ports(Arc::clone(&self.clouds)))
                    .await;
                self.note(&format!("{what} reaches the cloud as Weir falls"));
            }
        }
        self.life += 1;
        let millis = self.dice.millis(500, 120_000);
        self.after(millis, Event::Rise);
    }

    pub(super) async fn rise(&mut self) {
        let plane = plane(
            &self.clock,
            &self.entropy,
            &self.store,
            &self.clouds,
            self.deployment,
            self.life,
        );
        self.note("Weir comes back");
        // Half the time it knows that its forerunner is dead; else it waits for the lease's end.
        if self.dice.percent(50) {
            if let Err(error) = reconciler::take_over(&plane).await {
                let what = format!("taking over: {error:?}");
                self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
            }
        } else {
            self.lease_free_at = self.now().plus_millis(LEASE + LEASE / 5);
        }
        self.begin(plane);
    }

    /// From now on this one is Weir.
    pub(super) fn begin(&mut self, plane: ControlPlane) {
        self.plane = Some(plane);
        self.risen_at = self.now();
        self.tick_at = Some(self.now());
    }
}

/// How many machines or rows a provider has now.
async fn used(
    store: &Store,
    clouds: &Clouds,
    now: Timestamp,
    provider: ProviderId,
) -> Option<(ProviderId, u32)> {
    let stored = store.snapshot(None, now).await.ok()?;
    let known = stored.providers.iter().find(|one| one.id == provider)?;
    let machines = clouds.alive().get(&provider).map_or(0, Vec::len);
    let machines = u32::try_from(machines).unwrap_or(u32::MAX);
    Some((provider, known.existing.max(machines)))
}

/// Lets others go first, for this many statements.
async fn pause(store: &Store, statements: u32) {
    for _ in 0..statements {
        // A database that does not answer is seen by whoever asks it next.
        let _ = store.ping().await;
    }
}
