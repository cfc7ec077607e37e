//! Two people have changed the same thing.

pub const HEAD: &str = "Somebody else has saved this since you began";
pub const HELP: &str =
    "Nothing of yours is lost. Choose what the form goes on with; it is saved when you save it.";
pub const KEEP_BOTH: &str = "Keep both, mine where we differ";
pub const KEEP_MINE: &str = "Keep only mine";
pub const TAKE_THEIRS: &str = "Take theirs";

pub const YOU_TOO: &str = "You too";
pub const NO_CHANGE: &str = "They changed no value.";
pub const CHANGES: &str = "What they changed";
pub const FIELD: &str = "Field";
pub const WAS: &str = "Was";
pub const THEIRS: &str = "Theirs";
pub const YOURS: &str = "Yours";
pub const BY: &str = "Who changed it";
