//! The demo on its pool's page.

use domain::count::counted;
use domain::demo::{DemoPart, DemoParts, DemoVisit};

pub const TITLE: &str = "Try it out";
pub const BREAKS_NEXT: &str = "The next server that is made for the demo fails. \
    Send visitors, or delete a server, so that one is made.";
// The name of a variable stands between them.
pub const VISITORS_HELP: &str = "Visitors are made up. \
    They ask for sessions as people do, and leave a minute after they got one. \
    What breaks is the start-up script of one server: on this machine it finds ";
pub const VISITORS_HELP_END: &str = " set.";

pub const SERVER_READY: &str = "Server ready";
pub const SERVER_READY_HELP: &str = "One is kept ready before anybody asks.";
pub const WATCH_START: &str = "Watch it start";
pub const LAUNCH: &str = "Launch a session";
pub const LAUNCH_HELP: &str = "Open the pool in the portal, as people do.";
pub const TO_PORTAL: &str = "To the portal";
pub const SCALE: &str = "See it scale";
pub const SCALE_HELP: &str =
    "Servers are made while people wait, and removed when nobody needs them.";
pub const SEND_VISITORS: &str = "Send visitors";
pub const READ_WHY: &str = "Read why";
pub const READ_WHY_HELP: &str =
    "Each decision says what was done, what was not, and for which reason.";
pub const TO_DECISIONS: &str = "To the decisions";
pub const ALL_SEEN: &str = "You have seen all of it.";
pub const HIDE: &str = "Hide this list";
pub const CHECKLIST: &str = "Checklist";
pub const DONE: &str = "Done";
pub const TO_DO: &str = "To do";

pub const SEND: &str = "Send 12 visitors";
pub const BREAK: &str = "Break something";
pub const REMOVE: &str = "Remove the demo";
pub const REMOVE_QUESTION: &str = "Remove the demo?";
pub const REMOVE_ALL: &str = "Remove all of it";

// `demo-1 failed 5 min ago: No such file. Another one is made where one is needed.`
pub const FAILED: &str = " failed ";
pub const FAILED_END: &str = ". ";
pub const REPLACED: &str = "Another server has become ready since.";
pub const REPLACED_LATER: &str = "Another one is made where one is needed.";

pub const REMOVING: &str = "The demo is being removed";
pub const REMOVING_HELP: &str =
    "It goes on by itself, also when you close this page or Weir is started anew.";

/// Behind when a server failed.
pub fn failed_with(message: &str) -> String {
    format!(": {message}")
}

/// What became of those who were sent.
pub fn sent(visit: &DemoVisit) -> String {
    let came = counted(visit.admitted, "visitor came.", "visitors came.");
    match &visit.reason {
        Some(reason) => format!("{came} {} sent away: {reason}", was(visit.refused)),
        None => came,
    }
}

fn was(count: u32) -> String {
    counted(count, "was", "were")
}

pub fn waiting(visitors: u32) -> Option<String> {
    (visitors > 0).then(|| {
        let wait = counted(visitors, "visitor waits.", "visitors wait.");
        format!("{wait} More can be sent once nobody of them does.")
    })
}

/// What goes with the demo, and what does not.
pub fn goes(parts: &DemoParts) -> String {
    let things = held(parts);
    let with = if things.is_empty() {
        String::new()
    } else {
        format!(" with {}", things.join(", "))
    };
    let pool = &parts.pool_name;
    let mut sentences = vec![format!("The pool {pool} goes{with}. Sessions end at once.")];
    let unused = part_nouns(parts).filter(|(_, part)| part.used_by.is_empty());
    sentences.extend(unused.map(|(noun, part)| format!("The {noun} {} goes.", part.name)));
    sentences.extend(stays(parts));
    sentences.join(" ")
}

/// What is left of a demo that is being removed.
pub fn left(parts: &DemoParts) -> String {
    let things = held(parts);
    if things.is_empty() {
        format!("The pool {} is left.", parts.pool_name)
    } else {
        format!("Still there: {}.", things.join(", "))
    }
}

/// What stays, because something else uses it: a sentence each.
pub fn stays(parts: &DemoParts) -> Vec<String> {
    let used = part_nouns(parts).filter(|(_, part)| !part.used_by.is_empty());
    used.map(|(noun, part)| {
        let users = part.used_by.join(", ");
        format!("The {noun} {} stays, for it is used by {users}.", part.name)
    })
    .collect()
}

fn part_nouns(parts: &DemoParts) -> impl Iterator<Item = (&'static str, &DemoPart)> {
    let nouns = [("provider", &parts.provider), ("zone", &parts.zone)];
    nouns
        .into_iter()
        .filter_map(|(noun, part)| Some((noun, part.as_ref()?)))
}

fn held(parts: &DemoParts) -> Vec<String> {
    let counts = [
        (parts.configs, "autoscale config", "autoscale configs"),
        (parts.servers, "server", "servers"),
        (parts.sessions, "open session", "open sessions"),
        (parts.waiting, "person who waits", "people who wait"),
        (parts.visitors, "visitor", "visitors"),
    ];
    counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> DemoParts {
        let part = |used_by: &[&str]| {
            let used_by = used_by.iter().map(|&name| name.to_owned()).collect();
            let name = "This machine".to_owned();
            Some(DemoPart { name, used_by })
        };
        DemoParts {
            pool_name: "Demo".to_owned(),
            configs: 1,
            servers: 3,
            visitors: 12,
            provider: part(&["Mine", "Yours"]),
            zone: part(&[]),
            ..DemoParts::default()
        }
    }

    #[test]
    fn what_goes_and_what_stays_is_said_before() {
        assert_eq!(
            goes(&parts()),
            "The pool Demo goes with 1 autoscale config, 3 servers, 12 visitors. Sessions end at once. The zone This machine \
             goes. The provider This machine stays, for it is used by Mine, Yours."
        );
    }

    #[test]
    fn what_is_left_is_said_to_the_end() {
        assert_eq!(
            left(&parts()),
            "Still there: 1 autoscale config, 3 servers, 12 visitors."
        );
        let bare = DemoParts {
            pool_name: "Demo".to_owned(),
            ..DemoParts::default()
        };
        assert_eq!(left(&bare), "The pool Demo is left.");
        assert_eq!(stays(&bare), [""; 0]);
    }

    #[test]
    fn those_who_were_sent_away_are_told_of_with_the_reason() {
        let visit = DemoVisit {
            admitted: 11,
            refused: 1,
            reason: Some("Demo has no free computer.".to_owned()),
        };
        assert_eq!(
            sent(&visit),
            "11 visitors came. 1 was sent away: Demo has no free computer."
        );
    }
}
