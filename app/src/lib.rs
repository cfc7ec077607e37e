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
#[cfg(feature = "ssr")]
pub mod shell;
pub mod words;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::frame::{AdminFrame, Header, Home, PortalFrame, SignedIn};
use crate::components::live::Live;
use crate::components::load::Go;
use crate::components::theme::ChosenTheme;
use crate::components::time::Now;
use crate::pages::activity::ActivityPage;
use crate::pages::admin::AdminPage;
use crate::pages::api_keys::{ApiKeyNewPage, ApiKeysPage};
use crate::pages::autoscale::{AutoscaleEditPage, AutoscaleNewPage};
use crate::pages::directories::{DirectoriesPage, DirectoryEditPage, DirectoryNewPage};
use crate::pages::login::LoginPage;
use crate::pages::manual::{ProblemsPage, ReasonsPage};
use crate::pages::not_found::NotFoundPage;
use crate::pages::pool::PoolPage;
use crate::pages::pools::{PoolEditPage, PoolNewPage, PoolsPage};
use crate::pages::portal::PortalPage;
use crate::pages::profile::ProfilePage;
use crate::pages::providers::{ProviderEditPage, ProviderNewPage, ProvidersPage};
use crate::pages::server::ServerPage;
use crate::pages::session::SessionPage;
use crate::pages::setup::SetupPage;
use crate::pages::users::{UserEditPage, UserNewPage, UsersPage};
use crate::pages::zones::{ZoneEditPage, ZoneNewPage, ZonesPage};

/// The whole app inside `<body>`: header, the page of this address.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Live::provide();
    Now::provide();
    SignedIn::provide();
    ChosenTheme::provide();
    mark_hydrated();

    view! {
        <Title formatter=|page: String| format!("{page} · Weir") />
        <Router>
            {Go::provide()}
            <a class="skip-link" href="#main">
                "Skip to content"
            </a>
            <Header />
            <main id="main" class="site-main" tabindex="-1">
                // Async: a page without any script holds all its data.
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=Home ssr=SsrMode::Async />
                    <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async />
                    <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                    <Route path=path!("/docs/problems") view=ProblemsPage ssr=SsrMode::Async />
                    <Route path=path!("/docs/reasons") view=ReasonsPage ssr=SsrMode::Async />
                    <ParentRoute path=path!("/portal") view=PortalFrame ssr=SsrMode::Async>
                        <Route path=path!("") view=PortalPage />
                        <Route path=path!("sessions/:id") view=SessionPage />
                        <Route path=path!("profile") view=ProfilePage />
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

/// The admin's pages about what runs. Routes come in groups, because one list holds 16 at most.
#[component(transparent)]
fn PoolRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=leptos_router::components::Outlet>
            <Route path=path!("") view=AdminPage />
            <Route path=path!("pools") view=PoolsPage />
            <Route path=path!("pools/new") view=PoolNewPage />
            <Route path=path!("pools/:id") view=PoolPage />
            <Route path=path!("pools/:id/edit") view=PoolEditPage />
            <Route path=path!("pools/:id/scaling/new") view=AutoscaleNewPage />
            <Route path=path!("autoscale/:id/edit") view=AutoscaleEditPage />
            <Route path=path!("servers/:id") view=ServerPage />
            <Route path=path!("activity") view=ActivityPage />
        </ParentRoute>
    }
    .into_inner()
}

/// The admin's pages about what things are made of.
#[component(transparent)]
fn SettingsRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=leptos_router::components::Outlet>
            <Route path=path!("providers") view=ProvidersPage />
            <Route path=path!("providers/new") view=ProviderNewPage />
            <Route path=path!("providers/:id/edit") view=ProviderEditPage />
            <Route path=path!("zones") view=ZonesPage />
            <Route path=path!("zones/new") view=ZoneNewPage />
            <Route path=path!("zones/:id/edit") view=ZoneEditPage />
            <Route path=path!("directories") view=DirectoriesPage />
            <Route path=path!("directories/new") view=DirectoryNewPage />
            <Route path=path!("directories/:id/edit") view=DirectoryEditPage />
            <Route path=path!("users") view=UsersPage />
            <Route path=path!("users/new") view=UserNewPage />
            <Route path=path!("users/:id/edit") view=UserEditPage />
            <Route path=path!("api-keys") view=ApiKeysPage />
            <Route path=path!("api-keys/new") view=ApiKeyNewPage />
        </ParentRoute>
    }
    .into_inner()
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
