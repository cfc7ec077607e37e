//! Provider configs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::ProviderId;
use domain::page::Page;
use domain::provider::{
    Provider, ProviderChoice, ProviderChoices, ProviderChoicesInput, ProviderInput, ProviderKind,
    TestCheck,
};

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::form::FormTable;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for Provider {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Provider configs in the order of their making.
#[utoipa::path(get, path = "/providers", tag = "providers", params(PageParams),
    responses((status = 200, body = Page<Provider>)))]
pub async fn list_providers(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<Provider>>> {
    Ok(Json(
        control::provider::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One provider config.
#[utoipa::path(get, path = "/providers/{id}", tag = "providers", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Provider, headers(("ETag" = String)))))]
pub async fn get_provider(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ProviderId>,
) -> ApiResult<Response> {
    let provider = control::provider::get(&state.plane, &actor, id).await?;
    Ok(versioned(provider.version, provider))
}

/// Makes a provider config.
#[utoipa::path(post, path = "/providers", tag = "providers", params(IdempotencyKeyHeader), request_body = ProviderInput,
    responses((status = 201, body = Provider, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_provider(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<ProviderInput>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::provider::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces a provider config. Servers that exist keep what they were made with.
#[utoipa::path(put, path = "/providers/{id}", tag = "providers", params(("id" = ProviderId, Path), IfMatchHeader),
    request_body = ProviderInput, responses((status = 200, body = Provider, headers(("ETag" = String)))))]
pub async fn replace_provider(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ProviderId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<ProviderInput>,
) -> ApiResult<Response> {
    let provider = control::provider::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(provider.version, provider))
}

/// Deletes a provider config.
#[utoipa::path(delete, path = "/providers/{id}", tag = "providers", params(("id" = ProviderId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_provider(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ProviderId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::provider::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a provider config as it is, without side effects.
#[utoipa::path(post, path = "/providers/{id}/test", tag = "providers", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Vec<TestCheck>)))]
pub async fn test_provider(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ProviderId>,
) -> ApiResult<Json<Vec<TestCheck>>> {
    Ok(Json(
        control::provider::test(&state.plane, &actor, id).await?,
    ))
}

/// What a provider, saved or not, offers now for the fields that its kind's form marks as offered, by their keys.
#[utoipa::path(post, path = "/providers/choices", tag = "providers", request_body = ProviderChoicesInput,
    responses((status = 200, body = std::collections::BTreeMap<String, Vec<ProviderChoice>>),
        (status = 409, description = "The provider does not say.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn list_provider_choices(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<ProviderChoicesInput>,
) -> ApiResult<Json<ProviderChoices>> {
    Ok(Json(
        control::provider::choices(&state.plane, &actor, input).await?,
    ))
}

/// A kind of provider with the form of its own fields (`settings`).
#[derive(Serialize, ToSchema)]
pub struct ProviderKindForm {
    /// The word in `kind`.
    pub kind: ProviderKind,
    /// The form.
    pub form: FormTable,
}

/// The kinds of provider with the forms of their own fields.
#[utoipa::path(get, path = "/provider-kinds", tag = "providers", responses((status = 200, body = Vec<ProviderKindForm>)))]
pub async fn list_provider_kinds(Caller(actor): Caller) -> ApiResult<Json<Vec<ProviderKindForm>>> {
    actor.require_admin()?;
    let kinds = ProviderKind::ALL;
    let form = |kind| FormTable::of(providers::registry::form(kind));
    Ok(Json(
        kinds
            .into_iter()
            .map(|kind| ProviderKindForm {
                kind,
                form: form(kind),
            })
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use control::reconciler;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_script_that_a_config_cannot_fill_in_is_told_when_it_is_saved() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({})).await;
        let path = format!("/providers/{}", made.provider);
        let before = app.admin("GET", &path, None).await.expect(200).json();
        assert_eq!(before["warnings"], json!([]));

        let script = json!({ "startup_script": "{checkin_jwt} {ssh_key}" });
        let saved = app.change_provider(&made.provider, script).await;
        let warning = &saved["warnings"][0];
        assert_eq!(warning["config_name"], "Desks", "{saved}");
        assert_eq!(warning["key"], "startup_script");
        let message = warning["message"].as_str().expect("a message");
        assert!(
            message.contains("the provider config has no public SSH key"),
            "{message}"
        );
        let read = app.admin("GET", &path, None).await.expect(200).json();
        assert_eq!(read["warnings"], saved["warnings"]);
    }

    #[tokio::test]
    async fn a_provider_that_is_not_saved_says_what_can_be_chosen() {
        let app = TestApp::new().await;
        let ask = async |input| app.admin("POST", "/providers/choices", Some(input)).await;
        let local = ask(json!({ "kind": "local" })).await.expect(200).json();
        let shells = local["login_shell"].as_array().expect("a list");
        assert!(shells.iter().any(|one| one["label"] == "sh"), "{local}");
        let fake = ask(json!({ "kind": "fake", "settings": {} })).await;
        assert_eq!(fake.expect(200).json(), json!({}));

        let wrong = json!({ "kind": "local", "settings": { "boot_delay_seconds": 601 } });
        let wrong = ask(wrong).await.expect(422).json();
        assert_eq!(
            wrong["errors"][0]["pointer"],
            "/settings/boot_delay_seconds"
        );
        let gone = "prov_01980000-0000-7000-8000-000000000001";
        let gone = ask(json!({ "kind": "local", "provider_id": gone })).await;
        let gone = gone.expect(422).json();
        assert_eq!(gone["errors"][0]["pointer"], "/provider_id", "{gone}");
        app.user(
            "POST",
            "/providers/choices",
            Some(json!({ "kind": "local" })),
        )
        .await
        .expect_problem(403, "forbidden");

        // The fields of the form that are marked are those that are answered.
        let form = app
            .admin("GET", "/forms/local", None)
            .await
            .expect(200)
            .json();
        let fields = form["fields"].as_array().expect("fields");
        let offered = fields.iter().filter(|field| field["offered"] == true);
        let offered: Vec<_> = offered.map(|field| &field["key"]).collect();
        assert_eq!(offered, ["login_shell"]);
    }

    /// A provider config of the kind `aws`.
    async fn aws(app: &TestApp) -> Value {
        let settings = json!({
            "access_key_id": "AKIAEXAMPLE", "secret_access_key": "correct horse", "region": "eu-central-1",
            "image_id": "ami-0123456789abcdef0", "instance_types": ["t3.large"],
        });
        let input =
            json!({ "name": "Cloud", "kind": "aws", "max_instances": 4, "settings": settings });
        app.admin("POST", "/providers", Some(input))
            .await
            .expect(201)
            .json()
    }

    #[tokio::test]
    async fn a_providers_secret_is_kept_and_never_told() {
        let app = TestApp::new().await;
        let made = aws(&app).await;
        let set_at = &made["secrets"]["secret_access_key"]["set_at"];
        assert!(set_at.is_string(), "{made}");
        assert!(!made.to_string().contains("correct horse"), "{made}");
        let path = format!("/providers/{}", made["id"].as_str().expect("an id"));
        let put = async |version: i64, settings: &Value| {
            let input =
                json!({ "name": "Cloud", "kind": "aws", "max_instances": 4, "settings": settings });
            let seen = format!("\"v{version}\"");
            let seen = [("if-match", seen.as_str())];
            app.call_with(&app.admin_key, "PUT", &path, Some(input), &seen)
                .await
        };
        let mut settings = made["settings"].clone();
        let kept = put(1, &settings).await.expect(200).json();
        assert_eq!(&kept["secrets"]["secret_access_key"]["set_at"], set_at);
        // Without it nobody gets in.
        settings["secret_access_key"] = Value::Null;
        let refused = put(2, &settings).await.expect(422).json();
        assert_eq!(
            refused["errors"][0]["pointer"], "/settings/secret_access_key",
            "{refused}"
        );
        let audit = app.admin("GET", "/audit", None).await.expect(200).json();
        assert!(!audit.to_string().contains("correct horse"), "{audit}");
    }

    #[tokio::test]
    async fn where_machines_are_does_not_change_while_there_are_any() {
        let app = TestApp::new().await;
        let made = aws(&app).await;
        let id = made["id"].as_str().expect("an id");
        let path = format!("/providers/{id}");
        let put = async |key: &str, value: Value| {
            let now = app.admin("GET", &path, None).await.expect(200).json();
            let mut settings = now["settings"].clone();
            settings[key] = value;
            let input =
                json!({ "name": "Cloud", "kind": "aws", "max_instances": 4, "settings": settings });
            let seen = format!("\"v{}\"", now["version"]);
            let seen = [("if-match", seen.as_str())];
            app.call_with(&app.admin_key, "PUT", &path, Some(input), &seen)
                .await
        };
        put("region", json!("eu-west-1")).await.expect(200);
        let config = json!({ "provider_id": id, "minimum_available_sessions": 1 });
        app.pool("Desks", config).await;
        let tick = reconciler::tick(&app.plane).await.expect("a tick");
        assert!(
            tick.effects.iter().any(|effect| effect.kind() == "create"),
            "{:?}",
            tick.effects
        );
        let refused = put("region", json!("eu-central-1"))
            .await
            .expect(422)
            .json();
        assert_eq!(
            (
                &refused["errors"][0]["pointer"],
                &refused["errors"][0]["code"]
            ),
            (&json!("/settings/region"), &json!("locked")),
            "{refused}"
        );
        put("volume_size_gib", json!(30)).await.expect(200);
    }
}
