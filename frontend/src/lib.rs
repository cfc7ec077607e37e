//! Hydrates the server-rendered page.

use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the page that the server has rendered. The script tag of the shell calls it.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
