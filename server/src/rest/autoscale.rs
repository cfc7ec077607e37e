//! Autoscale configs: bodies are the keys of the form `autoscale`.

use crate::openapi::AutoscaleConfigDocument;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::autoscale::{PlanPreview, RenderedScript, SavedConfig, Validation};
use domain::form::Draft;
use domain::id::ConfigId;
use domain::id::PoolId;
use domain::page::Page;
use domain::page::PageQuery;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for SavedConfig {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Which autoscale configs are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConfigParams {
    /// Only those of this pool.
    pub pool_id: Option<PoolId>,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Autoscale configs in the order of their making: of one pool, or of all.
#[utoipa::path(get, path = "/autoscale-configs", tag = "autoscale-configs", params(ConfigParams),
    responses((status = 200, body = Page<SavedConfig>)))]
pub async fn list_autoscale_configs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<ConfigParams>,
) -> ApiResult<Json<Page<SavedConfig>>> {
    let page = PageQuery {
        cursor: params.cursor,
        limit: params.limit,
    };
    Ok(Json(
        control::autoscale::list(&state.plane, &actor, params.pool_id, &page).await?,
    ))
}

/// One autoscale config.
#[utoipa::path(get, path = "/autoscale-configs/{id}", tag = "autoscale-configs", params(("id" = ConfigId, Path)),
    responses((status = 200, body = SavedConfig, headers(("ETag" = String)))))]
pub async fn get_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConfigId>,
) -> ApiResult<Response> {
    let autoscale_config = control::autoscale::get(&state.plane, &actor, id).await?;
    Ok(versioned(autoscale_config.version, autoscale_config))
}

/// Makes an autoscale config.
#[utoipa::path(post, path = "/autoscale-configs", tag = "autoscale-configs", params(IdempotencyKeyHeader), request_body = AutoscaleConfigDocument,
    responses((status = 201, body = SavedConfig, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<Draft>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::autoscale::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces an autoscale config. An absent secret stays, `null` removes it.
#[utoipa::path(put, path = "/autoscale-configs/{id}", tag = "autoscale-configs", params(("id" = ConfigId, Path), IfMatchHeader),
    request_body = AutoscaleConfigDocument, responses((status = 200, body = SavedConfig, headers(("ETag" = String)))))]
pub async fn replace_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConfigId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<Draft>,
) -> ApiResult<Response> {
    let autoscale_config =
        control::autoscale::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(autoscale_config.version, autoscale_config))
}

/// Deletes an autoscale config. It has no servers any more.
#[utoipa::path(delete, path = "/autoscale-configs/{id}", tag = "autoscale-configs", params(("id" = ConfigId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConfigId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::autoscale::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For which saved config a document is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedParams {
    /// The saved config that the document is to replace; its secrets count as set. Absent for a new one.
    pub config_id: Option<ConfigId>,
}

/// What is wrong with a document before it is saved. Nothing is changed.
#[utoipa::path(post, path = "/autoscale-configs/validate", tag = "autoscale-configs", params(SavedParams),
    request_body = AutoscaleConfigDocument, responses((status = 200, body = Validation)))]
pub async fn validate_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(saved): Query<SavedParams>,
    Json(draft): Json<Draft>,
) -> ApiResult<Json<Validation>> {
    Ok(Json(
        control::autoscale::validate(&state.plane, &actor, saved.config_id, draft).await?,
    ))
}

/// What the loop would do now if this document were saved. Nothing is changed.
#[utoipa::path(post, path = "/autoscale-configs/plan", tag = "autoscale-configs", params(SavedParams),
    request_body = AutoscaleConfigDocument, responses((status = 200, body = PlanPreview)))]
pub async fn plan_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(saved): Query<SavedParams>,
    Json(draft): Json<Draft>,
) -> ApiResult<Json<PlanPreview>> {
    Ok(Json(
        control::autoscale::plan(&state.plane, &actor, saved.config_id, draft).await?,
    ))
}

/// What the loop would do now for a saved config. Nothing is changed.
#[utoipa::path(post, path = "/autoscale-configs/{id}/plan", tag = "autoscale-configs", params(("id" = ConfigId, Path)),
    responses((status = 200, body = PlanPreview)))]
pub async fn plan_saved_autoscale_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConfigId>,
) -> ApiResult<Json<PlanPreview>> {
    Ok(Json(
        control::autoscale::plan_saved(&state.plane, &actor, id).await?,
    ))
}

/// A start-up script to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderScriptInput {
    /// The keys of the autoscale config, saved or not.
    #[schema(value_type = AutoscaleConfigDocument)]
    pub config: Draft,
    /// Stands in for the provider config's script.
    #[serde(default)]
    #[schema(max_length = 65_536)]
    pub template: Option<String>,
}

/// The start-up script as a server of this config would get it, with sample values and masked secrets.
#[utoipa::path(post, path = "/autoscale-configs/render-script", tag = "autoscale-configs", params(SavedParams),
    request_body = RenderScriptInput, responses((status = 200, body = RenderedScript)))]
pub async fn render_script(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(saved): Query<SavedParams>,
    Json(input): Json<RenderScriptInput>,
) -> ApiResult<Json<RenderedScript>> {
    Ok(Json(
        control::autoscale::render_script(
            &state.plane,
            &actor,
            saved.config_id,
            input.config,
            input.template,
        )
        .await?,
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn a_config_is_answered_as_it_was_sent_without_its_secrets() {
        let app = TestApp::new().await;
        let secrets = json!({
            "use_user_ssh_key": false, "connection_credential_type": "static", "connection_username": "desk",
            "connection_password": "hunter2-hunter2",
        });
        let made = app.pool("Desks", secrets).await;
        let path = format!("/autoscale-configs/{}", made.config);
        let got = app.admin("GET", &path, None).await.expect(200);
        assert!(!got.text.contains("hunter2"), "{got:?}");
        for (key, value) in made.document.as_object().expect("an object") {
            if key != "connection_password" {
                assert_eq!(got.json()[key], *value, "{key}");
            }
        }
        assert!(
            got.json()["secrets"]["connection_password"]["set_at"].is_string(),
            "{got:?}"
        );

        // Absent keeps, null removes.
        let mut document = made.document.clone();
        document
            .as_object_mut()
            .expect("an object")
            .remove("connection_password");
        let seen = [("if-match", "\"v1\"")];
        let put = app
            .call_with(&app.admin_key, "PUT", &path, Some(document.clone()), &seen)
            .await
            .expect(200);
        assert!(
            put.json()["secrets"]["connection_password"].is_object(),
            "{put:?}"
        );
        document["connection_password"] = json!(null);
        document["enabled"] = json!(false);
        let seen = [("if-match", put.header("etag"))];
        app.call_with(&app.admin_key, "PUT", &path, Some(document), &seen)
            .await
            .expect_problem(422, "invalid");
    }

    #[tokio::test]
    async fn an_unsaved_config_is_judged_planned_and_rendered() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "minimum_available_sessions": 3 }))
            .await;
        let plan = app
            .admin(
                "POST",
                &format!("/autoscale-configs/{}/plan", made.config),
                None,
            )
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&plan["create"], &plan["seats_per_server"]),
            (&json!(2), &json!(2)),
            "{plan}"
        );

        let mut document = made.document.clone();
        document["name"] = json!("Another");
        document["minimum_available_sessions"] = json!(5);
        let path = format!("/autoscale-configs/plan?config_id={}", made.config);
        let plan = app
            .admin("POST", &path, Some(document.clone()))
            .await
            .expect(200)
            .json();
        assert_eq!(plan["create"], 3, "{plan}");
        let verdict = app
            .admin(
                "POST",
                "/autoscale-configs/validate",
                Some(document.clone()),
            )
            .await
            .expect(200)
            .json();
        assert_eq!(verdict["errors"], json!([]), "{verdict}");
        document["minimum_available_sessions"] = json!(-1);
        let verdict = app
            .admin(
                "POST",
                "/autoscale-configs/validate",
                Some(document.clone()),
            )
            .await
            .expect(200)
            .json();
        assert_eq!(
            verdict["errors"][0]["pointer"], "/minimum_available_sessions",
            "{verdict}"
        );
        app.admin("POST", "/autoscale-configs", Some(document))
            .await
            .expect_problem(422, "invalid");

        let body = json!({ "config": made.document, "template": "{checkin_jwd}" });
        app.admin("POST", "/autoscale-configs/render-script", Some(body))
            .await
            .expect_problem(422, "invalid");

        let body = json!({ "config": made.document });
        for (verb, body) in [
            ("validate", &made.document),
            ("plan", &made.document),
            ("render-script", &body),
        ] {
            let of_none = format!(
                "/autoscale-configs/{verb}?config_id=cfg_00000000-0000-0000-0000-000000000000"
            );
            app.admin("POST", &of_none, Some(body.clone()))
                .await
                .expect_problem(404, "not_found");
        }
    }

    #[tokio::test]
    async fn connection_info_that_is_no_object_is_refused_with_its_place() {
        let app = TestApp::new().await;
        let mut document = app.pool("Desks", json!({})).await.document;
        document["name"] = json!("Another");
        for (info, code, message) in [
            (
                json!("{\"b\": 1\n  \"a\": 2}"),
                "bad_format",
                "Line 2, column 3: a comma or } is missing before this.",
            ),
            (
                json!("{\"a\": 1}"),
                "wrong_type",
                "This is a text. Send the object itself, without quotes around it.",
            ),
            (
                json!([1]),
                "wrong_type",
                "This is a list, not an object: { ... }.",
            ),
        ] {
            document["connection_info"] = info;
            let answer = app
                .admin("POST", "/autoscale-configs", Some(document.clone()))
                .await
                .expect(422)
                .json();
            let wanted =
                json!([{ "pointer": "/connection_info", "code": code, "message": message }]);
            assert_eq!(answer["errors"], wanted, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_previewed_script_shows_a_mask_for_each_secret_that_is_set() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let mut with_password = made.document.clone();
        with_password["connection_password"] = json!("hunter2-hunter2");
        let rendered = async |path: &str, document: &Value| {
            let template = "at {upstream_auth_address}: {connection_username}/{connection_password}/{checkin_jwt}";
            let body = json!({ "config": document, "template": template });
            let answer = app.admin("POST", path, Some(body)).await.expect(200);
            assert!(!answer.text.contains("hunter2"), "{answer:?}");
            answer.member("script")
        };
        let path = "/autoscale-configs/render-script";
        let masked = "at 127.0.0.1:3000: desk/********/********";
        assert_eq!(rendered(path, &with_password).await, masked);
        let without = rendered(path, &made.document).await;
        assert_eq!(without, "at 127.0.0.1:3000: desk//********");

        // A secret that was saved is not sent again, and counts all the same.
        let config = format!("/autoscale-configs/{}", made.config);
        let seen = [("if-match", "\"v1\"")];
        app.call_with(&app.admin_key, "PUT", &config, Some(with_password), &seen)
            .await
            .expect(200);
        let saved = format!("{path}?config_id={}", made.config);
        assert_eq!(rendered(&saved, &made.document).await, masked);
    }

    #[tokio::test]
    async fn a_script_too_long_for_its_provider_is_warned_of() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let small = json!({
            "name": "Small", "kind": "fake", "max_instances": 1, "startup_script": "{checkin_jwt}",
            "settings": { "script_limit_bytes": 20 },
        });
        let small = app
            .admin("POST", "/providers", Some(small))
            .await
            .expect(201)
            .member("id");
        let mut document = made.document.clone();
        for (provider, count) in [(&made.provider, 0), (&small, 1)] {
            document["name"] = json!("Another");
            document["provider_id"] = json!(provider);
            let path = "/autoscale-configs/validate";
            let verdict = app.admin("POST", path, Some(document.clone())).await;
            let verdict = verdict.expect(200).json();
            let warnings = verdict["warnings"].as_array().expect("warnings").iter();
            let about_size = warnings.filter(|one| {
                one["key"] == "startup_script" && one["message"].to_string().contains("bytes")
            });
            assert_eq!(about_size.count(), count, "{verdict}");
        }
    }

    #[tokio::test]
    async fn a_config_with_servers_stays_in_its_pool_and_zone() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "minimum_available_sessions": 1 }))
            .await;
        let other = app.pool("Others", json!({})).await;
        let path = format!("/autoscale-configs/{}", made.config);
        let mut moved = made.document.clone();
        moved["deployment_zone_id"] = json!(other.zone);
        let put = async |version: &str, document: &Value| {
            let seen = [("if-match", version)];
            let document = Some(document.clone());
            app.call_with(&app.admin_key, "PUT", &path, document, &seen)
                .await
        };
        // Without servers it may move.
        put("\"v1\"", &moved).await.expect(200);
        app.begin_loop();
        let servers = format!("/servers?pool_id={}", made.pool);
        app.until(&app.admin_key, &servers, |list| {
            !list["items"].as_array().is_none_or(Vec::is_empty)
        })
        .await;
        moved["deployment_zone_id"] = json!(made.zone);
        moved["pool_id"] = json!(other.pool);
        let refused = put("\"v2\"", &moved).await.expect_problem(422, "invalid");
        let errors = refused.json()["errors"].clone();
        let errors = errors.as_array().expect("errors").iter();
        let pointers: Vec<_> = errors.map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, ["/pool_id", "/deployment_zone_id"]);
    }

    #[tokio::test]
    async fn what_is_in_use_stays() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let seen = [("if-match", "\"v1\"")];
        for path in [
            format!("/pools/{}", made.pool),
            format!("/zones/{}", made.zone),
            format!("/providers/{}", made.provider),
        ] {
            let answer = app
                .call_with(&app.admin_key, "DELETE", &path, None, &seen)
                .await;
            assert!(
                answer.expect_problem(409, "in_use").text.contains("Desks"),
                "{path}"
            );
        }
        let path = format!("/autoscale-configs/{}", made.config);
        app.call_with(&app.admin_key, "DELETE", &path, None, &seen)
            .await
            .expect(204);
        app.admin("GET", &path, None)
            .await
            .expect_problem(404, "not_found");
    }
}
