//! What the machines of servers that failed wrote last.

use domain::id::ServerId;
use domain::timestamp::Timestamp;

use crate::lease::Fence;
use crate::row::{Row, args};
use crate::{Result, Store};

/// The last part of a console, kept because its machine goes. Holds no secret that Weir knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConsole {
    /// Whole lines.
    pub text: String,
    /// Whether more was written before.
    pub is_cut: bool,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Store {
    /// What the machine of a server wrote last, if that is kept.
    pub async fn server_console(&self, id: ServerId) -> Result<Option<KeptConsole>> {
        let sql = "SELECT server_id AS id, text, is_cut, read_at FROM server_consoles WHERE server_id = $1";
        let row = self.db.one("server_consoles", sql, args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Keeps what the machine of a server wrote last; what was read earlier gives way. `false`: the server is not being
    /// deleted (any more), and nothing is kept.
    pub async fn server_console_keep(
        &self,
        fence: Fence,
        id: ServerId,
        kept: KeptConsole,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        let kept = tx
            .run(
                "INSERT INTO server_consoles (server_id, text, is_cut, read_at)
                 SELECT id, $2, $3, $4 FROM servers WHERE id = $1 AND state = 'deleting'
                 ON CONFLICT (server_id) DO UPDATE SET text = excluded.text, is_cut = excluded.is_cut,
                    read_at = excluded.read_at",
                args![id, kept.text, kept.is_cut, kept.read_at],
            )
            .await?;
        tx.commit().await?;
        Ok(kept == 1)
    }
}

fn read(row: &Row) -> Result<KeptConsole> {
    Ok(KeptConsole {
        text: row.get("text")?,
        is_cut: row.get("is_cut")?,
        read_at: row.get("read_at")?,
    })
}
