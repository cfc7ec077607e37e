//! The pages of the app, rendered on the server.

use app::App;
use app::shell::Shell;
use axum::Router;
use axum::http::request::Parts;
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_to_stream_with_context};

use crate::assets;

/// A route for each page, and the app's own "not found" page for every other address.
pub fn pages() -> Router {
    // Built in code: nothing here is read from the environment or from files beside the binary.
    let options = LeptosOptions::builder().output_name("weir").build();
    Router::new()
        .leptos_routes_with_context(
            &options,
            generate_route_list(App),
            provide_request_context,
            Shell,
        )
        .fallback_service(get(render_app_to_stream_with_context(
            provide_request_context,
            Shell,
        )))
        .with_state(options)
}

/// What a page may ask its context for beside what leptos provides.
fn provide_request_context() {
    if let Some(bundle) = assets::bundle() {
        provide_context(bundle);
    }
    // Replaces the nonce that leptos has made, since the header was built from this one.
    if let Some(nonce) =
        use_context::<Parts>().and_then(|parts| parts.extensions.get::<Nonce>().cloned())
    {
        provide_context(nonce);
    }
}
