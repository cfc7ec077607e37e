//! Servers as a list.

/// What the filter narrows down.
pub const FILTERED: &str = "servers";
pub const ANY_STATE: &str = "Any state";
pub const READY_OR_IN_USE: &str = "Ready or in use";
pub const NONE: &str = "There is no server.";

/// How long a server has been in its state.
pub const FOR: &str = "For";

pub fn progress_of(server: &str) -> String {
    format!("Progress of {server}")
}
