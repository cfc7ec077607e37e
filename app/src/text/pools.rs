//! The list of pools, and the form of one.

/// What there is none of at an address.
pub const NOUN: &str = "pool";

pub const FILTERED: &str = "pools";

pub const NEW_HELP: &str = "The next page makes it scale.";
pub const CHANGE: &str = "Change pool";
pub const SAVE: &str = "Save pool";
pub const CREATE: &str = "Create pool";
pub const NONE: &str = "There is no pool yet.";

pub const LAST_HOUR: &str = "Last hour";
pub const FREE_SEATS: &str = "Free seats";
pub const STARTING: &str = "Starting";

pub const APPS: &str = "Published apps";
pub const APPS_HELP: &str =
    "Single programs that people open instead of a whole desktop. RDP pools only.";
pub const ADD_APP: &str = "Add app";
pub const APP_KEY: &str = "Key";
pub const APP_PROGRAM: &str = "Program or ||alias";
pub const APP_ARGUMENTS: &str = "Arguments";

pub fn app(number: usize) -> String {
    format!("App {number}")
}

pub fn remove_app(number: usize) -> String {
    format!("Remove app {number}")
}
