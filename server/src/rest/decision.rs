//! What the loop has decided, with its numbers.

use axum::extract::State;
use domain::id::{DecisionId, PoolId};
use domain::page::{Page, PageQuery};
use domain::plan::{Decision, Reason};
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
    /// Only those that give this reason.
    pub reason: Option<Reason>,
    /// Only this one and those before it.
    pub up_to: Option<DecisionId>,
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
    let filter = control::decision::Filter {
        pool: params.pool_id,
        reason: params.reason,
        up_to: params.up_to,
    };
    Ok(Json(
        control::decision::list(&state.plane, &actor, filter, &page).await?,
    ))
}

/// The newest decision about each pool that has one: what holds now.
#[utoipa::path(get, path = "/decisions/newest", tag = "decisions",
    responses((status = 200, body = Vec<Decision>)))]
pub async fn list_newest_decisions(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Vec<Decision>>> {
    Ok(Json(control::decision::newest(&state.plane, &actor).await?))
}

#[cfg(test)]
mod tests {
    use control::reconciler;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    /// The newest conclusion about the only config of a pool, with what else its report says.
    async fn newest(app: &TestApp, pool: &str) -> (Value, Value) {
        let path = format!("/decisions?pool_id={pool}");
        let decisions = app.admin("GET", &path, None).await.expect(200).json();
        let report = decisions["items"][0]["report"]["configs"][0].clone();
        (report["findings"][0]["reason"].clone(), report)
    }

    #[tokio::test]
    async fn a_script_that_does_not_fit_is_said_and_not_tried_again_and_again() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "minimum_available_sessions": 1 }))
            .await;
        let path = format!("/providers/{}", made.provider);
        let with_limit = async |limit: u32| {
            let provider = app.admin("GET", &path, None).await.expect(200).json();
            let mut settings = provider["settings"].clone();
            settings["script_limit_bytes"] = json!(limit);
            app.change_provider(&made.provider, json!({ "settings": settings }))
                .await;
        };
        with_limit(20).await;
        for _ in 0..3 {
            reconciler::tick(&app.plane).await.expect("a tick");
        }
        let (reason, report) = newest(&app, &made.pool).await;
        assert_eq!(reason, "held.unprepared", "{report}");
        assert_eq!(report["up"]["create"], 0, "{report}");
        let problem = report["problem"].as_str().expect("a problem");
        assert!(problem.contains("the provider takes 20"), "{problem}");

        // The edit is enough: nobody waits for the next try.
        with_limit(4096).await;
        let tick = reconciler::tick(&app.plane).await.expect("a tick");
        let kinds: Vec<_> = tick.effects.iter().map(reconciler::Effect::kind).collect();
        assert!(kinds.contains(&"create"), "{kinds:?}");
        let (reason, report) = newest(&app, &made.pool).await;
        assert_eq!(reason, "grew.below_minimum", "{report}");
        // What holds now is the newest of them, one a pool.
        let now = app.admin("GET", "/decisions/newest", None).await;
        let now = now.expect(200).json();
        assert_eq!(now.as_array().map(Vec::len), Some(1), "{now}");
        assert_eq!(now[0]["report"]["configs"][0], report);
    }
}
