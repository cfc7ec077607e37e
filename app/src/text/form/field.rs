//! One field of a form.

pub const OPTIONAL: &str = "Optional";
pub const FORMAT: &str = "Format";
pub const CHOOSE: &str = "Choose";

pub const LOST: &str = "You had typed this before. Drafts keep no secrets: type it again.";
pub const NOT_NEEDED: &str = "Not needed";

/// Before the time when it was.
pub const SET_AT: &str = "Set ";
pub const REPLACE: &str = "Replace";
pub const IS_REMOVED: &str = "Is removed when you save";
pub const KEEP: &str = "Keep it";
pub const KEEP_OLD: &str = "Keep the old one";

pub fn format_of(label: &str) -> String {
    format!("Format {label}")
}

pub fn none_yet(noun: &str) -> String {
    format!("There is no {noun} yet")
}

pub fn not_needed(label: &str) -> String {
    format!("{label} is not needed")
}

pub fn replace(label: &str) -> String {
    format!("Replace {label}")
}

pub fn remove(label: &str) -> String {
    format!("Remove {label}")
}
