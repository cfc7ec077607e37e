//! Machines with our tag and no row: left alone for a grace time, then deleted, unless an admin says otherwise. Those of another
//! generation stay: a copy of this database, or the original of which this one is a copy, may have made them and have people on
//! them.

use domain::orphan::{LISTS, OrphanDecision};
use domain::plan::{Action, Finding, Reason};
use domain::snapshot::{Listed, Stranger};

use crate::source::Source;
use crate::tick::Tick;

/// Deletes what has been without a row for the grace time and in two lists; what an admin keeps stays, and what an admin
/// has condemned does not wait for the grace time.
pub(crate) fn judge(source: &mut Source<'_>, tick: &mut Tick<'_>) {
    let provider = source.provider;
    for stranger in &provider.strangers {
        if let Some(finding) = held(stranger, source, tick) {
            source.findings.push(finding);
        } else if source.takes_changes() {
            let machine = stranger.machine.clone();
            tick.act(
                Action::DeleteStranger {
                    provider: provider.id,
                    machine,
                },
                Reason::OrphanDeleted,
            );
            source.findings.push(Finding::new(Reason::OrphanDeleted, 1));
        }
    }
}

/// Why a machine is not deleted now, if it is not.
fn held(stranger: &Stranger, source: &mut Source<'_>, tick: &mut Tick<'_>) -> Option<Finding> {
    if stranger.foreign {
        return Some(Finding::new(Reason::OrphanForeign, 1));
    }
    let grace_end = stranger
        .decided_at
        .unwrap_or(stranger.first_seen_at)
        .plus_secs(tick.settings.orphan_grace_secs);
    let is_over = match stranger.decision {
        OrphanDecision::Keep => return Some(Finding::new(Reason::OrphanKept, 1)),
        OrphanDecision::Delete => true,
        OrphanDecision::Quarantine => tick.is_due(grace_end),
    };
    if !is_over {
        return Some(Finding::new(Reason::OrphanQuarantined, 1).until(grace_end));
    }
    if stranger.listed == Listed::Missing {
        return Some(Finding::new(Reason::GoneNotProven, 1));
    }
    // Asked once, whether it has gone is for the next lists to show.
    if stranger.delete_in_flight || !tick.is_due_if_set(stranger.retry_at) {
        let finding = Finding::new(Reason::CalledDelete, 1);
        return Some(match stranger.retry_at {
            Some(at) => finding.until(at),
            None => finding,
        });
    }
    if stranger.lists < LISTS || stranger.listed != Listed::Shown {
        source.await_evidence(tick.now.since(stranger.first_seen_at));
        return Some(Finding::new(Reason::OrphanAwaitsList, 1));
    }
    None
}
