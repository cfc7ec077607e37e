//! A form in steps.

use domain::count::counted;

pub const NEXT: &str = "Next";
pub const BACK: &str = "Back";

pub const DISCARD: &str = "Discard";
pub const DISCARD_DRAFT: &str = "Throw the draft away?";
pub const DISCARD_DRAFT_HELP: &str =
    "What was typed in it is lost. To keep it and go on later, leave by any other link.";
pub const LEAVE: &str = "Leave without saving?";
pub const LEAVE_HELP: &str = "What you changed is lost.";

pub const STEPS: &str = "Steps";
pub const REVIEW: &str = "Review";
pub const CHANGE: &str = "Change";

/// After how many there are.
pub const fn problems(count: usize) -> &'static str {
    if count == 1 { " problem" } else { " problems" }
}

/// After what the answer is now.
pub fn was(old: &str) -> String {
    format!(", was {old}")
}

pub fn values(count: u32) -> String {
    counted(count, "value", "values")
}

pub fn change(step: &str) -> String {
    format!("Change {step}")
}
