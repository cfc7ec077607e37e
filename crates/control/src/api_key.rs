//! API keys: what a program sends as `Authorization: Bearer weir_<id>_<secret>`.

use domain::actor::{Actor, Role};
use domain::id::ApiKeyId;
use domain::page::{Page, PageQuery};
use domain::user::{ApiKey, ApiKeyInput, NewApiKey};
use domain::value::Name;
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::error::{Result, invalid, not_found};
use crate::fields::Fields;
use crate::login::{random_token, token_hash};
use crate::page;
use crate::plane::ControlPlane;

/// What every key's text begins with.
const PREFIX: &str = "weir_";

/// API keys in the order of their making.
pub async fn list(plane: &ControlPlane, actor: &Actor, query: &PageQuery) -> Result<Page<ApiKey>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().api_keys_page(request).await?;
    Ok(page::page(rows, &request, |key| key.id.uuid()))
}

/// Makes a key. Its text is in the answer and nowhere else.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: ApiKeyInput) -> Result<NewApiKey> {
    actor.require_admin()?;
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    match input.user_id {
        None if input.role == Role::User => {
            fields.refuse(
                "user_id",
                "required",
                "A key with the role user acts for a person: name one.",
            );
        }
        Some(user) if plane.store().user(user).await?.is_none() => {
            fields.refuse("user_id", "not_found", "There is no such person.");
        }
        Some(_) | None => {}
    }
    fields.finish()?;
    let id = ApiKeyId::new(plane.clock(), plane.entropy());
    let key = ApiKey {
        id,
        name,
        role: input.role,
        user_id: input.user_id,
        created_at: plane.now(),
    };
    let secret = random_token(plane);
    let audit = plane.audit(
        actor,
        "api_key.create",
        id,
        json!({ "name": key.name, "role": key.role }),
    );
    plane
        .store()
        .api_key_insert(key.clone(), token_hash(secret.expose()), audit)
        .await?;
    let token = format!("{PREFIX}{}_{}", id.uuid().simple(), secret.expose());
    Ok(NewApiKey { key, token })
}

/// Deletes a key: from now on it opens nothing. A key does not delete itself: a program that tidies up would lock
/// itself out.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: ApiKeyId) -> Result<()> {
    actor.require_admin()?;
    if matches!(actor, Actor::ApiKey { key, .. } if *key == id) {
        return Err(invalid(
            "",
            "own_key",
            "A key cannot delete itself. Use another one.",
        ));
    }
    let Some((old, _)) = plane.store().api_key_find(id).await? else {
        return Err(not_found("API key"));
    };
    let audit = plane.audit(actor, "api_key.delete", id, json!({ "name": old.name }));
    Ok(plane.store().api_key_delete(id, audit).await?)
}

/// The actor behind a key's text, if it is a key of ours.
pub async fn authenticate(plane: &ControlPlane, token: &str) -> Result<Option<Actor>> {
    let Some((id, secret)) = token
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('_'))
    else {
        return Ok(None);
    };
    let Ok(uuid) = uuid::Uuid::try_parse(id) else {
        return Ok(None);
    };
    let Some((key, hash)) = plane
        .store()
        .api_key_find(ApiKeyId::from_uuid(uuid))
        .await?
    else {
        return Ok(None);
    };
    if !bool::from(token_hash(secret).as_bytes().ct_eq(hash.as_bytes())) {
        return Ok(None);
    }
    // A key that acts for a person can do no more than they can now.
    let role = match key.user_id {
        None => key.role,
        Some(user) => match plane.store().user(user).await? {
            Some(user) => key.role.min(user.role),
            None => return Ok(None),
        },
    };
    Ok(Some(Actor::ApiKey {
        key: key.id,
        role,
        user: key.user_id,
    }))
}
