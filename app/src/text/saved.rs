//! That something has been saved, and how to undo it.

pub const UNDONE: &str = "Undone. The config is as it was before.";
pub const SAVED: &str = "Saved.";
pub const HISTORY: &str = "See the history";
pub const CHANGED_SINCE: &str =
    "The config has been changed since. Its history has every version, to be restored from there.";

pub fn saved(name: &str) -> String {
    format!("{name} is saved.")
}
