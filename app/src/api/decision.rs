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
use super::{actor, answer, plane};
#[cfg(feature = "ssr")]
use domain::page::PageQuery;

/// The newest decisions about a pool.
#[server(prefix = "/ui/fn", endpoint = "decision_list", protocol = Call)]
pub async fn decision_list(pool: PoolId) -> ApiResult<Page<Decision>> {
    answer(control::decision::list(&plane()?, &actor()?, Some(pool), &PageQuery::default()).await)
}
