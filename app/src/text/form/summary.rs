//! What is to be put right before a form can be sent.

pub const LOST: &str = "Typed before, and not kept: drafts keep no secrets";
pub const LOST_HELP: &str = "What you do not type again is not set.";

pub fn wrong(fields: usize) -> String {
    match fields {
        1 => "One field needs another look".to_owned(),
        count => format!("{count} fields need another look"),
    }
}
