//! The first page of a new Weir.

pub const TITLE: &str = "Set up";
pub const HEADING: &str = "Set up Weir";
pub const LEAD: &str = "Make the first admin. You are signed in right after.";

pub const LINK_GONE: &str = "This set-up link is used up or too old. Start Weir again: it prints a new one until set-up is done.";
pub const WRONG_PASSWORD: &str = "The password has 12 to 256 characters.";
pub const WRONG_NAME: &str = "The name has 1 to 63 of a-z, 0-9, '.', '_', '-' and '@'.";
pub const FAILED: &str = "That did not work. Try again.";
pub const NO_TOKEN: &str =
    "Open the whole set-up link that Weir prints when it starts: it holds a token.";

pub const NAME_HELP: &str = "The name to sign in with: a-z, 0-9, '.', '_', '-' and '@'.";
pub const PASSWORD_HELP: &str = "12 to 256 characters.";
pub const CREATE: &str = "Create admin";
