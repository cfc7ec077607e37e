//! The audit log: who changed what, and when.

use domain::actor::Actor;
use domain::audit::{AuditFilter, AuditRecord};
use domain::id::{self, AuditId};
use domain::page::{Page, PageQuery};
use store::{ChainEntry, ChainReport, StoreError};

use crate::error::{Result, invalid};
use crate::page;
use crate::plane::ControlPlane;
use crate::reconciler::fence;

/// Entries of the log, newest first.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    filter: &AuditFilter,
    query: &PageQuery,
) -> Result<Page<AuditRecord>> {
    actor.require_admin()?;
    if filter
        .target
        .as_deref()
        .is_some_and(|target| !id::is_id(target))
    {
        return Err(invalid(
            "target",
            "invalid",
            "This is not an id. It looks like `pool_` and a UUID.",
        ));
    }
    let request = page::request(query)?;
    let rows = plane
        .store()
        .audit_page(filter, request.after.map(AuditId::from_uuid), request.limit)
        .await?;
    let rows = rows
        .into_iter()
        .map(|row| AuditRecord {
            id: row.id,
            at: row.at,
            actor: row.actor,
            actor_name: row.actor_name,
            action: row.action,
            target: row.target,
            detail: row.detail,
        })
        .collect();
    Ok(page::page(rows, &request, |entry: &AuditRecord| {
        entry.id.uuid()
    }))
}

/// Links what has been written to the chain, as many entries as go at once; true if there may be more
/// ([`store::Store::audit_link`]). Only the process that runs the loop does it: in any other nothing happens.
pub async fn link(plane: &ControlPlane) -> Result<bool> {
    let Ok(fence) = fence(plane) else {
        return Ok(false);
    };
    match plane.store().audit_link(fence).await {
        Ok(linked) => Ok(linked > 0),
        Err(StoreError::StaleFence) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Looks whether the log is as it was written.
pub async fn verify(plane: &ControlPlane, actor: &Actor) -> Result<ChainReport> {
    actor.require_admin()?;
    Ok(plane.store().audit_verify().await?)
}

/// Linked entries after this number, in the order of the chain; none where there are no more.
pub async fn linked(plane: &ControlPlane, actor: &Actor, after: i64) -> Result<Vec<ChainEntry>> {
    actor.require_admin()?;
    Ok(plane.store().audit_linked(after).await?)
}
