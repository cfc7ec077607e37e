//! What was done by whom.

use domain::audit::AuditFilter;
use domain::id::{ApiKeyId, AuditId, UserId};
use domain::timestamp::Timestamp;
use serde_json::Value;

use crate::db::Tx;
use crate::lease::Fence;
use crate::row::{Arg, args, to_json};
use crate::set::{Item, item, of_set};
use crate::{Result, Store};

/// An entry to be written in the transaction that does what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// The id; entries are ordered by it.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who, as `Actor::label` names it.
    pub actor: String,
    /// What was done (`pool.create`).
    pub action: &'static str,
    /// To what: an id with its prefix.
    pub target: String,
    /// What else is worth knowing. Holds no secret.
    pub detail: Value,
}

/// A written entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// The id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The name of the person or API key, while there is one.
    pub actor_name: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// What else is worth knowing.
    pub detail: Value,
}

/// Entries with the names of their actors. An actor is an id with its prefix, three letters and `_`; rows hold ids without.
macro_rules! select {
    ($narrowed:literal) => {
        concat!(
            "SELECT a.id, a.at, a.actor, a.action, a.target, a.detail,
                    COALESCE(u.name, k.name) AS actor_name
             FROM audit a
             LEFT JOIN users u ON u.id = SUBSTR(a.actor, 5)
             LEFT JOIN api_keys k ON k.id = SUBSTR(a.actor, 5)
             WHERE (CAST($1 AS TEXT) IS NULL OR a.id < $1) ",
            $narrowed,
            " ORDER BY a.id DESC LIMIT $2"
        )
    };
}

impl Store {
    /// Writes an entry about something that changes no row here.
    pub async fn audit_write(&self, fence: Fence, entry: AuditEntry) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        tx.audit(entry).await?;
        tx.commit().await
    }

    /// Entries before `before` (or the newest), newest first.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<AuditRow>> {
        // Texts of their own, so that each finds its index.
        let sql = match (&filter.target, filter.by_people) {
            (None, false) => select!(""),
            (None, true) => select!("AND a.by_people = 1"),
            (Some(_), false) => select!("AND a.target = $3"),
            (Some(_), true) => select!("AND a.target = $3 AND a.by_people = 1"),
        };
        let mut args = args![before, limit];
        args.extend(filter.target.as_deref().map(Arg::from));
        let rows = self.db.all("audit", sql, args).await?;
        rows.iter()
            .map(|row| {
                Ok(AuditRow {
                    id: row.get("id")?,
                    at: row.get("at")?,
                    actor: row.get("actor")?,
                    actor_name: row.get("actor_name")?,
                    action: row.get("action")?,
                    target: row.get("target")?,
                    detail: row.json("detail")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Writes an entry.
    pub(crate) async fn audit(&mut self, entry: AuditEntry) -> Result<()> {
        self.audit_all(vec![entry]).await
    }

    /// Writes entries, at once.
    pub(crate) async fn audit_all(&mut self, entries: Vec<AuditEntry>) -> Result<()> {
        let item = |entry: AuditEntry| {
            let kind = entry.actor.split_once('_').map(|(prefix, _)| prefix);
            let is_by_people =
                kind.is_some_and(|kind| [UserId::PREFIX, ApiKeyId::PREFIX].contains(&kind));
            item! {
                "id": entry.id, "at": entry.at, "actor": entry.actor, "action": entry.action, "target": entry.target,
                "detail": to_json(&entry.detail), "by_people": is_by_people,
            }
        };
        let sql = of_set!(
            "INSERT INTO audit (id, at, actor, action, target, detail, by_people)
             SELECT item.value ->> 'id', CAST(item.value ->> 'at' AS BIGINT), item.value ->> 'actor',
                item.value ->> 'action', item.value ->> 'target', item.value ->> 'detail',
                CAST(item.value ->> 'by_people' AS BIGINT)
             FROM " SET
        );
        let entries: Vec<Item> = entries.into_iter().map(item).collect();
        self.run_of(sql, &entries).await.map(|_| ())
    }
}
