//! Half-filled forms, kept for their authors.

use domain::actor::Actor;
use domain::autoscale::{BEGUN_FROM, FORM};
use domain::draft::{
    SavedDraft, SavedDraftInput, TYPED_SECRETS, note_typed_secrets, typed_secrets,
};
use domain::error::{Problem, ProblemCode};
use domain::form::{Draft, Form, SecretInputs};
use domain::id::{DraftId, UserId};
use serde_json::json;

use crate::error::{Error, Result, invalid, not_found};
use crate::plane::ControlPlane;

/// The largest draft, in bytes of JSON.
const MAX_BYTES: usize = 128 * 1024;

/// The actor's drafts, newest last.
pub async fn list(plane: &ControlPlane, actor: &Actor) -> Result<Vec<SavedDraft>> {
    let rows = plane.store().drafts_of(owner(actor)?).await?;
    Ok(rows.into_iter().map(view).collect())
}

/// One of the actor's drafts.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: DraftId) -> Result<SavedDraft> {
    Ok(view(own(plane, actor, id).await?))
}

/// Keeps a draft.
pub async fn create(
    plane: &ControlPlane,
    actor: &Actor,
    input: SavedDraftInput,
) -> Result<SavedDraft> {
    let user = owner(actor)?;
    let values = without_secrets(&input)?;
    let id = DraftId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(actor, "draft.create", id, json!({ "form": input.form }));
    let draft = store::Draft {
        id,
        user,
        form: input.form,
        document: values.into(),
        created_at: plane.now(),
        updated_at: plane.now(),
        version: 1,
    };
    Ok(view(plane.store().draft_insert(draft, audit).await?))
}

/// Saves a draft again, if it still has the version `seen`.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: DraftId,
    seen: i64,
    input: SavedDraftInput,
) -> Result<SavedDraft> {
    let old = own(plane, actor, id).await?;
    if input.form != old.form {
        return Err(invalid(
            "form",
            "locked",
            "The form of a draft cannot change.",
        ));
    }
    let values = without_secrets(&input)?;
    Ok(view(
        plane
            .store()
            .draft_replace(id, seen, values.into(), plane.now())
            .await?,
    ))
}

/// Throws a draft away.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: DraftId) -> Result<()> {
    own(plane, actor, id).await?;
    Ok(plane.store().draft_delete(id).await?)
}

async fn own(plane: &ControlPlane, actor: &Actor, id: DraftId) -> Result<store::Draft> {
    let user = owner(actor)?;
    let found = plane.store().draft(id).await?;
    found
        .filter(|draft| draft.user == user)
        .ok_or_else(|| not_found("draft"))
}

fn owner(actor: &Actor) -> Result<UserId> {
    actor.require_admin()?;
    actor.user().ok_or_else(|| {
        Problem::new(
            ProblemCode::Forbidden,
            "Drafts belong to people: use a key that acts for one.",
        )
        .into()
    })
}

fn without_secrets(input: &SavedDraftInput) -> Result<Draft> {
    let form = form(&input.form)?;
    let is_note = |key: &str| key == TYPED_SECRETS || (form.key == FORM.key && key == BEGUN_FROM);
    let is_known = |key: &str| form.field(key).is_some() || is_note(key);
    let unknown = input.values.keys().find(|key| !is_known(key));
    if let Some(key) = unknown {
        return Err(invalid(
            &format!("values/{key}"),
            "unknown_field",
            "The form has no such field.",
        ));
    }
    let mut values = input.values.clone();
    // What was typed into a secret is dropped, right or wrong: drafts are not sealed.
    let _ = SecretInputs::take_from(form, &mut values);
    // Which of them it was may be known, and nothing else is kept in that place.
    let typed = typed_secrets(form, &values);
    note_typed_secrets(&mut values, &typed);
    let size = serde_json::to_string(&values)
        .map_err(|error| Error::Fault(error.to_string()))?
        .len();
    if size > MAX_BYTES {
        return Err(invalid(
            "values",
            "too_long",
            format!("A draft has up to {MAX_BYTES} bytes."),
        ));
    }
    Ok(values)
}

fn form(key: &str) -> Result<&'static Form> {
    [&FORM, &domain::ldap::FORM]
        .into_iter()
        .find(|form| form.key == key)
        .ok_or_else(|| invalid("form", "not_found", "There is no such form."))
}

fn view(draft: store::Draft) -> SavedDraft {
    SavedDraft {
        id: draft.id,
        form: draft.form,
        values: draft.document.into(),
        created_at: draft.created_at,
        updated_at: draft.updated_at,
        version: draft.version,
    }
}
