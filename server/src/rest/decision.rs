//! What the loop has decided, with its numbers.

use axum::extract::State;
use domain::id::PoolId;
use domain::page::{Page, PageQuery};
use domain::plan::Decision;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::Query;
use crate::state::AppState;

/// Which decisions are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DecisionParams {
    /// Only those about this pool.
    pub pool_id: Option<PoolId>,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Decisions of the loop, newest first: about one pool, or all.
#[utoipa::path(get, path = "/decisions", tag = "decisions", params(DecisionParams),
    responses((status = 200, body = Page<Decision>)))]
pub async fn list_decisions(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<DecisionParams>,
) -> ApiResult<Json<Page<Decision>>> {
    let page = PageQuery {
        cursor: params.cursor,
        limit: params.limit,
    };
    Ok(Json(
        control::decision::list(&state.plane, &actor, params.pool_id, &page).await?,
    ))
}
