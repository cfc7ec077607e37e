//! Half-filled forms.

use domain::id::{DraftId, UserId};
use domain::timestamp::Timestamp;
use serde_json::{Map, Value};

use crate::audit::AuditEntry;
use crate::row::{Row, args, to_json};
use crate::{Result, Store};

/// A draft as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The id.
    pub id: DraftId,
    /// Its author.
    pub user: UserId,
    /// The form.
    pub form: String,
    /// What has been filled in, without secrets.
    pub document: Map<String, Value>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last saved.
    pub updated_at: Timestamp,
    /// Counts up with every change.
    pub version: i64,
}

impl Store {
    /// Keeps a draft.
    pub async fn draft_insert(&self, draft: Draft, audit: AuditEntry) -> Result<Draft> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO drafts (id, user_id, form, document, created_at, updated_at, version)
             VALUES ($1, $2, $3, $4, $5, $5, 1)",
            args![
                draft.id,
                draft.user,
                &draft.form,
                to_json(&draft.document),
                draft.created_at
            ],
        )
        .await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(Draft {
            updated_at: draft.created_at,
            version: 1,
            ..draft
        })
    }

    /// A draft.
    pub async fn draft(&self, id: DraftId) -> Result<Option<Draft>> {
        let row = self
            .db
            .one("drafts", "SELECT * FROM drafts WHERE id = $1", args![id])
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// A person's newest 100 drafts, oldest first.
    pub async fn drafts_of(&self, user: UserId) -> Result<Vec<Draft>> {
        let sql = "SELECT * FROM drafts WHERE user_id = $1 ORDER BY id DESC LIMIT 100";
        let rows = self.db.all("drafts", sql, args![user]).await?;
        rows.iter().rev().map(read).collect()
    }

    /// Saves a draft again.
    pub async fn draft_replace(
        &self,
        id: DraftId,
        seen_version: i64,
        document: Map<String, Value>,
        at: Timestamp,
    ) -> Result<Draft> {
        let mut tx = self.db.write().await?;
        let row = tx
            .one(
                "drafts",
                "UPDATE drafts SET document = $3, updated_at = $4, version = version + 1
                 WHERE id = $1 AND version = $2 RETURNING *",
                args![id, seen_version, to_json(&document), at],
            )
            .await?;
        let Some(row) = row else {
            return Err(tx
                .why_not("SELECT id FROM drafts WHERE id = $1", args![id])
                .await?);
        };
        tx.commit().await?;
        read(&row)
    }

    /// Throws a draft away.
    pub async fn draft_delete(&self, id: DraftId) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run("DELETE FROM drafts WHERE id = $1", args![id])
            .await?;
        tx.commit().await
    }
}

fn read(row: &Row) -> Result<Draft> {
    Ok(Draft {
        id: row.get("id")?,
        user: row.get("user_id")?,
        form: row.get("form")?,
        document: row.json("document")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}
