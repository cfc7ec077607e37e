//! The document around the app: `<html>`, `<head>` and the tags that load the bundle.
//!
//! The names of the bundle's files come from the server's own manifest by context. A server without a bundle
//! renders the same pages as plain HTML.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::components::theme::Theme;

/// The addresses of the files that a page loads; they change with the files' content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The style sheet.
    pub css: &'static str,
    /// The script that loads the WASM module.
    pub js: &'static str,
    /// The WASM module, as far as every page needs it.
    pub wasm: &'static str,
    /// The files of each part of it ([`crate::parts`]).
    pub parts: &'static [(&'static str, &'static [&'static str])],
}

/// The id of the newest live event when the page was asked for
/// ([`AFTER`](crate::components::live::AFTER) tells the browser).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest(pub String);

/// Lets the browser fetch the files of a part together with the rest, and not only when the module asks for them.
pub fn announce_part(part: &str) {
    let (Some(bundle), Some(response)) = (
        use_context::<Bundle>(),
        use_context::<leptos_axum::ResponseOptions>(),
    ) else {
        return;
    };
    let parts = bundle.parts.iter().filter(|(name, _)| *name == part);
    let links: Vec<_> = parts
        .flat_map(|(_, files)| *files)
        .map(|file| format!("<{file}>;rel=preload;as=fetch;crossorigin"))
        .collect();
    if let Ok(links) = http::HeaderValue::from_str(&links.join(","))
        && !links.is_empty()
    {
        response.append_header(http::header::LINK, links);
    }
}

/// A drop of water, so that browsers do not ask for `/favicon.ico`.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%23157a8c' d='M2 3h12v3H2zm0 4h12v2H2zm3 3h6v3H5z'/%3E%3C/svg%3E";

/// Renders the document of one request. Expects [`Bundle`] in the context where there is one.
#[component]
pub fn Shell() -> impl IntoView {
    let bundle = use_context::<Bundle>();
    let newest = use_context::<Newest>().map(|Newest(id)| id);

    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=requested_theme().attribute() data-events-after=newest>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href=ICON />
                {bundle.map(bundle_tags)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The theme that the request's cookie names.
#[must_use]
pub fn requested_theme() -> Theme {
    use_context::<http::request::Parts>()
        .and_then(|parts| {
            Some(Theme::from_cookies(
                parts.headers.get(http::header::COOKIE)?.to_str().ok()?,
            ))
        })
        .unwrap_or_default()
}

fn bundle_tags(bundle: Bundle) -> impl IntoView {
    let nonce = use_nonce();
    // Both addresses hold only letters, digits, dots, dashes and slashes, so they need no escaping. Where the module does not
    // come, the page stays what the server has made; one that people wait at loads itself again, as it does without scripts.
    let start = format!(
        "import('{}').then(m => m.default({{module_or_path: '{}'}}).then(() => m.hydrate())).catch(e => {{\
         if (document.querySelector('noscript[data-reload]')) setTimeout(() => location.reload(), 5000); throw e }})",
        bundle.js, bundle.wasm
    );
    view! {
        <link rel="stylesheet" href=bundle.css />
        <link rel="modulepreload" href=bundle.js nonce=nonce.clone() />
        <link rel="preload" href=bundle.wasm r#as="fetch" r#type="application/wasm" crossorigin="" />
        <script type="module" nonce=nonce inner_html=start></script>
    }
}
