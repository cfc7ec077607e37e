//! The first page: what Weir is.

use leptos::prelude::*;
use leptos_meta::Title;

/// Says what Weir is and where its interfaces are.
#[component]
pub fn HomePage() -> impl IntoView {
    view! {
        <Title text="Home" />
        <article class="prose">
            <h1>"Weir keeps pools of remote servers at the right level."</h1>
            <p>
                "It makes RDP, VNC and SSH servers through a provider when people need them, hands each person a session on one, and takes servers away when nobody does."
            </p>
        </article>
    }
}
