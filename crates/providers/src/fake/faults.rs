//! What can go wrong in the fake cloud, and what decides when it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::clock::Entropy;

/// Something that goes wrong once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A create is refused: no capacity.
    Capacity,
    /// A create is refused: quota.
    Quota,
    /// A call is refused: too many calls.
    Throttled {
        /// Seconds to wait, if the cloud says so.
        retry_after_secs: Option<u32>,
    },
    /// A call is refused: credentials.
    Auth,
    /// A create makes nothing, and its answer is lost.
    CreateLost,
    /// A create makes a machine, and its answer is lost.
    AnswerLost,
    /// A list says that it is incomplete.
    ListIncomplete,
    /// A list leaves out half of the machines and does not say so.
    ShortList,
    /// A delete is accepted, and its answer is lost.
    DeleteLost,
    /// A delete is accepted and takes a while.
    SlowDelete {
        /// From the call to the machine's end, in milliseconds.
        millis: u32,
    },
    /// A new machine is missing from lists for longer than the provider promises.
    ListedLate {
        /// How much longer, in milliseconds.
        millis: u32,
    },
    /// A new machine takes longer to boot.
    SlowBoot {
        /// How much longer, in milliseconds.
        millis: u32,
    },
    /// A new machine never comes up.
    NeverBoots,
    /// A new machine comes up and never checks in.
    NeverChecksIn,
    /// The start-up script of a new machine reports that it has failed.
    ScriptFails,
    /// A new machine dies some time after it has come up.
    Dies {
        /// From up to dead, in milliseconds.
        after_millis: u32,
    },
}

/// When faults are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Create,
    /// A machine has just been made.
    Made,
    List,
    Delete,
    /// People's keys are changed.
    Authorize,
}

impl Fault {
    /// The fault's word in timelines and totals.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Capacity => "no capacity",
            Self::Quota => "quota used up",
            Self::Throttled { .. } => "throttled",
            Self::Auth => "credentials refused",
            Self::CreateLost => "create lost",
            Self::AnswerLost => "answer lost",
            Self::ListIncomplete => "list incomplete",
            Self::ShortList => "short list",
            Self::DeleteLost => "delete's answer lost",
            Self::SlowDelete { .. } => "slow delete",
            Self::ListedLate { .. } => "listed late",
            Self::SlowBoot { .. } => "slow boot",
            Self::NeverBoots => "never boots",
            Self::NeverChecksIn => "never checks in",
            Self::ScriptFails => "script fails",
            Self::Dies { .. } => "dies",
        }
    }

    const fn fits(self, occasion: Occasion) -> bool {
        match self {
            Self::Throttled { .. } | Self::Auth => !matches!(occasion, Occasion::Made),
            Self::Capacity | Self::Quota | Self::CreateLost | Self::AnswerLost => {
                matches!(occasion, Occasion::Create)
            }
            Self::ListIncomplete | Self::ShortList => matches!(occasion, Occasion::List),
            Self::DeleteLost | Self::SlowDelete { .. } => matches!(occasion, Occasion::Delete),
            Self::ListedLate { .. }
            | Self::SlowBoot { .. }
            | Self::NeverBoots
            | Self::NeverChecksIn
            | Self::ScriptFails
            | Self::Dies { .. } => matches!(occasion, Occasion::Made),
        }
    }
}

/// Faults that come by chance. The same entropy and the same calls give the same faults.
pub struct FaultPlan {
    /// Where the chance comes from.
    pub entropy: Arc<dyn Entropy>,
    /// Each fault with its chance in a thousand occasions that it fits.
    pub rates: Vec<(Fault, u16)>,
}

/// The faults of one cloud: armed ones first, then chance.
#[derive(Default)]
pub(super) struct Faults {
    armed: Vec<(Fault, u32)>,
    plan: Option<FaultPlan>,
    happened: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub(super) fn arm(&mut self, fault: Fault, count: u32) {
        self.armed.push((fault, count));
    }

    pub(super) fn disarm(&mut self) {
        self.armed.clear();
    }

    pub(super) fn plan(&mut self, plan: Option<FaultPlan>) {
        self.plan = plan;
    }

    /// How often each fault has happened, by its word.
    pub(super) const fn happened(&self) -> &BTreeMap<&'static str, u64> {
        &self.happened
    }

    /// The fault of this occasion, used up by that.
    pub(super) fn take(&mut self, occasion: Occasion) -> Option<Fault> {
        let fault = self.choose(occasion)?;
        *self.happened.entry(fault.word()).or_default() += 1;
        Some(fault)
    }

    fn choose(&mut self, occasion: Occasion) -> Option<Fault> {
        self.armed.retain(|(_, count)| *count > 0);
        if let Some((fault, count)) = self
            .armed
            .iter_mut()
            .find(|(fault, _)| fault.fits(occasion))
        {
            *count -= 1;
            return Some(*fault);
        }
        let plan = self.plan.as_ref()?;
        let mut fitting = plan.rates.iter().filter(|(fault, _)| fault.fits(occasion));
        fitting
            .find(|(_, per_mille)| {
                let mut roll = [0; 4];
                plan.entropy.fill(&mut roll);
                u32::from_le_bytes(roll) % 1000 < u32::from(*per_mille)
            })
            .map(|(fault, _)| *fault)
    }
}
