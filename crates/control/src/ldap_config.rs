//! LDAP configs: the record of a directory.

use domain::actor::Actor;
use domain::form::Draft;
use domain::id::LdapConfigId;
use domain::ldap::{FORM, SavedLdapConfig};
use domain::page::{Page, PageQuery};
use serde_json::json;
use store::{LdapConfigRow, SecretInfo, SecretWrite};

use crate::error::{Result, not_found};
use crate::page;
use crate::plane::ControlPlane;
use crate::secret::Secrets;

/// LDAP configs in the order of their making.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Page<SavedLdapConfig>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().ldap_configs_page(request).await?;
    Ok(page::page(
        rows.into_iter().map(view).collect(),
        &request,
        |row: &SavedLdapConfig| row.id.uuid(),
    ))
}

/// One LDAP config.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: LdapConfigId) -> Result<SavedLdapConfig> {
    actor.require_admin()?;
    Ok(view(row(plane, id).await?))
}

/// Makes an LDAP config from the keys of its form.
pub async fn create(plane: &ControlPlane, actor: &Actor, draft: Draft) -> Result<SavedLdapConfig> {
    actor.require_admin()?;
    let (name, document, secrets) = parse(draft, None)?;
    let id = LdapConfigId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(
        actor,
        "ldap_config.create",
        id,
        json!({ "values": document }),
    );
    let row = plane
        .store()
        .ldap_config_insert(id, name, document.into(), secrets, plane.now(), audit)
        .await?;
    Ok(view(row))
}

/// Replaces an LDAP config, if it still has the version `seen`. An absent secret stays, `null` removes it.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: LdapConfigId,
    seen: i64,
    draft: Draft,
) -> Result<SavedLdapConfig> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let (name, document, secrets) = parse(draft, Some(&old))?;
    let audit = plane.audit(
        actor,
        "ldap_config.replace",
        id,
        json!({ "from": old.document, "to": document }),
    );
    let row = plane
        .store()
        .ldap_config_replace(id, seen, name, document.into(), secrets, plane.now(), audit)
        .await?;
    Ok(view(row))
}

/// Deletes an LDAP config that no autoscale config refers to.
pub async fn delete(
    plane: &ControlPlane,
    actor: &Actor,
    id: LdapConfigId,
    seen: i64,
) -> Result<()> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let audit = plane.audit(actor, "ldap_config.delete", id, json!({ "name": old.name }));
    Ok(plane.store().ldap_config_delete(id, seen, audit).await?)
}

fn parse(
    mut draft: Draft,
    old: Option<&LdapConfigRow>,
) -> Result<(String, Draft, Vec<SecretWrite>)> {
    let stored = old.map(|old| old.secrets.as_slice()).unwrap_or_default();
    let Secrets { keys, writes } = Secrets::take(&FORM, &mut draft, stored)?;
    let config = domain::ldap::parse(&draft, &keys)?;
    Ok((
        config.name.to_string(),
        domain::ldap::draft_of(&config),
        writes,
    ))
}

async fn row(plane: &ControlPlane, id: LdapConfigId) -> Result<LdapConfigRow> {
    plane
        .store()
        .ldap_config(id)
        .await?
        .ok_or_else(|| not_found("LDAP config"))
}

fn view(row: LdapConfigRow) -> SavedLdapConfig {
    let secrets = SecretInfo::states(row.secrets);
    SavedLdapConfig {
        id: row.id,
        values: row.document.into(),
        secrets,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}
