//! What people have done.

pub const BY_PEOPLE: &str = "What people have done, newest first.";
pub const BY_ALL: &str = "What people and Weir itself have done, newest first.";
// To one thing: "What people have done to [pool_1]. [Show everything]".
pub const BY_PEOPLE_TO: &str = "What people have done to ";
pub const BY_ALL_TO: &str = "What people and Weir itself have done to ";
pub const END: &str = ". ";
pub const SHOW_ALL: &str = "Show everything";

/// What the list is of, for its filter.
pub const FILTERED: &str = "what was done";
pub const DONE_BY: &str = "Done by";
pub const PEOPLE_AND_WEIR: &str = "People and Weir itself";

pub const WHAT: &str = "What";
pub const CHANGES: &str = "Changes";

/// Who has done what nobody asked for.
pub const WEIR: &str = "Weir";

// Behind a deed: "Ended session[ of ann][ in ][Desks]".
pub fn of(user: &str) -> String {
    format!(" of {user}")
}

pub const IN_POOL: &str = " in ";

/// What the button to undo is about.
pub fn the_change(name: &str) -> String {
    format!("the change of {name}")
}

pub fn set_back(name: &str) -> String {
    format!("Set {name} back?")
}

pub const SET_BACK_HELP: &str = "Its fields and secrets become what they were before this change.";
pub const SET_BACK: &str = "Set back";

pub const ON: &str = "on";
pub const OFF: &str = "off";
/// A field without a value.
pub const NO_VALUE: &str = "none";

pub fn change(label: &str, from: &str, to: &str) -> String {
    format!("{label}: {from} → {to}")
}

pub fn changed(label: &str) -> String {
    format!("{label}: changed")
}
