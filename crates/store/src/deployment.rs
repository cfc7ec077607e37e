//! The one row that says which installation this is.

use domain::id::DeploymentId;
use domain::timestamp::Timestamp;

use crate::db::{Db, Tx};
use crate::error::{OpenError, StoreError};
use crate::row::args;
use crate::seal::MasterKey;
use crate::{Result, Store};

/// This installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// Its id; it is in the tags of every machine it makes.
    pub id: DeploymentId,
    /// When its database was made.
    pub created_at: Timestamp,
    /// The first admin exists, so no set-up link works any more.
    pub setup_done: bool,
}

impl Store {
    /// The deployment of this database.
    pub async fn deployment(&self) -> Result<Deployment> {
        let row = self
            .db
            .one(
                "deployment",
                "SELECT id, created_at, setup_done FROM deployment",
                Vec::new(),
            )
            .await?
            .ok_or(StoreError::NotFound)?;
        Ok(Deployment {
            id: row.get("id")?,
            created_at: row.get("created_at")?,
            setup_done: row.get("setup_done")?,
        })
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
