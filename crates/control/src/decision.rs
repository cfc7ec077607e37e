//! Recorded decisions of the loop.

use domain::actor::Actor;
use domain::id::{DecisionId, PoolId};
use domain::page::{Page, PageQuery};
use domain::plan::{Decision, Reason};
use store::DecisionFilter;

use crate::error::{Result, not_found};
use crate::page;
use crate::plane::ControlPlane;

/// Which decisions are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only about this pool.
    pub pool: Option<PoolId>,
    /// Only those that give this reason.
    pub reason: Option<Reason>,
    /// Only this one and those before it.
    pub up_to: Option<DecisionId>,
}

/// The newest decision about each pool that has one: what holds now.
pub async fn newest(plane: &ControlPlane, actor: &Actor) -> Result<Vec<Decision>> {
    actor.require_admin()?;
    Ok(plane.store().newest_decisions().await?)
}

/// Decisions, newest first.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    filter: Filter,
    query: &PageQuery,
) -> Result<Page<Decision>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    if let Some(pool) = filter.pool
        && plane.store().pool(pool).await?.is_none()
    {
        return Err(not_found("pool"));
    }
    let before = request.after.map(DecisionId::from_uuid);
    let filter = DecisionFilter {
        pool: filter.pool,
        reason: filter.reason,
        up_to: filter.up_to,
    };
    let rows = plane
        .store()
        .decisions_page(filter, before, request.limit)
        .await?;
    Ok(page::page(rows, &request, |decision: &Decision| {
        decision.id.uuid()
    }))
}
