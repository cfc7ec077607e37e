//! The life of one server: what its state, its deadlines and the provider's lists ask for next.
//!
//! A provider call is made only when none is under way for the server, when the last failure's pause is over and when
//! the provider has not asked to be left alone. What a list shows may move a server forward or prove a loss; what a
//! list does not show is believed only after two lists (see [`Source::proves_absent`]).

use domain::plan::{Action, Finding, Reason};
use domain::server::{DrainReason, FailReason, MachineId, ServerState};
use domain::snapshot::{MachineState, ServerSnapshot, Sighting};

use crate::capacity::Room;
use crate::source::{Source, Sources, provider_of};
use crate::tick::Tick;

/// A machine that is still listed this long after its delete was accepted gets another delete call.
const DELETE_AGAIN_MILLIS: i64 = 60_000;

/// Marks the servers in use whose machine is broken or proven to be gone, before their sessions are looked at.
pub(crate) fn mark_lost(rooms: &mut [Room<'_>], sources: &Sources<'_>, tick: &Tick<'_>) {
    for room in rooms {
        let in_use = matches!(
            room.server.state,
            ServerState::Running { .. } | ServerState::Draining { .. }
        );
        if let Some(source) = provider_of(room.server).and_then(|id| sources.get(id)) {
            room.is_lost = in_use && is_lost(room.server, source, tick);
        }
    }
}

/// Decides the next step of each server.
pub(crate) fn tend<'a>(
    rooms: &mut [Room<'a>],
    sources: &mut Sources<'a>,
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) {
    for room in rooms {
        if let Some(source) = provider_of(room.server).and_then(|id| sources.get_mut(id)) {
            let mut step = Step {
                server: room.server,
                source,
                tick,
                findings,
            };
            room.is_leaving |= step.next(room.is_lost, room.sessions);
        } else if room.sessions > 0 && matches!(room.server.state, ServerState::Draining { .. }) {
            findings
                .push(Finding::new(Reason::KeptDraining, room.sessions).of_server(room.server.id));
        }
    }
}

fn is_lost(server: &ServerSnapshot, source: &Source<'_>, tick: &Tick<'_>) -> bool {
    let is_broken = matches!(
        server.sighting,
        Sighting::Present {
            state: MachineState::Broken,
            ..
        }
    );
    is_broken || source.proves_absent(&server.sighting, tick.settings)
}

/// The next step of one server.
struct Step<'s, 'a, 't> {
    server: &'a ServerSnapshot,
    source: &'s mut Source<'a>,
    tick: &'s mut Tick<'t>,
    findings: &'s mut Vec<Finding>,
}

impl Step<'_, '_, '_> {
    /// Decides it; true if the server fails by it.
    fn next(&mut self, is_lost: bool, sessions: u32) -> bool {
        match &self.server.state {
            ServerState::Requested => self.requested(),
            ServerState::Unknown => {
                self.unknown();
                false
            }
            ServerState::Provisioning { .. } | ServerState::Booting { .. } => self.starting(),
            // One that was lost lost its sessions too, so it comes this way as well.
            ServerState::Draining { why, .. } if sessions == 0 => {
                if !self.can_be_taken_back(*why, sessions) {
                    self.act(
                        Action::Delete {
                            server: self.server.id,
                        },
                        Reason::ShrankDrained,
                    );
                }
                false
            }
            ServerState::Running { .. } if is_lost => {
                self.fail(FailReason::MachineLost, Reason::FailedMachineLost)
            }
            ServerState::Running { .. } => {
                self.serve();
                false
            }
            ServerState::Draining { why, .. } => {
                if !self.server.state.is_removal() || !self.can_be_taken_back(*why, sessions) {
                    self.find(Reason::KeptDraining, sessions);
                }
                self.serve();
                false
            }
            ServerState::Failed { .. } => {
                self.act(
                    Action::Delete {
                        server: self.server.id,
                    },
                    Reason::ShrankFailed,
                );
                false
            }
            ServerState::Deleting { machine, .. } => {
                self.deleting(machine.as_ref());
                false
            }
            ServerState::Deleted { .. } => false,
        }
    }

    /// Whether it is in its grace period, and would go after it.
    fn can_be_taken_back(&mut self, why: DrainReason, sessions: u32) -> bool {
        let server = self.server;
        let Some(end) = why
            .grace_end(server.state_since)
            .filter(|&end| !self.tick.is_due(end))
        else {
            return false;
        };
        let finding = Finding::new(Reason::KeptGrace, sessions).until(end);
        self.findings.push(finding.of_server(server.id));
        true
    }

    /// The intent is written. Either the call is made (again), or lists must first show what became of it.
    fn requested(&mut self) -> bool {
        let server = self.server;
        if server.call_in_flight || self.adopt() {
            return false;
        }
        // While everything is held it is not the server's fault.
        if self.source.held().is_none() && self.is_late() {
            return self.fail(FailReason::CheckinTimeout, Reason::FailedCheckinTimeout);
        }
        let is_safe_to_call = server.call_known || self.source.provider.facts.repeatable_create;
        if is_safe_to_call
            || self
                .source
                .shows_nothing_made(&server.sighting, server.created_at)
        {
            if self.may_change() {
                self.act(
                    Action::CallCreate { server: server.id },
                    Reason::CalledCreateAgain,
                );
            }
        } else {
            self.find(Reason::CalledLookFirst, 1);
            self.look();
        }
        false
    }

    /// There may or may not be a machine: only lists can tell.
    fn unknown(&mut self) {
        if self.server.call_in_flight || self.adopt() {
            return;
        }
        if self
            .source
            .proves_absent(&self.server.sighting, self.tick.settings)
        {
            self.act(
                Action::Gone {
                    server: self.server.id,
                },
                Reason::FailedCreateLost,
            );
        } else {
            self.find(Reason::GoneNotProven, 1);
            self.look();
        }
    }

    /// Accepted, or up and without a check-in.
    fn starting(&mut self) -> bool {
        let server = self.server;
        if is_lost(server, self.source, self.tick) {
            return self.fail(FailReason::MachineLost, Reason::FailedMachineLost);
        }
        // What came of it since the database was copied is not in it.
        let is_judged = !self.source.is_observing();
        if is_judged && self.is_late() {
            return self.fail(FailReason::CheckinTimeout, Reason::FailedCheckinTimeout);
        }
        let is_up = matches!(server.state, ServerState::Booting { .. });
        if !self.adopt() && !is_up {
            let launch_end = server
                .state_since
                .plus_secs(self.tick.settings.launch_timeout_secs);
            if is_judged && self.tick.is_due(launch_end) {
                return self.fail(FailReason::LaunchTimeout, Reason::FailedLaunchTimeout);
            }
            self.look();
        }
        self.look_for_the_absent();
        if let ServerState::Booting { address, .. } = &server.state
            && !server.require_checkin
            && !server.call_in_flight
            && self.tick.is_due_if_set(server.retry_at)
        {
            let address = address.clone();
            self.act(
                Action::ProbePort {
                    server: server.id,
                    address,
                },
                Reason::ProbedPort,
            );
        }
        false
    }

    /// In use.
    fn serve(&mut self) {
        self.look_for_the_absent();
        let server = self.server;
        // The original of a copy has people's keys on its machines too, and does not know that they are replaced.
        let can_authorize = self.source.provider.facts.can_authorize && !self.source.is_observing();
        if server.access_pending && can_authorize && !server.call_in_flight && self.may_call() {
            self.act(
                Action::Authorize { server: server.id },
                Reason::AuthorizedKeys,
            );
        }
    }

    /// The delete call is made until it is accepted; then lists must prove that the machine is gone.
    fn deleting(&mut self, machine: Option<&MachineId>) {
        let server = self.server;
        if server.call_in_flight {
            return;
        }
        if self
            .source
            .proves_absent(&server.sighting, self.tick.settings)
        {
            self.act(Action::Gone { server: server.id }, Reason::GoneAbsentTwice);
            return;
        }
        match machine {
            None => {
                self.adopt();
            }
            Some(machine) => {
                if self.must_call_delete() && self.may_change() {
                    let machine = machine.clone();
                    self.act(
                        Action::CallDelete {
                            server: server.id,
                            machine,
                        },
                        Reason::CalledDelete,
                    );
                }
            }
        }
        self.find(Reason::GoneNotProven, 1);
        self.look();
    }

    fn must_call_delete(&mut self) -> bool {
        let is_still_there = matches!(self.server.sighting, Sighting::Present { .. });
        let again_at = self.server.state_since.plus_millis(DELETE_AGAIN_MILLIS);
        !self.server.delete_accepted || (is_still_there && self.tick.is_due(again_at))
    }

    /// Fills in what a list shows, if that is more than is known; true if it is.
    fn adopt(&mut self) -> bool {
        let Sighting::Present {
            machine,
            state,
            address,
            host_key: _,
        } = &self.server.sighting
        else {
            return false;
        };
        let address = address.clone().filter(|_| *state == MachineState::Up);
        let seen = self
            .server
            .state
            .clone()
            .seen(machine.clone(), address.clone());
        if seen.is_ok_and(|state| state == self.server.state) {
            return false;
        }
        let machine = machine.clone();
        self.act(
            Action::Adopt {
                server: self.server.id,
                machine,
                address,
            },
            Reason::SeenInList,
        );
        true
    }

    fn is_late(&mut self) -> bool {
        let end = self
            .server
            .created_at
            .plus_secs(self.server.provision_timeout_secs);
        self.tick.is_due(end)
    }

    /// The pause after a failed call is over, and the provider takes calls.
    fn may_call(&mut self) -> bool {
        self.tick.is_due_if_set(self.server.retry_at) && self.source.takes_calls()
    }

    /// The same for a call that makes or deletes its machine.
    fn may_change(&mut self) -> bool {
        self.tick.is_due_if_set(self.server.retry_at) && self.source.takes_changes()
    }

    /// A fresh list is wanted: the server has waited for it since it came into this state.
    fn look(&mut self) {
        self.source
            .await_evidence(self.tick.now.since(self.server.state_since));
    }

    /// A machine that the last list does not show is looked for until that is proven or refuted.
    fn look_for_the_absent(&mut self) {
        if let Sighting::Absent { first_at, .. } = self.server.sighting {
            self.find(Reason::GoneNotProven, 1);
            self.source.await_evidence(self.tick.now.since(first_at));
        }
    }

    fn fail(&mut self, why: FailReason, reason: Reason) -> bool {
        self.act(
            Action::Fail {
                server: self.server.id,
                why,
            },
            reason,
        );
        true
    }

    fn act(&mut self, action: Action, reason: Reason) {
        self.tick.act(action, reason);
        self.find(reason, 1);
    }

    fn find(&mut self, reason: Reason, count: u32) {
        self.findings
            .push(Finding::new(reason, count).of_server(self.server.id));
    }
}
