//! How long history is kept. The audit log is kept for good.

use domain::timestamp::Timestamp;

use crate::row::args;
use crate::{Result, Store};

/// Ended sessions, deleted servers and decisions that hold no longer are kept for 30 days.
const HISTORY_MILLIS: i64 = 30 * 24 * 3_600_000;
/// Answers of creating requests are kept for a day.
const ANSWERS_MILLIS: i64 = 24 * 3_600_000;

impl Store {
    /// Forgets what is older than it is kept for.
    pub async fn retention(&self, now: Timestamp) -> Result<()> {
        let mut tx = self.db.write().await?;
        let history = now.plus_millis(-HISTORY_MILLIS);
        for sql in [
            "DELETE FROM sessions WHERE state = 'ended' AND ended_at < $1",
            "DELETE FROM servers WHERE state = 'deleted' AND state_since < $1",
            // The newest of a pool holds until there is another.
            "DELETE FROM decisions WHERE at < $1
                AND id <> (SELECT MAX(n.id) FROM decisions n WHERE n.pool_id = decisions.pool_id)",
        ] {
            tx.run(sql, args![history]).await?;
        }
        tx.run(
            "DELETE FROM idempotency WHERE created_at < $1",
            args![now.plus_millis(-ANSWERS_MILLIS)],
        )
        .await?;
        tx.run("DELETE FROM setup_links WHERE expires_at < $1", args![now])
            .await?;
        tx.commit().await
    }
}
