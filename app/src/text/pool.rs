//! One pool: its head, its tabs and its configs.

pub const HISTORY: &str = "History";

pub const PARTS: &str = "Parts of the pool";
pub const NO_CONFIG: &str = "No autoscale config makes servers for this pool.";

/// Before the link that sets scaling up.
pub const NO_SCALING: &str = "Nothing makes servers for it yet. ";
pub const DELETE_POOL: &str = "Delete pool";
pub const DELETE_POOL_KEEPS: &str = "A pool that has configs or servers stays.";

pub const LAST_DECISION: &str = "Last decision";

pub const HOW_COMPUTED: &str = "How is this computed?";

pub const ADD_SCALING: &str = "Add scaling";
pub const PAUSED: &str = "Paused. Its servers stay and stay usable; none is made or removed.";
pub const DELETE_CONFIG: &str = "Delete config";
pub const DELETE_CONFIG_KEEPS: &str = "A config that still has servers stays.";

// `Changed 5 min ago, version 3. What was changed`, the last of which is a link.
pub const CHANGED: &str = "Changed ";
pub const CHANGED_VERSION: &str = ", version ";
pub const CHANGED_END: &str = ". ";
pub const WHAT_WAS_CHANGED: &str = "What was changed";

pub fn delete_pool(name: &str) -> String {
    format!("Delete the pool {name}?")
}

pub fn config_version(version: i64) -> String {
    format!("Version {version} of the config")
}

pub fn delete_config(name: &str) -> String {
    format!("Delete {name}?")
}
