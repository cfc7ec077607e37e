//! Live events: what has changed, for pages that look again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::actor::Actor;
use domain::event::{ChangeEvent, EventNoun};
use domain::id::PoolId;
use tokio::sync::broadcast;

use crate::plane::ControlPlane;

/// Events kept for a page that was away for a moment.
const KEPT: usize = 1024;

/// What those who listen get.
#[derive(Debug, Clone)]
pub enum News {
    /// Something has changed.
    Change(ChangeEvent),
    /// Nobody knows what has changed: everything is to be read again.
    Everything,
}

/// The stream of events of this process.
pub(crate) struct Events {
    sender: broadcast::Sender<News>,
    recent: Mutex<Recent>,
}

struct Recent {
    kept: VecDeque<ChangeEvent>,
    newest: u64,
}

impl Recent {
    fn first(&self) -> u64 {
        self.kept
            .front()
            .map_or(self.newest + 1, |first| first.sequence)
    }
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(KEPT).0,
            recent: Mutex::new(Recent {
                kept: VecDeque::with_capacity(KEPT),
                newest: 0,
            }),
        }
    }

    /// Sends the event that `make` builds from its sequence number.
    pub(crate) fn send(&self, make: impl FnOnce(u64) -> ChangeEvent) {
        let mut recent = self.lock();
        recent.newest += 1;
        let event = make(recent.newest);
        if recent.kept.len() == KEPT {
            recent.kept.pop_front();
        }
        recent.kept.push_back(event.clone());
        // No receiver is no error: nobody looks at a page just now.
        let _ = self.sender.send(News::Change(event));
    }

    /// Changes may have been missed: whoever listens, or comes back, reads everything again.
    pub(crate) fn gap(&self) {
        let mut recent = self.lock();
        recent.newest += 1;
        recent.kept.clear();
        let _ = self.sender.send(News::Everything);
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub receiver: broadcast::Receiver<News>,
}

/// The sequence number of the newest event; 0 where there was none yet.
pub fn newest(plane: &ControlPlane) -> u64 {
    plane.inner().events.lock().newest
}

/// Begins to listen, after the event with the sequence number `last_seen`.
pub fn subscribe(plane: &ControlPlane, last_seen: Option<u64>) -> Subscription {
    let events = &plane.inner().events;
    let recent = events.lock();
    let receiver = events.sender.subscribe();
    let (first, newest) = (recent.first(), recent.newest);
    let missed = match last_seen {
        None => Some(Vec::new()),
        Some(seen) if seen.saturating_add(1) >= first && seen <= newest => Some(
            recent
                .kept
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
