//! Zones.

use domain::actor::Actor;
use domain::event::EventNoun;
use domain::id::ZoneId;
use domain::page::{Page, PageQuery};
use domain::value::{Authority, Name};
use domain::zone::{Zone, ZoneInput};
use serde_json::json;

use crate::error::{Result, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;
use crate::reconciler::observe;

/// Zones in the order of their making.
pub async fn list(plane: &ControlPlane, actor: &Actor, query: &PageQuery) -> Result<Page<Zone>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().zones_page(request).await?;
    Ok(page::page(rows, &request, |zone| zone.id.uuid()))
}

/// One zone.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: ZoneId) -> Result<Zone> {
    actor.require_admin()?;
    plane
        .store()
        .zone(id)
        .await?
        .ok_or_else(|| not_found("zone"))
}

/// Makes a zone.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: ZoneInput) -> Result<Zone> {
    actor.require_admin()?;
    let input = parse(&input)?;
    let id = ZoneId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(actor, "zone.create", id, json!({ "name": input.name }));
    let zone = plane
        .store()
        .zone_insert(id, input, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Zone, id, None, None);
    Ok(zone)
}

/// Replaces a zone, if it still has the version `seen`.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: ZoneId,
    seen: i64,
    input: ZoneInput,
) -> Result<Zone> {
    let old = get(plane, actor, id).await?;
    let input = parse(&input)?;
    let audit = plane.audit(
        actor,
        "zone.replace",
        id,
        json!({ "from": old.input, "to": input }),
    );
    let zone = plane
        .store()
        .zone_replace(id, seen, input, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Zone, id, None, None);
    observe::parts_changed(plane);
    Ok(zone)
}

/// Deletes a zone that nothing refers to.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: ZoneId, seen: i64) -> Result<()> {
    let old = get(plane, actor, id).await?;
    let audit = plane.audit(actor, "zone.delete", id, json!({ "name": old.input.name }));
    plane.store().zone_delete(id, seen, audit).await?;
    plane.changed(EventNoun::Zone, id, None, None);
    Ok(())
}

fn parse(input: &ZoneInput) -> Result<ZoneInput> {
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    let upstream_auth_address =
        fields.read::<Authority>("upstream_auth_address", &input.upstream_auth_address);
    fields.finish()?;
    Ok(ZoneInput {
        name,
        upstream_auth_address,
    })
}
