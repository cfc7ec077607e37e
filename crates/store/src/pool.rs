//! Pools, with what they hold.

use domain::connection::Protocol;
use domain::id::PoolId;
use domain::pool::{Pool, PoolCounts, PoolInput, PublishedApp};
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args, to_json};
use crate::{PageRequest, Result, Store};

/// The protocol of a pool's configs and fixed servers: all have the same.
macro_rules! protocol {
    () => {
        "(SELECT MIN(protocol) FROM (
            SELECT protocol FROM autoscale_configs WHERE pool_id = p.id
            UNION ALL SELECT protocol FROM servers WHERE pool_id = p.id AND config_id IS NULL AND state <> 'deleted'
        ) kinds) AS protocol"
    };
}

/// Pools with their counts. Free seats are those of running servers, the lower of the two limits; an untouched
/// single-use server has one, a used one none (the rule is `scaling`'s; this is its figure for lists).
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT p.*, ",
            protocol!(),
            ",
                (SELECT MAX(enabled) FROM autoscale_configs WHERE pool_id = p.id) AS any_enabled,
                (SELECT COUNT(*) FROM servers s WHERE s.pool_id = p.id AND s.state <> 'deleted') AS server_count,
                (SELECT COUNT(*) FROM servers s WHERE s.pool_id = p.id
                    AND s.state IN ('requested', 'provisioning', 'booting')) AS starting_count,
                (SELECT COUNT(*) FROM servers s WHERE s.pool_id = p.id
                    AND s.state IN ('running', 'draining')) AS running_count,
                (SELECT COUNT(*) FROM sessions e WHERE e.pool_id = p.id
                    AND e.state IN ('assigned', 'active')) AS session_count,
                (SELECT COUNT(*) FROM sessions e WHERE e.pool_id = p.id AND e.state = 'queued') AS waiting_count,
                (SELECT CAST(COALESCE(SUM(CASE
                        WHEN f.reusable = 0 THEN CASE WHEN f.first_user IS NULL THEN 1 ELSE 0 END
                        WHEN f.by_users IS NOT NULL AND f.by_users < f.by_sessions
                            THEN CASE WHEN f.by_users < 0 THEN 0 ELSE f.by_users END
                        ELSE CASE WHEN f.by_sessions < 0 THEN 0 ELSE f.by_sessions END
                    END), 0) AS BIGINT) FROM (
                        SELECT s.first_user AS first_user, COALESCE(c.reusable, 1) AS reusable,
                            COALESCE(c.max_sessions, s.max_sessions)
                                - (SELECT COUNT(*) FROM sessions e WHERE e.server_id = s.id AND e.state IN ('assigned', 'active'))
                                AS by_sessions,
                            CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END
                                - (SELECT COUNT(DISTINCT e.user_id) FROM sessions e
                                    WHERE e.server_id = s.id AND e.state IN ('assigned', 'active'))
                                AS by_users
                        FROM servers s LEFT JOIN autoscale_configs c ON c.id = s.config_id
                        WHERE s.pool_id = p.id AND s.state = 'running'
                    ) f) AS free_seats
             FROM pools p ",
            $tail
        )
    };
}

/// What somebody who asks for a session must know of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOffer {
    /// Its name.
    pub name: String,
    /// The apps that it publishes.
    pub apps: Vec<PublishedApp>,
    /// How its servers are reached; none where it has neither a config nor a server.
    pub protocol: Option<Protocol>,
}

impl Store {
    /// Adds a pool that everyone may use.
    pub async fn pool_insert(
        &self,
        id: PoolId,
        input: PoolInput,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Pool> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO pools (id, name, description, apps, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $5, $5, 1)",
            args![
                id,
                &input.name,
                &input.description,
                to_json(&input.apps),
                at
            ],
        )
        .await?;
        tx.run(
            "INSERT INTO pool_access (pool_id, principal) VALUES ($1, 'everyone')",
            args![id],
        )
        .await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(Pool {
            id,
            name: input.name,
            description: input.description,
            apps: input.apps,
            protocol: None,
            paused: false,
            counts: PoolCounts::default(),
            created_at: at,
            updated_at: at,
            version: 1,
        })
    }

    /// A pool.
    pub async fn pool(&self, id: PoolId) -> Result<Option<Pool>> {
        let row = self
            .db
            .one("pools", select!("WHERE p.id = $1"), args![id])
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// What a pool offers. Nothing is counted for it, however many servers there are.
    pub async fn pool_offer(&self, id: PoolId) -> Result<Option<PoolOffer>> {
        let sql = concat!(
            "SELECT p.id, p.name, p.apps, ",
            protocol!(),
            " FROM pools p WHERE p.id = $1"
        );
        let row = self.db.one("pools", sql, args![id]).await?;
        let read = |row: Row| {
            Ok(PoolOffer {
                name: row.get("name")?,
                apps: row.json("apps")?,
                protocol: row.get("protocol")?,
            })
        };
        row.map(read).transpose()
    }

    /// Pools, ordered by id.
    pub async fn pools_page(&self, page: PageRequest) -> Result<Vec<Pool>> {
        let sql = select!("WHERE p.id > $1 ORDER BY p.id LIMIT $2");
        let rows = self
            .db
            .all("pools", sql, args![page.after_text(), page.limit])
            .await?;
        rows.iter().map(read).collect()
    }

    /// Changes a pool.
    pub async fn pool_replace(
        &self,
        id: PoolId,
        seen_version: i64,
        input: PoolInput,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Pool> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE pools SET name = $3, description = $4, apps = $5, updated_at = $6, version = version + 1
                 WHERE id = $1 AND version = $2",
                args![id, seen_version, input.name, input.description, to_json(&input.apps), at],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.audit(audit).await?;
        let row = tx
            .one("pools", select!("WHERE p.id = $1"), args![id])
            .await?
            .ok_or(StoreError::NotFound)?;
        tx.commit().await?;
        read(&row)
    }

    /// Removes a pool without configs, servers and sessions. Its history goes with it, and the visitors of a demo.
    pub async fn pool_delete(
        &self,
        id: PoolId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE pools SET guard = guard + 1 WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT name FROM autoscale_configs WHERE pool_id = $1
             UNION ALL SELECT name FROM servers WHERE pool_id = $1 AND state <> 'deleted'
             UNION ALL SELECT 'ses_' || e.id AS name FROM sessions e JOIN users u ON u.id = e.user_id
                WHERE (e.pool_id = $1 OR u.visitor_of = $1) AND e.state <> 'ended'",
            args![id],
        )
        .await?;
        tx.delete_visitors(id).await?;
        for sql in [
            "DELETE FROM sessions WHERE pool_id = $1 AND state = 'ended'",
            "DELETE FROM servers WHERE pool_id = $1 AND state = 'deleted'",
            "DELETE FROM pools WHERE id = $1",
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
    /// Holds a pool and refuses a protocol that its other configs and fixed servers do not use.
    pub(crate) async fn hold_pool_for(
        &mut self,
        pool: PoolId,
        protocol: Protocol,
        except: Option<String>,
    ) -> Result<()> {
        if self
            .run(
                "UPDATE pools SET guard = guard + 1 WHERE id = $1",
                args![pool],
            )
            .await?
            == 0
        {
            return Err(StoreError::NotFound);
        }
        let other = self
            .one(
                "pools",
                "SELECT MIN(protocol) AS protocol FROM (
                    SELECT protocol FROM autoscale_configs
                        WHERE pool_id = $1 AND protocol <> $2 AND id <> COALESCE(CAST($3 AS TEXT), '')
                    UNION ALL SELECT protocol FROM servers
                        WHERE pool_id = $1 AND protocol <> $2 AND config_id IS NULL AND state <> 'deleted'
                 ) others",
                args![pool, protocol, except],
            )
            .await?;
        match other
            .map(|row| row.get::<Option<Protocol>>("protocol"))
            .transpose()?
            .flatten()
        {
            Some(pool) => Err(StoreError::ProtocolMismatch { pool }),
            None => Ok(()),
        }
    }
}

async fn why_not(tx: &mut Tx, id: PoolId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM pools WHERE id = $1", args![id])
        .await
}

fn read(row: &Row) -> Result<Pool> {
    Ok(Pool {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        apps: row.json("apps")?,
        protocol: row.get("protocol")?,
        paused: row.get::<Option<i64>>("any_enabled")? == Some(0),
        counts: PoolCounts {
            servers: row.get("server_count")?,
            starting: row.get("starting_count")?,
            running: row.get("running_count")?,
            free_seats: row.get("free_seats")?,
            sessions: row.get("session_count")?,
            waiting: row.get("waiting_count")?,
        },
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}
