//! The invariant of the queue's order.

use std::collections::BTreeMap;

use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::snapshot::{PoolSnapshot, Waiter};

use super::rows::{sessions_on, takes};
use super::{Invariant, Look};

/// Who waited at the last look.
#[derive(Default)]
pub(super) struct Line {
    waiting: BTreeMap<PoolId, BTreeMap<SessionId, Waiter>>,
}

impl Line {
    /// Nobody who waited was seated where somebody could have been who had waited longer, and waits on.
    pub(super) fn order(
        &self,
        look: &Look,
        owners: &BTreeMap<ServerId, UserId>,
        violated: &mut impl FnMut(Invariant, String),
    ) {
        for pool in &look.stored.pools {
            let Some(before) = self.waiting.get(&pool.id) else {
                continue;
            };
            for session in &pool.sessions {
                let Some(seated) = before.get(&session.id) else {
                    continue;
                };
                // Who was there already may have taken a seat that nobody else could.
                let of_theirs = sessions_on(pool, session.server);
                let is_new_there = of_theirs.filter(|one| one.user == session.user).count() == 1
                    && !owners.contains_key(&session.server);
                if !is_new_there {
                    continue;
                }
                let waits_on = pool.queue.iter().find(|waiter| {
                    before.contains_key(&waiter.id)
                        && waiter.requested_at < seated.requested_at
                        && waiter.expires_at > look.now
                        && is_passed_over(pool, session.server, waiter)
                });
                if let Some(waiter) = waits_on {
                    let what = format!("{} is seated, and {} waits", session.id, waiter.id);
                    violated(Invariant::QueueInOrder, what);
                }
            }
        }
    }

    /// Keeps who waits now.
    pub(super) fn remember(&mut self, look: &Look) {
        let line = |pool: &PoolSnapshot| {
            let waiters = pool.queue.iter();
            waiters.map(|waiter| (waiter.id, waiter.clone())).collect()
        };
        let pools = look.stored.pools.iter();
        self.waiting = pools.map(|pool| (pool.id, line(pool))).collect();
    }
}

/// Is not there yet, and finds no other seat there.
fn is_passed_over(pool: &PoolSnapshot, server: ServerId, waiter: &Waiter) -> bool {
    let is_there = sessions_on(pool, server).any(|one| one.user == waiter.user);
    let room = pool.servers.iter().find(|one| one.id == server);
    !is_there && room.is_some_and(|room| !takes(pool, room, waiter))
}
