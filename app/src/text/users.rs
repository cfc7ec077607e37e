//! The list of people, and the form of one.

use domain::count::counted;

/// What there is none of at an address.
pub const NOUN: &str = "person";
/// What the list is of, for its filter.
pub const FILTERED: &str = "people";

pub const DELETE: &str = "Delete person";
pub const DELETE_HELP: &str =
    "Their keys and sign-ins go with them. Somebody with an open session stays.";

pub fn visitors(count: u32) -> String {
    let visitors = counted(count, "visitor of the demo", "visitors of the demo");
    format!("{visitors}: made up, unable to sign in, and gone with the demo.")
}

/// The role of those who are no admins.
pub const USER: &str = "User";

pub const CHANGE: &str = "Change person";
pub const SESSIONS_OF: &str = "Sessions under this name";
pub const SAVE: &str = "Save person";
pub const CREATE: &str = "Create person";
