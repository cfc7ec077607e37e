//! Answers of creating requests, by the key that the client sent.

use domain::timestamp::Timestamp;

use crate::error::StoreError;
use crate::row::args;
use crate::{Result, Store};

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: it is this request's from now on.
    New,
    /// Its first request, which came at this time, has not been answered.
    Running(Timestamp),
    /// It belongs to another request.
    Mismatch,
    /// Its first request was answered like this.
    Stored {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
}

impl Store {
    /// Claims a key for a request, or tells what is known of it. `fingerprint` is a hash of the request.
    pub async fn idempotency_begin(
        &self,
        actor: &str,
        key: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<Idempotency> {
        let mut tx = self.db.write().await?;
        let claimed = tx
            .run(
                "INSERT INTO idempotency (actor, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (actor, key) DO NOTHING",
                args![actor, key, fingerprint, now],
            )
            .await?;
        if claimed == 1 {
            tx.commit().await?;
            return Ok(Idempotency::New);
        }
        let sql = "SELECT key AS id, fingerprint, created_at, status, body FROM idempotency WHERE actor = $1 AND key = $2";
        let row = tx
            .one("idempotency", sql, args![actor, key])
            .await?
            .ok_or(StoreError::StaleVersion)?;
        if row.get::<String>("fingerprint")? != fingerprint {
            return Ok(Idempotency::Mismatch);
        }
        match row.get("status")? {
            None => Ok(Idempotency::Running(row.get("created_at")?)),
            Some(status) => Ok(Idempotency::Stored {
                status,
                body: row.get("body")?,
            }),
        }
    }

    /// Keeps the answer.
    pub async fn idempotency_finish(
        &self,
        actor: &str,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "UPDATE idempotency SET status = $3, body = $4 WHERE actor = $1 AND key = $2",
            args![actor, key, status, body],
        )
        .await?;
        tx.commit().await
    }

    /// Frees the key of a request that changed nothing.
    pub async fn idempotency_forget(&self, actor: &str, key: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND status IS NULL",
            args![actor, key],
        )
        .await?;
        tx.commit().await
    }
}
