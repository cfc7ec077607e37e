//! The demo: a pool to try Weir out, what brings it to life, and how it goes again.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::demo::{Demo, DemoVisit};
use domain::error::Problem;
use domain::pool::Pool;

use crate::auth::Caller;
use crate::rest::error::{ApiResult, fault};
use crate::rest::json::Json;
use crate::rest::version::versioned;
use crate::state::AppState;

/// Makes a pool to try Weir out, on Weir's own machine, with the zone, the provider config and the autoscale config that it
/// needs. Where servers are not possible there, they are machines in memory.
#[utoipa::path(post, path = "/pools/demo", tag = "pools",
    responses((status = 201, body = Pool, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "It is there already, or is being removed.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn create_demo_pool(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Response> {
    let pool = control::demo::create(&state.plane, &actor).await?;
    let location = [(header::LOCATION, format!("/api/v1/pools/{}", pool.id))];
    Ok((StatusCode::CREATED, location, versioned(pool.version, pool)).into_response())
}

/// The demo: what has been seen of it and what it is made of. `null` while there is none.
#[utoipa::path(get, path = "/pools/demo", tag = "pools", responses((status = 200, body = Option<Demo>)))]
pub async fn get_demo(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Option<Demo>>> {
    Ok(Json(control::demo::get(&state.plane, &actor).await?))
}

/// Sends 12 made-up people into the demo's pool, who ask for sessions as everybody does and leave a minute after they got one.
#[utoipa::path(post, path = "/pools/demo/visitors", tag = "pools",
    responses((status = 200, body = DemoVisit),
        (status = 404, description = "There is no demo.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Visitors still wait, or the demo is being removed.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn send_demo_visitors(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<DemoVisit>> {
    // In a task of its own: a request for a session may decide for others too, so it must not end with the client's connection.
    let sent =
        tokio::spawn(async move { control::demo::send_visitors(&state.plane, &actor).await });
    Ok(Json(sent.await.map_err(|error| fault(&error))??))
}

/// Has the start-up script of the next server that is made for the demo's pool fail. On this machine the provider sets
/// `WEIR_BREAK` for it, which the demo's script looks at.
#[utoipa::path(post, path = "/pools/demo/break", tag = "pools",
    responses((status = 200, body = Demo),
        (status = 404, description = "There is no demo.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "That is asked already, the script would not notice, or the demo is being removed.",
        body = Problem, content_type = "application/problem+json")))]
pub async fn break_demo_server(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Demo>> {
    Ok(Json(control::demo::break_next(&state.plane, &actor).await?))
}

/// Ticks off that somebody has looked at the demo's decisions.
#[utoipa::path(post, path = "/pools/demo/read-why", tag = "pools",
    responses((status = 200, body = Demo),
        (status = 404, description = "There is no demo.", body = Problem, content_type = "application/problem+json")))]
pub async fn tell_demo_why_read(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Demo>> {
    Ok(Json(
        control::demo::tell_why_read(&state.plane, &actor).await?,
    ))
}

/// Puts the demo's checklist away, once every line of it is ticked.
#[utoipa::path(post, path = "/pools/demo/dismiss", tag = "pools",
    responses((status = 200, body = Demo),
        (status = 404, description = "There is no demo.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A line is not ticked yet.", body = Problem,
        content_type = "application/problem+json")))]
pub async fn dismiss_demo_checklist(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<Json<Demo>> {
    Ok(Json(control::demo::dismiss(&state.plane, &actor).await?))
}

/// Begins to remove the demo: sessions end, servers are deleted, then its configs, provider config, zone, visitors and pool go.
/// The loop does it; `GET` tells what is left. A provider config or zone that something else uses stays.
#[utoipa::path(post, path = "/pools/demo/remove", tag = "pools",
    responses((status = 202, description = "It is being removed.", body = Demo),
        (status = 404, description = "There is no demo.", body = Problem, content_type = "application/problem+json")))]
pub async fn remove_demo(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> ApiResult<(StatusCode, Json<Demo>)> {
    let demo = control::demo::remove(&state.plane, &actor).await?;
    Ok((StatusCode::ACCEPTED, Json(demo)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    const DEMO: &str = "/pools/demo";

    /// An app with a demo of machines in memory that start at once. Its loop has not begun.
    async fn with_demo() -> (TestApp, Value) {
        let app = TestApp::without_local().await;
        let pool = app.admin("POST", DEMO, None).await.expect(201).json();
        let providers = app.admin("GET", "/providers", None).await.json();
        let provider = providers["items"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let settings = json!({ "boot_millis": 0, "script_millis": 0 });
        app.change_provider(&provider, json!({ "settings": settings }))
            .await;
        (app, pool)
    }

    async fn demo(app: &TestApp) -> Value {
        app.admin("GET", DEMO, None).await.expect(200).json()
    }

    async fn post(app: &TestApp, verb: &str) -> crate::testing::Answer {
        app.admin("POST", &format!("{DEMO}/{verb}"), None).await
    }

    async fn until(app: &TestApp, is_so: impl Fn(&Value) -> bool) -> Value {
        app.until(&app.admin_key, DEMO, is_so).await
    }

    async fn count(app: &TestApp, path: &str) -> usize {
        let list = app.admin("GET", path, None).await.expect(200).json();
        list["items"].as_array().expect("items").len()
    }

    #[tokio::test]
    async fn the_demo_is_made_once() {
        let app = TestApp::new().await;
        assert_eq!(demo(&app).await, Value::Null);
        let made = app.admin("POST", DEMO, None).await.expect(201);
        let there = app.admin("GET", made.header("location"), None).await;
        assert_eq!(there.expect(200).json(), made.json());
        assert_eq!(demo(&app).await["pool_id"], made.json()["id"]);
        app.admin("POST", DEMO, None)
            .await
            .expect_problem(409, "conflict");
        app.user("POST", DEMO, None)
            .await
            .expect_problem(403, "forbidden");
    }

    #[tokio::test]
    async fn only_admins_reach_it_and_without_one_there_is_nothing_to_do() {
        let app = TestApp::new().await;
        app.user("GET", DEMO, None)
            .await
            .expect_problem(403, "forbidden");
        for verb in ["visitors", "break", "read-why", "dismiss", "remove"] {
            let path = format!("{DEMO}/{verb}");
            app.user("POST", &path, None)
                .await
                .expect_problem(403, "forbidden");
            app.admin("POST", &path, None)
                .await
                .expect_problem(404, "not_found");
        }
    }

    #[tokio::test]
    async fn the_checklist_ticks_itself_and_is_put_away() {
        let (app, pool) = with_demo().await;
        let list = demo(&app).await["checklist"].clone();
        let none = json!({
            "server_ready": false, "session_launched": false, "scaled": false, "why_read": false, "dismissed": false,
        });
        assert_eq!(list, none);
        post(&app, "dismiss").await.expect_problem(409, "conflict");
        app.begin_loop();
        until(&app, |demo| demo["checklist"]["server_ready"] == true).await;

        let ask = json!({ "pool_id": pool["id"] });
        app.user("POST", "/sessions", Some(ask)).await.expect(201);
        let now = until(&app, |demo| demo["checklist"]["session_launched"] == true).await;
        assert_eq!(now["checklist"]["why_read"], false);

        post(&app, "visitors").await.expect(200);
        until(&app, |demo| demo["checklist"]["scaled"] == true).await;
        let read = post(&app, "read-why").await.expect(200).json();
        assert_eq!(read["checklist"]["why_read"], true);
        let away = post(&app, "dismiss").await.expect(200).json();
        assert_eq!(away["checklist"]["dismissed"], true);
    }

    #[tokio::test]
    async fn visitors_are_people_who_cannot_sign_in_and_stay_for_a_minute() {
        let (app, pool) = with_demo().await;
        app.begin_loop();
        until(&app, |demo| demo["checklist"]["server_ready"] == true).await;
        let visit = post(&app, "visitors").await.expect(200).json();
        assert_eq!(
            visit,
            json!({ "admitted": 12, "refused": 0, "reason": null })
        );
        // Five servers of two seats: the others wait, and are told why.
        let full = until(&app, |demo| demo["parts"]["sessions"] == 10).await;
        assert_eq!(full["visitors_waiting"], 2);
        assert_eq!(full["parts"]["visitors"], 12);
        let again = post(&app, "visitors").await.expect_problem(409, "conflict");
        assert!(again.text.contains("2 visitors still wait"), "{again:?}");

        let path = format!(
            "/sessions?pool_id={}&waiting=false",
            pool["id"].as_str().expect("an id")
        );
        let is_short = |session: &Value| {
            let ends = session["expires_at"].as_str().expect("a time");
            let begins = session["assigned_at"].as_str().expect("a time");
            let at = |time: &str| {
                time.parse::<domain::timestamp::Timestamp>()
                    .expect("a time")
            };
            at(ends).since(at(begins)) == 60_000
        };
        let sessions = |list: &Value| list["items"].as_array().cloned().unwrap_or_default();
        app.until(&app.admin_key, &path, |list| {
            sessions(list).iter().all(is_short)
        })
        .await;

        let people = app.admin("GET", "/users", None).await.expect(200).json();
        let visitors: Vec<&Value> = people["items"]
            .as_array()
            .expect("people")
            .iter()
            .filter(|person| person["visitor"] == true)
            .collect();
        assert_eq!(visitors.len(), 12);
        assert_eq!(visitors[0]["name"], "Visitor 1");
        let path = format!("/users/{}", visitors[0]["id"].as_str().expect("an id"));
        let password =
            json!({ "name": "eve", "role": "admin", "password": crate::testing::PASSWORD });
        app.call_with(
            &app.admin_key,
            "PUT",
            &path,
            Some(password),
            &[("if-match", "\"v1\"")],
        )
        .await
        .expect_problem(409, "conflict");
    }

    #[tokio::test]
    async fn the_next_server_fails_once_and_another_takes_its_place() {
        let (app, pool) = with_demo().await;
        app.begin_loop();
        until(&app, |demo| demo["checklist"]["server_ready"] == true).await;
        let asked = post(&app, "break").await.expect(200).json();
        assert_eq!(asked["breaks_next"], true);
        post(&app, "break").await.expect_problem(409, "conflict");
        assert_eq!(demo(&app).await["last_failure"], Value::Null);

        let pool = pool["id"].as_str().expect("an id");
        let servers = app
            .admin("GET", &format!("/servers?pool_id={pool}"), None)
            .await
            .json();
        let first = servers["items"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        app.admin("DELETE", &format!("/servers/{first}"), None)
            .await
            .expect(204);
        let mended = until(&app, |demo| demo["last_failure"]["replaced"] == true).await;
        assert_eq!(mended["breaks_next"], false);
        assert_eq!(mended["last_failure"]["message"], "A package is missing");
        let failed = mended["last_failure"]["server_id"].as_str().expect("an id");
        assert_ne!(failed, first);
    }

    #[tokio::test]
    async fn all_of_it_goes_whatever_state_it_is_in() {
        let (app, pool) = with_demo().await;
        let pool = pool["id"].as_str().expect("an id");
        app.begin_loop();
        until(&app, |demo| demo["checklist"]["server_ready"] == true).await;
        let ask = json!({ "pool_id": pool });
        app.user("POST", "/sessions", Some(ask.clone()))
            .await
            .expect(201);
        post(&app, "visitors").await.expect(200);
        let begun = post(&app, "remove").await.expect(202).json();
        assert!(begun["removing_since"].is_string(), "{begun}");
        until(&app, Value::is_null).await;
        app.admin("GET", &format!("/pools/{pool}"), None)
            .await
            .expect_problem(404, "not_found");
        for path in [
            "/pools",
            "/providers",
            "/zones",
            "/autoscale-configs",
            "/servers",
            "/sessions",
        ] {
            assert_eq!(count(&app, path).await, 0, "{path}");
        }
        assert_eq!(count(&app, "/users").await, 2, "ada and ben");
        let fakes = app.registry.clouds();
        assert!(
            fakes.iter().all(|(_, cloud)| cloud.alive().is_empty()),
            "no machine is left"
        );
        app.admin("POST", DEMO, None).await.expect(201);
    }

    #[tokio::test]
    async fn a_removal_that_has_begun_is_finished_by_whoever_runs_the_loop() {
        let (app, pool) = with_demo().await;
        // Nothing runs: what was begun stands in the database.
        post(&app, "remove").await.expect(202);
        assert!(demo(&app).await["removing_since"].is_string());
        for verb in ["visitors", "break"] {
            post(&app, verb).await.expect_problem(409, "conflict");
        }
        app.admin("POST", DEMO, None)
            .await
            .expect_problem(409, "conflict");
        app.begin_loop();
        until(&app, Value::is_null).await;
        let path = format!("/pools/{}", pool["id"].as_str().expect("an id"));
        app.admin("GET", &path, None).await.expect(404);
    }

    #[tokio::test]
    async fn what_something_else_uses_stays() {
        let (app, _) = with_demo().await;
        let first = async |path: &str| {
            let list = app.admin("GET", path, None).await.expect(200).json();
            list["items"][0]["id"].clone()
        };
        let (zone, provider) = (first("/zones").await, first("/providers").await);
        let values = json!({ "name": "Mine", "deployment_zone_id": zone, "provider_id": provider });
        let mine = app.pool("Mine", values).await;
        let parts = demo(&app).await["parts"].clone();
        assert_eq!(parts["zone"]["used_by"], json!(["Mine"]));
        assert_eq!(parts["provider"]["used_by"], json!(["Mine"]));
        post(&app, "remove").await.expect(202);
        app.begin_loop();
        until(&app, Value::is_null).await;
        for path in ["zones", "providers"] {
            let id = if path == "zones" { &zone } else { &provider };
            let path = format!("/{path}/{}", id.as_str().expect("an id"));
            app.admin("GET", &path, None).await.expect(200);
        }
        let path = format!("/autoscale-configs/{}", mine.config);
        app.admin("GET", &path, None).await.expect(200);
    }
}
