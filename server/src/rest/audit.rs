//! The audit log.

use axum::extract::State;
use domain::audit::AuditRecord;
use domain::page::Page;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{PageParams, Query};
use crate::state::AppState;

/// Who changed what, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(PageParams),
    responses((status = 200, body = Page<AuditRecord>)))]
pub async fn list_audit(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<AuditRecord>>> {
    Ok(Json(
        control::audit::list(&state.plane, &actor, &page.into()).await?,
    ))
}
