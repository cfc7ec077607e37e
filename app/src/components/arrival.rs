//! Where the focus is once another page has come.

use std::cell::RefCell;
use std::rc::Rc;

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
    // The heading of the page that is shown. No value of the arena: those go by any thread of the server.
    let shown = Shown::default();
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        match before {
            Some(before) if before != path => {
                let focused = document().active_element();
                let (here, left) = (heading(), shown.borrow().clone());
                let is_here = left.is_some() && here.is_some() && here != left;
                wait_for(
                    (!is_here).then(|| here.map(said)).flatten(),
                    focused,
                    Rc::clone(&shown),
                    FRAMES,
                );
            }
            Some(_) => {}
            None => {
                shown.replace(heading());
            }
        }
        path
    });
}

type Shown = Rc<RefCell<Option<Element>>>;

/// A heading, and what it says: the page of another pool may use the same one.
type Said = (Element, Option<String>);

fn said(heading: Element) -> Said {
    let text = heading.text_content();
    (heading, text)
}

/// Waits until the heading is another than that of the page before, or says something else. `focused` is what had the focus when
/// the page was left.
fn wait_for(before: Option<Said>, focused: Option<Element>, shown: Shown, frames: u32) {
    request_animation_frame(move || {
        let here = heading()
            .map(said)
            .filter(|here| before.as_ref() != Some(here));
        match here {
            Some((heading, _)) => {
                arrive(&heading, focused.as_ref());
                shown.replace(Some(heading));
            }
            None if frames > 0 => wait_for(before, focused, shown, frames - 1),
            None => {}
        }
    });
}

fn heading() -> Option<Element> {
    document().query_selector("main h1").ok().flatten()
}

/// Unless something else has taken the focus meanwhile, such as the field that the address names.
fn arrive(heading: &Element, before: Option<&Element>) {
    let now = document().active_element();
    let is_lost = now == document().body().map(Into::into);
    if !is_lost && now.as_ref() != before {
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
