//! The deployment of a world, and what people and admins do in it: the same use cases as from a browser.

use std::sync::Arc;

use control::server::Deletion;
use control::{ControlPlane, autoscale, pool, provider, server, session, user, zone};
use domain::actor::{Actor, Role};
use domain::form::Draft;
use domain::id::{ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use domain::pool::{PoolInput, PublishedApp};
use domain::provider::{ProviderInput, ProviderKind};
use domain::session::{Session, SessionKind, SessionRequest};
use domain::user::UserInput;
use domain::zone::ZoneInput;
use providers::fake::FakeConfig;
use serde_json::Value;

use crate::Result;
use crate::chance::{Dice, SeededEntropy, Stream};
use crate::cloud::Clouds;
use crate::faults;

/// People in a world.
const PEOPLE: u32 = 30;
/// Reports as real scripts do; the fake machines look for the token.
pub(crate) const SCRIPT: &str =
    "#!/bin/sh\ncurl 'https://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}'\n";

/// What there is before the first request.
pub struct Deployment {
    /// Pools with what people open there.
    pub pools: Vec<(PoolId, Vec<SessionKind>)>,
    /// People.
    pub people: Vec<UserId>,
    /// Autoscale configs.
    pub configs: Vec<ConfigId>,
    /// Provider configs.
    pub providers: Vec<ProviderId>,
    /// What the faults of all clouds come from.
    pub(crate) chance: Arc<SeededEntropy>,
}

/// Something that a person or an admin does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Asks for a session.
    Ask {
        /// Who.
        user: UserId,
        /// Where.
        pool: PoolId,
        /// What to open.
        kind: SessionKind,
    },
    /// Ends a session, or the wait for one.
    End {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// Is at work in a session.
    KeepAlive {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// An admin ends somebody's session.
    EndForced(SessionId),
    /// An admin drains a server.
    Drain(ServerId),
    /// An admin takes a draining server back.
    Undrain(ServerId),
    /// An admin deletes a server.
    Delete(ServerId, Deletion),
    /// An admin changes a value of an autoscale config.
    Configure(ConfigId, &'static str, Value),
    /// An admin changes the start-up script of a provider config.
    Script(ProviderId, u32),
    /// An admin changes how many machines a provider config may have.
    Maximum(ProviderId, u32),
}

impl Act {
    /// Whether it changes rules that servers and plans follow.
    pub const fn is_edit(&self) -> bool {
        matches!(
            self,
            Self::Configure(..) | Self::Script(..) | Self::Maximum(..)
        )
    }
}

/// Does it. A session comes back where one was asked for.
pub async fn perform(plane: &ControlPlane, act: Act) -> control::Result<Option<Session>> {
    let person = |user| Actor::Person {
        user,
        role: Role::User,
    };
    let admin = &Actor::System;
    match act {
        Act::Ask { user, pool, kind } => {
            let request = SessionRequest {
                pool_id: pool,
                kind: Some(kind),
                user_id: None,
            };
            return session::request(plane, &person(user), request)
                .await
                .map(Some);
        }
        Act::End { user, session } => {
            session::end(plane, &person(user), session).await?;
        }
        Act::KeepAlive { user, session } => {
            session::keepalive(plane, &person(user), session).await?;
        }
        Act::EndForced(session) => {
            session::end(plane, admin, session).await?;
        }
        Act::Drain(id) => {
            server::drain(plane, admin, id).await?;
        }
        Act::Undrain(id) => {
            server::undrain(plane, admin, id).await?;
        }
        Act::Delete(id, how) => server::delete(plane, admin, id, how).await?,
        Act::Configure(id, key, value) => {
            let old = autoscale::get(plane, admin, id).await?;
            let draft = old.values.with(key, value);
            autoscale::replace(plane, admin, id, old.version, draft).await?;
        }
        Act::Script(id, number) => {
            let old = provider::get(plane, admin, id).await?;
            let input = ProviderInput {
                startup_script: format!("{SCRIPT}# edition {number}\n"),
                name: old.name,
                kind: old.kind,
                max_instances: old.max_instances,
                settings: old.settings,
            };
            provider::replace(plane, admin, id, old.version, input).await?;
        }
        Act::Maximum(id, max_instances) => {
            let old = provider::get(plane, admin, id).await?;
            let input = ProviderInput {
                max_instances,
                name: old.name,
                kind: old.kind,
                startup_script: old.startup_script,
                settings: old.settings,
            };
            provider::replace(plane, admin, id, old.version, input).await?;
        }
    }
    Ok(None)
}

/// A change of how many machines a provider may have.
pub(crate) fn limit(dice: &mut Dice, deployment: &Deployment) -> Option<Act> {
    let provider = dice.pick(&deployment.providers)?;
    Some(Act::Maximum(provider, dice.between(3, 14)))
}

/// A change of a rule, as an admin might make it.
pub(crate) fn edit(dice: &mut Dice, deployment: &Deployment) -> Option<Act> {
    let config = dice.pick(&deployment.configs)?;
    let provider = dice.pick(&deployment.providers)?;
    Some(match dice.below(6) {
        0 => Act::Configure(config, "minimum_available_sessions", dice.below(5).into()),
        1 => Act::Configure(
            config,
            "downscale_backoff_seconds",
            dice.between(60, 3000).into(),
        ),
        2 => Act::Configure(
            config,
            "max_simultaneous_sessions_per_server",
            dice.between(1, 4).into(),
        ),
        3 => Act::Configure(config, "aggressive_scaling", dice.percent(50).into()),
        4 => return limit(dice, deployment),
        _ => Act::Script(provider, dice.below(1000)),
    })
}

/// Makes the zones, providers, pools, configs and people of a seed.
pub(crate) async fn deploy(
    plane: &ControlPlane,
    clouds: &Clouds,
    dice: &mut Dice,
    seed: u64,
) -> Result<Deployment> {
    make(plane, clouds, dice, seed)
        .await
        .map_err(|error| format!("the deployment is refused: {}", error.problem()))
}

async fn make(
    plane: &ControlPlane,
    clouds: &Clouds,
    dice: &mut Dice,
    seed: u64,
) -> control::Result<Deployment> {
    let system = &Actor::System;
    let mut zones = Vec::new();
    for name in ["north", "south"] {
        let input = ZoneInput {
            name: name.to_owned(),
            upstream_auth_address: format!("{name}.example.com"),
        };
        zones.push(zone::create(plane, system, input).await?.id);
    }
    let entropy = Arc::new(SeededEntropy::new(seed, Stream::Faults));
    let mut sources = Vec::new();
    // One takes a repeated create call for the same, the other lists new machines late.
    for (name, repeatable_create, maximum) in [
        ("large", true, dice.between(8, 16)),
        ("small", false, dice.between(2, 5)),
    ] {
        let settings = FakeConfig {
            boot_millis: dice.between(5_000, 40_000),
            // A script that takes no time reports once.
            script_millis: if repeatable_create {
                0
            } else {
                dice.between(5_000, 60_000)
            },
            list_lag_millis: if repeatable_create {
                0
            } else {
                dice.between(0, 20_000)
            },
            repeatable_create,
            ..FakeConfig::INSTANT
        };
        let input = ProviderInput {
            name: name.to_owned(),
            kind: ProviderKind::Fake,
            max_instances: maximum,
            startup_script: SCRIPT.to_owned(),
            settings: settings.draft().into(),
        };
        let made = provider::create(plane, system, input).await?;
        let cloud = clouds.cloud(made.id);
        cloud.set_plan(Some(faults::plan(&entropy, None)));
        sources.push(made.id);
    }
    let mut deployment = Deployment {
        pools: Vec::new(),
        people: Vec::new(),
        configs: Vec::new(),
        providers: sources.clone(),
        chance: entropy,
    };
    for plan in POOLS {
        add_pool(plane, dice, plan, &zones, &sources, &mut deployment).await?;
    }
    for number in 0..PEOPLE {
        let input = UserInput {
            name: format!("person-{number}"),
            role: Role::User,
            password: None,
        };
        deployment
            .people
            .push(user::create(plane, system, input).await?.id);
    }
    Ok(deployment)
}

/// A pool of every world; what is not said is the seed's choice.
struct PoolPlan {
    name: &'static str,
    protocol: &'static str,
    reusable: bool,
    require_checkin: bool,
    /// Zone and provider of each config, by their place.
    configs: &'static [(usize, usize)],
}

const POOLS: &[PoolPlan] = &[
    PoolPlan {
        name: "shells",
        protocol: "ssh",
        reusable: true,
        require_checkin: true,
        configs: &[(0, 0)],
    },
    PoolPlan {
        name: "desktops",
        protocol: "rdp",
        reusable: true,
        require_checkin: true,
        configs: &[(0, 0)],
    },
    PoolPlan {
        name: "kiosks",
        protocol: "kasmvnc",
        reusable: false,
        require_checkin: true,
        configs: &[(1, 1)],
    },
    PoolPlan {
        name: "screens",
        protocol: "vnc",
        reusable: true,
        require_checkin: false,
        configs: &[(0, 1), (1, 0)],
    },
];

async fn add_pool(
    plane: &ControlPlane,
    dice: &mut Dice,
    plan: &PoolPlan,
    zones: &[ZoneId],
    sources: &[ProviderId],
    deployment: &mut Deployment,
) -> control::Result<()> {
    let (kinds, apps) = match plan.protocol {
        "ssh" => (vec![SessionKind::Shell], Vec::new()),
        "rdp" => {
            let app = "writer".to_owned();
            let published = PublishedApp {
                key: app.clone(),
                name: "Writer".to_owned(),
                program: "||writer".to_owned(),
                arguments: String::new(),
            };
            (
                vec![SessionKind::Desktop, SessionKind::App { app }],
                vec![published],
            )
        }
        _ => (vec![SessionKind::Desktop], Vec::new()),
    };
    let input = PoolInput {
        name: plan.name.to_owned(),
        description: String::new(),
        apps,
    };
    let pool = pool::create(plane, &Actor::System, input).await?.id;
    for (number, (zone, source)) in plan.configs.iter().enumerate() {
        let mut draft = Draft::new()
            .with("name", format!("{} {number}", plan.name))
            .with("pool_id", pool.to_string())
            .with("deployment_zone_id", zones[*zone].to_string())
            .with("provider_id", sources[*source].to_string())
            .with("connection_type", plan.protocol)
            .with("aggressive_scaling", dice.percent(60))
            .with("require_checkin", plan.require_checkin)
            .with("reusable", plan.reusable)
            .with("minimum_available_sessions", dice.below(4))
            .with("max_simultaneous_sessions_per_server", dice.between(1, 4))
            .with("downscale_backoff_seconds", dice.between(300, 3000))
            .with("provision_timeout_seconds", dice.between(300, 600));
        if matches!(plan.protocol, "ssh" | "rdp") {
            draft = draft
                .with("connection_username", "ops")
                .with("max_simultaneous_users", dice.between(1, 3));
        }
        deployment
            .configs
            .push(autoscale::create(plane, &Actor::System, draft).await?.id);
    }
    deployment.pools.push((pool, kinds));
    Ok(())
}
