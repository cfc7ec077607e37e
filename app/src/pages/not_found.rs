//! The page for an address that Weir does not know.

use leptos::prelude::*;
use leptos_meta::Title;

/// Tells that there is no such page; the server answers with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }

    view! {
        <Title text="Page not found" />
        <article class="prose">
            <h1>"Page not found"</h1>
            <p>
                "There is nothing at this address. " <a href="/">"Go to the first page"</a> "."
            </p>
        </article>
    }
}
