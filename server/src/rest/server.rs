//! Servers: looked at, drained, deleted; fixed ones entered by hand.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use control::server::Deletion;
use domain::console::ConsoleLog;
use domain::error::Problem;
use domain::id::{PoolId, ServerId};
use domain::page::{Page, PageQuery};
use domain::server::{FixedServerInput, Server};
use domain::start::ServerHistory;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, Query};
use crate::state::AppState;

impl Created for Server {
    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Which servers are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServerParams {
    /// Only those of this pool.
    pub pool_id: Option<PoolId>,
    /// Deleted ones too.
    #[serde(default)]
    pub include_deleted: bool,
    /// Only those with this in their name, in capitals or not.
    #[param(max_length = 200)]
    pub name: Option<String>,
    /// Only those in this state.
    #[param(
        pattern = "^(requested|unknown|provisioning|booting|running|draining|deleting|failed|deleted)$"
    )]
    pub state: Option<String>,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Servers in the order of their making.
#[utoipa::path(get, path = "/servers", tag = "servers", params(ServerParams),
    responses((status = 200, body = Page<Server>)))]
pub async fn list_servers(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<ServerParams>,
) -> ApiResult<Json<Page<Server>>> {
    let page = PageQuery {
        cursor: params.cursor,
        limit: params.limit,
    };
    let filter = control::server::Filter {
        pool: params.pool_id,
        include_deleted: params.include_deleted,
        name: params.name,
        state: params.state,
    };
    Ok(Json(
        control::server::list(&state.plane, &actor, &filter, &page).await?,
    ))
}

/// One server.
#[utoipa::path(get, path = "/servers/{id}", tag = "servers", params(("id" = ServerId, Path)),
    responses((status = 200, body = Server)))]
pub async fn get_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
) -> ApiResult<Json<Server>> {
    Ok(Json(control::server::get(&state.plane, &actor, id).await?))
}

/// What became of a server, step by step, beside what is usual in its pool.
#[utoipa::path(get, path = "/servers/{id}/history", tag = "servers", params(("id" = ServerId, Path)),
    responses((status = 200, body = ServerHistory)))]
pub async fn get_server_history(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
) -> ApiResult<Json<ServerHistory>> {
    Ok(Json(
        control::server::history(&state.plane, &actor, id).await?,
    ))
}

/// What the console of a server's machine shows now, where its provider can read it; once the machine is deleted because
/// its server failed, what it wrote last. Secrets that Weir knows of are masked.
#[utoipa::path(get, path = "/servers/{id}/console", tag = "servers", params(("id" = ServerId, Path)),
    responses((status = 200, body = ConsoleLog)))]
pub async fn get_server_console(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
) -> ApiResult<Json<ConsoleLog>> {
    Ok(Json(
        control::console::read(&state.plane, &actor, id).await?,
    ))
}

/// Enters a fixed server: people are seated on it; Weir never makes, drains or deletes it by itself.
#[utoipa::path(post, path = "/servers", tag = "servers", params(IdempotencyKeyHeader), request_body = FixedServerInput,
    responses((status = 201, body = Server, headers(("Location" = String)))))]
pub async fn create_fixed_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<FixedServerInput>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::server::create_fixed(&state.plane, &actor, input).await
        })
        .await
}

/// Takes no new sessions; a scaled server is deleted when its last session has ended, and not before 10 seconds have passed,
/// in which it can be taken back.
#[utoipa::path(post, path = "/servers/{id}/drain", tag = "servers", params(("id" = ServerId, Path)),
    responses((status = 200, body = Server), (status = 409, description = "Not in a state in which this can be done.",
        body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Changed by somebody else at the same moment.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn drain_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
) -> ApiResult<Json<Server>> {
    Ok(Json(
        control::server::drain(&state.plane, &actor, id).await?,
    ))
}

/// Takes sessions again.
#[utoipa::path(post, path = "/servers/{id}/undrain", tag = "servers", params(("id" = ServerId, Path)),
    responses((status = 200, body = Server), (status = 409, description = "Not in a state in which this can be done.",
        body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Changed by somebody else at the same moment.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn undrain_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
) -> ApiResult<Json<Server>> {
    Ok(Json(
        control::server::undrain(&state.plane, &actor, id).await?,
    ))
}

/// How a server is deleted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteParams {
    /// Ends the sessions it holds; without it a server that holds some is not deleted.
    #[serde(default)]
    pub end_sessions: bool,
    /// Deletes it, with its sessions, after 10 seconds, in which `undrain` takes it back. A server that is not up yet, has
    /// failed or was entered by hand goes at once all the same.
    #[serde(default)]
    pub grace: bool,
}

/// Deletes a server. Its machine goes shortly afterwards.
#[utoipa::path(delete, path = "/servers/{id}", tag = "servers", params(("id" = ServerId, Path), DeleteParams),
    responses((status = 204), (status = 409, description = "It holds sessions, or is being made just now.",
        body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Changed by somebody else at the same moment.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn delete_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ServerId>,
    Query(params): Query<DeleteParams>,
) -> ApiResult<StatusCode> {
    let how = Deletion {
        end_sessions: params.end_sessions,
        grace: params.grace,
    };
    control::server::delete(&state.plane, &actor, id, how).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_server_tells_how_it_came_up_and_what_is_usual() {
        let app = TestApp::new().await;
        let few = json!({ "minimum_available_sessions": 2 });
        let many = json!({ "minimum_available_sessions": 10 });
        let (few, many) = (app.pool("Few", few).await, app.pool("Many", many).await);
        app.begin_loop();
        for (pool, count, usual) in [(few.pool, 1, 0), (many.pool, 5, 5)] {
            let path = format!("/servers?pool_id={pool}");
            let servers = app
                .until(&app.admin_key, &path, |page| {
                    let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
                    items.len() == count && items.iter().all(|one| one["state"] == "running")
                })
                .await;
            let server = servers["items"][0]["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            let path = format!("/servers/{server}/history");
            let history = app.admin("GET", &path, None).await.expect(200).json();
            let steps = history["steps"].as_array().expect("steps");
            assert_eq!(
                steps.last().expect("a step")["state"],
                "running",
                "{history}"
            );
            assert_eq!(history["first_session_at"], json!(null), "{history}");
            // Too few starts say nothing.
            assert_eq!(
                history["usual"]["starts"].as_u64().unwrap_or(0),
                usual,
                "{history}"
            );
            app.user("GET", &path, None)
                .await
                .expect_problem(403, "forbidden");

            let path = format!("/servers/{server}/console");
            let console = app.admin("GET", &path, None).await.expect(200).json();
            let why = "This provider gives no console log.";
            let wanted = json!({ "source": "none", "why": why, "is_starting": false });
            assert_eq!(console, wanted);
            app.user("GET", &path, None)
                .await
                .expect_problem(403, "forbidden");
        }
        app.stop();
    }

    #[tokio::test]
    async fn a_deleted_server_can_be_taken_back_within_the_grace_period() {
        let app = TestApp::new().await;
        let one = json!({ "minimum_available_sessions": 1 });
        let pool = app.pool("Desks", one).await.pool;
        app.begin_loop();
        let path = format!("/servers?pool_id={pool}&state=running");
        let servers = app
            .until(&app.admin_key, &path, |page| {
                page["items"]
                    .as_array()
                    .is_some_and(|items| items.len() == 1)
            })
            .await;
        // Nobody deletes anything from here on but by hand.
        app.stop();
        let id = servers["items"][0]["id"].as_str().expect("an id");
        let server = format!("/servers/{id}");
        let state = async || {
            let server = app.admin("GET", &server, None).await.expect(200).json();
            [server["state"].clone(), server["why"].clone()]
        };
        let delete = async |query: &str| {
            let path = format!("{server}?{query}");
            app.admin("DELETE", &path, None).await
        };
        let take_back = async || {
            let path = format!("{server}/undrain");
            app.admin("POST", &path, None).await.expect(200);
            assert_eq!(state().await, [json!("running"), json!(null)]);
        };
        delete("grace=true").await.expect(204);
        assert_eq!(state().await, [json!("draining"), json!("removal")]);
        take_back().await;

        let ask = json!({ "pool_id": pool });
        let asked = app.user("POST", "/sessions", Some(ask)).await.expect(201);
        let session = format!("/sessions/{}", asked.member("id"));
        let session = async || app.user("GET", &session, None).await.json()["state"].clone();
        assert_eq!(session().await, "assigned");
        delete("grace=true").await.expect_problem(409, "in_use");
        delete("grace=true&end_sessions=true").await.expect(204);
        assert_eq!(state().await, [json!("draining"), json!("removal")]);
        assert_eq!(session().await, "assigned");
        take_back().await;
        assert_eq!(session().await, "assigned");

        delete("end_sessions=true").await.expect(204);
        assert_eq!(state().await[0], "deleting");
        assert_eq!(session().await, "ended");
    }

    #[tokio::test]
    async fn servers_and_sessions_are_found_by_a_part_of_a_name() {
        let app = TestApp::new().await;
        let made = app.fixed().await;
        let ask = json!({ "pool_id": made.pool });
        let session = app.user("POST", "/sessions", Some(ask)).await.expect(201);
        let person = session.json()["user_name"]
            .as_str()
            .expect("a name")
            .to_uppercase();
        let count = async |path: String| {
            let page = app.admin("GET", &path, None).await.expect(200).json();
            page["items"].as_array().map_or(0, Vec::len)
        };
        for (query, expected) in [
            ("state=running", 1),
            ("state=booting", 0),
            ("name=&state=running", 1),
            ("name=%25", 0),
        ] {
            assert_eq!(
                count(format!("/servers?{query}")).await,
                expected,
                "{query}"
            );
        }
        assert_eq!(count(format!("/sessions?user_name={person}")).await, 1);
        assert_eq!(count(format!("/sessions?user_name={person}X")).await, 0);
        for path in [
            "/servers?state=Ready",
            "/servers?name=%00",
            "/sessions?user_name=%00",
        ] {
            app.admin("GET", path, None)
                .await
                .expect_problem(422, "invalid");
        }
    }

    #[tokio::test]
    async fn who_names_no_version_does_not_lose_a_race() {
        let app = TestApp::new().await;
        let path = format!("/servers?pool_id={}", app.fixed().await.pool);
        let servers = app.admin("GET", &path, None).await.expect(200).json();
        let server = servers["items"][0]["id"].as_str().expect("an id");
        let drain = async || {
            let path = format!("/servers/{server}/drain");
            app.admin("POST", &path, None).await.status
        };
        let take_back = async || {
            let path = format!("/servers/{server}/undrain");
            app.admin("POST", &path, None).await.status
        };
        for _ in 0..5 {
            let (one, two, three, four) = tokio::join!(drain(), take_back(), drain(), take_back());
            assert_eq!([one, three], [200, 200]);
            // What is not drained just now cannot be taken back.
            for status in [two, four] {
                assert!(matches!(status.as_u16(), 200 | 409), "{status}");
            }
        }
    }
}
