//! The history of autoscale configs.

use axum::extract::State;
use axum::response::Response;
use domain::autoscale::{ConfigVersion, SavedConfig};
use domain::id::ConfigId;
use domain::page::Page;

use crate::auth::Caller;
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, IdAndVersion, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

/// The versions of an autoscale config, newest first: who has changed what.
#[utoipa::path(get, path = "/autoscale-configs/{id}/versions", tag = "autoscale-configs",
    params(("id" = ConfigId, Path), PageParams), responses((status = 200, body = Page<ConfigVersion>)))]
pub async fn list_autoscale_config_versions(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConfigId>,
    Query(params): Query<PageParams>,
) -> ApiResult<Json<Page<ConfigVersion>>> {
    Ok(Json(
        control::autoscale::versions(&state.plane, &actor, id, &params.into()).await?,
    ))
}

/// Sets an autoscale config back to one of its versions, its secrets too. It is a change as any other: it makes a new
/// version, and what no longer holds, such as a zone that is gone, is refused.
#[utoipa::path(post, path = "/autoscale-configs/{id}/versions/{version}/restore", tag = "autoscale-configs",
    params(("id" = ConfigId, Path), ("version" = i64, Path, minimum = 1), IfMatchHeader),
    responses((status = 200, body = SavedConfig, headers(("ETag" = String)))))]
pub async fn restore_autoscale_config_version(
    State(state): State<AppState>,
    Caller(actor): Caller,
    IdAndVersion(id, version): IdAndVersion<ConfigId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<Response> {
    let config = control::autoscale::restore(&state.plane, &actor, id, seen, version).await?;
    Ok(versioned(config.version, config))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Answer, Made, TestApp};

    async fn put(app: &TestApp, made: &Made, version: i64, changes: Value) -> Answer {
        let mut document = made.document.clone();
        for (key, value) in changes.as_object().into_iter().flatten() {
            document[key] = value.clone();
        }
        let path = format!("/autoscale-configs/{}", made.config);
        let seen = format!("\"v{version}\"");
        let seen = [("if-match", seen.as_str())];
        app.call_with(&app.admin_key, "PUT", &path, Some(document), &seen)
            .await
    }

    async fn restore(app: &TestApp, made: &Made, seen: i64, version: i64) -> Answer {
        let path = format!(
            "/autoscale-configs/{}/versions/{version}/restore",
            made.config
        );
        let seen = format!("\"v{seen}\"");
        let seen = [("if-match", seen.as_str())];
        app.call_with(&app.admin_key, "POST", &path, None, &seen)
            .await
    }

    async fn versions(app: &TestApp, made: &Made, query: &str) -> Value {
        let path = format!("/autoscale-configs/{}/versions{query}", made.config);
        app.admin("GET", &path, None).await.expect(200).json()
    }

    #[tokio::test]
    async fn each_version_says_who_changed_what_and_an_older_one_comes_back() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "minimum_available_sessions": 1 }))
            .await;
        let changes = json!({ "minimum_available_sessions": 3, "reusable": false });
        put(&app, &made, 1, changes).await.expect(200);

        let list = versions(&app, &made, "").await;
        assert_eq!(list["next_cursor"], Value::Null);
        let [second, first] = list["items"].as_array().expect("a list").as_slice() else {
            panic!("{list}");
        };
        assert_eq!(
            (&second["version"], &second["previous"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(second["actor_name"], "key of ada");
        assert!(second["at"].is_string(), "{second}");
        assert_eq!(
            second["changes"],
            json!([
                { "key": "reusable", "label": "Reusable", "old": true, "new": false },
                { "key": "minimum_available_sessions", "label": "Minimum Available Sessions", "old": 1, "new": 3 },
            ])
        );
        assert_eq!(second["restore_changes"], json!([]));
        assert_eq!(
            (&first["previous"], &first["changes"]),
            (&Value::Null, &json!([]))
        );
        assert_eq!(first["restore_changes"][1]["new"], 1);

        // It is a change as any other: on the version that was seen, and written down.
        restore(&app, &made, 1, 1)
            .await
            .expect_problem(412, "version_mismatch");
        let restored = restore(&app, &made, 2, 1).await.expect(200);
        assert_eq!(restored.header("etag"), "\"v3\"");
        assert_eq!(restored.json()["minimum_available_sessions"], 1);
        assert_eq!(restored.json()["reusable"], true);
        let list = versions(&app, &made, "").await;
        assert_eq!(list["items"][0]["restored_from"], 1);
        assert_eq!(list["items"][0]["changes"][1]["new"], 1);
        let path = format!("/audit?target={}", made.config);
        let audit = app.admin("GET", &path, None).await.expect(200).json();
        let entry = &audit["items"][0];
        assert_eq!(entry["action"], "autoscale_config.restore");
        assert_eq!(entry["detail"]["restored_from"], 1);
        assert_eq!(entry["detail"]["version"], 3);

        // Newest first, in pages.
        let page = versions(&app, &made, "?limit=2").await;
        let numbers = |page: &Value| -> Vec<Value> {
            let items = page["items"].as_array().expect("a list").iter();
            items.map(|item| item["version"].clone()).collect()
        };
        assert_eq!(numbers(&page), [3, 2]);
        // The last of a page is told against one that is not on it.
        assert_eq!(page["items"][1]["previous"], 1);
        let cursor = page["next_cursor"].as_str().expect("a next page");
        let page = versions(&app, &made, &format!("?cursor={cursor}")).await;
        assert_eq!(numbers(&page), [1]);
        assert_eq!(page["next_cursor"], Value::Null);
    }

    #[tokio::test]
    async fn a_secret_comes_back_with_its_version_and_is_never_shown() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "connection_password": "hunter1" }))
            .await;
        let mut secrets = vec![Value::Null];
        let path = format!("/autoscale-configs/{}", made.config);
        let saved = app.admin("GET", &path, None).await.expect(200);
        secrets.push(saved.json()["secrets"].clone());
        for (version, value) in (1..).zip([json!("hunter2"), Value::Null]) {
            let changes = json!({ "connection_password": value });
            let saved = put(&app, &made, version, changes).await.expect(200);
            secrets.push(saved.json()["secrets"].clone());
        }
        assert_eq!(secrets[3], json!({}));
        let list = versions(&app, &made, "").await;
        let what = |at: usize| list["items"][at]["changes"][0]["secret"].clone();
        assert_eq!((what(0), what(1)), (json!("removed"), json!("changed")));
        assert!(!list.to_string().contains("hunter"), "{list}");
        for (seen, version) in (3..).zip([2, 1, 3]) {
            let restored = restore(&app, &made, seen, version).await.expect(200);
            assert!(!restored.text.contains("hunter"), "{restored:?}");
            let at = usize::try_from(version).expect("a small number");
            assert_eq!(restored.json()["secrets"], secrets[at]);
        }
    }

    #[tokio::test]
    async fn what_no_longer_holds_is_not_restored() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let other = app.pool("Others", json!({})).await;
        put(&app, &made, 1, json!({ "deployment_zone_id": other.zone }))
            .await
            .expect(200);
        let zone = format!("/zones/{}", made.zone);
        let seen = [("if-match", "\"v1\"")];
        app.call_with(&app.admin_key, "DELETE", &zone, None, &seen)
            .await
            .expect(204);
        let refused = restore(&app, &made, 2, 1)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/deployment_zone_id"
        );
        for version in [0, 3, i64::MAX] {
            restore(&app, &made, 2, version)
                .await
                .expect_problem(404, "not_found");
        }
        let path = format!("/autoscale-configs/{}/versions", made.config);
        app.user("GET", &path, None)
            .await
            .expect_problem(403, "forbidden");
        let path = format!("{path}/one/restore");
        app.call_with(&app.admin_key, "POST", &path, None, &seen)
            .await
            .expect_problem(404, "not_found");
    }

    #[tokio::test]
    async fn what_is_deleted_has_no_versions_and_stays_in_the_audit_log() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let path = format!("/autoscale-configs/{}", made.config);
        let seen = [("if-match", "\"v1\"")];
        app.call_with(&app.admin_key, "DELETE", &path, None, &seen)
            .await
            .expect(204);
        app.admin("GET", &format!("{path}/versions"), None)
            .await
            .expect_problem(404, "not_found");
        let audit = format!("/audit?target={}", made.config);
        let audit = app.admin("GET", &audit, None).await.expect(200).json();
        assert_eq!(audit["items"].as_array().map(Vec::len), Some(2), "{audit}");
    }
}
