//! One session.

use crate::text::words;

/// What there is none of at an address.
pub const NOUN: &str = "session";

pub const ALL: &str = "All your computers";

pub const REQUESTED: &str = "Requested";
pub const WAITING: &str = "Waiting for a computer";
pub const PREPARING: &str = "Preparing a computer";
pub const PUTTING_KEY: &str = "Putting your key on it";
pub const READY: &str = "Ready";

// Behind a step, for people who listen.
pub const STEP_DONE: &str = "done";
pub const STEP_NOW: &str = "now";
pub const STEP_AHEAD: &str = "not yet";

// Times stand between them.
pub const ASKED: &str = "Asked for ";
pub const ASKED_UNTIL: &str = ". The wait ends by itself at ";
pub const ASKED_END: &str = ". You can close this page: your place is kept.";

/// Behind what the computer's script says of itself.
pub const FROM_COMPUTER: &str = " (from the computer)";
pub const FEW_STARTS: &str = "Too few computers have started here yet to say how long it takes.";

// `Started 2 min ago. It takes longer than usual. Last heard of it 12 s ago.`
pub const STARTED: &str = "Started ";
pub const STARTED_END: &str = ". ";
pub const LATE: &str = "It takes longer than usual. Last heard of it ";
pub const LATE_END: &str = ".";

pub const WHY: &str = "Why am I waiting?";
// A time stands between them.
pub const AGAIN_AT: &str = " It is tried again at ";
pub const AGAIN_AT_END: &str = ".";

pub const DOWNLOAD_RDP: &str = "Download .rdp file";
pub const RDP_HELP: &str = "Open it with a Remote Desktop client.";
pub const OPEN_DESKTOP: &str = "Open the desktop";
pub const VNC_HELP: &str = "Connect a VNC client to this address.";
pub const ADDRESS: &str = "Address";
pub const USER_NAME: &str = "User name";
pub const HOST_KEY: &str = "Host key";
pub const ENDS: &str = "Ends by itself";
pub const KEEP: &str = "Keep it longer";

pub const KEY_FILE: &str = "File of your private key";
// The second is a link.
pub const KEY_FILE_HELP: &str =
    "The commands name it. Empty leaves the choice to ssh. Your keys are in ";
pub const KEY_FILE_PROFILE: &str = "your profile";
pub const KEY_FILE_HELP_END: &str = ".";
pub const KEEP_HOST_KEY: &str = "1. Keep the computer's host key";
pub const HOST_KEY_COMMAND: &str = "command that keeps the host key";
pub const THEN_CONNECT: &str = "2. Connect";
pub const SSH_COMMAND: &str = "ssh command";
pub const NO_HOST_KEY: &str =
    "The computer's host key is not known to Weir: ssh asks you whether to trust it.";

pub const NO_KEY: &str = "You have no SSH key in your profile yet. Add one, then come back here.";
pub const ADD_KEY: &str = "Add an SSH key";

pub const CREDENTIALS: &str = "Credentials";
pub const CREDENTIALS_HELP: &str = "Showing them is written to the audit log.";
pub const SHOW_CREDENTIALS: &str = "Show credentials";
pub const HIDE: &str = "Hide";
// They begin with a capital as headings, and with none in what the buttons beside them say.
pub const SECRET_USER_NAME: &str = "user name";
pub const SECRET_PASSWORD: &str = "password";
pub const SECRET_PASSPHRASE: &str = "passphrase";
pub const SECRET_INFO: &str = "connection info";

pub const ENDED: &str = "Ended";
pub const BACK: &str = "Back to the portal";

pub fn has_ended(pool: &str) -> String {
    format!("{pool} has ended")
}

pub fn is_ready(pool: &str) -> String {
    format!("{pool} is ready")
}

pub fn place(position: u32, waiting: u32) -> String {
    format!(
        "You are {} of {waiting} who wait.",
        words::ordinal(position)
    )
}
