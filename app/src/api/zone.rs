//! Zones.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::id::ZoneId;
use domain::page::Page;
use domain::zone::{Zone, ZoneInput};
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

/// All of them, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "zone_list", protocol = Call)]
pub async fn zone_list() -> ApiResult<Page<Zone>> {
    answer(control::zone::list(&plane()?, &actor()?, &whole()).await)
}

/// One of them.
#[server(prefix = "/ui/fn", endpoint = "zone_get", protocol = Call)]
pub async fn zone_get(id: ZoneId) -> ApiResult<Zone> {
    answer(control::zone::get(&plane()?, &actor()?, id).await)
}

/// Makes one.
#[server(prefix = "/ui/fn", endpoint = "zone_create", protocol = Call)]
pub async fn zone_create(input: ZoneInput) -> ApiResult<Zone> {
    answer(control::zone::create(&plane()?, &actor()?, input).await)
}

/// Replaces one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "zone_replace", protocol = Call)]
pub async fn zone_replace(id: ZoneId, seen: i64, input: ZoneInput) -> ApiResult<Zone> {
    answer(control::zone::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Deletes one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "zone_delete", protocol = Call)]
pub async fn zone_delete(id: ZoneId, seen: i64) -> ApiResult<()> {
    answer(control::zone::delete(&plane()?, &actor()?, id, seen).await)
}
