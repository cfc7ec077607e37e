//! The audit log: who changed what, and when.

use domain::actor::Actor;
use domain::audit::{AuditFilter, AuditRecord};
use domain::id::AuditId;
use domain::page::{Page, PageQuery};
use uuid::Uuid;

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
        .is_some_and(|target| !is_id(target))
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

/// Whether a text is an id of some kind, with its prefix.
fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, uuid)| {
        let is_prefix = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_lower = !uuid.bytes().any(|byte| byte.is_ascii_uppercase());
        is_prefix && is_lower && uuid.len() == 36 && Uuid::try_parse(uuid).is_ok()
    })
}
