//! Notices from one process to the others that serve the same Postgres. They carry no truth: who misses one finds the same in
//! the rows a little later.

use crate::db::Listener;
use crate::{Result, Store};

/// Notices that other processes send, and the own ones.
pub struct Notices(Listener);

impl Store {
    /// Whether several processes may serve this database at once.
    pub fn is_shared(&self) -> bool {
        self.db.is_shared()
    }

    /// Sends a notice to all that listen now, at most 7,999 bytes. Nothing happens where there can be no other process.
    pub async fn notice_send(&self, text: &str) -> Result<()> {
        self.db.notify(&self.channel().await?, text).await
    }

    /// Begins to listen; none where there can be no other process.
    pub async fn notices(&self) -> Result<Option<Notices>> {
        let listener = self.db.listen(&self.channel().await?).await?;
        Ok(listener.map(Notices))
    }

    /// Each deployment has its own, wherever its tables are.
    async fn channel(&self) -> Result<String> {
        Ok(format!("weir_{}", self.deployment().await?.id.bare()))
    }
}

impl Notices {
    /// The next notice.
    ///
    /// # Errors
    /// The connection is lost, and with it whatever was sent meanwhile: listen again, and look at everything.
    pub async fn next(&mut self) -> Result<String> {
        self.0.next().await
    }
}
