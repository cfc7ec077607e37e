//! When a provider is listed: regularly, and sooner while something waits for what a list shows.

use domain::plan::{Action, Finding, Reason};

use crate::source::Source;
use crate::tick::Tick;

/// Asks for a complete list when one is due and none is under way.
pub(crate) fn fetch(source: &mut Source<'_>, tick: &mut Tick<'_>) {
    let provider = source.provider;
    if provider.list_in_flight {
        return;
    }
    let hurry = source.hurry_millis(tick.settings);
    let reason = match provider.last_list_at {
        None => Reason::ListedDue,
        Some(last) => {
            if tick.is_due(last.plus_secs(tick.settings.list_interval_secs)) {
                Reason::ListedDue
            } else if hurry.is_some_and(|millis| tick.is_due(last.plus_millis(millis))) {
                Reason::ListedForEvidence
            } else {
                return;
            }
        }
    };
    if source.takes_calls() {
        tick.act(
            Action::List {
                provider: provider.id,
            },
            reason,
        );
        source.findings.push(Finding::new(reason, 1));
    }
}
