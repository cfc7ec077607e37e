//! The UI: pages, components, server functions.
//!
//! One crate is built twice: with `ssr` into the server, with `hydrate` into the browser's bundle.

#![recursion_limit = "256"]

pub mod api;
pub mod attention;
pub mod components;
pub mod connect;
pub mod fold;
pub mod forms;
pub mod pages;
mod parts;
#[cfg(feature = "ssr")]
pub mod shell;
mod text;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{Lazy, SsrMode, path};

use crate::components::arrival::focus_on_arrival;
use crate::components::frame::{AdminFrame, Header, Home, PortalFrame, SignedIn};
use crate::components::live::Live;
use crate::components::load::Go;
use crate::components::saved::LastSaved;
use crate::components::theme::ChosenTheme;
use crate::components::time::Now;
use crate::pages::login::LoginPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::setup::SetupPage;
use crate::parts::{
    Activity, ApiKeyNew, ApiKeys, AutoscaleEdit, AutoscaleNew, Directories, DirectoryEdit,
    DirectoryNew, Orphans, Overview, Pool, PoolEdit, PoolNew, Pools, Portal, Problems, Profile,
    ProviderEdit, ProviderNew, Providers, Queue, Reasons, Server, Servers, Session, Sessions,
    UserEdit, UserNew, Users, ZoneEdit, ZoneNew, Zones,
};

/// The whole app inside `<body>`: header, the page of this address.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // On the server nobody else provides it.
    provide_context(use_context::<Hydrated>().unwrap_or_default());
    Live::provide();
    Now::provide();
    SignedIn::provide();
    LastSaved::provide();
    ChosenTheme::provide();

    view! {
        <Title formatter=|page: String| text::frame::title(&page) />
        <Router>
            {Go::provide()}
            {focus_on_arrival()}
            <a class="skip-link" href="#main">
                {text::frame::SKIP}
            </a>
            <Header />
            <main id="main" class="site-main" tabindex="-1">
                // Async: a page without any script holds all its data.
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=Home ssr=SsrMode::Async />
                    <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async />
                    <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                    <ManualRoutes />
                    <ParentRoute path=path!("/portal") view=PortalFrame ssr=SsrMode::Async>
                        <Route path=path!("") view={Lazy::<Portal>::new()} />
                        <Route path=path!("sessions/:id") view={Lazy::<Session>::new()} />
                        <Route path=path!("profile") view={Lazy::<Profile>::new()} />
                    </ParentRoute>
                    <ParentRoute path=path!("/admin") view=AdminFrame ssr=SsrMode::Async>
                        <PoolRoutes />
                        <SettingsRoutes />
                    </ParentRoute>
                </Routes>
            </main>
        </Router>
    }
}

/// What explains Weir's words to everyone. In a debug build the gallery stands beside it; nobody else has it.
#[component(transparent)]
fn ManualRoutes() -> impl MatchNestedRoutes + Clone {
    let manual = view! {
        <ParentRoute path=path!("") view=leptos_router::components::Outlet>
            <Route path=path!("/docs/problems") view={Lazy::<Problems>::new()} ssr=SsrMode::Async />
            <Route path=path!("/docs/reasons") view={Lazy::<Reasons>::new()} ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner();
    #[cfg(debug_assertions)]
    let manual = {
        let gallery = view! { <Route path=path!("/gallery") view=pages::gallery::GalleryPage ssr=SsrMode::Async /> };
        leptos_router::NestedRoute::new(path!(""), leptos_router::components::Outlet)
            .child((manual, gallery.into_inner()))
            .into_maybe_erased()
    };
    manual
}

/// The admin's pages about what runs. Routes come in groups, because one list holds 16 at most.
#[component(transparent)]
fn PoolRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=leptos_router::components::Outlet>
            <Route path=path!("") view={Lazy::<Overview>::new()} />
            <Route path=path!("pools") view={Lazy::<Pools>::new()} />
            <Route path=path!("pools/new") view={Lazy::<PoolNew>::new()} />
            <Route path=path!("pools/:id") view={Lazy::<Pool>::new()} />
            <Route path=path!("pools/:id/edit") view={Lazy::<PoolEdit>::new()} />
            <Route path=path!("pools/:id/scaling/new") view={Lazy::<AutoscaleNew>::new()} />
            <Route path=path!("scaling/new") view={Lazy::<AutoscaleNew>::new()} />
            <Route path=path!("autoscale/:id/edit") view={Lazy::<AutoscaleEdit>::new()} />
            <Route path=path!("servers") view={Lazy::<Servers>::new()} />
            <Route path=path!("sessions") view={Lazy::<Sessions>::new()} />
            <Route path=path!("queue") view={Lazy::<Queue>::new()} />
            <Route path=path!("servers/:id") view={Lazy::<Server>::new()} />
            <Route path=path!("orphans") view={Lazy::<Orphans>::new()} />
            <Route path=path!("activity") view={Lazy::<Activity>::new()} />
        </ParentRoute>
    }
    .into_inner()
}

/// The admin's pages about what things are made of.
#[component(transparent)]
fn SettingsRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=leptos_router::components::Outlet>
            <Route path=path!("providers") view={Lazy::<Providers>::new()} />
            <Route path=path!("providers/new") view={Lazy::<ProviderNew>::new()} />
            <Route path=path!("providers/:id/edit") view={Lazy::<ProviderEdit>::new()} />
            <Route path=path!("zones") view={Lazy::<Zones>::new()} />
            <Route path=path!("zones/new") view={Lazy::<ZoneNew>::new()} />
            <Route path=path!("zones/:id/edit") view={Lazy::<ZoneEdit>::new()} />
            <Route path=path!("directories") view={Lazy::<Directories>::new()} />
            <Route path=path!("directories/new") view={Lazy::<DirectoryNew>::new()} />
            <Route path=path!("directories/:id/edit") view={Lazy::<DirectoryEdit>::new()} />
            <Route path=path!("users") view={Lazy::<Users>::new()} />
            <Route path=path!("users/new") view={Lazy::<UserNew>::new()} />
            <Route path=path!("users/:id/edit") view={Lazy::<UserEdit>::new()} />
            <Route path=path!("api-keys") view={Lazy::<ApiKeys>::new()} />
            <Route path=path!("api-keys/new") view={Lazy::<ApiKeyNew>::new()} />
        </ParentRoute>
    }
    .into_inner()
}

/// Whether the browser has taken the page over. What it shows in its own way, such as the time, begins then: a page that is
/// taken over must still be what the server has made.
#[derive(Clone)]
pub struct Hydrated(ArcRwSignal<bool>);

impl Default for Hydrated {
    fn default() -> Self {
        Self(ArcRwSignal::new(false))
    }
}

impl Hydrated {
    /// Whether it has.
    pub fn get(&self) -> bool {
        self.0.get()
    }

    /// The same, without asking to be told when it changes.
    pub fn get_untracked(&self) -> bool {
        self.0.get_untracked()
    }
}

/// Takes the page over that the server has rendered, when the part that it is in has come, and then sets `data-hydrated` on
/// `<html>`.
#[cfg(feature = "hydrate")]
pub async fn hydrate(body: web_sys::HtmlElement) {
    let hydrated = Hydrated::default();
    let given = hydrated.clone();
    let app = move || {
        provide_context(given);
        App()
    };
    leptos::mount::hydrate_from_async(body, app).await.forget();
    hydrated.0.set(true);
    if let Some(root) = document().document_element() {
        // The attribute's name is a constant, so the browser can not refuse it.
        let _ = root.set_attribute("data-hydrated", "true");
    }
}
