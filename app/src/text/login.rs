//! The page to sign in.

pub const REFUSED: &str = "You are not signed in. Check the name and the password.";
pub const TOO_MANY: &str = "Too many tries. Wait a minute, then try again.";
pub const FAILED: &str = "Signing in did not work. Try again.";
