//! What exists on one side only, and what is asked before something is done about it.

use domain::orphan::OrphanState;

use crate::text::words::{Shape, StateWord};

pub const LEAD: &str = "What Weir and a provider do not agree on. Weir knows no prices: hours begin with the request for the \
                        machine, begun ones count whole.";
pub const NONE: &str = "Nothing is left over: each machine with Weir's tag has its server, and each server its machine.";

pub const MACHINES: &str = "Machines without a server";
pub const NO_ONE: &str = "None on this page.";
pub const SERVERS: &str = "Servers without a machine";
pub const SERVERS_EXPLAINED: &str = "The loop finds out what is true of these: a machine is gone when two complete lists do not show \
                                  it, and a list that misses too many is not believed.";

pub const MACHINE: &str = "Machine";
pub const PROVIDER: &str = "Provider";
pub const TAG: &str = "Server in its tag";
pub const NO_TAG: &str = "None";
pub const AGE: &str = "Age";
pub const HOURS: &str = "Machine hours";
pub const MISSING_FOR: &str = "Missing for";
pub const LISTS: &str = "Lists";

/// Before a time of day.
pub const UNTIL: &str = "until ";
pub const GOES_NEXT: &str = "goes with the next list that shows it";

pub fn by(name: &str) -> String {
    format!("by {name}")
}

/// The state of an orphan as a word.
pub const fn state(state: &OrphanState) -> StateWord {
    let (word, shape) = match state {
        OrphanState::Quarantined { .. } => ("Left alone", Shape::Hollow),
        OrphanState::Kept => ("Kept", Shape::Filled),
        OrphanState::Condemned => ("To be deleted", Shape::Chevron),
        OrphanState::Deleting { .. } => ("Deleting", Shape::Chevron),
        OrphanState::Foreign => ("Of another Weir", Shape::Hollow),
        OrphanState::Missing => ("Missing", Shape::Cross),
    };
    StateWord { word, shape }
}

pub const KEEP: &str = "Keep";
pub const RELEASE: &str = "Release";
pub const DELETE_NOW: &str = "Delete now";
pub const ADOPT: &str = "Adopt";

pub const KEEP_ACTION: &str = "Keep machine";
pub const RELEASE_ACTION: &str = "Release machine";
pub const DELETE_ACTION: &str = "Delete machine";
pub const ADOPT_ACTION: &str = "Adopt machine";

pub fn keep(machine: &str) -> String {
    format!("Keep the machine {machine}?")
}

pub fn release(machine: &str) -> String {
    format!("Release the machine {machine}?")
}

pub fn delete(machine: &str) -> String {
    format!("Delete the machine {machine} now?")
}

pub fn adopt(machine: &str) -> String {
    format!("Adopt the machine {machine}?")
}
