//! What a pool holds, in figures and as a small drawing.

// Each after its number.
pub const WAITING: &str = "waiting";
pub const IN_USE: &str = "in use";
pub const STARTING: &str = "starting";

pub fn last_hour(seats: u32, in_use: u32, waiting: u32) -> String {
    format!("At most {seats} seats, {in_use} in use, {waiting} waiting")
}
