//! Sessions as a list, and who waits for one.

/// What the filter narrows down.
pub const FILTERED: &str = "sessions";
pub const FILTERED_QUEUE: &str = "the queue";

pub const NONE: &str = "Nobody has a session.";
pub const NONE_WAITS: &str = "Nobody waits.";
pub const PLACE: &str = "Place";
pub const WAITS_FOR: &str = "Waits for";

pub const DRAIN_TOO: &str = "Drain its server too, so that nobody gets on it any more";
pub const END: &str = "End session";
pub const END_HELP: &str = "They are told that an admin ended it. It does not sign them out of the machine. \
    Who asks again may get the same server.";

/// What is ended.
pub fn session_of(person: &str) -> String {
    format!("the session of {person}")
}

pub fn end_question(person: &str) -> String {
    format!("End the session of {person}?")
}
