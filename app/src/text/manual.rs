//! The manual's lists; their entries come from `crates/domain`.

pub const PROBLEMS: &str = "Problems";
pub const PROBLEMS_LEAD: &str = "What the API answers when it does not do what was asked.";

/// `about` is a sentence.
pub fn problem(about: &str, status: u16) -> String {
    format!("{about} Status {status}.")
}

pub const REASONS: &str = "Reasons";
pub const REASONS_LEAD: &str =
    "Why Weir does what it does, and why not: every decision names one of these.";
