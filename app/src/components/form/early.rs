//! What people have put into a form that the server has rendered, before the browser has taken it over.
//!
//! Fields take what is typed from the first moment on. To take a page over is to give each field the value that the server knows, so
//! what stands in it is looked at just before and entered just after, as if it had been typed then.

use leptos::prelude::*;
use web_sys::js_sys::Reflect;
use web_sys::wasm_bindgen::JsValue;

use crate::Hydrated;

/// Enters what stands in the text field with this id, where that is not what is `known`. Called while the field is made.
pub fn text_before(id: &str, known: &str, enter: impl Fn(&str) + 'static) {
    let Some(text) = before(id, "value").and_then(|text| text.as_string()) else {
        return;
    };
    // A browser gives every line break of a text as one sign.
    if text != known.replace("\r\n", "\n") {
        Effect::new(move |_| enter(&text));
    }
}

/// The same for a box or a choice, which is on or off.
pub fn tick_before(id: &str, known: bool, enter: impl Fn(bool) + 'static) {
    let is_on = before(id, "checked").and_then(|is_on| is_on.as_bool());
    if let Some(is_on) = is_on.filter(|is_on| *is_on != known) {
        Effect::new(move |_| enter(is_on));
    }
}

/// What an input of the page that is just being taken over says; nothing at any other time.
fn before(id: &str, property: &str) -> Option<JsValue> {
    if cfg!(feature = "ssr") || expect_context::<Hydrated>().get_untracked() {
        return None;
    }
    let input = document().get_element_by_id(id)?;
    Reflect::get(&input, &JsValue::from_str(property)).ok()
}
