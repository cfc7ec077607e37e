//! A pool on Weir's own machine, ready to be tried out: what an admin would else enter by hand.

use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use domain::form::Draft;
use domain::pool::{Pool, PoolInput};
use domain::provider::{Provider, ProviderInput, ProviderKind};
use domain::zone::ZoneInput;
use store::StoreError;

use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::{autoscale, pool, provider, zone};

/// The pool's name.
pub const POOL: &str = "Demo";

/// Local servers have an account of their own, which takes its place.
const ACCOUNT: &str = "weir";

/// Reports progress the way a real machine's script does while it installs things.
const SCRIPT: &str = r#"#!/bin/sh
# Runs once on each new server. Tags in brackets are filled in; brackets of the script itself are doubled.
report() {{
    curl --silent --show-error --insecure --max-time 10 --request POST \
        --header 'Content-Type: application/json' --header 'Authorization: Bearer {checkin_jwt}' \
        --data "{{\"status\": \"$1\", \"status_message\": \"$2\", \"status_progress\": $3}}" \
        "SCHEME://{upstream_auth_address}/api/v1/checkin"
}}
report progress 'Looking around' 30
sleep 1
report progress 'Almost done' 70
sleep 1
report running 'Ready' 100
"#;

/// Makes a zone, a provider config, a pool and its autoscale config on Weir's own machine: real servers where they are
/// possible, else machines in memory.
///
/// It is done by the same use cases as by hand, one after the other: if a later one is refused, what the earlier
/// ones made stays and can be used or deleted.
///
/// # Errors
/// 409 where something of the same name is there already.
pub async fn create(plane: &ControlPlane, actor: &Actor) -> Result<Pool> {
    actor.require_admin()?;
    make(plane, actor).await.map_err(|error| match error {
        // Nobody has chosen these names, so no field is wrong.
        Error::Store(StoreError::Duplicate { .. }) => Problem::new(
            ProblemCode::Conflict,
            "The demo is there already, or something that has a name of its parts. Delete it to make a new one.",
        )
        .into(),
        error => error,
    })
}

async fn make(plane: &ControlPlane, actor: &Actor) -> Result<Pool> {
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
    let provider = machines(plane, actor, &SCRIPT.replace("SCHEME", scheme)).await?;
    let description = match provider.kind {
        ProviderKind::Local => "Shells on the machine that Weir runs on, to look around.",
        ProviderKind::Fake => "Machines in memory, which nobody can connect to, to look around.",
    };
    let pool = PoolInput {
        name: POOL.to_owned(),
        description: description.to_owned(),
        apps: Vec::new(),
    };
    let pool = pool::create(plane, actor, pool).await?;
    let config = Draft::new()
        .with("enabled", true)
        .with("name", POOL)
        .with("pool_id", pool.id.to_string())
        .with("deployment_zone_id", zone.id.to_string())
        .with("provider_id", provider.id.to_string())
        .with("connection_type", "ssh")
        .with("connection_username", ACCOUNT)
        .with("use_user_ssh_key", true)
        .with("aggressive_scaling", true)
        .with("require_checkin", true)
        .with("reusable", true)
        .with("minimum_available_sessions", 1)
        .with("max_simultaneous_sessions_per_server", 2)
        .with("max_simultaneous_users", 2)
        .with("downscale_backoff_seconds", 60);
    autoscale::create(plane, actor, config).await?;
    pool::get(plane, actor, pool.id).await
}

async fn machines(plane: &ControlPlane, actor: &Actor, script: &str) -> Result<Provider> {
    let input = |kind, name: &str| ProviderInput {
        name: name.to_owned(),
        kind,
        max_instances: 5,
        startup_script: script.to_owned(),
        settings: serde_json::Map::new(),
    };
    if plane.settings().allow_local_provider {
        let local = input(ProviderKind::Local, "This machine");
        let local = provider::create(plane, actor, local).await?;
        let checks = provider::test(plane, actor, local.id).await?;
        if checks.iter().all(|check| check.passed) {
            return Ok(local);
        }
        for check in checks.iter().filter(|check| !check.passed) {
            tracing::warn!(
                check = check.name,
                detail = check.detail,
                "local servers are not possible here"
            );
        }
        provider::delete(plane, actor, local.id, local.version).await?;
    }
    provider::create(plane, actor, input(ProviderKind::Fake, "Fake cloud")).await
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
