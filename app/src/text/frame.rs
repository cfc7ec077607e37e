//! What stands around every page.

pub const WEIR: &str = "Weir";
pub const SKIP: &str = "Skip to content";

/// The portal and the admin's pages.
pub const FACES: &str = "Faces";
/// Before the name of who is signed in.
pub const PROFILE_OF: &str = "Profile of ";
pub const SIGN_OUT: &str = "Sign out";

// "Everything is paused [for 1:04] by ana: …".
pub const PAUSED: &str = "Everything is paused";
pub const PAUSED_MEANS: &str =
    ": nothing is made and nothing deleted. People still get free seats.";
pub const RESUME: &str = "Resume";

pub fn by(name: &str) -> String {
    format!(" by {name}")
}

pub fn title(page: &str) -> String {
    format!("{page} · Weir")
}

pub fn menu_of(person: &str) -> String {
    format!("Menu of {person}")
}
