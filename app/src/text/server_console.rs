//! What the console of a server's machine shows.

pub const TITLE: &str = "Console log";
pub const NOTHING_YET: &str = "Nothing has been written yet.";
pub const GONE: &str = "The machine is gone. This is what it wrote last.";
pub const CUT: &str = "The beginning is left out.";
