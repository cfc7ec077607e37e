//! A day that a script tells: what there is in it, and what happens.

use std::sync::Arc;

use control::{ControlPlane, autoscale, pool, provider, user, zone};
use domain::actor::{Actor, Role};
use domain::form::Draft;
use domain::pool::PoolInput;
use domain::provider::{ProviderInput, ProviderKind};
use domain::session::SessionKind;
use domain::user::UserInput;
use domain::zone::ZoneInput;
use providers::fake::FakeConfig;

use super::event::Event;
use super::{Done, Rows, START, World};
use crate::Result;
use crate::chance::{SeededEntropy, Stream};
use crate::script::{Script, Step};
use crate::workload::{Act, Deployment, SCRIPT};

/// Makes what a script says that there is.
pub(super) async fn deploy(plane: &ControlPlane, script: &Script) -> Result<Deployment> {
    let made = make(plane, script).await;
    made.map_err(|error| format!("the script's deployment is refused: {}", error.problem()))
}

async fn make(plane: &ControlPlane, script: &Script) -> control::Result<Deployment> {
    let system = &Actor::System;
    let mut made = Deployment {
        pools: Vec::new(),
        people: Vec::new(),
        configs: Vec::new(),
        providers: Vec::new(),
        chance: Arc::new(SeededEntropy::new(0, Stream::Faults)),
    };
    let zone = ZoneInput {
        name: "zone".to_owned(),
        upstream_auth_address: "weir.example.com".to_owned(),
    };
    let zone = zone::create(plane, system, zone).await?.id;
    for line in &script.providers {
        let settings = FakeConfig {
            boot_millis: line.boot_secs * 1000,
            repeatable_create: line.repeats_creates,
            ..FakeConfig::INSTANT
        };
        let input = ProviderInput {
            name: line.name.clone(),
            kind: ProviderKind::Fake,
            max_instances: line.maximum,
            startup_script: SCRIPT.to_owned(),
            settings: settings.draft().into(),
        };
        made.providers
            .push(provider::create(plane, system, input).await?.id);
    }
    for line in &script.pools {
        let input = PoolInput {
            name: line.name.clone(),
            description: String::new(),
            apps: Vec::new(),
        };
        let id = pool::create(plane, system, input).await?.id;
        let draft = Draft::new()
            .with("name", line.name.clone())
            .with("pool_id", id.to_string())
            .with("deployment_zone_id", zone.to_string())
            .with("provider_id", made.providers[line.provider].to_string())
            .with("connection_type", "vnc")
            .with("aggressive_scaling", true)
            .with("require_checkin", true)
            .with("reusable", true)
            .with("minimum_available_sessions", line.minimum)
            .with("max_simultaneous_sessions_per_server", line.seats)
            .with("downscale_backoff_seconds", line.backoff_secs)
            .with("provision_timeout_seconds", line.timeout_secs);
        made.configs
            .push(autoscale::create(plane, system, draft).await?.id);
        made.pools.push((id, vec![SessionKind::Desktop]));
    }
    for name in &script.people {
        let input = UserInput {
            name: name.clone(),
            role: Role::User,
            password: None,
        };
        made.people
            .push(user::create(plane, system, input).await?.id);
    }
    Ok(made)
}

impl World {
    /// Names what there is as the script does, and settles what happens.
    pub(super) fn follow(&mut self, script: &Script) {
        let providers = script.providers.iter().map(|line| &line.name);
        for (name, id) in providers.zip(&self.made.providers) {
            self.timeline.call(id.uuid(), name);
        }
        let pools = script.pools.iter().map(|line| &line.name);
        for (name, (id, _)) in pools.zip(&self.made.pools) {
            self.timeline.call(id.uuid(), name);
        }
        for (name, id) in script.people.iter().zip(&self.made.people) {
            self.timeline.call(id.uuid(), name);
        }
        self.is_calm = true;
        self.clouds.calm();
        self.ends_at = START.plus_millis(script.lasts);
        for (at, step) in &script.steps {
            self.push(START.plus_millis(*at), Event::Step(*step));
        }
    }

    pub(super) async fn step(&mut self, step: Step) -> Result<Done> {
        match step {
            Step::Ask { person, pool } => {
                let (user, (pool, _)) = (self.made.people[person], &self.made.pools[pool]);
                let pool = *pool;
                if let Some(act) = self.ask(user, pool) {
                    return Ok(self.act(act).await);
                }
            }
            Step::Leave { person } => {
                let user = self.made.people[person];
                let pools = self.seen.iter().flat_map(|look| &look.stored.pools);
                let theirs = pools.flat_map(|pool| {
                    let open = pool.sessions.iter().map(|one| (one.user, one.id));
                    open.chain(pool.queue.iter().map(|one| (one.user, one.id)))
                });
                let first = theirs.filter(|(of, _)| *of == user).map(|(_, id)| id).min();
                let session =
                    first.ok_or("somebody leaves who has no session and waits for none")?;
                return Ok(self.act(Act::End { user, session }).await);
            }
            Step::Fault {
                fault,
                provider,
                times,
            } => {
                let id = self.made.providers[provider];
                self.clouds.cloud(id).arm(fault, times.unwrap_or(u32::MAX));
                let often = times.map_or("always".to_owned(), |times| format!("next {times}"));
                let name = self.timeline.name("provider", id.uuid());
                self.note(&format!("FAULT {often} {} at {name}", fault.word()));
            }
            Step::NoFaults { provider } => {
                let id = self.made.providers[provider];
                self.clouds.cloud(id).disarm();
                let name = self.timeline.name("provider", id.uuid());
                self.note(&format!("no more faults at {name}"));
            }
            Step::Fall => {
                self.fall().await;
                return Ok(Done {
                    rows: Rows::Changed,
                    ..Done::default()
                });
            }
        }
        Ok(Done::default())
    }
}
