//! Where the focus is once another page has come.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// How many frames the next page may take to have its heading; data that comes later than that finds the focus elsewhere.
const FRAMES: u32 = 600;

/// Gives the focus to the heading of each page that is gone to without loading anew: who listens hears where they are, and the
/// next Tab goes on from there and not from the head of the page. Another part of the same page is no other page. Call once,
/// inside of the router.
pub fn focus_on_arrival() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            wait_for(heading().map(said), FRAMES);
        }
        path
    });
}

/// A heading, and what it says: the page of another pool may use the same one.
type Said = (Element, Option<String>);

fn said(heading: Element) -> Said {
    let text = heading.text_content();
    (heading, text)
}

/// Waits until the heading is another than that of the page before, or says something else.
fn wait_for(before: Option<Said>, frames: u32) {
    request_animation_frame(move || {
        let here = heading()
            .map(said)
            .filter(|here| before.as_ref() != Some(here));
        match here {
            Some((heading, _)) => arrive(&heading),
            None if frames > 0 => wait_for(before, frames - 1),
            None => {}
        }
    });
}

fn heading() -> Option<Element> {
    document().query_selector("main h1").ok().flatten()
}

/// Unless a part of the page has taken the focus already, such as the field that the address names.
fn arrive(heading: &Element) {
    let focused = document().active_element();
    let is_taken = focused.is_some_and(|one| one.closest("main *").ok().flatten().is_some());
    if is_taken {
        return;
    }
    if let Some(heading) = heading.dyn_ref::<HtmlElement>() {
        heading.set_tab_index(-1);
        // The page is where the router has put it: at its top.
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // A heading that is gone by now leaves the focus where it is.
        let _ = heading.focus_with_options(&options);
    }
}
