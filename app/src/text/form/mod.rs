//! Forms: what is the same in all of them.

pub mod clash;
pub mod copy_as;
pub mod field;
pub mod offers;
pub mod side;
pub mod summary;
pub mod wizard;

pub const WILL_BE_REMOVED: &str = "Will be removed";
pub const ON: &str = "On";
pub const OFF: &str = "Off";

pub const MORE: &str = "More options";

// Around how long ago that was.
pub const DRAFT_SAVED: &str = "Draft saved ";
pub const WITHOUT_SECRETS: &str = ", without secrets";

pub fn draft_not_saved(problem: &str) -> String {
    format!("The draft is not saved: {problem}")
}
