//! Machines: what they report, and what befalls them.

use control::checkin;
use domain::checkin::CheckinReport;
use domain::id::{ConfigId, DeploymentId, GenerationId, PoolId, ProviderId, ServerId};
use domain::secret::Secret;
use providers::fake::FakeEvent;
use providers::{CreateRequest, Tags};
use serde_json::Value;

use super::event::Event;
use super::{MINUTE, World};
use crate::faults;
use crate::invariants::{Invariant, Violation};

impl World {
    /// Machines have something to say; it may be lost, late or said twice.
    pub(super) fn machines_report(&mut self) {
        for (_, cloud) in self.clouds.clouds() {
            for FakeEvent::CheckIn {
                server,
                token,
                report,
                ..
            } in cloud.due(self.now())
            {
                let name = self.timeline.name("server", server.uuid());
                let roll = if self.is_calm {
                    100
                } else {
                    self.dice.below(100)
                };
                let lost = faults::CHECKIN_LOST;
                let late = lost + faults::CHECKIN_LATE;
                let twice = late + faults::CHECKIN_TWICE;
                let mut delays = vec![self.dice.millis(1, 50)];
                if roll < lost {
                    self.fault("check-in lost", &name);
                    delays.clear();
                } else if roll < late {
                    self.fault("check-in late", &name);
                    delays = vec![self.dice.millis(5_000, 1_200_000)];
                } else if roll < twice {
                    self.fault("check-in twice", &name);
                    // A call that is repeated; or the machine starts anew, and its script with it.
                    let latest = if self.dice.percent(50) {
                        90_000
                    } else {
                        12_000_000
                    };
                    delays.push(self.dice.millis(1, latest));
                }
                for millis in delays {
                    let event = Event::CheckIn {
                        token: token.clone(),
                        report: report.clone(),
                        tries: 0,
                    };
                    self.after(millis, event);
                }
            }
        }
    }

    pub(super) async fn check_in(&mut self, token: Secret, report: CheckinReport, tries: u32) {
        let Some(plane) = self.plane.clone() else {
            // Scripts try again for a while.
            if tries < 10 {
                let event = Event::CheckIn {
                    token,
                    report,
                    tries: tries + 1,
                };
                self.after(15_000, event);
            }
            return;
        };
        if let Err(error) = checkin::record(&plane, token.expose(), report).await
            && error.is_fault()
        {
            let what = format!("a check-in: {error:?}");
            self.violated(Violation::new(self.now(), Invariant::LoopGoesOn, what));
        }
    }

    /// Another Weir makes a machine: that of another deployment, a copy of this one that went its own way, or this one before there
    /// were generations.
    pub(super) fn neighbour(&mut self) {
        let Some(provider) = self.dice.pick(&self.made.providers) else {
            return;
        };
        let whose = self.dice.below(3);
        let (clock, entropy) = (&*self.clock, &*self.entropy);
        let (deployment, generation, who) = match whose {
            0 => (
                DeploymentId::new(clock, entropy),
                Some(GenerationId::new(clock, entropy)),
                "another deployment",
            ),
            1 => (
                self.deployment,
                Some(GenerationId::new(clock, entropy)),
                "another generation",
            ),
            _ => (self.deployment, None, "a Weir without generations"),
        };
        let request = CreateRequest {
            name: "neighbour".to_owned(),
            tags: Tags {
                deployment,
                generation,
                pool: PoolId::new(clock, entropy),
                config: ConfigId::new(clock, entropy),
                server: ServerId::new(clock, entropy),
            },
            script: Secret::new(""),
            connection_port: 22,
            spec: Value::Null,
        };
        let made = self.clouds.cloud(provider).create_for_others(&request);
        if made.is_ok() {
            let name = self.timeline.name("provider", provider.uuid());
            self.note(&format!("{who} makes a machine at {name}"));
        }
    }

    /// Most machines of a cloud have the same fault for a while.
    pub(super) fn spell(&mut self) {
        let provider = self.dice.pick(&self.made.providers);
        let (Some(provider), Some(fault)) = (provider, self.dice.pick(faults::SPELLS)) else {
            return;
        };
        let minutes = self.dice.millis(20, 120);
        let plan = faults::plan(&self.made.chance, Some(fault));
        self.clouds.cloud(provider).set_plan(Some(plan));
        let name = self.timeline.name("provider", provider.uuid());
        let what = format!("{} at {name} for {minutes} minutes", fault.word());
        self.fault("spell", &what);
        self.after(minutes * MINUTE, Event::SpellOver(provider));
    }

    pub(super) fn spell_over(&mut self, provider: ProviderId) {
        if !self.is_calm {
            let plan = faults::plan(&self.made.chance, None);
            self.clouds.cloud(provider).set_plan(Some(plan));
        }
    }

    pub(super) fn harm(&mut self) {
        let alive = self.clouds.alive();
        let machines: Vec<_> = alive
            .iter()
            .flat_map(|(provider, machines)| machines.iter().map(|one| (*provider, one.clone())))
            .collect();
        let Some((provider, machine)) = self.dice.pick(&machines) else {
            return;
        };
        let name = self
            .timeline
            .name("server", machine.request.tags.server.uuid());
        let cloud = self.clouds.cloud(provider);
        if self.dice.percent(50) {
            cloud.kill(&machine.id);
            self.fault("machine dies", &name);
        } else {
            cloud.vanish(&machine.id);
            self.fault("machine deleted by hand", &name);
        }
    }
}
