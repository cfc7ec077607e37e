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
    Ok(Json(
        control::zone::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One zone.
#[utoipa::path(get, path = "/zones/{id}", tag = "zones", params(("id" = ZoneId, Path)),
    responses((status = 200, body = Zone, headers(("ETag" = String)))))]
pub async fn get_zone(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ZoneId>,
) -> ApiResult<Response> {
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

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn a_zone_lives_and_ends() {
        let app = TestApp::new().await;
        let body = json!({ "name": "Office", "upstream_auth_address": "weir.example:8443" });
        let made = app
            .admin("POST", "/zones", Some(body.clone()))
            .await
            .expect(201);
        let path = format!("/zones/{}", made.member("id"));
        assert_eq!(made.header("location"), format!("/api/v1{path}"));
        assert_eq!(made.header("etag"), "\"v1\"");
        let got = app.admin("GET", &path, None).await.expect(200);
        assert_eq!(got.json()["upstream_auth_address"], "weir.example:8443");
        assert_eq!(got.header("etag"), "\"v1\"");
        assert_eq!(
            app.admin("GET", "/zones", None).await.expect(200).json()["items"][0]["name"],
            "Office"
        );

        let key = &app.admin_key;
        app.call(key, "PUT", &path, Some(body.clone()))
            .await
            .expect_problem(428, "version_required");
        let stale = [("if-match", "\"v7\"")];
        app.call_with(key, "PUT", &path, Some(body.clone()), &stale)
            .await
            .expect_problem(412, "version_mismatch");
        let seen = [("if-match", "\"v1\"")];
        let other = json!({ "name": "Home", "upstream_auth_address": "weir.example" });
        let put = app
            .call_with(key, "PUT", &path, Some(other), &seen)
            .await
            .expect(200);
        assert_eq!(
            (put.header("etag"), put.member("name").as_str()),
            ("\"v2\"", "Home")
        );
        app.call_with(key, "DELETE", &path, None, &seen)
            .await
            .expect_problem(412, "version_mismatch");
        app.call_with(key, "DELETE", &path, None, &[("if-match", "\"v2\"")])
            .await
            .expect(204);
        app.admin("GET", &path, None)
            .await
            .expect_problem(404, "not_found");
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        let app = TestApp::new().await;
        let body = json!({ "name": " ", "upstream_auth_address": "http://weir.example/" });
        let problem = app
            .admin("POST", "/zones", Some(body))
            .await
            .expect_problem(422, "invalid")
            .json();
        let pointers: Vec<_> = problem["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|e| e["pointer"].clone())
            .collect();
        assert_eq!(pointers, ["/name", "/upstream_auth_address"]);
        app.admin("POST", "/zones", Some(json!({ "name": 1 })))
            .await
            .expect_problem(422, "invalid");
        app.admin("GET", "/zones?limit=0", None)
            .await
            .expect_problem(422, "invalid");
        app.admin("GET", "/zones?limits=1", None)
            .await
            .expect_problem(422, "invalid");
        app.admin("GET", "/zones?cursor=abc", None)
            .await
            .expect_problem(422, "invalid");
        app.admin("GET", "/zones/nonsense", None)
            .await
            .expect_problem(404, "not_found");
        app.user("GET", "/zones", None)
            .await
            .expect_problem(403, "forbidden");
        let body = json!({ "name": "Office", "upstream_auth_address": "weir.example" });
        app.admin("POST", "/zones", Some(body.clone()))
            .await
            .expect(201);
        let problem = app
            .admin("POST", "/zones", Some(body))
            .await
            .expect_problem(422, "invalid")
            .json();
        assert_eq!(problem["errors"][0]["pointer"], "/name");
    }

    #[tokio::test]
    async fn pages_follow_each_other() {
        let app = TestApp::new().await;
        for number in 0..5 {
            let body = json!({ "name": format!("Zone {number}"), "upstream_auth_address": "weir.example" });
            app.admin("POST", "/zones", Some(body)).await.expect(201);
        }
        let (mut names, mut path) = (Vec::new(), "/zones?limit=2".to_owned());
        loop {
            let page = app.admin("GET", &path, None).await.expect(200).json();
            names.extend(
                page["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|zone| zone["name"].clone()),
            );
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/zones?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        // Zones of one millisecond have no order of their own; each is there once.
        names.sort_by_key(ToString::to_string);
        assert_eq!(names, ["Zone 0", "Zone 1", "Zone 2", "Zone 3", "Zone 4"]);
    }
}
