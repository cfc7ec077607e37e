//! Servers.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::console::ConsoleLog;
use domain::id::{PoolId, ServerId};
use domain::page::Page;
use domain::server::Server;
use domain::start::ServerHistory;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane};

/// A page of the servers of a pool, or of all, that are not deleted: those with `name` in their name, in the state of this word.
#[server(prefix = "/ui/fn", endpoint = "server_list", protocol = Call)]
pub async fn server_list(
    pool: Option<PoolId>,
    name: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
) -> ApiResult<Page<Server>> {
    let filter = control::server::Filter {
        pool,
        include_deleted: false,
        name,
        state,
    };
    answer(control::server::list(&plane()?, &actor()?, &filter, &page_from(cursor)).await)
}

/// One server.
#[server(prefix = "/ui/fn", endpoint = "server_get", protocol = Call)]
pub async fn server_get(id: ServerId) -> ApiResult<Server> {
    answer(control::server::get(&plane()?, &actor()?, id).await)
}

/// What became of a server, beside what is usual in its pool.
#[server(prefix = "/ui/fn", endpoint = "server_history_get", protocol = Call)]
pub async fn server_history_get(id: ServerId) -> ApiResult<ServerHistory> {
    answer(control::server::history(&plane()?, &actor()?, id).await)
}

/// What the console of a server's machine shows now.
#[server(prefix = "/ui/fn", endpoint = "server_console_get", protocol = Call)]
pub async fn server_console_get(id: ServerId) -> ApiResult<ConsoleLog> {
    answer(control::console::read(&plane()?, &actor()?, id).await)
}

/// Takes no new sessions from now on.
#[server(prefix = "/ui/fn", endpoint = "server_drain", protocol = Call)]
pub async fn server_drain(id: ServerId) -> ApiResult<Server> {
    answer(control::server::drain(&plane()?, &actor()?, id).await)
}

/// Takes sessions again.
#[server(prefix = "/ui/fn", endpoint = "server_undrain", protocol = Call)]
pub async fn server_undrain(id: ServerId) -> ApiResult<Server> {
    answer(control::server::undrain(&plane()?, &actor()?, id).await)
}

/// Deletes a server, after the grace period if people may be on it; one that holds sessions only if they may be ended.
#[server(prefix = "/ui/fn", endpoint = "server_delete", protocol = Call)]
pub async fn server_delete(id: ServerId, end_sessions: bool) -> ApiResult<()> {
    let how = control::server::Deletion {
        end_sessions,
        grace: true,
    };
    answer(control::server::delete(&plane()?, &actor()?, id, how).await)
}
