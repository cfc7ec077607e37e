//! What a pool held over time.

pub const HOUR: &str = "1 hour";
pub const SIX_HOURS: &str = "6 hours";
pub const DAY: &str = "1 day";
pub const WEEK: &str = "7 days";

pub const HOW_FAR_BACK: &str = "How far back";

pub const IN_USE: &str = "In use";
pub const MINIMUM_FREE: &str = "Minimum free";

pub const COULD_NOT_GROW: &str = "Could not grow";
pub const EDITED: &str = "Edited";
pub const GREW: &str = "Grew";
pub const SHRANK: &str = "Shrank";
pub const MARKS: &str = "Decisions that stand out";

pub const AS_TABLE: &str = "The same as a table";
pub const FROM: &str = "From";
pub const SERVERS_READY: &str = "Servers ready";
pub const SERVERS_GONE: &str = "Servers gone";

/// `series`: what is counted.
pub fn figures(series: &str, now: u32, most: u32) -> String {
    format!("{series}: {now} now, {most} at most")
}

/// `step`: how long each step of the chart is.
pub fn table_help(step: &str) -> String {
    format!("The highest figures within {step}, where something changed.")
}
