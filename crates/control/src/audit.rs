//! The audit log: who changed what, and when.

use domain::actor::Actor;
use domain::audit::{AuditFilter, AuditRecord};
use domain::id::{self, AuditId};
use domain::page::{Page, PageQuery};

use crate::error::{Result, invalid};
use crate::page;
use crate::plane::ControlPlane;

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
