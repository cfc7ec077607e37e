//! What the console of a server's machine shows.

use serde::{Deserialize, Serialize};

/// The console of a server's machine, as its provider shows it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsoleLog {
    /// Its newest part, with a mask for each secret that Weir knows of; none where there is no console to read.
    pub text: Option<String>,
    /// Whether more was written before.
    pub is_cut: bool,
    /// Why there is no text.
    pub why: Option<String>,
    /// Whether the server is still starting, so that more is to be expected.
    pub is_starting: bool,
}
