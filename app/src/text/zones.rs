//! The list of zones, and the form of one.

/// What there is none of at an address.
pub const NOUN: &str = "zone";

pub const NONE: &str = "There is no zone yet. A zone says where servers reach Weir.";
pub const ADDRESS: &str = "Upstream Auth Address";

pub fn the_zone(name: &str) -> String {
    format!("the zone {name}")
}

pub const DELETE: &str = "Delete zone";
pub const DELETE_HELP: &str = "A zone that a config or a server uses stays.";

pub const CHANGE: &str = "Change zone";
pub const SAVE: &str = "Save zone";
pub const CREATE: &str = "Create zone";
