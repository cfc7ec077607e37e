//! The palette: what it is, what it finds, and of which kind that is.

pub const SEARCH: &str = "Search";
pub const OPEN: &str = "Search…";
pub const KEYS: &str = "Ctrl K";
pub const LABEL: &str = "Search pages, pools and actions";
pub const PLACEHOLDER: &str = "Type a page, a pool, a server, a person";
pub const CLOSE: &str = "Close";
pub const FOUND: &str = "Found";
pub const STILL_LOOKING: &str = "Still looking.";
pub const NOTHING_FOUND: &str = "Nothing is called that.";

pub const PAGE: &str = "Page";
pub const THIS_POOL: &str = "This pool";

pub const CHANGE_THIS: &str = "Change this pool";
pub const SCALE_THIS: &str = "Add scaling to this pool";
pub const DECISIONS_ABOUT_THIS: &str = "Decisions about this pool";

/// Leads to where that is done: found by "pause" as well as by "stop".
pub const PAUSE: &str = "Pause everything: stop all scaling";

pub fn theme(name: &str) -> String {
    format!("Theme: {name}")
}

pub fn scale(pool: &str) -> String {
    format!("Add scaling: {pool}")
}

pub fn change_scaling(config: &str) -> String {
    format!("Change scaling: {config}")
}
