//! Configs that have been begun and not been made yet.

pub const DRAFTS: &str = "Drafts";
pub const SAVED: &str = "Saved";
pub const NO_NAME: &str = "Scaling without a name";

pub const THROW_AWAY: &str = "Throw away";

pub fn throw_away(name: &str) -> String {
    format!("Throw away the draft {name}?")
}

pub const THROW_AWAY_HELP: &str = "What was typed in it is lost.";

pub const GO_ON: &str = "Go on with a draft";

// "[Desks], saved [today]".
pub const SAVED_AT: &str = ", saved ";
