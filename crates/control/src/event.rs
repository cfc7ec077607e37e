//! Live events: what has changed, for pages that look again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::actor::Actor;
use domain::event::{ChangeEvent, EventNoun};
use domain::id::PoolId;
use tokio::sync::broadcast;

use crate::plane::ControlPlane;

/// Events kept for a page that was away for a moment.
const KEPT: usize = 1024;

/// The stream of events of this process.
pub(crate) struct Events {
    sender: broadcast::Sender<ChangeEvent>,
    recent: Mutex<VecDeque<ChangeEvent>>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(KEPT).0,
            recent: Mutex::new(VecDeque::with_capacity(KEPT)),
        }
    }

    /// Sends the event that `make` builds from its sequence number.
    pub(crate) fn send(&self, make: impl FnOnce(u64) -> ChangeEvent) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let event = make(recent.back().map_or(1, |last| last.sequence + 1));
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(event.clone());
        // No receiver is no error: nobody looks at a page just now.
        let _ = self.sender.send(event);
    }
}

/// What a page gets when it begins to listen.
pub struct Subscription {
    /// Events since the one the page saw last; none where that is too long ago or of an earlier run of the process:
    /// then the page reads everything again.
    pub missed: Option<Vec<ChangeEvent>>,
    /// The sequence number of the newest event so far.
    pub newest: u64,
    /// What comes from now on. A receiver that lags behind reads everything again too.
    pub receiver: broadcast::Receiver<ChangeEvent>,
}

/// The sequence number of the newest event; 0 where there was none yet.
pub fn newest(plane: &ControlPlane) -> u64 {
    let events = &plane.inner().events;
    let recent = events.recent.lock().unwrap_or_else(PoisonError::into_inner);
    recent.back().map_or(0, |last| last.sequence)
}

/// Begins to listen, after the event with the sequence number `last_seen`.
pub fn subscribe(plane: &ControlPlane, last_seen: Option<u64>) -> Subscription {
    let events = &plane.inner().events;
    let recent = events.recent.lock().unwrap_or_else(PoisonError::into_inner);
    let receiver = events.sender.subscribe();
    let first = recent.front().map_or(1, |first| first.sequence);
    let newest = recent.back().map_or(0, |last| last.sequence);
    let missed = match last_seen {
        None => Some(Vec::new()),
        Some(seen) if seen.saturating_add(1) >= first && seen <= newest => Some(
            recent
                .iter()
                .filter(|event| event.sequence > seen)
                .cloned()
                .collect(),
        ),
        Some(_) => None,
    };
    Subscription {
        missed,
        newest,
        receiver,
    }
}

/// How somebody hears of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// As it is.
    Whole(ChangeEvent),
    /// Only that the free seats of this pool may have changed. There can be many of these, and one a while says the same.
    Seats(PoolId, ChangeEvent),
    /// Not at all.
    Not,
}

/// An event as this actor may hear it: admins hear of all, people of their own sessions and of pools. Of servers and of
/// other people's sessions they hear that the pool has changed, for its free seats have.
pub fn as_heard_by(actor: &Actor, event: ChangeEvent) -> Heard {
    let is_own = event.user_id.is_some() && event.user_id == actor.user();
    match (event.noun, event.pool_id) {
        _ if actor.is_admin() => Heard::Whole(event),
        (EventNoun::Pool, _) => Heard::Whole(event),
        (EventNoun::Session, _) if is_own => Heard::Whole(event),
        (EventNoun::Session | EventNoun::Server, Some(pool)) => {
            let event = ChangeEvent {
                noun: EventNoun::Pool,
                id: pool.to_string(),
                ..event
            };
            Heard::Seats(pool, event)
        }
        _ => Heard::Not,
    }
}
