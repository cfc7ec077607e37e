//! How many sessions servers can take: one by one (a room), and summed by zone.
//!
//! Capacity is the lower of free sessions and free users: each new session may be a new person. An untouched
//! single-use server is one seat, whatever its limits.

use std::collections::BTreeMap;

use domain::connection::Protocol;
use domain::id::{ServerId, UserId, ZoneId};
use domain::server::ServerState;
use domain::session::SessionKind;
use domain::snapshot::{ConfigSnapshot, MachineState, PoolSnapshot, ServerSnapshot, Sighting};

/// A server with the people on it.
pub(crate) struct Room<'a> {
    pub(crate) server: &'a ServerSnapshot,
    /// Open sessions.
    pub(crate) sessions: u32,
    /// The machine is proven to be lost.
    pub(crate) is_lost: bool,
    /// It takes nobody in any more: it fails or drains in this pass.
    pub(crate) is_leaving: bool,
    /// Who is on it, and whether they have a desktop there.
    people: BTreeMap<UserId, bool>,
    /// The only person a single-use server serves.
    owner: Option<UserId>,
}

/// The pool's servers, ordered by id, without people.
pub(crate) fn rooms(pool: &PoolSnapshot) -> Vec<Room<'_>> {
    let mut rooms: Vec<_> = pool
        .servers
        .iter()
        .map(|server| Room {
            server,
            sessions: 0,
            is_lost: false,
            is_leaving: false,
            people: BTreeMap::new(),
            owner: server.first_user,
        })
        .collect();
    rooms.sort_by_key(|room| room.server.id);
    rooms
}

/// The room of a server among rooms ordered by id.
pub(crate) fn position(rooms: &[Room<'_>], server: ServerId) -> Option<usize> {
    rooms
        .binary_search_by_key(&server, |room| room.server.id)
        .ok()
}

impl Room<'_> {
    /// A person's session takes a seat.
    pub(crate) fn enter(&mut self, user: UserId, kind: &SessionKind) {
        self.sessions += 1;
        self.owner.get_or_insert(user);
        *self.people.entry(user).or_default() |= matches!(kind, SessionKind::Desktop);
    }

    /// The people on it.
    pub(crate) fn users(&self) -> impl Iterator<Item = UserId> {
        self.people.keys().copied()
    }

    /// Takes people in.
    pub(crate) const fn is_open(&self) -> bool {
        self.server.state.is_running() && !self.is_leaving
    }

    /// A single-use server that has served its person.
    pub(crate) const fn is_used_up(&self) -> bool {
        !self.server.reusable && self.owner.is_some() && self.sessions == 0
    }

    /// Free seats in the worst case: each new session a new person.
    pub(crate) fn free_seats(&self) -> u32 {
        if !self.is_open() {
            0
        } else if self.server.reusable {
            let users = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
            self.server.limits.free(self.sessions, users)
        } else {
            u32::from(self.owner.is_none())
        }
    }

    /// Seats it will have, while it is on its way. One whose create call was not answered counts as soon as a list shows
    /// its machine.
    pub(crate) fn seats_in_flight(&self) -> u32 {
        let is_found = matches!(
            (&self.server.state, &self.server.sighting),
            (ServerState::Unknown, Sighting::Present { state, .. }) if *state != MachineState::Broken
        );
        if (self.server.state.is_in_flight() || is_found) && !self.is_leaving {
            seats_when_new(self.server)
        } else {
            0
        }
    }

    /// Whether this person can open this here now.
    pub(crate) fn takes(&self, user: UserId, kind: &SessionKind) -> bool {
        if !self.is_open() || self.sessions >= self.server.limits.max_sessions {
            return false;
        }
        let desktop = self.people.get(&user);
        // Who is here already costs no user slot; a limit that was lowered meanwhile holds for them too.
        let has_place = match desktop {
            None => self.free_seats() > 0,
            Some(_) if self.server.reusable => {
                let max_users = self.server.limits.max_users.unwrap_or(u32::MAX);
                u32::try_from(self.people.len()).is_ok_and(|users| users <= max_users)
            }
            Some(_) => self.owner == Some(user) && self.people.len() == 1,
        };
        let is_second_desktop = self.server.protocol == Protocol::Rdp
            && matches!(kind, SessionKind::Desktop)
            && desktop == Some(&true);
        has_place && !is_second_desktop
    }
}

/// Seats of a server that nobody has used.
fn seats_when_new(server: &ServerSnapshot) -> u32 {
    if server.reusable {
        server.limits.seats()
    } else {
        1
    }
}

/// Whether what is planned for the config's servers is also done.
pub(crate) const fn is_effective(config: &ConfigSnapshot) -> bool {
    config.enabled && !config.dry_run
}

/// What a zone of the pool has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Zone {
    /// Free seats of running servers.
    pub(crate) free: u32,
    /// Seats of servers on their way, planned ones included.
    pub(crate) in_flight: u32,
    /// The largest minimum of its effective configs: one zone keeps one.
    pub(crate) minimum: u32,
}

impl Zone {
    /// Seats in flight that this zone's own minimum does not need: they serve who waits.
    const fn to_spare(self) -> u32 {
        self.in_flight
            .saturating_sub(self.minimum.saturating_sub(self.free))
    }
}

/// The zones of a pool.
pub(crate) struct Zones {
    by_id: BTreeMap<ZoneId, Zone>,
}

impl Zones {
    /// Sums up by zone, after this pass's seating.
    pub(crate) fn of(pool: &PoolSnapshot, rooms: &[Room<'_>]) -> Self {
        let mut by_id: BTreeMap<ZoneId, Zone> = BTreeMap::new();
        for room in rooms {
            let zone = by_id.entry(room.server.zone).or_default();
            zone.free = zone.free.saturating_add(room.free_seats());
            zone.in_flight = zone.in_flight.saturating_add(room.seats_in_flight());
        }
        for config in &pool.configs {
            let zone = by_id.entry(config.zone).or_default();
            if is_effective(config) {
                zone.minimum = zone.minimum.max(config.minimum);
            }
        }
        Self { by_id }
    }

    pub(crate) fn get(&self, id: ZoneId) -> Zone {
        self.by_id.get(&id).copied().unwrap_or_default()
    }

    pub(crate) fn get_mut(&mut self, id: ZoneId) -> &mut Zone {
        self.by_id.entry(id).or_default()
    }

    /// People who wait and whom no other zone's seats in flight will serve.
    pub(crate) fn waiting_for(&self, zone: ZoneId, waiting: u32) -> u32 {
        self.by_id
            .iter()
            .filter(|&(&id, _)| id != zone)
            .fold(waiting, |left, (_, other)| {
                left.saturating_sub(other.to_spare())
            })
    }

    /// Seats in flight of the whole pool.
    pub(crate) fn in_flight(&self) -> u32 {
        self.by_id
            .values()
            .fold(0, |sum, zone| sum.saturating_add(zone.in_flight))
    }
}
