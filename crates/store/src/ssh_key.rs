//! SSH public keys of people. A change reaches the servers on which the person has an open session.

use domain::id::{ServerId, SshKeyId, UserId};
use domain::user::SshKey;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::args;
use crate::{Result, Store};

impl Store {
    /// Adds a key. A person has each key once ([`StoreError::Duplicate`] of `fingerprint`).
    pub async fn ssh_key_insert(&self, user: UserId, key: SshKey, audit: AuditEntry) -> Result<()> {
        let mut tx = self.db.write().await?;
        hold_user(&mut tx, user).await?;
        tx.run(
            "INSERT INTO ssh_keys (id, user_id, name, public_key, fingerprint, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                key.id,
                user,
                key.name,
                key.public_key,
                key.fingerprint,
                key.created_at
            ],
        )
        .await?;
        raise_access(&mut tx, user).await?;
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// A person's keys, ordered by id.
    pub async fn ssh_keys_of(&self, user: UserId) -> Result<Vec<SshKey>> {
        let rows = self
            .db
            .all(
                "ssh_keys",
                "SELECT id, name, public_key, fingerprint, created_at FROM ssh_keys WHERE user_id = $1 ORDER BY id",
                args![user],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SshKey {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    public_key: row.get("public_key")?,
                    fingerprint: row.get("fingerprint")?,
                    created_at: row.get("created_at")?,
                })
            })
            .collect()
    }

    /// Removes a key of this person.
    pub async fn ssh_key_delete(
        &self,
        user: UserId,
        id: SshKeyId,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        hold_user(&mut tx, user).await?;
        let gone = tx
            .run(
                "DELETE FROM ssh_keys WHERE id = $1 AND user_id = $2",
                args![id, user],
            )
            .await?;
        if gone == 0 {
            return Err(StoreError::NotFound);
        }
        raise_access(&mut tx, user).await?;
        tx.audit(audit).await?;
        tx.commit().await
    }
}

/// Seating takes this guard too, so the list of servers below is complete.
async fn hold_user(tx: &mut Tx, user: UserId) -> Result<()> {
    let held = tx
        .run(
            "UPDATE users SET guard = guard + 1 WHERE id = $1",
            args![user],
        )
        .await?;
    if held == 0 {
        return Err(StoreError::NotFound);
    }
    Ok(())
}

async fn raise_access(tx: &mut Tx, user: UserId) -> Result<()> {
    let rows = tx
        .all(
            "sessions",
            "SELECT DISTINCT server_id FROM sessions
             WHERE user_id = $1 AND state <> 'ended' AND server_id IS NOT NULL ORDER BY server_id",
            args![user],
        )
        .await?;
    for row in rows {
        tx.run(
            "UPDATE servers SET access_wanted = access_wanted + personal_keys WHERE id = $1",
            args![row.get::<ServerId>("server_id")?],
        )
        .await?;
    }
    Ok(())
}
