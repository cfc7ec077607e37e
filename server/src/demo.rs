//! `weir demo`: a zone, a provider, a pool with a config that keeps one seat ready, and an admin.
//!
//! The same use cases as everywhere: what the demo makes can be looked at and changed like anything else. A second
//! start finds it there and makes only a new password.

use std::net::SocketAddr;
use std::pin::Pin;

use control::ControlPlane;
use domain::actor::{Actor, Role};
use domain::form::Draft;
use domain::page::{MAX_LIMIT, PageQuery};
use domain::pool::PoolInput;
use domain::provider::{Provider, ProviderInput, ProviderKind};
use domain::secret::Secret;
use domain::user::UserInput;
use domain::zone::ZoneInput;

use crate::rest::error::chain;
use crate::startup::random_password;

const ADMIN: &str = "demo";
const POOL: &str = "Demo";
/// Local servers have an account of their own, which takes its place.
const ACCOUNT: &str = "weir";

/// Reports a few steps on its way, as a real script would while it installs things.
const SCRIPT: &str = r#"#!/bin/sh
# Weir fills in the tags in braces for each server.
report() {{
    curl --silent --show-error --max-time 10 --request POST \
        --header 'Content-Type: application/json' --header 'Authorization: Bearer {checkin_jwt}' \
        --data "{{\"status\": \"$1\", \"status_message\": \"$2\", \"status_progress\": \"$3\"}}" \
        "http://{upstream_auth_address}/api/v1/checkin"
}}
report progress "Getting ready" 30
sleep 1
report running "Ready" 100
"#;

/// Makes what is missing.
pub fn prepare(
    plane: ControlPlane,
    bound: SocketAddr,
) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + Send>> {
    Box::pin(async move { make(&plane, bound).await.map_err(|error| chain(&error)) })
}

async fn make(plane: &ControlPlane, bound: SocketAddr) -> control::Result<Vec<String>> {
    let system = &Actor::System;
    let first = PageQuery {
        cursor: None,
        limit: Some(MAX_LIMIT),
    };
    let pools = control::pool::list(plane, system, &first).await?.items;
    if !pools.iter().any(|pool| pool.name == POOL) {
        let input = ZoneInput {
            name: "This machine".to_owned(),
            upstream_auth_address: bound.to_string(),
        };
        let zone = control::zone::create(plane, system, input).await?;
        let provider = provider(plane).await?;
        let input = PoolInput {
            name: POOL.to_owned(),
            description: "Servers on this machine, to look around.".to_owned(),
            apps: Vec::new(),
        };
        let pool = control::pool::create(plane, system, input).await?;
        let draft = Draft::new()
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
        control::autoscale::create(plane, system, draft).await?;
    }
    let password = random_password();
    sign_in_with(plane, &password, &first).await?;
    Ok(vec![format!(
        "Sign in as {ADMIN} with the password {password}"
    )])
}

/// Real servers where that is possible, else the cloud in memory.
async fn provider(plane: &ControlPlane) -> control::Result<Provider> {
    let input = |kind, name: &str| ProviderInput {
        name: name.to_owned(),
        kind,
        max_instances: 5,
        startup_script: SCRIPT.to_owned(),
        settings: serde_json::Map::new(),
    };
    if plane.settings().allow_local_provider {
        let local =
            control::provider::create(plane, &Actor::System, input(ProviderKind::Local, "Local"))
                .await?;
        let checks = control::provider::test(plane, &Actor::System, local.id).await?;
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
        control::provider::delete(plane, &Actor::System, local.id, local.version).await?;
    }
    control::provider::create(
        plane,
        &Actor::System,
        input(ProviderKind::Fake, "Fake cloud"),
    )
    .await
}

async fn sign_in_with(
    plane: &ControlPlane,
    password: &str,
    first: &PageQuery,
) -> control::Result<()> {
    let input = UserInput {
        name: ADMIN.to_owned(),
        role: Role::Admin,
        password: Some(Secret::new(password)),
    };
    let known = control::user::list(plane, &Actor::System, first)
        .await?
        .items
        .into_iter()
        .find(|user| user.name == ADMIN);
    match known {
        Some(user) => {
            control::user::replace(plane, &Actor::System, user.id, user.version, input).await?
        }
        None => control::user::create(plane, &Actor::System, input).await?,
    };
    Ok(())
}
