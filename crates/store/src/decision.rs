//! Decisions of the loop, and what it remembers of its configs.

use domain::id::{ConfigId, DecisionId, PoolId};
use domain::plan::Decision;
use domain::timestamp::Timestamp;

use crate::lease::Fence;
use crate::row::{Row, args, to_json};
use crate::{Result, Store};

impl Store {
    /// Sets or clears since when configs have had something to remove.
    pub async fn surplus_write(
        &self,
        fence: Fence,
        writes: Vec<(ConfigId, Option<Timestamp>)>,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.check_fence(Some(fence)).await?;
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
        tx.check_fence(Some(fence)).await?;
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

    /// Decisions, newest first: of one pool, or of all; older than `before`, where that is named.
    pub async fn decisions_page(
        &self,
        pool: Option<PoolId>,
        before: Option<DecisionId>,
        limit: u32,
    ) -> Result<Vec<Decision>> {
        let rows = self
            .db
            .all(
                "decisions",
                "SELECT * FROM decisions WHERE (CAST($1 AS TEXT) IS NULL OR pool_id = $1)
                    AND (CAST($2 AS TEXT) IS NULL OR id < $2)
                 ORDER BY id DESC LIMIT $3",
                args![pool, before, limit],
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
        Ok(self.decisions_page(Some(pool), None, 1).await?.pop())
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
