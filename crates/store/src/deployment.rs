//! The one row that says which installation this is.

use domain::deployment::DeploymentPause;
use domain::id::DeploymentId;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::{Db, Tx};
use crate::error::{OpenError, StoreError};
use crate::row::args;
use crate::seal::MasterKey;
use crate::{Result, Store};

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id; it is in the tags of every machine it makes.
    pub id: DeploymentId,
    /// When its database was made.
    pub created_at: Timestamp,
    /// The first admin exists, so no set-up link works any more.
    pub setup_done: bool,
    /// Set while an admin holds everything.
    pub pause: Option<DeploymentPause>,
}

impl Store {
    /// The deployment of this database.
    pub async fn deployment(&self) -> Result<Deployment> {
        let row = self
            .db
            .one(
                "deployment",
                // Who has paused it is an id with its prefix, three letters and `_`; rows hold ids without.
                "SELECT d.id, d.created_at, d.setup_done, d.paused_at, d.paused_by,
                        COALESCE(u.name, k.name) AS paused_by_name
                 FROM deployment d
                 LEFT JOIN users u ON u.id = SUBSTR(d.paused_by, 5)
                 LEFT JOIN api_keys k ON k.id = SUBSTR(d.paused_by, 5)",
                Vec::new(),
            )
            .await?
            .ok_or(StoreError::NotFound)?;
        let since: Option<Timestamp> = row.get("paused_at")?;
        let by_name = row.get("paused_by_name")?;
        Ok(Deployment {
            id: row.get("id")?,
            created_at: row.get("created_at")?,
            setup_done: row.get("setup_done")?,
            pause: since
                .zip(row.get("paused_by")?)
                .map(|(since, by)| DeploymentPause { since, by, by_name }),
        })
    }

    /// Holds everything, or lets it go on; the entry says since when and by whom. False where it is so already.
    pub async fn deployment_pause(&self, is_paused: bool, audit: AuditEntry) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let changed = if is_paused {
            let sql =
                "UPDATE deployment SET paused_at = $1, paused_by = $2 WHERE paused_at IS NULL";
            tx.run(sql, args![audit.at, &audit.actor]).await?
        } else {
            let sql = "UPDATE deployment SET paused_at = NULL, paused_by = NULL WHERE paused_at IS NOT NULL";
            tx.run(sql, Vec::new()).await?
        };
        if changed == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.deployment().await.map(|_| ())
    }
}

/// Makes the row in a new database; in an old one checks that the key is the one it was made with.
pub(crate) async fn adopt(
    db: &Db,
    key: &MasterKey,
    id: DeploymentId,
    now: Timestamp,
) -> std::result::Result<(), OpenError> {
    let mut tx = db.write().await?;
    let expected = if let Some(known) = fingerprint(&mut tx).await? {
        known
    } else {
        // Two processes may start on a new database at once: the first row stays.
        tx.run(
            "INSERT INTO sealing_keys (id, fingerprint, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            args![key.id(), key.fingerprint(), now],
        )
        .await?;
        tx.run(
            "INSERT INTO deployment (one, id, created_at, setup_done, key_id) VALUES (1, $1, $2, 0, $3)
             ON CONFLICT DO NOTHING",
            args![id, now, key.id()],
        )
        .await?;
        fingerprint(&mut tx).await?.ok_or(StoreError::NotFound)?
    };
    expected.must_be(key)?;
    tx.commit().await?;
    Ok(())
}

/// Checks that an old database was made with this key. Changes nothing.
pub(crate) async fn check(db: &Db, key: &MasterKey) -> std::result::Result<(), OpenError> {
    let mut tx = db.read().await?;
    let expected = fingerprint(&mut tx).await?.ok_or(StoreError::NotFound)?;
    expected.must_be(key)
}

struct KnownKey {
    key_id: String,
    fingerprint: String,
}

impl KnownKey {
    fn must_be(self, key: &MasterKey) -> std::result::Result<(), OpenError> {
        if self.fingerprint == key.fingerprint() {
            return Ok(());
        }
        Err(OpenError::WrongKey {
            expected: self.key_id,
            found: key.id(),
        })
    }
}

async fn fingerprint(tx: &mut Tx) -> Result<Option<KnownKey>> {
    let row = tx
        .one(
            "deployment",
            "SELECT d.id, k.id AS key_id, k.fingerprint FROM deployment d JOIN sealing_keys k ON k.id = d.key_id",
            Vec::new(),
        )
        .await?;
    row.map(|row| {
        Ok(KnownKey {
            key_id: row.get("key_id")?,
            fingerprint: row.get("fingerprint")?,
        })
    })
    .transpose()
}
