//! Hydrates the server-rendered page.

use leptos::prelude::document;
use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the page that the server has rendered. The script tag of the shell calls it.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    if let Some(body) = document().body() {
        wasm_bindgen_futures::spawn_local(app::hydrate(body));
    }
}
