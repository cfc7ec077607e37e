//! What goes wrong, and how often.
//!
//! One premise is kept, for without it no control plane could know anything: what a provider promises of its lists
//! holds for machines whose create call was not answered (`list_lag_millis`), and two lists in a row that miss the
//! same few machines tell the truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use providers::fake::{Fault, FaultPlan};

use crate::chance::SeededEntropy;

/// Each fault of a cloud with its chance in a thousand occasions.
pub const CLOUD: &[(Fault, u16)] = &[
    (Fault::Capacity, 20),
    (Fault::Quota, 10),
    (
        Fault::Throttled {
            retry_after_secs: Some(20),
        },
        8,
    ),
    (
        Fault::Throttled {
            retry_after_secs: None,
        },
        8,
    ),
    (Fault::Auth, 3),
    (Fault::CreateLost, 20),
    (Fault::AnswerLost, 60),
    (Fault::ListIncomplete, 20),
    (Fault::DeleteLost, 60),
    (Fault::SlowDelete { millis: 90_000 }, 60),
    (Fault::SlowBoot { millis: 120_000 }, 40),
    (Fault::SlowBoot { millis: 900_000 }, 10),
    (Fault::NeverBoots, 15),
    (Fault::NeverChecksIn, 15),
    (Fault::ScriptFails, 15),
    (
        Fault::Dies {
            after_millis: 1_800_000,
        },
        40,
    ),
];

/// What may be wrong with all machines of a cloud for a while: its image or its network is broken, or it is full.
pub const SPELLS: &[Fault] = &[
    Fault::NeverBoots,
    Fault::NeverChecksIn,
    Fault::ScriptFails,
    Fault::Capacity,
    Fault::CreateLost,
];
/// How often the fault of a spell happens, in a thousand occasions.
const SPELL: u16 = 900;

/// The faults of a cloud, during a spell or without one.
pub(crate) fn plan(entropy: &Arc<SeededEntropy>, spell: Option<Fault>) -> FaultPlan {
    let spell = spell.map(|fault| (fault, SPELL));
    FaultPlan {
        entropy: entropy.clone(),
        rates: spell.into_iter().chain(CLOUD.iter().copied()).collect(),
    }
}

/// One fault and no other, always.
pub(crate) fn only(entropy: &Arc<SeededEntropy>, fault: Fault) -> FaultPlan {
    FaultPlan {
        entropy: entropy.clone(),
        rates: vec![(fault, 1000)],
    }
}

/// What happens to the check-in of a machine, in a hundred: lost, late, twice; else it arrives.
pub const CHECKIN_LOST: u32 = 3;
/// See [`CHECKIN_LOST`].
pub const CHECKIN_LATE: u32 = 6;
/// See [`CHECKIN_LOST`].
pub const CHECKIN_TWICE: u32 = 10;
/// A call takes long on its way to the provider, in a hundred.
pub const CALL_SLOW: u32 = 5;
/// The answer of a call takes too long, in a hundred.
pub const ANSWER_LATE: u32 = 3;
/// Weir falls in the middle of a tick, in a thousand ticks.
pub const FALLS_IN_TICK: u32 = 5;
/// Somebody acts just while the loop ticks, in a hundred acts.
pub const MEETS_TICK: u32 = 40;
/// Somebody acts just while the loop ticks by its timer, in a hundred such ticks.
pub const MET_AT_TIMER: u32 = 8;
/// Somebody acts just while the loop ticks because something woke it, in a hundred such ticks.
pub const MET_WHEN_WOKEN: u32 = 3;
/// Somebody asks for what another person has just left, in a hundred ends.
pub const TAKES_OVER: u32 = 15;
/// Weir stands still with calls on their way, in a thousand ticks that make some.
pub const STANDS_STILL: u32 = 10;
/// How often a day each of the following happens, at most.
pub const A_DAY: u32 = 6;

/// Faults that the world itself brings about, counted by their word.
#[derive(Debug, Clone, Default)]
pub struct Happened(BTreeMap<&'static str, u64>);

impl Happened {
    /// One more.
    pub fn count(&mut self, word: &'static str) {
        *self.0.entry(word).or_default() += 1;
    }

    /// With those of the clouds.
    #[must_use]
    pub fn with(mut self, others: BTreeMap<&'static str, u64>) -> BTreeMap<&'static str, u64> {
        for (word, count) in others {
            *self.0.entry(word).or_default() += count;
        }
        self.0
    }
}
