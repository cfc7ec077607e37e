//! Autoscale configs.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::autoscale::{ConfigVersion, PlanPreview, RenderedScript, SavedConfig, Validation};
use domain::form::Draft;
use domain::id::{ConfigId, PoolId};
use domain::page::Page;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, page_from, plane, whole};

/// The configs of a pool, in the order in which they act; of all pools, where none is named.
#[server(prefix = "/ui/fn", endpoint = "autoscale_list", protocol = Call)]
pub async fn autoscale_list(pool: Option<PoolId>) -> ApiResult<Page<SavedConfig>> {
    answer(control::autoscale::list(&plane()?, &actor()?, pool, &whole()).await)
}

/// One of them.
#[server(prefix = "/ui/fn", endpoint = "autoscale_get", protocol = Call)]
pub async fn autoscale_get(id: ConfigId) -> ApiResult<SavedConfig> {
    answer(control::autoscale::get(&plane()?, &actor()?, id).await)
}

/// Makes one.
#[server(prefix = "/ui/fn", endpoint = "autoscale_create", protocol = Call)]
pub async fn autoscale_create(input: Draft) -> ApiResult<SavedConfig> {
    answer(control::autoscale::create(&plane()?, &actor()?, input).await)
}

/// Replaces one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "autoscale_replace", protocol = Call)]
pub async fn autoscale_replace(id: ConfigId, seen: i64, input: Draft) -> ApiResult<SavedConfig> {
    answer(control::autoscale::replace(&plane()?, &actor()?, id, seen, input).await)
}

/// Deletes one, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "autoscale_delete", protocol = Call)]
pub async fn autoscale_delete(id: ConfigId, seen: i64) -> ApiResult<()> {
    answer(control::autoscale::delete(&plane()?, &actor()?, id, seen).await)
}

/// A page of what one has been, newest first.
#[server(prefix = "/ui/fn", endpoint = "autoscale_version_list", protocol = Call)]
pub async fn autoscale_version_list(
    id: ConfigId,
    cursor: Option<String>,
) -> ApiResult<Page<ConfigVersion>> {
    answer(control::autoscale::versions(&plane()?, &actor()?, id, &page_from(cursor)).await)
}

/// Sets one back to one of its versions, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "autoscale_restore", protocol = Call)]
pub async fn autoscale_restore(id: ConfigId, seen: i64, version: i64) -> ApiResult<SavedConfig> {
    answer(control::autoscale::restore(&plane()?, &actor()?, id, seen, version).await)
}

/// What is wrong with a config before it is saved; `id` names the one it replaces.
#[server(prefix = "/ui/fn", endpoint = "autoscale_validate", protocol = Call)]
pub async fn autoscale_validate(id: Option<ConfigId>, input: Draft) -> ApiResult<Validation> {
    answer(control::autoscale::validate(&plane()?, &actor()?, id, input).await)
}

/// What the loop would do if the config were saved.
#[server(prefix = "/ui/fn", endpoint = "autoscale_plan", protocol = Call)]
pub async fn autoscale_plan(id: Option<ConfigId>, input: Draft) -> ApiResult<PlanPreview> {
    answer(control::autoscale::plan(&plane()?, &actor()?, id, input).await)
}

/// The start-up script as a server of this config would get it, secrets masked; `id` names the one it replaces.
#[server(prefix = "/ui/fn", endpoint = "autoscale_script", protocol = Call)]
pub async fn autoscale_script(
    id: Option<ConfigId>,
    input: Draft,
    template: Option<String>,
) -> ApiResult<RenderedScript> {
    answer(control::autoscale::render_script(&plane()?, &actor()?, id, input, template).await)
}
