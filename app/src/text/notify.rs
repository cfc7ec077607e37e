//! Notifications by the browser.

pub const TELL_ME: &str = "Tell me when it is ready";
pub const TOLD: &str = "You are told when it is ready, as long as this tab stays open.";
pub const NOT_ALLOWED: &str = "The browser does not allow notifications from this page.";
