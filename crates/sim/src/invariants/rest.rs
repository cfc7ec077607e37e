//! Invariants of the end: hours after the last fault, when nobody asks for anything any more.

use std::collections::BTreeSet;

use domain::id::PoolId;
use domain::plan::{Decision, PoolReport, Reason};
use domain::server::Origin;
use domain::timestamp::Timestamp;

use super::{Invariant, Look, Violation};
use crate::run::Totals;

/// Requests for a session that reach Weir, in a seed that comes to its end.
const REQUESTS: u64 = 200;
/// Kinds of fault in it.
const KINDS_OF_FAULT: usize = 3;

/// From the plan to a seat, in milliseconds, where nothing fails: the longest boot, script and list lag of the clouds (two
/// minutes together), the calls, and the list that shows the machine.
const SERVER_COMES_WITHIN: i64 = 180_000;

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

/// Judges how much has happened in a seed that has come to its end.
pub fn full_day(now: Timestamp, totals: &Totals) -> Vec<Violation> {
    let kinds = totals.faults.values().filter(|count| **count > 0).count();
    let mut found = Vec::new();
    let mut too_few = |what| found.push(Violation::new(now, Invariant::DayIsFull, what));
    if totals.requests < REQUESTS {
        too_few(format!("{} requests of {REQUESTS}", totals.requests));
    }
    if kinds < KINDS_OF_FAULT {
        too_few(format!("{kinds} kinds of fault of {KINDS_OF_FAULT}"));
    }
    found
}

/// Why a wait is no fault that has ended in vain where nothing fails: the pool could not grow, or could not until so
/// lately that the server that then set off was still on its way. None where that is so, else what the pool said last.
///
/// `decisions` are those of the pool, newest first. Each stood until the next was made.
pub(crate) fn without_reason(
    decisions: &[Decision],
    ended_at: Timestamp,
) -> Option<BTreeSet<Reason>> {
    let mut until = ended_at;
    let mut stood = Vec::new();
    for decision in decisions {
        let reasons = reasons(&decision.report);
        // One that ends waits is made without those that it ends.
        if !reasons.contains(&Reason::EndedQueueTimeout) {
            stood.push((reasons, until));
        }
        until = decision.at;
    }
    let holds = |reasons: &BTreeSet<Reason>| reasons.iter().any(|reason| holds_back(*reason));
    let last = stood.first().map(|(reasons, _)| reasons.clone());
    let last = last.unwrap_or_default();
    let was_held_lately = stood
        .iter()
        .take_while(|(_, until)| ended_at.since(*until) <= SERVER_COMES_WITHIN)
        .any(|(reasons, _)| holds(reasons));
    let is_coming = last.contains(&Reason::QueuedInFlight);
    let has_reason = holds(&last) || (is_coming && was_held_lately);
    (!has_reason).then_some(last)
}

/// All reasons of a report.
fn reasons(report: &PoolReport) -> BTreeSet<Reason> {
    let of_configs = report.configs.iter().flat_map(|config| &config.findings);
    of_configs
        .chain(&report.findings)
        .map(|finding| finding.reason)
        .collect()
}

/// Whether a reason says that the pool cannot grow now, through no fault of Weir's.
const fn holds_back(reason: Reason) -> bool {
    matches!(reason, Reason::HeldAtLimit | Reason::HeldCreatesPerHour)
}
