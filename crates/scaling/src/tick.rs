//! What one pass gathers: actions in order, and the time of the next change.

use domain::plan::{Action, Planned, Reason};
use domain::snapshot::LoopSettings;
use domain::timestamp::Timestamp;

/// One pass over a snapshot.
pub(crate) struct Tick<'a> {
    pub(crate) settings: &'a LoopSettings,
    pub(crate) now: Timestamp,
    pub(crate) actions: Vec<Planned>,
    pub(crate) next_at: Option<Timestamp>,
}

impl<'a> Tick<'a> {
    pub(crate) const fn new(settings: &'a LoopSettings, now: Timestamp) -> Self {
        Self {
            settings,
            now,
            actions: Vec::new(),
            next_at: None,
        }
    }

    /// Adds an action.
    pub(crate) fn act(&mut self, action: Action, reason: Reason) {
        self.actions.push(Planned { action, reason });
    }

    /// Whether `due` has come. If not, the next pass is no later than that.
    pub(crate) fn is_due(&mut self, due: Timestamp) -> bool {
        if due <= self.now {
            return true;
        }
        self.wake_at(due);
        false
    }

    /// The same for a time that need not be set: without one it has come.
    pub(crate) fn is_due_if_set(&mut self, due: Option<Timestamp>) -> bool {
        due.is_none_or(|due| self.is_due(due))
    }

    /// The next pass is no later than `at`, if that is still to come.
    pub(crate) fn wake_at(&mut self, at: Timestamp) {
        if at > self.now {
            self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
        }
    }
}
