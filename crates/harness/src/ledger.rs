//! What people were promised, kept by themselves: which sessions Weir has answered for, and which of them were ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// Sessions by what is known of them.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Sessions that Weir has answered for.
    accepted: BTreeSet<String>,
    /// Those of them that somebody has ended, by an answered call.
    ended: BTreeSet<String>,
    /// Those whose end nobody has answered.
    perhaps_ended: BTreeSet<String>,
    /// Requests for sessions that nobody has answered.
    perhaps_asked: usize,
    /// Promises that were broken.
    broken: Vec<String>,
}

impl Ledger {
    /// A request for a session was answered with this id, or not at all.
    pub fn asked(&mut self, id: Option<String>) {
        let Some(id) = id else {
            self.perhaps_asked += 1;
            return;
        };
        if self.accepted.contains(&id) {
            self.broken.push(format!("the id {id} is given out twice"));
        }
        self.accepted.insert(id);
    }

    /// Somebody asks for the end of a session. Until there is an answer it may go either way.
    pub fn ending(&mut self, id: &str) {
        self.perhaps_ended.insert(id.to_owned());
    }

    /// Sessions whose end nobody has answered.
    pub fn unanswered_ends(&self) -> Vec<String> {
        self.perhaps_ended.iter().cloned().collect()
    }

    /// A session has ended, and this is what Weir shows of it: nobody but whoever has asked for it may have ended it.
    pub fn ended(&mut self, id: &str, session: &Value) {
        if session["state"] != "ended" || session["how"] != "admin" {
            self.broken.push(format!(
                "session {id} was ended by an admin, and is {} by {}",
                session["state"], session["how"]
            ));
        }
        self.perhaps_ended.remove(id);
        self.ended.insert(id.to_owned());
    }

    /// What became of requests without an answer, by the sessions that have not ended now: either way is right, but then it
    /// stays so. Whoever is seated now is seated rightly.
    pub fn learn(&mut self, alive: &BTreeMap<String, Value>, seats: usize) {
        self.perhaps_ended.clear();
        let known = self.accepted.len();
        self.accepted.extend(alive.keys().cloned());
        let learned = self.accepted.len() - known;
        let asked = std::mem::take(&mut self.perhaps_asked);
        if learned > asked {
            self.broken.push(format!(
                "there are {learned} sessions more, and {asked} requests without an answer"
            ));
        }
        let wrong = self.complaints(alive, seats);
        self.broken.extend(wrong);
    }

    /// Promises that were broken at any moment so far, in sentences.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Accepted sessions that nobody has wanted to end.
    pub fn open(&self) -> Vec<String> {
        let is_over = |id: &&String| self.ended.contains(*id) || self.perhaps_ended.contains(*id);
        self.accepted
            .iter()
            .filter(|id| !is_over(id))
            .cloned()
            .collect()
    }

    /// Sessions that are lost, live again or were made up, and servers with more than `seats` people, in sentences.
    pub fn complaints(&self, alive: &BTreeMap<String, Value>, seats: usize) -> Vec<String> {
        let mut complaints = Vec::new();
        for id in self.open() {
            if !alive.contains_key(&id) {
                complaints.push(format!("session {id} is lost"));
            }
        }
        for id in alive.keys() {
            if self.ended.contains(id) {
                complaints.push(format!("session {id} lives again"));
            }
            if !self.accepted.contains(id) {
                complaints.push(format!("nobody asked for session {id}"));
            }
        }
        let mut taken = BTreeMap::<&str, usize>::new();
        for session in alive.values() {
            if let Some(server) = session["server_id"].as_str() {
                *taken.entry(server).or_default() += 1;
            }
        }
        for (server, people) in taken {
            if people > seats {
                complaints.push(format!(
                    "server {server} has {seats} seats and {people} people"
                ));
            }
        }
        complaints
    }

    /// Sessions that were ever accepted, and those that were ended.
    pub fn totals(&self) -> (usize, usize) {
        (self.accepted.len(), self.ended.len())
    }
}

/// A ledger that several people write to at the same time.
#[derive(Debug, Default)]
pub struct SharedLedger(Mutex<Ledger>);

impl SharedLedger {
    /// For one entry or one look; nobody waits for an answer meanwhile.
    pub fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alive(ids: &[(&str, &str)]) -> BTreeMap<String, Value> {
        ids.iter()
            .map(|(id, server)| ((*id).to_owned(), json!({ "server_id": server })))
            .collect()
    }

    /// As Weir shows a session that was ended.
    fn over(how: &str) -> Value {
        json!({ "state": "ended", "how": how })
    }

    fn with(ids: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        for id in ids {
            ledger.asked(Some((*id).to_owned()));
        }
        ledger
    }

    #[test]
    fn a_session_that_is_missing_is_lost() {
        let mut ledger = with(&["a"]);
        assert_eq!(ledger.complaints(&alive(&[]), 1), ["session a is lost"]);
        assert!(ledger.complaints(&alive(&[("a", "s")]), 1).is_empty());
        ledger.learn(&alive(&[]), 1);
        assert_eq!(ledger.broken(), ["session a is lost"]);
    }

    #[test]
    fn one_id_is_for_one_person() {
        assert_eq!(with(&["a", "a"]).broken().len(), 1);
        assert!(with(&["a", "b"]).broken().is_empty());
    }

    #[test]
    fn an_ended_session_stays_ended() {
        let mut ledger = with(&["a"]);
        ledger.ending("a");
        ledger.ended("a", &over("admin"));
        assert!(ledger.broken().is_empty());
        let back = alive(&[("a", "s")]);
        assert_eq!(ledger.complaints(&back, 1), ["session a lives again"]);
    }

    #[test]
    fn a_session_that_had_ended_by_itself_was_lost() {
        for what in [over("server_lost"), json!({ "state": "assigned" })] {
            let mut ledger = with(&["a"]);
            ledger.ending("a");
            ledger.ended("a", &what);
            assert_eq!(ledger.broken().len(), 1, "{what}");
        }
    }

    #[test]
    fn an_end_without_an_answer_may_go_either_way_once() {
        let mut ledger = with(&["a", "b"]);
        ledger.ending("a");
        ledger.ending("b");
        assert_eq!(ledger.unanswered_ends(), ["a", "b"]);
        ledger.ended("a", &over("admin"));
        ledger.learn(&alive(&[("b", "s")]), 1);
        assert!(ledger.broken().is_empty());
        assert_eq!(ledger.open(), ["b"]);
        let other = alive(&[("a", "s")]);
        let complaints = ledger.complaints(&other, 1);
        assert_eq!(complaints, ["session b is lost", "session a lives again"]);
    }

    #[test]
    fn what_nobody_asked_for_is_seen() {
        let two = alive(&[("a", "s"), ("b", "t")]);
        let mut ledger = Ledger::default();
        ledger.asked(None);
        ledger.learn(&two, 1);
        assert_eq!(ledger.broken().len(), 1, "one too many");
        let mut ledger = Ledger::default();
        ledger.asked(None);
        ledger.learn(&alive(&[("a", "s")]), 1);
        assert!(ledger.broken().is_empty());
        assert_eq!(ledger.complaints(&two, 1), ["nobody asked for session b"]);
    }

    #[test]
    fn more_people_than_seats_are_seen() {
        let ledger = with(&["a", "b"]);
        let both = alive(&[("a", "s"), ("b", "s")]);
        assert!(ledger.complaints(&both, 2).is_empty());
        assert_eq!(ledger.complaints(&both, 1).len(), 1);
    }
}
