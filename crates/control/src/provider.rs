//! Provider configs.

use std::sync::Arc;

use domain::actor::Actor;
use domain::autoscale::SecretState;
use domain::count::counted;
use domain::error::{FieldError, Problem, ProblemCode};
use domain::event::EventNoun;
use domain::form::Draft;
use domain::id::ProviderId;
use domain::page::{Page, PageQuery};
use domain::provider::{
    Provider, ProviderChoices, ProviderChoicesInput, ProviderInput, ProviderKind, TestCheck,
};
use domain::value::Name;
use providers::registry::Settings as KindSettings;
use providers::{Provider as OpenProvider, ProviderError, Saved, Secrets as OpenSecrets};
use serde_json::{Map, Value, json};
use store::{SecretInfo, SecretWrite, StoreError};

use crate::autoscale;
use crate::error::{Error, Result, invalid, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;
use crate::reconciler::observe;
use crate::script;
use crate::secret::Secrets;

/// Provider configs in the order of their making.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Page<Provider>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().providers_page(request).await?;
    let rows = rows.into_iter().map(|row| with_findings(plane, row));
    let rows = rows.collect();
    Ok(page::page(rows, &request, |provider| provider.id.uuid()))
}

/// One provider config.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: ProviderId) -> Result<Provider> {
    actor.require_admin()?;
    let row = plane.store().provider(id).await?;
    with_warnings(plane, row.ok_or_else(|| not_found("provider"))?).await
}

fn with_findings(plane: &ControlPlane, row: Provider) -> Provider {
    let observed = observe::lock(plane);
    let memory = observed.providers.get(&row.id);
    let findings = memory.map(|memory| memory.findings.clone());
    Provider {
        findings: findings.unwrap_or_default(),
        ..row
    }
}

/// With all that the row does not hold.
async fn with_warnings(plane: &ControlPlane, row: Provider) -> Result<Provider> {
    Ok(Provider {
        warnings: autoscale::warnings_about(plane, &row).await?,
        ..with_findings(plane, row)
    })
}

/// Makes a provider config.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: ProviderInput) -> Result<Provider> {
    actor.require_admin()?;
    let (input, secrets) = parse(plane, input, &[])?;
    let id = ProviderId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(
        actor,
        "provider.create",
        id,
        json!({ "name": input.name, "kind": input.kind }),
    );
    let provider = plane
        .store()
        .provider_insert(id, input, secrets, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Provider, id, None, None);
    plane.wake();
    Ok(provider)
}

/// Replaces a provider config, if it still has the version `seen`. Servers that exist keep what they were made with.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: ProviderId,
    seen: i64,
    input: ProviderInput,
) -> Result<Provider> {
    let old = get(plane, actor, id).await?;
    let mut fields = Fields::default();
    if input.kind != old.kind {
        fields.refuse(
            "kind",
            "locked",
            "The kind of a provider cannot change. Make a new provider instead.",
        );
    }
    fields.finish()?;
    let (input, secrets) = parse(plane, input, &set(&old))?;
    refuse_to_leave(&old, &input)?;
    let audit = plane.audit(
        actor,
        "provider.replace",
        id,
        json!({
            "from": document(&old.name, old.max_instances, &old.settings),
            "to": document(&input.name, input.max_instances, &input.settings),
            "kind": input.kind, "script_changed": input.startup_script != old.startup_script,
        }),
    );
    let provider = plane
        .store()
        .provider_replace(id, seen, input, secrets, plane.now(), audit)
        .await?;
    plane.changed(EventNoun::Provider, id, None, None);
    observe::parts_changed(plane);
    with_warnings(plane, provider).await
}

/// Where machines are cannot change while there are any: they would run on, unseen, and lists of another place would tell
/// that they are gone.
fn refuse_to_leave(old: &Provider, new: &ProviderInput) -> Result<()> {
    let mut fields = Fields::default();
    for &key in providers::registry::place(old.kind) {
        if old.health.existing > 0 && old.settings.get(key) != new.settings.get(key) {
            let servers = counted(old.health.existing, "server", "servers");
            fields.refuse(
                &format!("settings/{key}"),
                "locked",
                format!("This provider has {servers} there. Remove them first, or make a new provider for the other place."),
            );
        }
    }
    fields.finish()
}

/// What the log keeps of a provider config, by the keys of the fields of its form and of its kind's. Its script is too long for that.
fn document(name: &str, max_instances: u32, settings: &Map<String, Value>) -> Value {
    let mut all = settings.clone();
    all.insert("name".to_owned(), name.into());
    all.insert("max_instances".to_owned(), max_instances.into());
    Value::Object(all)
}

/// Deletes a provider config that has no server and no autoscale config.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: ProviderId, seen: i64) -> Result<()> {
    let old = get(plane, actor, id).await?;
    let audit = plane.audit(actor, "provider.delete", id, json!({ "name": old.name }));
    plane.store().provider_delete(id, seen, audit).await?;
    plane.changed(EventNoun::Provider, id, None, None);
    Ok(())
}

/// Tries the provider as configured, without side effects.
pub async fn test(plane: &ControlPlane, actor: &Actor, id: ProviderId) -> Result<Vec<TestCheck>> {
    let provider = get(plane, actor, id).await?;
    match try_open(plane, (&provider).into()).await? {
        Ok(open) => Ok(open.test().await),
        Err(error) => Ok(vec![TestCheck {
            name: "The provider can be opened".to_owned(),
            passed: false,
            detail: error.to_string(),
        }]),
    }
}

/// What the provider that is being entered offers for its fields now, without side effects.
pub async fn choices(
    plane: &ControlPlane,
    actor: &Actor,
    input: ProviderChoicesInput,
) -> Result<ProviderChoices> {
    actor.require_admin()?;
    let (mut stored, mut secrets) = (Vec::new(), OpenSecrets::new());
    if let Some(id) = input.provider_id {
        let saved = plane.store().provider(id).await?;
        let saved = saved
            .ok_or_else(|| invalid("provider_id", "not_found", "There is no such provider."))?;
        stored = set(&saved);
        secrets = plane.store().provider_secrets(id).await?;
    }
    let (settings, writes) = settings(input.kind, input.settings, &stored)?;
    for write in writes {
        match write.value {
            Some(secret) => secrets.insert(write.key, secret),
            None => secrets.remove(&write.key),
        };
    }
    let silent = |error: ProviderError| {
        let detail = format!("The provider does not say what can be chosen: {error}.");
        Problem::new(ProblemCode::Conflict, detail)
    };
    let parts = &plane.inner().parts;
    let provider = parts.providers.unsaved(input.kind, &settings, &secrets);
    let provider = provider.map_err(silent)?;
    Ok(provider.choices().await.map_err(silent)?)
}

/// The provider of a config.
pub(crate) async fn open(plane: &ControlPlane, config: Saved<'_>) -> Result<Arc<dyn OpenProvider>> {
    let id = config.id;
    try_open(plane, config)
        .await?
        .map_err(|error| Error::Fault(format!("the provider {id} cannot be opened: {error}")))
}

/// The same, or why its kind cannot be opened like this.
pub(crate) async fn try_open(
    plane: &ControlPlane,
    config: Saved<'_>,
) -> Result<Result<Arc<dyn OpenProvider>, ProviderError>, StoreError> {
    let providers = &plane.inner().parts.providers;
    if let Some(open) = providers.opened(config.id, config.version) {
        return Ok(Ok(open));
    }
    let secrets = match plane.store().provider_secrets(config.id).await {
        Ok(secrets) => secrets,
        // One that cannot be opened holds up this provider config alone, and can be entered anew.
        Err(error @ StoreError::Seal { .. }) => {
            return Ok(Err(ProviderError::Invalid {
                field: "secrets".to_owned(),
                text: error.to_string(),
            }));
        }
        Err(error) => return Err(error),
    };
    Ok(providers.open(config, &secrets))
}

/// The kind's own fields as they are stored.
type Document = Map<String, Value>;

/// The secrets that are set.
fn set(provider: &Provider) -> Vec<SecretInfo> {
    let info = |(key, state): (&String, &SecretState)| SecretInfo {
        key: key.clone(),
        set_at: state.set_at,
        set_by: state.set_by.clone(),
    };
    provider.secrets.iter().map(info).collect()
}

/// The kind's own fields as they are stored and what happens to its secrets, or what is wrong with them.
fn settings(
    kind: ProviderKind,
    settings: Map<String, Value>,
    stored: &[SecretInfo],
) -> Result<(Document, Vec<SecretWrite>), Vec<FieldError>> {
    let below = |errors: Vec<FieldError>| -> Vec<FieldError> {
        let below = |error: FieldError| FieldError {
            pointer: format!("/settings{}", error.pointer),
            ..error
        };
        errors.into_iter().map(below).collect()
    };
    let mut draft = Draft::from(settings);
    let form = providers::registry::form(kind);
    let Secrets { keys, writes } = Secrets::take(form, &mut draft, stored).map_err(below)?;
    let settings = KindSettings::parse(kind, &draft, &keys).map_err(below)?;
    Ok((settings.draft().into(), writes))
}

fn parse(
    plane: &ControlPlane,
    input: ProviderInput,
    stored: &[SecretInfo],
) -> Result<(ProviderInput, Vec<SecretWrite>)> {
    let mut fields = Fields::default();
    let name = fields.read::<Name>("name", &input.name);
    fields.bounds("max_instances", input.max_instances, 1, 100_000);
    if input.kind == ProviderKind::Local && !plane.settings().allow_local_provider {
        fields.refuse(
            "kind",
            "not_allowed",
            "Local servers are only for trying Weir out: start Weir on a loopback address, or with \
             --allow-local-provider.",
        );
    }
    fields.extend(script::check(&input.startup_script));
    let (settings, writes) = match settings(input.kind, input.settings, stored) {
        Ok(read) => read,
        Err(errors) => {
            fields.extend(errors);
            Default::default()
        }
    };
    fields.finish()?;
    let input = ProviderInput {
        name,
        settings,
        ..input
    };
    Ok((input, writes))
}
