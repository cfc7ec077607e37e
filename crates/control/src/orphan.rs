//! Orphans, seen and decided by admins: machines that carry our tag and have no row, and rows whose machine lists do not
//! show.
//!
//! Each change can be tried: a dry run goes the same way up to the write, refuses the same, and says what would happen. What
//! is decided is the loop's to carry out, which asks each time whether it still holds.

use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::id::{ConfigId, OrphanId};
use domain::orphan::{Orphan, OrphanChange, OrphanDecision, OrphanState, machine_hours};
use domain::page::{Page, PageQuery};
use domain::server::{MachineId, Origin, ServerState};
use domain::snapshot::Hold;
use domain::timestamp::Timestamp;
use serde_json::json;
use store::{AdoptOutcome, Adoption, OrphanEntry, OrphanRow, OrphanSide, ServerRow};

use crate::error::{Error, Result, not_found};
use crate::page;
use crate::plane::ControlPlane;
use crate::race::again_if_stale;
use crate::reconciler::Credentials;

/// Orphans of both kinds, in the order in which they were found.
pub async fn list(plane: &ControlPlane, actor: &Actor, query: &PageQuery) -> Result<Page<Orphan>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().orphans_page(request).await?;
    let page = page::page(rows, &request, |entry| entry.row.id.uuid());
    Ok(page.map(|entry| shown(plane, entry)))
}

/// One orphan.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: OrphanId) -> Result<Orphan> {
    actor.require_admin()?;
    Ok(shown(plane, entry(plane, id).await?))
}

/// Keeps a machine without a row: it is not deleted until that is taken back.
pub async fn keep(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    dry_run: bool,
) -> Result<OrphanChange> {
    decide(plane, actor, id, (OrphanDecision::Keep, dry_run)).await
}

/// Takes the decision about a machine without a row back: its grace time begins anew.
pub async fn release(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    dry_run: bool,
) -> Result<OrphanChange> {
    decide(plane, actor, id, (OrphanDecision::Quarantine, dry_run)).await
}

/// Has a machine without a row deleted without waiting for its grace time. Two complete lists must have shown it.
pub async fn delete(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    dry_run: bool,
) -> Result<OrphanChange> {
    decide(plane, actor, id, (OrphanDecision::Delete, dry_run)).await
}

/// Gives a machine back to the deleted server that its tag names: the server's row lives again, for the config that made it,
/// and the loop carries on with what lists and check-ins show.
///
/// # Errors
/// 409 with the reason where there is no such row or config, where the server could not become ready or must not serve again,
/// and where Max Instances forbids one more.
pub async fn adopt(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    dry_run: bool,
) -> Result<OrphanChange> {
    actor.require_admin()?;
    again_if_stale(|| adopt_as_it_is(plane, actor, id, dry_run)).await
}

async fn decide(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    what: (OrphanDecision, bool),
) -> Result<OrphanChange> {
    actor.require_admin()?;
    again_if_stale(|| decide_as_it_is(plane, actor, id, what)).await
}

async fn decide_as_it_is(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    (decision, dry_run): (OrphanDecision, bool),
) -> Result<OrphanChange> {
    refuse_while_observing(plane).await?;
    let entry = entry(plane, id).await?;
    let row = &entry.row;
    let machine = machine_of(&entry)?;
    let change = OrphanChange {
        dry_run,
        effect: effect(plane, &entry, decision),
        server_id: None,
    };
    if dry_run {
        return Ok(change);
    }
    let action = match decision {
        OrphanDecision::Keep => "orphan.keep",
        OrphanDecision::Quarantine => "orphan.release",
        OrphanDecision::Delete => "orphan.delete",
    };
    let detail = json!({ "machine": machine, "provider_id": row.provider });
    let audit = plane.audit(actor, action, id, detail);
    plane
        .store()
        .orphan_decide(id, row.version, decision, audit)
        .await?;
    changed(plane, id);
    Ok(change)
}

/// What a decision leads to, in words.
fn effect(plane: &ControlPlane, entry: &OrphanEntry, decision: OrphanDecision) -> String {
    let provider = &entry.provider_name;
    match decision {
        OrphanDecision::Keep if entry.row.asked_at.is_some() => format!(
            "{provider} was asked to delete the machine already. If it is still there, it stays until somebody releases it."
        ),
        OrphanDecision::Keep => format!(
            "The machine stays until somebody releases it. It goes on costing money, and counts against Max Instances of {provider}."
        ),
        OrphanDecision::Quarantine => {
            let secs = plane.settings().reconciler.orphan_grace_secs;
            format!(
                "The machine is left alone for {}, and then deleted.",
                in_words(secs)
            )
        }
        OrphanDecision::Delete => format!(
            "{provider} is asked to delete the machine and everything on it, as soon as a complete list shows it again. \
             That cannot be undone."
        ),
    }
}

fn in_words(secs: u32) -> String {
    match (secs / 60, secs % 60) {
        (1, 0) => "a minute".to_owned(),
        (minutes, 0) if minutes > 0 => format!("{minutes} minutes"),
        _ => format!("{secs} seconds"),
    }
}

async fn adopt_as_it_is(
    plane: &ControlPlane,
    actor: &Actor,
    id: OrphanId,
    dry_run: bool,
) -> Result<OrphanChange> {
    refuse_while_observing(plane).await?;
    let entry = entry(plane, id).await?;
    let row = &entry.row;
    let machine = machine_of(&entry)?.clone();
    let (server, config) = adoptable(plane, &entry).await?;
    let provider = plane.store().provider(row.provider).await?;
    let provider = provider.ok_or_else(|| not_found("provider"))?;
    if provider.health.existing >= provider.max_instances {
        return Err(at_limit(&entry, provider.max_instances));
    }
    // In a dry run too: what cannot be put together is refused.
    let Some(credentials) = Credentials::fetch(plane, config).await? else {
        return Err(conflict("The autoscale config of its server has gone."));
    };
    let name = server.server.name.clone();
    let change = OrphanChange {
        dry_run,
        effect: format!(
            "The machine is the server {name} of the pool {} again. It serves people once it is ready, which begins anew now, \
             with the access data that its autoscale config has today. Where the pool has more servers than it needs, it \
             goes by the ordinary rules.",
            server.server.pool_name
        ),
        server_id: Some(server.server.id),
    };
    if dry_run {
        return Ok(change);
    }
    let detail = json!({ "machine": machine, "provider_id": row.provider, "server": name });
    let audit = plane.audit(actor, "orphan.adopt", server.server.id, detail);
    let adoption = Adoption {
        orphan: id,
        orphan_version: row.version,
        server: server.server.id,
        server_version: server.server.version,
        config,
        provider: row.provider,
        state: ServerState::Provisioning { machine },
        connection: credentials.connection,
        username: credentials.username,
        personal_keys: credentials.personal_keys,
        at: plane.now(),
    };
    match plane.store().orphan_adopt(adoption, audit).await? {
        AdoptOutcome::Adopted => {}
        AdoptOutcome::AtLimit => return Err(at_limit(&entry, provider.max_instances)),
    }
    plane.server_changed(server.server.id, server.server.pool_id, Vec::new());
    changed(plane, id);
    Ok(change)
}

/// The deleted server that a machine can be given back to, and the config that made it.
async fn adoptable(plane: &ControlPlane, entry: &OrphanEntry) -> Result<(ServerRow, ConfigId)> {
    let row = &entry.row;
    if row.asked_at.is_some() {
        return Err(conflict(&format!(
            "{} was asked to delete the machine already.",
            entry.provider_name
        )));
    }
    let server = match row.server {
        Some(id) => plane.store().server(id).await?,
        None => None,
    };
    let Some(server) = server else {
        return Err(conflict(
            "Nothing is known of the server in its tag: rows of deleted servers are kept for 30 days, and no longer than \
             their config.",
        ));
    };
    let name = &server.server.name;
    if server.server.status.counts() {
        return Err(conflict(&format!("{name} has another machine.")));
    }
    let Origin::Scaled {
        config, provider, ..
    } = server.server.origin
    else {
        return Err(conflict(&format!("{name} was entered by hand.")));
    };
    if provider != row.provider {
        return Err(conflict(&format!(
            "{name} was made through another provider config."
        )));
    }
    if !server.reusable && server.first_user.is_some() {
        return Err(conflict(&format!(
            "{name} was a single-use server and has served its person."
        )));
    }
    let token_end = server
        .server
        .created_at
        .plus_secs(server.provision_timeout_secs);
    if server.require_checkin && server.server.checked_in_at.is_none() && token_end <= plane.now() {
        return Err(conflict(&format!(
            "{name} has never checked in, and the time in which it can is over. It would be deleted again."
        )));
    }
    Ok((server, config))
}

/// An orphan as people see it.
fn shown(plane: &ControlPlane, entry: OrphanEntry) -> Orphan {
    let row = entry.row;
    let made_at = row.server.and_then(domain::id::ServerId::made_at);
    // A tag that somebody has written names a time of its own.
    let made_at = made_at
        .filter(|at| *at <= row.first_seen_at)
        .unwrap_or(row.first_seen_at);
    let until = match row.side {
        OrphanSide::Machine => plane.now(),
        OrphanSide::Server => row.first_seen_at,
    };
    let (pool_id, pool_name) = entry.pool.unzip();
    Orphan {
        status: state_of(plane, &row, entry.foreign),
        id: row.id,
        provider_id: row.provider,
        provider_name: entry.provider_name,
        machine: row.machine,
        server_id: row.server,
        server_name: entry.server_name,
        pool_id,
        pool_name,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        lists: row.lists,
        made_at,
        machine_hours: machine_hours(made_at, until),
        decided_at: row.decided_at,
        decided_by: row.decided_by,
        decided_by_name: entry.decided_by_name,
        version: row.version,
    }
}

fn state_of(plane: &ControlPlane, row: &OrphanRow, foreign: bool) -> OrphanState {
    let grace_secs = plane.settings().reconciler.orphan_grace_secs;
    let left_alone_since: Timestamp = row.decided_at.unwrap_or(row.first_seen_at);
    // Asked before somebody decided otherwise, it may be going all the same, and can be adopted no more.
    let asked_at = row
        .asked_at
        .filter(|at| row.decided_at.is_none_or(|decided| decided <= *at));
    match (row.side, row.decision, asked_at) {
        (OrphanSide::Server, ..) => OrphanState::Missing,
        _ if foreign => OrphanState::Foreign,
        (_, OrphanDecision::Keep, _) => OrphanState::Kept,
        (_, _, Some(since)) => OrphanState::Deleting { since },
        (_, OrphanDecision::Delete, None) => OrphanState::Condemned,
        (_, OrphanDecision::Quarantine, None) => OrphanState::Quarantined {
            until: left_alone_since.plus_secs(grace_secs),
        },
    }
}

/// Until somebody has said what this database is, nobody knows whose the machines are.
async fn refuse_while_observing(plane: &ControlPlane) -> Result<()> {
    match plane.store().deployment_hold().await? {
        Some(Hold::Observing) => Err(conflict(
            "Weir only observes, because its database was restored or copied. Adopt the database or fork it first.",
        )),
        Some(Hold::Paused) | None => Ok(()),
    }
}

async fn entry(plane: &ControlPlane, id: OrphanId) -> Result<OrphanEntry> {
    let entry = plane.store().orphan(id).await?;
    entry.ok_or_else(|| not_found("orphan"))
}

/// The machine of an orphan that is one, and ours.
fn machine_of(entry: &OrphanEntry) -> Result<&MachineId> {
    if entry.foreign {
        return Err(conflict(
            "The machine's tags name another generation of this deployment, or none: another Weir answers for it.",
        ));
    }
    let row = &entry.row;
    row.machine
        .as_ref()
        .filter(|_| row.side == OrphanSide::Machine)
        .ok_or_else(|| {
            conflict(
                "This is a server whose machine is missing. The loop finds out what is true of it; the server's own page \
                 deletes it.",
            )
        })
}

fn at_limit(entry: &OrphanEntry, max_instances: u32) -> Error {
    conflict(&format!(
        "{} has its {max_instances} servers: Max Instances forbids one more.",
        entry.provider_name
    ))
}

fn conflict(detail: &str) -> Error {
    Problem::new(ProblemCode::Conflict, detail).into()
}

fn changed(plane: &ControlPlane, id: OrphanId) {
    plane.changed(EventNoun::Orphan, id, None, None);
    plane.wake();
}
