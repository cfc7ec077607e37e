//! People.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::UserId;
use domain::page::Page;
use domain::user::{User, UserInput};

use crate::auth::Caller;
use crate::rest::create::{Create, Created};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for User {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// People in the order of their making.
#[utoipa::path(get, path = "/users", tag = "users", params(PageParams),
    responses((status = 200, body = Page<User>)))]
pub async fn list_users(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<User>>> {
    Ok(Json(
        control::user::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One person.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)),
    responses((status = 200, body = User, headers(("ETag" = String)))))]
pub async fn get_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
) -> ApiResult<Response> {
    let user = control::user::get(&state.plane, &actor, id).await?;
    Ok(versioned(user.version, user))
}

/// Makes a person.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserInput,
    responses((status = 201, body = User, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<UserInput>,
) -> ApiResult<Response> {
    create
        .run_once(&state, &actor, async |state: AppState, actor, input| {
            control::user::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces a person. A new password ends the person's sign-ins.
#[utoipa::path(put, path = "/users/{id}", tag = "users", params(("id" = UserId, Path), IfMatchHeader),
    request_body = UserInput, responses((status = 200, body = User, headers(("ETag" = String)))))]
pub async fn replace_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<UserInput>,
) -> ApiResult<Response> {
    let user = control::user::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(user.version, user))
}

/// Deletes a person. Their keys and sign-ins go too.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = UserId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::user::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
