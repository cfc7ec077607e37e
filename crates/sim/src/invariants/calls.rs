//! Invariants of single calls to a provider.

use domain::server::ServerState;

use super::{Invariant, Violation, Watch};
use crate::cloud::Call;

impl Watch {
    /// Judges a call that reached a cloud.
    pub fn call(&mut self, call: &Call) -> Vec<Violation> {
        match call {
            Call::Create { at, request, row } => {
                let server = request.tags.server;
                let mut found = Vec::new();
                if !row.as_ref().is_some_and(ServerState::counts) {
                    let what = format!("{server} is asked for, and its row is {row:?}");
                    found.push(Violation::new(*at, Invariant::IntentFirst, what));
                }
                let first = self
                    .first_calls
                    .entry(server)
                    .or_insert_with(|| request.clone());
                if first != request {
                    let what = format!("the call for {server} differs from the first");
                    found.push(Violation::new(*at, Invariant::SameCallAgain, what));
                }
                found
            }
            Call::Delete {
                at,
                machine,
                server,
                is_ours,
                row,
                sessions,
            } => {
                let mut found = Vec::new();
                if !is_ours {
                    let what = format!(
                        "{} of another deployment or generation is deleted",
                        machine.0
                    );
                    found.push(Violation::new(*at, Invariant::OthersAreLeftAlone, what));
                }
                if *sessions > 0 {
                    let what = format!("{} of {server} with {sessions} open sessions", machine.0);
                    found.push(Violation::new(*at, Invariant::NoDeleteInUse, what));
                }
                let may_go = match row {
                    Some(state @ ServerState::Deleting { .. }) => state.machine() == Some(machine),
                    Some(state) => {
                        !state.counts() || state.machine().is_some_and(|own| own != machine)
                    }
                    None => true,
                };
                if !may_go {
                    let what = format!("{} of {server}, whose row is {row:?}", machine.0);
                    found.push(Violation::new(*at, Invariant::DeleteFromDeleting, what));
                }
                found
            }
        }
    }
}
