//! What became of servers, step by step.

use domain::id::{PoolId, ServerId};
use domain::start::{ServerStep, Start};
use domain::timestamp::Timestamp;

use crate::db::Tx;
use crate::row::{Row, args};
use crate::{Result, Store};

/// So many steps of a server are kept. What its script says beyond them replaces what it said last.
const MAX_STEPS: u32 = 500;

impl Store {
    /// The steps of a server, oldest first.
    pub async fn server_steps(&self, id: ServerId) -> Result<Vec<ServerStep>> {
        let sql = "SELECT * FROM server_steps WHERE server_id = $1 ORDER BY version";
        let rows = self.db.all("server_steps", sql, args![id]).await?;
        rows.iter().map(read).collect()
    }

    /// When the last step of a server was.
    pub async fn last_step_at(&self, id: ServerId) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM server_steps WHERE server_id = $1 ORDER BY version DESC LIMIT 1";
        let row = self.db.one("server_steps", sql, args![id]).await?;
        row.as_ref().map(|row| row.get("at")).transpose()
    }

    /// When the first session of a server began.
    pub async fn first_session_at(&self, id: ServerId) -> Result<Option<Timestamp>> {
        let sql =
            "SELECT id, assigned_at FROM sessions WHERE server_id = $1 AND assigned_at IS NOT NULL
                   ORDER BY assigned_at LIMIT 1";
        let row = self.db.one("sessions", sql, args![id]).await?;
        row.as_ref().map(|row| row.get("assigned_at")).transpose()
    }

    /// The newest starts of a pool, at most `limit`: servers made by the loop that have become ready. Of one from before
    /// steps were kept nobody knows when it did, so it must have been seen on its way.
    pub async fn pool_starts(&self, pool: PoolId, limit: u32) -> Result<Vec<Start>> {
        let rows = self
            .db
            .all(
                "servers",
                "SELECT s.id, s.created_at,
                    (SELECT MIN(t.at) FROM server_steps t WHERE t.server_id = s.id AND t.state = 'provisioning') AS accepted_at,
                    (SELECT MIN(t.at) FROM server_steps t WHERE t.server_id = s.id AND t.state = 'booting') AS up_at,
                    (SELECT MIN(t.at) FROM server_steps t WHERE t.server_id = s.id AND t.state = 'running') AS ready_at
                 FROM servers s
                 WHERE s.pool_id = $1 AND s.config_id IS NOT NULL AND s.begun_anew_at IS NULL
                    AND EXISTS (SELECT 1 FROM server_steps t WHERE t.server_id = s.id AND t.state = 'running')
                    AND EXISTS (SELECT 1 FROM server_steps t WHERE t.server_id = s.id AND t.state = 'booting')
                 ORDER BY s.id DESC LIMIT $2",
                args![pool, limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Start {
                    asked_at: row.get("created_at")?,
                    accepted_at: row.get("accepted_at")?,
                    up_at: row.get("up_at")?,
                    ready_at: row.get("ready_at")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Keeps what a server's row says now as a step, if it differs from the last one.
    pub(crate) async fn server_step(&mut self, id: ServerId, at: Timestamp) -> Result<()> {
        let kept = self
            .one(
                "server_steps",
                "INSERT INTO server_steps (server_id, version, at, state, progress, message)
                 SELECT s.id, s.version, $2, s.state, s.progress, s.message
                 FROM servers s LEFT JOIN server_steps t ON t.server_id = s.id
                    AND t.version = (SELECT MAX(l.version) FROM server_steps l WHERE l.server_id = s.id)
                 WHERE s.id = $1 AND (COALESCE(t.state, 'requested') <> s.state
                    OR t.progress IS DISTINCT FROM s.progress OR t.message IS DISTINCT FROM s.message)
                 RETURNING version",
                args![id, at],
            )
            .await?;
        // Each step has a version of its own, so there are no more of them than that.
        let version = kept.map(|row| row.get::<i64>("version")).transpose()?;
        if version.is_some_and(|version| version > i64::from(MAX_STEPS)) {
            self.run(
                "DELETE FROM server_steps WHERE server_id = $1
                    AND version = (SELECT MAX(p.version) FROM server_steps p WHERE p.server_id = $1
                        AND p.version < (SELECT MAX(l.version) FROM server_steps l WHERE l.server_id = $1))
                    AND state = (SELECT s.state FROM servers s WHERE s.id = $1)
                    AND (SELECT COUNT(*) FROM server_steps c WHERE c.server_id = $1) > $2",
                args![id, MAX_STEPS],
            )
            .await?;
        }
        Ok(())
    }
}

fn read(row: &Row) -> Result<ServerStep> {
    Ok(ServerStep {
        at: row.get("at")?,
        state: row.get("state")?,
        progress_percent: row.get("progress")?,
        message: row.get("message")?,
    })
}
