//! Seating: who gets a seat or a place in the queue, guarded in SQL. The rule of placement is `scaling`'s; what is
//! here holds whatever was decided meanwhile.

use std::collections::BTreeSet;

use domain::connection::Protocol;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::session::SessionKind;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::lease::Fence;
use crate::row::args;
use crate::session::{kind, kind_columns};
use crate::{Result, Store};

/// A session that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The id.
    pub id: SessionId,
    /// The pool.
    pub pool: PoolId,
    /// The person.
    pub user: UserId,
    /// What to open.
    pub kind: SessionKind,
    /// The pool's protocol.
    pub protocol: Protocol,
    /// When.
    pub requested_at: Timestamp,
    /// When the wait, or the session, ends by itself.
    pub expires_at: Timestamp,
}

/// One decision about a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatWrite {
    /// A new request waits.
    Queue(NewSession),
    /// A new request gets a seat at once.
    SeatNew(NewSession, ServerId),
    /// A waiting request gets its seat.
    SeatQueued {
        /// The request.
        session: SessionId,
        /// The server.
        server: ServerId,
        /// When the session ends by itself.
        expires_at: Timestamp,
    },
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatOutcome {
    /// It is written.
    Done,
    /// The person has as many sessions as allowed.
    QuotaReached,
    /// The person has asked too often of late. From this moment on a request is let in again.
    TooFast(Timestamp),
    /// The server or the request has changed, or the person is gone meanwhile: plan again.
    Stale,
}

/// How much a person may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonLimits {
    /// Sessions at once, those that wait included.
    pub sessions: u32,
    /// Requests within a minute that were let in. At least 1.
    pub requests_per_minute: u32,
}

const MINUTE_MILLIS: i64 = 60_000;

impl Store {
    /// Writes decisions about seats in one transaction. Each is judged by itself: a stale one leaves the others done.
    /// `audit` has an entry for each; those of refused ones are not written.
    ///
    /// # Errors
    /// [`StoreError::StaleVersion`] where two decisions meet in a rule of the database: nothing is written, plan again.
    pub async fn seat(
        &self,
        fence: Option<Fence>,
        writes: Vec<SeatWrite>,
        limits: PersonLimits,
        now: Timestamp,
        audit: Vec<AuditEntry>,
    ) -> Result<Vec<SeatOutcome>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(fence).await?;
        // All that is counted against is held first, in one order, so that two batches cannot wait for each other.
        let mut users: BTreeSet<UserId> = writes.iter().filter_map(new_user).collect();
        for session in writes.iter().filter_map(queued) {
            let sql = "SELECT id, user_id FROM sessions WHERE id = $1";
            if let Some(row) = tx.one("sessions", sql, args![session]).await? {
                users.insert(row.get("user_id")?);
            }
        }
        let mut gone = BTreeSet::new();
        for user in users {
            let held = tx
                .run(
                    "UPDATE users SET guard = guard + 1 WHERE id = $1",
                    args![user],
                )
                .await?;
            if held == 0 {
                gone.insert(user);
            }
        }
        let servers: BTreeSet<ServerId> = writes.iter().filter_map(server_of).collect();
        for server in servers {
            tx.run(
                "UPDATE servers SET guard = guard + 1 WHERE id = $1",
                args![server],
            )
            .await?;
        }
        let mut outcomes = Vec::with_capacity(writes.len());
        for (write, entry) in writes.into_iter().zip(audit) {
            let outcome = match write {
                write if new_user(&write).is_some_and(|user| gone.contains(&user)) => {
                    SeatOutcome::Stale
                }
                SeatWrite::Queue(session) => tx.queue(&session, limits, now).await?,
                SeatWrite::SeatNew(session, server) => {
                    tx.seat_new(&session, server, limits, now).await?
                }
                SeatWrite::SeatQueued {
                    session,
                    server,
                    expires_at,
                } => tx.seat_queued(session, server, expires_at, now).await?,
            };
            if outcome == SeatOutcome::Done {
                tx.audit(entry).await?;
            }
            outcomes.push(outcome);
        }
        tx.commit().await?;
        Ok(outcomes)
    }
}

fn new_user(write: &SeatWrite) -> Option<UserId> {
    match write {
        SeatWrite::Queue(session) | SeatWrite::SeatNew(session, _) => Some(session.user),
        SeatWrite::SeatQueued { .. } => None,
    }
}

fn queued(write: &SeatWrite) -> Option<SessionId> {
    match write {
        SeatWrite::Queue(_) | SeatWrite::SeatNew(..) => None,
        SeatWrite::SeatQueued { session, .. } => Some(*session),
    }
}

fn server_of(write: &SeatWrite) -> Option<ServerId> {
    match write {
        SeatWrite::Queue(_) => None,
        SeatWrite::SeatNew(_, server) | SeatWrite::SeatQueued { server, .. } => Some(*server),
    }
}

impl Tx {
    async fn queue(
        &mut self,
        session: &NewSession,
        limits: PersonLimits,
        now: Timestamp,
    ) -> Result<SeatOutcome> {
        if let Some(refused) = self.over_limits(session.user, limits, now).await? {
            return Ok(refused);
        }
        let (kind, app) = kind_columns(&session.kind);
        self.run(
            "INSERT INTO sessions (id, pool_id, user_id, kind, app, protocol, state, requested_at, expires_at,
                access_seq, version)
             VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, 0, 1)",
            args![
                session.id,
                session.pool,
                session.user,
                kind,
                app,
                session.protocol,
                session.requested_at,
                session.expires_at
            ],
        )
        .await?;
        Ok(SeatOutcome::Done)
    }

    async fn seat_new(
        &mut self,
        session: &NewSession,
        server: ServerId,
        limits: PersonLimits,
        now: Timestamp,
    ) -> Result<SeatOutcome> {
        if let Some(refused) = self.over_limits(session.user, limits, now).await? {
            return Ok(refused);
        }
        let Some(access_seq) = self
            .take_seat(session.pool, server, session.user, &session.kind)
            .await?
        else {
            return Ok(SeatOutcome::Stale);
        };
        let (kind, app) = kind_columns(&session.kind);
        self.run(
            "INSERT INTO sessions (id, pool_id, user_id, server_id, kind, app, protocol, state, requested_at,
                expires_at, assigned_at, access_seq, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'assigned', $8, $9, $10, $11, 1)",
            args![
                session.id,
                session.pool,
                session.user,
                server,
                kind,
                app,
                session.protocol,
                session.requested_at,
                session.expires_at,
                now,
                access_seq
            ],
        )
        .await
        .map_err(stale_if_duplicate)?;
        Ok(SeatOutcome::Done)
    }

    async fn seat_queued(
        &mut self,
        session: SessionId,
        server: ServerId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<SeatOutcome> {
        let sql = "SELECT id, pool_id, user_id, kind, app FROM sessions WHERE id = $1 AND state = 'queued'";
        let Some(row) = self.one("sessions", sql, args![session]).await? else {
            return Ok(SeatOutcome::Stale);
        };
        let (pool, user) = (row.get("pool_id")?, row.get("user_id")?);
        let Some(access_seq) = self.take_seat(pool, server, user, &kind(&row)?).await? else {
            return Ok(SeatOutcome::Stale);
        };
        let held = self
            .run(
                "UPDATE sessions SET state = 'assigned', server_id = $2, assigned_at = $3, expires_at = $4,
                    access_seq = $5, version = version + 1
                 WHERE id = $1 AND state = 'queued'",
                args![session, server, now, expires_at, access_seq],
            )
            .await
            .map_err(stale_if_duplicate)?;
        // Cancelled this very moment: the seat that was taken for it must not stay taken.
        if held == 0 {
            Err(StoreError::StaleVersion)
        } else {
            Ok(SeatOutcome::Done)
        }
    }

    /// Sessions that wait or are open count against the quota, and every one of the last minute against the pace. Certain
    /// only while the person is held.
    async fn over_limits(
        &mut self,
        user: UserId,
        limits: PersonLimits,
        now: Timestamp,
    ) -> Result<Option<SeatOutcome>> {
        let sql = "SELECT $1 AS id, COUNT(*) AS sessions FROM sessions WHERE user_id = $1 AND state <> 'ended'";
        let row = self
            .one("sessions", sql, args![user])
            .await?
            .ok_or(StoreError::NotFound)?;
        if row.get::<i64>("sessions")? >= i64::from(limits.sessions) {
            return Ok(Some(SeatOutcome::QuotaReached));
        }
        let sql = "SELECT id, requested_at FROM sessions WHERE user_id = $1 AND requested_at > $2
                   ORDER BY requested_at DESC LIMIT 1 OFFSET $3";
        let minute_ago = now.plus_millis(-MINUTE_MILLIS);
        let enough = i64::from(limits.requests_per_minute) - 1;
        let first = self
            .one("sessions", sql, args![user, minute_ago, enough])
            .await?;
        first
            .map(|row| {
                let first: Timestamp = row.get("requested_at")?;
                Ok(SeatOutcome::TooFast(first.plus_millis(MINUTE_MILLIS)))
            })
            .transpose()
    }

    /// Takes a seat on a held server, if it still has one for this person. Returns the server's new count of access
    /// changes.
    async fn take_seat(
        &mut self,
        pool: PoolId,
        server: ServerId,
        user: UserId,
        kind: &SessionKind,
    ) -> Result<Option<i64>> {
        let row = self
            .one(
                "servers",
                "SELECT s.id, s.access_wanted, s.personal_keys, s.first_user, s.protocol,
                    COALESCE(c.reusable, 1) AS reusable,
                    COALESCE(c.max_sessions, s.max_sessions) AS max_sessions,
                    CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END AS max_users,
                    (SELECT COUNT(*) FROM sessions e WHERE e.server_id = s.id AND e.state IN ('assigned', 'active'))
                        AS sessions,
                    (SELECT COUNT(DISTINCT e.user_id) FROM sessions e WHERE e.server_id = s.id
                        AND e.state IN ('assigned', 'active') AND e.user_id <> $3) AS others,
                    (SELECT COUNT(*) FROM sessions e WHERE e.server_id = s.id AND e.user_id = $3
                        AND e.state IN ('assigned', 'active') AND e.kind = 'desktop') AS desktops
                 FROM servers s LEFT JOIN autoscale_configs c ON c.id = s.config_id
                 WHERE s.id = $1 AND s.pool_id = $2 AND s.state = 'running'",
                args![server, pool, user],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let first_user: Option<UserId> = row.get("first_user")?;
        let max_users: Option<i64> = row.get("max_users")?;
        let is_second_desktop = *kind == SessionKind::Desktop
            && row.get::<Protocol>("protocol")? == Protocol::Rdp
            && row.get::<i64>("desktops")? > 0;
        let has_seat = row.get::<i64>("sessions")? < row.get::<i64>("max_sessions")?
            && max_users
                .is_none_or(|max| row.get::<i64>("others").is_ok_and(|others| others < max))
            && (row.get::<bool>("reusable")? || first_user.is_none_or(|first| first == user));
        if !has_seat || is_second_desktop {
            return Ok(None);
        }
        self.run(
            "UPDATE servers SET access_wanted = access_wanted + personal_keys, first_user = COALESCE(first_user, $2) WHERE id = $1",
            args![server, user],
        )
        .await?;
        Ok(Some(
            row.get::<i64>("access_wanted")? + row.get::<i64>("personal_keys")?,
        ))
    }
}

/// Two decisions that meet in the rule of one desktop: plan again.
fn stale_if_duplicate(error: StoreError) -> StoreError {
    match error {
        StoreError::Duplicate { .. } => StoreError::StaleVersion,
        error => error,
    }
}
