//! Sessions: read, used and ended. How they get their seats is in `session_seat`.

use domain::connection::Protocol;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::server::{DrainReason, GRACE_SECS};
use domain::session::{EndReason, SessionKind, SessionState};
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::lease::Fence;
use crate::row::{Row, args, containing};
use crate::{PageRequest, Result, Store};

/// A session as it is stored, with the names that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The id.
    pub id: SessionId,
    /// The pool.
    pub pool: PoolId,
    /// The pool's name.
    pub pool_name: String,
    /// The person.
    pub user: UserId,
    /// The person's name.
    pub user_name: String,
    /// What is open.
    pub kind: SessionKind,
    /// Its state.
    pub state: SessionState,
    /// The name of the server it is or was on.
    pub server_name: Option<String>,
    /// The pool's protocol when it was asked for.
    pub protocol: Protocol,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the wait or the session ends by itself.
    pub expires_at: Timestamp,
    /// The person's key is on the server once its `access_applied` has reached this.
    pub access_seq: i64,
    /// Counts up with every change.
    pub version: i64,
}

/// Which sessions are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionFilter<'a> {
    /// Only of this person.
    pub user: Option<UserId>,
    /// Only of this pool.
    pub pool: Option<PoolId>,
    /// Only on this server.
    pub server: Option<ServerId>,
    /// Not the ended ones.
    pub open_only: bool,
    /// Only those that wait, or only those that do not.
    pub waiting: Option<bool>,
    /// Only those of people with this in their name, in capitals or not.
    pub user_name: Option<&'a str>,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT e.*, p.name AS pool_name, u.name AS user_name, s.name AS server_name
             FROM sessions e JOIN pools p ON p.id = e.pool_id JOIN users u ON u.id = e.user_id
                LEFT JOIN servers s ON s.id = e.server_id ",
            $tail
        )
    };
}

impl Store {
    /// A session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>> {
        let row = self
            .db
            .one("sessions", select!("WHERE e.id = $1"), args![id])
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Sessions, ordered by id.
    pub async fn sessions_page(
        &self,
        filter: SessionFilter<'_>,
        page: PageRequest,
    ) -> Result<Vec<SessionRow>> {
        let sql = select!(
            "WHERE e.id > $1 AND (CAST($2 AS TEXT) IS NULL OR e.user_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR e.pool_id = $3)
                AND (CAST($4 AS TEXT) IS NULL OR e.server_id = $4)
                AND ($5 = 0 OR e.state <> 'ended')
                AND (CAST($6 AS BIGINT) IS NULL OR (e.state = 'queued') = ($6 = 1))
                AND (CAST($7 AS TEXT) IS NULL OR LOWER(u.name) LIKE LOWER($7) ESCAPE '!')
             ORDER BY e.id LIMIT $8"
        );
        let args = args![
            page.after_text(),
            filter.user,
            filter.pool,
            filter.server,
            filter.open_only,
            filter.waiting,
            filter.user_name.map(containing),
            page.limit
        ];
        let rows = self.db.all("sessions", sql, args).await?;
        rows.iter().map(read).collect()
    }

    /// Ends a session or a wait: once. `None`: there is none that is not over (of this owner, where one is named).
    pub async fn session_end(
        &self,
        id: SessionId,
        how: EndReason,
        at: Timestamp,
        only_owner: Option<UserId>,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>> {
        let tx = self.db.write().await?;
        end(tx, id, how, at, only_owner, None, audit).await
    }

    /// Ends a session or a wait for the loop. `None`: it is over already, or it was to end because of its time, and that
    /// has been pushed since the loop looked: by a keepalive, or by a seat, with which its own time begins. Or it was to end
    /// with its server, which an admin has deleted and then taken back.
    pub async fn session_end_planned(
        &self,
        fence: Fence,
        id: SessionId,
        how: EndReason,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        if how == EndReason::Admin {
            let removed_by = at.plus_millis(-1000 * i64::from(GRACE_SECS));
            let held = tx
                .run(
                    "UPDATE servers SET guard = guard + 1 WHERE id = (SELECT server_id FROM sessions WHERE id = $1)
                        AND state = 'draining' AND why = $2 AND state_since <= $3",
                    args![id, crate::row::to_json(&DrainReason::Removal), removed_by],
                )
                .await?;
            if held == 0 {
                return Ok(None);
            }
        }
        let is_of_time = matches!(how, EndReason::Expired | EndReason::QueueTimeout);
        end(tx, id, how, at, None, is_of_time.then_some(at), audit).await
    }

    /// The owner is at work: Active, with a new end. `None`: it waits, is over, or is somebody else's.
    pub async fn session_activate(
        &self,
        id: SessionId,
        owner: UserId,
        at: Timestamp,
        expires_at: Timestamp,
        audit: Option<AuditEntry>,
    ) -> Result<Option<SessionRow>> {
        let mut tx = self.db.write().await?;
        let held = tx
            .run(
                "UPDATE sessions SET state = 'active', active_since = COALESCE(active_since, $3), expires_at = $4,
                    version = version + 1
                 WHERE id = $1 AND user_id = $2 AND state IN ('assigned', 'active')",
                args![id, owner, at, expires_at],
            )
            .await?;
        if held == 0 {
            return Ok(None);
        }
        if let Some(audit) = audit {
            tx.audit(audit).await?;
        }
        let row = tx
            .one("sessions", select!("WHERE e.id = $1"), args![id])
            .await?;
        tx.commit().await?;
        row.as_ref().map(read).transpose()
    }
}

/// What a session opens, from the columns `kind` and `app`.
pub(crate) fn kind(row: &Row) -> Result<SessionKind> {
    let word: String = row.get("kind")?;
    Ok(match word.as_str() {
        "desktop" => SessionKind::Desktop,
        "app" => SessionKind::App {
            app: row.get("app")?,
        },
        "shell" => SessionKind::Shell,
        other => {
            return Err(row.inconsistent("kind", format!("`{other}` is not a kind of session")));
        }
    })
}

/// The columns `kind` and `app`.
pub(crate) fn kind_columns(kind: &SessionKind) -> (&'static str, Option<&str>) {
    match kind {
        SessionKind::Desktop => ("desktop", None),
        SessionKind::App { app } => ("app", Some(app)),
        SessionKind::Shell => ("shell", None),
    }
}

/// Ends a session that is not over and, where this is asked, belongs to `owner` and has its end no later than `due`.
async fn end(
    mut tx: Tx,
    id: SessionId,
    how: EndReason,
    at: Timestamp,
    owner: Option<UserId>,
    due: Option<Timestamp>,
    audit: AuditEntry,
) -> Result<Option<SessionRow>> {
    // The server first, in the order of locks: who has an open session on it changes.
    let servers = tx
        .run(
            "UPDATE servers SET access_wanted = access_wanted + personal_keys, guard = guard + 1
             WHERE id = (SELECT server_id FROM sessions WHERE id = $1 AND state IN ('assigned', 'active')
                AND (CAST($2 AS TEXT) IS NULL OR user_id = $2)
                AND (CAST($3 AS BIGINT) IS NULL OR expires_at <= $3))",
            args![id, owner, due],
        )
        .await?;
    let ended = tx
        .one(
            "sessions",
            "UPDATE sessions SET state = 'ended', end_reason = $2, ended_at = $3, version = version + 1
             WHERE id = $1 AND state <> 'ended' AND (CAST($4 AS TEXT) IS NULL OR user_id = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR expires_at <= $5)
             RETURNING id, server_id",
            args![id, how, at, owner, due],
        )
        .await?;
    let Some(ended) = ended else { return Ok(None) };
    // It waited a moment ago and was seated since: its server, which nobody could know before, is told too.
    if servers == 0
        && let Some(server) = ended.get::<Option<ServerId>>("server_id")?
    {
        tx.run(
            "UPDATE servers SET access_wanted = access_wanted + personal_keys, guard = guard + 1 WHERE id = $1",
            args![server],
        )
        .await?;
    }
    tx.audit(audit).await?;
    let row = tx
        .one("sessions", select!("WHERE e.id = $1"), args![id])
        .await?;
    tx.commit().await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<SessionRow> {
    Ok(SessionRow {
        id: row.get("id")?,
        pool: row.get("pool_id")?,
        pool_name: row.get("pool_name")?,
        user: row.get("user_id")?,
        user_name: row.get("user_name")?,
        kind: kind(row)?,
        state: state(row)?,
        server_name: row.get("server_name")?,
        protocol: row.get("protocol")?,
        requested_at: row.get("requested_at")?,
        expires_at: row.get("expires_at")?,
        access_seq: row.get("access_seq")?,
        version: row.get("version")?,
    })
}

fn state(row: &Row) -> Result<SessionState> {
    let word: String = row.get("state")?;
    Ok(match word.as_str() {
        "queued" => SessionState::Queued,
        "assigned" => SessionState::Assigned {
            server_id: row.get("server_id")?,
            assigned_at: row.get("assigned_at")?,
        },
        "active" => SessionState::Active {
            server_id: row.get("server_id")?,
            assigned_at: row.get("assigned_at")?,
            active_since: row.get("active_since")?,
        },
        "ended" => SessionState::Ended {
            server_id: row.get("server_id")?,
            how: row.get("end_reason")?,
            ended_at: row.get("ended_at")?,
        },
        other => {
            return Err(row.inconsistent("state", format!("`{other}` is not a state of a session")));
        }
    })
}
