//! Why an answer does not come, or can not be read.

pub const NO_ANSWER: &str = "Weir does not answer. Look at the network, then try again.";
pub const NOT_UNDERSTOOD: &str =
    "The page and the server do not understand each other. Load the page again.";
pub const UNREADABLE: &str = "The answer of Weir can not be read. Load the page again.";

#[cfg(feature = "ssr")]
pub const NOT_READY: &str = "Weir is not ready yet. Try again in a moment.";
#[cfg(feature = "ssr")]
pub const SIGN_IN: &str = "Sign in to see this.";

/// Why the data can not be read, within [`data_unreadable`].
pub const ANOTHER_TYPE: &str = "another type";

pub fn data_unreadable(error: &dyn std::fmt::Display) -> String {
    format!("The data of this page cannot be read: {error}. Load the page again.")
}
