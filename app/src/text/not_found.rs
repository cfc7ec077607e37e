//! The page for an address that Weir does not know.

pub const TITLE: &str = "Page not found";

// "There is nothing at this address. [Go to the first page]."
pub const NOTHING: &str = "There is nothing at this address. ";
pub const TO_FIRST: &str = "Go to the first page";
pub const END: &str = ".";
