//! Sessions: asked for, waited for, used and ended.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::Problem;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::page::{Page, PageQuery};
use domain::session::{Revealed, Session, SessionRequest, SessionState};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, Query};
use crate::state::AppState;

impl Created for Session {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn status(&self) -> StatusCode {
        if self.status == SessionState::Queued { StatusCode::ACCEPTED } else { StatusCode::CREATED }
    }
}

/// Asks for a session: 201 with where to connect, or 202 and a place in the queue.
#[utoipa::path(post, path = "/sessions", tag = "sessions", params(IdempotencyKeyHeader), request_body = SessionRequest,
    responses(
        (status = 201, description = "There is a seat.", body = Session, headers(("Location" = String))),
        (status = 202, description = "It waits; `Location` tells how far it is.", body = Session,
            headers(("Location" = String))),
        (status = 409, description = "`no_capacity_coming` or `session_quota_reached`.", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn request_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<SessionRequest>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::session::request(&state.plane, &actor, input).await
        })
        .await
}

/// Which sessions are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionParams {
    /// Only those of this pool.
    pub pool_id: Option<PoolId>,
    /// Only those of this person. People see their own whatever is said here.
    pub user_id: Option<UserId>,
    /// Only those on this server.
    pub server_id: Option<ServerId>,
    /// Ended ones too.
    #[serde(default)]
    pub include_ended: bool,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Sessions in the order of their requests: an admin sees all, others their own.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionParams),
    responses((status = 200, body = Page<Session>)))]
pub async fn list_sessions(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<SessionParams>,
) -> ApiResult<Json<Page<Session>>> {
    let page = PageQuery { cursor: params.cursor, limit: params.limit };
    let filter = control::session::Filter {
        pool: params.pool_id,
        user: params.user_id,
        server: params.server_id,
        include_ended: params.include_ended,
    };
    Ok(Json(control::session::list(&state.plane, &actor, filter, &page).await?))
}

/// One session: its owner's and admins' to see.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session)))]
pub async fn get_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(control::session::get(&state.plane, &actor, id).await?))
}

/// Ends a session, or the wait for one. The answer is the session as it ended. Ending does not sign the person out of
/// the machine.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session)))]
pub async fn end_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(control::session::end(&state.plane, &actor, id).await?))
}

/// The person is at work: pushes the session's end.
#[utoipa::path(post, path = "/sessions/{id}/keepalive", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session), (status = 409, description = "It still waits, or is over.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn keep_session_alive(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(control::session::keepalive(&state.plane, &actor, id).await?))
}

/// Shows the session's credentials to its owner, and to nobody else. Each look is in the audit log.
#[utoipa::path(post, path = "/sessions/{id}/reveal", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Revealed), (status = 409, description = "It still waits, or is over.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn reveal_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Response> {
    let revealed = control::session::reveal(&state.plane, &actor, id).await?;
    let mut response = Json(revealed).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The `.rdp` file of a session of an RDP pool. It holds no password.
#[utoipa::path(get, path = "/sessions/{id}/rdp", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = String, content_type = "application/x-rdp"),
        (status = 409, description = "Not an open RDP session.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn get_rdp_file(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Response> {
    let text = control::session::rdp_file(&state.plane, &actor, id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-rdp"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"session.rdp\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
