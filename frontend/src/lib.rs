//! Hydrates the server-rendered page.

use leptos::prelude::document;
use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the page that the server has rendered, when the part that the page is in has come. The script tag of
/// the shell calls it.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let Some(body) = document().body() else {
        return;
    };
    wasm_bindgen_futures::spawn_local(async {
        leptos::mount::hydrate_from_async(body, app::App)
            .await
            .forget();
        app::mark_hydrated();
    });
}
