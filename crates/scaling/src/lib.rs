//! The decision: what to make, drain, delete and seat, and why.
//!
//! [`plan`] answers one tick, [`place`] answers requests between ticks. Both are pure: the same input gives the same
//! answer on every machine, and time is an argument. Each file holds the rules of one noun:
//!
//! | file | rules |
//! | --- | --- |
//! | `capacity` | what a server and a zone can take |
//! | `occupancy` | sessions and waits that end by themselves |
//! | `liveness` | one server's life: deadlines, calls, what lists prove |
//! | `placement` | who gets which seat, who waits, who is turned away |
//! | `upscale`, `downscale` | how many servers are made and drained |
//! | `source` | limits, breaker and lists of a provider config |
//! | `orphan`, `listing` | machines without a row; when to list |

mod capacity;
mod downscale;
mod listing;
mod liveness;
mod occupancy;
mod orphan;
mod placement;
mod source;
mod tick;
mod upscale;

use domain::plan::{Plan, PoolReport, ProviderReport, Report};
use domain::snapshot::{PoolSnapshot, Snapshot};
use domain::timestamp::Timestamp;

use crate::source::Sources;
use crate::tick::Tick;

pub use crate::placement::place;
pub use crate::source::{is_short, should_be_listed};

/// What to do at `now`, and why; and why not.
///
/// Actions are meant to be carried out in their order, in one transaction where possible: a session that ends early in
/// the list gives its seat to a request later in it. Planning the same snapshot at the same time twice gives the same
/// plan, and a plan whose actions are committed does not ask for the same thing again.
pub fn plan(snapshot: &Snapshot, now: Timestamp) -> Plan {
    let mut tick = Tick::new(&snapshot.settings, now);
    let mut sources = Sources::of(snapshot, now);
    let pools = snapshot
        .pools
        .iter()
        .map(|pool| plan_pool(pool, &mut sources, &mut tick))
        .collect();
    let providers = sources
        .into_iter()
        .map(|mut source| {
            orphan::judge(&mut source, &mut tick);
            listing::fetch(&mut source, &mut tick);
            source.report_held(&mut tick);
            ProviderReport {
                provider_id: source.provider.id,
                findings: source.findings,
            }
        })
        .collect();
    Plan {
        actions: tick.actions,
        report: Report {
            at: now,
            pools,
            providers,
        },
        next_at: tick.next_at,
    }
}

fn plan_pool<'a>(
    pool: &'a PoolSnapshot,
    sources: &mut Sources<'a>,
    tick: &mut Tick<'_>,
) -> PoolReport {
    let mut findings = Vec::new();
    let mut rooms = capacity::rooms(pool);
    liveness::mark_lost(&mut rooms, sources, tick);
    occupancy::settle(pool, &mut rooms, tick, &mut findings);
    liveness::tend(&mut rooms, sources, tick, &mut findings);
    downscale::retire(pool, &mut rooms, sources, tick, &mut findings);
    let waiting = placement::seat_queue(pool, &mut rooms, tick, &mut findings);

    let mut zones = capacity::Zones::of(pool, &rooms);
    let grown = upscale::grow(pool, waiting.len(), &mut zones, sources, tick);
    placement::report_waiting(&waiting, &zones, &mut findings);
    let configs = downscale::shrink(pool, grown, &rooms, &mut zones, sources, tick);
    PoolReport {
        pool_id: pool.id,
        configs,
        findings,
    }
}
