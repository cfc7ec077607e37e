//! The words and shapes for states: one pure function a noun, so that every page says the same.

use domain::count::counted;
use domain::plan::{Downscale, Finding, Reason, Upscale};
use domain::pool::{Pool, PoolCounts};
use domain::server::{DeleteReason, DrainReason, FailReason, Origin, Server, ServerState};
use domain::session::{EndReason, Session, SessionState};
use domain::start::StartTimes;

use crate::attention::Need;

/// A shape beside a state's word, so that colour is never the only difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Filled circle: ready.
    Filled,
    /// Half circle: in use.
    Half,
    /// Ring: on its way.
    Ring,
    /// Chevron down: draining.
    Chevron,
    /// Cross in a square: failed.
    Cross,
    /// Hollow circle: over, or off.
    Hollow,
}

impl Shape {
    /// The token whose colour goes with the shape; also the class of the badge.
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Filled => "ready",
            Self::Half => "in-use",
            Self::Ring => "starting",
            Self::Chevron => "draining",
            Self::Cross => "failed",
            Self::Hollow => "off",
        }
    }
}

/// A state as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateWord {
    /// The word.
    pub word: &'static str,
    /// Its shape.
    pub shape: Shape,
}

const fn state(word: &'static str, shape: Shape) -> StateWord {
    StateWord { word, shape }
}

/// A server's state.
pub fn server(server: &Server) -> StateWord {
    match &server.status {
        ServerState::Requested => state("Requested", Shape::Ring),
        ServerState::Unknown => state("Unknown", Shape::Hollow),
        ServerState::Provisioning { .. } => state("Creating", Shape::Ring),
        ServerState::Booting { .. } if server.progress_percent.is_some() => {
            state("Configuring", Shape::Ring)
        }
        ServerState::Booting { .. } => state("Booting", Shape::Ring),
        ServerState::Running { .. } if server.open_sessions == 0 => state("Ready", Shape::Filled),
        ServerState::Running { .. } if server.open_sessions >= server.limits.max_sessions => {
            state("Full", Shape::Half)
        }
        ServerState::Running { .. } => state("In use", Shape::Half),
        ServerState::Draining { .. } => state("Draining", Shape::Chevron),
        ServerState::Deleting { .. } => state("Deleting", Shape::Chevron),
        ServerState::Failed { .. } => state("Failed", Shape::Cross),
        ServerState::Deleted { .. } => state("Deleted", Shape::Hollow),
    }
}

/// A server's state in its history, by the word in JSON. What people did with it then is not known any more.
pub fn step(word: &str) -> &'static str {
    match word {
        "requested" => "Requested",
        "unknown" => "Unknown",
        "provisioning" => "Creating",
        "booting" => "Booting",
        "running" => "Ready",
        "draining" => "Draining",
        "deleting" => "Deleting",
        "failed" => "Failed",
        "deleted" => "Deleted",
        _ => "Another state",
    }
}

/// Why a server is in its state, where there is more to say than the word.
pub fn server_why(server: &Server) -> Option<String> {
    let is_made = matches!(server.origin, Origin::Scaled { .. });
    let is_soon = server.deletion_due().is_some();
    let what_comes = match (&server.status, is_made, server.open_sessions) {
        (ServerState::Draining { .. }, false, _) => {
            " Nobody new gets on it until it is taken back.".to_owned()
        }
        (ServerState::Draining { .. }, true, 0) if is_soon => {
            " Nobody is on it, so it is deleted in a moment, unless it is taken back.".to_owned()
        }
        (ServerState::Draining { .. }, true, open) if is_soon => format!(
            " It goes in a moment, and {} with it, unless it is taken back.",
            counted(open, "open session", "open sessions")
        ),
        (ServerState::Draining { .. }, true, 0) => {
            " Nobody is on it, so it is deleted now.".to_owned()
        }
        (ServerState::Draining { .. }, true, open) => format!(
            " Nobody new gets on it. It is deleted once {}.",
            counted(open, "session has ended", "sessions have ended")
        ),
        _ => String::new(),
    };
    state_why(&server.status).map(|why| format!("{why}{what_comes}"))
}

fn state_why(state: &ServerState) -> Option<&'static str> {
    match state {
        ServerState::Unknown => Some(
            "The create call was not answered. A list of the provider shows what became of it.",
        ),
        ServerState::Draining { why, .. } => Some(drain_reason(*why)),
        ServerState::Deleting { why, .. } | ServerState::Deleted { why } => Some(match why {
            DeleteReason::Drained(DrainReason::Removal) | DeleteReason::Admin => {
                "An admin deleted it."
            }
            DeleteReason::Drained(why) => drain_reason(*why),
            DeleteReason::Failed(why) => fail_reason(*why),
            DeleteReason::Forked => {
                "This Weir is a copy that went its own way. The machine stays with the original."
            }
        }),
        ServerState::Failed { why, .. } => Some(fail_reason(*why)),
        ServerState::Requested
        | ServerState::Provisioning { .. }
        | ServerState::Booting { .. }
        | ServerState::Running { .. } => None,
    }
}

const fn drain_reason(why: DrainReason) -> &'static str {
    match why {
        DrainReason::Surplus => "It is not needed any more.",
        DrainReason::SingleUseDone => "It serves one person, who has left.",
        DrainReason::Admin => "An admin drained it.",
        DrainReason::Removal => "An admin deletes it.",
    }
}

const fn fail_reason(why: FailReason) -> &'static str {
    match why {
        FailReason::CreateRefused => "The provider refused to make it.",
        FailReason::CreateLost => {
            "The create call was not answered, and no list shows the machine."
        }
        FailReason::LaunchTimeout => "The provider did not start it in time.",
        FailReason::CheckinTimeout => "It did not become ready in time.",
        FailReason::Script => "Its start-up script failed.",
        FailReason::MachineLost => "The machine stopped or went away by itself.",
    }
}

/// A session's state.
pub fn session(session: &Session) -> StateWord {
    match session.status {
        SessionState::Queued => state("Waiting", Shape::Ring),
        SessionState::Assigned { .. } => state("Ready", Shape::Filled),
        SessionState::Active { .. } => state("In use", Shape::Half),
        SessionState::Ended { .. } => state("Ended", Shape::Hollow),
    }
}

/// How a session ended, as one sentence to its owner.
pub const fn ended(how: EndReason) -> &'static str {
    match how {
        EndReason::Owner => "You ended this session.",
        EndReason::Cancelled => "You stopped waiting.",
        EndReason::Admin => "An admin ended this session.",
        EndReason::Expired => "Its time was over.",
        EndReason::QueueTimeout => "No computer became free in time.",
        EndReason::ServerLost => "The computer was lost.",
    }
}

/// The one honest line of a pool's card.
pub fn pool_line(pool: &Pool) -> String {
    let PoolCounts {
        starting,
        free_seats,
        waiting,
        ..
    } = pool.counts;
    if pool.protocol.is_none() {
        "Not set up yet".to_owned()
    } else if free_seats > 0 {
        "Ready now".to_owned()
    } else if waiting > 0 {
        format!("{} waiting", people(waiting))
    } else if starting > 0 {
        "A computer is being prepared".to_owned()
    } else {
        "No computer is free now".to_owned()
    }
}

/// A pool's state, for the admin.
pub fn pool(pool: &Pool) -> StateWord {
    let counts = pool.counts;
    if pool.protocol.is_none() {
        state("Not set up", Shape::Hollow)
    } else if counts.waiting > 0 && counts.free_seats == 0 {
        state("People wait", Shape::Cross)
    } else if pool.paused {
        state("Paused", Shape::Hollow)
    } else if counts.free_seats > 0 {
        state("Ready", Shape::Filled)
    } else if counts.starting > 0 {
        state("Starting", Shape::Ring)
    } else if counts.sessions > 0 {
        state("Full", Shape::Half)
    } else {
        state("Empty", Shape::Hollow)
    }
}

/// What so many seats that nobody has are called.
pub const fn free_seats(count: u32) -> &'static str {
    if count == 1 {
        "free seat"
    } else {
        "free seats"
    }
}

/// What so many servers are called.
pub const fn servers(count: u32) -> &'static str {
    if count == 1 { "server" } else { "servers" }
}

/// Whether a pool needs an admin, as one sentence.
pub fn status(needs: &[Need]) -> String {
    let mut names: Vec<&str> = needs.iter().map(|need| need.pool_name.as_str()).collect();
    names.dedup();
    match names.as_slice() {
        [] => "No pool needs you.".to_owned(),
        [one] => format!("{one} needs you."),
        many => format!("{} need you.", counted_pools(many.len())),
    }
}

fn counted_pools(count: usize) -> String {
    counted(u32::try_from(count).unwrap_or(u32::MAX), "pool", "pools")
}

/// `1 person waits.`, `2 people wait.`
pub fn people_wait(count: u32) -> String {
    counted(count, "person waits.", "people wait.")
}

/// How many servers still are what an older version of their config said.
pub fn older_servers(count: u32) -> String {
    match count {
        1 => "1 server is older than this config. It keeps what it was made with.".to_owned(),
        many => format!(
            "{many} servers are older than this config. They keep what they were made with."
        ),
    }
}

/// What a value was and what it became. Of texts of many lines only their length is said.
pub fn became(old: &str, new: &str) -> String {
    let said = |text: &str| {
        if text.contains('\n') {
            let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
            counted(lines, "line", "lines")
        } else {
            text.to_owned()
        }
    };
    if old.contains('\n') && new.contains('\n') {
        format!("changed, {}", said(new))
    } else {
        format!("{} → {}", said(old), said(new))
    }
}

/// `1 session`, `2 sessions`: a unit is written for many.
pub fn with_unit(number: &str, unit: &str) -> String {
    let unit = match (number, unit) {
        ("1", "people") => "person",
        // `s` and `ms` are signs, not words.
        ("1", many) if many.len() > 2 => many.strip_suffix('s').unwrap_or(many),
        (_, many) => many,
    };
    format!("{number} {unit}")
}

fn people(count: u32) -> String {
    counted(count, "person", "people")
}

/// `1st`, `2nd`, `11th`.
pub fn ordinal(place: u32) -> String {
    let ending = match (place % 10, place % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{place}{ending}")
}

/// A length of time: `0:07`, `1:12`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(millis: i64) -> String {
    let secs = (millis / 1000).max(0);
    match secs {
        0..3600 => format!("{}:{:02}", secs / 60, secs % 60),
        3600..86_400 => format!("{} h {} min", secs / 3600, secs / 60 % 60),
        _ => format!("{} d {} h", secs / 86_400, secs / 3600 % 24),
    }
}

/// How long ago something was: `just now`, `12 s ago`, `4 min ago`, `2 h ago`, `3 d ago`.
pub fn ago(millis: i64) -> String {
    match millis / 1000 {
        ..5 => "just now".to_owned(),
        secs @ 5..60 => format!("{secs} s ago"),
        secs @ 60..3600 => format!("{} min ago", secs / 60),
        secs @ 3600..86_400 => format!("{} h ago", secs / 3600),
        secs => format!("{} d ago", secs / 86_400),
    }
}

/// How long something took: `0.4 s`, `12 s`, `3 min 40 s`, `2 h 5 min`.
pub fn took(millis: i64) -> String {
    match millis {
        ..10_000 => format!("{}.{} s", millis.max(0) / 1000, millis.max(0) % 1000 / 100),
        10_000..60_000 => format!("{} s", millis / 1000),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
        _ => duration(millis),
    }
}

/// About how long something takes, rounded up: `2 s`, `50 s`, `3 min 40 s`, `12 min`.
pub fn about(millis: i64) -> String {
    let secs = (millis.max(0) + 999) / 1000;
    match secs {
        ..=10 => format!("{} s", secs.max(1)),
        // Nobody waits by the second.
        11..600 => match (secs + 9) / 10 * 10 {
            tens @ ..60 => format!("{tens} s"),
            tens if tens % 60 == 0 => format!("{} min", tens / 60),
            tens => format!("{} min {} s", tens / 60, tens % 60),
        },
        _ => match (secs + 59) / 60 {
            minutes @ ..60 => format!("{minutes} min"),
            minutes if minutes % 60 == 0 => format!("{} h", minutes / 60),
            minutes => format!("{} h {} min", minutes / 60, minutes % 60),
        },
    }
}

/// How long starts usually take, as far as the recorded ones say.
pub fn usual(usual: &StartTimes) -> String {
    let (half, most) = (about(usual.ready_millis), about(usual.ready_p95_millis));
    if usual.starts < StartTimes::RECENT {
        // Of so few, 95 of 100 are all.
        format!(
            "Usually ready in {half}; the slowest of the last {} starts took {most}.",
            usual.starts
        )
    } else {
        format!(
            "Usually ready in {half}; 19 of the last {} starts took no more than {most}.",
            usual.starts
        )
    }
}

/// What somebody has done, by the words of the audit log (`pool.create`), and to what. `is_asked`: it can still be taken back.
pub fn deed(action: &str, name: Option<&str>, is_asked: bool) -> String {
    let (noun, verb) = action.split_once('.').unwrap_or(("", action));
    let (article, noun) = match noun {
        "api_key" => ("an", "API key"),
        "autoscale_config" => ("a", "scaling config"),
        "demo" => ("the", "demo"),
        "deployment" => ("all", "scaling"),
        "ldap_config" => ("a", "directory"),
        "orphan" => ("an", "orphan"),
        "setup" => ("the", "set-up"),
        "ssh_key" => ("an", "SSH key"),
        "user" => ("a", "person"),
        other => ("a", other),
    };
    let verb = match verb {
        "create" => "Created",
        "create_fixed" => "Registered",
        "replace" => "Changed",
        "restore" => "Restored",
        "delete" if is_asked => "Asked to delete",
        "delete" => "Deleted",
        "drain" => "Drained",
        "undrain" => "Took back into use",
        "keep" => "Kept",
        "release" => "Released",
        "adopt" => "Adopted",
        "request" => "Asked for",
        "end" => "Ended",
        "reveal" => "Looked at the credentials of",
        "rdp_file" => "Fetched the RDP file of",
        "complete" => "Completed",
        "visit" => "Sent visitors to",
        "break" => "Broke the next server of",
        "read_why" => "Read why in",
        "dismiss" => "Put away the checklist of",
        "assign" => "Gave a seat to",
        "pause" => "Paused",
        "resume" => "Resumed",
        "outcome" => "Heard what became of",
        "seen" => "Saw",
        "shorten_visits" => "Set the end of visits to",
        "remove" => "Began to remove",
        other => other,
    };
    match name {
        Some(name) => format!("{verb} {noun} {name}"),
        None => format!("{verb} {article} {noun}"),
    }
}

/// The arithmetic of scaling up, line by line.
pub fn upscale_lines(up: &Upscale) -> Vec<String> {
    vec![
        format!(
            "wanted = max(0, {} minimum − {} free) + {} waiting − {} in flight = {}",
            up.minimum, up.free_seats, up.waiting, up.seats_in_flight, up.want
        ),
        format!(
            "servers = {} / {} per server, rounded up = {}",
            up.want.max(0),
            up.seats_per_server,
            up.servers_wanted
        ),
        format!(
            "allowed = {} max instances − {} existing; {} − {} creates an hour; gate {}",
            up.max_instances,
            up.existing,
            up.creates_per_hour,
            up.creates_last_hour,
            gate(up)
        ),
        format!("created = {}", up.create),
    ]
}

fn gate(up: &Upscale) -> String {
    if up.gate >= up.max_instances {
        "open".to_owned()
    } else {
        up.gate.to_string()
    }
}

/// The arithmetic of scaling down, if there is anything to remove.
pub fn downscale_line(down: &Downscale) -> Option<String> {
    (down.removable > 0).then(|| {
        format!(
            "{} removable, backoff {} s, drained = {}",
            down.removable, down.backoff_secs, down.drain
        )
    })
}

/// How a conclusion is marked in lists.
pub fn finding_shape(reason: Reason) -> Shape {
    if matches!(reason, Reason::HeldEnough | Reason::HeldEnoughStarting) {
        return Shape::Hollow;
    }
    match reason.code().split_once('.').map(|(family, _)| family) {
        Some("grew" | "assigned") => Shape::Filled,
        Some("held" | "failed" | "refused") => Shape::Cross,
        Some("shrank" | "gone") => Shape::Chevron,
        Some("queued" | "called" | "probed" | "listed") => Shape::Ring,
        _ => Shape::Hollow,
    }
}

/// Whether a finding is only about the loop's own work, so that lists can leave it out.
pub fn is_chatter(finding: &Finding) -> bool {
    matches!(
        finding.reason,
        Reason::ListedDue | Reason::ListedForEvidence | Reason::SeenInList
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::connection::Protocol;
    use domain::id::PoolId;
    use domain::timestamp::Timestamp;

    fn a_pool(counts: PoolCounts) -> Pool {
        Pool {
            id: PoolId::from_bare("01980000-0000-7000-8000-000000000001").expect("an id"),
            name: "desks".into(),
            description: String::new(),
            apps: Vec::new(),
            protocol: Some(Protocol::Ssh),
            paused: false,
            counts,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 1,
        }
    }

    #[test]
    fn a_card_promises_no_more_than_is_there() {
        let counts = PoolCounts::default();
        let line = |counts| pool_line(&a_pool(counts));
        assert_eq!(
            line(PoolCounts {
                free_seats: 1,
                waiting: 2,
                ..counts
            }),
            "Ready now"
        );
        assert_eq!(
            line(PoolCounts {
                waiting: 1,
                starting: 1,
                ..counts
            }),
            "1 person waiting"
        );
        assert_eq!(
            line(PoolCounts {
                starting: 1,
                ..counts
            }),
            "A computer is being prepared"
        );
        assert_eq!(line(counts), "No computer is free now");
        let bare = Pool {
            protocol: None,
            ..a_pool(counts)
        };
        assert_eq!(pool_line(&bare), "Not set up yet");
    }

    #[test]
    fn times_and_places_read_well() {
        assert_eq!(duration(7_900), "0:07");
        assert_eq!(duration(72_000), "1:12");
        assert_eq!(duration(7_500_000), "2 h 5 min");
        assert_eq!(duration(-5), "0:00");
        for (millis, words) in [
            (-5, "just now"),
            (12_900, "12 s ago"),
            (299_000, "4 min ago"),
            (7_500_000, "2 h ago"),
            (300_000_000, "3 d ago"),
        ] {
            assert_eq!(ago(millis), words);
        }
        for (millis, exact, rounded) in [
            (0, "0.0 s", "1 s"),
            (450, "0.4 s", "1 s"),
            (12_300, "12 s", "20 s"),
            (55_000, "55 s", "1 min"),
            (220_000, "3 min 40 s", "3 min 40 s"),
            (601_000, "10 min 1 s", "11 min"),
            (7_500_000, "2 h 5 min", "2 h 5 min"),
        ] {
            assert_eq!(
                (took(millis).as_str(), about(millis).as_str()),
                (exact, rounded)
            );
        }
        for (place, words) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (11, "11th"),
            (21, "21st"),
            (112, "112th"),
        ] {
            assert_eq!(ordinal(place), words);
        }
    }

    #[test]
    fn few_starts_promise_no_more_than_they_are() {
        let times = |starts| StartTimes {
            starts,
            accepted_millis: 0,
            up_millis: 0,
            ready_millis: 120_000,
            ready_p95_millis: 220_000,
        };
        assert_eq!(
            usual(&times(5)),
            "Usually ready in 2 min; the slowest of the last 5 starts took 3 min 40 s."
        );
        assert_eq!(
            usual(&times(20)),
            "Usually ready in 2 min; 19 of the last 20 starts took no more than 3 min 40 s."
        );
    }

    #[test]
    fn what_a_value_became_fits_on_a_line() {
        assert_eq!(became("1 session", "3 sessions"), "1 session → 3 sessions");
        assert_eq!(became("None", "{\n}\n"), "None → 2 lines");
        assert_eq!(became("a\nb", "a\nb\nc"), "changed, 3 lines");
        assert_eq!(
            older_servers(1),
            "1 server is older than this config. It keeps what it was made with."
        );
        assert_eq!(
            older_servers(3),
            "3 servers are older than this config. They keep what they were made with."
        );
    }

    #[test]
    fn one_of_a_unit_is_not_many() {
        assert_eq!(with_unit("1", "sessions"), "1 session");
        assert_eq!(with_unit("1", "people"), "1 person");
        assert_eq!(with_unit("1", "ms"), "1 ms");
        assert_eq!(with_unit("10", "people"), "10 people");
    }

    #[test]
    fn only_what_went_wrong_is_marked_so() {
        assert_eq!(finding_shape(Reason::HeldEnough), Shape::Hollow);
        assert_eq!(finding_shape(Reason::HeldAtLimit), Shape::Cross);
        assert_eq!(finding_shape(Reason::GrewWaiting), Shape::Filled);
    }

    #[test]
    fn the_lines_of_a_decision_hold_its_numbers() {
        let up = Upscale {
            minimum: 10,
            waiting: 2,
            want: 12,
            seats_per_server: 4,
            servers_wanted: 3,
            max_instances: 8,
            existing: 8,
            creates_per_hour: 60,
            gate: 8,
            ..Upscale::default()
        };
        let lines = upscale_lines(&up).join("\n");
        assert!(
            lines.contains("max(0, 10 minimum − 0 free) + 2 waiting − 0 in flight = 12"),
            "{lines}"
        );
        assert!(lines.contains("8 max instances − 8 existing"), "{lines}");
        assert!(lines.ends_with("created = 0"), "{lines}");
    }
}
