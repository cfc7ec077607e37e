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
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::Request;
    use providers::fake::FakeMachine;
    use serde_json::{Value, json};

    use crate::testing::{Answer, ByHand, Made, TestApp};

    use super::COMPATIBLE_PATH;

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

    /// An app moved by hand, with a pool. Nobody lets the machines of its fake cloud act, so they report nothing of their own.
    struct Reports {
        by_hand: ByHand,
        made: Made,
    }

    impl Reports {
        /// With a pool whose servers are booting.
        async fn begin(config: Value) -> Self {
            let by_hand = ByHand::new().await;
            let mut values = json!({ "require_checkin": true });
            for (key, value) in config.as_object().expect("an object") {
                values[key] = value.clone();
            }
            let made = by_hand.app.pool("Desks", values).await;
            by_hand.turn().await;
            Self { by_hand, made }
        }

        /// Where each server is looked at, and the token in its machine's start-up script.
        fn servers(&self) -> Vec<(String, String)> {
            let provider = self.made.provider.parse().expect("an id");
            let machines = self.by_hand.app.registry.cloud(provider).machines();
            let server = |machine: &Arc<FakeMachine>| {
                let script = machine.request.script.expose();
                let token = script.strip_prefix("token=").expect("the app's script");
                (
                    format!("/servers/{}", machine.request.tags.server),
                    token.to_owned(),
                )
            };
            machines.iter().map(server).collect()
        }

        /// What an admin sees of a server.
        async fn shown(&self, server: &str) -> Value {
            self.by_hand
                .app
                .admin("GET", server, None)
                .await
                .expect(200)
                .json()
        }

        /// A report in Weir's own form.
        async fn report(&self, token: &str, body: Value) -> Answer {
            self.by_hand
                .app
                .call(token, "POST", "/checkin", Some(body))
                .await
        }

        /// The seed's report in the form of its scripts.
        async fn report_as_seed(&self, token: &str) -> Answer {
            let path = format!("{COMPATIBLE_PATH}?token={token}");
            let body = serde_json::from_str(SEEDS_BODY).expect("JSON");
            self.by_hand.app.call("", "POST", &path, Some(body)).await
        }
    }

    fn progress(percent: u8) -> Value {
        json!({ "status": "progress", "status_progress": percent })
    }

    #[tokio::test]
    async fn a_server_goes_forward_by_its_reports_and_is_told_once_it_is_gone() {
        let world = Reports::begin(json!({ "minimum_available_sessions": 1 })).await;
        let (server, token) = world.servers().remove(0);
        for percent in [40, 20] {
            world.report(&token, progress(percent)).await.expect(200);
            let shown = world.shown(&server).await;
            assert_eq!(shown["state"], "booting", "{shown}");
            assert_eq!(shown["progress_percent"], 40, "after {percent}: {shown}");
        }

        let mut seen = Vec::new();
        for _ in 0..2 {
            world.report_as_seed(&token).await.expect(200);
            seen.push(world.shown(&server).await);
            world.by_hand.clock.advance(1000);
        }
        assert_eq!(seen[0]["state"], "running", "{seen:?}");
        assert_eq!(seen[0]["progress_percent"], 100, "{seen:?}");
        assert_eq!(seen[0]["message"], "Initialization Complete", "{seen:?}");
        assert!(seen[0]["checked_in_at"].is_string(), "{seen:?}");
        // Its version too: scripts repeat themselves for ever, and each change wakes the loop.
        assert_eq!(seen[0], seen[1]);

        world
            .by_hand
            .app
            .admin("DELETE", &server, None)
            .await
            .expect(204);
        world.report_as_seed(&token).await.expect(200);
        assert_eq!(world.shown(&server).await["state"], "deleting");
        // Two lists without its machine prove that it is gone.
        for _ in 0..10 {
            world.by_hand.turn().await;
            world.by_hand.clock.advance(2000);
        }
        assert_eq!(world.shown(&server).await["state"], "deleted");
        for answer in [
            world.report(&token, progress(50)).await,
            world.report_as_seed(&token).await,
        ] {
            answer.expect_problem(410, "gone");
        }
    }

    #[tokio::test]
    async fn a_server_whose_script_has_failed_stays_failed() {
        let world = Reports::begin(json!({ "minimum_available_sessions": 1 })).await;
        let (server, token) = world.servers().remove(0);
        let failed = json!({
            "status": "failed", "status_message": "A package is missing", "status_progress": "60",
        });
        world.report(&token, failed).await.expect(200);
        let shown = world.shown(&server).await;
        assert_eq!(shown["state"], "failed", "{shown}");
        assert_eq!(shown["why"], "script", "{shown}");
        assert_eq!(shown["message"], "A package is missing", "{shown}");
        assert_eq!(shown["progress_percent"], 60, "{shown}");
        world.report_as_seed(&token).await.expect(200);
        assert_eq!(world.shown(&server).await, shown);
    }

    #[tokio::test]
    async fn a_token_past_its_end_brings_no_server_up() {
        let config = json!({ "minimum_available_sessions": 4, "provision_timeout_seconds": 10 });
        let world = Reports::begin(config).await;
        let servers = world.servers();
        let [(late, late_token), (ready, ready_token)] = &servers[..] else {
            panic!("two servers have four seats: {servers:?}");
        };
        world.report_as_seed(ready_token).await.expect(200);
        // The loop would have given the server up by now; a token lasts fifteen seconds longer than its server may take.
        world.by_hand.clock.advance(24_999);
        world.report(late_token, progress(90)).await.expect(200);
        world.by_hand.clock.advance(1);
        for answer in [
            world.report_as_seed(late_token).await,
            world.report(late_token, progress(95)).await,
        ] {
            answer.expect_problem(401, "unauthenticated");
        }
        let shown = world.shown(late).await;
        assert_eq!(shown["state"], "booting", "{shown}");
        assert_eq!(shown["progress_percent"], 90, "{shown}");
        // Who is there already may go on repeating itself.
        world.report_as_seed(ready_token).await.expect(200);
        assert_eq!(world.shown(ready).await["state"], "running");
    }

    #[tokio::test]
    async fn a_server_that_reports_too_fast_is_told_when_to_go_on() {
        let world = Reports::begin(json!({ "minimum_available_sessions": 4 })).await;
        let servers = world.servers();
        let [(_, fast), (_, slow)] = &servers[..] else {
            panic!("two servers have four seats: {servers:?}");
        };
        for percent in 1..=5 {
            world.report(fast, progress(percent)).await.expect(200);
        }
        let refused = world.report(fast, progress(6)).await;
        let refused = refused.expect_problem(429, "too_many_requests");
        assert_eq!(refused.header("retry-after"), "1");
        // Nobody else is held up by that.
        world.report(slow, progress(1)).await.expect(200);
        world.by_hand.clock.advance(1000);
        world.report(fast, progress(7)).await.expect(200);
    }
}
