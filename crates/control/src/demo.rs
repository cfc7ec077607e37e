//! A pool on Weir's own machine, ready to be tried out: what an admin would else enter by hand, what brings it to life, and
//! how all of it goes again.
//!
//! Nothing of it is a power of its own. Visitors are people without a password who ask for sessions as everybody does; the
//! server that is broken fails by its own start-up script; and the demo is removed by the use cases with which an admin would
//! remove its parts, one after the other, by the loop.

use std::sync::Arc;

use domain::actor::{Actor, Role};
use domain::demo::{Demo, DemoVisit, VISITORS};
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::form::Draft;
use domain::id::UserId;
use domain::pool::{Pool, PoolInput};
use domain::provider::{Provider, ProviderInput, ProviderKind};
use domain::server::{Origin, ServerState};
use domain::session::SessionRequest;
use domain::zone::ZoneInput;
use providers::local::BREAK;
use serde_json::json;
use store::{DemoRow, DemoStage, Fence, NewUser, PageRequest, ServerFilter, StoreError};

use crate::error::{Error, Result, not_found};
use crate::plane::ControlPlane;
use crate::server::Deletion;
use crate::{autoscale, pool, provider, server, session, zone};

/// The pool's name.
pub const POOL: &str = "Demo";

/// Local servers have an account of their own, which takes its place.
const ACCOUNT: &str = "weir";

/// Reports progress the way a real machine's script does while it installs things.
const SCRIPT: &str = r#"#!/bin/sh
# Runs once on each new server. Tags in brackets are filled in; brackets of the script itself are doubled.
report() {{
    curl --silent --show-error --fail --output /dev/null --insecure --max-time 10 --request POST \
        --header 'Content-Type: application/json' --header 'Authorization: Bearer {checkin_jwt}' \
        --data "{{\"status\": \"$1\", \"status_message\": \"$2\", \"status_progress\": $3}}" \
        "SCHEME://{upstream_auth_address}/api/v1/checkin"
}}
report progress 'Looking around' 30
sleep 1
# Set for one server by the button "Break something" on the pool's page.
if [ -n "$WEIR_BREAK" ]; then
    report failed 'Broken on purpose, as Break something asks for' 60
    exit 1
fi
report progress 'Almost done' 70
sleep 1
report running 'Ready' 100
"#;

/// A visitor leaves this long after they got their seat: long enough to be seen, short enough to see the pool shrink again.
const VISIT_MILLIS: i64 = 60_000;

/// From one sending to the next, while those of the first are still on their way into the queue.
const PAUSE_MILLIS: i64 = 5_000;

/// As many as a step of the removal takes at once. What is left over comes with the next tick.
const SOME: PageRequest = PageRequest {
    after: None,
    limit: 200,
};

/// Makes a zone, a provider config, a pool and its autoscale config on Weir's own machine: real servers where they are
/// possible, else machines in memory.
///
/// It is done by the same use cases as by hand, one after the other: if a later one is refused, what the earlier
/// ones made stays and can be used or deleted.
///
/// # Errors
/// 409 where something of the same name is there already.
pub async fn create(plane: &ControlPlane, actor: &Actor) -> Result<Pool> {
    actor.require_admin()?;
    if let Some(row) = plane.store().demo().await? {
        refuse_while_removed(&row)?;
        // Its parts may have other names by now, and nothing else would refuse a second one.
        return Err(there_already());
    }
    make(plane, actor).await.map_err(|error| match error {
        // Nobody has chosen these names, so no field is wrong.
        Error::Store(StoreError::Duplicate { .. }) => there_already(),
        error => error,
    })
}

fn there_already() -> Error {
    conflict(
        "The demo is there already, or something that has a name of its parts. Delete it to make a new one.",
    )
}

async fn make(plane: &ControlPlane, actor: &Actor) -> Result<Pool> {
    let public_url = &plane.settings().public_url;
    let (scheme, authority) = public_url.split_once("://").ok_or_else(|| {
        Problem::new(
            ProblemCode::Conflict,
            format!("The public address `{public_url}` has no scheme. Start Weir with another --public-url."),
        )
    })?;
    let zone = ZoneInput {
        name: "This machine".to_owned(),
        upstream_auth_address: authority.trim_end_matches('/').to_owned(),
    };
    let zone = zone::create(plane, actor, zone).await?;
    let provider = machines(plane, actor, &SCRIPT.replace("SCHEME", scheme)).await?;
    let description = if provider.kind == ProviderKind::Local {
        "Shells on the machine that Weir runs on, to look around."
    } else {
        "Machines in memory, which nobody can connect to, to look around."
    };
    let pool = PoolInput {
        name: POOL.to_owned(),
        description: description.to_owned(),
        apps: Vec::new(),
    };
    let pool = pool::create(plane, actor, pool).await?;
    let config = Draft::new()
        .with("enabled", true)
        .with("name", POOL)
        .with("pool_id", pool.id.to_string())
        .with("deployment_zone_id", zone.id.to_string())
        .with("provider_id", provider.id.to_string())
        .with("connection_type", "ssh")
        .with("connection_username", ACCOUNT)
        .with("use_user_ssh_key", true)
        .with("aggressive_scaling", true)
        .with("require_checkin", true)
        .with("reusable", true)
        .with("minimum_available_sessions", 1)
        .with("max_simultaneous_sessions_per_server", 2)
        .with("max_simultaneous_users", 2)
        .with("downscale_backoff_seconds", 60);
    autoscale::create(plane, actor, config).await?;
    let audit = plane.audit(actor, "demo.create", pool.id, json!({}));
    plane
        .store()
        .demo_insert(pool.id, zone.id, provider.id, audit)
        .await?;
    changed(plane, pool.id);
    pool::get(plane, actor, pool.id).await
}

async fn machines(plane: &ControlPlane, actor: &Actor, script: &str) -> Result<Provider> {
    let input = |kind, name: &str| ProviderInput {
        name: name.to_owned(),
        kind,
        max_instances: 5,
        startup_script: script.to_owned(),
        settings: serde_json::Map::new(),
    };
    if plane.settings().allow_local_provider {
        let local = input(ProviderKind::Local, "This machine");
        let local = provider::create(plane, actor, local).await?;
        let checks = provider::test(plane, actor, local.id).await?;
        if checks.iter().all(|check| check.passed) {
            return Ok(local);
        }
        for check in checks.iter().filter(|check| !check.passed) {
            tracing::warn!(
                check = check.name,
                detail = check.detail,
                "local servers are not possible here"
            );
        }
        provider::delete(plane, actor, local.id, local.version).await?;
    }
    provider::create(plane, actor, input(ProviderKind::Fake, "Fake cloud")).await
}

/// The demo, if there is one.
pub async fn get(plane: &ControlPlane, actor: &Actor) -> Result<Option<Demo>> {
    actor.require_admin()?;
    match plane.store().demo().await? {
        Some(row) => view(plane, row).await.map(Some),
        None => Ok(None),
    }
}

async fn view(plane: &ControlPlane, row: DemoRow) -> Result<Demo> {
    // Only the provider knows. One that cannot be opened makes no server either.
    let breaks_next = match machines_of(plane, &row).await {
        Ok((_, open)) => open.breaks_next(row.pool).await,
        Err(error) if error.is_fault() => return Err(error),
        Err(_) => false,
    };
    Ok(Demo {
        pool_id: row.pool,
        checklist: row.checklist,
        visitors_waiting: row.visitors_waiting,
        breaks_next,
        last_failure: row.last_failure,
        parts: row.parts,
        removing_since: row.removing_at,
    })
}

/// Sends [`VISITORS`] made-up people into the demo's pool. Each asks for a session as everybody does, and what becomes of that is
/// what the pool's rules say. They are rows without a password, so nobody signs in as one of them, and their name is none that a
/// person could be given.
///
/// It must be driven to its end, as each request for a session.
///
/// # Errors
/// 404 without a demo; 409 while visitors still wait, or while the demo is being removed.
pub async fn send_visitors(plane: &ControlPlane, actor: &Actor) -> Result<DemoVisit> {
    let row = row(plane, actor).await?;
    refuse_while_removed(&row)?;
    let now = plane.now();
    let ids = (0..VISITORS).map(|_| UserId::new(plane.clock(), plane.entropy()));
    let mut ids: Vec<UserId> = ids.collect();
    // Those of one moment come in any order, and lists are in that of the ids.
    ids.sort();
    let visitors = (1..).zip(ids).map(|(number, id)| NewUser {
        id,
        name: format!("Visitor {number}"),
        role: Role::User,
        password_hash: None,
        at: now,
    });
    let audit = plane.audit(
        actor,
        "demo.visit",
        row.pool,
        json!({ "visitors": VISITORS }),
    );
    let visitors = plane
        .store()
        .demo_visit(
            row.pool,
            visitors.collect(),
            now.plus_millis(-PAUSE_MILLIS),
            now,
            audit,
        )
        .await?;
    let Some(visitors) = visitors else {
        return Err(why_no_visit(plane).await?);
    };
    let mut visit = DemoVisit {
        admitted: 0,
        refused: 0,
        reason: None,
    };
    for visitor in visitors {
        let request = SessionRequest {
            pool_id: row.pool,
            kind: None,
            user_id: Some(visitor),
        };
        match session::request(plane, &Actor::System, request).await {
            Ok(_) => visit.admitted += 1,
            Err(error) if error.is_fault() => return Err(error),
            Err(error) => {
                visit.refused += 1;
                visit.reason.get_or_insert(error.problem().detail);
            }
        }
    }
    changed(plane, row.pool);
    Ok(visit)
}

/// Why no visitors were sent just now.
async fn why_no_visit(plane: &ControlPlane) -> Result<Error> {
    let row = plane
        .store()
        .demo()
        .await?
        .ok_or_else(|| not_found("demo"))?;
    refuse_while_removed(&row)?;
    let detail = match row.visitors_waiting {
        0 => "Visitors were sent a moment ago. Send more in a few seconds.".to_owned(),
        1 => "One visitor still waits. Send more once nobody of them does.".to_owned(),
        count => format!("{count} visitors still wait. Send more once nobody of them does."),
    };
    Ok(conflict(detail))
}

/// Has the next server of the demo fail. The provider sets [`BREAK`] for the start-up script of the one machine that it makes
/// next for the demo's pool; the demo's script sees it, reports that it has failed, and ends. From there on it is a failure like
/// any other.
///
/// # Errors
/// 404 without a demo; 409 where that is asked already, where the script would not notice, or while the demo is being removed.
pub async fn break_next(plane: &ControlPlane, actor: &Actor) -> Result<Demo> {
    let row = row(plane, actor).await?;
    refuse_while_removed(&row)?;
    let (provider, open) = machines_of(plane, &row).await?;
    if provider.kind == ProviderKind::Local && !provider.startup_script.contains(BREAK) {
        return Err(conflict(format!(
            "The start-up script of {} does not look at {BREAK}, so nothing would break. Remove the demo and make it anew.",
            provider.name
        )));
    }
    if open.breaks_next(row.pool).await {
        return Err(conflict(
            "The next server is to fail already. Send visitors, or delete a server, so that one is made.",
        ));
    }
    // Written down before it is done: what nobody has asked for must not break.
    let audit = plane.audit(
        actor,
        "demo.break",
        row.pool,
        json!({ "provider_id": provider.id }),
    );
    if !plane.store().demo_break(row.pool, audit).await? {
        return Err(being_removed());
    }
    open.break_next(row.pool)
        .await
        .map_err(|error| conflict(error.to_string()))?;
    changed(plane, row.pool);
    again(plane, row).await
}

/// Ticks off that somebody has looked at the decisions. Again it changes nothing.
///
/// # Errors
/// 404 without a demo.
pub async fn tell_why_read(plane: &ControlPlane, actor: &Actor) -> Result<Demo> {
    let row = row(plane, actor).await?;
    let audit = plane.audit(actor, "demo.read_why", row.pool, json!({}));
    if plane
        .store()
        .demo_why_read(row.pool, plane.now(), audit)
        .await?
    {
        changed(plane, row.pool);
    }
    again(plane, row).await
}

/// Puts the checklist away. Again it changes nothing.
///
/// # Errors
/// 404 without a demo; 409 where a line is not ticked yet.
pub async fn dismiss(plane: &ControlPlane, actor: &Actor) -> Result<Demo> {
    let row = row(plane, actor).await?;
    if !row.checklist.is_complete() {
        return Err(conflict("Not every line of the checklist is ticked yet."));
    }
    let audit = plane.audit(actor, "demo.dismiss", row.pool, json!({}));
    if plane
        .store()
        .demo_dismiss(row.pool, plane.now(), audit)
        .await?
    {
        changed(plane, row.pool);
    }
    again(plane, row).await
}

/// Begins to remove the demo with all that is in its pool. The loop does the rest, tick by tick ([`advance`]): that it was begun
/// stands in the database, so it goes on after a restart. Again it changes nothing.
///
/// # Errors
/// 404 without a demo.
pub async fn remove(plane: &ControlPlane, actor: &Actor) -> Result<Demo> {
    let row = row(plane, actor).await?;
    let now = plane.now();
    let audit = plane.audit(
        actor,
        "demo.remove",
        row.pool,
        json!({ "parts": row.parts }),
    );
    let has_begun = plane.store().demo_remove(row.pool, now, audit).await?;
    if has_begun {
        changed(plane, row.pool);
        plane.wake();
    }
    let removing_at = row.removing_at.or(Some(now));
    // The loop may have removed it by now: then this is how it was.
    let last = DemoRow { removing_at, ..row };
    again(plane, last).await
}

/// What the loop does for the demo at each tick. Sessions of visitors get the end of a visit, and the loop's ordinary rule for
/// sessions past their time ends them: whoever seated them, and whenever Weir was started anew in between. A demo that is to be
/// removed comes a step further.
pub(crate) async fn advance(plane: &ControlPlane, fence: Fence) -> Result<()> {
    let Some(stage) = plane.store().demo_stage(VISIT_MILLIS).await? else {
        return Ok(());
    };
    if stage.is_removing {
        return take_away(plane, stage).await;
    }
    if stage.long_visits == 0 {
        return Ok(());
    }
    let detail = json!({ "sessions": stage.long_visits });
    let audit = plane.audit(&Actor::System, "demo.shorten_visits", stage.pool, detail);
    let shortened = plane
        .store()
        .demo_shorten_visits(fence, stage.pool, VISIT_MILLIS, audit)
        .await?;
    for (session, visitor) in shortened {
        plane.changed(EventNoun::Session, session, Some(stage.pool), Some(visitor));
    }
    // When they end is known only now.
    plane.wake();
    Ok(())
}

/// One step of the removal: whatever can be done now. First no server is made any more, then sessions end and servers go, then
/// what they were made of. What something else uses stays. The pool is the last, for the demo's row goes with it.
///
/// These writes carry no fence: an admin has asked for each of them, and doing one twice or late removes nothing else.
async fn take_away(plane: &ControlPlane, stage: DemoStage) -> Result<()> {
    let system = &Actor::System;
    let configs = plane.store().configs_page(Some(stage.pool), SOME).await?;
    for config in configs.iter().filter(|config| config.columns.enabled) {
        let off = Draft::from(config.document.clone()).with("enabled", false);
        let switched = autoscale::replace(plane, system, config.id, config.version, off).await;
        or_later(switched)?;
    }
    for id in plane.store().demo_sessions(stage.pool).await? {
        or_later(session::end(plane, system, id).await)?;
    }
    let filter = ServerFilter {
        pool: Some(stage.pool),
        ..ServerFilter::default()
    };
    let servers = plane.store().servers_page(filter, SOME).await?;
    let how = Deletion {
        end_sessions: true,
        grace: false,
    };
    for row in &servers {
        let is_on_its_way = matches!(row.status, ServerState::Deleting { .. });
        let can_go = row.origin == Origin::Fixed || row.status.is_deletable();
        if can_go && !is_on_its_way {
            or_later(server::delete(plane, system, row.id, how).await)?;
        }
    }
    // A server that is on its way, in whichever direction, wakes the loop when it has come there.
    if servers.iter().any(|row| row.origin != Origin::Fixed) {
        return Ok(());
    }
    for config in configs {
        // The version that switching it off has given it.
        if let Some(now) = plane.store().config(config.id).await? {
            or_later(autoscale::delete(plane, system, now.id, now.version).await)?;
        }
    }
    if let Some(id) = stage.provider
        && let Some(provider) = plane.store().provider(id).await?
    {
        or_later(provider::delete(plane, system, id, provider.version).await)?;
    }
    if let Some(id) = stage.zone
        && let Some(zone) = plane.store().zone(id).await?
    {
        or_later(zone::delete(plane, system, id, zone.version).await)?;
    }
    if let Some(pool) = plane.store().pool(stage.pool).await? {
        or_later(pool::delete(plane, system, pool.id, pool.version).await)?;
    }
    Ok(())
}

/// A refusal is no fault: somebody else has changed it meanwhile, or uses it. The next tick looks again.
fn or_later<T>(done: Result<T>) -> Result<()> {
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.is_fault() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "a step of the demo's removal is left to the next tick");
            Ok(())
        }
    }
}

/// The provider of the demo's machines, and the way to it.
async fn machines_of(
    plane: &ControlPlane,
    row: &DemoRow,
) -> Result<(Provider, Arc<dyn providers::Provider>)> {
    let provider = match row.provider {
        Some(id) => plane.store().provider(id).await?,
        None => None,
    };
    let provider = provider.ok_or_else(|| {
        conflict("The demo's provider was deleted. Remove the demo and make it anew.")
    })?;
    let open = provider::try_open(plane, (&provider).into())
        .await?
        .map_err(|error| conflict(error.to_string()))?;
    Ok((provider, open))
}

async fn row(plane: &ControlPlane, actor: &Actor) -> Result<DemoRow> {
    actor.require_admin()?;
    plane.store().demo().await?.ok_or_else(|| not_found("demo"))
}

/// The demo as it is now; as it was `before`, where it has gone since.
async fn again(plane: &ControlPlane, before: DemoRow) -> Result<Demo> {
    let now = plane.store().demo().await?;
    view(plane, now.unwrap_or(before)).await
}

fn refuse_while_removed(row: &DemoRow) -> Result<()> {
    if row.removing_at.is_some() {
        return Err(being_removed());
    }
    Ok(())
}

fn being_removed() -> Error {
    conflict("The demo is being removed. Make it anew once it is gone.")
}

fn conflict(detail: impl Into<String>) -> Error {
    Problem::new(ProblemCode::Conflict, detail).into()
}

fn changed(plane: &ControlPlane, pool: domain::id::PoolId) {
    plane.changed(EventNoun::Pool, pool, Some(pool), None);
}

#[cfg(test)]
mod tests {
    use domain::startup_script::Script;
    use providers::local::BREAK;

    #[test]
    fn the_script_is_one_that_can_be_saved() {
        let script = Script::parse(super::SCRIPT).expect("no brackets are wrong");
        assert_eq!(script.tags().len(), 2);
        assert!(super::SCRIPT.contains(BREAK), "it can be broken");
    }
}
