//! The SSH keys of the one who asks. There is no `Idempotency-Key` here: an answer may hold a private key, which is
//! kept nowhere.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::SshKeyId;
use domain::user::{NewSshKey, SshKey, SshKeyInput};

use crate::auth::Caller;
use crate::rest::create::{Create, Created};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::Id;
use crate::state::AppState;

impl Created for NewSshKey {
    fn id(&self) -> String {
        self.key.id.to_string()
    }
}

/// Your SSH keys, oldest first.
#[utoipa::path(get, path = "/ssh-keys", tag = "ssh-keys", responses((status = 200, body = Vec<SshKey>)))]
pub async fn list_ssh_keys(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Vec<SshKey>>> {
    Ok(Json(control::ssh_key::list(&state.plane, &actor).await?))
}

/// Adds a key: the pasted one, or a new pair whose private half is in this answer and nowhere else.
#[utoipa::path(post, path = "/ssh-keys", tag = "ssh-keys", request_body = SshKeyInput,
    responses((status = 201, body = NewSshKey)))]
pub async fn create_ssh_key(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<SshKeyInput>,
) -> ApiResult<Response> {
    create
        .run_once(&state, &actor, async |state: AppState, actor, input| {
            control::ssh_key::create(&state.plane, &actor, input).await
        })
        .await
}

/// Deletes a key. Servers on which you have a session forget it too.
#[utoipa::path(delete, path = "/ssh-keys/{id}", tag = "ssh-keys", params(("id" = SshKeyId, Path)),
    responses((status = 204)))]
pub async fn delete_ssh_key(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SshKeyId>,
) -> ApiResult<StatusCode> {
    control::ssh_key::delete(&state.plane, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
