//! Pools.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::capacity::{Capacity, CapacityLine};
use domain::id::PoolId;
use domain::page::Page;
use domain::pool::{Pool, PoolInput};
use domain::start::PoolStarts;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

/// All of them, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "pool_list", protocol = Call)]
pub async fn pool_list() -> ApiResult<Page<Pool>> {
    answer(control::pool::list(&plane()?, &actor()?, &whole()).await)
}

/// One of them.
#[server(prefix = "/ui/fn", endpoint = "pool_get", protocol = Call)]
pub async fn pool_get(id: PoolId) -> ApiResult<Pool> {
    answer(control::pool::get(&plane()?, &actor()?, id).await)
}

/// What one held in the last hours.
#[server(prefix = "/ui/fn", endpoint = "pool_capacity", protocol = Call)]
pub async fn pool_capacity(id: PoolId, hours: u32) -> ApiResult<Capacity> {
    answer(control::pool::capacity(&plane()?, &actor()?, id, hours).await)
}

/// How long a new server of one takes until it is ready.
#[server(prefix = "/ui/fn", endpoint = "pool_starts_get", protocol = Call)]
pub async fn pool_starts_get(id: PoolId) -> ApiResult<PoolStarts> {
    answer(control::pool::starts(&plane()?, &actor()?, id).await)
}

/// What each held in the last hour: of as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "pool_lines", protocol = Call)]
pub async fn pool_lines() -> ApiResult<Page<CapacityLine>> {
    answer(control::pool::capacity_lines(&plane()?, &actor()?, &whole()).await)
}

/// Makes one.
#[server(prefix = "/ui/fn", endpoint = "pool_create", protocol = Call)]
pub async fn pool_create(input: PoolInput) -> ApiResult<Pool> {
    answer(control::pool::create(&plane()?, &actor()?, input).await)
}

/// Replaces one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "pool_replace", protocol = Call)]
pub async fn pool_replace(id: PoolId, seen: i64, input: PoolInput) -> ApiResult<Pool> {
    answer(control::pool::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Deletes one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "pool_delete", protocol = Call)]
pub async fn pool_delete(id: PoolId, seen: i64) -> ApiResult<()> {
    answer(control::pool::delete(&plane()?, &actor()?, id, seen).await)
}
