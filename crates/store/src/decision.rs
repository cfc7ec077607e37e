//! Decisions of the loop, and what it remembers of its configs.

use domain::id::{ConfigId, DecisionId, PoolId};
use domain::plan::{Decision, Reason};
use domain::timestamp::Timestamp;

use crate::lease::Fence;
use crate::row::{Row, args, to_json};
use crate::{Result, Store};

/// Which decisions are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Only about this pool.
    pub pool: Option<PoolId>,
    /// Only those that give this reason.
    pub reason: Option<Reason>,
    /// Only this one and those before it.
    pub up_to: Option<DecisionId>,
}

impl Store {
    /// Sets or clears since when configs have had something to remove.
    pub async fn surplus_write(
        &self,
        fence: Fence,
        writes: Vec<(ConfigId, Option<Timestamp>)>,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        for (config, since) in writes {
            tx.run(
                "UPDATE autoscale_loop SET surplus_since = $2 WHERE config_id = $1",
                args![config, since],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Keeps the decisions of one pass of the loop.
    pub async fn decisions_insert(&self, fence: Fence, decisions: &[Decision]) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        for decision in decisions {
            tx.run(
                "INSERT INTO decisions (id, pool_id, at, report) VALUES ($1, $2, $3, $4)",
                args![
                    decision.id,
                    decision.pool_id,
                    decision.at,
                    to_json(&decision.report)
                ],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Decisions, newest first; older than `before`, where that is named.
    pub async fn decisions_page(
        &self,
        filter: DecisionFilter,
        before: Option<DecisionId>,
        limit: u32,
    ) -> Result<Vec<Decision>> {
        // As JSON has it; in a text within JSON the quotes would be escaped.
        let reason = filter
            .reason
            .map(|reason| format!("%\"reason\":\"{}\"%", reason.code()));
        let rows = self
            .db
            .all(
                "decisions",
                "SELECT * FROM decisions WHERE (CAST($1 AS TEXT) IS NULL OR pool_id = $1)
                    AND (CAST($2 AS TEXT) IS NULL OR id < $2)
                    AND (CAST($3 AS TEXT) IS NULL OR report LIKE CAST($3 AS TEXT))
                    AND (CAST($4 AS TEXT) IS NULL OR id <= $4)
                 ORDER BY id DESC LIMIT $5",
                args![filter.pool, before, reason, filter.up_to, limit],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// The newest decision about each pool that has one, in the order of the pools.
    pub async fn newest_decisions(&self) -> Result<Vec<Decision>> {
        let sql = "SELECT d.* FROM pools p
                   JOIN decisions d ON d.id = (SELECT MAX(n.id) FROM decisions n WHERE n.pool_id = p.id)
                   ORDER BY p.id";
        let rows = self.db.all("decisions", sql, args![]).await?;
        rows.iter().map(read).collect()
    }

    /// The newest decision about a pool.
    pub async fn last_decision(&self, pool: PoolId) -> Result<Option<Decision>> {
        // Found in the index, however long ago it was made.
        let sql = "SELECT * FROM decisions WHERE pool_id = $1 ORDER BY id DESC LIMIT 1";
        let row = self.db.one("decisions", sql, args![pool]).await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Decision> {
    Ok(Decision {
        id: row.get("id")?,
        pool_id: row.get("pool_id")?,
        at: row.get("at")?,
        report: row.json("report")?,
    })
}
