//! What a provider offers for a field.

use domain::count::counted;

/// After the number of choices, before how long ago that was.
pub const LOADED: &str = ", loaded ";
pub const LOAD_AGAIN: &str = "Load again";
pub const NO_NEW_LIST: &str = "There is no new list while a field is wrong. Type the value, or put that right and load again.";
pub const ASKS: &str = "Asks what can be chosen";

pub fn load_again(label: &str) -> String {
    format!("Load again: {label}")
}

pub fn no_list(problem: &str) -> String {
    format!("{problem} Type the value.")
}

pub fn choices(count: u32) -> String {
    counted(count, "choice", "choices")
}
