//! People, and the one-time link that makes the first of them.

use domain::actor::Role;
use domain::id::{PoolId, UserId};
use domain::timestamp::Timestamp;
use domain::user::User;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Row, args};
use crate::{PageRequest, Result, Store};

/// A person to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The id.
    pub id: UserId,
    /// Sign-in name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password's hash; none: no password sign-in.
    pub password_hash: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Adds a person.
    pub async fn user_insert(&self, new: NewUser, audit: AuditEntry) -> Result<User> {
        let mut tx = self.db.write().await?;
        let user = insert(&mut tx, new).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Changes a person. Without `password_hash` the old password stays; a new one ends the person's sign-ins.
    #[expect(clippy::too_many_arguments, reason = "each is one column")]
    pub async fn user_replace(
        &self,
        id: UserId,
        seen_version: i64,
        name: impl Into<String>,
        role: Role,
        password_hash: Option<String>,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<User> {
        let mut tx = self.db.write().await?;
        let new_password = password_hash.is_some();
        let row = tx
            .one(
                "users",
                "UPDATE users SET name = $3, role = $4, password_hash = COALESCE($5, password_hash), updated_at = $6,
                    version = version + 1
                 WHERE id = $1 AND version = $2
                 RETURNING id, name, role, password_hash, visitor_of, created_at, updated_at, version",
                args![id, seen_version, name.into(), role, password_hash, at],
            )
            .await?;
        let Some(row) = row else {
            return Err(stale_or_missing(&mut tx, id).await?);
        };
        if new_password {
            tx.run("DELETE FROM logins WHERE user_id = $1", args![id])
                .await?;
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        read(&row)
    }

    /// Removes a person with sign-ins, keys, drafts and ended sessions. Refused while sessions wait or are open.
    pub async fn user_delete(
        &self,
        id: UserId,
        seen_version: i64,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE users SET guard = guard + 1 WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(stale_or_missing(&mut tx, id).await?);
        }
        tx.refuse_if_used(
            "SELECT 'ses_' || id AS name FROM sessions WHERE user_id = $1 AND state <> 'ended'",
            args![id],
        )
        .await?;
        for sql in [
            "DELETE FROM sessions WHERE user_id = $1",
            "DELETE FROM logins WHERE user_id = $1",
            "DELETE FROM api_keys WHERE user_id = $1",
            "DELETE FROM ssh_keys WHERE user_id = $1",
            "DELETE FROM users WHERE id = $1",
        ] {
            tx.run(sql, args![id])
                .await
                .map_err(StoreError::on_delete)?;
        }
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// A person.
    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        let row = self
            .db
            .one(
                "users",
                "SELECT id, name, role, visitor_of, created_at, updated_at, version FROM users WHERE id = $1",
                args![id],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The person who signs in with this name, and the password's hash.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, Option<String>)>> {
        let row = self
            .db
            .one(
                "users",
                "SELECT id, name, role, password_hash, visitor_of, created_at, updated_at, version FROM users WHERE name = $1",
                args![name],
            )
            .await?;
        row.map(|row| Ok((read(&row)?, row.get("password_hash")?)))
            .transpose()
    }

    /// People, ordered by id.
    pub async fn users_page(&self, page: PageRequest) -> Result<Vec<User>> {
        let rows = self
            .db
            .all(
                "users",
                "SELECT id, name, role, visitor_of, created_at, updated_at, version FROM users WHERE id > $1 ORDER BY id LIMIT $2",
                args![page.after_text(), page.limit],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// Keeps the hash of a set-up link's token.
    pub async fn setup_link_put(&self, token_hash: &str, expires_at: Timestamp) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO setup_links (token_hash, expires_at) VALUES ($1, $2)
             ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at",
            args![token_hash, expires_at],
        )
        .await?;
        tx.commit().await
    }

    /// Whether this link would make the first admin now.
    pub async fn setup_link_valid(&self, token_hash: &str, now: Timestamp) -> Result<bool> {
        let row = self
            .db
            .one(
                "setup_links",
                "SELECT l.token_hash AS id FROM setup_links l JOIN deployment d ON d.setup_done = 0
                 WHERE l.token_hash = $1 AND l.expires_at > $2",
                args![token_hash, now],
            )
            .await?;
        Ok(row.is_some())
    }

    /// Makes the first person by a set-up link, which ends with all others. `false`: the link is wrong, used or over,
    /// or set-up was done already.
    pub async fn setup_complete(
        &self,
        token_hash: &str,
        now: Timestamp,
        new: NewUser,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let first = tx
            .run(
                "UPDATE deployment SET setup_done = 1 WHERE setup_done = 0",
                Vec::new(),
            )
            .await?;
        let used = tx
            .run(
                "DELETE FROM setup_links WHERE token_hash = $1 AND expires_at > $2",
                args![token_hash, now],
            )
            .await?;
        if first == 0 || used == 0 {
            return Ok(false);
        }
        tx.run("DELETE FROM setup_links", Vec::new()).await?;
        insert(&mut tx, new).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn insert(tx: &mut Tx, new: NewUser) -> Result<User> {
    tx.run(
        "INSERT INTO users (id, name, role, password_hash, created_at, updated_at, version)
         VALUES ($1, $2, $3, $4, $5, $5, 1)",
        args![new.id, &new.name, new.role, new.password_hash, new.at],
    )
    .await?;
    Ok(User {
        id: new.id,
        name: new.name,
        role: new.role,
        visitor: false,
        created_at: new.at,
        updated_at: new.at,
        version: 1,
    })
}

/// Reads the columns that make a [`User`].
pub(crate) fn read(row: &Row) -> Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        visitor: row.get::<Option<PoolId>>("visitor_of")?.is_some(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

async fn stale_or_missing(tx: &mut Tx, id: UserId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM users WHERE id = $1", args![id])
        .await
}
