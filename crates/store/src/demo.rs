//! The demo: one row that says what it is made of and how far it is. All else about it is read from what has happened.

use domain::demo::{DemoChecklist, DemoFailure, DemoPart, DemoParts};
use domain::id::{PoolId, ProviderId, SessionId, UserId, ZoneId};
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::lease::Fence;
use crate::row::{Arg, Row, args};
use crate::user::NewUser;
use crate::{Result, Store};

/// The demo as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoRow {
    /// Its pool.
    pub pool: PoolId,
    /// Its provider config, while there is one.
    pub provider: Option<ProviderId>,
    /// What has been seen of it.
    pub checklist: DemoChecklist,
    /// Visitors who wait.
    pub visitors_waiting: u32,
    /// The last server that failed.
    pub last_failure: Option<DemoFailure>,
    /// What it is made of.
    pub parts: DemoParts,
    /// Since when it is being removed.
    pub removing_at: Option<Timestamp>,
}

/// What the loop asks about the demo at each tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoStage {
    /// Its pool.
    pub pool: PoolId,
    /// Its zone, while there is one.
    pub zone: Option<ZoneId>,
    /// Its provider config, while there is one.
    pub provider: Option<ProviderId>,
    /// It is being removed.
    pub is_removing: bool,
    /// Open sessions of visitors that would last longer than a visit does.
    pub long_visits: u32,
}

impl Store {
    /// Notes what the demo is made of.
    pub async fn demo_insert(
        &self,
        pool: PoolId,
        zone: ZoneId,
        provider: ProviderId,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO demo (one, pool_id, zone_id, provider_id) VALUES ($4, $1, $2, $3)",
            args![pool, zone, provider, 1_i64],
        )
        .await?;
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// The demo with what has happened in it.
    pub async fn demo(&self) -> Result<Option<DemoRow>> {
        let mut tx = self.db.read().await?;
        let row = tx
            .one(
                "demo",
                "SELECT d.pool_id AS id, d.pool_id, d.zone_id, d.provider_id, d.why_read_at, d.dismissed_at, d.removing_at,
                    p.name AS pool_name, z.name AS zone_name, v.name AS provider_name,
                    (SELECT COUNT(*) FROM autoscale_configs c WHERE c.pool_id = d.pool_id) AS config_count,
                    (SELECT COUNT(*) FROM servers s WHERE s.pool_id = d.pool_id AND s.state <> 'deleted') AS server_count,
                    (SELECT COUNT(*) FROM sessions e WHERE e.pool_id = d.pool_id
                        AND e.state IN ('assigned', 'active')) AS session_count,
                    (SELECT COUNT(*) FROM sessions e WHERE e.pool_id = d.pool_id AND e.state = 'queued') AS waiting_count,
                    (SELECT COUNT(*) FROM users u WHERE u.visitor_of = d.pool_id) AS visitor_count,
                    (SELECT COUNT(*) FROM sessions e JOIN users u ON u.id = e.user_id
                        WHERE u.visitor_of = d.pool_id AND e.state = 'queued') AS visitor_waiting_count
                 FROM demo d JOIN pools p ON p.id = d.pool_id
                    LEFT JOIN zones z ON z.id = d.zone_id LEFT JOIN providers v ON v.id = d.provider_id",
                Vec::new(),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let pool: PoolId = row.get("pool_id")?;
        let provider = part(
            &mut tx,
            row.get("provider_name")?,
            "SELECT name FROM autoscale_configs WHERE provider_id = $1 AND pool_id <> $2
             UNION SELECT name FROM servers WHERE provider_id = $1 AND pool_id <> $2 AND state <> 'deleted'",
            args![row.get::<Option<ProviderId>>("provider_id")?, pool],
        )
        .await?;
        let zone = part(
            &mut tx,
            row.get("zone_name")?,
            "SELECT name FROM autoscale_configs WHERE zone_id = $1 AND pool_id <> $2
             UNION SELECT name FROM servers WHERE zone_id = $1 AND pool_id <> $2 AND state <> 'deleted'",
            args![row.get::<Option<ZoneId>>("zone_id")?, pool],
        )
        .await?;
        Ok(Some(DemoRow {
            pool,
            provider: row.get("provider_id")?,
            checklist: DemoChecklist {
                why_read: row.get::<Option<Timestamp>>("why_read_at")?.is_some(),
                dismissed: row.get::<Option<Timestamp>>("dismissed_at")?.is_some(),
                ..happened(&mut tx, pool).await?
            },
            visitors_waiting: row.get("visitor_waiting_count")?,
            last_failure: last_failure(&mut tx, pool).await?,
            parts: DemoParts {
                pool_name: row.get("pool_name")?,
                configs: row.get("config_count")?,
                servers: row.get("server_count")?,
                sessions: row.get("session_count")?,
                waiting: row.get("waiting_count")?,
                visitors: row.get("visitor_count")?,
                provider,
                zone,
            },
            removing_at: row.get("removing_at")?,
        }))
    }

    /// How far the demo is. A visit lasts `visit_millis`.
    pub async fn demo_stage(&self, visit_millis: i64) -> Result<Option<DemoStage>> {
        let row = self
            .db
            .one(
                "demo",
                "SELECT d.pool_id AS id, d.pool_id, d.zone_id, d.provider_id, d.removing_at,
                    (SELECT COUNT(*) FROM sessions e JOIN users u ON u.id = e.user_id
                        WHERE u.visitor_of = d.pool_id AND e.state IN ('assigned', 'active')
                            AND e.expires_at > e.assigned_at + $1) AS long_visits
                 FROM demo d",
                args![visit_millis],
            )
            .await?;
        let read = |row: Row| {
            Ok(DemoStage {
                pool: row.get("pool_id")?,
                zone: row.get("zone_id")?,
                provider: row.get("provider_id")?,
                is_removing: row.get::<Option<Timestamp>>("removing_at")?.is_some(),
                long_visits: row.get("long_visits")?,
            })
        };
        row.map(read).transpose()
    }

    /// Makes those of `visitors` who are not there yet, unless visitors still wait, some were sent after `pause_began`, or the
    /// demo is being removed: then `None`. Gives all of the demo's visitors in the order of their making.
    pub async fn demo_visit(
        &self,
        pool: PoolId,
        visitors: Vec<NewUser>,
        pause_began: Timestamp,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Option<Vec<UserId>>> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE demo SET visited_at = $2
                 WHERE pool_id = $1 AND removing_at IS NULL AND (visited_at IS NULL OR visited_at <= $3)
                    AND NOT EXISTS (SELECT e.id FROM sessions e JOIN users u ON u.id = e.user_id
                        WHERE u.visitor_of = $1 AND e.state = 'queued')",
                args![pool, at, pause_began],
            )
            .await?;
        if held == 0 {
            return Ok(None);
        }
        for new in visitors {
            tx.run(
                "INSERT INTO users (id, name, role, visitor_of, created_at, updated_at, version)
                 VALUES ($1, $2, $3, $4, $5, $5, 1) ON CONFLICT (name) DO NOTHING",
                args![new.id, new.name, new.role, pool, new.at],
            )
            .await?;
        }
        let rows = tx
            .all(
                "users",
                "SELECT id FROM users WHERE visitor_of = $1 ORDER BY id",
                args![pool],
            )
            .await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        rows.iter()
            .map(|row| row.get("id"))
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Gives open sessions of visitors that would last longer than `visit_millis` after they got their seat that end.
    pub async fn demo_shorten_visits(
        &self,
        fence: Fence,
        pool: PoolId,
        visit_millis: i64,
        audit: AuditEntry,
    ) -> Result<Vec<(SessionId, UserId)>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        let rows = tx
            .all(
                "sessions",
                "UPDATE sessions SET expires_at = assigned_at + $2, version = version + 1
                 WHERE state IN ('assigned', 'active') AND expires_at > assigned_at + $2
                    AND user_id IN (SELECT id FROM users WHERE visitor_of = $1)
                 RETURNING id, user_id",
                args![pool, visit_millis],
            )
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        rows.iter()
            .map(|row| Ok((row.get("id")?, row.get("user_id")?)))
            .collect()
    }

    /// Notes that somebody has read why. `false`: it is noted already.
    pub async fn demo_why_read(
        &self,
        pool: PoolId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let sql = "UPDATE demo SET why_read_at = $2 WHERE pool_id = $1 AND why_read_at IS NULL";
        self.demo_step(sql, args![pool, at], audit).await
    }

    /// Notes that the checklist was put away. `false`: it is noted already.
    pub async fn demo_dismiss(
        &self,
        pool: PoolId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let sql = "UPDATE demo SET dismissed_at = $2 WHERE pool_id = $1 AND dismissed_at IS NULL";
        self.demo_step(sql, args![pool, at], audit).await
    }

    /// Writes down that the next server is to fail. `false`: the demo is being removed.
    pub async fn demo_break(&self, pool: PoolId, audit: AuditEntry) -> Result<bool> {
        let sql = "UPDATE demo SET pool_id = pool_id WHERE pool_id = $1 AND removing_at IS NULL";
        self.demo_step(sql, args![pool], audit).await
    }

    /// Begins to remove the demo. `false`: that has begun already.
    pub async fn demo_remove(
        &self,
        pool: PoolId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let sql = "UPDATE demo SET removing_at = $2 WHERE pool_id = $1 AND removing_at IS NULL";
        self.demo_step(sql, args![pool, at], audit).await
    }

    /// What is open or waits in the demo's pool, and what its visitors have open elsewhere.
    pub async fn demo_sessions(&self, pool: PoolId) -> Result<Vec<SessionId>> {
        let rows = self
            .db
            .all(
                "sessions",
                "SELECT id FROM sessions WHERE state <> 'ended'
                    AND (pool_id = $1 OR user_id IN (SELECT id FROM users WHERE visitor_of = $1))
                 ORDER BY id",
                args![pool],
            )
            .await?;
        rows.iter().map(|row| row.get("id")).collect()
    }

    async fn demo_step(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        if tx.run(sql, args).await? == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Removes the visitors of a demo's pool with all that is theirs. None of them has an open session any more.
    pub(crate) async fn delete_visitors(&mut self, pool: PoolId) -> Result<()> {
        for sql in [
            "DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE visitor_of = $1)",
            "DELETE FROM api_keys WHERE user_id IN (SELECT id FROM users WHERE visitor_of = $1)",
            "DELETE FROM ssh_keys WHERE user_id IN (SELECT id FROM users WHERE visitor_of = $1)",
            "DELETE FROM users WHERE visitor_of = $1",
        ] {
            self.run(sql, args![pool])
                .await
                .map_err(StoreError::on_delete)?;
        }
        Ok(())
    }
}

/// What has happened in the pool, of the lines that tick themselves.
async fn happened(tx: &mut Tx, pool: PoolId) -> Result<DemoChecklist> {
    let row = tx
        .one(
            "demo",
            "SELECT p.id,
                (SELECT COUNT(*) FROM servers s WHERE s.pool_id = p.id
                    AND EXISTS (SELECT t.at FROM server_steps t WHERE t.server_id = s.id AND t.state = 'running')) AS ready,
                (SELECT COUNT(*) FROM sessions e JOIN users u ON u.id = e.user_id
                    WHERE e.pool_id = p.id AND e.assigned_at IS NOT NULL AND u.visitor_of IS NULL) AS launched,
                (SELECT COUNT(*) FROM servers s JOIN server_steps t ON t.server_id = s.id AND t.state = 'running'
                    WHERE s.pool_id = p.id AND EXISTS (
                        SELECT o.id FROM servers o JOIN server_steps b ON b.server_id = o.id AND b.state = 'running'
                        WHERE o.pool_id = p.id AND o.id <> s.id AND b.at <= t.at
                            AND NOT EXISTS (SELECT l.at FROM server_steps l
                                WHERE l.server_id = o.id AND l.version > b.version AND l.at <= t.at AND l.state <> 'running')
                    )) AS beside
             FROM pools p WHERE p.id = $1",
            args![pool],
        )
        .await?
        .ok_or(StoreError::NotFound)?;
    let is_some = |column| Ok::<_, StoreError>(row.get::<u32>(column)? > 0);
    Ok(DemoChecklist {
        server_ready: is_some("ready")?,
        session_launched: is_some("launched")?,
        scaled: is_some("beside")?,
        ..DemoChecklist::default()
    })
}

async fn last_failure(tx: &mut Tx, pool: PoolId) -> Result<Option<DemoFailure>> {
    let row = tx
        .one(
            "servers",
            "SELECT s.id, s.name, t.at, t.message,
                (SELECT COUNT(*) FROM server_steps r JOIN servers o ON o.id = r.server_id
                    WHERE o.pool_id = s.pool_id AND r.state = 'running' AND r.at > t.at) AS ready_since
             FROM server_steps t JOIN servers s ON s.id = t.server_id
             WHERE s.pool_id = $1 AND t.state = 'failed'
             ORDER BY t.at DESC, s.id DESC LIMIT 1",
            args![pool],
        )
        .await?;
    let read = |row: Row| {
        Ok(DemoFailure {
            server_id: row.get("id")?,
            server_name: row.get("name")?,
            at: row.get("at")?,
            message: row.get("message")?,
            replaced: row.get::<u32>("ready_since")? > 0,
        })
    };
    row.map(read).transpose()
}

/// A part that is still there, with the names of those outside of the demo who use it.
async fn part(
    tx: &mut Tx,
    name: Option<String>,
    users: &'static str,
    args: Vec<Arg>,
) -> Result<Option<DemoPart>> {
    let Some(name) = name else { return Ok(None) };
    let rows = tx.all("demo", users, args).await?;
    let mut used_by = rows
        .iter()
        .map(|row| row.get("name"))
        .collect::<Result<Vec<String>>>()?;
    // By their bytes: the databases do not sort texts alike.
    used_by.sort();
    Ok(Some(DemoPart { name, used_by }))
}
