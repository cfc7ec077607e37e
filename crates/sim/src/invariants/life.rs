//! Invariants of one server's life, from look to look.

use domain::server::{Origin, ServerState};

use super::{Gone, Invariant, Look, Watch};

/// How far a state is on a server's way.
const fn rank(state: &ServerState) -> u8 {
    match state {
        ServerState::Requested => 0,
        ServerState::Unknown => 1,
        ServerState::Provisioning { .. } => 2,
        ServerState::Booting { .. } => 3,
        ServerState::Running { .. } => 4,
        ServerState::Draining { .. } => 5,
        ServerState::Failed { .. } => 6,
        ServerState::Deleting { .. } => 7,
        ServerState::Deleted { .. } => 8,
    }
}

impl Watch {
    /// What holds for the steps since the last look.
    pub(super) fn lives(
        &mut self,
        look: &Look,
        gone: &Gone,
        violated: &mut impl FnMut(Invariant, String),
    ) {
        for (provider, machines) in &look.alive {
            let known = self.machines.entry(*provider).or_default();
            for machine in machines {
                if !known.contains(&machine.id) {
                    known.insert(machine.id.clone());
                }
            }
        }
        for (_, server) in look.servers() {
            let Origin::Scaled { provider, .. } = server.origin else {
                continue;
            };
            let known = self.machines.get(&provider);
            if let Some(machine) = server.state.machine()
                && !known.is_some_and(|known| known.contains(machine))
            {
                let what = format!("nobody has made {} of {}", machine.0, server.id);
                violated(Invariant::MachineIsReal, what);
            }
        }
        let now = look
            .servers()
            .map(|(_, server)| (server.id, Some(&server.state)));
        let ended = gone.servers.iter().map(|(id, state)| (*id, state.as_ref()));
        for (id, state) in now.chain(ended) {
            let (Some(was), Some(state)) = (self.servers.get(&id), state) else {
                continue;
            };
            let what = || format!("{id} was {} and is {}", was.word(), state.word());
            let is_taken_back = matches!(was, ServerState::Draining { .. })
                && matches!(state, ServerState::Running { .. })
                && look.acts > 0;
            if rank(state) < rank(was) && !is_taken_back {
                violated(Invariant::StatesOnlyRise, what());
            }
            // With an admin at work there may be more than one step between two looks.
            let ends = matches!(
                state,
                ServerState::Deleting { .. } | ServerState::Deleted { .. }
            );
            if was.is_running() && ends && look.acts == 0 {
                violated(Invariant::DrainsFirst, what());
            }
        }
    }
}
