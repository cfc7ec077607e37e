//! What leaves rows of a list out.

/// Before its field.
pub const FILTER: &str = "Filter ";
pub const SHOW: &str = "Show";

pub const NO_MATCH: &str = "Nothing here matches the filter.";
pub const CLEAR: &str = "Clear the filter";

pub fn filter(what: &str) -> String {
    format!("Filter {what}")
}

pub fn no_match(text: &str) -> String {
    format!("Nothing here matches “{text}”.")
}
