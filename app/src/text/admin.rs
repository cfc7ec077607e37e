//! The admin's overview.

pub const LAST_DEEDS: &str = "What people did last";
pub const ALL_DEEDS: &str = "All activity";

pub const NEEDS: &str = "Needs you";
pub const NO_NEEDS: &str = "Nothing needs you.";

// These stand behind the name of a pool and a colon, or alone.
pub const NOT_SET_UP: &str = "nothing makes servers for it yet.";

pub fn failed(provider: &str, servers: u32) -> String {
    match servers {
        1 => format!("the last server of {provider} failed."),
        many => format!("the last {many} servers of {provider} failed."),
    }
}

pub const TO_PROVIDER: &str = "To the provider";

// "Decided [5 min ago]".
pub const DECIDED: &str = "Decided ";

// "Go on with the draft [Desks], saved [5 min ago]".
pub const GO_ON_WITH: &str = "Go on with the draft ";
pub const SAVED: &str = ", saved ";

pub const TRY_HERE_HELP: &str = "Makes a pool of real SSH servers on the machine that Weir runs on, with one kept ready. Where that is not possible, they are machines in memory.";
pub const START_EMPTY: &str = "Start empty";
pub const START_EMPTY_HELP: &str =
    "A zone says where servers reach Weir, a provider makes them, a pool is what people open.";
