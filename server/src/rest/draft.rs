//! Half-filled forms of the one who asks.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::draft::{SavedDraft, SavedDraftInput};
use domain::id::DraftId;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::Id;
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for SavedDraft {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// Your drafts, newest last.
#[utoipa::path(get, path = "/drafts", tag = "drafts", responses((status = 200, body = Vec<SavedDraft>)))]
pub async fn list_drafts(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Vec<SavedDraft>>> {
    Ok(Json(control::draft::list(&state.plane, &actor).await?))
}

/// One draft.
#[utoipa::path(get, path = "/drafts/{id}", tag = "drafts", params(("id" = DraftId, Path)),
    responses((status = 200, body = SavedDraft, headers(("ETag" = String)))))]
pub async fn get_draft(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<DraftId>,
) -> ApiResult<Response> {
    let draft = control::draft::get(&state.plane, &actor, id).await?;
    Ok(versioned(draft.version, draft))
}

/// Keeps a draft. Secrets are dropped.
#[utoipa::path(post, path = "/drafts", tag = "drafts", params(IdempotencyKeyHeader), request_body = SavedDraftInput,
    responses((status = 201, body = SavedDraft, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_draft(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<SavedDraftInput>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::draft::create(&state.plane, &actor, input).await
        })
        .await
}

/// Saves a draft again.
#[utoipa::path(put, path = "/drafts/{id}", tag = "drafts", params(("id" = DraftId, Path), IfMatchHeader),
    request_body = SavedDraftInput, responses((status = 200, body = SavedDraft, headers(("ETag" = String)))))]
pub async fn replace_draft(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<DraftId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<SavedDraftInput>,
) -> ApiResult<Response> {
    let draft = control::draft::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(draft.version, draft))
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/drafts/{id}", tag = "drafts", params(("id" = DraftId, Path)),
    responses((status = 204)))]
pub async fn delete_draft(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<DraftId>,
) -> ApiResult<StatusCode> {
    control::draft::delete(&state.plane, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_draft_notes_what_it_was_begun_from_and_knows_no_other_key() {
        let app = TestApp::new().await;
        let draft = |form: &str, key: &str| json!({ "form": form, "values": { (key): "blank" } });
        let input = draft("autoscale", "begun_from");
        let kept = app.admin("POST", "/drafts", Some(input)).await;
        assert_eq!(kept.expect(201).json()["values"]["begun_from"], "blank");
        // Which secrets were typed is noted, and none of them is kept, wherever it stands.
        let values = json!({
            "connection_password": "hunter2", "typed_secrets": ["connection_password", "hunter2"],
        });
        let input = json!({ "form": "autoscale", "values": values });
        let kept = app.admin("POST", "/drafts", Some(input)).await.expect(201);
        assert_eq!(
            kept.json()["values"],
            json!({ "typed_secrets": ["connection_password"] })
        );
        for (form, key) in [("autoscale", "begun_by"), ("ldap", "begun_from")] {
            app.admin("POST", "/drafts", Some(draft(form, key)))
                .await
                .expect_problem(422, "invalid");
        }
    }
}
