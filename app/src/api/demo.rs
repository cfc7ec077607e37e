//! A pool on Weir's own machine, ready to be tried out.

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
