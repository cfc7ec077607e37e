//! Sessions.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::{PoolId, ServerId, SessionId};
use domain::page::Page;
use domain::session::{Revealed, Session};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane, whole};
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
#[server(prefix = "/ui/fn", endpoint = "session_get", protocol = Call)]
pub async fn session_get(id: SessionId) -> ApiResult<Session> {
    answer(control::session::get(&plane()?, &actor()?, id).await)
}

/// A page of the open sessions and waits of a pool, of a server or of all: of people with `user_name` in their name.
#[server(prefix = "/ui/fn", endpoint = "session_list", protocol = Call)]
pub async fn session_list(
    pool: Option<PoolId>,
    server: Option<ServerId>,
    waiting: Option<bool>,
    user_name: Option<String>,
    cursor: Option<String>,
) -> ApiResult<Page<Session>> {
    answer(
        control::session::list(
            &plane()?,
            &actor()?,
            Filter {
                pool,
                server,
                waiting,
                user_name,
                ..Filter::default()
            },
            &page_from(cursor),
        )
        .await,
    )
}

/// The own open sessions and waits.
#[server(prefix = "/ui/fn", endpoint = "session_mine", protocol = Call)]
pub async fn session_mine() -> ApiResult<Page<Session>> {
    answer(control::session::list(&plane()?, &actor()?, own()?, &whole()).await)
}

/// Ends a session, or the wait for one.
#[server(prefix = "/ui/fn", endpoint = "session_end", protocol = Call)]
pub async fn session_end(id: SessionId) -> ApiResult<Session> {
    answer(control::session::end(&plane()?, &actor()?, id).await)
}

/// The credentials of an own session. Written to the audit log.
#[server(prefix = "/ui/fn", endpoint = "session_reveal", protocol = Call)]
pub async fn session_reveal(id: SessionId) -> ApiResult<Revealed> {
    answer(control::session::reveal(&plane()?, &actor()?, id).await)
}

#[cfg(test)]
mod tests {
    use domain::session::SessionKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_arrives_as_it_was_sent() {
        let id = |prefix: &str| format!("{prefix}_01980000-0000-7000-8000-000000000001");
        let sent = json!({
            "id": id("ses"), "pool_id": id("pool"), "pool_name": "p", "user_id": id("usr"), "user_name": "ana",
            "kind": "app", "app": "calc", "state": "active", "server_id": id("srv"), "server_name": "desk",
            "assigned_at": "2026-11-24T08:00:00.000Z", "active_since": "2026-11-24T08:00:01.000Z",
            "requested_at": "2026-11-24T08:00:00.000Z", "expires_at": "2026-11-24T20:00:00.000Z",
            "connection": null, "wait": null, "version": 3,
        });
        let session: Session = serde_json::from_value(sent.clone()).expect("a session");
        assert_eq!(session.kind, SessionKind::App { app: "calc".into() });
        assert_eq!(serde_json::to_value(&session).expect("JSON"), sent);
    }
}
