//! Two of Weir at once: one stands still, a second takes over, and the first goes on as if nothing had happened.
//!
//! What it writes then must change nothing: each write of the loop carries the epoch of its lease. What it would call is
//! left out here, since no lease can hold back a call: there the server's id is the fence.

use std::collections::BTreeMap;
use std::sync::Arc;

use control::ControlPlane;
use control::reconciler::{self, Finished};
use store::StoredSnapshot;

use super::World;
use super::event::Event;
use super::weir;
use crate::Result;
use crate::cloud::Ports;
use crate::invariants::{Invariant, Violation};

/// One that stands still, with the answers that have come for it meanwhile.
pub(super) struct Deposed {
    plane: ControlPlane,
    answers: Vec<Finished>,
    /// The life of its successor.
    successor: u64,
}

impl World {
    /// Weir stands still, is taken for dead, and another one takes over. Of its calls that were on their way, some reach
    /// their cloud.
    pub(super) async fn depose(&mut self) {
        let holds_lease = self.now() >= self.lease_free_at && self.deposed.is_none();
        let Some(plane) = self.plane.take_if(|_| holds_lease) else {
            return;
        };
        self.fault("Weir stands still", "another one takes over");
        let mut answers = Vec::new();
        let (events, others) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, event)| {
                matches!(event, Event::Reach(_) | Event::Answer { .. })
            });
        self.queue = others;
        for (_, event) in events {
            match event {
                Event::Answer { life, finished, .. } if life == self.life => {
                    answers.push(*finished);
                }
                Event::Reach(flight) if self.dice.percent(50) => {
                    let what = self.call_in_words(&flight.effect);
                    let ports = Ports(Arc::clone(&self.clouds));
                    answers.push(flight.effect.run(&plane, &ports).await);
                    self.note(&format!("{what} reaches the cloud all the same"));
                }
                _ => {}
            }
        }
        self.life += 1;
        self.deposed = Some(Deposed {
            plane,
            answers,
            successor: self.life,
        });
        let next = weir::plane(
            &self.clock,
            &self.entropy,
            &self.store,
            &self.clouds,
            self.deployment,
            self.life,
        );
        if let Err(error) = reconciler::take_over(&next).await {
            let what = format!("taking over: {error:?}");
            self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
        }
        self.begin(next);
        let millis = self.dice.millis(5_000, 60_000);
        self.after(millis, Event::Resume);
    }

    /// It goes on: it takes in the answers, and ticks once more. Then it sees what it has missed, and stops.
    pub(super) async fn resume(&mut self) -> Result<()> {
        let Some(deposed) = self.deposed.take() else {
            return Ok(());
        };
        let plane = deposed.plane;
        // Where its successor has fallen, nobody may have taken the lease.
        if deposed.successor != self.life || self.plane.is_none() {
            return Ok(());
        }
        self.note("the one that stood still goes on");
        let before = self.rows().await?;
        for answer in deposed.answers {
            // Refused, or about nothing that is written.
            let _ = reconciler::record(&plane, answer).await;
        }
        let _ = reconciler::tick(&plane).await;
        let after = self.rows().await?;
        if after != before {
            let what = difference(&before, &after);
            self.violated(Violation::new(
                self.now(),
                Invariant::StaleWritesNothing,
                what,
            ));
        }
        Ok(())
    }

    async fn rows(&self) -> Result<StoredSnapshot> {
        let rows = self.store.snapshot(None, self.now()).await;
        rows.map_err(|error| format!("the store cannot be read: {error:?}"))
    }
}

/// The first pool or provider config that has changed.
fn difference(before: &StoredSnapshot, after: &StoredSnapshot) -> String {
    let pools = before.pools.iter().zip(&after.pools);
    let pool = pools.filter(|(was, is)| was != is).map(|(was, _)| was.id);
    pool.map(|id| format!("{id} has changed"))
        .next()
        .unwrap_or_else(|| "a provider config has changed".to_owned())
}
