//! The pool's gate: requests that arrive together are decided together (`docs/architecture.md`, the data's way).
//!
//! Whoever finds the gate free leads: it takes the requests that have gathered, decides on one snapshot, writes one
//! transaction and answers all. The others wait for the leader's answer. Nothing is spawned and nothing sleeps.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::PoolId;
use domain::plan::Outcome;
use domain::snapshot::Waiter;
use domain::timestamp::Timestamp;
use serde_json::json;
use store::{AuditEntry, NewSession, SeatOutcome, SeatWrite};
use tokio::sync::oneshot;

use crate::error::Result;
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

/// The gate of one pool.
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

/// Brings a request through the gate of its pool. It must be driven to its end: whoever leads decides for others too, so
/// the faces run it in a task of its own.
pub(crate) async fn enter(
    plane: &ControlPlane,
    session: NewSession,
    audit: AuditEntry,
) -> Result<Admission> {
    let gate = gate_of(plane, session.pool);
    let (answer, mut answered) = oneshot::channel();
    let (id, pool) = (session.id, session.pool);
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
        if let Err(error) = decide(plane, pool, batch).await {
            // It failed for others.
            if let Ok(admission) = answered.try_recv() {
                return Ok(admission);
            }
            // Who is told of a failure must not be let in later by somebody else.
            lock(&gate.gathered).retain(|ticket| ticket.session.id != id);
            return Err(error);
        }
        drop(lead);
    }
}

fn gate_of(plane: &ControlPlane, pool: PoolId) -> Arc<Gate> {
    Arc::clone(lock(&plane.inner().gates).entry(pool).or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn decide(plane: &ControlPlane, pool: PoolId, mut batch: Vec<Ticket>) -> Result<()> {
    for _ in 0..ROUNDS {
        if batch.is_empty() {
            return Ok(());
        }
        let now = plane.now();
        let snapshot = plane.store().snapshot(Some(pool), now).await?;
        let Some(view) = snapshot.pools.iter().find(|view| view.id == pool) else {
            return Err(crate::error::not_found("pool"));
        };
        let newcomers: Vec<Waiter> = batch.iter().map(|ticket| waiter(&ticket.session)).collect();
        let placements = scaling::place(view, &newcomers, now);
        let mut writes = Vec::new();
        let mut written = Vec::new();
        let mut refused = Vec::new();
        for mut ticket in batch {
            let placement = placements
                .iter()
                .find(|placement| placement.session == ticket.session.id);
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
                Some(Outcome::Refuse) | None => refused.push(ticket),
            }
        }
        for ticket in refused {
            answer(ticket, Admission::NoCapacityComing);
        }
        if writes.is_empty() {
            return Ok(());
        }
        let audits = written.iter().map(|ticket| ticket.audit.clone()).collect();
        let limits = plane.settings().person;
        let outcomes = match plane
            .store()
            .seat(None, pool, writes, limits, now, audits)
            .await
        {
            Ok(outcomes) => outcomes,
            // Nothing of this round is written: look again.
            Err(store::StoreError::StaleVersion) => {
                batch = written;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        batch = Vec::new();
        for (ticket, outcome) in written.into_iter().zip(outcomes) {
            match outcome {
                SeatOutcome::Done => answer(ticket, Admission::Admitted),
                SeatOutcome::QuotaReached => answer(ticket, Admission::QuotaReached),
                SeatOutcome::TooFast(until) => answer(ticket, Admission::TooFast(until)),
                SeatOutcome::Stale => batch.push(ticket),
            }
        }
    }
    for ticket in batch {
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
