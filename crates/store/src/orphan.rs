//! Orphans: what exists on one side only. The loop writes what lists show, admins what is to become of a machine.

use domain::id::{ConfigId, GenerationId, OrphanId, PoolId, ProviderId, ServerId};
use domain::orphan::OrphanDecision;
use domain::secret::Secret;
use domain::server::{MachineId, ServerState};
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::lease::Fence;
use crate::row::{Row, args};
use crate::server::connection_place;
use crate::server_state::StateColumns;
use crate::{PageRequest, Result, Store};

/// Which of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrphanSide {
    /// A machine without a row.
    Machine,
    /// A row without a machine.
    Server,
}

impl OrphanSide {
    const fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Server => "server",
        }
    }
}

/// An orphan as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanRow {
    /// The id.
    pub id: OrphanId,
    /// The provider config.
    pub provider: ProviderId,
    /// Which of the two is there.
    pub side: OrphanSide,
    /// The machine; none for a row that knows of none.
    pub machine: Option<MachineId>,
    /// The server in the machine's tag, or the one without a machine.
    pub server: Option<ServerId>,
    /// The generation in the machine's tags.
    pub generation: Option<GenerationId>,
    /// When the first complete list did not match.
    pub first_seen_at: Timestamp,
    /// When the last one noted did not.
    pub last_seen_at: Timestamp,
    /// How many did not.
    pub lists: u32,
    /// What is to become of it.
    pub decision: OrphanDecision,
    /// When an admin decided that.
    pub decided_at: Option<Timestamp>,
    /// Who it was, as `Actor::label` names them.
    pub decided_by: Option<String>,
    /// When its provider was last asked to delete it.
    pub asked_at: Option<Timestamp>,
    /// Counts up with every decision.
    pub version: i64,
}

/// An orphan with the names of what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanEntry {
    /// The orphan.
    pub row: OrphanRow,
    /// The provider config's name.
    pub provider_name: String,
    /// The server's name, while there is a row of it.
    pub server_name: Option<String>,
    /// The server's pool and its name, while there is a row of it.
    pub pool: Option<(PoolId, String)>,
    /// The name of the person or API key that decided, while there is one.
    pub decided_by_name: Option<String>,
    /// The tags of its machine are not of the deployment's present generation.
    pub foreign: bool,
}

/// What a complete list says of an orphan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrphanWrite {
    /// It is one now. Nothing happens where that is known.
    Found {
        /// Its id.
        id: OrphanId,
        /// The provider config.
        provider: ProviderId,
        /// Which of the two is there.
        side: OrphanSide,
        /// The machine.
        machine: Option<MachineId>,
        /// The server.
        server: Option<ServerId>,
        /// The generation in the machine's tags.
        generation: Option<GenerationId>,
        /// When the list began.
        at: Timestamp,
    },
    /// It still is.
    Seen {
        /// Its id.
        id: OrphanId,
        /// When the list began.
        at: Timestamp,
        /// How many lists did not match.
        lists: u32,
    },
    /// It is none any more: the machine has gone or has a row, or the row has a machine or has gone.
    Over {
        /// Its id.
        id: OrphanId,
    },
}

/// A machine that becomes the one of a deleted server again.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// The orphan.
    pub orphan: OrphanId,
    /// Its version.
    pub orphan_version: i64,
    /// The server in its tag.
    pub server: ServerId,
    /// The version of its row.
    pub server_version: i64,
    /// The config that made it.
    pub config: ConfigId,
    /// The provider config.
    pub provider: ProviderId,
    /// The state from which evidence carries on.
    pub state: ServerState,
    /// What opens its account.
    pub connection: Secret,
    /// The account people use.
    pub username: Option<String>,
    /// People sign in with the keys of their profiles, which are put on it.
    pub personal_keys: bool,
    /// When.
    pub at: Timestamp,
}

/// What became of an adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptOutcome {
    /// The server has its row and its machine again.
    Adopted,
    /// The provider config has as many servers as it may have.
    AtLimit,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT o.*, v.name AS provider_name, s.name AS server_name, s.pool_id AS pool_id, p.name AS pool_name,
                COALESCE(u.name, k.name) AS decided_by_name,
                CAST(CASE WHEN o.side = 'machine' AND COALESCE(o.generation, '') <> (SELECT generation FROM deployment)
                    THEN 1 ELSE 0 END AS BIGINT) AS is_foreign
             FROM orphans o JOIN providers v ON v.id = o.provider_id LEFT JOIN servers s ON s.id = o.server_id
                LEFT JOIN pools p ON p.id = s.pool_id
                LEFT JOIN users u ON u.id = SUBSTR(o.decided_by, 5)
                LEFT JOIN api_keys k ON k.id = SUBSTR(o.decided_by, 5)
             WHERE (o.side = 'machine' OR s.state IN ('provisioning', 'booting', 'running', 'draining')) ",
            $tail
        )
    };
}

impl Store {
    /// Orphans, ordered by id. A server that has ended since the last list is left out.
    pub async fn orphans_page(&self, page: PageRequest) -> Result<Vec<OrphanEntry>> {
        let sql = select!("AND o.id > $1 ORDER BY o.id LIMIT $2");
        let args = args![page.after_text(), page.limit];
        let rows = self.db.all("orphans", sql, args).await?;
        rows.iter().map(entry).collect()
    }

    /// An orphan.
    pub async fn orphan(&self, id: OrphanId) -> Result<Option<OrphanEntry>> {
        let sql = select!("AND o.id = $1");
        let row = self.db.one("orphans", sql, args![id]).await?;
        row.as_ref().map(entry).transpose()
    }

    /// Notes what complete lists say.
    pub async fn orphans_write(&self, fence: Fence, writes: Vec<OrphanWrite>) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        for write in writes {
            let (sql, args) = match write {
                OrphanWrite::Found {
                    id,
                    provider,
                    side,
                    machine,
                    server,
                    generation,
                    at,
                } => (
                    "INSERT INTO orphans (id, provider_id, side, machine, server_id, generation, first_seen_at,
                        last_seen_at, lists, decision, version)
                     SELECT $1, id, $3, $4, $5, $6, $7, $7, 1, 'quarantine', 1 FROM providers WHERE id = $2
                     ON CONFLICT DO NOTHING",
                    args![id, provider, side.word(), machine, server, generation, at],
                ),
                OrphanWrite::Seen { id, at, lists } => (
                    "UPDATE orphans SET last_seen_at = $2, lists = $3 WHERE id = $1",
                    args![id, at, lists],
                ),
                OrphanWrite::Over { id } => ("DELETE FROM orphans WHERE id = $1", args![id]),
            };
            tx.run(sql, args).await?;
        }
        tx.commit().await
    }

    /// Notes that a machine without a row is about to be deleted. `None`: it is kept, or is no orphan any more.
    pub async fn orphan_ask(
        &self,
        fence: Fence,
        provider: ProviderId,
        machine: &MachineId,
        audit: AuditEntry,
    ) -> Result<Option<OrphanId>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        let asked = tx
            .one(
                "orphans",
                "UPDATE orphans SET asked_at = $3, version = version + 1
                 WHERE provider_id = $1 AND machine = $2 AND side = 'machine' AND decision <> 'keep'
                 RETURNING id",
                args![provider, machine.clone(), audit.at],
            )
            .await?;
        let Some(row) = asked else { return Ok(None) };
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(Some(row.get("id")?))
    }

    /// Decides what becomes of a machine without a row.
    ///
    /// # Errors
    /// [`StoreError::StaleVersion`] where it has another version by now, [`StoreError::NotFound`] where it is none any more.
    pub async fn orphan_decide(
        &self,
        id: OrphanId,
        seen_version: i64,
        decision: OrphanDecision,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE orphans SET decision = $3, decided_at = $4, decided_by = $5, version = version + 1
                 WHERE id = $1 AND version = $2 AND side = 'machine'",
                args![id, seen_version, decision, audit.at, &audit.actor],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        tx.audit(audit).await?;
        tx.commit().await
    }

    /// Gives a machine without a row back to the deleted server in its tag, if the provider config may have one more.
    ///
    /// # Errors
    /// [`StoreError::StaleVersion`] where the orphan or the server has changed.
    pub async fn orphan_adopt(
        &self,
        adoption: Adoption,
        audit: AuditEntry,
    ) -> Result<AdoptOutcome> {
        let mut tx = self.db.write().await?;
        // The rows that it counts against are held first, as for a new server.
        tx.run(
            "UPDATE providers SET guard = guard + 1 WHERE id = $1",
            args![adoption.provider],
        )
        .await?;
        tx.run(
            "UPDATE autoscale_configs SET guard = guard + 1 WHERE id = $1",
            args![adoption.config],
        )
        .await?;
        let counted = tx
            .one(
                "providers",
                "SELECT p.id, p.max_instances,
                    (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.state <> 'deleted') AS existing
                 FROM providers p WHERE p.id = $1",
                args![adoption.provider],
            )
            .await?
            .ok_or(StoreError::NotFound)?;
        if counted.get::<i64>("existing")? >= counted.get::<i64>("max_instances")? {
            return Ok(AdoptOutcome::AtLimit);
        }
        let connection = self.sealer.seal(
            connection_place(&adoption.server.bare()),
            &adoption.connection,
        )?;
        let columns = StateColumns::from(&adoption.state);
        let held = tx
            .run(
                "UPDATE servers SET state = $3, machine = $4, host = $5, port = $6, why = NULL, state_since = $7,
                    begun_anew_at = $7, connection_sealed = $8, key_id = $9, username = $10, personal_keys = $11,
                    access_wanted = access_wanted + CAST($11 AS BIGINT), retry_at = NULL, attempts = 0,
                    delete_accepted = 0, message = NULL, progress = NULL, version = version + 1, guard = guard + 1
                 WHERE id = $1 AND version = $2 AND state = 'deleted' AND config_id IS NOT NULL",
                args![
                    adoption.server,
                    adoption.server_version,
                    columns.state,
                    columns.machine,
                    columns.host,
                    columns.port,
                    adoption.at,
                    connection,
                    self.sealer.key_id(),
                    adoption.username,
                    adoption.personal_keys,
                ],
            )
            .await?;
        let orphan = tx
            .run(
                "DELETE FROM orphans WHERE id = $1 AND version = $2",
                args![adoption.orphan, adoption.orphan_version],
            )
            .await?;
        if held == 0 || orphan == 0 {
            return Err(StoreError::StaleVersion);
        }
        tx.server_step(adoption.server, adoption.at).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(AdoptOutcome::Adopted)
    }
}

impl Tx {
    /// All orphans, by id.
    pub(crate) async fn orphans(&mut self) -> Result<Vec<OrphanRow>> {
        let sql = "SELECT * FROM orphans ORDER BY id";
        let rows = self.all("orphans", sql, Vec::new()).await?;
        rows.iter().map(read).collect()
    }
}

async fn why_not(tx: &mut Tx, id: OrphanId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM orphans WHERE id = $1", args![id])
        .await
}

fn entry(row: &Row) -> Result<OrphanEntry> {
    let pool: Option<PoolId> = row.get("pool_id")?;
    Ok(OrphanEntry {
        row: read(row)?,
        provider_name: row.get("provider_name")?,
        server_name: row.get("server_name")?,
        pool: pool.zip(row.get("pool_name")?),
        decided_by_name: row.get("decided_by_name")?,
        foreign: row.get("is_foreign")?,
    })
}

fn read(row: &Row) -> Result<OrphanRow> {
    let side: String = row.get("side")?;
    Ok(OrphanRow {
        id: row.get("id")?,
        provider: row.get("provider_id")?,
        side: match side.as_str() {
            "machine" => OrphanSide::Machine,
            "server" => OrphanSide::Server,
            other => return Err(row.inconsistent("side", format!("`{other}` is not a side"))),
        },
        machine: row.get("machine")?,
        server: row.get("server_id")?,
        generation: row.get("generation")?,
        first_seen_at: row.get("first_seen_at")?,
        last_seen_at: row.get("last_seen_at")?,
        lists: row.get("lists")?,
        decision: row.get("decision")?,
        decided_at: row.get("decided_at")?,
        decided_by: row.get("decided_by")?,
        asked_at: row.get("asked_at")?,
        version: row.get("version")?,
    })
}
