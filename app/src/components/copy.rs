//! A text with a button that copies it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::components::confirm::use_ready;
use crate::text::copy as text;

/// A text in a box, with a button that copies it.
#[component]
pub fn Copyable(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for the button's name.
    what: &'static str,
) -> impl IntoView {
    let ready = use_ready();
    let said = RwSignal::new(None);
    let copy = move |_| {
        let writing = window()
            .navigator()
            .clipboard()
            .write_text(&text.get_untracked());
        spawn_local(async move {
            let answer = match JsFuture::from(writing).await {
                Ok(_) => text::COPIED,
                Err(_) => text::NOT_ALLOWED,
            };
            // The text may be gone meanwhile.
            let _ = said.try_set(Some(answer));
        });
    };
    view! {
        <div class="copyable">
            <pre tabindex="0" aria-label=what>{move || text.get()}</pre>
            <button
                type="button"
                class="button"
                aria-label=text::copy(what)
                disabled=move || !ready.get()
                on:click=copy
            >
                {text::COPY}
            </button>
            <span role="status" class="muted">{move || said.get()}</span>
        </div>
    }
}
