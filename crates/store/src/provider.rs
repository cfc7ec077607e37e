//! Provider configs, with how creating through them goes.

use domain::id::ProviderId;
use domain::provider::{Provider, ProviderHealth, ProviderInput};
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args, to_json};
use crate::secret::{Owner, SecretInfo, SecretWrite};
use crate::{PageRequest, Result, Store};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT p.*, (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.state <> 'deleted') AS existing
             FROM providers p ",
            $tail
        )
    };
}

impl Store {
    /// Adds a provider config.
    pub async fn provider_insert(
        &self,
        id: ProviderId,
        input: ProviderInput,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Provider> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO providers (id, name, kind, max_instances, startup_script, settings, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)",
            args![
                id,
                &input.name,
                input.kind,
                input.max_instances,
                &input.startup_script,
                to_json(&input.settings),
                at
            ],
        )
        .await?;
        let made = self
            .finish_provider(&mut tx, id, secrets, at, audit)
            .await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A provider config.
    pub async fn provider(&self, id: ProviderId) -> Result<Option<Provider>> {
        let row = self.db.one("providers", SELECT_ONE, args![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let secrets = self.secret_infos(Owner::Provider(id)).await?;
        read(&row, secrets).map(Some)
    }

    /// Provider configs, ordered by id.
    pub async fn providers_page(&self, page: PageRequest) -> Result<Vec<Provider>> {
        let sql = select!("WHERE p.id > $1 ORDER BY p.id LIMIT $2");
        let rows = self
            .db
            .all("providers", sql, args![page.after_text(), page.limit])
            .await?;
        let mut providers = Vec::with_capacity(rows.len());
        for row in rows {
            let secrets = self.secret_infos(Owner::Provider(row.get("id")?)).await?;
            providers.push(read(&row, secrets)?);
        }
        Ok(providers)
    }

    /// Changes a provider config; its kind stays. The failures counted so far are forgotten, as an admin who has
    /// mended something wants to see at once whether it works.
    pub async fn provider_replace(
        &self,
        id: ProviderId,
        seen_version: i64,
        input: ProviderInput,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Provider> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE providers SET name = $3, max_instances = $4, startup_script = $5, settings = $6, updated_at = $7,
                    failures = 0, failed_at = NULL, version = version + 1, guard = guard + 1
                 WHERE id = $1 AND version = $2",
                args![
                    id,
                    seen_version,
                    input.name,
                    input.max_instances,
                    input.startup_script,
                    to_json(&input.settings),
                    at
                ],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        let changed = self
            .finish_provider(&mut tx, id, secrets, at, audit)
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Removes a provider config that no config and no server uses.
    pub async fn provider_delete(
        &self,
        id: ProviderId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE providers SET guard = guard + 1 WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT name FROM autoscale_configs WHERE provider_id = $1
             UNION ALL SELECT name FROM servers WHERE provider_id = $1 AND state <> 'deleted'",
            args![id],
        )
        .await?;
        for sql in [
            "DELETE FROM servers WHERE provider_id = $1 AND state = 'deleted'",
            "DELETE FROM providers WHERE id = $1",
        ] {
            tx.run(sql, args![id])
                .await
                .map_err(StoreError::on_delete)?;
        }
        tx.audit(audit).await?;
        tx.commit().await
    }

    async fn finish_provider(
        &self,
        tx: &mut Tx,
        id: ProviderId,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Provider> {
        let owner = Owner::Provider(id);
        tx.write_secrets(&self.sealer, owner, secrets, at, &audit.actor)
            .await?;
        tx.audit(audit).await?;
        let secrets = tx.secret_infos(owner).await?;
        let row = tx
            .one("providers", SELECT_ONE, args![id])
            .await?
            .ok_or(StoreError::NotFound)?;
        read(&row, secrets)
    }
}

const SELECT_ONE: &str = select!("WHERE p.id = $1");

async fn why_not(tx: &mut Tx, id: ProviderId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM providers WHERE id = $1", args![id])
        .await
}

fn read(row: &Row, secrets: Vec<SecretInfo>) -> Result<Provider> {
    Ok(Provider {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        max_instances: row.get("max_instances")?,
        startup_script: row.get("startup_script")?,
        settings: row.json("settings")?,
        secrets: SecretInfo::states(secrets),
        health: ProviderHealth {
            existing: row.get("existing")?,
            failures: row.get("failures")?,
            failed_at: row.get("failed_at")?,
            not_before: row.get("not_before")?,
        },
        findings: Vec::new(),
        warnings: Vec::new(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}
