//! The fake cloud itself, behind one shared handle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::checkin::CheckinReport;
use domain::clock::Clock;
use domain::connection::Address;
use domain::id::{DeploymentId, PoolId, ServerId};
use domain::secret::Secret;
use domain::server::MachineId;
use domain::timestamp::Timestamp;

use super::faults::{Faults, Occasion};
use super::{FakeConfig, FakeMachine, Fault, FaultPlan};
use crate::{CreateRequest, Listing, Machine, ProviderError};

/// Machines on one page of a list.
const PAGE: usize = 5;

/// Something that a machine does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FakeEvent {
    /// Its start-up script reports.
    CheckIn {
        /// When it does.
        at: Timestamp,
        /// The machine's server.
        server: ServerId,
        /// The token in its script.
        token: Secret,
        /// What it says.
        report: CheckinReport,
    },
}

/// Calls that reached the cloud, refused ones too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Create calls.
    pub create: u64,
    /// Delete calls.
    pub delete: u64,
    /// List calls.
    pub list: u64,
    /// Changes of keys.
    pub authorize: u64,
}

/// A cloud in memory. Its time is the clock's: nothing in it waits, everything is due at some time.
pub struct FakeCloud {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// All machines that ever were, in the order of their making.
    machines: Vec<Arc<FakeMachine>>,
    /// Indexes of those that are there.
    present: Vec<usize>,
    /// The first machine of each server.
    by_server: BTreeMap<ServerId, usize>,
    /// What machines will do, by time and then in the order in which it was settled.
    due: BTreeMap<(Timestamp, u64), (usize, Secret, CheckinReport)>,
    settled: u64,
    faults: Faults,
    /// Pools whose next machine is to fail.
    breaks: BTreeSet<PoolId>,
    calls: Calls,
    mismatches: u32,
}

impl FakeCloud {
    /// An empty cloud.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// The next `count` occasions that `fault` fits have it. What was armed first comes first.
    pub fn arm(&self, fault: Fault, count: u32) {
        self.lock().faults.arm(fault, count);
    }

    /// Takes back all armed faults that have not happened.
    pub fn disarm(&self) {
        self.lock().faults.disarm();
    }

    /// Faults by chance from now on, or none.
    pub fn set_plan(&self, plan: Option<FaultPlan>) {
        self.lock().faults.plan(plan);
    }

    /// What machines have done up to `now` and was not asked for yet, in the order of time.
    pub fn due(&self, now: Timestamp) -> Vec<FakeEvent> {
        let mut state = self.lock();
        let later = state.due.split_off(&(now.plus_millis(1), 0));
        let past = std::mem::replace(&mut state.due, later);
        past.into_iter()
            .filter(|((at, _), (index, ..))| state.machines[*index].is_up(*at))
            .map(|((at, _), (index, token, report))| FakeEvent::CheckIn {
                at,
                server: state.machines[index].request.tags.server,
                token,
                report,
            })
            .collect()
    }

    /// When the next machine does something.
    pub fn next_due(&self) -> Option<Timestamp> {
        let state = self.lock();
        state
            .due
            .iter()
            .find(|((at, _), (index, ..))| state.machines[*index].is_up(*at))
            .map(|((at, _), _)| *at)
    }

    /// Whether something listens at `address` now.
    pub fn probe(&self, address: &Address) -> bool {
        let (state, now) = (self.lock(), self.clock.now());
        let mut present = state.present.iter().map(|index| &state.machines[*index]);
        present.any(|machine| machine.address == *address && machine.is_up(now))
    }

    /// A machine dies now: it is still there, and broken.
    pub fn kill(&self, machine: &MachineId) {
        self.change(machine, |machine, now| machine.dies_at = Some(now));
    }

    /// A machine is gone now, as if somebody had deleted it by hand.
    pub fn vanish(&self, machine: &MachineId) {
        self.change(machine, |machine, now| {
            machine.delete_at.get_or_insert(now);
            machine.gone_at = Some(now);
        });
    }

    /// All machines that ever were, in the order of their making.
    pub fn machines(&self) -> Vec<Arc<FakeMachine>> {
        self.lock().machines.clone()
    }

    /// The machines that are there now and so cost money, in whatever state.
    pub fn alive(&self) -> Vec<Arc<FakeMachine>> {
        let (state, now) = (self.lock(), self.clock.now());
        let present = state.present.iter().map(|index| &state.machines[*index]);
        present
            .filter(|machine| machine.exists(now))
            .cloned()
            .collect()
    }

    /// Servers that have more than one machine now.
    pub fn doubles(&self) -> Vec<ServerId> {
        let mut counts = BTreeMap::<ServerId, u32>::new();
        for machine in self.alive() {
            *counts.entry(machine.request.tags.server).or_default() += 1;
        }
        counts.retain(|_, count| *count > 1);
        counts.into_keys().collect()
    }

    /// Calls so far.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }

    /// How often each fault has happened, by its word.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.lock().faults.happened().clone()
    }

    /// Repeated creates that differed from the first call for the same server: each is a fault of the caller.
    pub fn mismatches(&self) -> u32 {
        self.lock().mismatches
    }

    /// Another deployment that uses the same account makes a machine.
    ///
    /// # Errors
    /// The call is refused or lost, as any other.
    pub fn create_for_others(&self, request: &CreateRequest) -> Result<Machine, ProviderError> {
        self.create(FakeConfig::INSTANT, request)
    }

    pub(super) fn create(
        &self,
        config: FakeConfig,
        request: &CreateRequest,
    ) -> Result<Machine, ProviderError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        state.calls.create += 1;
        let fault = state.faults.take(Occasion::Create);
        refusal(fault)?;
        let server = request.tags.server;
        if config.repeatable_create
            && let Some(index) = state.by_server.get(&server).copied()
        {
            let machine = &state.machines[index];
            if machine.request != *request {
                state.mismatches += 1;
                return Err(ProviderError::Conflict(
                    "it differs from the first call with the same token".to_owned(),
                ));
            }
            if !machine.exists(now) {
                return Err(ProviderError::NotFound(
                    "the machine of this token is gone".to_owned(),
                ));
            }
            return Ok(shown(machine, now));
        }
        match fault {
            Some(Fault::Capacity) => {
                return Err(ProviderError::Capacity(
                    "no machine of this size is free".to_owned(),
                ));
            }
            Some(Fault::Quota) => {
                return Err(ProviderError::Quota(
                    "the account has its last machine".to_owned(),
                ));
            }
            Some(Fault::CreateLost) => return Err(lost("create")),
            _ => {}
        }
        let machine_fault = if state.breaks.remove(&request.tags.pool) {
            Some(Fault::ScriptFails)
        } else {
            state.faults.take(Occasion::Made)
        };
        let index = state.machines.len();
        let number = u32::try_from(index + 1)
            .ok()
            .filter(|number| *number < 1 << 24)
            .ok_or_else(|| ProviderError::Quota("the cloud has no address left".to_owned()))?;
        let machine = FakeMachine::new(number, request.clone(), config, machine_fault, now);
        for (at, token, report) in machine.check_ins(config, machine_fault) {
            let key = (at, state.settled);
            state.settled += 1;
            state.due.insert(key, (index, token, report));
        }
        let answer = shown(&machine, now);
        state.machines.push(Arc::new(machine));
        state.present.push(index);
        state.by_server.entry(server).or_insert(index);
        if fault == Some(Fault::AnswerLost) {
            return Err(lost("create"));
        }
        Ok(answer)
    }

    pub(super) fn break_next(&self, pool: PoolId) {
        self.lock().breaks.insert(pool);
    }

    pub(super) fn breaks_next(&self, pool: PoolId) -> bool {
        self.lock().breaks.contains(&pool)
    }

    pub(super) fn delete(&self, machine: &MachineId) -> Result<(), ProviderError> {
        let fault = {
            let mut state = self.lock();
            state.calls.delete += 1;
            state.faults.take(Occasion::Delete)
        };
        refusal(fault)?;
        self.change(machine, |machine, now| {
            if machine.delete_at.is_none() {
                let millis = match fault {
                    Some(Fault::SlowDelete { millis }) => millis,
                    _ => 0,
                };
                machine.delete_at = Some(now);
                machine.gone_at = Some(now.plus_millis(i64::from(millis)));
            }
        });
        if fault == Some(Fault::DeleteLost) {
            return Err(lost("delete"));
        }
        Ok(())
    }

    pub(super) fn list(&self, deployment: DeploymentId) -> Result<Listing, ProviderError> {
        let (mut state, now) = (self.lock(), self.clock.now());
        state.calls.list += 1;
        let fault = state.faults.take(Occasion::List);
        refusal(fault)?;
        if fault == Some(Fault::ListIncomplete) {
            return Err(ProviderError::Unavailable(
                "the list is incomplete: page 2 is missing".to_owned(),
            ));
        }
        let State {
            machines, present, ..
        } = &mut *state;
        present.retain(|index| machines[*index].exists(now));
        let mut listed: Vec<Machine> = Vec::new();
        for page in present.chunks(PAGE) {
            let page = page.iter().map(|index| &machines[*index]);
            let page = page.filter(|machine| {
                machine.request.tags.deployment == deployment && machine.listed_at <= now
            });
            listed.extend(page.map(|machine| shown(machine, now)));
        }
        if fault == Some(Fault::ShortList) {
            listed.truncate(listed.len() / 2);
        }
        Ok(Listing {
            started_at: now,
            machines: listed,
        })
    }

    pub(super) fn authorize(
        &self,
        machine: &MachineId,
        keys: &[String],
    ) -> Result<(), ProviderError> {
        let fault = {
            let mut state = self.lock();
            state.calls.authorize += 1;
            state.faults.take(Occasion::Authorize)
        };
        refusal(fault)?;
        let mut is_there = false;
        self.change(machine, |machine, _| {
            machine.keys = keys.to_vec();
            is_there = true;
        });
        if is_there {
            Ok(())
        } else {
            Err(ProviderError::Unavailable(format!(
                "there is no machine `{}`",
                machine.0
            )))
        }
    }

    /// Changes a machine if it is there.
    fn change(&self, id: &MachineId, change: impl FnOnce(&mut FakeMachine, Timestamp)) {
        let (mut state, now) = (self.lock(), self.clock.now());
        let State {
            machines, present, ..
        } = &mut *state;
        let index = present
            .iter()
            .copied()
            .find(|index| machines[*index].id == *id && machines[*index].exists(now));
        if let Some(index) = index {
            change(Arc::make_mut(&mut machines[index]), now);
        }
    }

    /// Every change is whole before the lock is let go, so a panic elsewhere leaves nothing half-done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A machine as calls show it.
fn shown(machine: &FakeMachine, now: Timestamp) -> Machine {
    Machine {
        id: machine.id.clone(),
        server: Some(machine.request.tags.server),
        generation: machine.request.tags.generation,
        state: machine.state(now),
        address: machine.is_up(now).then(|| machine.address.clone()),
        host_key: None,
    }
}

/// Refusals that come before the call is looked at.
fn refusal(fault: Option<Fault>) -> Result<(), ProviderError> {
    match fault {
        Some(Fault::Throttled { retry_after_secs }) => {
            Err(ProviderError::Throttled { retry_after_secs })
        }
        Some(Fault::Auth) => Err(ProviderError::Auth("the key has been withdrawn".to_owned())),
        _ => Ok(()),
    }
}

fn lost(call: &str) -> ProviderError {
    ProviderError::Unknown(format!("the connection broke during {call}"))
}
