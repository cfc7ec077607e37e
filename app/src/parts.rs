//! Pages that come in parts of the bundle: the browser fetches a part with the first of its pages that it shows, and the
//! part that is always there stays small. The build program cuts the module where the marks below are
//! (`crates/xtask/src/web.rs`).

use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos_router::LazyRoute;

use crate::{Hydrated, pages};

/// Makes a route of each page. All pages of a part are one file; what several parts share and the rest does not need is in
/// a file for each such set of parts, so few parts make few files.
macro_rules! parts {
    ($($part:ident { $($route:ident = $page:path),+ $(,)? })+) => { $($(
        #[doc = concat!("A page of the part `", stringify!($part), "`.")]
        pub struct $route;

        const _: () = {
            #[wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(preload))]
            #[allow(non_snake_case, reason = "the mark in the module is made of this name")]
            fn $route() -> Result<AnyView, SplitLoaderError> {
                Ok($page().into_any())
            }

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    #[cfg(feature = "ssr")]
                    crate::shell::announce_part(stringify!($part));
                    match $route().await {
                        Ok(view) => view,
                        Err(_) => without_part().await,
                    }
                }

                async fn preload() {
                    if preload().await.is_err() {
                        without_part().await;
                    }
                }
            }
        };
    )+)+ };
}

parts! {
    portal {
        Portal = pages::portal::PortalPage,
        Session = pages::session::SessionPage,
    }
    profile {
        Profile = pages::profile::ProfilePage,
    }
    overview {
        Overview = pages::admin::AdminPage,
        Pools = pages::pools::PoolsPage,
    }
    lists {
        Servers = pages::servers::ServersPage,
        Sessions = pages::sessions::SessionsPage,
        Queue = pages::sessions::QueuePage,
        Activity = pages::activity::ActivityPage,
        Orphans = pages::orphans::OrphansPage,
    }
    pool {
        Pool = pages::pool::PoolPage,
        Server = pages::server::ServerPage,
    }
    forms {
        PoolNew = pages::pools::PoolNewPage,
        PoolEdit = pages::pools::PoolEditPage,
        AutoscaleNew = pages::autoscale::AutoscaleNewPage,
        AutoscaleEdit = pages::autoscale::AutoscaleEditPage,
        Providers = pages::providers::ProvidersPage,
        ProviderNew = pages::providers::ProviderNewPage,
        ProviderEdit = pages::providers::ProviderEditPage,
        Zones = pages::zones::ZonesPage,
        ZoneNew = pages::zones::ZoneNewPage,
        ZoneEdit = pages::zones::ZoneEditPage,
        Directories = pages::directories::DirectoriesPage,
        DirectoryNew = pages::directories::DirectoryNewPage,
        DirectoryEdit = pages::directories::DirectoryEditPage,
        Users = pages::users::UsersPage,
        UserNew = pages::users::UserNewPage,
        UserEdit = pages::users::UserEditPage,
        ApiKeys = pages::api_keys::ApiKeysPage,
        ApiKeyNew = pages::api_keys::ApiKeyNewPage,
        Problems = pages::manual::ProblemsPage,
        Reasons = pages::manual::ReasonsPage,
    }
}

/// A part has not come: the network is away, or the server has been replaced and no longer has it. On the way to another
/// page, that page is asked for as a whole, and brings what fits it. A page that is being taken over stays as the server
/// has made it, as far as that goes without a script.
async fn without_part() -> AnyView {
    if expect_context::<Hydrated>().get_untracked() {
        let to = leptos_router::hooks::use_url().get_untracked();
        let mut address = to.path().to_owned();
        if !to.search().is_empty() {
            address.push('?');
            address.push_str(to.search().trim_start_matches('?'));
        }
        // If the browser refuses, the page that is shown stays.
        let _ = window().location().set_href(&address);
    }
    std::future::pending().await
}
