//! This installation, and the pause that holds everything.

use domain::deployment::Deployment;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane};

/// This installation.
#[server(prefix = "/ui/fn", endpoint = "deployment_get", protocol = Call)]
pub async fn deployment_get() -> ApiResult<Deployment> {
    answer(control::deployment::get(&plane()?, &actor()?).await)
}

/// Holds everything: nothing is made and nothing deleted.
#[server(prefix = "/ui/fn", endpoint = "deployment_pause", protocol = Call)]
pub async fn deployment_pause() -> ApiResult<Deployment> {
    answer(control::deployment::pause(&plane()?, &actor()?).await)
}

/// Lets everything go on.
#[server(prefix = "/ui/fn", endpoint = "deployment_resume", protocol = Call)]
pub async fn deployment_resume() -> ApiResult<Deployment> {
    answer(control::deployment::resume(&plane()?, &actor()?).await)
}
