//! Open sessions and waits: which end by themselves, and who sits where.

use domain::plan::{Action, Finding, Reason};
use domain::server::{DrainReason, ServerState};
use domain::session::EndReason;
use domain::snapshot::{OpenSession, PoolSnapshot};

use crate::capacity::{self, Room};
use crate::tick::Tick;

/// Ends what is over (its time, its server, its patience) and puts everyone else into their room.
pub(crate) fn settle(
    pool: &PoolSnapshot,
    rooms: &mut [Room<'_>],
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) {
    for session in &pool.sessions {
        let room = capacity::position(rooms, session.server).map(|at| &mut rooms[at]);
        match room {
            Some(room) if !has_lost_its_people(room) => {
                if tick.is_due(session.expires_at) {
                    end(
                        session,
                        EndReason::Expired,
                        Reason::EndedExpired,
                        tick,
                        findings,
                    );
                } else if is_removed(room, tick) {
                    end(
                        session,
                        EndReason::Admin,
                        Reason::EndedRemoval,
                        tick,
                        findings,
                    );
                } else {
                    room.enter(session.user, &session.kind);
                }
            }
            Some(_) | None => end(
                session,
                EndReason::ServerLost,
                Reason::EndedServerLost,
                tick,
                findings,
            ),
        }
    }
    for waiter in &pool.queue {
        if tick.is_due(waiter.expires_at) {
            let how = EndReason::QueueTimeout;
            tick.act(
                Action::EndSession {
                    session: waiter.id,
                    how,
                },
                Reason::EndedQueueTimeout,
            );
            findings.push(Finding::new(Reason::EndedQueueTimeout, 1).of_session(waiter.id));
        }
    }
}

/// Only a server that runs or drains, and whose machine is there, has sessions. Whatever took it away (a loss, an
/// admin, its script) took its sessions with it.
const fn has_lost_its_people(room: &Room<'_>) -> bool {
    room.is_lost
        || !matches!(
            room.server.state,
            ServerState::Running { .. } | ServerState::Draining { .. }
        )
}

/// An admin deletes it, and the time to take it back is over: it goes with the sessions that are still on it.
fn is_removed(room: &Room<'_>, tick: &mut Tick<'_>) -> bool {
    let server = room.server;
    let end = DrainReason::Removal.grace_end(server.state_since);
    server.state.is_removal() && tick.is_due_if_set(end)
}

fn end(
    session: &OpenSession,
    how: EndReason,
    reason: Reason,
    tick: &mut Tick<'_>,
    findings: &mut Vec<Finding>,
) {
    tick.act(
        Action::EndSession {
            session: session.id,
            how,
        },
        reason,
    );
    findings.push(
        Finding::new(reason, 1)
            .of_session(session.id)
            .of_server(session.server),
    );
}
