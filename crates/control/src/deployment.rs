//! This installation, the pause that holds everything, and what to do where its database was restored or copied.

use domain::actor::Actor;
use domain::deployment::{Deployment, Observing};
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::id::GenerationId;
use serde_json::json;

use crate::error::{Error, Result};
use crate::plane::ControlPlane;

/// This installation.
pub async fn get(plane: &ControlPlane, _anybody: &Actor) -> Result<Deployment> {
    let row = plane.store().deployment().await?;
    Ok(Deployment {
        id: row.id,
        generation: row.generation,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pause: row.pause,
        observing: row.observing,
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

/// Looks whether the database lies where it lay before, and has not become older meanwhile. If not, it was restored or copied: from
/// now on nothing is made and nothing deleted at any provider, until an admin says what it is. What was noticed, if that is news.
pub async fn look(plane: &ControlPlane) -> Result<Option<Observing>> {
    let audit = plane.audit(
        &Actor::System,
        "deployment.observe",
        plane.deployment(),
        json!({}),
    );
    let noticed = plane.store().deployment_look(audit).await?;
    if noticed.is_some() {
        plane.changed(EventNoun::Deployment, plane.deployment(), None, None);
    }
    Ok(noticed)
}

/// This database is the deployment, and no other Weir uses its machines: everything goes on from what it says.
pub async fn adopt(plane: &ControlPlane, actor: &Actor) -> Result<Deployment> {
    actor.require_admin()?;
    let audit = plane.audit(actor, "deployment.adopt", plane.deployment(), json!({}));
    if !plane.store().deployment_adopt(audit).await? {
        return Err(not_observing());
    }
    told(plane, actor).await
}

/// This database is a copy, and the original lives on: it begins a new life without any machine. The rows of all servers that were
/// made through a provider are deleted and their sessions end; no provider is called for it. People who wait go on waiting, for
/// servers that this Weir makes.
pub async fn fork(plane: &ControlPlane, actor: &Actor) -> Result<Deployment> {
    actor.require_admin()?;
    let generation = GenerationId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(actor, "deployment.fork", plane.deployment(), json!({}));
    let forked = plane.store().deployment_fork(generation, audit).await?;
    let forked = forked.ok_or_else(not_observing)?;
    for (server, pool) in forked.servers {
        plane.changed(EventNoun::Server, server, Some(pool), None);
    }
    for (session, pool, owner) in forked.sessions {
        plane.changed(EventNoun::Session, session, Some(pool), Some(owner));
    }
    told(plane, actor).await
}

/// The refusal where there is nothing to say.
fn not_observing() -> Error {
    Error::Problem(Problem::new(
        ProblemCode::Conflict,
        "Weir does not only observe: its database lies where it lay before.",
    ))
}

async fn told(plane: &ControlPlane, actor: &Actor) -> Result<Deployment> {
    plane.changed(EventNoun::Deployment, plane.deployment(), None, None);
    plane.wake();
    get(plane, actor).await
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
        return told(plane, actor).await;
    }
    get(plane, actor).await
}
