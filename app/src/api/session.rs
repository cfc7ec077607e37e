//! Sessions.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::{PoolId, ServerId, SessionId};
use domain::page::Page;
use domain::session::{Revealed, Session};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::ApiResult;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};
#[cfg(feature = "ssr")]
use control::session::Filter;

/// The sessions of the one who asks; an admin would else see everyone's.
#[cfg(feature = "ssr")]
fn own() -> ApiResult<Filter> {
    Ok(Filter {
        user: actor()?.user(),
        ..Filter::default()
    })
}

/// One session.
#[server(prefix = "/ui/fn", endpoint = "session_get", input = Json)]
pub async fn session_get(id: SessionId) -> ApiResult<Session> {
    answer(control::session::get(&plane()?, &actor()?, id).await)
}

/// Open sessions and waits of a pool or a server, whosever they are.
#[server(prefix = "/ui/fn", endpoint = "session_list", input = Json)]
pub async fn session_list(
    pool: Option<PoolId>,
    server: Option<ServerId>,
) -> ApiResult<Page<Session>> {
    answer(
        control::session::list(
            &plane()?,
            &actor()?,
            Filter {
                pool,
                server,
                ..Filter::default()
            },
            &whole(),
        )
        .await,
    )
}

/// The own open sessions and waits.
#[server(prefix = "/ui/fn", endpoint = "session_mine", input = Json)]
pub async fn session_mine() -> ApiResult<Page<Session>> {
    answer(control::session::list(&plane()?, &actor()?, own()?, &whole()).await)
}

/// Ends a session, or the wait for one.
#[server(prefix = "/ui/fn", endpoint = "session_end", input = Json)]
pub async fn session_end(id: SessionId) -> ApiResult<Session> {
    answer(control::session::end(&plane()?, &actor()?, id).await)
}

/// The credentials of an own session. Written to the audit log.
#[server(prefix = "/ui/fn", endpoint = "session_reveal", input = Json)]
pub async fn session_reveal(id: SessionId) -> ApiResult<Revealed> {
    answer(control::session::reveal(&plane()?, &actor()?, id).await)
}
