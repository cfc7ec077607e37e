//! What several pages say: names of pages, of columns and of buttons.

pub const ACTION: &str = "Action";
pub const ACTIONS: &str = "Actions";
pub const ACTIVITY: &str = "Activity";
pub const ADMIN: &str = "Admin";
pub const API_KEYS: &str = "API keys";
pub const ASKED_FOR: &str = "Asked for";
pub const CANCEL: &str = "Cancel";
pub const CAPACITY: &str = "Capacity";
pub const CHANGE_SCALING: &str = "Change scaling";
pub const CONFIG: &str = "Config";
pub const CONNECT: &str = "Connect";
pub const DECISIONS: &str = "Decisions";
pub const DELETE: &str = "Delete";
pub const DIRECTORIES: &str = "Directories";
pub const END: &str = "End";
pub const HEALTH: &str = "Health";
pub const KIND: &str = "Kind";
pub const MADE: &str = "Made";
pub const NAME: &str = "Name";
pub const NEW: &str = "New";
pub const NEW_API_KEY: &str = "New API key";
pub const NEW_DIRECTORY: &str = "New directory";
pub const NEW_PERSON: &str = "New person";
pub const NEW_POOL: &str = "New pool";
pub const NEW_PROVIDER: &str = "New provider";
pub const NEW_ZONE: &str = "New zone";
pub const NOBODY_YET: &str = "Nobody has done anything yet.";
pub const NONE: &str = "None";
pub const NOT_SET: &str = "Not set";
pub const ORPHANS: &str = "Orphans";
pub const OVERVIEW: &str = "Overview";
pub const PASSWORD: &str = "Password";
pub const PEOPLE: &str = "People";
pub const PERSON: &str = "Person";
pub const POOL: &str = "Pool";
pub const POOLS: &str = "Pools";
pub const PORTAL: &str = "Portal";
pub const PRIVATE_KEY: &str = "private key";
pub const PROFILE: &str = "Profile";
pub const PROGRESS: &str = "Progress";
pub const PROTOCOL: &str = "Protocol";
pub const PROVIDERS: &str = "Providers";
pub const QUEUE: &str = "Queue";
pub const REMOVE: &str = "Remove";
pub const ROLE: &str = "Role";
pub const SEATS: &str = "Seats";
pub const SERVER: &str = "Server";
pub const SERVERS: &str = "Servers";
pub const SESSION: &str = "Session";
pub const SESSIONS: &str = "Sessions";
pub const SET: &str = "Set";
pub const SET_UP_SCALING: &str = "Set up scaling";
pub const SIGN_IN: &str = "Sign in";
pub const START: &str = "Start";
pub const STATE: &str = "State";
pub const TRY_HERE: &str = "Try it on this machine";
pub const UNDO: &str = "Undo";
pub const WAITING: &str = "Waiting";
pub const WHEN: &str = "When";
pub const WHO: &str = "Who";
pub const WHY: &str = "Why";
pub const ZONES: &str = "Zones";

pub fn percent(percent: u8) -> String {
    format!("{percent} %")
}

pub fn version(version: i64) -> String {
    format!("Version {version}")
}
