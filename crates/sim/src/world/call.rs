//! Calls to providers: they set off after a tick, reach their cloud, and are answered, each in its own time.

use std::sync::Arc;

use control::reconciler::{self, Effect, Finished};
use domain::id::ProviderId;
use domain::timestamp::Timestamp;

use super::World;
use super::event::Event;
use crate::cloud::Ports;
use crate::faults;
use crate::invariants::{Invariant, Violation};

/// A call that takes longer ends without an answer.
const CALL_MILLIS: i64 = 60_000;

/// A call on its way.
pub(super) struct Flight {
    /// Of which start of Weir.
    life: u64,
    pub(super) effect: Effect,
    /// When its answer is there.
    answer_at: Timestamp,
    /// When Weir stops waiting for it.
    lost_at: Timestamp,
}

impl World {
    /// The calls of a tick set off, each with its own times.
    pub(super) fn take_off(&mut self, tick: reconciler::Tick) {
        self.tick_at = tick.next_at;
        for effect in tick.effects {
            let now = self.now();
            let is_slow = !self.is_calm && self.dice.percent(faults::CALL_SLOW);
            let is_late = !self.is_calm && self.dice.percent(faults::ANSWER_LATE);
            let reach = if is_slow {
                self.dice.millis(2_000, 58_000)
            } else {
                self.dice.millis(10, 900)
            };
            let answer = if is_late {
                self.dice.millis(10_000, 90_000)
            } else {
                self.dice.millis(5, 400)
            };
            if is_slow {
                self.fault("slow call", &format!("{} takes {reach} ms", effect.kind()));
            }
            let flight = Flight {
                life: self.life,
                effect,
                answer_at: now.plus_millis(reach + answer),
                lost_at: now.plus_millis(CALL_MILLIS),
            };
            self.push(now.plus_millis(reach), Event::Reach(Box::new(flight)));
        }
    }

    /// A call reaches its cloud and has its effect there; its answer is on its way.
    pub(super) async fn reach(&mut self, flight: Flight) {
        let Some(plane) = self.plane.clone().filter(|_| flight.life == self.life) else {
            return;
        };
        let Flight {
            life,
            effect,
            answer_at,
            lost_at,
        } = flight;
        let (kind, provider) = (effect.kind(), effect.provider());
        let what = self.call_in_words(&effect);
        let lost = effect.timed_out();
        let finished = effect.run(&plane, &Ports(Arc::clone(&self.clouds))).await;
        let word = finished.word();
        let (at, finished) = if answer_at > lost_at {
            self.fault("answer late", &what);
            (lost_at, lost)
        } else {
            (answer_at, finished)
        };
        if kind != "list" && kind != "probe" {
            self.note(&format!("{what}: {word}"));
        } else if word != "ok" && word != "closed" {
            self.note(&format!("{what} fails: {word}"));
        }
        let event = Event::Answer {
            life,
            list_of: (kind == "list" && finished.word() == "ok").then_some(provider),
            kind,
            finished: Box::new(finished),
        };
        self.push(at, event);
    }

    pub(super) fn call_in_words(&mut self, effect: &Effect) -> String {
        let provider = self.timeline.name("provider", effect.provider().uuid());
        match effect.server() {
            Some(server) => {
                let server = self.timeline.name("server", server.uuid());
                format!("call {} {server} at {provider}", effect.kind())
            }
            None => format!("call {} at {provider}", effect.kind()),
        }
    }

    pub(super) async fn answer(
        &mut self,
        life: u64,
        list_of: Option<ProviderId>,
        kind: &'static str,
        finished: Finished,
    ) {
        let Some(plane) = self.plane.clone().filter(|_| life == self.life) else {
            return;
        };
        if let Err(error) = reconciler::record(&plane, finished).await {
            let what = format!("the outcome of {kind} cannot be recorded: {error:?}");
            self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
        }
        if let Some(provider) = list_of {
            self.clouds.list_taken_in(provider);
        }
    }
}
