//! A pool on Weir's own machine, ready to be tried out.

use domain::demo::{Demo, DemoVisit};
use domain::pool::Pool;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// Makes a zone, a provider config, a pool and its autoscale config on Weir's own machine.
#[server(prefix = "/ui/fn", endpoint = "demo_create", protocol = Call)]
pub async fn demo_create() -> ApiResult<Pool> {
    answer(control::demo::create(&plane()?, &actor()?).await)
}

/// The demo, if there is one.
#[server(prefix = "/ui/fn", endpoint = "demo_get", protocol = Call)]
pub async fn demo_get() -> ApiResult<Option<Demo>> {
    answer(control::demo::get(&plane()?, &actor()?).await)
}

/// Sends visitors into it.
#[server(prefix = "/ui/fn", endpoint = "demo_visitors", protocol = Call)]
pub async fn demo_visitors() -> ApiResult<DemoVisit> {
    answer(control::demo::send_visitors(&plane()?, &actor()?).await)
}

/// Has its next server fail.
#[server(prefix = "/ui/fn", endpoint = "demo_break", protocol = Call)]
pub async fn demo_break() -> ApiResult<Demo> {
    answer(control::demo::break_next(&plane()?, &actor()?).await)
}

/// Ticks off that somebody has looked at its decisions.
#[server(prefix = "/ui/fn", endpoint = "demo_read_why", protocol = Call)]
pub async fn demo_read_why() -> ApiResult<Demo> {
    answer(control::demo::tell_why_read(&plane()?, &actor()?).await)
}

/// Puts its checklist away.
#[server(prefix = "/ui/fn", endpoint = "demo_dismiss", protocol = Call)]
pub async fn demo_dismiss() -> ApiResult<Demo> {
    answer(control::demo::dismiss(&plane()?, &actor()?).await)
}

/// Begins to remove it.
#[server(prefix = "/ui/fn", endpoint = "demo_remove", protocol = Call)]
pub async fn demo_remove() -> ApiResult<Demo> {
    answer(control::demo::remove(&plane()?, &actor()?).await)
}
