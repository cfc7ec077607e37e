//! A pool on Weir's own machine, ready to be tried out: what an admin would else enter by hand.

use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use domain::form::Draft;
use domain::pool::{Pool, PoolInput};
use domain::provider::{ProviderInput, ProviderKind};
use domain::zone::ZoneInput;

use crate::error::Result;
use crate::plane::ControlPlane;
use crate::{autoscale, pool, provider, zone};

/// Reports progress the way a real machine's script does. Brackets of the shell are doubled.
const SCRIPT: &str = r#"#!/bin/sh
# Runs once on each new server. Tags in brackets are filled in; brackets of the script itself are doubled.
report() {{
  curl -sS -k -X POST -H 'Content-Type: application/json' \
    -d "{{\"status\": \"$1\", \"status_message\": \"$2\", \"status_progress\": $3}}" \
    'SCHEME://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}'
}}
report progress 'Looking around' 30
sleep 1
report progress 'Almost done' 70
sleep 1
report running 'Ready' 100
"#;

/// Makes a zone, a provider config, a pool and its autoscale config on Weir's own machine.
///
/// It is done by the same use cases as by hand, one after the other: if a later one is refused, what the earlier
/// ones made stays and can be used or deleted.
pub async fn create(plane: &ControlPlane, actor: &Actor) -> Result<Pool> {
    actor.require_admin()?;
    let public_url = &plane.settings().public_url;
    let (scheme, authority) = public_url.split_once("://").ok_or_else(|| {
        Problem::new(
            ProblemCode::Conflict,
            format!("The public address `{public_url}` has no scheme. Start Weir with another --public-url."),
        )
    })?;
    let zone = ZoneInput {
        name: "This machine".to_owned(),
        upstream_auth_address: authority.trim_end_matches('/').to_owned(),
    };
    let zone = zone::create(plane, actor, zone).await?;
    let provider = ProviderInput {
        name: "This machine".to_owned(),
        kind: ProviderKind::Local,
        max_instances: 5,
        startup_script: SCRIPT.replace("SCHEME", scheme),
        settings: serde_json::Map::new(),
    };
    let provider = provider::create(plane, actor, provider).await?;
    let pool = PoolInput {
        name: "Shells on this machine".to_owned(),
        description: "A shell on the machine that Weir runs on.".to_owned(),
        apps: Vec::new(),
    };
    let pool = pool::create(plane, actor, pool).await?;
    let config = Draft::new()
        .with("name", "Shells on this machine")
        .with("pool_id", pool.id.to_string())
        .with("deployment_zone_id", zone.id.to_string())
        .with("provider_id", provider.id.to_string())
        .with("connection_type", "ssh")
        .with("connection_username", "weir")
        .with("require_checkin", true)
        .with("minimum_available_sessions", 1)
        .with("max_simultaneous_sessions_per_server", 2)
        .with("max_simultaneous_users", 2)
        .with("reusable", true)
        .with("downscale_backoff_seconds", 60);
    autoscale::create(plane, actor, config).await?;
    pool::get(plane, actor, pool.id).await
}

#[cfg(test)]
mod tests {
    use domain::startup_script::Script;

    #[test]
    fn the_script_is_one_that_can_be_saved() {
        let script = Script::parse(super::SCRIPT).expect("no brackets are wrong");
        assert_eq!(script.tags().len(), 2);
    }
}
