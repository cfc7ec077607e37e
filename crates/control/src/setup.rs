//! First start: a one-time link by which the first admin is made.

use domain::actor::{Actor, Role};
use domain::error::{Problem, ProblemCode};
use domain::secret::Secret;
use domain::user::UserInput;
use serde_json::json;

use crate::error::Result;
use crate::login::{Login, begin, random_token, token_hash};
use crate::plane::ControlPlane;
use crate::user;

/// Whether the first admin is still to be made.
pub async fn is_open(plane: &ControlPlane) -> Result<bool> {
    Ok(!plane.store().deployment().await?.setup_done)
}

/// Makes a new set-up link's token; none once set-up is done. Earlier links keep their own end.
pub async fn new_link(plane: &ControlPlane) -> Result<Option<Secret>> {
    if !is_open(plane).await? {
        return Ok(None);
    }
    let token = random_token(plane);
    let expires_at = plane.now().plus_secs(plane.settings().setup_link_secs);
    plane
        .store()
        .setup_link_put(&token_hash(token.expose()), expires_at)
        .await?;
    Ok(Some(token))
}

/// Whether a set-up link can still be used.
pub async fn is_valid(plane: &ControlPlane, token: &str) -> Result<bool> {
    Ok(plane
        .store()
        .setup_link_valid(&token_hash(token), plane.now())
        .await?)
}

/// Makes the first admin and signs them in. The link is used up.
pub async fn complete(
    plane: &ControlPlane,
    token: &str,
    name: String,
    password: Secret,
) -> Result<Login> {
    let used_up = || {
        Problem::new(
            ProblemCode::Gone,
            "This set-up link is used up or too old. Start Weir again: it prints a new one until set-up is done.",
        )
    };
    if !is_valid(plane, token).await? {
        return Err(used_up().into());
    }
    let input = UserInput {
        name,
        role: Role::Admin,
        password: Some(password),
    };
    let new = user::parse_new(plane, &input)?;
    let id = new.id;
    let audit = plane.audit(
        &Actor::System,
        "setup.complete",
        id,
        json!({ "name": new.name }),
    );
    if !plane
        .store()
        .setup_complete(&token_hash(token), plane.now(), new, audit)
        .await?
    {
        return Err(used_up().into());
    }
    match plane.store().user(id).await? {
        Some(user) => begin(plane, user).await,
        None => Err(used_up().into()),
    }
}
