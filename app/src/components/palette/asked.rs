//! What the server adds to the palette. It comes with the part of the bundle that has the lists of the console, whose questions
//! these are, and not with every page.

#![expect(
    clippy::unnecessary_wraps,
    reason = "a function of a part fails where the part does not come, which the macro adds"
)]

use std::pin::Pin;

use domain::autoscale::SavedConfig;
use domain::id::PoolId;
use domain::pool::Pool;
use domain::server::Server;
use domain::user::User;
use futures::join;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

use super::{Does, Entry, entry};
use crate::api::autoscale::autoscale_list;
use crate::api::pool::pool_list;
use crate::api::server::server_list;
use crate::api::user::user_list;
use crate::api::{ApiError, ApiResult};
use crate::components::pause::Pause;
use crate::text::{common, palette as text};

/// A function of a part gives its future in a box.
type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// Asks for it.
#[wasm_split(lists, wasm_split_path = ::leptos::wasm_split, fallible)]
pub(super) fn ask(pool: Option<PoolId>) -> Result<Later<Vec<Entry>>, SplitLoaderError> {
    Ok(Box::pin(async move { asked(&Known::ask().await, pool) }))
}

/// Turns a config off or on.
#[wasm_split(lists, wasm_split_path = ::leptos::wasm_split, fallible)]
pub(super) fn turn(pause: Pause) -> Result<Later<ApiResult<()>>, ApiError> {
    Ok(Box::pin(pause.run()))
}

/// What the server knows beside the pages.
#[derive(Default)]
struct Known {
    pools: Vec<Pool>,
    configs: Vec<SavedConfig>,
    servers: Vec<Server>,
    people: Vec<User>,
}

impl Known {
    /// Asks for all of it at once. What is refused is left out: the rest can still be found.
    async fn ask() -> Self {
        let (pools, configs, servers, people) = join!(
            pool_list(),
            autoscale_list(None),
            server_list(None, None, None, None),
            user_list(),
        );
        Self {
            pools: pools.map_or_else(|_| Vec::new(), |page| page.items),
            configs: configs.map_or_else(|_| Vec::new(), |page| page.items),
            servers: servers.map_or_else(|_| Vec::new(), |page| page.items),
            people: people.map_or_else(|_| Vec::new(), |page| page.items),
        }
    }
}

/// What the server adds: what can be done with the configs of this page's pool, then all pools, servers, people and configs.
fn asked(known: &Known, pool: Option<PoolId>) -> Vec<Entry> {
    let Known {
        pools,
        configs,
        servers,
        people,
    } = known;
    let is_here = |config: &&SavedConfig| pool.is_some() && pool_of_config(config) == pool;
    let pauses = configs.iter().filter(is_here).map(|config| {
        let pause = Pause::of(config);
        entry(pause.label(), text::THIS_POOL, Does::Pause(pause))
    });
    let open = pools.iter().map(|pool| {
        let path = format!("/admin/pools/{}", pool.id);
        entry(&*pool.name, common::POOL, Does::Go(path))
    });
    let scale = pools.iter().map(|pool| {
        let path = format!("/admin/pools/{}/scaling/new", pool.id);
        entry(text::scale(&pool.name), common::ACTION, Does::Go(path))
    });
    let machines = servers.iter().map(|server| {
        let path = format!("/admin/servers/{}", server.id);
        entry(&*server.name, common::SERVER, Does::Go(path))
    });
    // There is nothing to be done with a visitor of the demo.
    let people = people.iter().filter(|user| !user.visitor).map(|user| {
        let path = format!("/admin/users/{}/edit", user.id);
        entry(&*user.name, common::PERSON, Does::Go(path))
    });
    let change = configs.iter().map(|config| {
        let path = format!("/admin/autoscale/{}/edit", config.id);
        let label = text::change_scaling(config.name());
        entry(label, common::ACTION, Does::Go(path))
    });
    pauses
        .chain(open)
        .chain(machines)
        .chain(people)
        .chain(scale)
        .chain(change)
        .collect()
}

/// The pool that a config is for.
fn pool_of_config(config: &SavedConfig) -> Option<PoolId> {
    config.values.get("pool_id")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::form::Draft;
    use domain::timestamp::Timestamp;

    use super::super::{found, known};
    use super::*;

    const BARE: &str = "01980000-0000-7000-8000-000000000001";

    fn pool_id() -> PoolId {
        PoolId::from_bare(BARE).expect("an id")
    }

    fn pool(name: &str) -> Pool {
        Pool {
            id: pool_id(),
            name: name.to_owned(),
            description: String::new(),
            apps: Vec::new(),
            protocol: None,
            paused: false,
            counts: domain::pool::PoolCounts::default(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 1,
        }
    }

    #[test]
    fn what_begins_with_the_text_comes_first() {
        let mut entries = known(true, None);
        let pools = vec![pool("Finance pools"), pool("Shells")];
        entries.extend(asked(
            &Known {
                pools,
                ..Known::default()
            },
            None,
        ));
        let labels = |text: &str| {
            let found = found(&entries, text);
            found
                .into_iter()
                .map(|at| entries[at].label.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels("finance pool"),
            ["Finance pools", "Add scaling: Finance pools"]
        );
        assert_eq!(labels("POOLS")[0], "Pools");
        assert_eq!(labels("scaling shells"), ["Add scaling: Shells"]);
        assert_eq!(labels("nothing like it"), [""; 0]);
    }

    #[test]
    fn a_config_can_be_paused_and_let_go_on() {
        let config = |enabled: bool| SavedConfig {
            id: domain::id::ConfigId::from_bare(BARE).expect("an id"),
            values: Draft::new()
                .with("name", "By day")
                .with("enabled", enabled)
                .with("pool_id", pool_id().to_string()),
            secrets: BTreeMap::new(),
            warnings: Vec::new(),
            servers: 0,
            older_servers: 0,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 1,
        };
        let labels = |enabled, here| {
            let known = Known {
                configs: vec![config(enabled)],
                ..Known::default()
            };
            let entries = asked(&known, here);
            entries
                .into_iter()
                .map(|entry| entry.label)
                .collect::<Vec<_>>()
        };
        let change = "Change scaling: By day";
        assert_eq!(labels(true, Some(pool_id())), ["Pause By day", change]);
        assert_eq!(labels(false, Some(pool_id())), ["Resume By day", change]);
        assert_eq!(labels(true, None), [change]);
    }
}
