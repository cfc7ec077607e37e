//! This installation, and the one who asks.

use axum::extract::State;
use domain::actor::{Actor, Role};
use domain::id::{ApiKeyId, DeploymentId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::state::AppState;

/// This installation.
#[derive(Serialize, ToSchema)]
pub struct Deployment {
    /// Its id, in the tags of every machine it makes.
    pub id: DeploymentId,
    /// The version of Weir.
    pub version: &'static str,
}

/// This installation: its id and version.
#[utoipa::path(get, path = "/deployment", tag = "deployment", responses((status = 200, body = Deployment)))]
pub async fn get_deployment(State(state): State<AppState>, _caller: Caller) -> Json<Deployment> {
    Json(Deployment {
        id: state.plane.deployment(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The one who asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// What you may do.
    pub role: Role,
    /// The person; none for a key that acts for nobody.
    pub user_id: Option<UserId>,
    /// The person's sign-in name.
    pub user_name: Option<String>,
    /// The API key, if it is one that asks.
    pub api_key_id: Option<ApiKeyId>,
}

/// Who you are to Weir.
#[utoipa::path(get, path = "/me", tag = "deployment", responses((status = 200, body = Me)))]
pub async fn get_me(State(state): State<AppState>, Caller(actor): Caller) -> ApiResult<Json<Me>> {
    let user_name = match actor.user() {
        Some(user) => Some(control::user::get(&state.plane, &actor, user).await?.name),
        None => None,
    };
    let (role, api_key_id) = match &actor {
        Actor::ApiKey { role, key, .. } => (*role, Some(*key)),
        Actor::Person { role, .. } => (*role, None),
        Actor::Server(_) => (Role::User, None),
        Actor::System => (Role::Admin, None),
    };
    Ok(Json(Me {
        role,
        user_id: actor.user(),
        user_name,
        api_key_id,
    }))
}
