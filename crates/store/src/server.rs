//! Servers: read, and moved from state to state.

use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::secret::Secret;
use domain::server::{
    DeleteReason, DrainReason, FixedServerInput, Origin, SeatLimits, Server, ServerState,
};
use domain::session::EndReason;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::lease::Fence;
use crate::row::{Row, args, containing};
use crate::seal::Place;
use crate::server_state::{self, StateColumns};
use crate::{PageRequest, Result, Store};

/// A server with what the loop knows of it.
#[expect(clippy::struct_excessive_bools, reason = "each is one column")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// The server.
    pub server: Server,
    /// From the intent to Running, in seconds.
    pub provision_timeout_secs: u32,
    /// Running needs a check-in.
    pub require_checkin: bool,
    /// Serves again after a session.
    pub reusable: bool,
    /// The person it was first given to.
    pub first_user: Option<UserId>,
    /// The account people use.
    pub username: Option<String>,
    /// Failed calls in a row.
    pub attempts: u32,
    /// A failed call is not repeated before.
    pub retry_at: Option<Timestamp>,
    /// The delete call was answered.
    pub delete_accepted: bool,
    /// Counts the changes of who has an open session.
    pub access_wanted: i64,
    /// The last of them that the machine knows.
    pub access_applied: i64,
    /// The keys of people's profiles are put on it.
    pub personal_keys: bool,
}

/// Which servers are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerFilter<'a> {
    /// Only of this pool.
    pub pool: Option<PoolId>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// Only those with this in their name, in capitals or not.
    pub name: Option<&'a str>,
    /// Only those in the state of this word.
    pub state: Option<&'a str>,
}

/// The keys that belong on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKeys {
    /// The change up to which they are complete.
    pub seq: i64,
    /// Public keys of the people with an open session, one line each.
    pub keys: Vec<String>,
}

/// What a step says about the health of the server's provider config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing.
    Unchanged,
    /// A server did not become ready.
    Failure,
    /// A server became ready.
    Success,
    /// The provider asked to be left alone until then.
    NotBefore(Timestamp),
}

/// One step of a server. Fields that are `None` stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerWrite {
    /// The server.
    pub id: ServerId,
    /// The version that the step was decided on.
    pub seen_version: i64,
    /// The new state.
    pub state: ServerState,
    /// When; `state_since` if the state's word changes.
    pub at: Timestamp,
    /// What it last said, or why it failed.
    pub message: Option<Option<String>>,
    /// Percent.
    pub progress: Option<u8>,
    /// When it reported `running`.
    pub checked_in_at: Option<Timestamp>,
    /// Its public host key.
    pub host_key: Option<String>,
    /// When a failed call may be repeated.
    pub retry_at: Option<Option<Timestamp>>,
    /// Failed calls in a row.
    pub attempts: Option<u32>,
    /// The delete call was answered.
    pub delete_accepted: Option<bool>,
    /// What it says about the provider config.
    pub health: Health,
    /// Ends its open sessions in the same transaction.
    pub end_sessions: Option<EndReason>,
    /// Refused with [`StoreError::StaleVersion`] where a session is open.
    pub only_if_empty: bool,
}

impl ServerWrite {
    /// A step to `state` that changes nothing else.
    pub const fn new(
        id: ServerId,
        seen_version: i64,
        state: ServerState,
        at: Timestamp,
        health: Health,
    ) -> Self {
        Self {
            id,
            seen_version,
            state,
            at,
            message: None,
            progress: None,
            checked_in_at: None,
            host_key: None,
            retry_at: None,
            attempts: None,
            delete_accepted: None,
            health,
            end_sessions: None,
            only_if_empty: false,
        }
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT s.*, p.name AS pool_name, COALESCE(c.max_sessions, s.max_sessions) AS seats_sessions,
                CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END AS seats_users,
                COALESCE(c.reusable, 1) AS reusable, COALESCE(c.require_checkin, 0) AS require_checkin,
                COALESCE(c.provision_timeout_secs, 0) AS provision_timeout_secs,
                (SELECT COUNT(*) FROM sessions e WHERE e.server_id = s.id AND e.state IN ('assigned', 'active'))
                    AS open_sessions
             FROM servers s JOIN pools p ON p.id = s.pool_id LEFT JOIN autoscale_configs c ON c.id = s.config_id ",
            $tail
        )
    };
}

impl Store {
    /// A server.
    pub async fn server(&self, id: ServerId) -> Result<Option<ServerRow>> {
        let row = self
            .db
            .one("servers", select!("WHERE s.id = $1"), args![id])
            .await?;
        row.as_ref().map(read_row).transpose()
    }

    /// Servers, ordered by id.
    pub async fn servers_page(
        &self,
        filter: ServerFilter<'_>,
        page: PageRequest,
    ) -> Result<Vec<Server>> {
        let sql = select!(
            "WHERE s.id > $1 AND (CAST($2 AS TEXT) IS NULL OR s.pool_id = $2) AND ($3 = 1 OR s.state <> 'deleted')
                AND (CAST($4 AS TEXT) IS NULL OR LOWER(s.name) LIKE LOWER($4) ESCAPE '!')
                AND (CAST($5 AS TEXT) IS NULL OR s.state = $5)
             ORDER BY s.id LIMIT $6"
        );
        let args = args![
            page.after_text(),
            filter.pool,
            filter.include_deleted,
            filter.name.map(containing),
            filter.state,
            page.limit
        ];
        let rows = self.db.all("servers", sql, args).await?;
        rows.iter().map(read).collect()
    }

    /// Makes one step, if the server still has the version it was decided on. Gives the sessions that it has ended, each
    /// with its owner.
    pub async fn server_write(
        &self,
        fence: Option<Fence>,
        write: ServerWrite,
        audit: Option<AuditEntry>,
    ) -> Result<Vec<(SessionId, UserId)>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(fence).await?;
        // Providers come before servers in the order of locks.
        let health = match write.health {
            Health::Unchanged => None,
            Health::Failure => Some((
                "UPDATE providers SET failures = failures + 1, failed_at = $2, guard = guard + 1
                 WHERE id = (SELECT provider_id FROM servers WHERE id = $1)",
                args![write.id, write.at],
            )),
            Health::Success => Some((
                "UPDATE providers SET failures = 0, failed_at = NULL, guard = guard + 1
                 WHERE failures <> 0 AND id = (SELECT provider_id FROM servers WHERE id = $1)",
                args![write.id],
            )),
            Health::NotBefore(until) => Some((
                "UPDATE providers SET not_before = $2, guard = guard + 1
                 WHERE id = (SELECT provider_id FROM servers WHERE id = $1)",
                args![write.id, until],
            )),
        };
        if let Some((sql, args)) = health {
            tx.run(sql, args).await?;
        }
        let columns = StateColumns::from(&write.state);
        let is_deleted = !write.state.counts();
        let held = tx
            .run(
                "UPDATE servers SET
                    state_since = CASE WHEN state = $3 THEN state_since ELSE $8 END,
                    state = $3, machine = $4, host = $5, port = $6, why = $7,
                    message = CASE WHEN $9 = 1 THEN $10 ELSE message END,
                    progress = COALESCE(CAST($11 AS BIGINT), progress),
                    checked_in_at = COALESCE(CAST($12 AS BIGINT), checked_in_at),
                    host_key = COALESCE(CAST($13 AS TEXT), host_key),
                    retry_at = CASE WHEN $14 = 1 THEN CAST($15 AS BIGINT) ELSE retry_at END,
                    attempts = COALESCE(CAST($16 AS BIGINT), CASE WHEN state = $3 THEN attempts ELSE 0 END),
                    delete_accepted = COALESCE(CAST($17 AS BIGINT), delete_accepted),
                    request_sealed = CASE WHEN $18 = 1 THEN NULL ELSE request_sealed END,
                    connection_sealed = CASE WHEN $18 = 1 THEN NULL ELSE connection_sealed END,
                    version = version + 1, guard = guard + 1
                 WHERE id = $1 AND version = $2",
                args![
                    write.id,
                    write.seen_version,
                    columns.state,
                    columns.machine,
                    columns.host,
                    columns.port,
                    columns.why,
                    write.at,
                    write.message.is_some(),
                    write.message.flatten(),
                    write.progress,
                    write.checked_in_at,
                    write.host_key,
                    write.retry_at.is_some(),
                    write.retry_at.flatten(),
                    write.attempts,
                    write.delete_accepted,
                    is_deleted,
                ],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, write.id).await?);
        }
        tx.server_step(write.id, write.at).await?;
        let mut ended = Vec::new();
        if let Some(how) = write.end_sessions {
            ended = tx.end_sessions_of(write.id, how, write.at).await?;
        } else if write.only_if_empty && tx.has_open_session(write.id).await? {
            return Err(StoreError::StaleVersion);
        }
        if let Some(audit) = audit {
            tx.audit(audit).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// From Running to Draining in one guarded statement. `false`: not Running any more, changed, or in use where only
    /// an empty one may drain.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one part of the guard or of the record"
    )]
    pub async fn server_drain(
        &self,
        fence: Option<Fence>,
        id: ServerId,
        seen_version: i64,
        why: DrainReason,
        only_if_empty: bool,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(fence).await?;
        // What is to be deleted with its sessions may drain already.
        let is_held = tx.hold_server(id, seen_version, "running").await?
            || (why == DrainReason::Removal
                && tx.hold_server(id, seen_version, "draining").await?);
        if !is_held || (only_if_empty && tx.has_open_session(id).await?) {
            return Ok(false);
        }
        tx.run(
            "UPDATE servers SET state = 'draining', state_since = $2, why = $3, version = version + 1 WHERE id = $1",
            args![id, at, crate::row::to_json(&why)],
        )
        .await?;
        tx.server_step(id, at).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// From Draining with no open session, or from Failed, Provisioning or Booting, to Deleting. `false`: not possible
    /// any more.
    pub async fn server_delete_begin(
        &self,
        fence: Option<Fence>,
        id: ServerId,
        seen_version: i64,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(fence).await?;
        let held = tx
            .run(
                "UPDATE servers SET guard = guard + 1 WHERE id = $1 AND version = $2",
                args![id, seen_version],
            )
            .await?;
        if held == 0 || tx.has_open_session(id).await? {
            return Ok(false);
        }
        let row = tx
            .one("servers", "SELECT * FROM servers WHERE id = $1", args![id])
            .await?;
        let Some(state) = row
            .as_ref()
            .map(server_state::read)
            .transpose()?
            .and_then(|state| state.delete().ok())
        else {
            return Ok(false);
        };
        let columns = StateColumns::from(&state);
        tx.run(
            "UPDATE servers SET state = $2, machine = $3, host = NULL, port = NULL, why = $4, state_since = $5,
                retry_at = NULL, attempts = 0, version = version + 1
             WHERE id = $1",
            args![id, columns.state, columns.machine, columns.why, at],
        )
        .await?;
        tx.server_step(id, at).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// From Draining back to Running. `false`: not possible any more.
    pub async fn server_undrain(
        &self,
        id: ServerId,
        seen_version: i64,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        if !tx.hold_server(id, seen_version, "draining").await? {
            return Ok(false);
        }
        tx.run(
            "UPDATE servers SET state = 'running', state_since = $2, why = NULL, version = version + 1 WHERE id = $1",
            args![id, at],
        )
        .await?;
        tx.server_step(id, at).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The machine knows the keys up to this change.
    pub async fn access_applied(&self, server: ServerId, seq: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(
            "UPDATE servers SET access_applied = $2, attempts = 0, retry_at = NULL
             WHERE id = $1 AND access_applied < $2",
            args![server, seq],
        )
        .await?;
        tx.commit().await
    }

    /// The keys that belong on a server now.
    pub async fn server_keys(&self, server: ServerId) -> Result<ServerKeys> {
        let mut tx = self.db.read().await?;
        let row = tx
            .one(
                "servers",
                "SELECT id, access_wanted FROM servers WHERE id = $1",
                args![server],
            )
            .await?
            .ok_or(StoreError::NotFound)?;
        let keys = tx
            .all(
                "ssh_keys",
                "SELECT id, public_key FROM ssh_keys WHERE user_id IN (
                    SELECT user_id FROM sessions WHERE server_id = $1 AND state IN ('assigned', 'active')
                 ) ORDER BY id",
                args![server],
            )
            .await?;
        let keys = keys
            .iter()
            .map(|row| row.get("public_key"))
            .collect::<Result<_>>()?;
        Ok(ServerKeys {
            seq: row.get("access_wanted")?,
            keys,
        })
    }

    /// Adds a fixed server, Running at once.
    pub async fn fixed_server_insert(
        &self,
        id: ServerId,
        input: FixedServerInput,
        connection: Secret,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Server> {
        let mut tx = self.db.write().await?;
        tx.hold_pool_for(input.pool_id, input.protocol, None)
            .await?;
        let bare = id.bare();
        let sealed = self.sealer.seal(connection_place(&bare), &connection)?;
        tx.run(
            "INSERT INTO servers (id, name, pool_id, zone_id, state, state_since, host, port, protocol,
                connection_port, max_sessions, max_users, username, host_key, attempts, delete_accepted,
                access_wanted, access_applied, personal_keys, connection_sealed, key_id, created_at, version)
             VALUES ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $7, $9, $10, $11, $12, 0, 0, 0, 0, 0, $13, $14, $5, 1)",
            args![
                id,
                input.name,
                input.pool_id,
                input.zone_id,
                at,
                input.host,
                input.port,
                input.protocol,
                input.limits.max_sessions,
                input.limits.max_users,
                input.username,
                input.host_key,
                sealed,
                self.sealer.key_id(),
            ],
        )
        .await?;
        tx.server_step(id, at).await?;
        tx.audit(audit).await?;
        let row = tx
            .one("servers", select!("WHERE s.id = $1"), args![id])
            .await?
            .ok_or(StoreError::NotFound)?;
        tx.commit().await?;
        read(&row)
    }

    /// Takes a fixed server away. Refused while a session is open on it, unless `end_sessions` ends them: then it gives
    /// those, each with its owner.
    pub async fn fixed_server_delete(
        &self,
        id: ServerId,
        seen_version: i64,
        end_sessions: Option<EndReason>,
        audit: AuditEntry,
    ) -> Result<Vec<(SessionId, UserId)>> {
        let mut tx = self.db.write().await?;
        let at = audit.at;
        let held = tx
            .run(
                "UPDATE servers SET guard = guard + 1 WHERE id = $1 AND version = $2 AND config_id IS NULL",
                args![id, seen_version],
            )
            .await?;
        if held == 0 {
            return Err(why_not(&mut tx, id).await?);
        }
        let mut ended = Vec::new();
        if let Some(how) = end_sessions {
            ended = tx.end_sessions_of(id, how, at).await?;
        }
        tx.refuse_if_used(
            "SELECT 'ses_' || id AS name FROM sessions WHERE server_id = $1 AND state IN ('assigned', 'active')",
            args![id],
        )
        .await?;
        let deleted = ServerState::Deleted {
            why: DeleteReason::Admin,
        };
        tx.delete_row(id, &deleted, at).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// What opens a server's account, as it was sealed.
    pub async fn server_connection(&self, id: ServerId) -> Result<Option<Secret>> {
        let sql = "SELECT id, connection_sealed AS sealed, key_id FROM servers WHERE id = $1";
        let row = self.db.one("servers", sql, args![id]).await?;
        self.unseal(row, id, connection_place)
    }

    /// Opens the column `sealed` of a row of servers.
    pub(crate) fn unseal(
        &self,
        row: Option<Row>,
        id: ServerId,
        place: impl FnOnce(&str) -> Place<'_>,
    ) -> Result<Option<Secret>> {
        let Some(row) = row else { return Ok(None) };
        let Some(sealed) = row.get::<Option<String>>("sealed")? else {
            return Ok(None);
        };
        let key_id: String = row.get("key_id")?;
        self.sealer
            .open(place(&id.bare()), &key_id, &sealed)
            .map(Some)
    }
}

impl Tx {
    /// Holds a server that has this version and state.
    async fn hold_server(
        &mut self,
        id: ServerId,
        version: i64,
        state: &'static str,
    ) -> Result<bool> {
        let held = self
            .run(
                "UPDATE servers SET guard = guard + 1 WHERE id = $1 AND version = $2 AND state = $3",
                args![id, version, state],
            )
            .await?;
        Ok(held == 1)
    }

    /// Whether a session is open on a server. Certain only while the server is held.
    async fn has_open_session(&mut self, id: ServerId) -> Result<bool> {
        let sql = "SELECT id FROM sessions WHERE server_id = $1 AND state IN ('assigned', 'active') LIMIT 1";
        Ok(self.one("sessions", sql, args![id]).await?.is_some())
    }

    /// Takes a server's row out of use, whatever state it was in, with all that was kept for its machine.
    pub(crate) async fn delete_row(
        &mut self,
        id: ServerId,
        deleted: &ServerState,
        at: Timestamp,
    ) -> Result<()> {
        let columns = StateColumns::from(deleted);
        self.run(
            "UPDATE servers SET state = $2, state_since = $3, why = $4, machine = NULL, host = NULL, port = NULL,
                request_sealed = NULL, connection_sealed = NULL, version = version + 1
             WHERE id = $1",
            args![id, columns.state, at, columns.why],
        )
        .await?;
        self.server_step(id, at).await
    }

    pub(crate) async fn end_sessions_of(
        &mut self,
        id: ServerId,
        how: EndReason,
        at: Timestamp,
    ) -> Result<Vec<(SessionId, UserId)>> {
        let ended = self
            .all(
                "sessions",
                "UPDATE sessions SET state = 'ended', end_reason = $2, ended_at = $3, version = version + 1
                 WHERE server_id = $1 AND state IN ('assigned', 'active') RETURNING id, user_id",
                args![id, how, at],
            )
            .await?;
        if !ended.is_empty() {
            self.run(
                "UPDATE servers SET access_wanted = access_wanted + personal_keys WHERE id = $1",
                args![id],
            )
            .await?;
        }
        ended
            .iter()
            .map(|row| Ok((row.get("id")?, row.get("user_id")?)))
            .collect()
    }
}

/// Where a server's sealed access data stand.
pub(crate) const fn connection_place(row: &str) -> Place<'_> {
    Place {
        table: "servers",
        column: "connection_sealed",
        row,
    }
}

async fn why_not(tx: &mut Tx, id: ServerId) -> Result<StoreError> {
    tx.why_not("SELECT id FROM servers WHERE id = $1", args![id])
        .await
}

fn read_row(row: &Row) -> Result<ServerRow> {
    Ok(ServerRow {
        server: read(row)?,
        provision_timeout_secs: row.get("provision_timeout_secs")?,
        require_checkin: row.get("require_checkin")?,
        reusable: row.get("reusable")?,
        first_user: row.get("first_user")?,
        username: row.get("username")?,
        attempts: row.get("attempts")?,
        retry_at: row.get("retry_at")?,
        delete_accepted: row.get("delete_accepted")?,
        access_wanted: row.get("access_wanted")?,
        access_applied: row.get("access_applied")?,
        personal_keys: row.get("personal_keys")?,
    })
}

fn read(row: &Row) -> Result<Server> {
    Ok(Server {
        id: row.get("id")?,
        name: row.get("name")?,
        pool_id: row.get("pool_id")?,
        pool_name: row.get("pool_name")?,
        zone_id: row.get("zone_id")?,
        origin: origin(row)?,
        status: server_state::read(row)?,
        state_since: row.get("state_since")?,
        protocol: row.get("protocol")?,
        limits: limits(row)?,
        open_sessions: row.get("open_sessions")?,
        progress_percent: row.get("progress")?,
        message: row.get("message")?,
        checked_in_at: row.get("checked_in_at")?,
        host_key: row.get("host_key")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// The limits that hold now: a scaled server has those of its config.
pub(crate) fn limits(row: &Row) -> Result<SeatLimits> {
    Ok(SeatLimits {
        max_sessions: row.get("seats_sessions")?,
        max_users: row.get("seats_users")?,
    })
}

/// Where a server comes from.
pub(crate) fn origin(row: &Row) -> Result<Origin> {
    Ok(match row.get("config_id")? {
        Some(config) => Origin::Scaled {
            config,
            provider: row.get("provider_id")?,
            config_version: row.get("config_version")?,
        },
        None => Origin::Fixed,
    })
}
