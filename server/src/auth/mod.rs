//! Who asks: the cookie of a signed-in person, or the API key of a program.
//!
//! Check-in tokens of servers are no part of this: `rest/checkin.rs` hands them to the use case as they are.

pub mod cookie;
pub mod forms;
pub mod guessing;
pub mod origin;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};

use crate::rest::error::ApiError;
use crate::state::AppState;

/// The sign-in token that came with a request, for signing out.
#[derive(Clone)]
pub struct LoginToken(pub String);

/// Finds out who asks and puts the [`Actor`] into the request. A request of nobody goes on without one; one with a
/// wrong key, or one that a browser sends for another site, ends here.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match find(&state, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn find(state: &AppState, request: &mut Request) -> Result<(), ApiError> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer);
        let found = match token {
            Some(token) => control::api_key::authenticate(&state.plane, token).await?,
            None => None,
        };
        let actor = found.ok_or_else(|| {
            Problem::new(
                ProblemCode::Unauthenticated,
                "This API key is not valid. Send `Authorization: Bearer weir_…`.",
            )
        })?;
        request.extensions_mut().insert(actor);
        return Ok(());
    }
    let Some(token) = cookie::token(request.headers(), &state.web) else {
        return Ok(());
    };
    // Before the token is looked at: what another site sends is refused whether or not the sign-in still holds.
    origin::check(request.method(), request.headers(), &state.web)?;
    if let Some(user) = control::login::authenticate(&state.plane, &token).await? {
        request.extensions_mut().insert(Actor::Person {
            user: user.id,
            role: user.role,
        });
        request.extensions_mut().insert(LoginToken(token));
    }
    Ok(())
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The one who asks. A handler that takes it refuses everybody else with 401.
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Actor>()
            .cloned()
            .map(Caller)
            .ok_or_else(|| {
                Problem::new(
                    ProblemCode::Unauthenticated,
                    "Sign in, or send an API key as `Authorization: Bearer weir_…`.",
                )
                .into()
            })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{PASSWORD, TestApp};
    use axum::body::Body;
    use axum::http::{Method, Request};
    use serde_json::{Value, json};

    /// Paths that anybody may call: servers prove who they are by their tokens.
    const OPEN: [&str; 2] = ["/api/set_server_status", "/api/v1/checkin"];

    /// What a person without the admin role may do.
    const FOR_PEOPLE: [&str; 16] = [
        "list_pools",
        "get_pool",
        "list_sessions",
        "request_session",
        "get_session",
        "end_session",
        "keep_session_alive",
        "reveal_session",
        "get_rdp_file",
        "list_ssh_keys",
        "create_ssh_key",
        "delete_ssh_key",
        "get_deployment",
        "get_me",
        "stream_events",
        "get_user",
    ];

    /// Every operation: method, path with an id of the right kind, name, and the schema's name of its body.
    fn operations() -> Vec<(String, String, String, Value)> {
        let document = crate::router::description().expect("a description");
        let mut all = Vec::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let mut path = path.replace("{key}", "autoscale");
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    if parameter["name"] == "id" {
                        let schema = parameter["schema"]["$ref"]
                            .as_str()
                            .expect("a schema")
                            .rsplit('/')
                            .next();
                        let pattern =
                            &document["components"]["schemas"][schema.expect("a name")]["pattern"];
                        let prefix = pattern.as_str().expect("a pattern")[1..]
                            .split('_')
                            .next()
                            .expect("a prefix");
                        path = path.replace(
                            "{id}",
                            &format!("{prefix}_01980000-0000-7000-8000-000000000001"),
                        );
                    }
                }
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                all.push((
                    method.to_uppercase(),
                    path,
                    id,
                    operation["requestBody"].clone(),
                ));
            }
        }
        all
    }

    #[tokio::test]
    async fn nobody_gets_anything_and_people_get_nothing_of_the_admins() {
        let app = TestApp::new().await;
        for (method, path, id, body) in operations() {
            if OPEN.contains(&path.as_str()) {
                continue;
            }
            let body = body.is_object().then(|| json!({}));
            let nobody = app.call("", &method, &path, body.clone()).await;
            assert_eq!(nobody.status, 401, "{method} {path}: {nobody:?}");
            assert_eq!(
                nobody.header("content-type"),
                "application/problem+json",
                "{method} {path}"
            );
            let wrong = app.call("weir_x_y", &method, &path, body).await;
            assert_eq!(wrong.status, 401, "{method} {path}: {wrong:?}");
            if FOR_PEOPLE.contains(&id.as_str()) {
                continue;
            }
            // Without a body a request may be refused before the role is looked at, but never granted.
            let headers = [("if-match", "\"v1\"")];
            let person = app
                .call_with(&app.user_key, &method, &path, Some(minimal(&id)), &headers)
                .await;
            assert!(
                [403, 404].contains(&person.status.as_u16()),
                "{id}: {person:?}"
            );
        }
    }

    /// A body of the right shape for an operation.
    fn minimal(id: &str) -> Value {
        let some = "_01980000-0000-7000-8000-000000000001";
        match id.split_once('_').map_or("", |(_, noun)| noun) {
            "zone" => json!({ "name": "x", "upstream_auth_address": "x" }),
            "pool" => json!({ "name": "x" }),
            "provider" => json!({ "name": "x", "kind": "fake", "max_instances": 1 }),
            "provider_choices" => json!({ "kind": "fake", "settings": {} }),
            "user" => json!({ "name": "x", "role": "user" }),
            "api_key" => json!({ "name": "x", "role": "admin" }),
            "draft" => json!({ "form": "autoscale", "values": {} }),
            "script" => json!({ "config": {} }),
            "fixed_server" => json!({
                "name": "x", "pool_id": format!("pool{some}"), "zone_id": format!("zone{some}"), "protocol": "ssh",
                "host": "x", "port": 22, "limits": { "max_sessions": 1, "max_users": 1 },
            }),
            _ => json!({}),
        }
    }

    #[tokio::test]
    async fn a_cookie_is_good_for_weirs_own_pages_only() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("ada").await;
        let send = async |method: Method, site: Option<&str>, origin: Option<&str>| {
            let mut request = Request::builder()
                .method(method)
                .uri("/api/v1/pools")
                .header("cookie", &cookie);
            request = request.header("content-type", "application/json");
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let body = Body::from(json!({ "name": "" }).to_string());
            app.send(request.body(body).expect("a request")).await
        };
        send(Method::GET, None, None).await.expect(200);
        send(Method::POST, Some("same-origin"), None)
            .await
            .expect_problem(422, "invalid");
        send(Method::POST, None, Some(crate::testing::ORIGIN))
            .await
            .expect_problem(422, "invalid");
        for site in ["cross-site", "same-site", "none"] {
            send(Method::POST, Some(site), Some(crate::testing::ORIGIN))
                .await
                .expect_problem(403, "cross_site");
        }
        send(Method::POST, None, Some("http://127.0.0.1:3001"))
            .await
            .expect_problem(403, "cross_site");
        send(Method::POST, None, None)
            .await
            .expect_problem(403, "cross_site");

        // Pages' own calls and forms, with a cookie or without.
        for path in [
            "/ui/login",
            "/ui/logout",
            "/ui/setup",
            "/ui/resume",
            "/ui/adopt",
            "/ui/fork",
            "/ui/launch",
            "/ui/end",
            "/ui/keep",
            "/ui/rdp",
            "/ui/fn/anything",
        ] {
            for with in [cookie.as_str(), "x=y"] {
                let request = Request::post(path)
                    .header("cookie", with)
                    .header("sec-fetch-site", "cross-site");
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                app.send(request.body(Body::from("a=b")).expect("a request"))
                    .await
                    .expect_problem(403, "cross_site");
            }
        }
    }

    #[tokio::test]
    async fn a_person_signs_in_and_out() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("ben").await;
        let me = async |cookie: &str| {
            let request = Request::get("/api/v1/me")
                .header("cookie", cookie)
                .body(Body::empty());
            app.send(request.expect("a request")).await
        };
        assert_eq!(me(&cookie).await.expect(200).json()["user_name"], "ben");
        let answer = app.form("/ui/logout", &cookie, "").await.expect(303);
        assert_eq!(answer.header("location"), "/login");
        me(&cookie).await.expect_problem(401, "unauthenticated");
        me("weir=x").await.expect_problem(401, "unauthenticated");
        // A cookie beside a wrong key does not help.
        let cookie = app.sign_in("ben").await;
        let request = Request::get("/api/v1/me")
            .header("cookie", &cookie)
            .header("authorization", "Bearer weir_x_y");
        app.send(request.body(Body::empty()).expect("a request"))
            .await
            .expect_problem(401, "unauthenticated");
    }

    #[tokio::test]
    async fn a_wrong_name_and_a_wrong_password_look_the_same_and_guessing_waits() {
        let app = TestApp::new().await;
        for name in ["ben", "nobody"] {
            let answer = app
                .form("/ui/login", "", &format!("name={name}&password=wrong"))
                .await
                .expect(303);
            assert_eq!(
                answer.header("location"),
                "/login?error=unauthenticated",
                "{name}"
            );
            assert_eq!(answer.header("set-cookie"), "");
            for _ in 0..20 {
                app.state.guessing.refused(name, None, app.plane.now());
            }
            let fields = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
            let answer = app.form("/ui/login", "", &fields).await.expect(303);
            assert!(
                answer
                    .header("location")
                    .starts_with("/login?error=too_many_requests&retry_after="),
                "{answer:?}"
            );
        }
        app.sign_in("ada").await;
    }

    #[tokio::test]
    async fn set_up_happens_once() {
        let app = TestApp::new().await;
        let token = control::setup::new_link(&app.plane)
            .await
            .expect("a link")
            .expect("set-up is open");
        let fields =
            |password: &str| format!("token={}&name=root&password={password}", token.expose());
        let short = app
            .form("/ui/setup", "", &fields("short"))
            .await
            .expect(303);
        assert!(
            short
                .header("location")
                .contains("error=invalid&field=password"),
            "{short:?}"
        );
        let done = app
            .form("/ui/setup", "", &fields("long-enough-password"))
            .await
            .expect(303);
        assert_eq!(done.header("location"), "/admin");
        assert!(done.header("set-cookie").starts_with("weir="), "{done:?}");
        let again = app
            .form("/ui/setup", "", &fields("long-enough-password"))
            .await
            .expect(303);
        assert!(again.header("location").contains("error=gone"), "{again:?}");
        assert!(
            control::setup::new_link(&app.plane)
                .await
                .expect("an answer")
                .is_none()
        );
    }

    #[tokio::test]
    async fn an_admin_lets_everything_go_on_from_any_page() {
        let app = TestApp::new().await;
        let pause = async || app.admin("GET", "/deployment", None).await.json()["pause"].clone();
        app.admin("POST", "/deployment/pause", None)
            .await
            .expect(200);
        // A program has, by the key of the admin.
        assert_eq!(pause().await["by_name"], "key of ada");
        let resume = async |cookie: &str, from: &str| {
            let request = Request::post("/ui/resume")
                .header("cookie", cookie)
                .header("referer", from)
                .header("sec-fetch-site", "same-origin")
                .body(Body::empty());
            app.send(request.expect("a request")).await
        };
        let person = app.sign_in("ben").await;
        resume(&person, "").await.expect_problem(403, "forbidden");
        let answer = resume("", "").await.expect(303);
        assert_eq!(answer.header("location"), "/login?error=unauthenticated");
        assert!(pause().await.is_object());
        let admin = app.sign_in(&app.admin.name).await;
        let page = format!("{}/admin/pools?sort=name", crate::testing::ORIGIN);
        let answer = resume(&admin, &page).await.expect(303);
        assert_eq!(answer.header("location"), "/admin/pools?sort=name");
        assert!(pause().await.is_null());
        let answer = resume(&admin, "https://elsewhere.example/admin/pools")
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/admin");
    }

    #[tokio::test]
    async fn launching_needs_a_sign_in() {
        let app = TestApp::new().await;
        let made = app
            .pool("Desks", json!({ "aggressive_scaling": true }))
            .await;
        let fields = format!("pool_id={}", made.pool);
        let answer = app.form("/ui/launch", "", &fields).await.expect(303);
        assert_eq!(answer.header("location"), "/login?error=unauthenticated");
        let cookie = app.sign_in("ben").await;
        let answer = app.form("/ui/launch", &cookie, &fields).await.expect(303);
        let page = answer.header("location").to_owned();
        let id = page
            .strip_prefix("/portal/sessions/")
            .expect("the session's page");
        let answer = app
            .form("/ui/end", &cookie, &format!("session_id={id}"))
            .await
            .expect(303);
        assert_eq!(answer.header("location"), page);
        assert_eq!(
            app.user("GET", &format!("/sessions/{id}"), None)
                .await
                .json()["how"],
            "cancelled"
        );
    }

    #[tokio::test]
    async fn what_a_link_changes_is_changed_from_weirs_pages_alone() {
        let app = TestApp::new().await;
        let made = app.fixed().await;
        let request = json!({ "pool_id": made.pool });
        let session = app.user("POST", "/sessions", Some(request)).await;
        let session = session.expect(201);
        let (path, id) = (session.header("location"), session.member("id"));
        let cookie = app.sign_in("ben").await;
        let file = async |site: &'static str| {
            let request = Request::get(format!("{path}/rdp"))
                .header("cookie", &cookie)
                .header("sec-fetch-site", site);
            app.send(request.body(Body::empty()).expect("a request"))
                .await
        };
        file("cross-site").await.expect_problem(403, "cross_site");
        // From Weir's page it is looked at, and this one has no such file.
        file("same-origin").await.expect_problem(409, "conflict");

        let fields = format!("session_id={id}");
        app.form("/ui/keep", &cookie, &fields).await.expect(303);
        let kept = app.user("GET", path, None).await.expect(200).json();
        assert_eq!(kept["state"], "active");
    }
}
