//! Deployment zones.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::ZoneId;
use domain::page::Page;
use domain::zone::{Zone, ZoneInput};

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for Zone {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Zones in the order of their making.
#[utoipa::path(get, path = "/zones", tag = "zones", params(PageParams),
    responses((status = 200, body = Page<Zone>)))]
pub async fn list_zones(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Zone>>> {
    Ok(Json(control::zone::list(&state.plane, &actor, &page.into()).await?))
}

/// One zone.
#[utoipa::path(get, path = "/zones/{id}", tag = "zones", params(("id" = ZoneId, Path)),
    responses((status = 200, body = Zone, headers(("ETag" = String)))))]
pub async fn get_zone(State(state): State<AppState>, Caller(actor): Caller, Id(id): Id<ZoneId>) -> ApiResult<Response> {
    let zone = control::zone::get(&state.plane, &actor, id).await?;
    Ok(versioned(zone.version, zone))
}

/// Makes a zone.
#[utoipa::path(post, path = "/zones", tag = "zones", params(IdempotencyKeyHeader), request_body = ZoneInput,
    responses((status = 201, body = Zone, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_zone(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<ZoneInput>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::zone::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces a zone.
#[utoipa::path(put, path = "/zones/{id}", tag = "zones", params(("id" = ZoneId, Path), IfMatchHeader),
    request_body = ZoneInput, responses((status = 200, body = Zone, headers(("ETag" = String)))))]
pub async fn replace_zone(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ZoneId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<ZoneInput>,
) -> ApiResult<Response> {
    let zone = control::zone::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(zone.version, zone))
}

/// Deletes a zone.
#[utoipa::path(delete, path = "/zones/{id}", tag = "zones", params(("id" = ZoneId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_zone(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ZoneId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::zone::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
