//! Pools.

use std::collections::BTreeSet;

use domain::actor::Actor;
use domain::capacity::{Capacity, CapacityLine};
use domain::event::EventNoun;
use domain::id::PoolId;
use domain::page::{MAX_LIMIT, Page, PageQuery};
use domain::plan::Decision;
use domain::pool::{Pool, PoolInput, PublishedApp};
use domain::start::PoolStarts;
use domain::timestamp::Timestamp;
use domain::value::{Name, Text};
use serde_json::json;
use store::DecisionFilter;

use crate::error::{Result, invalid, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;
use crate::server;

/// What a pool held is known for so many hours: history is kept for 30 days.
const MAX_HOURS: u32 = 720;

/// So many decisions are looked at for a chart.
const MAX_DECISIONS: usize = 1000;

/// The most apps a pool publishes.
const MAX_APPS: usize = 100;

/// Pools in the order of their making. Everyone may see them: they are the cards of the portal.
pub async fn list(plane: &ControlPlane, _actor: &Actor, query: &PageQuery) -> Result<Page<Pool>> {
    let request = page::request(query)?;
    let rows = plane.store().pools_page(request).await?;
    Ok(page::page(rows, &request, |pool| pool.id.uuid()))
}

/// One pool.
pub async fn get(plane: &ControlPlane, _actor: &Actor, id: PoolId) -> Result<Pool> {
    plane
        .store()
        .pool(id)
        .await?
        .ok_or_else(|| not_found("pool"))
}

/// What a pool held in the last hours, 1 to [`MAX_HOURS`].
pub async fn capacity(
    plane: &ControlPlane,
    actor: &Actor,
    id: PoolId,
    hours: u32,
) -> Result<Capacity> {
    actor.require_admin()?;
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(invalid(
            "hours",
            "out_of_bounds",
            format!("This is a number from 1 to {MAX_HOURS}."),
        ));
    }
    get(plane, actor, id).await?;
    let (now, millis) = (plane.now(), i64::from(hours) * Timestamp::HOUR_MILLIS);
    let from = now.plus_millis(-millis);
    let spans = plane.store().pool_spans(id, from).await?;
    let decisions = decisions_since(plane, id, from).await?;
    Ok(Capacity::of(&spans, now, millis, Capacity::STEPS).with_decisions(&decisions))
}

/// The decisions about a pool since then and the one before, oldest first; of many the newest.
async fn decisions_since(
    plane: &ControlPlane,
    pool: PoolId,
    from: Timestamp,
) -> Result<Vec<Decision>> {
    let filter = DecisionFilter {
        pool: Some(pool),
        ..DecisionFilter::default()
    };
    let mut decisions: Vec<Decision> = Vec::new();
    loop {
        let before = decisions.last().map(|last| last.id);
        let rows = plane
            .store()
            .decisions_page(filter, before, MAX_LIMIT)
            .await?;
        let is_last = rows.len() < MAX_LIMIT as usize;
        decisions.extend(rows);
        let is_enough =
            decisions.len() >= MAX_DECISIONS || decisions.last().is_some_and(|last| last.at < from);
        if is_last || is_enough {
            break;
        }
    }
    if let Some(before) = decisions.iter().position(|decision| decision.at < from) {
        decisions.truncate(before + 1);
    }
    decisions.reverse();
    Ok(decisions)
}

/// How long a new server of a pool takes until it is ready.
pub async fn starts(plane: &ControlPlane, actor: &Actor, id: PoolId) -> Result<PoolStarts> {
    actor.require_admin()?;
    get(plane, actor, id).await?;
    Ok(PoolStarts {
        usual: server::usual_start(plane, id).await?,
    })
}

/// What each pool held in the last hour, in the order of their making.
pub async fn capacity_lines(
    plane: &ControlPlane,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Page<CapacityLine>> {
    actor.require_admin()?;
    let pools = list(plane, actor, query).await?;
    let now = plane.now();
    let since = now.plus_millis(-Timestamp::HOUR_MILLIS);
    let mut items = Vec::with_capacity(pools.items.len());
    for pool in pools.items {
        let spans = plane.store().pool_spans(pool.id, since).await?;
        items.push(CapacityLine::of(pool.id, &spans, now));
    }
    Ok(Page {
        items,
        next_cursor: pools.next_cursor,
    })
}

/// Makes a pool.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: PoolInput) -> Result<Pool> {
    actor.require_admin()?;
    let input = parse(input)?;
    let id = PoolId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(actor, "pool.create", id, json!({ "name": input.name }));
    let pool = plane
        .store()
        .pool_insert(id, input, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Pool, id, Some(id), None);
    Ok(pool)
}

/// Replaces a pool, if it still has the version `seen`.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: PoolId,
    seen: i64,
    input: PoolInput,
) -> Result<Pool> {
    actor.require_admin()?;
    let old = get(plane, actor, id).await?;
    let input = parse(input)?;
    let from = PoolInput {
        name: old.name,
        description: old.description,
        apps: old.apps,
    };
    let audit = plane.audit(
        actor,
        "pool.replace",
        id,
        json!({ "from": from, "to": input }),
    );
    let pool = plane
        .store()
        .pool_replace(id, seen, input, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Pool, id, Some(id), None);
    Ok(pool)
}

/// Deletes a pool that has no server and no config.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: PoolId, seen: i64) -> Result<()> {
    actor.require_admin()?;
    let old = get(plane, actor, id).await?;
    let audit = plane.audit(actor, "pool.delete", id, json!({ "name": old.name }));
    plane.store().pool_delete(id, seen, audit).await?;
    plane.changed(EventNoun::Pool, id, Some(id), None);
    Ok(())
}

fn parse(input: PoolInput) -> Result<PoolInput> {
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    fields.free_text("description", &input.description, 200);
    if input.apps.len() > MAX_APPS {
        fields.refuse(
            "apps",
            "too_many",
            format!("A pool publishes up to {MAX_APPS} apps."),
        );
    }
    let mut keys = BTreeSet::new();
    let apps = input.apps.into_iter().enumerate().map(|(at, app)| {
        let of = |field: &str| format!("apps/{at}/{field}");
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if app.key.is_empty() || app.key.len() > 32 || !app.key.chars().all(is_key) {
            fields.refuse(
                &of("key"),
                "invalid",
                "A key has 1 to 32 of a-z, 0-9 and -.",
            );
        } else if !keys.insert(app.key.clone()) {
            fields.refuse(
                &of("key"),
                "duplicate",
                "Another app of this pool has this key.",
            );
        }
        fields.free_text(&of("arguments"), &app.arguments, 1024);
        PublishedApp {
            name: fields.read::<Name>(&of("name"), &app.name),
            program: fields.read::<Text>(&of("program"), &app.program),
            key: app.key,
            arguments: app.arguments,
        }
    });
    let apps = apps.collect();
    fields.finish()?;
    Ok(PoolInput {
        name,
        description: input.description,
        apps,
    })
}
