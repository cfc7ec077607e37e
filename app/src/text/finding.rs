//! Where to go from what the scaling loop found.

pub const TO_SERVER: &str = "To the server";
pub const TO_PROVIDER: &str = "To the provider";
