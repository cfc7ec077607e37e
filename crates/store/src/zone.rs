//! Deployment zones.

use domain::id::ZoneId;
use domain::timestamp::Timestamp;
use domain::zone::{Zone, ZoneInput};

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args};
use crate::{PageRequest, Result, Store};

impl Store {
    /// Adds a zone.
    pub async fn zone_insert(
        &self,
        id: ZoneId,
        input: ZoneInput,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Zone> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO zones (id, name, upstream_auth_address, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $4, 1)",
            args![id, &input.name, &input.upstream_auth_address, at],
        )
        .await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(Zone {
            id,
            input,
            created_at: at,
            updated_at: at,
            version: 1,
        })
    }

    /// A zone.
    pub async fn zone(&self, id: ZoneId) -> Result<Option<Zone>> {
        let row = self
            .db
            .one("zones", "SELECT * FROM zones WHERE id = $1", args![id])
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Zones, ordered by id.
    pub async fn zones_page(&self, page: PageRequest) -> Result<Vec<Zone>> {
        let rows = self
            .db
            .all(
                "zones",
                "SELECT * FROM zones WHERE id > $1 ORDER BY id LIMIT $2",
                args![page.after_text(), page.limit],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// Changes a zone.
    pub async fn zone_replace(
        &self,
        id: ZoneId,
        seen_version: i64,
        input: ZoneInput,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Zone> {
        let mut tx = self.db.write().await?;
        let row = tx
            .one(
                "zones",
                "UPDATE zones SET name = $3, upstream_auth_address = $4, updated_at = $5, version = version + 1
                 WHERE id = $1 AND version = $2 RETURNING *",
                args![id, seen_version, input.name, input.upstream_auth_address, at],
            )
            .await?;
        let Some(row) = row else {
            return Err(why_not(&mut tx, id).await?);
        };
        tx.audit(audit).await?;
        tx.commit().await?;
        read(&row)
    }

    /// Removes a zone that no config and no server is in. Rows of deleted servers that stood there go with it.
    pub async fn zone_delete(
        &self,
        id: ZoneId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE zones SET version = version WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT name FROM autoscale_configs WHERE zone_id = $1
             UNION ALL SELECT name FROM servers WHERE zone_id = $1 AND state <> 'deleted'",
            args![id],
        )
        .await?;
        for sql in [
            "DELETE FROM servers WHERE zone_id = $1 AND state = 'deleted'",
            "DELETE FROM zones WHERE id = $1",
        ] {
            tx.run(sql, args![id])
                .await
                .map_err(StoreError::on_delete)?;
        }
        tx.audit(audit).await?;
        tx.commit().await
    }
}

async fn why_not(tx: &mut Tx, id: ZoneId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM zones WHERE id = $1", args![id])
        .await
}

fn read(row: &Row) -> Result<Zone> {
    Ok(Zone {
        id: row.get("id")?,
        input: ZoneInput {
            name: row.get("name")?,
            upstream_auth_address: row.get("upstream_auth_address")?,
        },
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}
