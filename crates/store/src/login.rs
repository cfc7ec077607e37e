//! Sign-ins of people in a browser. Only hashes of their tokens are kept.

use domain::id::UserId;
use domain::timestamp::Timestamp;
use domain::user::User;

use crate::row::args;
use crate::{Result, Store, user};

/// A sign-in's last use is written at most this often, in milliseconds; where a sign-in becomes idle soon, at most four times
/// until then.
const TOUCH_MILLIS: i64 = 60_000;

impl Store {
    /// Keeps a new sign-in.
    pub async fn login_insert(
        &self,
        token_hash: &str,
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO logins (token_hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
            args![token_hash, user, now, expires_at],
        )
        .await?;
        tx.commit().await
    }

    /// The person of a sign-in that is neither over nor idle for longer than `idle_millis`.
    pub async fn login_find(
        &self,
        token_hash: &str,
        now: Timestamp,
        idle_millis: i64,
    ) -> Result<Option<User>> {
        let row = self
            .db
            .one(
                "logins",
                "SELECT u.id, u.name, u.role, u.visitor_of, u.created_at, u.updated_at, u.version, l.seen_at
                 FROM logins l JOIN users u ON u.id = l.user_id
                 WHERE l.token_hash = $1 AND l.expires_at > $2 AND l.seen_at > $3",
                args![token_hash, now, now.plus_millis(-idle_millis)],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let pause = TOUCH_MILLIS.min(idle_millis / 4);
        let due = now.plus_millis(-pause);
        if row.get::<Timestamp>("seen_at")? <= due {
            let mut tx = self.db.write().await?;
            tx.run(
                "UPDATE logins SET seen_at = $2 WHERE token_hash = $1 AND seen_at <= $3",
                args![token_hash, now, due],
            )
            .await?;
            tx.commit().await?;
        }
        user::read(&row).map(Some)
    }

    /// Ends a sign-in; one that is not there is a success.
    pub async fn login_delete(&self, token_hash: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "DELETE FROM logins WHERE token_hash = $1",
            args![token_hash],
        )
        .await?;
        tx.commit().await
    }

    /// Removes sign-ins that [`Store::login_find`] no longer finds.
    pub async fn logins_delete_expired(&self, now: Timestamp, idle_millis: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "DELETE FROM logins WHERE expires_at <= $1 OR seen_at <= $2",
            args![now, now.plus_millis(-idle_millis)],
        )
        .await?;
        tx.commit().await
    }
}
