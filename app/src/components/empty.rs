//! What stands where a list would, when it is empty.

use leptos::prelude::*;

/// Says that there is nothing, and what to do about it.
#[component]
pub fn Empty(
    /// One sentence.
    #[prop(into)]
    text: String,
    /// What leads on: a link or a button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p>{text}</p>
            {children.map(|children| children())}
        </div>
    }
}
