//! The gate: requests that arrive together, for whichever pools, are decided together (`docs/architecture.md`, the data's
//! way).
//!
//! Whoever finds the gate free leads: it takes the requests that have gathered, decides on one snapshot, writes one
//! transaction and answers all. The others wait for the leader's answer. Nothing is spawned and nothing sleeps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::sync::{Mutex, PoisonError};

use domain::id::PoolId;
use domain::plan::Outcome;
use domain::snapshot::Waiter;
use domain::timestamp::Timestamp;
use serde_json::json;
use store::{AuditEntry, NewSession, SeatOutcome, SeatWrite, StoreError};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::plane::ControlPlane;

/// Requests decided in one transaction.
const BATCH: usize = 50;
/// Decisions of one request before it is told that the database is too busy.
const ROUNDS: usize = 5;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It has its seat or its place in the queue.
    Admitted,
    /// No seat is free and none is coming.
    NoCapacityComing,
    /// The person has as many sessions as allowed.
    QuotaReached,
    /// The person has asked too often of late, and is let in again from this moment on.
    TooFast(Timestamp),
    /// Others were quicker again and again.
    TooBusy,
}

/// Where requests gather.
#[derive(Default)]
pub(crate) struct Gate {
    gathered: Mutex<VecDeque<Ticket>>,
    lead: tokio::sync::Mutex<()>,
}

struct Ticket {
    session: NewSession,
    audit: AuditEntry,
    answer: oneshot::Sender<Admission>,
}

/// Brings a request through the gate. It must be driven to its end: whoever leads decides for others too, so the faces run
/// it in a task of its own.
pub(crate) async fn enter(
    plane: &ControlPlane,
    session: NewSession,
    audit: AuditEntry,
) -> Result<Admission> {
    let gate = &plane.inner().gate;
    let (answer, mut answered) = oneshot::channel();
    let pool = session.pool;
    lock(&gate.gathered).push_back(Ticket {
        session,
        audit,
        answer,
    });
    loop {
        let lead = gate.lead.lock().await;
        match answered.try_recv() {
            Ok(admission) => return Ok(admission),
            // Whoever led has failed and is told why; the others may ask again.
            Err(oneshot::error::TryRecvError::Closed) => return Ok(Admission::TooBusy),
            Err(oneshot::error::TryRecvError::Empty) => {}
        }
        let batch: Vec<Ticket> = {
            let mut gathered = lock(&gate.gathered);
            let count = gathered.len().min(BATCH);
            gathered.drain(..count).collect()
        };
        let failed = decide_all(plane, batch, pool).await;
        drop(lead);
        match answered.try_recv() {
            Ok(admission) => return Ok(admission),
            Err(oneshot::error::TryRecvError::Closed) => {
                return failed.map_or(Ok(Admission::TooBusy), Err);
            }
            // Whoever came first was decided first; this request is still to come, whatever became of theirs.
            Err(oneshot::error::TryRecvError::Empty) => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Decides about all together. Where that fails, each pool's requests are decided by themselves: one row that cannot be
/// read, or a pool that goes this very moment, holds up nobody else. Gives back what concerns the pool `own`.
async fn decide_all(plane: &ControlPlane, mut batch: Vec<Ticket>, own: PoolId) -> Option<Error> {
    let error = decide(plane, &mut batch).await.err()?;
    let mut pools: BTreeMap<PoolId, Vec<Ticket>> = BTreeMap::new();
    for ticket in batch {
        pools.entry(ticket.session.pool).or_default().push(ticket);
    }
    // Where the database does not answer, asking it again for each pool only takes longer.
    if pools.len() == 1 || matches!(error, Error::Store(StoreError::Unavailable(_))) {
        return Some(error);
    }
    let mut failed = None;
    for (pool, mut apart) in pools {
        let done = decide(plane, &mut apart).await;
        if pool == own {
            failed = done.err();
        }
    }
    failed
}

/// Decides about a batch. Those that an error leaves without an answer stay in it.
async fn decide(plane: &ControlPlane, batch: &mut Vec<Ticket>) -> Result<()> {
    for _ in 0..ROUNDS {
        if batch.is_empty() {
            return Ok(());
        }
        let now = plane.now();
        let ids: BTreeSet<PoolId> = batch.iter().map(|ticket| ticket.session.pool).collect();
        let pools = plane.store().pool_snapshots(&ids).await?;
        if pools.len() < ids.len() {
            return Err(crate::error::not_found("pool"));
        }
        let mut placements = BTreeMap::new();
        for pool in &pools {
            let tickets = batch.iter().filter(|ticket| ticket.session.pool == pool.id);
            let newcomers: Vec<Waiter> = tickets.map(|ticket| waiter(&ticket.session)).collect();
            let placed = scaling::place(pool, &newcomers, now).into_iter();
            placements.extend(placed.map(|placement| (placement.session, placement)));
        }
        let mut writes = Vec::new();
        let mut written = Vec::new();
        for mut ticket in mem::take(batch) {
            let placement = placements.get(&ticket.session.id);
            if let Some(placement) = placement {
                ticket.audit.detail["reason"] = json!(placement.reason);
            }
            match placement.map(|placement| placement.outcome) {
                Some(Outcome::Seat(server)) => {
                    writes.push(SeatWrite::SeatNew(
                        seated(plane, &ticket.session, now),
                        server,
                    ));
                    written.push(ticket);
                }
                Some(Outcome::Queue) => {
                    writes.push(SeatWrite::Queue(ticket.session.clone()));
                    written.push(ticket);
                }
                Some(Outcome::Refuse) | None => answer(ticket, Admission::NoCapacityComing),
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        let audits = written.iter().map(|ticket| ticket.audit.clone()).collect();
        let limits = plane.settings().person;
        let outcomes = match plane.store().seat(None, writes, limits, now, audits).await {
            Ok(outcomes) => outcomes,
            // Nothing of this round is written: look again.
            Err(StoreError::StaleVersion) => {
                *batch = written;
                continue;
            }
            Err(error) => {
                *batch = written;
                return Err(error.into());
            }
        };
        for (ticket, outcome) in written.into_iter().zip(outcomes) {
            match outcome {
                SeatOutcome::Done => answer(ticket, Admission::Admitted),
                SeatOutcome::QuotaReached => answer(ticket, Admission::QuotaReached),
                SeatOutcome::TooFast(until) => answer(ticket, Admission::TooFast(until)),
                SeatOutcome::Stale => batch.push(ticket),
            }
        }
    }
    for ticket in batch.drain(..) {
        answer(ticket, Admission::TooBusy);
    }
    Ok(())
}

/// The session as it begins when there is a seat at once: its own time runs, not the queue's.
fn seated(plane: &ControlPlane, session: &NewSession, now: Timestamp) -> NewSession {
    NewSession {
        expires_at: now.plus_secs(plane.settings().session_secs),
        ..session.clone()
    }
}

fn waiter(session: &NewSession) -> Waiter {
    Waiter {
        id: session.id,
        user: session.user,
        kind: session.kind.clone(),
        requested_at: session.requested_at,
        expires_at: session.expires_at,
    }
}

fn answer(ticket: Ticket, admission: Admission) {
    // The asker may have gone; the session is in the database all the same.
    let _ = ticket.answer.send(admission);
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::task::Poll;

    use domain::actor::{Actor, Role};
    use domain::clock::{Clock, Entropy};
    use domain::connection::Protocol;
    use domain::id::{DeploymentId, GenerationId, ProviderId, SessionId};
    use domain::pool::PoolInput;
    use domain::provider::ProviderKind;
    use domain::server::{FixedServerInput, SeatLimits};
    use domain::session::SessionKind;
    use domain::user::UserInput;
    use domain::zone::ZoneInput;
    use providers::{Provider, ProviderError, Providers, Saved, Secrets};
    use serde_json::{Map, Value};
    use store::{DatabaseUrl, MasterKey, Store};

    use super::*;
    use crate::checkin_token::CheckinTokens;
    use crate::plane::Parts;

    const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);
    const ME: &Actor = &Actor::System;

    /// A clock that stands, chance that counts, and no provider.
    #[derive(Default)]
    struct Nothing(AtomicU8);

    impl Clock for Nothing {
        fn now(&self) -> Timestamp {
            NOW
        }
    }

    impl Entropy for Nothing {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    impl Providers for Nothing {
        fn opened(&self, _: ProviderId, _: i64) -> Option<Arc<dyn Provider>> {
            None
        }

        fn open(
            &self,
            _: Saved<'_>,
            _: &Secrets,
        ) -> std::result::Result<Arc<dyn Provider>, ProviderError> {
            Err(ProviderError::Unavailable("there is none".to_owned()))
        }

        fn unsaved(
            &self,
            _: ProviderKind,
            _: &Map<String, Value>,
            _: &Secrets,
        ) -> std::result::Result<Arc<dyn Provider>, ProviderError> {
            Err(ProviderError::Unavailable("there is none".to_owned()))
        }
    }

    async fn plane() -> ControlPlane {
        let nothing = Arc::new(Nothing::default());
        let deployment = DeploymentId::new(&*nothing, &*nothing);
        let key = MasterKey::from_bytes([7; 32]);
        let store = Store::open(
            &DatabaseUrl::SqliteMemory,
            &key,
            deployment,
            GenerationId::new(&*nothing, &*nothing),
            NOW,
            nothing.clone(),
        );
        ControlPlane::new(Parts {
            store: store.await.expect("a store"),
            deployment,
            clock: nothing.clone(),
            entropy: nothing.clone(),
            providers: nothing,
            tokens: CheckinTokens::new(&[7; 32], deployment),
            settings: crate::Settings::default(),
            holder: "weir".to_owned(),
        })
    }

    /// A pool with one server that has one seat.
    async fn pool(plane: &ControlPlane, name: &str) -> PoolId {
        let input = PoolInput {
            name: name.to_owned(),
            description: String::new(),
            apps: Vec::new(),
        };
        let pool = crate::pool::create(plane, ME, input).await.expect("a pool");
        let zone = ZoneInput {
            name: name.to_owned(),
            upstream_auth_address: "weir.example".to_owned(),
        };
        let zone = crate::zone::create(plane, ME, zone).await.expect("a zone");
        let server = FixedServerInput {
            name: name.to_lowercase(),
            pool_id: pool.id,
            zone_id: zone.id,
            protocol: Protocol::Vnc,
            host: "10.0.0.1".to_owned(),
            port: 5900,
            username: None,
            password: None,
            private_key: None,
            private_key_passphrase: None,
            limits: SeatLimits {
                max_sessions: 1,
                max_users: None,
            },
            host_key: None,
        };
        let server = crate::server::create_fixed(plane, ME, server).await;
        server.expect("a server");
        pool.id
    }

    async fn look<F: Future>(future: &mut std::pin::Pin<&mut F>) -> Poll<F::Output> {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
    }

    #[tokio::test]
    async fn who_gathers_is_decided_together_and_a_broken_pool_holds_up_nobody_else() {
        let plane = plane().await;
        let (desks, shells) = (pool(&plane, "Desks").await, pool(&plane, "Shells").await);
        let gone = PoolId::new(plane.clock(), plane.entropy());
        let person = UserInput {
            name: "ada".to_owned(),
            role: Role::User,
            password: None,
        };
        let user = crate::user::create(&plane, ME, person).await.expect("ada");
        let ask = |pool| {
            let session = NewSession {
                id: SessionId::new(plane.clock(), plane.entropy()),
                pool,
                user: user.id,
                kind: SessionKind::Desktop,
                protocol: Protocol::Vnc,
                requested_at: NOW,
                expires_at: NOW.plus_secs(60),
            };
            let audit = plane.audit(ME, "session.request", session.id, json!({}));
            enter(&plane, session, audit)
        };
        // While somebody leads, all others gather.
        let lead = plane.inner().gate.lead.lock().await;
        let mut asked = [desks, desks, gone, shells].map(|pool| Box::pin(ask(pool)));
        for one in &mut asked {
            assert!(look(&mut pin!(one)).await.is_pending());
        }
        drop(lead);
        let [first, second, third, fourth] = asked;
        assert_eq!(first.await.expect("told"), Admission::Admitted);
        assert_eq!(second.await.expect("told"), Admission::NoCapacityComing);
        // Whoever leads is told what failed for others only where it is its own: this one may ask again.
        assert_eq!(third.await.expect("told"), Admission::TooBusy);
        assert_eq!(fourth.await.expect("told"), Admission::Admitted);
        assert!(ask(gone).await.is_err(), "by itself it is told why");
    }
}
