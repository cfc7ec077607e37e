//! The page for an address that Weir does not know.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::text::not_found as text;

/// Tells that there is no such page; the server answers with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }

    view! {
        <Title text=text::TITLE />
        <article class="prose">
            <h1>{text::TITLE}</h1>
            <p>
                {text::NOTHING} <a href="/">{text::TO_FIRST}</a> {text::END}
            </p>
        </article>
    }
}
