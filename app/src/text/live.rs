//! How the page keeps up with what happens.

pub const LIVE: &str = "Live";
pub const RECONNECTING: &str = "Reconnecting";
pub const NOT_LIVE: &str = "Not live";

pub const LOADING: &str = "Loading";
