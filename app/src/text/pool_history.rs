//! The history of a pool's configs.

pub const VERSIONS: &str = "Versions";
pub const VERSION: &str = "Version";
pub const WHAT_CHANGED: &str = "What changed";
pub const NONE: &str = "No version is kept.";

pub const SEE_SERVERS: &str = "See the servers";
pub const CONFIGS: &str = "Configs of the pool";

pub const MADE: &str = "It was made.";
pub const NOT_KEPT: &str = "What was changed before it was not kept.";
pub const NO_CHANGE: &str = "No field was changed.";

pub const SECRET_SET: &str = "set";
pub const SECRET_CHANGED: &str = "changed";
pub const SECRET_REMOVED: &str = "removed";

pub const HOLDS_NOW: &str = "This is what holds now.";
pub const SAME_AS_NOW: &str = "It is the same as what holds now.";
pub const RESTORE: &str = "Restore this version";
pub const RESTORE_CHANGES: &str =
    "This changes now. Servers that are there keep what they were made with.";
pub const RESTORE_NOW: &str = "Restore";

pub fn restored_from(version: i64) -> String {
    format!("Restored from version {version}.")
}

/// `what`: what became of the field.
pub fn change(field: &str, what: &str) -> String {
    format!("{field}: {what}")
}

/// A version as the other texts take it.
pub fn version_of(version: i64, config: &str) -> String {
    format!("{version} of {config}")
}

pub fn restore(version: &str) -> String {
    format!("{RESTORE} {version}")
}

pub fn restore_question(version: &str) -> String {
    format!("Restore version {version}?")
}
