//! Sessions: asked for, waited for, used and ended.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::Problem;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::page::{Page, PageQuery};
use domain::session::{Revealed, Session, SessionRequest, SessionState};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Caller, LoginToken, origin};
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, Query};
use crate::state::AppState;

impl Created for Session {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn status(&self) -> StatusCode {
        if self.status == SessionState::Queued {
            StatusCode::ACCEPTED
        } else {
            StatusCode::CREATED
        }
    }
}

/// Asks for a session: 201 with where to connect, or 202 and a place in the queue.
#[utoipa::path(post, path = "/sessions", tag = "sessions", params(IdempotencyKeyHeader), request_body = SessionRequest,
    responses(
        (status = 201, description = "There is a seat.", body = Session, headers(("Location" = String))),
        (status = 202, description = "It waits; `Location` tells how far it is.", body = Session,
            headers(("Location" = String))),
        (status = 409, description = "`no_capacity_coming` or `session_quota_reached`.", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many requests within a minute; `Retry-After` says when to go on.", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn request_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<SessionRequest>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::session::request(&state.plane, &actor, input).await
        })
        .await
}

/// Which sessions are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionParams {
    /// Only those of this pool.
    pub pool_id: Option<PoolId>,
    /// Only those of this person. People see their own whatever is said here.
    pub user_id: Option<UserId>,
    /// Only those on this server.
    pub server_id: Option<ServerId>,
    /// Ended ones too.
    #[serde(default)]
    pub include_ended: bool,
    /// Only those that wait (true), or only those that do not (false).
    pub waiting: Option<bool>,
    /// Only those of people with this in their name, in capitals or not.
    #[param(max_length = 200)]
    pub user_name: Option<String>,
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Sessions in the order of their requests: an admin sees all, others their own.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionParams),
    responses((status = 200, body = Page<Session>)))]
pub async fn list_sessions(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<SessionParams>,
) -> ApiResult<Json<Page<Session>>> {
    let page = PageQuery {
        cursor: params.cursor,
        limit: params.limit,
    };
    let filter = control::session::Filter {
        pool: params.pool_id,
        user: params.user_id,
        server: params.server_id,
        include_ended: params.include_ended,
        waiting: params.waiting,
        user_name: params.user_name,
    };
    Ok(Json(
        control::session::list(&state.plane, &actor, filter, &page).await?,
    ))
}

/// One session: its owner's and admins' to see.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session)))]
pub async fn get_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(control::session::get(&state.plane, &actor, id).await?))
}

/// Ends a session, or the wait for one. The answer is the session as it ended. Ending does not sign the person out of
/// the machine.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session)))]
pub async fn end_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(control::session::end(&state.plane, &actor, id).await?))
}

/// The person is at work: pushes the session's end.
#[utoipa::path(post, path = "/sessions/{id}/keepalive", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Session), (status = 409, description = "It still waits, or is over.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn keep_session_alive(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Json<Session>> {
    Ok(Json(
        control::session::keepalive(&state.plane, &actor, id).await?,
    ))
}

/// Shows the session's credentials to its owner, and to nobody else. Each look is in the audit log.
#[utoipa::path(post, path = "/sessions/{id}/reveal", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = Revealed), (status = 409, description = "It still waits, or is over.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn reveal_session(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Response> {
    let revealed = control::session::reveal(&state.plane, &actor, id).await?;
    let mut response = Json(revealed).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The `.rdp` file of a session of an RDP pool. It holds no password.
#[utoipa::path(get, path = "/sessions/{id}/rdp", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 200, body = String, content_type = "application/x-rdp"),
        (status = 409, description = "Not an open RDP session.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn get_rdp_file(
    State(state): State<AppState>,
    Caller(actor): Caller,
    login: Option<Extension<LoginToken>>,
    headers: HeaderMap,
    Id(id): Id<SessionId>,
) -> ApiResult<Response> {
    // Whoever gets the file is at work, so it changes the session: with a cookie it is for Weir's own pages alone.
    if login.is_some() {
        origin::check(&Method::POST, &headers, &state.web)?;
    }
    Ok(rdp_answer(
        control::session::rdp_file(&state.plane, &actor, id).await?,
    ))
}

/// An `.rdp` file that a browser keeps.
pub fn rdp_answer(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/x-rdp"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"session.rdp\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn where_no_key_is_put_there_is_nothing_to_wait_for() {
        let app = TestApp::new().await;
        let made = app.fixed().await;
        let request = json!({ "pool_id": made.pool });
        let session = app
            .user("POST", "/sessions", Some(request))
            .await
            .expect(201)
            .json();
        assert_eq!(session["connection"]["host"], "desk.example");
        assert_eq!(session["connection"]["access_ready"], true);
        assert_eq!(session["connection"]["needs_key"], false);
        assert_eq!(session["connection"]["has_credentials"], false);
    }

    #[tokio::test]
    async fn the_credentials_of_a_fixed_server_are_for_who_has_a_session_there() {
        let app = TestApp::new().await;
        let made = app.pool("Desks", json!({ "enabled": false })).await;
        let server = json!({
            "name": "desk", "pool_id": made.pool, "zone_id": made.zone, "protocol": "ssh", "host": "desk.example",
            "port": 22, "username": "desk", "password": "hunter2-hunter2", "private_key": "-----BEGIN KEY-----\n",
            "limits": { "max_sessions": 2, "max_users": 2 },
        });
        let mut wrong = server.clone();
        wrong["protocol"] = json!("vnc");
        wrong["private_key_passphrase"] = json!("");
        app.admin("POST", "/servers", Some(wrong))
            .await
            .expect_problem(422, "invalid");
        let entered = app
            .admin("POST", "/servers", Some(server))
            .await
            .expect(201);
        assert!(!entered.text.contains("hunter2"), "{entered:?}");
        let request = json!({ "pool_id": made.pool });
        let session = app
            .user("POST", "/sessions", Some(request))
            .await
            .expect(201);
        assert!(!session.text.contains("hunter2"), "{session:?}");
        assert_eq!(session.json()["connection"]["has_credentials"], true);
        let path = format!("{}/reveal", session.header("location"));
        let revealed = app.user("POST", &path, None).await.expect(200).json();
        assert_eq!(revealed["username"], "desk");
        assert_eq!(revealed["password"], "hunter2-hunter2");
        assert_eq!(revealed["private_key"], "-----BEGIN KEY-----\n");
    }

    #[tokio::test]
    async fn everybody_in_a_list_has_their_own_place_in_the_queue() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let ask = async |user: bool| {
            let body = Some(json!({ "pool_id": made.pool }));
            let answer = if user {
                app.user("POST", "/sessions", body).await
            } else {
                app.admin("POST", "/sessions", body).await
            };
            answer.expect(202).member("id")
        };
        let asked = [ask(true).await, ask(false).await, ask(true).await];
        let listed = app.admin("GET", "/sessions", None).await.expect(200).json();
        let places = listed["items"].as_array().expect("items").iter();
        let places: Vec<_> = places
            .map(|one| {
                (
                    one["id"].clone(),
                    one["wait"]["position"].clone(),
                    one["wait"]["waiting"].clone(),
                )
            })
            .collect();
        let expected = asked.iter().zip(1..);
        let expected: Vec<_> = expected
            .map(|(id, place)| (json!(id), json!(place), json!(3)))
            .collect();
        assert_eq!(places, expected);
    }

    #[tokio::test]
    async fn who_waits_behind_a_limit_is_not_told_that_a_server_is_made() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let path = format!("/providers/{}", made.provider);
        let provider = app.admin("GET", &path, None).await.expect(200);
        let smaller = json!({
            "name": "Desks", "kind": "fake", "max_instances": 1,
            "startup_script": provider.member("startup_script"), "settings": provider.json()["settings"],
        });
        let version = provider.header("etag").to_owned();
        app.call_with(
            &app.admin_key,
            "PUT",
            &path,
            Some(smaller),
            &[("if-match", &version)],
        )
        .await
        .expect(200);
        for _ in 0..3 {
            app.user("POST", "/sessions", Some(json!({ "pool_id": made.pool })))
                .await
                .expect(202);
        }
        // A server has two seats.
        let listed = app.user("GET", "/sessions", None).await.expect(200).json();
        let waits = listed["items"].as_array().expect("items").iter();
        let reasons: Vec<_> = waits.map(|one| one["wait"]["reason"].clone()).collect();
        assert_eq!(
            reasons,
            ["queued.in_flight", "queued.in_flight", "queued.held"]
        );
        // The person is told so in plain words, and admins what the loop says of it.
        let wait = &listed["items"][2]["wait"];
        assert_eq!(
            wait["explanation"],
            "All computers of this pool are taken, and there may be no more of them. You are served when one is free."
        );
        assert_eq!(wait["obstacles"], json!([]));
        let listed = app.admin("GET", "/sessions", None).await.expect(200).json();
        assert_eq!(listed["items"][0]["wait"]["obstacles"], json!([]));
        let obstacle = listed["items"][2]["wait"]["obstacles"][0].to_string();
        assert!(obstacle.contains("the limit of 1 instance"), "{obstacle}");
    }

    #[tokio::test]
    async fn who_has_an_account_of_their_own_is_told_its_name() {
        let app = TestApp::new().await;
        let config = json!({
            "aggressive_scaling": true, "connection_credential_type": "sso", "sso_domain": "corp.example",
            "connection_username": null, "use_user_ssh_key": null,
        });
        let made = app.pool("Desks", config).await;
        app.begin_loop();
        let request = json!({ "pool_id": made.pool });
        let session = app
            .user("POST", "/sessions", Some(request))
            .await
            .expect(202);
        let path = session.header("location").to_owned();
        let session = app
            .until(&app.user_key, &path, |session| {
                session["connection"].is_object()
            })
            .await;
        assert_eq!(session["connection"]["username"], "ben@corp.example");
        let revealed = app.user("POST", &format!("{path}/reveal"), None).await;
        assert_eq!(revealed.expect(200).json()["username"], "ben@corp.example");
    }

    #[tokio::test]
    async fn a_person_waits_is_seated_connects_and_ends() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let request = json!({ "pool_id": made.pool });
        let queued = app
            .user("POST", "/sessions", Some(request))
            .await
            .expect(202);
        assert_eq!(queued.json()["state"], "queued");
        assert_eq!(queued.json()["wait"]["position"], 1);
        let path = queued.header("location").to_owned();
        app.user("POST", &format!("{path}/reveal"), None)
            .await
            .expect_problem(409, "conflict");

        app.begin_loop();
        let session = app
            .until(&app.user_key, &path, |session| {
                session["state"] == "assigned"
            })
            .await;
        assert!(session["connection"]["port"].is_number(), "{session}");
        assert!(!session.to_string().contains("password"), "{session}");
        // Nothing but a key opens the server, until the person has one.
        assert_eq!(session["connection"]["needs_key"], true);
        let key = json!({ "name": "laptop" });
        app.user("POST", "/ssh-keys", Some(key)).await.expect(201);
        let session = app.user("GET", &path, None).await.expect(200).json();
        assert_eq!(session["connection"]["needs_key"], false);
        let revealed = app
            .user("POST", &format!("{path}/reveal"), None)
            .await
            .expect(200);
        assert_eq!(revealed.header("cache-control"), "no-store");
        assert_eq!(app.user("GET", &path, None).await.json()["state"], "active");
        app.user("POST", &format!("{path}/keepalive"), None)
            .await
            .expect(200);
        app.user("GET", &format!("{path}/rdp"), None)
            .await
            .expect_problem(409, "conflict");

        // An admin sees the session, and never its credentials.
        app.admin("GET", &path, None).await.expect(200);
        app.admin("POST", &format!("{path}/reveal"), None)
            .await
            .expect_problem(404, "not_found");

        let ended = app.user("DELETE", &path, None).await.expect(200).json();
        assert_eq!(
            (&ended["state"], &ended["how"]),
            (&json!("ended"), &json!("owner"))
        );
        app.user("POST", &format!("{path}/keepalive"), None)
            .await
            .expect_problem(409, "conflict");
        let listed = app
            .user("GET", "/sessions?include_ended=true", None)
            .await
            .expect(200)
            .json();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
        app.stop();
    }

    #[tokio::test]
    async fn an_rdp_pool_gives_files_for_desktops_and_published_apps() {
        let app = TestApp::new().await;
        let config =
            json!({ "enabled": false, "connection_type": "rdp", "use_user_ssh_key": null });
        let made = app.pool("Desks", config).await;
        let server = json!({
            "name": "desk", "pool_id": made.pool, "zone_id": made.zone, "protocol": "rdp", "host": "desk.example",
            "port": 3390, "username": "CORP\\desk", "password": "hunter2-hunter2",
            "limits": { "max_sessions": 2, "max_users": 2 },
        });
        app.admin("POST", "/servers", Some(server))
            .await
            .expect(201);
        let pool = format!("/pools/{}", made.pool);
        let version = app.admin("GET", &pool, None).await.expect(200);
        let seen = [("if-match", version.header("etag"))];
        let word =
            json!({ "key": "word", "name": "Word", "program": "||WINWORD", "arguments": "/q" });
        let published = json!({ "name": "Desks", "apps": [word] });
        app.call_with(&app.admin_key, "PUT", &pool, Some(published), &seen)
            .await
            .expect(200);

        let of_all = "full address:s:desk.example:3390\r\nusername:s:CORP\\desk\r\nprompt for credentials:i:1\r\n\
                      authentication level:i:2\r\n";
        let of_word = "remoteapplicationmode:i:1\r\nremoteapplicationname:s:Word\r\n\
                       remoteapplicationprogram:s:||WINWORD\r\nremoteapplicationcmdline:s:/q\r\n";
        for (kind, rest) in [
            (json!(null), "screen mode id:i:2\r\n"),
            (json!({ "kind": "app", "app": "word" }), of_word),
        ] {
            let request = json!({ "pool_id": made.pool, "kind": kind });
            let session = app
                .user("POST", "/sessions", Some(request))
                .await
                .expect(201);
            let path = session.header("location").to_owned();
            let file = format!("{path}/rdp");
            // Nobody else gets it, and to ask for it in vain brings nobody to work.
            app.admin("GET", &file, None)
                .await
                .expect_problem(404, "not_found");
            let state = async || {
                app.user("GET", &path, None)
                    .await
                    .expect(200)
                    .member("state")
            };
            assert_eq!(state().await, "assigned");
            let answer = app.user("GET", &file, None).await.expect(200);
            assert_eq!(answer.header("content-type"), "application/x-rdp");
            assert_eq!(
                answer.header("content-disposition"),
                "attachment; filename=\"session.rdp\""
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.text, format!("{of_all}{rest}"));
            assert_eq!(state().await, "active");
        }
        let unknown = json!({ "pool_id": made.pool, "kind": { "kind": "app", "app": "excel" } });
        app.user("POST", "/sessions", Some(unknown))
            .await
            .expect_problem(422, "invalid");
    }

    #[tokio::test]
    async fn where_nothing_comes_nobody_waits() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": false }))
            .await;
        let request = json!({ "pool_id": made.pool });
        app.user("POST", "/sessions", Some(request))
            .await
            .expect_problem(409, "no_capacity_coming");
        let wrong = json!({ "pool_id": made.pool, "kind": { "kind": "desktop" } });
        app.user("POST", "/sessions", Some(wrong))
            .await
            .expect_problem(422, "invalid");
        let another = json!({ "pool_id": made.pool, "user_id": app.admin.id });
        app.user("POST", "/sessions", Some(another))
            .await
            .expect_problem(422, "invalid");
    }

    #[tokio::test]
    async fn somebody_elses_session_is_not_there() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let own = app
            .admin("POST", "/sessions", Some(json!({ "pool_id": made.pool })))
            .await
            .expect(202);
        let path = own.header("location").to_owned();
        for (method, path) in [
            ("GET", path.clone()),
            ("DELETE", path.clone()),
            ("POST", format!("{path}/keepalive")),
            ("POST", format!("{path}/reveal")),
            ("GET", format!("{path}/rdp")),
        ] {
            app.user(method, &path, None)
                .await
                .expect_problem(404, "not_found");
        }
        assert_eq!(
            app.user("GET", "/sessions", None).await.json()["items"],
            json!([])
        );
    }

    #[tokio::test]
    async fn more_than_the_quota_is_refused() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        for _ in 0..app.plane.settings().person.sessions {
            app.user("POST", "/sessions", Some(json!({ "pool_id": made.pool })))
                .await
                .expect(202);
        }
        let answer = app
            .user("POST", "/sessions", Some(json!({ "pool_id": made.pool })))
            .await;
        answer.expect_problem(409, "session_quota_reached");
    }

    #[tokio::test]
    async fn who_asks_too_often_is_told_when_to_go_on() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let ask = async || {
            app.user("POST", "/sessions", Some(json!({ "pool_id": made.pool })))
                .await
        };
        for _ in 0..app.plane.settings().person.requests_per_minute {
            let session = ask().await.expect(202).json()["id"].clone();
            let path = format!("/sessions/{}", session.as_str().expect("an id"));
            app.user("DELETE", &path, None).await.expect(200);
        }
        let answer = ask().await.expect_problem(429, "too_many_requests");
        let secs: u32 = answer.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&secs), "{secs}");
    }
}
