//! A text with a button that copies it.

pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";
pub const NOT_ALLOWED: &str = "The browser does not allow copying: select the text";

pub fn copy(what: &str) -> String {
    format!("Copy {what}")
}
