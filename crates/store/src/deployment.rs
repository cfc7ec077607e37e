//! The one row that says which installation this is, which life of it, and whether everything is held.

use domain::deployment::{DeploymentPause, Observing};
use domain::id::{DeploymentId, GenerationId, PoolId, ServerId, SessionId, UserId};
use domain::server::{DeleteReason, ServerState};
use domain::session::EndReason;
use domain::snapshot::Hold;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::{Db, Tx};
use crate::error::{OpenError, StoreError};
use crate::home::Home;
use crate::row::{args, to_json};
use crate::seal::MasterKey;
use crate::{Result, Store};

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id; it is in the tags of every machine it makes.
    pub id: DeploymentId,
    /// Its present life; it is in their tags too.
    pub generation: GenerationId,
    /// When its database was made.
    pub created_at: Timestamp,
    /// The first admin exists, so no set-up link works any more.
    pub setup_done: bool,
    /// Set while an admin holds everything.
    pub pause: Option<DeploymentPause>,
    /// Set while nobody has said what this database is, which looks restored or copied.
    pub observing: Option<Observing>,
}

/// What a copy has left to its original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forked {
    /// The servers whose machines stay with the original, each with its pool.
    pub servers: Vec<(ServerId, PoolId)>,
    /// The sessions that ended with them, each with its pool and its owner.
    pub sessions: Vec<(SessionId, PoolId, UserId)>,
}

impl Store {
    /// The deployment of this database.
    pub async fn deployment(&self) -> Result<Deployment> {
        let row = self
            .db
            .one(
                "deployment",
                // Who has paused it is an id with its prefix, three letters and `_`; rows hold ids without.
                "SELECT d.id, d.generation, d.created_at, d.setup_done, d.paused_at, d.paused_by,
                        d.observing_since, d.observing_why,
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
            generation: row.get("generation")?,
            created_at: row.get("created_at")?,
            setup_done: row.get("setup_done")?,
            pause: since
                .zip(row.get("paused_by")?)
                .map(|(since, by)| DeploymentPause { since, by, by_name }),
            observing: row
                .get::<Option<Timestamp>>("observing_since")?
                .zip(row.get("observing_why")?)
                .map(|(since, why)| Observing { since, why }),
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
            let changed = tx.run(sql, Vec::new()).await?;
            if changed > 0 {
                // Those that were not asked for meanwhile have not failed to become ready.
                let sql = "UPDATE servers SET begun_anew_at = $1, version = version + 1 WHERE state = 'requested'";
                tx.run(sql, args![audit.at]).await?;
            }
            changed
        };
        if changed == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Why nothing may be made or deleted now, if that is so.
    pub async fn deployment_hold(&self) -> Result<Option<Hold>> {
        Ok(self.db.read().await?.generation_and_hold().await?.1)
    }

    /// Compares where the database lies, and how far it has come, with what was known. Where either says that it was restored or
    /// copied, everything is held from now on; the entry is written then. What was noticed, if that is news.
    pub async fn deployment_look(&self, mut audit: AuditEntry) -> Result<Option<Observing>> {
        let Some(home) = &self.home else {
            return Ok(None);
        };
        let mut tx = self.db.write().await?;
        let sql =
            "SELECT d.id, d.home, l.renewals FROM deployment d JOIN leases l ON l.name = 'loop'
                   WHERE d.observing_since IS NULL";
        let Some(row) = tx.one("deployment", sql, Vec::new()).await? else {
            return Ok(None);
        };
        // One that cannot be read is of another version: as good as none.
        let known: Option<String> = row.get("home")?;
        let known = known.and_then(|text| serde_json::from_str::<Home>(&text).ok());
        let newest = self.note.as_ref().and_then(|note| note.read());
        let why = if known.as_ref().is_some_and(|known| !known.is_same(home)) {
            "The database lies in another place than before: it was copied, moved or restored."
        } else if newest > Some(row.get("renewals")?) {
            "The database is older than the one that was in its place: it was restored."
        } else {
            if known.is_none() {
                let sql = "UPDATE deployment SET home = $1";
                tx.run(sql, args![to_json(home)]).await?;
                tx.commit().await?;
            }
            return Ok(None);
        };
        let noticed = Observing {
            since: audit.at,
            why: why.to_owned(),
        };
        tx.observe(&noticed).await?;
        audit.detail = serde_json::json!({ "why": noticed.why });
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(Some(noticed))
    }

    /// This database is the deployment, wherever it lies now: nothing is held any more for where it came from. False where
    /// nobody wants to know.
    pub async fn deployment_adopt(&self, audit: AuditEntry) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let Some(renewals) = tx.settle(self.home_now().await.as_ref(), audit.at).await? else {
            return Ok(false);
        };
        tx.audit(audit).await?;
        tx.commit().await?;
        self.note_renewals(renewals);
        Ok(true)
    }

    /// This database is a copy and the original lives on: it begins a new life, and leaves all machines to the original. Their
    /// servers are deleted and their sessions ended here, and no provider is called for it. None where nobody wants to know.
    pub async fn deployment_fork(
        &self,
        generation: GenerationId,
        mut audit: AuditEntry,
    ) -> Result<Option<Forked>> {
        let mut tx = self.db.write().await?;
        let Some(renewals) = tx.settle(self.home_now().await.as_ref(), audit.at).await? else {
            return Ok(None);
        };
        let at = audit.at;
        tx.run("UPDATE deployment SET generation = $1", args![generation])
            .await?;
        let forked = tx.leave_machines(at).await?;
        audit.detail = serde_json::json!({
            "generation": generation,
            "servers": forked.servers.len(),
            "sessions": forked.sessions.len(),
        });
        tx.audit(audit).await?;
        tx.commit().await?;
        self.note_renewals(renewals);
        Ok(Some(forked))
    }

    /// Where the database lies now: a process that serves Postgres may have been here before it was moved.
    async fn home_now(&self) -> Option<Home> {
        match &self.home {
            Some(Home::Cluster { .. }) => self.db.cluster().await,
            home => home.clone(),
        }
    }

    fn note_renewals(&self, renewals: i64) {
        if let Some(note) = &self.note {
            note.write(renewals);
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.deployment().await.map(|_| ())
    }
}

impl Tx {
    /// The present life of the installation, and why everything is held, if it is.
    pub(crate) async fn generation_and_hold(&mut self) -> Result<(GenerationId, Option<Hold>)> {
        let sql = "SELECT id, generation, paused_at, observing_since FROM deployment";
        let row = self
            .one("deployment", sql, Vec::new())
            .await?
            .ok_or(StoreError::NotFound)?;
        let hold = if row.get::<Option<Timestamp>>("observing_since")?.is_some() {
            Some(Hold::Observing)
        } else {
            row.get::<Option<Timestamp>>("paused_at")?
                .map(|_| Hold::Paused)
        };
        Ok((row.get("generation")?, hold))
    }

    /// Holds everything until somebody says what this database is.
    pub(crate) async fn observe(&mut self, noticed: &Observing) -> Result<()> {
        let sql = "UPDATE deployment SET observing_since = $1, observing_why = $2 WHERE observing_since IS NULL";
        self.run(sql, args![noticed.since, &noticed.why]).await?;
        Ok(())
    }

    /// Ends that: the database belongs where it lies. How often its lease was taken or renewed; none where nobody wants to know.
    ///
    /// What the loop would do for what lapsed meanwhile begins anew: the time to become ready, the wait before a server too many
    /// is deleted, and the grace time of machines without a row.
    async fn settle(&mut self, home: Option<&Home>, at: Timestamp) -> Result<Option<i64>> {
        // The lease first, in the order of locks: no tick is half-way through its writes.
        let sql =
            "UPDATE leases SET epoch = epoch WHERE name = 'loop' RETURNING name AS id, renewals";
        let lease = self.one("leases", sql, Vec::new()).await?;
        let renewals = lease.ok_or(StoreError::NotFound)?.get("renewals")?;
        let settled = self
            .run(
                "UPDATE deployment SET observing_since = NULL, observing_why = NULL, home = $1
                 WHERE observing_since IS NOT NULL",
                args![home.map(to_json)],
            )
            .await?;
        if settled == 0 {
            return Ok(None);
        }
        self.run("DELETE FROM orphans WHERE decision <> 'keep'", Vec::new())
            .await?;
        self.run("UPDATE autoscale_loop SET surplus_since = NULL", Vec::new())
            .await?;
        self.run(
            "UPDATE servers SET begun_anew_at = $1, state_since = $1, version = version + 1
             WHERE state IN ('requested', 'unknown', 'provisioning', 'booting')",
            args![at],
        )
        .await?;
        Ok(Some(renewals))
    }

    /// Ends the rows of all servers that were made through a provider, and their sessions.
    async fn leave_machines(&mut self, at: Timestamp) -> Result<Forked> {
        let mut forked = Forked::default();
        let sql = "SELECT id, pool_id FROM servers WHERE provider_id IS NOT NULL AND state <> 'deleted' ORDER BY id";
        let deleted = ServerState::Deleted {
            why: DeleteReason::Forked,
        };
        for row in self.all("servers", sql, Vec::new()).await? {
            let (server, pool) = (row.get("id")?, row.get("pool_id")?);
            self.delete_row(server, &deleted, at).await?;
            let ended = self
                .end_sessions_of(server, EndReason::ServerLost, at)
                .await?;
            let ended = ended.into_iter();
            forked
                .sessions
                .extend(ended.map(|(session, owner)| (session, pool, owner)));
            forked.servers.push((server, pool));
        }
        Ok(forked)
    }
}

/// Makes the row in a new database; in an old one checks that the key is the one it was made with, and fills in what versions
/// before did not know. Whether it is new.
pub(crate) async fn enter(
    db: &Db,
    key: &MasterKey,
    (id, generation): (DeploymentId, GenerationId),
    home: Option<&Home>,
    now: Timestamp,
) -> std::result::Result<bool, OpenError> {
    let mut tx = db.write().await?;
    let known = fingerprint(&mut tx).await?;
    let is_new = known.is_none();
    let expected = if let Some(known) = known {
        known
    } else {
        // Two processes may start on a new database at once: the first row stays.
        tx.run(
            "INSERT INTO sealing_keys (id, fingerprint, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            args![key.id(), key.fingerprint(), now],
        )
        .await?;
        tx.run(
            "INSERT INTO deployment (one, id, created_at, setup_done, key_id, generation, home)
             VALUES (1, $1, $2, 0, $3, $4, $5) ON CONFLICT DO NOTHING",
            args![id, now, key.id(), generation, home.map(to_json)],
        )
        .await?;
        fingerprint(&mut tx).await?.ok_or(StoreError::NotFound)?
    };
    expected.must_be(key)?;
    tx.run(
        "UPDATE deployment SET generation = $1 WHERE generation IS NULL",
        args![generation],
    )
    .await?;
    tx.commit().await?;
    Ok(is_new)
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
