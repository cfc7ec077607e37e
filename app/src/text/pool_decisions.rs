//! What the loop has decided about a pool.

use domain::count::counted;

pub const UNDECIDED: &str = "Nothing has been decided yet.";

/// What the filter narrows down.
pub const FILTERED: &str = "decisions";
pub const REASON: &str = "Reason";
pub const ANY_REASON: &str = "Any reason";
pub const HELP_OF_REASONS: &str = "What the reasons mean";

/// Before the link to the newest.
pub const BEGINS_LATER: &str = "The list begins with the decision that you came for. ";
pub const SHOW_NEWEST: &str = "Show the newest";

// `14 times, 10:02 to 10:31`.
pub const STRETCH_FROM: &str = ", ";
pub const STRETCH_TO: &str = " to ";

pub const NOTHING: &str = "There was nothing to decide.";

pub fn times(count: u32) -> String {
    counted(count, "time", "times")
}

/// `at`: when it was.
pub fn decision_of(at: &str) -> String {
    format!("Decision of {at}")
}
