//! A button that acts at once.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::components::confirm::use_ready;
use crate::text::confirm as text;

/// A button. It is disabled until the browser has taken the page over, and keeps the focus while it waits for something else.
#[component]
pub fn Act(
    /// The word on it.
    label: &'static str,
    /// What it is about, for people who listen, where the page does not make it clear.
    #[prop(optional_no_strip)]
    about: Option<String>,
    /// Whether something is being done already. Disabled, the button would lose the focus.
    #[prop(into)]
    busy: Signal<bool>,
    /// Does it.
    on_press: Callback<()>,
) -> impl IntoView {
    let ready = use_ready();
    let name = about.map(|about| text::about(label, &about));
    let press = move |event: MouseEvent| {
        if !is_again(&event) && !busy.get_untracked() {
            on_press.run(());
        }
    };
    view! {
        <button
            type="button"
            class="button"
            aria-label=name
            disabled=move || !ready.get()
            aria-disabled=move || busy.get().then_some("true")
            on:click=press
        >
            {label}
        </button>
    }
}

/// Whether a click is the second of a double click. What it would do was not on the button when the hand set out: the first may
/// have put the opposite there.
pub fn is_again(event: &MouseEvent) -> bool {
    event.detail() > 1
}
