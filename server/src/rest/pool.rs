//! Pools.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::capacity::{Capacity, CapacityLine};
use domain::id::PoolId;
use domain::page::Page;
use domain::pool::{Pool, PoolInput};
use domain::start::PoolStarts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for Pool {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Pools in the order of their making.
#[utoipa::path(get, path = "/pools", tag = "pools", params(PageParams),
    responses((status = 200, body = Page<Pool>)))]
pub async fn list_pools(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Pool>>> {
    Ok(Json(
        control::pool::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One pool.
#[utoipa::path(get, path = "/pools/{id}", tag = "pools", params(("id" = PoolId, Path)),
    responses((status = 200, body = Pool, headers(("ETag" = String)))))]
pub async fn get_pool(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<PoolId>,
) -> ApiResult<Response> {
    let pool = control::pool::get(&state.plane, &actor, id).await?;
    Ok(versioned(pool.version, pool))
}

/// Over which time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CapacityParams {
    /// The hours before now, 1 when nothing is said.
    #[param(minimum = 1, maximum = 720)]
    pub hours: Option<u32>,
}

/// What a pool held in the last hours.
#[utoipa::path(get, path = "/pools/{id}/capacity", tag = "pools", params(("id" = PoolId, Path), CapacityParams),
    responses((status = 200, body = Capacity)))]
pub async fn get_pool_capacity(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<PoolId>,
    Query(params): Query<CapacityParams>,
) -> ApiResult<Json<Capacity>> {
    let hours = params.hours.unwrap_or(1);
    Ok(Json(
        control::pool::capacity(&state.plane, &actor, id, hours).await?,
    ))
}

/// How long a new server of a pool takes until it is ready.
#[utoipa::path(get, path = "/pools/{id}/starts", tag = "pools", params(("id" = PoolId, Path)),
    responses((status = 200, body = PoolStarts)))]
pub async fn get_pool_starts(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<PoolId>,
) -> ApiResult<Json<PoolStarts>> {
    Ok(Json(control::pool::starts(&state.plane, &actor, id).await?))
}

/// What each pool held in the last hour, in steps of two minutes: pools in the order of their making.
#[utoipa::path(get, path = "/capacity", tag = "pools", params(PageParams),
    responses((status = 200, body = Page<CapacityLine>)))]
pub async fn list_capacity_lines(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<CapacityLine>>> {
    Ok(Json(
        control::pool::capacity_lines(&state.plane, &actor, &page.into()).await?,
    ))
}

/// Makes a pool.
#[utoipa::path(post, path = "/pools", tag = "pools", params(IdempotencyKeyHeader), request_body = PoolInput,
    responses((status = 201, body = Pool, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_pool(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<PoolInput>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::pool::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces a pool.
#[utoipa::path(put, path = "/pools/{id}", tag = "pools", params(("id" = PoolId, Path), IfMatchHeader),
    request_body = PoolInput, responses((status = 200, body = Pool, headers(("ETag" = String)))))]
pub async fn replace_pool(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<PoolId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<PoolInput>,
) -> ApiResult<Response> {
    let pool = control::pool::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(pool.version, pool))
}

/// Deletes a pool. It has no server and no config any more.
#[utoipa::path(delete, path = "/pools/{id}", tag = "pools", params(("id" = PoolId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_pool(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<PoolId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::pool::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use control::reconciler;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    #[tokio::test]
    async fn what_a_pool_holds_is_in_its_newest_step() {
        let app = TestApp::new().await;
        let made = app.fixed().await;
        let ask = json!({ "pool_id": made.pool });
        app.user("POST", "/sessions", Some(ask)).await.expect(201);
        let path = |hours| format!("/pools/{}/capacity?hours={hours}", made.pool);
        let capacity = app.admin("GET", &path(1), None).await.expect(200).json();
        let steps = capacity["steps"].as_array().expect("steps");
        assert_eq!(
            (steps.len(), &capacity["step_millis"]),
            (120, &json!(30_000))
        );
        let first = json!({
            "seats": 0, "in_use": 0, "waiting": 0, "minimum": 0, "grown": 0, "shrunk": 0,
        });
        assert_eq!(steps[0], first);
        let last = &steps[119];
        assert_eq!(
            (&last["seats"], &last["in_use"]),
            (&json!(2), &json!(1)),
            "{last}"
        );
        assert_eq!(
            (&last["grown"], &last["shrunk"]),
            (&json!(1), &json!(0)),
            "{last}"
        );
        app.admin("GET", &path(721), None)
            .await
            .expect_problem(422, "invalid");
        app.user("GET", &path(1), None)
            .await
            .expect_problem(403, "forbidden");
    }

    #[tokio::test]
    async fn a_decision_that_grows_is_marked_beside_what_the_pool_holds() {
        let app = TestApp::new().await;
        let minimum = json!({ "minimum_available_sessions": 1 });
        let made = app.pool("Desks", minimum).await;
        reconciler::tick(&app.plane).await.expect("a tick");
        let get = async |path: String| app.admin("GET", &path, None).await.expect(200).json();
        let decisions = get(format!("/decisions?pool_id={}", made.pool)).await;
        let grew = &decisions["items"][0]["id"];
        let capacity = get(format!("/pools/{}/capacity", made.pool)).await;
        assert_eq!(capacity["now"]["minimum"], 1, "{capacity}");
        let marks = capacity["marks"].as_array().expect("marks");
        let is_it = |mark: &Value| mark["kind"] == "grew" && &mark["decision_id"] == grew;
        assert!(marks.iter().any(is_it), "{marks:?}");
    }

    #[tokio::test]
    async fn without_enough_starts_nothing_is_said_about_the_next() {
        let app = TestApp::new().await;
        let made = app.fixed().await;
        let path = format!("/pools/{}/starts", made.pool);
        let starts = app.admin("GET", &path, None).await.expect(200).json();
        assert_eq!(starts, json!({ "usual": null }));
        app.user("GET", &path, None)
            .await
            .expect_problem(403, "forbidden");
    }
}
