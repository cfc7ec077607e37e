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

// "Weir only observes [for 1:04]. The database lies in another place than before: it was copied, moved or restored. …"
pub const OBSERVING: &str = "Weir only observes";
pub const OBSERVING_MEANS: &str =
    "Until you say what it is, nothing is made and nothing deleted. People still get free seats.";
pub const ADOPT_MEANS: &str = "Adopt it if no other Weir works with these machines any more: this one goes on from what its database \
     says. Machines that it does not know are deleted after their grace time.";
pub const ADOPT: &str = "Adopt: this is the one";
pub const FORK_ASKS: &str = "It is a copy, and the original lives on …";
pub const FORK_MEANS: &str = "Then this Weir leaves all machines to the original: its own list of them is emptied, sessions on them end \
     here, and no machine is touched. It makes new servers of its own for the same pools. This cannot be taken back.";
pub const FORK: &str = "Fork: go on as a copy";

pub fn by(name: &str) -> String {
    format!(" by {name}")
}

pub fn title(page: &str) -> String {
    format!("{page} · Weir")
}

pub fn menu_of(person: &str) -> String {
    format!("Menu of {person}")
}
