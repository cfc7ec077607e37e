//! The invariant of the downscale backoff.

use std::collections::BTreeMap;

use domain::id::{ConfigId, ServerId};
use domain::server::{Origin, ServerState};
use domain::snapshot::{ConfigSnapshot, PoolSnapshot};
use domain::timestamp::Timestamp;

use super::rows::{free_seats, sessions_on};
use super::{Invariant, Look};

/// What a surplus may last longer than its backoff, in milliseconds: until Weir looks.
const SLACK: i64 = 5 * 60_000;

/// Since when each config, as it is, has had servers that nobody needs at every look.
#[derive(Default)]
pub(super) struct Surplus {
    since: BTreeMap<(ConfigId, i64), Timestamp>,
    draining: BTreeMap<ServerId, ConfigId>,
}

impl Surplus {
    pub(super) fn judge(&mut self, look: &Look, violated: &mut impl FnMut(Invariant, String)) {
        let mut draining = BTreeMap::new();
        for (_, server) in look.servers() {
            if let Origin::Scaled { config, .. } = server.origin
                && matches!(server.state, ServerState::Draining { .. })
            {
                draining.insert(server.id, config);
            }
        }
        let was = std::mem::replace(&mut self.draining, draining);
        // Where one goes, what is left has a backoff of its own.
        for (server, config) in &self.draining {
            if !was.contains_key(server) {
                self.since.retain(|(of, _), _| of != config);
            }
        }
        for pool in &look.stored.pools {
            for config in &pool.configs {
                // An admin's change begins anew: a shorter backoff may be over already.
                let key = (config.id, config.version);
                if !has_surplus(pool, config) {
                    self.since.remove(&key);
                    continue;
                }
                let since = *self.since.entry(key).or_insert(look.now);
                let Some(led) = look.is_led_since else {
                    continue;
                };
                // Where Weir fell before it saw the surplus, the backoff begins as it comes back.
                let seen = since.max(led);
                let end = seen.plus_secs(config.backoff_secs).plus_millis(SLACK);
                if look.now > end {
                    let what = format!("{} has had a surplus since {since}", config.id);
                    violated(Invariant::SurplusGoes, what);
                }
            }
        }
    }
}

/// Whether one of the config's servers could go without anybody missing its seats.
fn has_surplus(pool: &PoolSnapshot, config: &ConfigSnapshot) -> bool {
    if !config.enabled || config.dry_run || !pool.queue.is_empty() {
        return false;
    }
    let in_zone = pool.configs.iter().filter(|one| one.zone == config.zone);
    let minimum = in_zone.map(|one| one.minimum).max().unwrap_or_default();
    let in_zone = pool.servers.iter().filter(|one| one.zone == config.zone);
    let free: u32 = in_zone.map(|one| free_seats(pool, one)).sum();
    pool.servers.iter().any(|server| {
        let is_its = matches!(server.origin, Origin::Scaled { config: of, .. } if of == config.id);
        let seats = free_seats(pool, server);
        is_its
            && server.state.is_running()
            && sessions_on(pool, server.id).next().is_none()
            && (server.reusable || server.first_user.is_none())
            && free.checked_sub(seats).is_some_and(|left| left >= minimum)
    })
}
