//! LDAP configs.

use domain::id::LdapConfigId;
use domain::timestamp::Timestamp;
use serde_json::{Map, Value};

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args, to_json};
use crate::secret::{Owner, SecretInfo, SecretWrite};
use crate::{PageRequest, Result, Store};

/// An LDAP config as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LdapConfigRow {
    /// The id.
    pub id: LdapConfigId,
    /// Its name.
    pub name: String,
    /// The form's values without secrets.
    pub document: Map<String, Value>,
    /// Which secrets are set.
    pub secrets: Vec<SecretInfo>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change.
    pub version: i64,
}

impl Store {
    /// Adds an LDAP config.
    pub async fn ldap_config_insert(
        &self,
        id: LdapConfigId,
        name: String,
        document: Map<String, Value>,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<LdapConfigRow> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO ldap_configs (id, name, document, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $4, 1)",
            args![id, name, to_json(&document), at],
        )
        .await?;
        let row = self.finish_ldap(&mut tx, id, secrets, at, audit).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// An LDAP config.
    pub async fn ldap_config(&self, id: LdapConfigId) -> Result<Option<LdapConfigRow>> {
        let row = self.db.one("ldap_configs", SELECT_ONE, args![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let secrets = self.secret_infos(Owner::Ldap(id)).await?;
        read(&row, secrets).map(Some)
    }

    /// LDAP configs, ordered by id.
    pub async fn ldap_configs_page(&self, page: PageRequest) -> Result<Vec<LdapConfigRow>> {
        let sql = "SELECT * FROM ldap_configs WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self
            .db
            .all("ldap_configs", sql, args![page.after_text(), page.limit])
            .await?;
        let mut configs = Vec::with_capacity(rows.len());
        for row in rows {
            let secrets = self.secret_infos(Owner::Ldap(row.get("id")?)).await?;
            configs.push(read(&row, secrets)?);
        }
        Ok(configs)
    }

    /// Changes an LDAP config.
    #[expect(clippy::too_many_arguments, reason = "each is one column")]
    pub async fn ldap_config_replace(
        &self,
        id: LdapConfigId,
        seen_version: i64,
        name: String,
        document: Map<String, Value>,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<LdapConfigRow> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE ldap_configs SET name = $3, document = $4, updated_at = $5, version = version + 1
                 WHERE id = $1 AND version = $2",
                args![id, seen_version, name, to_json(&document), at],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        let row = self.finish_ldap(&mut tx, id, secrets, at, audit).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Removes an LDAP config that no autoscale config refers to.
    pub async fn ldap_config_delete(
        &self,
        id: LdapConfigId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE ldap_configs SET version = version WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT name FROM autoscale_configs WHERE ldap_config_id = $1",
            args![id],
        )
        .await?;
        tx.run("DELETE FROM ldap_configs WHERE id = $1", args![id])
            .await
            .map_err(StoreError::on_delete)?;
        tx.audit(audit).await?;
        tx.commit().await
    }

    async fn finish_ldap(
        &self,
        tx: &mut Tx,
        id: LdapConfigId,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<LdapConfigRow> {
        let owner = Owner::Ldap(id);
        tx.write_secrets(&self.sealer, owner, secrets, at, &audit.actor)
            .await?;
        tx.audit(audit).await?;
        let secrets = tx.secret_infos(owner).await?;
        let row = tx
            .one("ldap_configs", SELECT_ONE, args![id])
            .await?
            .ok_or(StoreError::NotFound)?;
        read(&row, secrets)
    }
}

const SELECT_ONE: &str = "SELECT * FROM ldap_configs WHERE id = $1";

async fn why_not(tx: &mut Tx, id: LdapConfigId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM ldap_configs WHERE id = $1", args![id])
        .await
}

fn read(row: &Row, secrets: Vec<SecretInfo>) -> Result<LdapConfigRow> {
    Ok(LdapConfigRow {
        id: row.get("id")?,
        name: row.get("name")?,
        document: row.json("document")?,
        secrets,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}
