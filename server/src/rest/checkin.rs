//! Check-in of servers, in two forms: the one that scripts written for Kasm Workspaces use, and Weir's own, whose
//! token stays out of addresses and so out of logs.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use domain::checkin::CheckinReport;
use domain::error::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::bearer;
use crate::rest::error::ApiResult;
use crate::rest::json::{self, Json};
use crate::rest::params::Query;
use crate::state::AppState;

/// Weir's own form.
pub const PATH: &str = "/api/v1/checkin";

/// The form of scripts written for Kasm Workspaces.
pub const COMPATIBLE_PATH: &str = "/api/set_server_status";

/// An object without members: heard.
#[derive(Serialize, ToSchema)]
pub struct Heard {}

/// The token of the compatible form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenParams {
    /// The check-in token of the server, as `{checkin_jwt}` gives it to the start-up script.
    #[serde(default)]
    #[param(required = true)]
    token: String,
}

/// Reports the state of a server, as start-up scripts written for Kasm Workspaces do.
#[utoipa::path(post, path = "/api/set_server_status", tag = "check-in", params(TokenParams),
    request_body = CheckinReport, responses((status = 200, body = Heard)), security(()))]
pub async fn set_server_status(
    State(state): State<AppState>,
    Query(query): Query<TokenParams>,
    request: Request,
) -> ApiResult<Json<Heard>> {
    // Scripts in the wild post JSON under any content type.
    let body = json::raw_body(request, &state).await?;
    record(&state, &query.token, &body).await
}

/// Reports the state of a server.
#[utoipa::path(post, path = "/api/v1/checkin", tag = "check-in", request_body = CheckinReport,
    responses((status = 200, body = Heard)), security(("checkin_token" = [])))]
pub async fn check_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<Json<Heard>> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer);
    let token = token.map(ToOwned::to_owned).unwrap_or_default();
    let body = json::body(request, &state).await?;
    record(&state, &token, &body).await
}

async fn record(state: &AppState, token: &str, body: &[u8]) -> ApiResult<Json<Heard>> {
    if token.is_empty() {
        return Err(Problem::new(
            ProblemCode::Unauthenticated,
            "The check-in token is not valid.",
        )
        .into());
    }
    let report: CheckinReport = json::parse(body)?;
    control::checkin::record(&state.plane, token, report).await?;
    Ok(Json(Heard {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::json;

    const SEEDS_BODY: &str = r#"{"status": "running", "status_message": "Initialization Complete", "status_progress": "100"}"#;

    #[tokio::test]
    async fn every_token_that_is_none_is_refused_alike() {
        let app = TestApp::new().await;
        let key = &app.admin_key;
        let mut answers = Vec::new();
        for token in [
            "",
            "x",
            "eyJhbGciOiJub25lIn0.e30.",
            key.as_str(),
            &"x".repeat(5000),
        ] {
            let path = format!("/api/set_server_status?token={token}");
            let body = Some(serde_json::from_str(SEEDS_BODY).expect("JSON"));
            answers.push(
                app.call("", "POST", &path, body.clone())
                    .await
                    .expect_problem(401, "unauthenticated")
                    .text,
            );
            answers.push(
                app.call(token, "POST", "/checkin", body)
                    .await
                    .expect_problem(401, "unauthenticated")
                    .text,
            );
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }

    #[tokio::test]
    async fn a_body_is_checked_and_its_type_is_not() {
        let app = TestApp::new().await;
        for (body, status, code) in [
            ("{", 400, "bad_request"),
            (r#"{"status": "done"}"#, 422, "invalid"),
            (
                r#"{"status": "progress", "status_progress": "101"}"#,
                422,
                "invalid",
            ),
            (SEEDS_BODY, 401, "unauthenticated"),
        ] {
            let request = Request::post("/api/set_server_status?token=x")
                .body(Body::from(body))
                .expect("a request");
            app.send(request).await.expect_problem(status, code);
        }
        let request = Request::post("/api/v1/checkin").header("authorization", "Bearer x");
        let request = request.body(Body::from(SEEDS_BODY)).expect("a request");
        app.send(request)
            .await
            .expect_problem(415, "unsupported_media_type");
        app.call("", "GET", "/api/set_server_status?token=x", None)
            .await
            .expect_problem(405, "method_not_allowed");
        app.call(
            "",
            "POST",
            "/api/set_server_status?token=x",
            Some(json!([])),
        )
        .await
        .expect(422);
    }
}
