//! Recorded decisions.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::PoolId;
use domain::page::Page;
use domain::plan::Decision;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane};

/// The newest decision about each pool that has one.
#[server(prefix = "/ui/fn", endpoint = "decision_newest", protocol = Call)]
pub async fn decision_newest() -> ApiResult<Vec<Decision>> {
    answer(control::decision::newest(&plane()?, &actor()?).await)
}

/// A page of the decisions about a pool, newest first.
#[server(prefix = "/ui/fn", endpoint = "decision_list", protocol = Call)]
pub async fn decision_list(pool: PoolId, cursor: Option<String>) -> ApiResult<Page<Decision>> {
    answer(control::decision::list(&plane()?, &actor()?, Some(pool), &page_from(cursor)).await)
}
