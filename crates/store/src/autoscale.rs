//! Autoscale configs.

use domain::connection::Protocol;
use domain::id::{ConfigId, LdapConfigId, PoolId, ProviderId, ZoneId};
use domain::server::SeatLimits;
use domain::timestamp::Timestamp;
use serde_json::{Map, Value};

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Arg, Row, args, to_json};
use crate::secret::{Owner, SecretInfo, SecretWrite};
use crate::{PageRequest, Result, Store};

/// What the loop and the guards ask of a config; the document says the same in the form's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one column")]
pub struct ConfigColumns {
    /// Unique among the configs.
    pub name: String,
    /// Its pool.
    pub pool: PoolId,
    /// Its zone.
    pub zone: ZoneId,
    /// Its provider config.
    pub provider: ProviderId,
    /// The directory for computer records.
    pub ldap: Option<LdapConfigId>,
    /// The loop makes and removes its servers.
    pub enabled: bool,
    /// Decided and recorded, not done.
    pub dry_run: bool,
    /// Requests without a seat always queue.
    pub aggressive: bool,
    /// A server serves again after a session.
    pub reusable: bool,
    /// Running needs a check-in.
    pub require_checkin: bool,
    /// Minimum Available Sessions.
    pub minimum: u32,
    /// Limits of its servers.
    pub limits: SeatLimits,
    /// Downscale Backoff, in seconds.
    pub backoff_secs: u32,
    /// From the intent to Running, in seconds.
    pub provision_timeout_secs: u32,
    /// The protocol, the same for all configs of a pool.
    pub protocol: Protocol,
}

/// A config as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigRow {
    /// The id.
    pub id: ConfigId,
    /// What the loop asks for.
    pub columns: ConfigColumns,
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
    /// Its servers in every state but Deleted.
    pub servers: u32,
    /// Those of them that were made with an older version of it.
    pub older_servers: u32,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT c.*,
                (SELECT COUNT(*) FROM servers s WHERE s.config_id = c.id AND s.state <> 'deleted') AS server_count,
                (SELECT COUNT(*) FROM servers s WHERE s.config_id = c.id AND s.state <> 'deleted'
                    AND s.config_version < c.version) AS older_count
             FROM autoscale_configs c ",
            $tail
        )
    };
}

impl Store {
    /// Adds a config, and keeps its first version. Refused with [`StoreError::ProtocolMismatch`] where the pool's other
    /// configs or fixed servers use another protocol.
    pub async fn config_insert(
        &self,
        id: ConfigId,
        columns: ConfigColumns,
        document: Map<String, Value>,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<ConfigRow> {
        let mut tx = self.db.write().await?;
        tx.hold_pool_for(columns.pool, columns.protocol, None)
            .await?;
        let mut args = column_args(id, &columns, &document);
        args.push(at.into());
        tx.run(
            "INSERT INTO autoscale_configs (id, name, pool_id, zone_id, provider_id, ldap_config_id, enabled, dry_run,
                aggressive, reusable, require_checkin, minimum, max_sessions, max_users, backoff_secs,
                provision_timeout_secs, protocol, document, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, 1)",
            args,
        )
        .await?;
        tx.run(
            "INSERT INTO autoscale_loop (config_id, surplus_since) VALUES ($1, NULL)",
            args![id],
        )
        .await?;
        tx.write_secrets(&self.sealer, Owner::Config(id), secrets, at, &audit.actor)
            .await?;
        let row = tx.finish_config(id, None, audit).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// A config.
    pub async fn config(&self, id: ConfigId) -> Result<Option<ConfigRow>> {
        let row = self
            .db
            .one("autoscale_configs", select!("WHERE c.id = $1"), args![id])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let secrets = self.secret_infos(Owner::Config(id)).await?;
        read(&row, secrets).map(Some)
    }

    /// Configs, ordered by id: of one pool, or of all.
    pub async fn configs_page(
        &self,
        pool: Option<PoolId>,
        page: PageRequest,
    ) -> Result<Vec<ConfigRow>> {
        let sql = select!(
            "WHERE c.id > $1 AND (CAST($2 AS TEXT) IS NULL OR c.pool_id = $2) ORDER BY c.id LIMIT $3"
        );
        self.configs(sql, args![page.after_text(), pool, page.limit])
            .await
    }

    /// The configs that use a provider config, in the order of their making.
    pub async fn configs_using(&self, provider: ProviderId) -> Result<Vec<ConfigRow>> {
        let sql = select!("WHERE c.provider_id = $1 ORDER BY c.id");
        self.configs(sql, args![provider]).await
    }

    async fn configs(&self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<ConfigRow>> {
        let rows = self.db.all("autoscale_configs", sql, args).await?;
        let mut configs = Vec::with_capacity(rows.len());
        for row in rows {
            let secrets = self.secret_infos(Owner::Config(row.get("id")?)).await?;
            configs.push(read(&row, secrets)?);
        }
        Ok(configs)
    }

    /// Changes a config, and keeps its new version; refused as [`Self::config_insert`] is.
    #[expect(clippy::too_many_arguments, reason = "each is one column")]
    pub async fn config_replace(
        &self,
        id: ConfigId,
        seen_version: i64,
        columns: ConfigColumns,
        document: Map<String, Value>,
        secrets: Vec<SecretWrite>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<ConfigRow> {
        let mut tx = self.db.write().await?;
        tx.update_config(id, seen_version, &columns, &document, at)
            .await?;
        tx.write_secrets(&self.sealer, Owner::Config(id), secrets, at, &audit.actor)
            .await?;
        let row = tx.finish_config(id, None, audit).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Changes a config to what an earlier version of it says, its secrets too; refused as [`Self::config_replace`] is.
    #[expect(clippy::too_many_arguments, reason = "each is one column")]
    pub async fn config_restore(
        &self,
        id: ConfigId,
        seen_version: i64,
        from_version: i64,
        columns: ConfigColumns,
        document: Map<String, Value>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<ConfigRow> {
        let mut tx = self.db.write().await?;
        tx.update_config(id, seen_version, &columns, &document, at)
            .await?;
        tx.restore_config_secrets(id, from_version).await?;
        let row = tx.finish_config(id, Some(from_version), audit).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Removes a config without servers. Its versions go with it, as they hold its secrets; what was done to it stays in the
    /// audit log.
    pub async fn config_delete(
        &self,
        id: ConfigId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE autoscale_configs SET guard = guard + 1 WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT name FROM servers WHERE config_id = $1 AND state <> 'deleted'",
            args![id],
        )
        .await?;
        for sql in [
            "DELETE FROM servers WHERE config_id = $1 AND state = 'deleted'",
            "DELETE FROM autoscale_configs WHERE id = $1",
        ] {
            tx.run(sql, args![id])
                .await
                .map_err(StoreError::on_delete)?;
        }
        tx.audit(audit).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Writes a changed config, if it still has the version that was seen.
    async fn update_config(
        &mut self,
        id: ConfigId,
        seen_version: i64,
        columns: &ConfigColumns,
        document: &Map<String, Value>,
        at: Timestamp,
    ) -> Result<()> {
        self.hold_pool_for(columns.pool, columns.protocol, Some(id.bare()))
            .await?;
        let mut args = column_args(id, columns, document);
        args.extend(args![at, seen_version]);
        let held = self
            .run(
                "UPDATE autoscale_configs SET name = $2, pool_id = $3, zone_id = $4, provider_id = $5,
                    ldap_config_id = $6, enabled = $7, dry_run = $8, aggressive = $9, reusable = $10,
                    require_checkin = $11, minimum = $12, max_sessions = $13, max_users = $14, backoff_secs = $15,
                    provision_timeout_secs = $16, protocol = $17, document = $18, updated_at = $19,
                    version = version + 1, guard = guard + 1
                 WHERE id = $1 AND version = $20",
                args,
            )
            .await?;
        if held == 0 {
            return Err(why_not(self, id).await?);
        }
        // A server of another pool or zone than its config's would never be removed.
        self.refuse_if_used(
            "SELECT name FROM servers
             WHERE config_id = $1 AND (pool_id <> $2 OR zone_id <> $3) AND state <> 'deleted'",
            args![id, columns.pool, columns.zone],
        )
        .await
    }

    /// Keeps what the config's row and its secrets say now as a version, and gives them back.
    async fn finish_config(
        &mut self,
        id: ConfigId,
        restored_from: Option<i64>,
        audit: AuditEntry,
    ) -> Result<ConfigRow> {
        self.keep_config_version(id, &audit.actor, restored_from)
            .await?;
        self.audit(audit).await?;
        let secrets = self.secret_infos(Owner::Config(id)).await?;
        let row = self
            .one("autoscale_configs", select!("WHERE c.id = $1"), args![id])
            .await?
            .ok_or(StoreError::NotFound)?;
        read(&row, secrets)
    }
}

/// The arguments $1 to $18, in the order of the table's columns.
fn column_args(id: ConfigId, columns: &ConfigColumns, document: &Map<String, Value>) -> Vec<Arg> {
    args![
        id,
        &columns.name,
        columns.pool,
        columns.zone,
        columns.provider,
        columns.ldap,
        columns.enabled,
        columns.dry_run,
        columns.aggressive,
        columns.reusable,
        columns.require_checkin,
        columns.minimum,
        columns.limits.max_sessions,
        columns.limits.max_users,
        columns.backoff_secs,
        columns.provision_timeout_secs,
        columns.protocol,
        to_json(document),
    ]
}

async fn why_not(tx: &mut Tx, id: ConfigId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM autoscale_configs WHERE id = $1", args![id])
        .await
}

fn read(row: &Row, secrets: Vec<SecretInfo>) -> Result<ConfigRow> {
    Ok(ConfigRow {
        id: row.get("id")?,
        columns: ConfigColumns {
            name: row.get("name")?,
            pool: row.get("pool_id")?,
            zone: row.get("zone_id")?,
            provider: row.get("provider_id")?,
            ldap: row.get("ldap_config_id")?,
            enabled: row.get("enabled")?,
            dry_run: row.get("dry_run")?,
            aggressive: row.get("aggressive")?,
            reusable: row.get("reusable")?,
            require_checkin: row.get("require_checkin")?,
            minimum: row.get("minimum")?,
            limits: SeatLimits {
                max_sessions: row.get("max_sessions")?,
                max_users: row.get("max_users")?,
            },
            backoff_secs: row.get("backoff_secs")?,
            provision_timeout_secs: row.get("provision_timeout_secs")?,
            protocol: row.get("protocol")?,
        },
        document: row.json("document")?,
        secrets,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
        servers: row.get("server_count")?,
        older_servers: row.get("older_count")?,
    })
}
