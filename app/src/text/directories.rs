//! The list of directories, and the form of one.

/// What there is none of at an address.
pub const NOUN: &str = "LDAP config";

pub const NONE: &str = "There is no directory yet.";
pub const URL: &str = "URL";

pub fn the_directory(name: &str) -> String {
    format!("the directory {name}")
}

pub const DELETE: &str = "Delete directory";
pub const DELETE_HELP: &str = "A directory that an autoscale config uses stays.";

pub const CHANGE: &str = "Change directory";
pub const SAVE: &str = "Save directory";
pub const CREATE: &str = "Create directory";
