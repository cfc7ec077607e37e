//! API keys. Only hashes of their secrets are kept.

use domain::id::ApiKeyId;
use domain::user::ApiKey;

use crate::audit::AuditEntry;
use crate::error::StoreError;
use crate::row::{Row, args};
use crate::{PageRequest, Result, Store};

impl Store {
    /// Adds a key.
    pub async fn api_key_insert(
        &self,
        key: ApiKey,
        secret_hash: String,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO api_keys (id, name, role, user_id, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                key.id,
                key.name,
                key.role,
                key.user_id,
                secret_hash,
                key.created_at
            ],
        )
        .await?;
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// A key and the hash of its secret.
    pub async fn api_key_find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, String)>> {
        let row = self
            .db
            .one(
                "api_keys",
                "SELECT id, name, role, user_id, secret_hash, created_at FROM api_keys WHERE id = $1",
                args![id],
            )
            .await?;
        row.map(|row| Ok((read(&row)?, row.get("secret_hash")?)))
            .transpose()
    }

    /// Keys, ordered by id.
    pub async fn api_keys_page(&self, page: PageRequest) -> Result<Vec<ApiKey>> {
        let rows = self
            .db
            .all(
                "api_keys",
                "SELECT id, name, role, user_id, created_at FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2",
                args![page.after_text(), page.limit],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// Removes a key: it is refused from now on.
    pub async fn api_key_delete(&self, id: ApiKeyId, audit: AuditEntry) -> Result<()> {
        let mut tx = self.db.write().await?;
        let gone = tx
            .run("DELETE FROM api_keys WHERE id = $1", args![id])
            .await?;
        if gone == 0 {
            return Err(StoreError::NotFound);
        }
        tx.audit(audit).await?;
        tx.commit().await
    }
}

fn read(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        user_id: row.get("user_id")?,
        created_at: row.get("created_at")?,
    })
}
