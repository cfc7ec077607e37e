//! Seating: who gets a seat or a place in the queue, judged by rows that are held until it is written. The rule of placement
//! is `scaling`'s; what is here holds whatever was decided meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use domain::connection::Protocol;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::session::SessionKind;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::db::Tx;
use crate::error::StoreError;
use crate::lease::Fence;
use crate::row::{Row, args};
use crate::session::{kind, kind_columns};
use crate::set::{Item, item, of_set, set_of};
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
    /// [`StoreError::StaleVersion`] where two decisions meet in a rule of the database or a request is cancelled this very
    /// moment: nothing is written, plan again.
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
        let mut book = tx.open_book(&writes, limits, now).await?;
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut entries = Vec::with_capacity(writes.len());
        for (write, entry) in writes.into_iter().zip(audit) {
            let outcome = match write {
                SeatWrite::Queue(session) => tx.queue(&mut book, &session).await?,
                SeatWrite::SeatNew(session, server) => {
                    tx.seat_new(&mut book, &session, server).await?
                }
                SeatWrite::SeatQueued {
                    session,
                    server,
                    expires_at,
                } => book.seat_queued(session, server, expires_at),
            };
            if outcome == SeatOutcome::Done {
                entries.push(entry);
            }
            outcomes.push(outcome);
        }
        tx.close_book(book).await?;
        tx.audit_all(entries).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

/// What decisions are counted against, read at once after it was held, and what they come to, to be written at once: however
/// many are decided together, the database is asked a fixed number of times, and once more for each that comes too fast.
struct Book {
    limits: PersonLimits,
    now: Timestamp,
    /// By request that waits.
    queued: BTreeMap<SessionId, Queued>,
    people: BTreeMap<UserId, Person>,
    /// Those that run.
    rooms: BTreeMap<ServerId, Room>,
    new: Vec<Item>,
    seated: Vec<Item>,
}

/// A request that waits.
struct Queued {
    pool: PoolId,
    user: UserId,
    kind: SessionKind,
}

/// Somebody who asks.
#[derive(Default)]
struct Person {
    /// Sessions that wait or are open.
    sessions: i64,
    /// Requests of the last minute.
    lately: i64,
    /// When those were asked for that are written now.
    asked: Vec<Timestamp>,
}

/// A server with what is on it.
struct Room {
    pool: PoolId,
    protocol: Protocol,
    reusable: bool,
    max_sessions: i64,
    max_users: Option<i64>,
    /// The changes of who has an open session, those that are written now included.
    access_wanted: i64,
    /// How many of them each new session is.
    personal_keys: i64,
    first_user: Option<UserId>,
    sessions: i64,
    users: i64,
    /// Who of those that ask is on it, and whether with a desktop.
    here: BTreeMap<UserId, bool>,
    is_changed: bool,
}

impl Room {
    /// Takes a seat, if there is one for this person. Gives the server's new count of access changes.
    fn take(&mut self, pool: PoolId, user: UserId, kind: &SessionKind) -> Option<i64> {
        let here = self.here.get(&user).copied();
        let others = self.users - i64::from(here.is_some());
        let is_desktop = *kind == SessionKind::Desktop;
        let is_second_desktop = is_desktop && self.protocol == Protocol::Rdp && here == Some(true);
        let has_seat = self.pool == pool
            && self.sessions < self.max_sessions
            && self.max_users.is_none_or(|max| others < max)
            && (self.reusable || self.first_user.is_none_or(|first| first == user));
        if !has_seat || is_second_desktop {
            return None;
        }
        self.sessions += 1;
        self.users = others + 1;
        *self.here.entry(user).or_default() |= is_desktop;
        self.first_user.get_or_insert(user);
        self.access_wanted += self.personal_keys;
        self.is_changed = true;
        Some(self.access_wanted)
    }
}

impl Book {
    fn seat_queued(
        &mut self,
        session: SessionId,
        server: ServerId,
        expires_at: Timestamp,
    ) -> SeatOutcome {
        let Some(queued) = self.queued.get(&session) else {
            return SeatOutcome::Stale;
        };
        let room = self.rooms.get_mut(&server);
        let Some(access_seq) =
            room.and_then(|room| room.take(queued.pool, queued.user, &queued.kind))
        else {
            return SeatOutcome::Stale;
        };
        self.queued.remove(&session);
        self.seated.push(item! {
            "id": session, "server_id": server, "assigned_at": self.now, "expires_at": expires_at,
            "access_seq": access_seq,
        });
        SeatOutcome::Done
    }

    /// Adds a session that is there from now on.
    fn add(&mut self, session: &NewSession, seat: Option<(ServerId, i64)>) {
        if let Some(person) = self.people.get_mut(&session.user) {
            person.asked.push(session.requested_at);
        }
        let (kind, app) = kind_columns(&session.kind);
        let state = if seat.is_some() { "assigned" } else { "queued" };
        self.new.push(item! {
            "id": session.id, "pool_id": session.pool, "user_id": session.user, "server_id": seat.map(|(server, _)| server),
            "kind": kind, "app": app, "protocol": session.protocol, "state": state,
            "requested_at": session.requested_at, "expires_at": session.expires_at,
            "assigned_at": seat.map(|_| self.now), "access_seq": seat.map_or(0, |(_, access_seq)| access_seq),
        });
    }
}

impl Tx {
    /// Holds and reads all that these decisions are counted against. People first, then servers, then requests that wait, each in
    /// the order of their ids, so that two batches cannot wait for each other.
    async fn open_book(
        &mut self,
        writes: &[SeatWrite],
        limits: PersonLimits,
        now: Timestamp,
    ) -> Result<Book> {
        let mut users: BTreeSet<UserId> = writes.iter().filter_map(new_user).collect();
        let waiting = set_of(writes.iter().filter_map(queued).collect::<BTreeSet<_>>());
        let sql = of_set!(
            "SELECT s.id, s.user_id FROM " SET " JOIN sessions s ON s.id = item.value ->> 'id'"
        );
        for row in self.all_of("sessions", sql, &waiting, vec![]).await? {
            users.insert(row.get("user_id")?);
        }
        let people = self.people(&users, now).await?;
        let servers: BTreeSet<ServerId> = writes.iter().filter_map(server_of).collect();
        let rooms = self.rooms(&servers, &users).await?;
        // Once more, since some may have been cancelled while the others were waited for.
        let queued = self.queued(&waiting).await?;
        Ok(Book {
            limits,
            now,
            queued,
            people,
            rooms,
            new: Vec::new(),
            seated: Vec::new(),
        })
    }

    /// Holds requests that wait, those that still do.
    async fn queued(&mut self, waiting: &[Item]) -> Result<BTreeMap<SessionId, Queued>> {
        let sql = of_set!(
            "SELECT s.id, s.pool_id, s.user_id, s.kind, s.app FROM " SET
            " JOIN sessions s ON s.id = item.value ->> 'id' WHERE s.state = 'queued' ORDER BY s.id"
            HOLD "s"
        );
        let rows = self.all_of("sessions", sql, waiting, vec![]).await?;
        rows.iter()
            .map(|row| {
                let queued = Queued {
                    pool: row.get("pool_id")?,
                    user: row.get("user_id")?,
                    kind: kind(row)?,
                };
                Ok((row.get("id")?, queued))
            })
            .collect()
    }

    /// Holds people, and reads what they have.
    async fn people(
        &mut self,
        users: &BTreeSet<UserId>,
        now: Timestamp,
    ) -> Result<BTreeMap<UserId, Person>> {
        let users = set_of(users.iter().copied());
        let sql = of_set!(
            "SELECT u.id FROM users u WHERE u.id IN (SELECT item.value ->> 'id' FROM " SET ") ORDER BY u.id"
            HOLD "u"
        );
        let held = self.all_of("users", sql, &users, vec![]).await?;
        // Only what is read from here on is certain.
        let count = of_set!(
            "SELECT item.value ->> 'id' AS id,
                (SELECT COUNT(*) FROM sessions s WHERE s.user_id = item.value ->> 'id' AND s.state <> 'ended') AS sessions,
                (SELECT COUNT(*) FROM sessions s WHERE s.user_id = item.value ->> 'id' AND s.requested_at > $2) AS lately
             FROM " SET
        );
        let minute_ago = now.plus_millis(-MINUTE_MILLIS);
        let counts = self
            .all_of("sessions", count, &users, args![minute_ago])
            .await?;
        let held = held.iter().map(|row| row.get("id"));
        let mut people = held
            .map(|id| Ok((id?, Person::default())))
            .collect::<Result<BTreeMap<UserId, Person>>>()?;
        for row in &counts {
            if let Some(person) = people.get_mut(&row.get("id")?) {
                person.sessions = row.get("sessions")?;
                person.lately = row.get("lately")?;
            }
        }
        Ok(people)
    }

    /// Holds servers, and reads those that run with what is on them.
    async fn rooms(
        &mut self,
        servers: &BTreeSet<ServerId>,
        users: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<ServerId, Room>> {
        if servers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let servers = set_of(servers.iter().copied());
        let hold = of_set!(
            "SELECT s.id FROM servers s WHERE s.id IN (SELECT item.value ->> 'id' FROM " SET ") ORDER BY s.id"
            HOLD "s"
        );
        self.all_of("servers", hold, &servers, vec![]).await?;
        let sql = of_set!(
            "SELECT s.id, s.pool_id, s.access_wanted, s.personal_keys, s.first_user, s.protocol,
                COALESCE(c.reusable, 1) AS reusable,
                COALESCE(c.max_sessions, s.max_sessions) AS max_sessions,
                CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END AS max_users,
                (SELECT COUNT(*) FROM sessions e WHERE e.server_id = s.id AND e.state IN ('assigned', 'active'))
                    AS sessions,
                (SELECT COUNT(DISTINCT e.user_id) FROM sessions e WHERE e.server_id = s.id
                    AND e.state IN ('assigned', 'active')) AS users
             FROM " SET " JOIN servers s ON s.id = item.value ->> 'id'
                LEFT JOIN autoscale_configs c ON c.id = s.config_id
             WHERE s.state = 'running'"
        );
        let rows = self.all_of("servers", sql, &servers, vec![]).await?;
        let mut rooms = rows
            .iter()
            .map(|row| Ok((row.get("id")?, room(row)?)))
            .collect::<Result<BTreeMap<ServerId, Room>>>()?;
        let here = of_set!(
            "SELECT e.server_id AS id, e.user_id, CAST(MAX(CASE WHEN e.kind = 'desktop' THEN 1 ELSE 0 END) AS BIGINT) AS desktop
             FROM " SET " JOIN sessions e ON e.user_id = item.value ->> 'id'
             WHERE e.state IN ('assigned', 'active') GROUP BY e.server_id, e.user_id"
        );
        let users = set_of(users.iter().copied());
        for row in self.all_of("sessions", here, &users, vec![]).await? {
            if let Some(room) = rooms.get_mut(&row.get("id")?) {
                room.here.insert(row.get("user_id")?, row.get("desktop")?);
            }
        }
        Ok(rooms)
    }

    async fn queue(&mut self, book: &mut Book, session: &NewSession) -> Result<SeatOutcome> {
        let refused = self.refused(book, session).await?;
        Ok(refused.unwrap_or_else(|| {
            book.add(session, None);
            SeatOutcome::Done
        }))
    }

    async fn seat_new(
        &mut self,
        book: &mut Book,
        session: &NewSession,
        server: ServerId,
    ) -> Result<SeatOutcome> {
        if let Some(refused) = self.refused(book, session).await? {
            return Ok(refused);
        }
        let room = book.rooms.get_mut(&server);
        let taken = room.and_then(|room| room.take(session.pool, session.user, &session.kind));
        let Some(access_seq) = taken else {
            return Ok(SeatOutcome::Stale);
        };
        book.add(session, Some((server, access_seq)));
        Ok(SeatOutcome::Done)
    }

    /// Sessions that wait or are open count against the quota, and every one of the last minute against the pace. Certain
    /// only while the person is held. Who is gone is refused too.
    async fn refused(&mut self, book: &Book, session: &NewSession) -> Result<Option<SeatOutcome>> {
        let Some(person) = book.people.get(&session.user) else {
            return Ok(Some(SeatOutcome::Stale));
        };
        let asked = i64::try_from(person.asked.len()).unwrap_or(i64::MAX);
        if person.sessions + asked >= i64::from(book.limits.sessions) {
            return Ok(Some(SeatOutcome::QuotaReached));
        }
        let most = i64::from(book.limits.requests_per_minute);
        if person.lately + asked < most {
            return Ok(None);
        }
        // The request that makes room once it is a minute old. Those that are written now are the newest.
        let first = if let Ok(at) = usize::try_from(asked - most) {
            person.asked[at]
        } else {
            let sql = "SELECT id, requested_at FROM sessions WHERE user_id = $1
                       ORDER BY requested_at DESC LIMIT 1 OFFSET $2";
            let row = self
                .one("sessions", sql, args![session.user, most - 1 - asked])
                .await?;
            row.ok_or(StoreError::NotFound)?.get("requested_at")?
        };
        let again_at = Timestamp::plus_millis(first, MINUTE_MILLIS);
        Ok(Some(SeatOutcome::TooFast(again_at)))
    }

    /// Writes what was decided.
    async fn close_book(&mut self, book: Book) -> Result<()> {
        let changed = book.rooms.iter().filter(|(_, room)| room.is_changed);
        let changed: Vec<Item> = changed
            .map(|(id, room)| {
                item! { "id": *id, "access_wanted": room.access_wanted, "first_user": room.first_user }
            })
            .collect();
        let servers = of_set!(
            "UPDATE servers SET access_wanted = CAST(item.value ->> 'access_wanted' AS BIGINT),
                first_user = item.value ->> 'first_user'
             FROM " SET " WHERE servers.id = item.value ->> 'id'"
        );
        self.run_of(servers, &changed).await?;
        let new = of_set!(
            "INSERT INTO sessions (id, pool_id, user_id, server_id, kind, app, protocol, state, requested_at, expires_at,
                assigned_at, access_seq, version)
             SELECT item.value ->> 'id', item.value ->> 'pool_id', item.value ->> 'user_id', item.value ->> 'server_id',
                item.value ->> 'kind', item.value ->> 'app', item.value ->> 'protocol', item.value ->> 'state',
                CAST(item.value ->> 'requested_at' AS BIGINT), CAST(item.value ->> 'expires_at' AS BIGINT),
                CAST(item.value ->> 'assigned_at' AS BIGINT), CAST(item.value ->> 'access_seq' AS BIGINT), 1
             FROM " SET
        );
        self.run_of(new, &book.new)
            .await
            .map_err(stale_if_duplicate)?;
        let seated = of_set!(
            "UPDATE sessions SET state = 'assigned', server_id = item.value ->> 'server_id',
                assigned_at = CAST(item.value ->> 'assigned_at' AS BIGINT),
                expires_at = CAST(item.value ->> 'expires_at' AS BIGINT),
                access_seq = CAST(item.value ->> 'access_seq' AS BIGINT), version = version + 1
             FROM " SET " WHERE sessions.id = item.value ->> 'id' AND sessions.state = 'queued'"
        );
        let done = self
            .run_of(seated, &book.seated)
            .await
            .map_err(stale_if_duplicate)?;
        // Cancelled this very moment: the seat that was taken for it must not stay taken.
        if usize::try_from(done) == Ok(book.seated.len()) {
            Ok(())
        } else {
            Err(StoreError::StaleVersion)
        }
    }
}

fn room(row: &Row) -> Result<Room> {
    Ok(Room {
        pool: row.get("pool_id")?,
        protocol: row.get("protocol")?,
        reusable: row.get("reusable")?,
        max_sessions: row.get("max_sessions")?,
        max_users: row.get("max_users")?,
        access_wanted: row.get("access_wanted")?,
        personal_keys: row.get("personal_keys")?,
        first_user: row.get("first_user")?,
        sessions: row.get("sessions")?,
        users: row.get("users")?,
        here: BTreeMap::new(),
        is_changed: false,
    })
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

/// Two decisions that meet in the rule of one desktop: plan again.
fn stale_if_duplicate(error: StoreError) -> StoreError {
    match error {
        StoreError::Duplicate { .. } => StoreError::StaleVersion,
        error => error,
    }
}
