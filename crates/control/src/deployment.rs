//! This installation, and the pause that holds everything.

use domain::actor::Actor;
use domain::deployment::Deployment;
use domain::event::EventNoun;
use serde_json::json;

use crate::error::Result;
use crate::plane::ControlPlane;

/// This installation.
pub async fn get(plane: &ControlPlane, _anybody: &Actor) -> Result<Deployment> {
    let row = plane.store().deployment().await?;
    Ok(Deployment {
        id: row.id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pause: row.pause,
    })
}

/// Holds everything: from the next tick on, which comes at once, nothing is made and nothing deleted at any provider.
/// Calls under way are not taken back. Nothing happens where everything is held already.
pub async fn pause(plane: &ControlPlane, actor: &Actor) -> Result<Deployment> {
    turn(plane, actor, true).await
}

/// Lets everything go on. Nothing happens where nothing is held.
pub async fn resume(plane: &ControlPlane, actor: &Actor) -> Result<Deployment> {
    turn(plane, actor, false).await
}

async fn turn(plane: &ControlPlane, actor: &Actor, is_paused: bool) -> Result<Deployment> {
    actor.require_admin()?;
    let action = if is_paused {
        "deployment.pause"
    } else {
        "deployment.resume"
    };
    let audit = plane.audit(actor, action, plane.deployment(), json!({}));
    if plane.store().deployment_pause(is_paused, audit).await? {
        plane.changed(EventNoun::Deployment, plane.deployment(), None, None);
        plane.wake();
    }
    get(plane, actor).await
}
