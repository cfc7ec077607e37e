//! A person's own page.

pub const SSH_KEYS: &str = "SSH keys";
pub const HELP: &str =
    "They open the computers that you sign in to by SSH. Weir keeps the public halves only.";
pub const BACK: &str = "Back to the session";
pub const ADD: &str = "Add a key";
pub const SAVE: &str = "Add key";

pub const DELETE: &str = "Delete key";
pub const DELETE_HELP: &str =
    "It no longer opens any computer, those of running sessions included.";
pub const FINGERPRINT: &str = "Fingerprint";
pub const ADDED: &str = "Added";
pub const NONE: &str = "You have no key yet.";

pub const DOWNLOAD: &str = "Download private key";
pub const THEN_INSTALL: &str = "Then put it where ssh finds it:";
pub const INSTALL_COMMAND: &str = "command that installs the key";

/// What is deleted.
pub fn the_key(name: &str) -> String {
    format!("the key {name}")
}

pub fn is_kept(name: &str) -> String {
    format!("The key {name} is in your profile.")
}

pub fn shown_once(name: &str) -> String {
    format!("The private key of {name} is shown this once. Keep it now.")
}
