//! Servers: looked at, drained, deleted; fixed ones entered by hand.

use domain::actor::Actor;
use domain::connection::Protocol;
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::id::{PoolId, ServerId};
use domain::page::{Page, PageQuery};
use domain::secret::Secret;
use domain::server::{DrainReason, FixedServerInput, Origin, Server, ServerState};
use domain::session::{EndReason, Revealed};
use domain::start::{ServerHistory, StartTimes};
use domain::value::{Host, Name, Text};
use serde_json::json;
use store::{Health, ServerFilter, ServerRow, ServerWrite, StoreError};

use crate::error::{Error, Result, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;
use crate::race::again_if_stale;
use crate::session::Access;

/// The longest secret of a fixed server, in characters: a private key of 16,384 bits fits.
const MAX_SECRET: usize = 16_384;

/// Which servers are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this pool.
    pub pool: Option<PoolId>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// Only those with this in their name, in capitals or not.
    pub name: Option<String>,
    /// Only those in this state, by its word.
    pub state: Option<String>,
}

/// Servers in the order of their making.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Server>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let mut fields = Fields::default();
    fields.part_of_name("name", filter.name.as_deref());
    let is_state = |word: &str| ServerState::WORDS.contains(&word);
    if filter.state.as_deref().is_some_and(|word| !is_state(word)) {
        let words = ServerState::WORDS.join(", ");
        fields.refuse("state", "invalid", format!("This is one of {words}."));
    }
    fields.finish()?;
    let filter = ServerFilter {
        pool: filter.pool,
        include_deleted: filter.include_deleted,
        name: filter.name.as_deref(),
        state: filter.state.as_deref(),
    };
    let rows = plane.store().servers_page(filter, request).await?;
    Ok(page::page(rows, &request, |server| server.id.uuid()))
}

/// One server.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<Server> {
    actor.require_admin()?;
    Ok(row(plane, id).await?.server)
}

/// What became of a server, beside what is usual in its pool.
pub async fn history(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<ServerHistory> {
    actor.require_admin()?;
    let row = row(plane, id).await?;
    Ok(ServerHistory {
        steps: plane.store().server_steps(id).await?,
        first_session_at: plane.store().first_session_at(id).await?,
        usual: usual_start(plane, row.server.pool_id).await?,
    })
}

/// How long the last starts of a pool took, if there were enough to say something.
pub(crate) async fn usual_start(plane: &ControlPlane, pool: PoolId) -> Result<Option<StartTimes>> {
    let starts = plane.store().pool_starts(pool, StartTimes::RECENT).await?;
    Ok(StartTimes::of(&starts))
}

/// Enters a fixed server: the loop seats people on it and never makes, drains or deletes it.
pub async fn create_fixed(
    plane: &ControlPlane,
    actor: &Actor,
    input: FixedServerInput,
) -> Result<Server> {
    actor.require_admin()?;
    let input = checked(plane, input).await?;
    let text = |secret: &Option<Secret>| secret.as_ref().map(|one| one.expose().to_owned());
    let access = Access {
        shared: Revealed {
            username: input.username.clone(),
            password: text(&input.password),
            private_key: text(&input.private_key),
            private_key_passphrase: text(&input.private_key_passphrase),
            ..Revealed::default()
        },
        sso_domain: None,
    };
    let id = ServerId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(
        actor,
        "server.create_fixed",
        id,
        json!({ "name": input.name, "host": input.host }),
    );
    let pool = input.pool_id;
    let server = plane
        .store()
        .fixed_server_insert(id, input, access.sealed()?, plane.now(), audit)
        .await?;
    changed(plane, id, pool);
    Ok(server)
}

/// The input with its values in their one form, or all that is wrong with it.
async fn checked(plane: &ControlPlane, input: FixedServerInput) -> Result<FixedServerInput> {
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    let host = fields.read::<Host>("host", &input.host);
    let username = input
        .username
        .as_deref()
        .map(|username| fields.read::<Text>("username", username));
    if input.port == 0 {
        fields.refuse(
            "port",
            "out_of_bounds",
            "A port is a number from 1 to 65535.",
        );
    }
    fields.bounds("limits/max_sessions", input.limits.max_sessions, 1, 1000);
    match input.limits.max_users {
        Some(_) if !input.protocol.counts_users() => {
            fields.refuse(
                "limits/max_users",
                "hidden",
                "Users are counted for RDP and SSH only. Leave it out.",
            );
        }
        Some(users) => fields.bounds("limits/max_users", users, 1, 1000),
        None if input.protocol.counts_users() => {
            fields.refuse(
                "limits/max_users",
                "required",
                "RDP and SSH servers have a limit of users.",
            );
        }
        None => {}
    }
    if let Some(key) = &input.host_key {
        fields.free_text("host_key", key, 8192);
    }
    for (key, secret) in [
        ("password", &input.password),
        ("private_key", &input.private_key),
        ("private_key_passphrase", &input.private_key_passphrase),
    ] {
        if let Some(secret) = secret {
            fields.free_text(key, secret.expose(), MAX_SECRET);
        }
    }
    if input.private_key.is_some() && input.protocol != Protocol::Ssh {
        fields.refuse(
            "private_key",
            "hidden",
            "Only SSH servers are entered with a key. Leave it out.",
        );
    }
    if input.private_key_passphrase.is_some() && input.private_key.is_none() {
        fields.refuse(
            "private_key_passphrase",
            "hidden",
            "There is no private key that it could open. Leave it out.",
        );
    }
    if plane.store().pool(input.pool_id).await?.is_none() {
        fields.refuse(
            "pool_id",
            "not_found",
            "There is no such pool. Choose another one.",
        );
    }
    if plane.store().zone(input.zone_id).await?.is_none() {
        fields.refuse(
            "zone_id",
            "not_found",
            "There is no such zone. Choose another one.",
        );
    }
    fields.finish()?;
    Ok(FixedServerInput {
        name,
        host,
        username,
        ..input
    })
}

/// Takes no new sessions; a scaled server is deleted when its last session has ended, and no sooner than the grace period
/// ([`GRACE_SECS`](domain::server::GRACE_SECS)), within which it can be taken back.
pub async fn drain(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<Server> {
    actor.require_admin()?;
    again_if_stale(|| drain_as_it_is(plane, actor, id)).await
}

async fn drain_as_it_is(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<Server> {
    let row = row(plane, id).await?;
    if !matches!(
        row.server.status,
        ServerState::Running { .. } | ServerState::Draining { .. }
    ) {
        return Err(wrong_state(&row, "drained"));
    }
    let audit = plane.audit(
        actor,
        "server.drain",
        id,
        json!({ "name": row.server.name }),
    );
    let version = row.server.version;
    let drained = plane
        .store()
        .server_drain(
            None,
            id,
            version,
            DrainReason::Admin,
            false,
            plane.now(),
            audit,
        )
        .await?;
    let is_drained = matches!(row.server.status, ServerState::Draining { .. });
    if !drained && !is_drained {
        return Err(StoreError::StaleVersion.into());
    }
    changed(plane, id, row.server.pool_id);
    get(plane, actor, id).await
}

/// Takes sessions again.
pub async fn undrain(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<Server> {
    actor.require_admin()?;
    again_if_stale(|| undrain_as_it_is(plane, actor, id)).await
}

async fn undrain_as_it_is(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<Server> {
    let row = row(plane, id).await?;
    if row.server.status.clone().undrain().is_err() {
        return Err(wrong_state(&row, "taken back"));
    }
    let audit = plane.audit(
        actor,
        "server.undrain",
        id,
        json!({ "name": row.server.name }),
    );
    let taken_back = plane
        .store()
        .server_undrain(id, row.server.version, plane.now(), audit)
        .await?;
    if !taken_back {
        return Err(StoreError::StaleVersion.into());
    }
    changed(plane, id, row.server.pool_id);
    get(plane, actor, id).await
}

/// How a server is deleted by hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deletion {
    /// Ends the sessions that it holds. Without it a server that holds some is not deleted.
    pub end_sessions: bool,
    /// Begins with the grace period ([`GRACE_SECS`](domain::server::GRACE_SECS)), within which [`undrain`] takes it back.
    /// Only what people may be on has one: a server of the loop that runs or drains. Others go at once.
    pub grace: bool,
}

/// Deletes a server. One that holds sessions is refused unless they may be ended, which is done first.
pub async fn delete(
    plane: &ControlPlane,
    actor: &Actor,
    id: ServerId,
    how: Deletion,
) -> Result<()> {
    actor.require_admin()?;
    again_if_stale(|| delete_as_it_is(plane, actor, id, how)).await
}

async fn delete_as_it_is(
    plane: &ControlPlane,
    actor: &Actor,
    id: ServerId,
    how: Deletion,
) -> Result<()> {
    let Deletion {
        end_sessions,
        grace,
    } = how;
    let row = row(plane, id).await?;
    let pool = row.server.pool_id;
    let name = row.server.name.clone();
    if row.server.open_sessions > 0 && !end_sessions {
        return Err(Problem::new(
            ProblemCode::InUse,
            format!(
                "{name} holds {} open sessions. Drain it, or say that they may be ended.",
                row.server.open_sessions
            ),
        )
        .into());
    }
    // Only what works has something to be taken back.
    let grace = grace
        && row.server.origin != Origin::Fixed
        && matches!(
            row.server.status,
            ServerState::Running { .. } | ServerState::Draining { .. }
        );
    let audit = plane.audit(
        actor,
        "server.delete",
        id,
        json!({ "name": name, "end_sessions": end_sessions, "grace": grace }),
    );
    if row.server.origin == Origin::Fixed {
        let ended = plane
            .store()
            .fixed_server_delete(
                id,
                row.server.version,
                end_sessions.then_some(EndReason::Admin),
                audit,
            )
            .await?;
        plane.server_changed(id, pool, ended);
        plane.wake();
        return Ok(());
    }
    if grace && row.server.status.is_removal() {
        // Its time runs already.
        return Ok(());
    }
    if grace {
        let (version, why) = (row.server.version, DrainReason::Removal);
        let store = plane.store();
        let is_drained = store
            .server_drain(None, id, version, why, !end_sessions, plane.now(), audit)
            .await?;
        if !is_drained {
            return Err(StoreError::StaleVersion.into());
        }
        changed(plane, id, pool);
        return Ok(());
    }
    let state = match row.server.status.clone() {
        ServerState::Deleting { .. } | ServerState::Deleted { .. } => return Ok(()),
        state if !state.is_deletable() => return Err(wrong_state(&row, "deleted")),
        state @ ServerState::Running { .. } => state
            .drain(DrainReason::Removal)
            .and_then(ServerState::delete),
        state => state.delete(),
    };
    let state = state.map_err(|error| Error::Fault(error.to_string()))?;
    let write = ServerWrite {
        end_sessions: end_sessions.then_some(EndReason::Admin),
        only_if_empty: !end_sessions,
        ..ServerWrite::new(
            id,
            row.server.version,
            state,
            plane.now(),
            Health::Unchanged,
        )
    };
    let ended = plane.store().server_write(None, write, Some(audit)).await?;
    plane.server_changed(id, pool, ended);
    plane.wake();
    Ok(())
}

/// The row of one server.
pub(crate) async fn row(plane: &ControlPlane, id: ServerId) -> Result<ServerRow> {
    plane
        .store()
        .server(id)
        .await?
        .ok_or_else(|| not_found("server"))
}

fn wrong_state(row: &ServerRow, what: &str) -> Error {
    let detail = format!(
        "{} is {} and cannot be {what} now.",
        row.server.name,
        row.server.status.word()
    );
    Problem::new(ProblemCode::Conflict, detail).into()
}

fn changed(plane: &ControlPlane, id: ServerId, pool: PoolId) {
    plane.changed(EventNoun::Server, id, Some(pool), None);
    plane.wake();
}
