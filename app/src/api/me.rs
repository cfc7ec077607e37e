//! Who is signed in.

use domain::deployment::{DeploymentPause, Observing};
use domain::id::UserId;
use leptos::prelude::*;

use serde::{Deserialize, Serialize};

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{answer, plane};

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The id.
    pub id: UserId,
    /// Sign-in name.
    pub name: String,
    /// Whether they see the admin pages.
    pub is_admin: bool,
    /// Set while everything is paused, for admins: the banner on their pages asks for it here, since what a page knows of its
    /// reader is in every page's bundle already.
    pub pause: Option<DeploymentPause>,
    /// Set while nobody has said what this database is, which looks restored or copied, for admins.
    pub observing: Option<Observing>,
}

/// The signed-in person; nobody where nobody is.
#[server(prefix = "/ui/fn", endpoint = "me", protocol = Call)]
pub async fn me_get() -> ApiResult<Option<Me>> {
    let Some(actor) = use_context::<domain::actor::Actor>() else {
        return Ok(None);
    };
    let Some(id) = actor.user() else {
        return Ok(None);
    };
    let plane = plane()?;
    let user = answer(control::user::get(&plane, &actor, id).await)?;
    let (pause, observing) = if actor.is_admin() {
        let deployment = answer(control::deployment::get(&plane, &actor).await)?;
        (deployment.pause, deployment.observing)
    } else {
        (None, None)
    };
    Ok(Some(Me {
        id,
        name: user.name,
        is_admin: actor.is_admin(),
        pause,
        observing,
    }))
}
