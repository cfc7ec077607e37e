//! The versions of autoscale configs: each as it was saved, with its secrets as they were sealed.

use domain::id::ConfigId;
use domain::timestamp::Timestamp;
use serde_json::{Map, Value};

use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args};
use crate::secret::{SecretInfo, info};
use crate::{Result, Store};

/// A version of a config as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigVersionRow {
    /// Its number.
    pub version: i64,
    /// When it was saved.
    pub at: Timestamp,
    /// Who saved it, as in the audit log.
    pub actor: String,
    /// The name of the person or API key, while there is one.
    pub actor_name: Option<String>,
    /// The version whose values were taken back, where that was how it came to be.
    pub restored_from: Option<i64>,
    /// The form's values without secrets.
    pub document: Map<String, Value>,
    /// Which secrets were set.
    pub secrets: Vec<SecretInfo>,
}

/// Versions with the names of those who saved them. An actor is an id with its prefix, three letters and `_`; rows hold ids without.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT v.config_id AS id, v.version, v.at, v.actor, v.restored_from, v.document,
                    COALESCE(u.name, k.name) AS actor_name
             FROM autoscale_versions v
             LEFT JOIN users u ON u.id = SUBSTR(v.actor, 5)
             LEFT JOIN api_keys k ON k.id = SUBSTR(v.actor, 5)
             WHERE v.config_id = $1 ",
            $tail
        )
    };
}

impl Store {
    /// Versions of a config before the version `before` (or the newest), newest first.
    pub async fn config_versions(
        &self,
        id: ConfigId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ConfigVersionRow>> {
        let sql = select!(
            "AND (CAST($2 AS BIGINT) IS NULL OR v.version < $2) ORDER BY v.version DESC LIMIT $3"
        );
        let mut tx = self.db.read().await?;
        let rows = tx
            .all("autoscale_versions", sql, args![id, before, limit])
            .await?;
        let mut versions = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let (Some(newest), Some(oldest)) = (versions.first(), versions.last()) else {
            return Ok(versions);
        };
        let secrets = tx
            .all(
                "autoscale_version_secrets",
                "SELECT config_id AS id, version, key, set_at, set_by FROM autoscale_version_secrets
                 WHERE config_id = $1 AND version BETWEEN $2 AND $3 ORDER BY version, key",
                args![id, oldest.version, newest.version],
            )
            .await?;
        for row in &secrets {
            let of: i64 = row.get("version")?;
            if let Some(version) = versions.iter_mut().find(|version| version.version == of) {
                version.secrets.push(info(row)?);
            }
        }
        Ok(versions)
    }

    /// One of them.
    pub async fn config_version(
        &self,
        id: ConfigId,
        version: i64,
    ) -> Result<Option<ConfigVersionRow>> {
        let after_it = version.saturating_add(1);
        let found = self.config_versions(id, Some(after_it), 1).await?;
        Ok(found.into_iter().find(|found| found.version == version))
    }
}

impl Tx {
    /// Keeps what a config's row and its secrets say now as a version.
    pub(crate) async fn keep_config_version(
        &mut self,
        id: ConfigId,
        actor: &str,
        restored_from: Option<i64>,
    ) -> Result<()> {
        self.run(
            "INSERT INTO autoscale_versions (config_id, version, at, actor, restored_from, document)
             SELECT id, version, updated_at, $2, $3, document FROM autoscale_configs WHERE id = $1",
            args![id, actor, restored_from],
        )
        .await?;
        self.run(
            "INSERT INTO autoscale_version_secrets (config_id, version, key, sealed, key_id, set_at, set_by)
             SELECT c.id, c.version, s.key, s.sealed, s.key_id, s.set_at, s.set_by
             FROM secrets s JOIN autoscale_configs c ON c.id = s.config_id WHERE c.id = $1",
            args![id],
        )
        .await?;
        Ok(())
    }

    /// Sets the secrets of a config back to those of an earlier version: since when they are set and by whom too.
    pub(crate) async fn restore_config_secrets(
        &mut self,
        id: ConfigId,
        version: i64,
    ) -> Result<()> {
        // Without it, "no such version" would read as "a version without secrets".
        self.one(
            "autoscale_versions",
            "SELECT config_id AS id FROM autoscale_versions WHERE config_id = $1 AND version = $2",
            args![id, version],
        )
        .await?
        .ok_or(StoreError::NotFound)?;
        self.run("DELETE FROM secrets WHERE config_id = $1", args![id])
            .await?;
        self.run(
            "INSERT INTO secrets (owner, key, config_id, sealed, key_id, set_at, set_by)
             SELECT config_id, key, config_id, sealed, key_id, set_at, set_by
             FROM autoscale_version_secrets WHERE config_id = $1 AND version = $2",
            args![id, version],
        )
        .await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<ConfigVersionRow> {
    Ok(ConfigVersionRow {
        version: row.get("version")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        actor_name: row.get("actor_name")?,
        restored_from: row.get("restored_from")?,
        document: row.json("document")?,
        secrets: Vec::new(),
    })
}
