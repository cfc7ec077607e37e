//! What was made and ended through the proxy: counts and a journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::call::Call;

/// Totals since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Instances that are there now and cost money, stopped ones too.
    pub alive: usize,
    /// The most at any moment.
    pub most_alive: usize,
    /// Instances that were ever made.
    pub made: usize,
    /// Values of the tag `weir:server` that more than one living instance carries now.
    pub doubles: Vec<String>,
    /// The most instances alive at any moment for one value of the tag `weir:server`.
    pub most_alive_a_server: usize,
    /// Calls by action, refused ones too.
    pub calls: BTreeMap<String, u64>,
    /// Faults that have happened, by their word.
    pub faults: BTreeMap<String, u64>,
    /// Client tokens that were used again with other parameters: each is a bug of the caller.
    pub mismatches: u64,
}

/// An instance, as the call that made it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// EC2's id.
    pub id: String,
    /// The client token.
    pub token: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The start-up script in base64.
    pub user_data: Option<String>,
    /// When it was made, in milliseconds since the proxy's start.
    pub made_at: u64,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// Why its state is what it is, where a fault brought it there.
    pub reason: Option<String>,
    /// Lists show it from then on.
    pub listed_at: u64,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, in milliseconds since the proxy's start.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// An instance was made.
    Made {
        /// EC2's id.
        machine: String,
        /// The client token.
        token: Option<String>,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// The call that made an instance was repeated and answered from memory.
    Repeated {
        /// EC2's id.
        machine: String,
    },
    /// An instance was ended by a call.
    Ended {
        /// EC2's id.
        machine: String,
    },
    /// An instance came to nothing by a fault.
    Failed {
        /// EC2's id.
        machine: String,
        /// Its state now.
        state: &'static str,
    },
    /// A fault has happened.
    Fault {
        /// The call.
        action: String,
        /// The fault's word.
        fault: String,
    },
    /// A call was refused for a reason of its own.
    Refused {
        /// The call.
        action: String,
        /// EC2's word.
        code: String,
    },
}

/// Counts and journal of one proxy.
pub(crate) struct Ledger {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<String, Machine>,
    counts: Counts,
    journal: Vec<Event>,
}

impl Ledger {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test double's journal says when things happened; nothing decides here"
    )]
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }

    /// A call has arrived.
    pub(crate) fn called(&self, action: &str) {
        let calls = &mut self.lock().counts.calls;
        *calls.entry(action.to_owned()).or_default() += 1;
    }

    /// A call has made an instance, which lists show after `lag` milliseconds.
    pub(crate) fn made(&self, id: &str, call: &Call, lag: u64) {
        let now = self.now();
        let machine = Machine {
            id: id.to_owned(),
            token: call.token().map(str::to_owned),
            tags: call.tags(),
            user_data: call.get("UserData").map(str::to_owned),
            made_at: now,
            ended_at: None,
            reason: None,
            listed_at: now + lag,
        };
        let what = What::Made {
            machine: machine.id.clone(),
            token: machine.token.clone(),
            tags: machine.tags.clone(),
        };
        let mut state = self.lock();
        state.machines.insert(machine.id.clone(), machine);
        state.recount();
        state.journal.push(Event { at: now, what });
    }

    /// An instance has ended by a call.
    pub(crate) fn ended(&self, id: &str) {
        let now = self.now();
        let mut state = self.lock();
        let machine = state.machines.get_mut(id);
        if let Some(machine) = machine.filter(|machine| machine.ended_at.is_none()) {
            machine.ended_at = Some(now);
            state.recount();
            let what = What::Ended {
                machine: id.to_owned(),
            };
            state.journal.push(Event { at: now, what });
        }
    }

    /// An instance has come to nothing.
    pub(crate) fn failed(&self, id: &str, state_word: &'static str, is_ended: bool) {
        let now = self.now();
        let mut state = self.lock();
        if let Some(machine) = state.machines.get_mut(id) {
            machine.reason = Some("Server.InsufficientInstanceCapacity".to_owned());
            machine.ended_at = machine.ended_at.or(is_ended.then_some(now));
        }
        state.recount();
        let what = What::Failed {
            machine: id.to_owned(),
            state: state_word,
        };
        state.journal.push(Event { at: now, what });
    }

    /// Anything else that has happened.
    pub(crate) fn note(&self, what: What) {
        let now = self.now();
        let mut state = self.lock();
        if let What::Refused { code, .. } = &what {
            state.counts.mismatches += u64::from(code == "IdempotentParameterMismatch");
        }
        state.journal.push(Event { at: now, what });
    }

    /// Instances that lists do not show yet.
    pub(crate) fn hidden(&self) -> BTreeSet<String> {
        let now = self.now();
        let state = self.lock();
        let hidden = state
            .machines
            .values()
            .filter(|machine| now < machine.listed_at);
        hidden.map(|machine| machine.id.clone()).collect()
    }

    /// Why the state of an instance is what it is.
    pub(crate) fn reason(&self, id: &str) -> Option<String> {
        self.lock().machines.get(id)?.reason.clone()
    }

    pub(crate) fn is_alive(&self, id: &str) -> bool {
        let state = self.lock();
        state
            .machines
            .get(id)
            .is_some_and(|machine| machine.ended_at.is_none())
    }

    /// All instances that ever were.
    pub(crate) fn machines(&self) -> Vec<Machine> {
        self.lock().machines.values().cloned().collect()
    }

    pub(crate) fn journal(&self) -> Vec<Event> {
        self.lock().journal.clone()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn recount(&mut self) {
        let alive = self
            .machines
            .values()
            .filter(|machine| machine.ended_at.is_none());
        let mut by_server = BTreeMap::<&str, usize>::new();
        let mut count = 0;
        for machine in alive {
            count += 1;
            if let Some(server) = machine.tags.get("weir:server") {
                *by_server.entry(server).or_default() += 1;
            }
        }
        let most = by_server.values().copied().max().unwrap_or_default();
        let doubles = by_server.into_iter().filter(|(_, count)| *count > 1);
        self.counts.doubles = doubles.map(|(server, _)| server.to_owned()).collect();
        self.counts.alive = count;
        self.counts.made = self.machines.len();
        self.counts.most_alive = self.counts.most_alive.max(count);
        self.counts.most_alive_a_server = self.counts.most_alive_a_server.max(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(token: &str, server: &str) -> Call {
        let body = format!(
            "Action=RunInstances&ClientToken={token}&TagSpecification.1.ResourceType=instance&\
             TagSpecification.1.Tag.1.Key=weir%3Aserver&TagSpecification.1.Tag.1.Value={server}"
        );
        Call::read(body.as_bytes()).expect("a call")
    }

    #[test]
    fn doubles_and_the_most_alive_are_seen() {
        let ledger = Ledger::new();
        ledger.made("i-1", &call("a", "s1"), 0);
        ledger.made("i-2", &call("b", "s1"), 60_000);
        ledger.made("i-3", &call("c", "s2"), 0);
        assert_eq!(ledger.counts().doubles, ["s1"]);
        assert_eq!(ledger.hidden(), BTreeSet::from(["i-2".to_owned()]));
        ledger.ended("i-2");
        ledger.ended("i-2");
        ledger.failed("i-3", "terminated", true);
        let counts = ledger.counts();
        assert_eq!((counts.alive, counts.most_alive, counts.made), (1, 3, 3));
        assert_eq!((counts.doubles.len(), counts.most_alive_a_server), (0, 2));
        assert_eq!(ledger.journal().len(), 5, "the second end is none");
        assert!(ledger.reason("i-3").is_some() && !ledger.is_alive("i-3"));
    }
}
