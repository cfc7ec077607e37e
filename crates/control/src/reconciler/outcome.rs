//! What became of a call, recorded in a transaction of its own, and then a wake.

use domain::actor::Actor;
use domain::event::EventNoun;
use domain::id::{ProviderId, ServerId};
use domain::server::ServerState;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;
use providers::{Console, Machine, ProviderError};
use serde_json::json;
use store::{Health, ServerRow, ServerWrite};

use super::effect::{Call, Finished, Outcome};
use super::{fence, observe};
use crate::console;
use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::race::again_if_stale;

/// How long a provider is left alone that asks for fewer calls and does not say for how long, in seconds.
const THROTTLED_SECS: u32 = 30;
/// A machine that is still listed this long after its delete was accepted is deleted again, in seconds. So is one without
/// a row, whatever became of the call.
pub(super) const DELETE_AGAIN_SECS: u32 = 60;
/// How often the port of a booting server is asked, in milliseconds.
const PROBE_MILLIS: i64 = 1000;

/// Records the outcome of a call and wakes the loop.
pub async fn record(plane: &ControlPlane, finished: Finished) -> Result<()> {
    let Finished {
        provider_id,
        call,
        outcome,
    } = finished;
    if let Call::Create { server, .. } = &call {
        let now = plane.now();
        observe::create_ended(&mut observe::lock(plane), provider_id, *server, now);
    }
    let recorded = match (&call, outcome) {
        (
            Call::Create {
                server, is_repeat, ..
            },
            Outcome::Created(result),
        ) => {
            if matches!(result, Err(ProviderError::Throttled { .. })) && !is_repeat {
                observe::lock(plane).without_effect.insert(*server);
            }
            write(plane, *server, |row, now| {
                created(row, &result, *is_repeat, now)
            })
            .await
        }
        (Call::Console { server, .. }, Outcome::Read(result)) => {
            console_read(plane, *server, result).await
        }
        (Call::Delete { server, .. }, Outcome::Deleted(result)) => {
            write(plane, *server, |row, now| {
                Ok(deleted(plane, row, &result, now))
            })
            .await
        }
        (Call::DeleteStranger { machine }, Outcome::Deleted(result)) => {
            if let Err(error) = result {
                tracing::warn!(provider = %provider_id, ?machine, %error, "deleting an orphan failed");
            }
            let mut observed = observe::lock(plane);
            let memory = observed.providers.entry(provider_id).or_default();
            if let Some(stranger) = memory.strangers.get_mut(machine) {
                stranger.delete_in_flight = false;
                stranger.retry_at = Some(plane.now().plus_secs(DELETE_AGAIN_SECS));
            }
            Ok(())
        }
        (Call::List, Outcome::Listed(result)) => {
            listed(plane, provider_id, result);
            Ok(())
        }
        (Call::Probe { server, .. }, Outcome::Probed(answers)) => {
            write(plane, *server, |row, now| Ok(probed(row, answers, now))).await
        }
        (
            Call::Authorize {
                server, sequence, ..
            },
            Outcome::Authorized(result),
        ) => authorized(plane, *server, *sequence, result).await,
        (call, Outcome::Held) => {
            held(plane, provider_id, call);
            Ok(())
        }
        (call, _) => Err(Error::Fault(format!(
            "an outcome does not belong to its call: {call:?}"
        ))),
    };
    match &call {
        Call::Console { server, .. } => {
            // Whatever became of it: the delete is not held up by a second try.
            let mut observed = observe::lock(plane);
            observed.consoles_read.insert(*server);
            observed.in_flight.remove(server);
        }
        Call::Create { server, .. }
        | Call::Delete { server, .. }
        | Call::Probe { server, .. }
        | Call::Authorize { server, .. } => {
            observe::lock(plane).in_flight.remove(server);
        }
        Call::DeleteStranger { .. } | Call::List => {}
    }
    plane.wake();
    recorded
}

/// Notes that a call was not made: the tick after the hold decides anew.
fn held(plane: &ControlPlane, provider: ProviderId, call: &Call) {
    let mut observed = observe::lock(plane);
    match call {
        // As after a refusal that came before the call was looked at.
        Call::Create {
            server,
            is_repeat: false,
            ..
        } => {
            observed.without_effect.insert(*server);
        }
        Call::DeleteStranger { machine } => {
            let memory = observed.providers.entry(provider).or_default();
            if let Some(stranger) = memory.strangers.get_mut(machine) {
                stranger.delete_in_flight = false;
            }
        }
        _ => {}
    }
}

/// Applies `change` to the server as it is now, again if somebody else was quicker.
async fn write(
    plane: &ControlPlane,
    server: ServerId,
    change: impl Fn(&ServerRow, Timestamp) -> Result<Option<ServerWrite>>,
) -> Result<()> {
    again_if_stale(async || {
        let Some(row) = plane.store().server(server).await? else {
            return Ok(());
        };
        let Some(write) = change(&row, plane.now())? else {
            return Ok(());
        };
        let (from, to) = (row.server.status.word(), write.state.word());
        let audit = (from != to).then(|| {
            plane.audit(
                &Actor::System,
                "server.outcome",
                server,
                json!({ "from": from, "to": to }),
            )
        });
        let ended = plane
            .store()
            .server_write(Some(fence(plane)?), write, audit)
            .await?;
        plane.server_changed(server, row.server.pool_id, ended);
        Ok(())
    })
    .await
}

fn created(
    row: &ServerRow,
    result: &Result<Machine, ProviderError>,
    is_repeat: bool,
    now: Timestamp,
) -> Result<Option<ServerWrite>> {
    let state = row.server.status.clone();
    let fault = |error: domain::server::IllegalTransition| Error::Fault(error.to_string());
    let base =
        |state, health| ServerWrite::new(row.server.id, row.server.version, state, now, health);
    if !state.counts() {
        return Ok(None);
    }
    let write = match result {
        Ok(machine) => {
            let address = machine
                .address
                .clone()
                .filter(|_| machine.state == MachineState::Up);
            let state = state.seen(machine.id.clone(), address).map_err(fault)?;
            let is_ready =
                row.server.checked_in_at.is_some() && matches!(state, ServerState::Booting { .. });
            let (state, health) = if is_ready {
                (state.running().map_err(fault)?, Health::Success)
            } else {
                (state, Health::Unchanged)
            };
            ServerWrite {
                host_key: machine.host_key.clone(),
                retry_at: Some(None),
                ..base(state, health)
            }
        }
        // The provider has shown it meanwhile: whatever the call says, it is there.
        Err(_) if !matches!(state, ServerState::Requested | ServerState::Unknown) => {
            return Ok(None);
        }
        Err(error @ ProviderError::Throttled { retry_after_secs }) => {
            let until = now.plus_secs(retry_after_secs.unwrap_or(THROTTLED_SECS));
            ServerWrite {
                message: Some(Some(error.to_string())),
                retry_at: Some(Some(until)),
                ..base(state, Health::NotBefore(until))
            }
        }
        Err(error @ ProviderError::Unknown(_)) => ServerWrite {
            message: Some(Some(error.to_string())),
            ..base(state.unknown().map_err(fault)?, Health::Unchanged)
        },
        // An earlier call for it was not answered: this refusal does not prove that there is no machine.
        Err(error) if is_repeat || state == ServerState::Unknown => ServerWrite {
            message: Some(Some(error.to_string())),
            ..base(state.unknown().map_err(fault)?, Health::Unchanged)
        },
        Err(error) => ServerWrite {
            message: Some(Some(error.to_string())),
            ..base(state.deleted().map_err(fault)?, Health::Failure)
        },
    };
    Ok(Some(write))
}

async fn console_read(
    plane: &ControlPlane,
    server: ServerId,
    result: Result<Option<Console>, ProviderError>,
) -> Result<()> {
    match result {
        Ok(Some(written)) => console::keep(plane, fence(plane)?, server, &written).await,
        Ok(None) => Ok(()),
        Err(error) => {
            tracing::info!(%server, %error, "what a failed server wrote last cannot be read");
            Ok(())
        }
    }
}

fn deleted(
    plane: &ControlPlane,
    row: &ServerRow,
    result: &Result<(), ProviderError>,
    now: Timestamp,
) -> Option<ServerWrite> {
    let state = row.server.status.clone();
    if !matches!(state, ServerState::Deleting { .. }) {
        return None;
    }
    let base = ServerWrite::new(
        row.server.id,
        row.server.version,
        state,
        now,
        Health::Unchanged,
    );
    Some(match result {
        Ok(()) => ServerWrite {
            delete_accepted: Some(true),
            retry_at: Some(Some(now.plus_secs(DELETE_AGAIN_SECS))),
            ..base
        },
        Err(error) => ServerWrite {
            message: Some(Some(error.to_string())),
            retry_at: Some(Some(now.plus_secs(pause(plane, row.attempts)))),
            attempts: Some(row.attempts + 1),
            ..base
        },
    })
}

fn probed(row: &ServerRow, answers: bool, now: Timestamp) -> Option<ServerWrite> {
    let state = row.server.status.clone();
    if !matches!(state, ServerState::Booting { .. }) || row.require_checkin {
        return None;
    }
    let base =
        |state, health| ServerWrite::new(row.server.id, row.server.version, state, now, health);
    if answers {
        let state = state.running().ok()?;
        return Some(base(state, Health::Success));
    }
    Some(ServerWrite {
        retry_at: Some(Some(now.plus_millis(PROBE_MILLIS))),
        ..base(state, Health::Unchanged)
    })
}

async fn authorized(
    plane: &ControlPlane,
    server: ServerId,
    sequence: i64,
    result: Result<(), ProviderError>,
) -> Result<()> {
    let Err(error) = result else {
        plane.store().access_applied(server, sequence).await?;
        let pool = plane
            .store()
            .server(server)
            .await?
            .map(|row| row.server.pool_id);
        plane.changed(EventNoun::Server, server, pool, None);
        if let Some(pool) = pool {
            // The people on it see that they can connect now.
            let filter = store::SessionFilter {
                server: Some(server),
                open_only: true,
                ..Default::default()
            };
            let page = store::PageRequest {
                after: None,
                limit: 200,
            };
            for session in plane.store().sessions_page(filter, page).await? {
                plane.changed(
                    EventNoun::Session,
                    session.id,
                    Some(pool),
                    Some(session.user),
                );
            }
        }
        return Ok(());
    };
    tracing::warn!(%server, %error, "putting people's keys on a server failed");
    write(plane, server, |row, now| {
        let state = row.server.status.clone();
        if !matches!(
            state,
            ServerState::Running { .. } | ServerState::Draining { .. }
        ) {
            return Ok(None);
        }
        Ok(Some(ServerWrite {
            retry_at: Some(Some(now.plus_secs(pause(plane, row.attempts)))),
            attempts: Some(row.attempts + 1),
            ..ServerWrite::new(
                row.server.id,
                row.server.version,
                state,
                now,
                Health::Unchanged,
            )
        }))
    })
    .await
}

fn listed(
    plane: &ControlPlane,
    provider: ProviderId,
    result: Result<providers::Listing, ProviderError>,
) {
    let mut observed = observe::lock(plane);
    let memory = observed.providers.entry(provider).or_default();
    memory.list_in_flight = false;
    match result {
        Ok(list) => memory.fresh = Some(list),
        Err(error) => {
            tracing::warn!(%provider, %error, "listing the machines of a provider failed");
        }
    }
}

/// Seconds before the next try, doubled with each failure up to sixteen times the first.
fn pause(plane: &ControlPlane, attempts: u32) -> u32 {
    plane.settings().reconciler.retry_secs << attempts.min(4)
}
