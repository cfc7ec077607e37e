//! The button that turns a config off or on.

pub const PAUSE: &str = "Pause";
pub const RESUME: &str = "Resume";

pub fn pause(config: &str) -> String {
    format!("Pause {config}")
}

pub fn resume(config: &str) -> String {
    format!("Resume {config}")
}
