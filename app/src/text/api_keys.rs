//! The list of API keys, and the form of a new one.

pub const NEW: &str = "New key";
pub const NONE: &str = "There is no key yet. Programs use one to call the REST API.";

/// Whom a key acts as whose owner is gone.
pub const NOBODY: &str = "Nobody";

pub fn the_key(name: &str) -> String {
    format!("the key {name}")
}

pub const DELETE: &str = "Delete key";
pub const DELETE_HELP: &str = "Programs that use it are refused from then on.";

pub fn shown_once(name: &str) -> String {
    format!("The text of {name} is shown this once. Keep it now.")
}

pub const API_KEY: &str = "API key";

/// Behind it stands the call.
pub const EXAMPLE: &str = "A program sends it with each call, for one:";
/// What is copied.
pub const EXAMPLE_CALL: &str = "example call";

pub fn example_call(key: &str, origin: &str, list: &str) -> String {
    format!("curl -H \"Authorization: Bearer {key}\" {origin}/api/v1/{list}")
}

/// Leads to the description of the API.
pub const TO_MANUAL: &str = "What the API can do";

pub const BACK: &str = "Back to the keys";

pub const CREATE: &str = "Create key";
