//! Machines with our tag and no row: left alone for a grace time, then deleted. Those of another generation stay: a copy of this
//! database, or the original of which this one is a copy, may have made them and have people on them.

use domain::plan::{Action, Finding, Reason};

use crate::source::Source;
use crate::tick::Tick;

/// Complete lists that must show a machine without a row before it may be deleted.
const LISTS: u32 = 2;

/// Deletes what has been without a row for the grace time and in two lists.
pub(crate) fn judge(source: &mut Source<'_>, tick: &mut Tick<'_>) {
    let provider = source.provider;
    for stranger in &provider.strangers {
        if stranger.foreign {
            source.findings.push(Finding::new(Reason::OrphanForeign, 1));
            continue;
        }
        let until = stranger
            .first_seen_at
            .plus_secs(tick.settings.orphan_grace_secs);
        if !tick.is_due(until) || stranger.lists < LISTS {
            source
                .findings
                .push(Finding::new(Reason::OrphanQuarantined, 1).until(until));
        } else if stranger.delete_in_flight || !tick.is_due_if_set(stranger.retry_at) {
            // Whether it has gone is for the next lists to show.
            let finding = Finding::new(Reason::CalledDelete, 1);
            source.findings.push(
                stranger
                    .retry_at
                    .map_or(finding.clone(), |at| finding.until(at)),
            );
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
