//! Recorded decisions.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::{DecisionId, PoolId};
use domain::page::Page;
#[cfg(feature = "ssr")]
use domain::page::PageQuery;
use domain::plan::{Decision, Reason};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// The newest decision about each pool that has one.
#[server(prefix = "/ui/fn", endpoint = "decision_newest", protocol = Call)]
pub async fn decision_newest() -> ApiResult<Vec<Decision>> {
    answer(control::decision::newest(&plane()?, &actor()?).await)
}

/// A page of the decisions about a pool, newest first: those that give this reason, beginning with the one of `up_to`; `limit`: so
/// many of them.
#[server(prefix = "/ui/fn", endpoint = "decision_list", protocol = Call)]
pub async fn decision_list(
    pool: PoolId,
    reason: Option<Reason>,
    up_to: Option<DecisionId>,
    cursor: Option<String>,
    limit: Option<u32>,
) -> ApiResult<Page<Decision>> {
    let filter = control::decision::Filter {
        pool: Some(pool),
        reason,
        up_to,
    };
    let page = PageQuery { cursor, limit };
    answer(control::decision::list(&plane()?, &actor()?, filter, &page).await)
}
