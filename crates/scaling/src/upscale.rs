//! How many servers to make, and what holds the loop back.
//!
//! want = the seats that the minimum lacks + people who wait - seats in flight, by zone; servers = want / seats of a
//! new one, rounded up. Aggressive Scaling decides who may wait, not how many servers that takes. Max instances is a
//! wall: there is no overshoot.

use domain::plan::{Action, ConfigReport, Downscale, Finding, Reason, Upscale};
use domain::snapshot::{ConfigSnapshot, PoolSnapshot, Unprepared};
use domain::timestamp::Timestamp;

use crate::capacity::{self, Zones};
use crate::source::{Gate, Source, Sources};
use crate::tick::Tick;

/// Decides for each config in its turn; each sees what the earlier ones plan. The scaling-down part of the reports is
/// left empty.
pub(crate) fn grow(
    pool: &PoolSnapshot,
    waiting: usize,
    zones: &mut Zones,
    sources: &mut Sources<'_>,
    tick: &mut Tick<'_>,
) -> Vec<ConfigReport> {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    pool.configs
        .iter()
        .map(|config| {
            let mut source = sources.get_mut(config.provider);
            let weighed = weigh(config, waiting, zones, source.as_deref(), tick);
            let up = weighed.up;
            let is_probe = matches!(weighed.gate, Gate::Probe);
            if let Some(unprepared) = unprepared(config, tick.now) {
                tick.wake_at(unprepared.retry_at);
            }
            let mut findings = Vec::new();
            grown(&up, is_probe, &mut findings);
            held(config, &weighed, source.as_deref(), tick, &mut findings);

            for finding in findings.iter().filter(|finding| is_growth(finding.reason)) {
                for _ in 0..finding.count {
                    tick.act(
                        Action::Create {
                            pool: pool.id,
                            config: config.id,
                            provider: config.provider,
                        },
                        finding.reason,
                    );
                }
            }
            if let Some(source) = &mut source {
                source.planned += up.create;
                source.starting += up.create;
            }
            let zone = zones.get_mut(config.zone);
            let seats = up.create.saturating_mul(up.seats_per_server);
            zone.in_flight = zone.in_flight.saturating_add(seats);
            ConfigReport {
                config_id: config.id,
                config_version: config.version,
                zone_id: config.zone,
                provider_id: config.provider,
                up,
                down: Downscale::default(),
                problem: unprepared(config, tick.now).map(|one| one.problem.clone()),
                findings,
            }
        })
        .collect()
}

/// The numbers of a config, and what its provider lets through.
struct Weighed {
    up: Upscale,
    gate: Gate,
    /// What would be made if the config were not disabled or in dry run.
    would: u32,
}

fn weigh(
    config: &ConfigSnapshot,
    waiting: u32,
    zones: &Zones,
    source: Option<&Source<'_>>,
    tick: &Tick<'_>,
) -> Weighed {
    let zone = zones.get(config.zone);
    let max_instances = source.map_or(0, |source| source.provider.max_instances);
    let gate = match (unprepared(config, tick.now), source) {
        (Some(_), _) => Gate::Unprepared,
        (None, Some(source)) => source.gate(tick.settings, tick.now),
        (None, None) => Gate::Open,
    };
    let lets_through = match gate {
        Gate::Open => max_instances,
        Gate::Probe => max_instances.min(1),
        Gate::Held(_) | Gate::Unprepared | Gate::Broken(_) | Gate::Resting(_) => 0,
    };
    let mut up = Upscale {
        minimum: config.minimum,
        waiting: zones.waiting_for(config.zone, waiting),
        free_seats: zone.free,
        seats_in_flight: zone.in_flight,
        want: 0,
        seats_per_server: config.limits.seats_of_new(config.reusable),
        servers_wanted: 0,
        max_instances,
        existing: source.map_or(0, Source::existing),
        creates_last_hour: source.map_or(0, Source::creates_last_hour),
        creates_per_hour: tick.settings.creates_per_hour,
        gate: lets_through,
        create: 0,
    };
    up.want = up.seats_wanted();
    up.servers_wanted = up.servers_for_want();
    let would = up.recompute();
    if !capacity::is_effective(config) {
        up.gate = 0;
    }
    up.create = up.recompute();
    Weighed { up, gate, would }
}

/// What keeps the config's create call from being put together at this time.
fn unprepared(config: &ConfigSnapshot, now: Timestamp) -> Option<&Unprepared> {
    config.unprepared.as_ref().filter(|one| one.retry_at > now)
}

const fn is_growth(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::GrewBelowMinimum | Reason::GrewWaiting | Reason::GrewProbe
    )
}

/// Why servers are made: who waits comes first, standby after.
fn grown(up: &Upscale, is_probe: bool, findings: &mut Vec<Finding>) {
    if is_probe {
        findings.extend((up.create > 0).then(|| Finding::new(Reason::GrewProbe, up.create)));
        return;
    }
    let unserved = up.waiting.saturating_sub(up.seats_in_flight);
    let for_waiting = unserved.div_ceil(up.seats_per_server).min(up.create);
    let for_minimum = up.create - for_waiting;
    for (reason, count) in [
        (Reason::GrewWaiting, for_waiting),
        (Reason::GrewBelowMinimum, for_minimum),
    ] {
        if count > 0 {
            findings.push(Finding::new(reason, count));
        }
    }
}

/// Why no more are made: nothing is missing, or every bound that is lower than what is wanted.
fn held(
    config: &ConfigSnapshot,
    Weighed { up, gate, would }: &Weighed,
    source: Option<&Source<'_>>,
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) {
    let wanted = up.servers_wanted;
    if !config.enabled {
        findings.push(Finding::new(Reason::HeldDisabled, wanted));
        return;
    }
    if wanted == 0 {
        let is_covered = up.waiting == 0 && up.free_seats >= up.minimum;
        let reason = if is_covered {
            Reason::HeldEnough
        } else {
            Reason::HeldEnoughStarting
        };
        findings.push(Finding::new(reason, 0));
        return;
    }
    let mut hold = |reason, bound: u32, until: Option<Timestamp>| {
        if bound < wanted {
            let finding = Finding::new(reason, wanted - bound);
            findings.push(until.map_or(finding.clone(), |until| {
                tick.wake_at(until);
                finding.until(until)
            }));
        }
    };
    if config.dry_run && *would > 0 {
        hold(Reason::HeldDryRun, wanted - would, None);
    }
    match *gate {
        Gate::Open => {}
        Gate::Held(reason) => hold(reason, 0, None),
        // Not said until when: as long as the next try meets the same, it is the same decision.
        Gate::Unprepared => hold(Reason::HeldUnprepared, 0, None),
        Gate::Probe => hold(Reason::HeldBreakerOpen, 1, None),
        Gate::Broken(until) => hold(Reason::HeldBreakerOpen, 0, until),
        Gate::Resting(until) => hold(Reason::HeldProviderBackoff, 0, Some(until)),
    }
    let room = up.max_instances.saturating_sub(up.existing);
    hold(Reason::HeldAtLimit, room, None);
    let this_hour = up.creates_per_hour.saturating_sub(up.creates_last_hour);
    let hour_over = source.and_then(Source::hour_over_at);
    hold(Reason::HeldCreatesPerHour, this_hour, hour_over);
}
