//! Who runs the loop: one lease, and the fence that keeps an earlier holder's writes out.

use domain::timestamp::Timestamp;

use crate::db::Tx;
use crate::error::StoreError;
use crate::row::args;
use crate::{Result, Store};

/// Proof of having taken the lease: each new holder's epoch is one higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The holder's number.
    pub epoch: i64,
}

impl Store {
    /// Takes the lease if it is free or over (epoch + 1), or renews the own one (same epoch). `None`: somebody else
    /// holds it.
    pub async fn lease_take(
        &self,
        holder: &str,
        now: Timestamp,
        ttl_millis: i64,
    ) -> Result<Option<Fence>> {
        let mut tx = self.db.write().await?;
        // In an UPDATE the right-hand sides see the row as it was.
        let row = tx
            .one(
                "leases",
                "UPDATE leases SET
                    epoch = CASE WHEN holder = $1 AND expires_at > $2 THEN epoch ELSE epoch + 1 END,
                    holder = $1, expires_at = $3, renewals = renewals + 1
                 WHERE name = 'loop' AND (holder = $1 OR holder IS NULL OR expires_at <= $2)
                 RETURNING epoch, renewals",
                args![holder, now, now.plus_millis(ttl_millis)],
            )
            .await?;
        let taken = row
            .map(|row| {
                let epoch = row.get("epoch")?;
                Ok::<_, StoreError>((Fence { epoch }, row.get("renewals")?))
            })
            .transpose()?;
        tx.commit().await?;
        Ok(taken.map(|(fence, renewals)| {
            if let Some(note) = &self.note {
                note.write(renewals);
            }
            fence
        }))
    }

    /// Gives the lease back, so that the next holder need not wait for its end.
    pub async fn lease_release(&self, holder: &str, fence: Fence) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "UPDATE leases SET holder = NULL, expires_at = 0 WHERE name = 'loop' AND holder = $1 AND epoch = $2",
            args![holder, fence.epoch],
        )
        .await?;
        tx.commit().await
    }

    /// Ends the lease, whoever holds it: for a caller who knows that its holder has died. The next holder's epoch is
    /// higher, so a holder that lives all the same can write nothing more.
    pub async fn lease_end(&self) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "UPDATE leases SET holder = NULL, expires_at = 0 WHERE name = 'loop'",
            Vec::new(),
        )
        .await?;
        tx.commit().await
    }
}

impl Tx {
    /// Refuses a fence that is no longer the newest, and nobody can take the lease before this transaction ends: a process
    /// that stands still between this and its next statement would write as another one is at work. Without a fence (a
    /// person's request) there is nothing to refuse.
    pub(crate) async fn hold_fence(&mut self, fence: Option<Fence>) -> Result<()> {
        let Some(fence) = fence else { return Ok(()) };
        let held = self
            .run(
                "UPDATE leases SET epoch = epoch WHERE name = 'loop' AND epoch = $1",
                args![fence.epoch],
            )
            .await?;
        if held == 1 {
            Ok(())
        } else {
            Err(StoreError::StaleFence)
        }
    }
}
