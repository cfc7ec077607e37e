//! Every route on one page, grouped by caller, and what all answers have in common.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use domain::error::{Problem, ProblemCode};
use leptos::nonce::Nonce;
#[cfg(test)]
use serde_json::Value;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::assets::{self, Loaded};
use crate::auth::{forms, identify, origin};
use crate::rest::error::{ApiError, ApiResult, as_problem, no_such_method, no_such_path};
use crate::rest::{
    api_key, audit, autoscale, autoscale_version, checkin, decision, demo, deployment, draft, form,
    ldap_config, orphan, pool, provider, server, session, ssh_key, user, zone,
};
use crate::state::AppState;
use crate::{live, openapi, telemetry, ui};

/// The largest request body, in bytes. Nothing is let through with more.
const BODY_LIMIT: usize = 256 * 1024;

/// How long a request body may stand still before the request is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All routes of the process.
///
/// # Errors
/// The API's description cannot be written: a fault of ours.
pub fn router(state: AppState) -> Result<Router, serde_json::Error> {
    let (api, gathered) = api();
    let api = api
        .layer(middleware::from_fn_with_state(
            state.clone(),
            identify_but_servers,
        ))
        .with_state(state.clone());
    let description = openapi::finish(&gathered)?;
    let text: &'static str = Box::leak(description.to_string().into_boxed_str());

    // Browsers: pages, their calls and their plain forms. A page also answers for every unknown address.
    let browsers = ui::pages(&state)
        .merge(
            Router::new()
                .route("/ui/login", post(forms::sign_in))
                .route("/ui/logout", post(forms::sign_out))
                .route("/ui/setup", post(forms::set_up))
                .route("/ui/resume", post(forms::resume))
                .route("/ui/adopt", post(forms::adopt))
                .route("/ui/fork", post(forms::fork))
                .route("/ui/launch", post(forms::launch))
                .route("/ui/end", post(forms::end))
                .route("/ui/keep", post(forms::keep))
                .route("/ui/rdp", post(forms::rdp))
                .with_state(state.clone()),
        )
        .layer(middleware::from_fn_with_state(state.clone(), identify))
        .layer(middleware::from_fn_with_state(state.clone(), origin::guard))
        // A page is a fifth of its length then. What it loads is compressed already, and left as it is.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));

    // Operators, and what anybody may read.
    let open = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(telemetry::metrics))
        .route(openapi::PATH, get(openapi::serve))
        .route("/docs", get(openapi::page_folder))
        .route("/docs/api", get(openapi::page_folder))
        .route("/docs/api/", get(openapi::page))
        .route("/docs/api/{*path}", get(openapi::page))
        .route(assets::ROUTE, get(assets::serve))
        .layer(Extension(openapi::Description(text)))
        .with_state(state.clone());

    Ok(Router::new()
        .merge(api)
        .merge(open)
        .merge(browsers)
        .layer(middleware::from_fn(guard_answer))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(as_problem))
        .layer(middleware::from_fn_with_state(state, log)))
}

/// The API's routes, and what they say of themselves.
fn api() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    // Programs with an API key, and pages with the cookie.
    let v1 = configured().merge(running());
    // Servers, with their check-in tokens.
    let servers = OpenApiRouter::new()
        .routes(routes!(checkin::set_server_status))
        .routes(routes!(checkin::check_in));

    let (router, gathered) = OpenApiRouter::with_openapi(openapi::Api::openapi())
        .nest("/api/v1", v1)
        .merge(servers)
        .split_for_parts();
    let router = router
        .route("/api", get(no_such_path))
        .route("/api/{*path}", axum::routing::any(no_such_path))
        .method_not_allowed_fallback(no_such_method);
    (router, gathered)
}

/// What admins set up.
fn configured() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(zone::list_zones, zone::create_zone))
        .routes(routes!(
            zone::get_zone,
            zone::replace_zone,
            zone::delete_zone
        ))
        .routes(routes!(pool::list_pools, pool::create_pool))
        .routes(routes!(demo::get_demo, demo::create_demo_pool))
        .routes(routes!(demo::send_demo_visitors))
        .routes(routes!(demo::break_demo_server))
        .routes(routes!(demo::tell_demo_why_read))
        .routes(routes!(demo::dismiss_demo_checklist))
        .routes(routes!(demo::remove_demo))
        .routes(routes!(pool::get_pool_capacity))
        .routes(routes!(pool::get_pool_starts))
        .routes(routes!(pool::list_capacity_lines))
        .routes(routes!(
            pool::get_pool,
            pool::replace_pool,
            pool::delete_pool
        ))
        .routes(routes!(provider::list_provider_kinds))
        .routes(routes!(provider::list_providers, provider::create_provider))
        .routes(routes!(
            provider::get_provider,
            provider::replace_provider,
            provider::delete_provider
        ))
        .routes(routes!(provider::test_provider))
        .routes(routes!(provider::list_provider_choices))
        .routes(routes!(
            ldap_config::list_ldap_configs,
            ldap_config::create_ldap_config
        ))
        .routes(routes!(
            ldap_config::get_ldap_config,
            ldap_config::replace_ldap_config,
            ldap_config::delete_ldap_config
        ))
        .routes(routes!(
            autoscale::list_autoscale_configs,
            autoscale::create_autoscale_config
        ))
        .routes(routes!(
            autoscale::get_autoscale_config,
            autoscale::replace_autoscale_config,
            autoscale::delete_autoscale_config
        ))
        .routes(routes!(autoscale::validate_autoscale_config))
        .routes(routes!(autoscale::plan_autoscale_config))
        .routes(routes!(autoscale::plan_saved_autoscale_config))
        .routes(routes!(autoscale::render_script))
        .routes(routes!(autoscale_version::list_autoscale_config_versions))
        .routes(routes!(autoscale_version::restore_autoscale_config_version))
        .routes(routes!(form::get_form))
}

/// What runs, who uses it, and what became of it.
fn running() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(server::list_servers, server::create_fixed_server))
        .routes(routes!(server::get_server, server::delete_server))
        .routes(routes!(server::get_server_history))
        .routes(routes!(server::get_server_console))
        .routes(routes!(server::drain_server))
        .routes(routes!(server::undrain_server))
        .routes(routes!(orphan::list_orphans))
        .routes(routes!(orphan::get_orphan))
        .routes(routes!(orphan::keep_orphan))
        .routes(routes!(orphan::release_orphan))
        .routes(routes!(orphan::delete_orphan))
        .routes(routes!(orphan::adopt_orphan))
        .routes(routes!(session::list_sessions, session::request_session))
        .routes(routes!(session::get_session, session::end_session))
        .routes(routes!(session::keep_session_alive))
        .routes(routes!(session::reveal_session))
        .routes(routes!(session::get_rdp_file))
        .routes(routes!(user::list_users, user::create_user))
        .routes(routes!(
            user::get_user,
            user::replace_user,
            user::delete_user
        ))
        .routes(routes!(api_key::list_api_keys, api_key::create_api_key))
        .routes(routes!(api_key::delete_api_key))
        .routes(routes!(ssh_key::list_ssh_keys, ssh_key::create_ssh_key))
        .routes(routes!(ssh_key::delete_ssh_key))
        .routes(routes!(draft::list_drafts, draft::create_draft))
        .routes(routes!(
            draft::get_draft,
            draft::replace_draft,
            draft::delete_draft
        ))
        .routes(routes!(decision::list_decisions))
        .routes(routes!(decision::list_newest_decisions))
        .routes(routes!(audit::list_audit))
        .routes(routes!(deployment::get_deployment))
        .routes(routes!(deployment::pause_deployment))
        .routes(routes!(deployment::resume_deployment))
        .routes(routes!(deployment::adopt_deployment))
        .routes(routes!(deployment::fork_deployment))
        .routes(routes!(deployment::get_me))
        .routes(routes!(live::stream_events))
}

/// Servers prove who they are by other means than people and programs.
async fn identify_but_servers(state: State<AppState>, request: Request, next: Next) -> Response {
    if matches!(
        request.uri().path(),
        checkin::PATH | checkin::COMPATIBLE_PATH
    ) {
        return next.run(request).await;
    }
    identify(state, request, next).await
}

/// The API's description, for tests.
#[cfg(test)]
pub fn description() -> Result<Value, serde_json::Error> {
    openapi::finish(&api().1)
}

/// Whether requests should be sent here: the database answers and the process is not about to end.
async fn ready(State(state): State<AppState>) -> ApiResult<&'static str> {
    if *state.stopping.borrow() {
        return Err(Problem::new(ProblemCode::Unavailable, "Weir is about to end.").into());
    }
    state.plane.ready().await.map_err(ApiError::from)?;
    Ok("ready\n")
}

/// One line a request, without its query (which may hold a token), and an id that the answer carries too, unless it is a file
/// that a page loads.
async fn log(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        .map_or_else(|| fresh_id(&state), ToOwned::to_owned);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let started = state.plane.now();
    let mut response = next.run(request).await;
    let status = response.status();
    state.metrics.request(status.as_u16());
    let millis = state.plane.now().since(started);
    tracing::debug!(%method, path, route, status = status.as_u16(), millis, request_id = id, "answered");
    let is_loaded = response.extensions().get::<Loaded>().is_some();
    if !is_loaded && let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn fresh_id(state: &AppState) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{}-{}", state.run, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Makes the nonce of this request, hands it to the page, and sets the headers that keep an answer from being framed,
/// sniffed or scripted. A handler that sets such a header itself keeps it.
async fn guard_answer(mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    let policy = content_security_policy(&nonce);
    request.extensions_mut().insert(nonce);
    let mut response = next.run(request).await;

    let is_page = response.extensions().get::<Loaded>().is_none();
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    if is_page {
        default(header::CONTENT_SECURITY_POLICY, policy);
        default(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        default(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        );
        default(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
        default(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        );
    }
    default(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    default(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nothing from elsewhere, no script without the nonce. `wasm-unsafe-eval` lets the page compile its WASM module.
fn content_security_policy(nonce: &Nonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; \
         script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; font-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a nonce is URL-safe base64 and the rest is a constant")
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{HeaderMap, StatusCode};
    use domain::plan::Reason;
    use tower::ServiceExt;

    use super::*;

    async fn ask(request: Request) -> (StatusCode, HeaderMap, String) {
        let (status, headers, body) = answer(request).await;
        (status, headers, String::from_utf8(body).expect("text"))
    }

    async fn answer(request: Request) -> (StatusCode, HeaderMap, Vec<u8>) {
        let app = crate::testing::TestApp::new().await;
        let response = app
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router has no error of its own");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        (parts.status, parts.headers, bytes.to_vec())
    }

    fn get(path: &str) -> Request {
        Request::builder()
            .uri(path)
            .body(Body::empty())
            .expect("a request")
    }

    #[tokio::test]
    async fn a_page_is_whole_without_any_script() {
        let (status, _, body) = ask(get("/login")).await;
        assert_eq!(status, StatusCode::OK);
        for part in [
            // What follows marks where the text ends.
            "<h1>Sign in<",
            "name=\"password\"",
            "action=\"/ui/login\"",
        ] {
            assert!(body.contains(part), "no {part} in {body}");
        }
    }

    #[tokio::test]
    async fn a_page_is_compressed_for_who_takes_it() {
        for (accepted, encoding) in [("gzip, br", Some("gzip")), ("identity", None)] {
            let mut request = get("/login");
            let accepted = HeaderValue::from_static(accepted);
            request
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, accepted);
            let (_, headers, body) = answer(request).await;
            let sent = headers.get(header::CONTENT_ENCODING);
            assert_eq!(sent.map(HeaderValue::as_bytes), encoding.map(str::as_bytes));
            assert_eq!(body.starts_with(b"<!DOCTYPE html>"), encoding.is_none());
        }
    }

    #[tokio::test]
    async fn every_script_carries_the_nonce_of_the_header_and_no_two_requests_share_one() {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (_, headers, body) = ask(get("/login")).await;
            let policy = headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .expect("ascii")
                .to_owned();
            let nonce = policy
                .split("'nonce-")
                .nth(1)
                .and_then(|rest| rest.split('\'').next())
                .expect("a nonce");
            for script in body.split("<script").skip(1) {
                let tag = script.split('>').next().expect("a tag");
                assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
            }
            assert!(
                !body.contains(" style="),
                "the policy blocks style attributes"
            );
            seen.push(nonce.to_owned());
        }
        assert_ne!(seen[0], seen[1]);
    }

    #[tokio::test]
    async fn an_answer_can_not_be_framed_or_sniffed() {
        for path in ["/", "/livez", "/no-such-page"] {
            let (_, headers, _) = ask(get(path)).await;
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(
                headers["cross-origin-opener-policy"], "same-origin",
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_address_is_a_page_with_status_404() {
        let (status, _, body) = ask(get("/no-such-page")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains("<h1>Page not found<"), "{body}");
    }

    #[tokio::test]
    async fn every_problem_and_every_reason_has_its_entry_in_the_manual() {
        let (_, _, problems) = ask(get("/docs/problems")).await;
        for &code in ProblemCode::ALL {
            let address = Problem::new(code, "").kind;
            let entry = address.strip_prefix("/docs/problems#").expect("an entry");
            assert!(problems.contains(&format!("id=\"{entry}\"")), "{entry}");
        }
        let (_, _, reasons) = ask(get("/docs/reasons")).await;
        for reason in Reason::ALL {
            assert!(reasons.contains(&format!("id=\"{reason}\"")), "{reason}");
        }
    }

    #[tokio::test]
    async fn the_theme_of_the_cookie_is_rendered_at_once() {
        let request = Request::builder()
            .uri("/")
            .header(header::COOKIE, "weir_theme=dark")
            .body(Body::empty());
        let (_, _, body) = ask(request.expect("a request")).await;
        assert!(body.contains("data-theme=\"dark\""), "{body}");
    }

    #[tokio::test]
    async fn a_body_that_says_it_is_too_large_is_refused() {
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header(header::CONTENT_LENGTH, BODY_LIMIT + 1)
            .body(Body::empty());
        let (status, _, _) = ask(request.expect("a request")).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn what_the_framework_refuses_is_a_problem_too() {
        let app = crate::testing::TestApp::new().await;
        app.call("", "GET", "/api/nothing", None)
            .await
            .expect_problem(404, "not_found");
        app.call("", "GET", "/api/v1/nothing", None)
            .await
            .expect_problem(404, "not_found");
        let answer = app
            .admin("PATCH", "/pools", None)
            .await
            .expect_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET,HEAD,POST");
        app.admin("POST", "/pools", None)
            .await
            .expect_problem(415, "unsupported_media_type");
        let large = serde_json::json!({ "name": "x".repeat(BODY_LIMIT) });
        app.admin("POST", "/pools", Some(large.clone()))
            .await
            .expect_problem(413, "too_large");
        let said = [("content-length", "300000")];
        app.call_with(&app.admin_key, "POST", "/pools", Some(large), &said)
            .await
            .expect_problem(413, "too_large");
    }

    #[tokio::test]
    async fn operators_see_whether_it_lives_is_ready_and_what_it_does() {
        let app = crate::testing::TestApp::new().await;
        let plain = async |path: &str, token: &str| {
            let request = Request::builder()
                .uri(path)
                .header("authorization", format!("Bearer {token}"));
            app.send(request.body(Body::empty()).expect("a request"))
                .await
        };
        assert_eq!(plain("/livez", "").await.expect(200).text, "ok\n");
        plain("/readyz", "").await.expect(200);
        plain("/metrics", "wrong")
            .await
            .expect_problem(401, "unauthenticated");
        let figures = plain("/metrics", "figures").await.expect(200).text;
        assert!(
            figures.contains("\nweir_ticks_total 0\n")
                && figures.contains("\nweir_sessions_waiting 0\n"),
            "{figures}"
        );
        assert!(
            figures.contains("weir_http_requests_total{status=\"401\"} 1"),
            "{figures}"
        );
        app.stop();
        plain("/readyz", "")
            .await
            .expect_problem(503, "unavailable");
        plain("/livez", "").await.expect(200);
    }

    #[tokio::test]
    async fn the_api_can_be_read_without_the_internet() {
        let app = crate::testing::TestApp::new().await;
        let description = app
            .call("", "GET", "/api/openapi.json", None)
            .await
            .expect(200)
            .json();
        assert_eq!(description["openapi"], "3.1.0");
        let page = app.send(get("/docs/api/")).await.expect(200);
        assert!(
            page.header("content-security-policy")
                .contains("script-src 'self';"),
            "{page:?}"
        );
        assert!(
            !page.text.contains("http://") && !page.text.contains("https://"),
            "{page:?}"
        );
        // What the page loads is here, and nothing of it is written into the page.
        let attributes = page.text.split([' ', '\n']).filter_map(|word| {
            word.strip_prefix("src=\"")
                .or_else(|| word.strip_prefix("href=\""))
        });
        let files: Vec<_> = attributes
            .filter_map(|rest| rest.split('"').next())
            .filter(|file| !file.ends_with("png"))
            .collect();
        assert!(files.len() >= 5, "{files:?}");
        for file in files {
            let path = format!("/docs/api/{}", file.trim_start_matches("./"));
            app.send(get(&path)).await.expect(200);
        }
        assert_eq!(
            page.text.matches("<script").count(),
            page.text.matches("<script src=").count()
        );
        let start = app
            .send(get("/docs/api/swagger-initializer.js"))
            .await
            .expect(200);
        assert!(start.text.contains("/api/openapi.json"), "{start:?}");
    }

    #[tokio::test]
    async fn a_request_has_an_id() {
        let app = crate::testing::TestApp::new().await;
        let request = Request::builder()
            .uri("/livez")
            .header("x-request-id", "from-a-proxy");
        let answer = app
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.header("x-request-id"), "from-a-proxy");
        let request = Request::builder()
            .uri("/livez")
            .header("x-request-id", "two words");
        let answer = app
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert!(
            answer.header("x-request-id").starts_with(&app.state.run),
            "{answer:?}"
        );
    }
}
