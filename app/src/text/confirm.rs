//! Buttons, and the questions that they ask.

/// What a button does, and to which of several things.
pub fn about(label: &str, thing: &str) -> String {
    format!("{label} {thing}")
}

/// `what` is a thing with its kind, as in `the zone Berlin`.
pub fn delete(what: &str) -> String {
    format!("Delete {what}?")
}
