//! API keys. There is no `Idempotency-Key` here: an answer holds the key's text, which is kept nowhere.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::ApiKeyId;
use domain::page::Page;
use domain::user::{ApiKey, ApiKeyInput, NewApiKey};

use crate::auth::Caller;
use crate::rest::create::{Create, Created};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::state::AppState;

impl Created for NewApiKey {
    fn id(&self) -> String {
        self.key.id.to_string()
    }
}

/// API keys in the order of their making, without their texts.
#[utoipa::path(get, path = "/api-keys", tag = "api-keys", params(PageParams),
    responses((status = 200, body = Page<ApiKey>)))]
pub async fn list_api_keys(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<ApiKey>>> {
    Ok(Json(
        control::api_key::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// Makes an API key. Its text is in this answer and nowhere else.
#[utoipa::path(post, path = "/api-keys", tag = "api-keys", request_body = ApiKeyInput,
    responses((status = 201, body = NewApiKey)))]
pub async fn create_api_key(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<ApiKeyInput>,
) -> ApiResult<Response> {
    create
        .run_once(&state, &actor, async |state: AppState, actor, input| {
            control::api_key::create(&state.plane, &actor, input).await
        })
        .await
}

/// Deletes an API key: from now on it opens nothing.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "api-keys", params(("id" = ApiKeyId, Path)),
    responses((status = 204)))]
pub async fn delete_api_key(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ApiKeyId>,
) -> ApiResult<StatusCode> {
    control::api_key::delete(&state.plane, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn a_key_is_shown_once_opens_and_ends() {
        let app = TestApp::new().await;
        let body = json!({ "name": "robot", "role": "admin" });
        let made = app.admin("POST", "/api-keys", Some(body)).await.expect(201);
        let (id, token) = (made.member("id"), made.member("token"));
        let listed = app.admin("GET", "/api-keys", None).await.expect(200);
        assert!(
            listed.text.contains(&id) && !listed.text.contains("token"),
            "{listed:?}"
        );
        let path = format!("/api-keys/{id}");
        assert_eq!(
            app.call(&token, "GET", "/me", None)
                .await
                .expect(200)
                .json()["api_key_id"],
            json!(id)
        );
        app.call(&token, "DELETE", &path, None)
            .await
            .expect_problem(422, "invalid");
        app.admin("DELETE", &path, None).await.expect(204);
        app.call(&token, "GET", "/me", None)
            .await
            .expect_problem(401, "unauthenticated");
        app.admin("DELETE", &path, None)
            .await
            .expect_problem(404, "not_found");
    }

    #[tokio::test]
    async fn a_persons_key_can_no_more_than_the_person() {
        let app = TestApp::new().await;
        let body = json!({ "name": "eve", "role": "admin", "password": "correct horse battery" });
        let eve = app.admin("POST", "/users", Some(body)).await.expect(201);
        let id = eve.member("id");
        let body = json!({ "name": "eve's", "role": "admin", "user_id": id });
        let key = app.admin("POST", "/api-keys", Some(body)).await.expect(201);
        let key = key.member("token");
        app.call(&key, "GET", "/users", None).await.expect(200);

        let path = format!("/users/{id}");
        let demoted = json!({ "name": "eve", "role": "user" });
        app.call_with(
            &app.admin_key,
            "PUT",
            &path,
            Some(demoted),
            &[("if-match", "\"v1\"")],
        )
        .await
        .expect(200);
        app.call(&key, "GET", "/users", None)
            .await
            .expect_problem(403, "forbidden");
        app.call(&key, "GET", "/sessions", None).await.expect(200);
    }
}
