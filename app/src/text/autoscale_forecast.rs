//! What the settings of a config mean.

use domain::count::counted;

pub const LABEL: &str = "Forecast";

// "[Forecast: ][3 servers ready, 12 sessions.]"
pub const HEAD: &str = "Forecast: ";
pub const UNKNOWN: &str = "computed once the numbers of the step Capacity are right.";
pub const NONE_READY: &str = "no server is kept ready.";

pub fn ready(count: u32, seats: u32) -> String {
    format!("{} ready, {}.", servers(count), sessions(seats))
}

pub fn most(count: u32, seats: u32) -> String {
    format!("At most {}, {}.", servers(count), sessions(seats))
}

pub const MOST_UNKNOWN: &str = "How far it grows is known once a provider is chosen.";

pub fn same_as_saved(seats_per_server: u32) -> String {
    let held = sessions(seats_per_server);
    format!("As saved it is the same: a server holds {held}.")
}

/// `ready` and `most` are the sentences above, of the values as saved.
pub fn as_saved(ready: &str, most: &str) -> String {
    format!("As saved: {ready} {most}")
}

pub const NOT_DONE: &str = "Nothing of this is done while Dry Run is on or Enabled is off.";

/// `usual` is the sentence that says how long.
pub fn wait(usual: &str) -> String {
    format!("Who finds no free seat waits for a server. {usual}")
}

pub const WAIT_UNKNOWN: &str =
    "Who finds no free seat waits for a server. Too few starts are recorded to say how long.";

pub const HOW: &str = "How is this computed?";
pub const ONE_SEAT: &str = "A server has 1 seat: Reusable is off, so it serves one person.";

pub fn seats(count: u32) -> String {
    format!("A server has {}.", counted(count, "seat", "seats"))
}

pub fn seats_of_limits(count: u32, most_sessions: u32, most_users: u32) -> String {
    format!(
        "A server has {}: the lower of {} and {}, as each session may be another person's.",
        counted(count, "seat", "seats"),
        sessions(most_sessions),
        counted(most_users, "person", "people"),
    )
}

pub fn kept(minimum: u32, seats_per_server: u32, wanted: u32) -> String {
    let (minimum, wanted) = (sessions(minimum), servers(wanted));
    format!("{minimum} to keep ready / {seats_per_server} for each server, rounded up = {wanted}.")
}

/// `lower` is the lower of what is wanted and of what the provider may have, `all` the sessions on all that it may have.
pub fn bound(may_have: u32, lower: u32, seats_per_server: u32, all: u32) -> String {
    format!(
        "The provider may have {may_have}: the lower of both is {lower}. {may_have} x {seats_per_server} = {all} sessions at most."
    )
}

pub fn ready_sum(servers: u32, seats_per_server: u32, all: u32) -> String {
    format!("{servers} x {seats_per_server} = {} ready.", sessions(all))
}

pub const HOW_HELP: &str = "These are the settings alone. The review says what happens now, with what runs already; other configs may use the same provider.";

fn servers(count: u32) -> String {
    counted(count, "server", "servers")
}

fn sessions(count: u32) -> String {
    counted(count, "session", "sessions")
}
