//! The audit log: who changed what, and when.

use domain::actor::Actor;
use domain::audit::AuditRecord;
use domain::id::AuditId;
use domain::page::{Page, PageQuery};

use crate::error::Result;
use crate::page;
use crate::plane::ControlPlane;

/// Entries of the log, newest first.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Page<AuditRecord>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane
        .store()
        .audit_page(request.after.map(AuditId::from_uuid), request.limit)
        .await?;
    let rows = rows
        .into_iter()
        .map(|row| AuditRecord {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            detail: row.detail,
        })
        .collect();
    Ok(page::page(rows, &request, |entry: &AuditRecord| {
        entry.id.uuid()
    }))
}
