//! What a pool held over time, as it is recorded of its servers and sessions.

use domain::capacity::{Held, Span};
use domain::id::{PoolId, ServerId};
use domain::timestamp::Timestamp;

use crate::row::args;
use crate::server::limits;
use crate::{Result, Store};

impl Store {
    /// What a pool has held since `from`: what was over before then is left out.
    pub async fn pool_spans(&self, pool: PoolId, from: Timestamp) -> Result<Vec<Span>> {
        let mut spans = self.session_spans(pool, from).await?;
        spans.extend(self.server_spans(pool, from).await?);
        Ok(spans)
    }

    async fn session_spans(&self, pool: PoolId, from: Timestamp) -> Result<Vec<Span>> {
        // Two parts, so that each finds its rows in an index however long the history is.
        let sql = "SELECT id, requested_at, assigned_at, ended_at FROM sessions WHERE pool_id = $1 AND state <> 'ended'
                   UNION ALL
                   SELECT id, requested_at, assigned_at, ended_at FROM sessions WHERE pool_id = $1 AND ended_at >= $2";
        let rows = self.db.all("sessions", sql, args![pool, from]).await?;
        let mut spans = Vec::with_capacity(rows.len());
        for row in &rows {
            let asked_at: Timestamp = row.get("requested_at")?;
            let seated_at: Option<Timestamp> = row.get("assigned_at")?;
            let ended_at: Option<Timestamp> = row.get("ended_at")?;
            let waited_until = seated_at.or(ended_at);
            // Who was seated at once has not waited.
            if waited_until != Some(asked_at) {
                spans.push(Span {
                    what: Held::Wait,
                    from: asked_at,
                    until: waited_until,
                });
            }
            if let Some(seated_at) = seated_at {
                spans.push(Span {
                    what: Held::Session,
                    from: seated_at,
                    until: ended_at,
                });
            }
        }
        Ok(spans)
    }

    /// A server takes sessions while it runs; one that was drained and taken back has done so twice.
    async fn server_spans(&self, pool: PoolId, from: Timestamp) -> Result<Vec<Span>> {
        let rows = self
            .db
            .all(
                "server_steps",
                "SELECT s.id, t.at, t.state, COALESCE(c.max_sessions, s.max_sessions) AS seats_sessions,
                    CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END AS seats_users,
                    COALESCE(c.reusable, 1) AS reusable
                 FROM servers s JOIN server_steps t ON t.server_id = s.id
                    LEFT JOIN autoscale_configs c ON c.id = s.config_id
                 WHERE s.id IN (SELECT id FROM servers WHERE pool_id = $1 AND state <> 'deleted'
                        UNION ALL SELECT id FROM servers WHERE pool_id = $1 AND state = 'deleted' AND state_since >= $2)
                    AND t.state IN ('running', 'draining', 'deleting', 'failed', 'deleted')
                 ORDER BY s.id, t.version",
                args![pool, from],
            )
            .await?;
        let mut spans: Vec<Span> = Vec::new();
        let mut last: Option<(ServerId, bool)> = None;
        for row in &rows {
            let (id, at): (ServerId, Timestamp) = (row.get("id")?, row.get("at")?);
            let runs = row.get::<String>("state")? == "running";
            let ran = last.is_some_and(|(of, ran)| of == id && ran);
            if runs && !ran {
                let seats = if row.get("reusable")? {
                    limits(row)?.seats()
                } else {
                    1
                };
                spans.push(Span {
                    what: Held::Server(seats),
                    from: at,
                    until: None,
                });
            } else if !runs
                && ran
                && let Some(span) = spans.last_mut()
            {
                span.until = Some(at);
            }
            last = Some((id, runs));
        }
        Ok(spans)
    }
}
