//! The history of an autoscale config: who has changed what, and the way back.

use std::collections::BTreeMap;

use domain::actor::Actor;
use domain::autoscale::{self, ConfigVersion, SavedConfig, SecretState};
use domain::form::Draft;
use domain::id::ConfigId;
use domain::page::{Page, PageQuery};
use serde_json::json;
use store::{ConfigVersionRow, SecretInfo};
use uuid::Uuid;

use super::{changed, columns, judged, refuse_move, row, saved, set_keys};
use crate::error::{Result, not_found};
use crate::page;
use crate::plane::ControlPlane;

/// The versions of a config, newest first.
pub async fn versions(
    plane: &ControlPlane,
    actor: &Actor,
    id: ConfigId,
    query: &PageQuery,
) -> Result<Page<ConfigVersion>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let now = row(plane, id).await?;
    let now = (Draft::from(now.document), SecretInfo::states(now.secrets));
    let rows = plane
        .store()
        .config_versions(id, request.after.map(number), request.limit)
        .await?;
    let mut versions = Vec::with_capacity(rows.len());
    // The row that a page is asked for beyond its end is the one that its last version is compared with.
    let mut rows = rows.into_iter().peekable();
    while let Some(version) = rows.next() {
        let (values, secrets) = content(&version);
        let before = rows.peek().map(content);
        versions.push(ConfigVersion {
            version: version.version,
            at: version.at,
            actor: version.actor,
            actor_name: version.actor_name,
            restored_from: version.restored_from,
            previous: rows.peek().map(|before| before.version),
            changes: before.map_or_else(Vec::new, |(old_values, old_secrets)| {
                autoscale::changes((&old_values, &old_secrets), (&values, &secrets))
            }),
            restore_changes: autoscale::changes((&now.0, &now.1), (&values, &secrets)),
        });
    }
    Ok(page::page(versions, &request, |version| {
        cursor(version.version)
    }))
}

/// Sets a config back to one of its versions, its secrets too, if it still has the version `seen`. It is a change as any
/// other: what no longer holds (a zone that is gone) is refused.
pub async fn restore(
    plane: &ControlPlane,
    actor: &Actor,
    id: ConfigId,
    seen: i64,
    version: i64,
) -> Result<SavedConfig> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let past = plane
        .store()
        .config_version(id, version)
        .await?
        .ok_or_else(|| not_found("version of this autoscale config"))?;
    let keys = set_keys(&past.secrets);
    let config = judged(plane, &Draft::from(past.document), &keys).await?;
    refuse_move(&old, &config)?;
    let document = autoscale::draft_of(&config);
    let detail = json!({
        "from": old.document, "to": document, "version": seen.saturating_add(1), "restored_from": version,
    });
    let audit = plane.audit(actor, "autoscale_config.restore", id, detail);
    let pool = config.pool;
    let row = plane
        .store()
        .config_restore(
            id,
            seen,
            version,
            columns(&config),
            document.into(),
            plane.now(),
            audit,
        )
        .await?;
    changed(plane, pool);
    saved(plane, row).await
}

/// What a version says.
fn content(version: &ConfigVersionRow) -> (Draft, BTreeMap<String, SecretState>) {
    (
        Draft::from(version.document.clone()),
        SecretInfo::states(version.secrets.clone()),
    )
}

/// A version has no id: its number stands for it in cursors, as wide as an id.
fn cursor(version: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(version).unwrap_or_default())
}

/// What [`cursor`] was made from. A cursor of another list is beyond all numbers.
fn number(cursor: Uuid) -> i64 {
    i64::try_from(cursor.as_u128()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_holds_the_number_of_a_version() {
        for version in [1, 77, i64::MAX] {
            assert_eq!(number(cursor(version)), version);
        }
        assert_eq!(number(Uuid::max()), i64::MAX);
    }
}
