//! Invariants of the end: hours after the last fault, when nobody asks for anything any more.

use std::collections::BTreeSet;

use domain::id::PoolId;
use domain::plan::{PoolReport, Reason};
use domain::server::Origin;

use super::{Invariant, Look, Violation};

/// Judges a world at rest. `report` is the last that was recorded for a pool.
pub fn at_rest(look: &Look, report: impl Fn(PoolId) -> Option<PoolReport>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut violated = |invariant, what| found.push(Violation::new(look.now, invariant, what));
    let rows: BTreeSet<_> = look
        .servers()
        .filter(|(_, server)| server.origin != Origin::Fixed)
        .map(|(_, server)| server.id)
        .collect();
    let tags: BTreeSet<_> = look
        .machines()
        .map(|machine| machine.request.tags.server)
        .collect();
    for server in tags.difference(&rows) {
        let what = format!("a machine of {server} has no row");
        violated(Invariant::NothingLeaks, what);
    }
    for server in rows.difference(&tags) {
        let what = format!("{server} has no machine");
        violated(Invariant::NothingLeaks, what);
    }
    for pool in &look.stored.pools {
        for waiter in &pool.queue {
            let what = format!("{} still waits", waiter.id);
            violated(Invariant::WaitingAreSeated, what);
        }
        let reasons = report(pool.id).map(|report| reasons(&report));
        let says_why = reasons.is_some_and(|reasons| reasons.iter().any(|one| holds_back(*one)));
        for config in &pool.configs {
            let in_zone = pool.servers.iter().filter(|one| one.zone == config.zone);
            let seats: u32 = in_zone.map(|one| one.limits.seats()).sum();
            if seats < config.minimum && !says_why {
                let what = format!("{} keeps {seats} of {}", config.id, config.minimum);
                violated(Invariant::MinimumIsKept, what);
            }
        }
    }
    found
}

/// All reasons of a report.
pub(crate) fn reasons(report: &PoolReport) -> BTreeSet<Reason> {
    let of_configs = report.configs.iter().flat_map(|config| &config.findings);
    of_configs
        .chain(&report.findings)
        .map(|finding| finding.reason)
        .collect()
}

/// Whether a reason says that the pool cannot grow now, through no fault of Weir's.
pub(crate) const fn holds_back(reason: Reason) -> bool {
    matches!(reason, Reason::HeldAtLimit | Reason::HeldCreatesPerHour)
}
