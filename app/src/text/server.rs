//! The page of one server.

use domain::count::counted;
use domain::server::GRACE_SECS;

/// What there is none of at an address.
pub const NOUN: &str = "server";

pub const TITLE: &str = "Server";

pub const IN_STATE_FOR: &str = "In this state for";
pub const ORIGIN: &str = "Origin";
pub const ADDRESS: &str = "Address";
pub const MACHINE: &str = "Machine";
pub const LAST_MESSAGE: &str = "Last message";
pub const HOST_KEY: &str = "Host key";
pub const CHECKED_IN: &str = "Checked in";

pub const BY_HAND: &str = "Entered by hand";

pub fn by_the_loop(config_version: i64) -> String {
    format!("Made by the loop, with version {config_version} of its config")
}

pub fn sessions(open: u32, at_most: u32) -> String {
    format!("{open} of {at_most}")
}

pub const DRAIN: &str = "Drain";
pub const TAKE_BACK: &str = "Take back";
pub const DELETE_ACTION: &str = "Delete server";

/// What a deletion ends, where it can be taken back for a while.
pub fn ends_soon(sessions: u32) -> String {
    let ends = counted(sessions, "open session ends", "open sessions end");
    format!("{ends} in {GRACE_SECS} seconds. Until then the server can be taken back.")
}

/// What the deletion of a server that was entered by hand ends.
pub fn ends_at_once(sessions: u32) -> String {
    let ends = counted(sessions, "open session ends", "open sessions end");
    format!("{ends} at once. The machine stays.")
}

pub const LEAVES_WEIR: &str = "It goes from the pool. The machine stays.";
pub const GONE_FOR_GOOD: &str = "The machine goes for good.";

/// Where nobody counts the seconds.
pub fn deleted_soon() -> String {
    format!("Deleted in {GRACE_SECS} seconds, unless it is taken back")
}

/// The clocks of browser and server may differ: it is never more than the grace period.
pub fn deleted_in(millis: i64) -> String {
    match (millis + 999) / 1000 {
        ..=0 => "Being deleted".to_owned(),
        secs => format!("Deleted in {} s", secs.min(GRACE_SECS.into())),
    }
}
