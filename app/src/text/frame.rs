//! What stands around every page.

pub const WEIR: &str = "Weir";
pub const SKIP: &str = "Skip to content";

/// The portal and the admin's pages.
pub const FACES: &str = "Faces";
/// Before the name of who is signed in.
pub const PROFILE_OF: &str = "Profile of ";
pub const SIGN_OUT: &str = "Sign out";

pub fn title(page: &str) -> String {
    format!("{page} · Weir")
}

pub fn menu_of(person: &str) -> String {
    format!("Menu of {person}")
}
