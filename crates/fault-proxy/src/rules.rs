//! Which call has which fault: armed rules first, then chance.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::rule::{DeadState, Fault, Rule};

/// Faults by chance. The same seed and the same calls in the same order give the same faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// Where the chance comes from.
    pub seed: u64,
    /// What may happen to which call.
    pub chances: Vec<Chance>,
}

impl Chaos {
    /// Each kind of fault at its usual calls: refused, dropped, late and failing ones, each in `per_mille` of a thousand.
    pub fn usual(seed: u64, per_mille: u16) -> Self {
        let on = |action: Option<&str>, fault: Fault| Chance {
            action: action.map(str::to_owned),
            per_mille,
            fault,
        };
        let create = Some("RunInstances");
        let failing = |state, after_millis| Fault::FailsLater {
            state,
            after_millis,
        };
        let chances = vec![
            on(None, Fault::error("RequestLimitExceeded")),
            on(None, Fault::error("InternalError")),
            on(None, Fault::DropBefore),
            on(None, Fault::DropAfter),
            on(None, Fault::Truncated),
            on(None, Fault::Delay { millis: 300 }),
            on(create, Fault::error("InsufficientInstanceCapacity")),
            on(create, Fault::error("VcpuLimitExceeded")),
            on(create, failing(DeadState::Terminated, 0)),
            on(create, failing(DeadState::Stopped, 500)),
            on(create, Fault::ListedLate { millis: 1000 }),
        ];
        Self { seed, chances }
    }
}

/// One kind of fault and how often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chance {
    /// The call; none for every call.
    #[serde(default)]
    pub action: Option<String>,
    /// Of a thousand such calls so many have it.
    pub per_mille: u16,
    /// What happens.
    pub fault: Fault,
}

/// The rules of one proxy.
#[derive(Default)]
pub(crate) struct Rules(Mutex<State>);

#[derive(Default)]
struct State {
    armed: Vec<Rule>,
    chaos: Option<(ChaCha8Rng, Vec<Chance>)>,
    happened: BTreeMap<String, u64>,
}

impl Rules {
    pub(crate) fn arm(&self, rule: Rule) {
        self.lock().armed.push(rule);
    }

    /// Takes back armed rules and chance alike.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.armed.clear();
        state.chaos = None;
    }

    pub(crate) fn set_chaos(&self, chaos: Chaos) {
        let generator = ChaCha8Rng::seed_from_u64(chaos.seed);
        self.lock().chaos = Some((generator, chaos.chances));
    }

    /// Rules that have not run out.
    pub(crate) fn armed(&self) -> Vec<Rule> {
        self.lock().armed.clone()
    }

    /// How often each fault has happened, by its word.
    pub(crate) fn happened(&self) -> BTreeMap<String, u64> {
        self.lock().happened.clone()
    }

    /// The fault of this call, used up by that. `is_repeat`: the call has worked before and makes nothing.
    pub(crate) fn take(&self, call: &Call, is_repeat: bool) -> Option<Fault> {
        let mut state = self.lock();
        let fault = state
            .take_armed(call, is_repeat)
            .or_else(|| state.take_by_chance(call, is_repeat))?;
        *state.happened.entry(fault.word().to_owned()).or_default() += 1;
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_armed(&mut self, call: &Call, is_repeat: bool) -> Option<Fault> {
        let fits = |rule: &Rule| rule.fits(call) && !(is_repeat && rule.fault.is_of_new_machine());
        let at = self.armed.iter().position(fits)?;
        let rule = &mut self.armed[at];
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.count = rule.count.saturating_sub(1);
        let fault = rule.fault.clone();
        if rule.count == 0 {
            self.armed.remove(at);
        }
        Some(fault)
    }

    fn take_by_chance(&mut self, call: &Call, is_repeat: bool) -> Option<Fault> {
        let (generator, chances) = self.chaos.as_mut()?;
        let fitting = chances.iter().find(|chance| {
            let is_action = chance
                .action
                .as_deref()
                .is_none_or(|it| it == call.action());
            is_action && generator.next_u32() % 1000 < u32::from(chance.per_mille)
        });
        let fault = fitting?.fault.clone();
        (!(is_repeat && fault.is_of_new_machine())).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str) -> Call {
        Call::read(format!("Action={action}&Version=2016-11-15").as_bytes()).expect("a call")
    }

    #[test]
    fn a_rule_skips_then_counts_down() {
        let rules = Rules::default();
        rules.arm(Rule {
            skip: 1,
            ..Rule::new("RunInstances", 2, Fault::Hang)
        });
        let take = |action| rules.take(&call(action), false);
        assert_eq!(take("DescribeInstances"), None);
        assert_eq!(take("RunInstances"), None, "left alone");
        assert_eq!(take("RunInstances"), Some(Fault::Hang));
        assert_eq!(take("RunInstances"), Some(Fault::Hang));
        assert_eq!(take("RunInstances"), None, "used up");
        assert_eq!(rules.happened()["hang"], 2);
    }

    #[test]
    fn the_repeat_of_what_has_worked_finds_no_want_of_room() {
        let rules = Rules::default();
        let want = Fault::error("InsufficientInstanceCapacity");
        rules.arm(Rule::new("RunInstances", 1, want.clone()));
        assert_eq!(rules.take(&call("RunInstances"), true), None);
        assert_eq!(rules.take(&call("RunInstances"), false), Some(want));
        let busy = Fault::error("RequestLimitExceeded");
        rules.arm(Rule::new("RunInstances", 1, busy.clone()));
        assert_eq!(rules.take(&call("RunInstances"), true), Some(busy));
    }

    #[test]
    fn chance_repeats_with_its_seed() {
        let run = |seed| {
            let rules = Rules::default();
            let chances = vec![Chance {
                action: None,
                per_mille: 300,
                fault: Fault::DropAfter,
            }];
            rules.set_chaos(Chaos { seed, chances });
            let hits = (0..200).filter(|_| rules.take(&call("RunInstances"), false).is_some());
            hits.collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(1).len() > 30 && run(1).len() < 90);
    }
}
