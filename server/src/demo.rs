//! `weir demo`: the pool of the use case `demo`, and an admin. A second start finds the pool there and makes only a new
//! password.

use std::pin::Pin;

use control::ControlPlane;
use domain::actor::{Actor, Role};
use domain::page::{MAX_LIMIT, PageQuery};
use domain::secret::Secret;
use domain::user::UserInput;

use crate::rest::error::chain;
use crate::startup::random_password;

const ADMIN: &str = "demo";

/// Makes what is missing.
pub fn prepare(
    plane: ControlPlane,
) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + Send>> {
    Box::pin(async move { make(&plane).await.map_err(|error| chain(&error)) })
}

async fn make(plane: &ControlPlane) -> control::Result<Vec<String>> {
    let system = &Actor::System;
    let first = PageQuery {
        cursor: None,
        limit: Some(MAX_LIMIT),
    };
    let pools = control::pool::list(plane, system, &first).await?.items;
    // One of an earlier version may be known by its name alone.
    let is_there = control::demo::get(plane, system).await?.is_some()
        || pools.iter().any(|pool| pool.name == control::demo::POOL);
    if !is_there {
        control::demo::create(plane, system).await?;
    }
    let password = random_password();
    sign_in_with(plane, &password, &first).await?;
    Ok(vec![format!(
        "Sign in as {ADMIN} with the password {password}"
    )])
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
