//! The audit log.

use axum::extract::State;
use domain::audit::{AuditFilter, AuditRecord};
use domain::page::{Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::Query;
use crate::state::AppState;

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Only what was done to this: an id with its prefix.
    #[param(pattern = "^[a-z]+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    pub target: Option<String>,
    /// Only what people did, themselves or by an API key.
    pub by_people: Option<bool>,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = Page<AuditRecord>)))]
pub async fn list_audit(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<AuditParams>,
) -> ApiResult<Json<Page<AuditRecord>>> {
    let filter = AuditFilter {
        target: params.target,
        by_people: params.by_people.unwrap_or_default(),
    };
    let page = PageQuery {
        cursor: params.cursor,
        limit: params.limit,
    };
    Ok(Json(
        control::audit::list(&state.plane, &actor, &filter, &page).await?,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn what_was_done_to_one_thing_is_found_with_who_did_it() {
        let app = TestApp::new().await;
        let zone = |name: &str| json!({ "name": name, "upstream_auth_address": "weir.example" });
        let make = async |name: &str| {
            let made = app.admin("POST", "/zones", Some(zone(name))).await;
            made.expect(201).member("id")
        };
        let (here, _there) = (make("Here").await, make("There").await);
        let list = async |query: &str| {
            let path = format!("/audit?{query}");
            let answer = app.admin("GET", &path, None).await.expect(200).json();
            answer["items"].as_array().expect("a list").clone()
        };
        let about = list(&format!("target={here}")).await;
        assert_eq!(about.len(), 1, "{about:?}");
        assert_eq!(about[0]["action"], "zone.create");
        assert_eq!(about[0]["actor_name"], "key of ada");
        let (all, people) = (list("").await, list("by_people=true").await);
        let is_by_system = |entry: &serde_json::Value| entry["actor"] == "system";
        assert!(all.iter().any(is_by_system), "{all:?}");
        assert_eq!(people.len(), 2, "{people:?}");
        app.admin("GET", "/audit?target=Here", None)
            .await
            .expect_problem(422, "invalid");
    }
}
