//! The pages of the app, rendered on the server, and the calls they make.

use std::sync::LazyLock;

use app::App;
use app::shell::{Newest, Shell};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::actor::Actor;
use leptos::config::LeptosOptions;
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, generate_route_list, handle_server_fns_with_context,
    render_app_to_stream_with_context,
};

use crate::live;
use crate::rest::error::{ApiError, fault};
use crate::state::AppState;

/// The pages, found by rendering the app once without loading anything. Before any page is served, and once in a process: a
/// page rendered meanwhile would wait for what is never loaded, because leptos keeps one list for the whole process of what a
/// change of the page waits for.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// A route for each page, the app's own "not found" page for every other address, and its server functions.
pub fn pages(state: &AppState) -> Router {
    // Built in code: nothing here is read from the environment or from files beside the binary.
    let options = LeptosOptions::builder().output_name("weir").build();
    let (plane, bundle) = (state.plane.clone(), state.site.bundle);
    let context = move || {
        provide_context(plane.clone());
        if let Some(bundle) = bundle {
            provide_context(bundle);
        }
        provide_request_context();
    };
    let calls = context.clone();
    // Before the page reads anything: what changes from here on is an event that its stream begins with.
    let state = state.clone();
    let context = move || {
        context();
        provide_context(Newest(live::newest(&state)));
    };
    Router::new()
        .leptos_routes_with_context(&options, ROUTES.clone(), context.clone(), Shell)
        // POST alone: nothing that a link can start changes anything.
        .route(
            "/ui/fn/{*path}",
            post(move |request: Request<Body>| call(calls.clone(), request)),
        )
        .fallback_service(get(render_app_to_stream_with_context(context, Shell)))
        .with_state(options)
}

/// A server function, in a task of its own: one that asks for sessions may decide for others too, so what has begun is driven to
/// its end whether the browser stays or not.
async fn call(
    context: impl Fn() + Clone + Send + 'static,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let done = tokio::spawn(async move {
        handle_server_fns_with_context(context, request)
            .await
            .into_response()
    });
    done.await.map_err(|error| fault(&error))
}

/// What a page may ask its context for beside what leptos provides.
fn provide_request_context() {
    let Some(parts) = use_context::<Parts>() else {
        return;
    };
    // Replaces the nonce that leptos has made, since the header was built from this one.
    if let Some(nonce) = parts.extensions.get::<Nonce>().cloned() {
        provide_context(nonce);
    }
    if let Some(actor) = parts.extensions.get::<Actor>().cloned() {
        provide_context(actor);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use control::reconciler;
    use serde_json::json;

    use super::*;
    use crate::testing::TestApp;

    /// What a page shows to the first admin before any script runs: its HTML up to the data for the scripts.
    async fn shown(app: &TestApp, cookie: &str, path: &str) -> String {
        let request = Request::builder()
            .uri(path)
            .header(header::COOKIE, cookie)
            .body(Body::empty());
        let page = app.send(request.expect("a request")).await.expect(200).text;
        let end = page.find("__RESOLVED_RESOURCES").unwrap_or(page.len());
        page[..end].to_owned()
    }

    #[tokio::test]
    async fn lists_come_narrowed_and_sorted() {
        let app = TestApp::new().await;
        for name in ["Beta desks", "Alpha desks", "Shells"] {
            let input = json!({ "name": name });
            app.admin("POST", "/pools", Some(input)).await.expect(201);
        }
        let cookie = app.sign_in(&app.admin.name).await;
        let place = |page: &str, name: &str| page.find(&format!(">{name}<"));
        let page = shown(&app, &cookie, "/admin/pools?q=DESKS&sort=name").await;
        let (alpha, beta) = (place(&page, "Alpha desks"), place(&page, "Beta desks"));
        assert!(alpha.is_some() && alpha < beta, "{page}");
        assert_eq!(place(&page, "Shells"), None, "{page}");
        assert!(page.contains(r#"aria-sort="ascending""#), "{page}");
        assert!(page.contains(r#"value="DESKS""#), "{page}");
        let none = shown(&app, &cookie, "/admin/pools?q=nothing").await;
        assert!(none.contains("Nothing here matches “nothing”."), "{none}");
    }

    #[tokio::test]
    async fn the_decisions_and_their_marks_are_there_without_scripts() {
        let app = TestApp::new().await;
        let minimum = json!({ "minimum_available_sessions": 1 });
        let made = app.pool("Desks", minimum).await;
        reconciler::tick(&app.plane).await.expect("a tick");
        let cookie = app.sign_in(&app.admin.name).await;
        let pool = format!("/admin/pools/{}", made.pool);
        let chart = shown(&app, &cookie, &pool).await;
        assert!(chart.contains("Minimum free: 1 now, 1 at most"), "{chart}");
        assert!(chart.contains("?tab=decisions&amp;up_to=dec_"), "{chart}");
        let list = shown(&app, &cookie, &format!("{pool}?tab=decisions")).await;
        assert!(list.contains("<article"), "{list}");
        assert!(list.contains("grew.below_minimum"), "{list}");
        let reason = format!("{pool}?tab=decisions&reason=held.at_limit");
        let held = shown(&app, &cookie, &reason).await;
        assert!(!held.contains("<article"), "{held}");
        assert!(held.contains("Nothing here matches the filter."), "{held}");
    }
}
