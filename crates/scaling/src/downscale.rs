//! Which servers go: single-use ones whose person has left at once, surplus ones after the backoff
//! that their config has asked for. The loop leaves fixed servers and the servers of a disabled config alone.

use std::collections::BTreeMap;

use domain::id::ConfigId;
use domain::plan::{Action, ConfigReport, Downscale, Finding, Reason};
use domain::server::{DrainReason, Origin};
use domain::snapshot::{ConfigSnapshot, PoolSnapshot};

use crate::capacity::{Room, Zone, Zones};
use crate::source::Sources;
use crate::tick::Tick;

/// Drains single-use servers whose person has left, where their config lets the loop act.
pub(crate) fn retire(
    pool: &PoolSnapshot,
    rooms: &mut [Room<'_>],
    sources: &Sources<'_>,
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) {
    let configs: BTreeMap<_, _> = pool.configs.iter().map(|one| (one.id, one)).collect();
    let done = rooms
        .iter_mut()
        .filter(|room| room.is_open() && room.is_used_up());
    for room in done {
        let Some(config) = config_of(room) else {
            continue;
        };
        let server = room.server.id;
        // A config of another pool has no say here.
        let Some(config) = configs.get(&config) else {
            continue;
        };
        let reason = if !config.enabled {
            Reason::HeldDisabled
        } else if config.dry_run {
            Reason::HeldDryRun
        } else if let Some(held) = sources.held(config) {
            held
        } else {
            let why = DrainReason::SingleUseDone;
            tick.act(Action::Drain { server, why }, Reason::ShrankSingleUse);
            room.is_leaving = true;
            Reason::ShrankSingleUse
        };
        findings.push(Finding::new(reason, 1).of_server(server));
    }
}

/// Decides for each config in its turn which surplus servers drain, and completes its report.
pub(crate) fn shrink(
    pool: &PoolSnapshot,
    mut reports: Vec<ConfigReport>,
    rooms: &[Room<'_>],
    zones: &mut Zones,
    sources: &Sources<'_>,
    tick: &mut Tick<'_>,
) -> Vec<ConfigReport> {
    let mut in_use = rooms_by_config(rooms);
    for (config, report) in pool.configs.iter().zip(&mut reports) {
        let rooms = in_use.remove(&config.id).unwrap_or_default();
        let zone = zones.get_mut(config.zone);
        report.down = shrink_one(
            config,
            sources.held(config),
            &rooms,
            report.up.waiting,
            zone,
            tick,
            &mut report.findings,
        );
    }
    reports
}

fn shrink_one(
    config: &ConfigSnapshot,
    held: Option<Reason>,
    rooms: &[&Room<'_>],
    waiting: u32,
    zone: &mut Zone,
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) -> Downscale {
    let mut down = Downscale {
        backoff_secs: config.backoff_secs,
        ..Downscale::default()
    };
    if !config.enabled {
        // Enabled again, it begins a new backoff.
        if config.surplus_since.is_some() {
            clear(config, tick, findings);
        }
        return down;
    }
    let needed = zone.minimum.max(config.minimum).saturating_add(waiting);
    let mut free = zone.free;
    let mut removable = Vec::new();
    let mut kept = 0_u32;
    for room in rooms.iter().filter(|room| room.sessions == 0) {
        match free.checked_sub(room.free_seats()) {
            Some(left) if left >= needed => {
                free = left;
                removable.push(room.server.id);
            }
            Some(_) | None => kept += 1,
        }
    }
    down.removable = u32::try_from(removable.len()).unwrap_or(u32::MAX);
    down.gate = if config.dry_run || held.is_some() {
        0
    } else {
        down.removable
    };

    let busy = rooms.iter().filter(|room| {
        let seats = room.free_seats();
        room.sessions > 0 && seats > 0 && free.checked_sub(seats).is_some_and(|left| left >= needed)
    });
    let busy = u32::try_from(busy.count()).unwrap_or(u32::MAX);
    for (reason, count) in [(Reason::KeptInUse, busy), (Reason::KeptMinimum, kept)] {
        if count > 0 {
            findings.push(Finding::new(reason, count));
        }
    }

    if removable.is_empty() {
        if config.surplus_since.is_some() {
            clear(config, tick, findings);
        }
        return down;
    }
    let since = config.surplus_since.unwrap_or_else(|| {
        tick.act(
            Action::StartBackoff { config: config.id },
            Reason::BackoffStarted,
        );
        findings.push(Finding::new(Reason::BackoffStarted, down.removable));
        tick.now
    });
    let due = since.plus_secs(config.backoff_secs);
    down.surplus_since = Some(since);
    down.due_at = Some(due);
    down.drain = down.recompute(tick.now);
    if !tick.is_due(due) {
        findings.push(Finding::new(Reason::KeptBackoff, down.removable).until(due));
    } else if config.dry_run {
        findings.push(Finding::new(Reason::HeldDryRun, down.removable));
    } else if let Some(held) = held {
        findings.push(Finding::new(held, down.removable));
    } else {
        for server in removable {
            let why = DrainReason::Surplus;
            tick.act(Action::Drain { server, why }, Reason::ShrankSurplus);
        }
        findings.push(Finding::new(Reason::ShrankSurplus, down.drain));
        zone.free = free;
    }
    down
}

fn clear(config: &ConfigSnapshot, tick: &mut Tick<'_>, findings: &mut Vec<Finding>) {
    tick.act(
        Action::ClearBackoff { config: config.id },
        Reason::BackoffCleared,
    );
    findings.push(Finding::new(Reason::BackoffCleared, 0));
}

/// The servers in use by config, in the order in which they go: made with an older version of the config, then older.
fn rooms_by_config<'r, 'a>(rooms: &'r [Room<'a>]) -> BTreeMap<ConfigId, Vec<&'r Room<'a>>> {
    let mut by_config: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for room in rooms {
        if let Some(config) = config_of(room)
            && room.is_open()
            && !room.is_used_up()
        {
            by_config.entry(config).or_default().push(room);
        }
    }
    for rooms in by_config.values_mut() {
        rooms.sort_by_key(|room| (version_of(room), room.server.created_at, room.server.id));
    }
    by_config
}

const fn config_of(room: &Room<'_>) -> Option<ConfigId> {
    match room.server.origin {
        Origin::Scaled { config, .. } => Some(config),
        Origin::Fixed => None,
    }
}

const fn version_of(room: &Room<'_>) -> i64 {
    match room.server.origin {
        Origin::Scaled { config_version, .. } => config_version,
        Origin::Fixed => 0,
    }
}
