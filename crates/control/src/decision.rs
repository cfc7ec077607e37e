//! Recorded decisions of the loop.

use domain::actor::Actor;
use domain::id::{DecisionId, PoolId};
use domain::page::{Page, PageQuery};
use domain::plan::Decision;

use crate::error::{Result, not_found};
use crate::page;
use crate::plane::ControlPlane;

/// The newest decision about each pool that has one: what holds now.
pub async fn newest(plane: &ControlPlane, actor: &Actor) -> Result<Vec<Decision>> {
    actor.require_admin()?;
    Ok(plane.store().newest_decisions().await?)
}

/// Decisions, newest first: of one pool, or of all.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    pool: Option<PoolId>,
    query: &PageQuery,
) -> Result<Page<Decision>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    if let Some(pool) = pool
        && plane.store().pool(pool).await?.is_none()
    {
        return Err(not_found("pool"));
    }
    let before = request.after.map(DecisionId::from_uuid);
    let rows = plane
        .store()
        .decisions_page(pool, before, request.limit)
        .await?;
    Ok(page::page(rows, &request, |decision: &Decision| {
        decision.id.uuid()
    }))
}
