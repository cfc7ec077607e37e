//! The wizard of an autoscale config.

use domain::count::counted;

/// What there is none of at an address.
pub const NOUN: &str = "autoscale config";

pub const DRAFT_GONE: &str = "The draft of this address is not there any more: it became a config or was thrown away. This is a new one.";

/// Which values those are that stand beside what was typed.
pub const AS_SAVED: &str = "as saved";
pub const AS_SUGGESTED: &str = "as suggested";

pub const SAVE: &str = "Save scaling";
pub const CREATE: &str = "Create scaling";

pub const PREVIEW: &str = "What happens when you save";
pub const PREVIEW_LATER: &str = "This is computed once every field is right.";

pub fn given_up(count: u32) -> String {
    let are = servers_are(count);
    format!("{are} given up now, for taking longer to start than it may.")
}

pub const NOTHING_NOW: &str = "No server is made or removed now.";

pub fn made(count: u32) -> String {
    format!("{} made now.", servers_are(count))
}

pub fn drained(count: u32) -> String {
    format!("{} drained now.", servers_are(count))
}

pub fn made_and_drained(made: u32, drained: u32) -> String {
    let (made, drained) = (servers_are(made), servers_are(drained));
    format!("{made} made and {drained} drained now.")
}

fn servers_are(count: u32) -> String {
    counted(count, "server is", "servers are")
}

pub fn seats(ready: u32, per_server: u32) -> String {
    format!(
        "{} ready then; a server holds {}.",
        counted(ready, "seat is", "seats are"),
        counted(per_server, "seat", "seats"),
    )
}

pub const LOOK_FIRST: &str = "Look at this first";

pub const SCRIPT_OF_NEW: &str = "Start-up script as a new server gets it";
pub const SCRIPT: &str = "Start-up script";

pub fn script_size(bytes: u32, limit: Option<u32>) -> String {
    match limit {
        Some(limit) => format!("{bytes} of {limit} bytes; secrets are masked."),
        None => format!("{bytes} bytes; secrets are masked."),
    }
}
