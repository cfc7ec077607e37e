//! This installation, the pause that holds everything, and what to do where its database was restored or copied.

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

/// This database is the deployment: everything goes on from it.
#[server(prefix = "/ui/fn", endpoint = "deployment_adopt", protocol = Call)]
pub async fn deployment_adopt() -> ApiResult<Deployment> {
    answer(control::deployment::adopt(&plane()?, &actor()?).await)
}

/// This database is a copy: it leaves all machines to the original.
#[server(prefix = "/ui/fn", endpoint = "deployment_fork", protocol = Call)]
pub async fn deployment_fork() -> ApiResult<Deployment> {
    answer(control::deployment::fork(&plane()?, &actor()?).await)
}
