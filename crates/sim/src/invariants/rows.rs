//! Invariants of rows and machines, from look to look.

use std::collections::BTreeSet;

use domain::connection::Protocol;
use domain::id::{ServerId, SessionId, UserId};
use domain::server::{DrainReason, FailReason, ServerState};
use domain::session::{EndReason, SessionKind, SessionState};
use domain::snapshot::{OpenSession, PoolSnapshot, ServerSnapshot, Waiter};

use super::{Gone, Invariant, Look, Violation, Watch};

/// Where each session is: on a server, or in the queue.
pub(super) fn places(look: &Look) -> impl Iterator<Item = (SessionId, Option<ServerId>)> {
    look.stored.pools.iter().flat_map(|pool| {
        let waiting = pool.queue.iter().map(|waiter| (waiter.id, None));
        let open = pool.sessions.iter();
        waiting.chain(open.map(|session| (session.id, Some(session.server))))
    })
}

/// All sessions that are there, in order.
pub(super) fn sessions(look: &Look) -> Vec<SessionId> {
    let mut ids: Vec<SessionId> = places(look).map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids
}

/// All servers that are there, in order.
pub(super) fn servers(look: &Look) -> Vec<ServerId> {
    let mut ids: Vec<ServerId> = look.servers().map(|(_, server)| server.id).collect();
    ids.sort_unstable();
    ids
}

impl Watch {
    /// Judges what is seen after an event, and remembers it for the next.
    pub fn look(&mut self, look: &Look, gone: &Gone) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut violated = |invariant, what| found.push(Violation::new(look.now, invariant, what));
        self.sessions_are_kept(look, gone, &mut violated);
        // Before the seats, which tell whom a single-use server serves from now on.
        if look.acts == 0 {
            self.line.order(look, &self.owners, &mut violated);
        }
        self.line.remember(look);
        self.seats(look, &mut violated);
        self.lives(look, gone, &mut violated);
        self.breakers
            .judge(look, gone, &self.servers, &mut violated);
        self.surplus.judge(look, &mut violated);
        self.money(look, &mut violated);
        self.losses(look, gone, &mut violated);
        if look.is_tick && !look.is_edit {
            self.need(look, &mut violated);
        }
        if look.is_settled && look.acts == 0 {
            waiting(look, &mut violated);
        }
        self.sessions
            .retain(|id, _| !gone.sessions.contains_key(id));
        self.sessions.extend(places(look));
        let alive = servers(look);
        self.servers.retain(|id, _| alive.binary_search(id).is_ok());
        for (_, server) in look.servers() {
            if self.servers.get(&server.id) != Some(&server.state) {
                self.servers.insert(server.id, server.state.clone());
            }
        }
        found
    }

    fn sessions_are_kept(
        &self,
        look: &Look,
        gone: &Gone,
        violated: &mut impl FnMut(Invariant, String),
    ) {
        for (id, row) in &gone.sessions {
            match row.as_ref().map(|row| &row.state) {
                Some(SessionState::Ended {
                    how: EndReason::ServerLost,
                    server_id: Some(server),
                    ..
                }) => {
                    if let Some(machine) = look.working(*server).next() {
                        let what =
                            format!("{id} ended as lost, and {} of {server} works", machine.id.0);
                        violated(Invariant::NoLossOnDoubt, what);
                    }
                }
                Some(SessionState::Ended { .. }) => {}
                other => violated(Invariant::NoSessionLost, format!("{id} is {other:?}")),
            }
        }
        for ids in sessions(look).windows(2) {
            if let [id, same] = ids
                && id == same
            {
                violated(Invariant::SeatedOnce, format!("{id} has two places"));
            }
        }
        for pool in &look.stored.pools {
            for session in &pool.sessions {
                let before = self.sessions.get(&session.id).copied().flatten();
                if before.is_some_and(|server| server != session.server) {
                    let what = format!("{} moved to {}", session.id, session.server);
                    violated(Invariant::SeatedOnce, what);
                }
            }
        }
    }

    /// What holds for those who were seated since the last look.
    fn seats(&mut self, look: &Look, violated: &mut impl FnMut(Invariant, String)) {
        for (pool, server) in look.servers() {
            let on: Vec<&OpenSession> = sessions_on(pool, server.id).collect();
            let is_new = |session: &&&OpenSession| {
                self.sessions.get(&session.id).copied().flatten() != Some(server.id)
            };
            let new: Vec<&OpenSession> = on.iter().filter(is_new).copied().collect();
            if !look.is_edit && !new.is_empty() {
                for what in above_limits(server, &on) {
                    violated(Invariant::LimitsHold, what);
                }
            }
            if !server.reusable {
                for session in &on {
                    let owner = self.owners.entry(server.id).or_insert(session.user);
                    if *owner != session.user {
                        let what = format!("{} has served {owner} and {}", server.id, session.user);
                        violated(Invariant::SingleUseServesOne, what);
                    }
                }
            }
            let drains_by_itself = matches!(
                server.state,
                ServerState::Draining {
                    why: DrainReason::Surplus | DrainReason::SingleUseDone,
                    ..
                }
            );
            let was_draining = matches!(
                self.servers.get(&server.id),
                Some(ServerState::Draining { .. })
            );
            let drains = matches!(server.state, ServerState::Draining { .. });
            if (drains_by_itself && !on.is_empty()) || (was_draining && drains && !new.is_empty()) {
                let what = format!("{} drains with {} new sessions", server.id, new.len());
                violated(Invariant::NoSeatWhileDraining, what);
            }
        }
    }

    /// Max Instances. One that is lowered holds for what comes after; what is there already goes in its own time.
    fn money(&mut self, look: &Look, violated: &mut impl FnMut(Invariant, String)) {
        for provider in &look.stored.providers {
            let machines = look.alive.get(&provider.id).map_or(0, Vec::len);
            let machines = u32::try_from(machines).unwrap_or(u32::MAX);
            let used = machines.max(provider.existing);
            let (bound, was_used) = self.bounds.get(&provider.id).copied().unwrap_or_default();
            // Where it is lowered while a tick makes a server, the old one held for what was made before.
            let kept = match look.limited {
                Some((limited, used)) if limited == provider.id => bound.min(used),
                _ => bound.min(was_used),
            };
            let bound = provider.max_instances.max(kept);
            if used > bound {
                let what = format!(
                    "{} has {machines} machines and {} rows, and may have {bound}",
                    provider.id, provider.existing
                );
                violated(Invariant::NeverAboveMaximum, what);
            }
            self.bounds.insert(provider.id, (bound, used));
        }
        let machines = look.machines().map(|machine| machine.request.tags.server);
        let mut machines: Vec<ServerId> = machines.collect();
        machines.sort_unstable();
        for same in machines.chunk_by(|one, next| one == next) {
            if let [server, _, ..] = same {
                let what = format!("{server} has {} machines", same.len());
                violated(Invariant::OneMachine, what);
            }
        }
    }

    fn losses(&self, look: &Look, gone: &Gone, violated: &mut impl FnMut(Invariant, String)) {
        for (_, server) in look.servers() {
            let is_lost = matches!(
                server.state,
                ServerState::Failed {
                    why: FailReason::MachineLost,
                    ..
                }
            );
            let was_lost = self.servers.get(&server.id) == Some(&server.state);
            if is_lost && !was_lost && look.working(server.id).next().is_some() {
                let what = format!("the machine of {} works", server.id);
                violated(Invariant::NoLossOnDoubt, what);
            }
        }
        for (server, state) in &gone.servers {
            if state.is_none() {
                violated(
                    Invariant::NothingLeaks,
                    format!("the row of {server} is gone"),
                );
            }
            let machine = look
                .machines()
                .find(|machine| machine.request.tags.server == *server);
            if let Some(machine) = machine {
                let what = format!("{server} is {state:?}, and {} is there", machine.id.0);
                violated(Invariant::NoLossOnDoubt, what);
            }
        }
    }

    /// No server was made while others on their way cover the need of its zone and all who wait.
    fn need(&self, look: &Look, violated: &mut impl FnMut(Invariant, String)) {
        for pool in &look.stored.pools {
            for config in &pool.configs {
                let zone = config.zone;
                let in_zone = |server: &&ServerSnapshot| server.zone == zone;
                let coming = pool.servers.iter().filter(in_zone);
                let coming: Vec<&ServerSnapshot> = coming
                    .filter(|server| server.state.is_in_flight())
                    .collect();
                let smallest_new = coming
                    .iter()
                    .filter(|server| !self.servers.contains_key(&server.id))
                    .map(|server| seats(server))
                    .min();
                let Some(smallest_new) = smallest_new else {
                    continue;
                };
                let on_their_way: u32 = coming.iter().map(|server| seats(server)).sum();
                let free: u32 = pool
                    .servers
                    .iter()
                    .filter(in_zone)
                    .map(|server| free_seats(pool, server))
                    .sum();
                let minimum = pool.configs.iter().filter(|one| one.zone == zone);
                let minimum = minimum.map(|one| one.minimum).max().unwrap_or_default();
                let waiting = u32::try_from(pool.queue.len()).unwrap_or(u32::MAX);
                let need = minimum.saturating_sub(free) + waiting + look.acts;
                if on_their_way - smallest_new >= need.max(1) {
                    let what = format!(
                        "{} has {on_their_way} seats on their way and needs {need}",
                        pool.id
                    );
                    violated(Invariant::NothingMadeInVain, what);
                }
            }
        }
    }
}

/// After a tick that has nothing left to do nobody waits for a seat that is free.
fn waiting(look: &Look, violated: &mut impl FnMut(Invariant, String)) {
    for pool in &look.stored.pools {
        let waiters = pool.queue.iter().filter(|one| one.expires_at > look.now);
        for waiter in waiters {
            if let Some(server) = pool.servers.iter().find(|one| takes(pool, one, waiter)) {
                let what = format!("{} waits, and {} has a seat", waiter.id, server.id);
                violated(Invariant::WaitingAreSeated, what);
            }
        }
    }
}

pub(super) fn sessions_on(
    pool: &PoolSnapshot,
    server: ServerId,
) -> impl Iterator<Item = &OpenSession> {
    pool.sessions
        .iter()
        .filter(move |session| session.server == server)
}

fn people<'a>(sessions: impl Iterator<Item = &'a OpenSession>) -> BTreeSet<UserId> {
    sessions.map(|session| session.user).collect()
}

fn count<T>(items: &BTreeSet<T>) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// Seats of a server that nobody has used.
fn seats(server: &ServerSnapshot) -> u32 {
    if server.reusable {
        server.limits.seats()
    } else {
        1
    }
}

/// Seats that anybody could take.
pub(super) fn free_seats(pool: &PoolSnapshot, server: &ServerSnapshot) -> u32 {
    if !server.state.is_running() {
        return 0;
    }
    if !server.reusable {
        return u32::from(server.first_user.is_none());
    }
    let sessions = u32::try_from(sessions_on(pool, server.id).count()).unwrap_or(u32::MAX);
    let users = count(&people(sessions_on(pool, server.id)));
    server.limits.free(sessions, users)
}

/// Whether a server could take this person in now.
pub(super) fn takes(pool: &PoolSnapshot, server: &ServerSnapshot, waiter: &Waiter) -> bool {
    let open = sessions_on(pool, server.id).count();
    let is_there = people(sessions_on(pool, server.id)).contains(&waiter.user);
    let has_desktop = sessions_on(pool, server.id)
        .any(|one| one.user == waiter.user && one.kind == SessionKind::Desktop);
    let is_second =
        server.protocol == Protocol::Rdp && waiter.kind == SessionKind::Desktop && has_desktop;
    // Somebody who is there already costs no user; where an admin has lowered the limit that is not so certain.
    let has_place = free_seats(pool, server) > 0
        || (is_there
            && server.state.is_running()
            && open < server.limits.max_sessions as usize
            && server
                .limits
                .max_users
                .is_none_or(|max| count(&people(sessions_on(pool, server.id))) <= max)
            && (server.reusable || server.first_user == Some(waiter.user)));
    has_place && !is_second
}

fn above_limits(server: &ServerSnapshot, on: &[&OpenSession]) -> Vec<String> {
    let mut found = Vec::new();
    let users = count(&people(on.iter().copied()));
    if on.len() > server.limits.max_sessions as usize {
        found.push(format!("{} holds {} sessions", server.id, on.len()));
    }
    if server.limits.max_users.is_some_and(|max| users > max) {
        found.push(format!("{} holds {users} people", server.id));
    }
    let desktops: Vec<UserId> = on
        .iter()
        .filter(|one| one.kind == SessionKind::Desktop)
        .map(|one| one.user)
        .collect();
    let owners: BTreeSet<UserId> = desktops.iter().copied().collect();
    if server.protocol == Protocol::Rdp && owners.len() < desktops.len() {
        found.push(format!("{} holds two desktops of one person", server.id));
    }
    found
}
