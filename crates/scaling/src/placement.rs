//! Who gets which seat, who waits and who is turned away.
//!
//! The queue is served by request time; a later request passes an earlier one only where the earlier cannot take that
//! seat. Of the servers that can take a request, the one with the fewest open sessions wins, then the lower id.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{ServerId, UserId};
use domain::plan::{Action, Finding, Outcome, Placement, Reason};
use domain::snapshot::{PoolSnapshot, Waiter};
use domain::timestamp::Timestamp;

use crate::capacity::{self, Room, Zones};
use crate::tick::Tick;

/// What becomes of everyone who waits and of these new requests: one answer each, the queue first.
///
/// Who waits already is seated or waits on; only a new request can be refused. A wait that is over at `now` is left
/// out: it takes no seat, and the next tick ends it.
pub fn place(pool: &PoolSnapshot, newcomers: &[Waiter], now: Timestamp) -> Vec<Placement> {
    let mut rooms = capacity::rooms(pool);
    for session in &pool.sessions {
        if let Some(at) = capacity::position(&rooms, session.server) {
            rooms[at].enter(session.user, &session.kind);
        }
    }
    let in_flight = Zones::of(pool, &rooms).in_flight();
    let mut aggressive = pool
        .configs
        .iter()
        .filter(|config| config.enabled && config.aggressive)
        .peekable();
    let may_wait = aggressive.peek().is_some();
    let will_grow = aggressive.any(capacity::is_effective);

    let line = pool.queue.iter().chain(newcomers);
    let mut seating = Seating::new(&mut rooms, line);
    let mut spoken_for = 0;
    let waiting = still_waiting(pool, now).map(|waiter| (waiter, false));
    let new = newcomers.iter().map(|waiter| (waiter, true));
    waiting
        .chain(new)
        .map(|(waiter, is_new)| {
            let (outcome, reason) = if let Some(server) = seating.seat(waiter) {
                (Outcome::Seat(server), Reason::AssignedFreeSeat)
            } else if spoken_for < in_flight {
                spoken_for += 1;
                (Outcome::Queue, Reason::QueuedInFlight)
            } else if will_grow {
                (Outcome::Queue, Reason::QueuedAggressive)
            } else if may_wait || !is_new {
                (Outcome::Queue, Reason::QueuedHeld)
            } else {
                (Outcome::Refuse, Reason::RefusedNoCapacityComing)
            };
            Placement {
                session: waiter.id,
                outcome,
                reason,
            }
        })
        .collect()
}

/// Seats the queue; returns who still waits.
pub(crate) fn seat_queue<'p>(
    pool: &'p PoolSnapshot,
    rooms: &mut [Room<'_>],
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<&'p Waiter> {
    if pool.queue.is_empty() {
        return Vec::new();
    }
    let mut seating = Seating::new(rooms, pool.queue.iter());
    let mut waiting = Vec::new();
    for waiter in still_waiting(pool, tick.now) {
        if let Some(server) = seating.seat(waiter) {
            let session = waiter.id;
            tick.act(Action::Seat { session, server }, Reason::AssignedFreeSeat);
            findings.push(
                Finding::new(Reason::AssignedFreeSeat, 1)
                    .of_session(session)
                    .of_server(server),
            );
        } else {
            waiting.push(waiter);
        }
    }
    waiting
}

/// Says of each who still waits whether a seat is on its way, those planned in this pass included. Growing was decided
/// before, so whoever has none waits for something that holds the pool back.
pub(crate) fn report_waiting(waiting: &[&Waiter], zones: &Zones, findings: &mut Vec<Finding>) {
    let in_flight = usize::try_from(zones.in_flight()).unwrap_or(usize::MAX);
    for (place, waiter) in waiting.iter().enumerate() {
        let reason = if place < in_flight {
            Reason::QueuedInFlight
        } else {
            Reason::QueuedHeld
        };
        findings.push(
            Finding::new(reason, 1)
                .of_session(waiter.id)
                .until(waiter.expires_at),
        );
    }
}

fn still_waiting(pool: &PoolSnapshot, now: Timestamp) -> impl Iterator<Item = &Waiter> {
    pool.queue
        .iter()
        .filter(move |waiter| waiter.expires_at > now)
}

/// Rooms in the order in which they are offered.
struct Seating<'r, 'a> {
    rooms: &'r mut [Room<'a>],
    /// (open sessions, position) of rooms with a seat for anyone; positions are in the order of ids.
    free: BTreeSet<(u32, usize)>,
    /// Where a person is already: there a further session may cost no user slot.
    known: BTreeMap<UserId, BTreeSet<usize>>,
}

impl<'r, 'a> Seating<'r, 'a> {
    /// Rooms for this line: only where its people are already is remembered.
    fn new<'w>(rooms: &'r mut [Room<'a>], line: impl Iterator<Item = &'w Waiter>) -> Self {
        let mut known: BTreeMap<_, BTreeSet<_>> =
            line.map(|waiter| (waiter.user, BTreeSet::new())).collect();
        let mut free = Vec::new();
        for (at, room) in rooms.iter().enumerate().filter(|(_, room)| room.is_open()) {
            if room.free_seats() > 0 {
                free.push((room.sessions, at));
            }
            for user in room.users() {
                if let Some(places) = known.get_mut(&user) {
                    places.insert(at);
                }
            }
        }
        Self {
            rooms,
            free: free.into_iter().collect(),
            known,
        }
    }

    fn seat(&mut self, waiter: &Waiter) -> Option<ServerId> {
        // Only rooms in which the person is already can refuse, so few are passed over.
        let free = self
            .free
            .iter()
            .copied()
            .find(|&(_, at)| self.rooms[at].takes(waiter.user, &waiter.kind));
        let known = self
            .known
            .get(&waiter.user)
            .into_iter()
            .flatten()
            .filter(|&&at| self.rooms[at].takes(waiter.user, &waiter.kind))
            .map(|&at| (self.rooms[at].sessions, at))
            .min();
        let (sessions, at) = free.into_iter().chain(known).min()?;
        self.free.remove(&(sessions, at));
        let room = &mut self.rooms[at];
        room.enter(waiter.user, &waiter.kind);
        if room.free_seats() > 0 {
            self.free.insert((room.sessions, at));
        }
        self.known.entry(waiter.user).or_default().insert(at);
        Some(room.server.id)
    }
}
