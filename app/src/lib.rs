//! The UI: pages, components, server functions.
//!
//! One crate is built twice: with `ssr` into the server, with `hydrate` into the browser's bundle.

pub mod components;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod shell;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::components::theme::ThemePicker;
use crate::pages::home::HomePage;
use crate::pages::not_found::NotFoundPage;

/// The whole app inside `<body>`: header, the page of this address, footer.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    mark_hydrated();

    view! {
        <Title formatter=|page: String| format!("{page} · Weir") />
        <Router>
            <a class="skip-link" href="#main">
                "Skip to content"
            </a>
            <header class="site-header">
                <a class="brand" href="/">
                    "Weir"
                </a>
                <ThemePicker />
            </header>
            <main id="main" class="site-main" tabindex="-1">
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=HomePage />
                </Routes>
            </main>
        </Router>
    }
}

/// Sets `data-hydrated` on `<html>` once the browser has taken the page over; effects never run on the server.
fn mark_hydrated() {
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            // The attribute's name is a constant, so the browser can not refuse it.
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
}
