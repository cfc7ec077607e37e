//! Autoscale configs.

mod version;

use domain::actor::Actor;
use domain::autoscale::{
    self, AutoscaleConfig, ConfigWarning, FORM, PlanPreview, RenderedScript, SavedConfig,
    Validation,
};
use domain::error::FieldError;
use domain::event::EventNoun;
use domain::form::{Draft, SecretKeys};
use domain::id::{ConfigId, PoolId, ServerId};
use domain::page::{Page, PageQuery};
use domain::plan::{Action, explain};
use domain::provider::{Provider, ProviderWarning};
use domain::secret::Secret;
use domain::snapshot::ConfigSnapshot;
use domain::startup_script::{Script, TagValues};
use domain::zone::Zone;
use serde_json::json;
use store::{ConfigColumns, ConfigRow, SecretInfo, SecretWrite, StoreError};

use crate::error::{Error, Result, not_found};
use crate::page;
use crate::plane::ControlPlane;
use crate::reconciler::observe;
use crate::script;
use crate::secret::Secrets;

pub use version::{restore, versions};

/// Configs in the order of their making: of one pool, or of all.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    pool: Option<PoolId>,
    query: &PageQuery,
) -> Result<Page<SavedConfig>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().configs_page(pool, request).await?;
    let mut page = page::page(rows, &request, |row| row.id.uuid());
    let mut items = Vec::with_capacity(page.items.len());
    for row in std::mem::take(&mut page.items) {
        items.push(saved(plane, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    })
}

/// One config.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: ConfigId) -> Result<SavedConfig> {
    actor.require_admin()?;
    saved(plane, row(plane, id).await?).await
}

/// Makes a config from the keys of the form.
pub async fn create(plane: &ControlPlane, actor: &Actor, draft: Draft) -> Result<SavedConfig> {
    actor.require_admin()?;
    let parsed = parse(plane, draft, None).await?;
    let id = ConfigId::new(plane.clock(), plane.entropy());
    let audit = plane.audit(
        actor,
        "autoscale_config.create",
        id,
        json!({ "values": parsed.document }),
    );
    let pool = parsed.config.pool;
    let row = plane
        .store()
        .config_insert(
            id,
            columns(&parsed.config),
            parsed.document.into(),
            parsed.writes,
            plane.now(),
            audit,
        )
        .await?;
    changed(plane, pool);
    saved(plane, row).await
}

/// Replaces a config, if it still has the version `seen`. Absent secrets stay, `null` removes one.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: ConfigId,
    seen: i64,
    draft: Draft,
) -> Result<SavedConfig> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let parsed = parse(plane, draft, Some(&old)).await?;
    refuse_move(&old, &parsed.config)?;
    let detail = json!({
        "from": old.document, "to": parsed.document, "version": seen.saturating_add(1),
    });
    let audit = plane.audit(actor, "autoscale_config.replace", id, detail);
    let pool = parsed.config.pool;
    let row = plane
        .store()
        .config_replace(
            id,
            seen,
            columns(&parsed.config),
            parsed.document.into(),
            parsed.writes,
            plane.now(),
            audit,
        )
        .await?;
    changed(plane, pool);
    saved(plane, row).await
}

/// A config moves without its servers, and they would be counted in a place that it has left: it moves once they are gone.
fn refuse_move(old: &ConfigRow, new: &AutoscaleConfig) -> Result<()> {
    if old.servers == 0 {
        return Ok(());
    }
    let places = [
        ("pool_id", "pool", new.pool != old.columns.pool),
        ("deployment_zone_id", "zone", new.zone != old.columns.zone),
    ];
    let errors: Vec<_> = places
        .into_iter()
        .filter(|(.., is_another)| *is_another)
        .map(|(key, what, _)| {
            let message =
                format!("The config has servers in its {what}. It can move once they are gone.");
            FieldError::new(key, "locked", message)
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.into())
    }
}

/// Deletes a config that has no servers.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: ConfigId, seen: i64) -> Result<()> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let audit = plane.audit(
        actor,
        "autoscale_config.delete",
        id,
        json!({ "values": old.document }),
    );
    plane.store().config_delete(id, seen, audit).await?;
    changed(plane, old.columns.pool);
    Ok(())
}

/// What is wrong with a config before it is saved. `id` names the saved config that it is to replace.
pub async fn validate(
    plane: &ControlPlane,
    actor: &Actor,
    id: Option<ConfigId>,
    draft: Draft,
) -> Result<Validation> {
    actor.require_admin()?;
    let old = replaced(plane, id).await?;
    match parse(plane, draft, old.as_ref()).await {
        Ok(parsed) => Ok(Validation {
            errors: Vec::new(),
            warnings: warnings(plane, &parsed.config).await?,
        }),
        Err(Error::Problem(problem)) if !problem.errors.is_empty() => Ok(Validation {
            errors: problem.errors,
            warnings: Vec::new(),
        }),
        Err(error) => Err(error),
    }
}

/// What the loop would do now if this config were saved. Nothing is done.
pub async fn plan(
    plane: &ControlPlane,
    actor: &Actor,
    id: Option<ConfigId>,
    draft: Draft,
) -> Result<PlanPreview> {
    actor.require_admin()?;
    let old = replaced(plane, id).await?;
    let parsed = parse(plane, draft, old.as_ref()).await?;
    preview(plane, old.as_ref(), &parsed.config).await
}

/// What the loop would do now for a saved config.
pub async fn plan_saved(plane: &ControlPlane, actor: &Actor, id: ConfigId) -> Result<PlanPreview> {
    actor.require_admin()?;
    let old = row(plane, id).await?;
    let config = read(&old)?;
    preview(plane, Some(&old), &config).await
}

/// The start-up script as a server of this config would get it, with sample values and masked secrets. `id` names the
/// config that the draft would replace, whose secrets stay set. `template` stands in for the provider's script while
/// that is being edited.
pub async fn render_script(
    plane: &ControlPlane,
    actor: &Actor,
    id: Option<ConfigId>,
    draft: Draft,
    template: Option<String>,
) -> Result<RenderedScript> {
    actor.require_admin()?;
    let old = replaced(plane, id).await?;
    let config = parse(plane, draft, old.as_ref()).await?.config;
    let (zone, mut provider) = references(plane, &config).await?;
    if let Some(template) = template {
        let errors = script::check(&template);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        provider.startup_script = template;
    }
    let facts = observe::facts(plane, &provider).await?;
    let values = sample_values(plane, &config, &zone);
    let template = Script::parse(&provider.startup_script).map_err(|_| {
        Error::Problem(domain::error::Problem::invalid(script::check(
            &provider.startup_script,
        )))
    })?;
    Ok(RenderedScript {
        script: template.preview(&values),
        bytes: u32::try_from(template.bytes(&values)).unwrap_or(u32::MAX),
        limit_bytes: facts.script_limit_bytes,
        warnings: script::warnings(&config, &provider, &facts, &values),
    })
}

/// The values of a server that there is not yet. Secrets have their usual lengths, so that sizes are right.
fn sample_values(plane: &ControlPlane, config: &AutoscaleConfig, zone: &Zone) -> TagValues {
    let server = ServerId::new(plane.clock(), plane.entropy());
    let token = Secret::new("x".repeat(crate::checkin_token::USUAL_LENGTH));
    let access = &config.connection.access;
    let password = access.has_password().then(|| Secret::new("x".repeat(16)));
    script::values(
        config,
        zone,
        server,
        &server_name(server),
        password.as_ref(),
        &token,
    )
}

/// The config that a draft would replace, where one is named.
async fn replaced(plane: &ControlPlane, id: Option<ConfigId>) -> Result<Option<ConfigRow>> {
    match id {
        Some(id) => row(plane, id).await.map(Some),
        None => Ok(None),
    }
}

/// The name of a server's machine: 15 characters, the longest that `NetBIOS` takes, ending in the random part of the id.
pub(crate) fn server_name(server: ServerId) -> String {
    let hex = server.uuid().simple().to_string();
    format!("weir-{}", &hex[hex.len() - 10..])
}

/// The typed config of a row.
pub(crate) fn read(row: &ConfigRow) -> Result<AutoscaleConfig> {
    let keys = set_keys(&row.secrets);
    autoscale::parse(&Draft::from(row.document.clone()), &keys).map_err(|errors| {
        let what = errors
            .first()
            .map(|error| error.message.clone())
            .unwrap_or_default();
        Error::Fault(format!(
            "the stored config {} cannot be read: {what}",
            row.id
        ))
    })
}

/// The zone and provider of a config.
pub(crate) async fn references(
    plane: &ControlPlane,
    config: &AutoscaleConfig,
) -> Result<(Zone, Provider)> {
    let zone = plane.store().zone(config.zone).await?;
    let provider = plane.store().provider(config.provider).await?;
    match (zone, provider) {
        (Some(zone), Some(provider)) => Ok((zone, provider)),
        (None, _) => Err(not_found("zone")),
        (_, None) => Err(not_found("provider")),
    }
}

pub(crate) fn config_snapshot(
    id: ConfigId,
    version: i64,
    created_at: domain::timestamp::Timestamp,
    config: &AutoscaleConfig,
    surplus_since: Option<domain::timestamp::Timestamp>,
) -> ConfigSnapshot {
    ConfigSnapshot {
        id,
        version,
        created_at,
        zone: config.zone,
        provider: config.provider,
        enabled: config.enabled,
        dry_run: config.dry_run,
        aggressive: config.aggressive_scaling,
        minimum: config.minimum_available_sessions,
        limits: config.limits(),
        reusable: config.reusable,
        backoff_secs: config.downscale_backoff_secs,
        surplus_since,
        // What was wrong with the saved one says nothing about this one.
        unprepared: None,
    }
}

/// A config that has passed every check.
struct Parsed {
    config: AutoscaleConfig,
    /// The shown values without secrets: what is stored.
    document: Draft,
    /// What happens to the secrets.
    writes: Vec<SecretWrite>,
}

async fn parse(plane: &ControlPlane, mut draft: Draft, old: Option<&ConfigRow>) -> Result<Parsed> {
    let stored = old.map(|old| old.secrets.as_slice()).unwrap_or_default();
    let Secrets { keys, writes } = Secrets::take(&FORM, &mut draft, stored)?;
    let config = judged(plane, &draft, &keys).await?;
    Ok(Parsed {
        document: autoscale::draft_of(&config),
        config,
        writes,
    })
}

/// The config that values and the keys of its secrets stand for, if it can be saved.
async fn judged(plane: &ControlPlane, draft: &Draft, keys: &SecretKeys) -> Result<AutoscaleConfig> {
    let config = autoscale::parse(draft, keys)?;
    let mut errors = if config.enabled {
        config.not_yet()
    } else {
        Vec::new()
    };
    errors.extend(missing_references(plane, &config).await?);
    if errors.is_empty() {
        Ok(config)
    } else {
        Err(errors.into())
    }
}

async fn missing_references(
    plane: &ControlPlane,
    config: &AutoscaleConfig,
) -> Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut refuse = |key: &str, noun: &str| {
        errors.push(FieldError::new(
            key,
            "not_found",
            format!("There is no such {noun}. Choose another one."),
        ));
    };
    if plane.store().pool(config.pool).await?.is_none() {
        refuse("pool_id", "pool");
    }
    if plane.store().zone(config.zone).await?.is_none() {
        refuse("deployment_zone_id", "zone");
    }
    if plane.store().provider(config.provider).await?.is_none() {
        refuse("provider_id", "provider");
    }
    if let Some(record) = &config.computer_record
        && plane
            .store()
            .ldap_config(record.ldap_config)
            .await?
            .is_none()
    {
        refuse("ldap_config_id", "LDAP config");
    }
    Ok(errors)
}

async fn preview(
    plane: &ControlPlane,
    old: Option<&ConfigRow>,
    config: &AutoscaleConfig,
) -> Result<PlanPreview> {
    let mut snapshot = observe::look(plane, Some(config.pool)).await?;
    let fresh = ConfigId::new(plane.clock(), plane.entropy());
    let id = old.map_or(fresh, |old| old.id);
    let pool = snapshot
        .pools
        .iter_mut()
        .find(|pool| pool.id == config.pool)
        .ok_or_else(|| not_found("pool"))?;
    let since = pool
        .configs
        .iter()
        .find(|known| known.id == id)
        .and_then(|known| known.surplus_since);
    let (version, created_at) = old.map_or((1, plane.now()), |old| (old.version, old.created_at));
    let replacement = config_snapshot(id, version, created_at, config, since);
    pool.configs.retain(|known| known.id != id);
    pool.configs.push(replacement);
    pool.configs
        .sort_by_key(|known| (known.created_at, known.id));
    for server in &mut pool.servers {
        if let domain::server::Origin::Scaled { config: of, .. } = server.origin
            && of == id
        {
            server.limits = config.limits();
            server.reusable = config.reusable;
        }
    }
    let servers: Vec<ServerId> = pool
        .servers
        .iter()
        .filter(|server| matches!(server.origin, domain::server::Origin::Scaled { config: of, .. } if of == id))
        .map(|server| server.id)
        .collect();
    let plan = scaling::plan(&snapshot, plane.now());
    let count = |is: &dyn Fn(&Action) -> bool| {
        u32::try_from(
            plan.actions
                .iter()
                .filter(|planned| is(&planned.action))
                .count(),
        )
        .unwrap_or(u32::MAX)
    };
    let create = count(&|action| matches!(action, Action::Create { config, .. } if *config == id));
    let drain =
        count(&|action| matches!(action, Action::Drain { server, .. } if servers.contains(server)));
    let fail =
        count(&|action| matches!(action, Action::Fail { server, .. } if servers.contains(server)));
    let report = plan
        .report
        .pools
        .into_iter()
        .find(|report| report.pool_id == config.pool)
        .ok_or_else(|| {
            Error::Fault("the plan has no report for the pool that was planned".to_owned())
        })?;
    let own = report.configs.iter().find(|report| report.config_id == id);
    let seats_per_server = own.map_or(0, |own| own.up.seats_per_server);
    let seats_ready = own.map_or(0, |own| {
        own.up.free_seats + own.up.seats_in_flight + create * own.up.seats_per_server
    });
    let sentences = own
        .map(|own| {
            own.findings
                .iter()
                .map(|finding| explain::sentence(finding, Some(own)))
                .collect()
        })
        .unwrap_or_default();
    Ok(PlanPreview {
        create,
        drain,
        fail,
        seats_per_server,
        seats_ready,
        sentences,
        report,
    })
}

async fn saved(plane: &ControlPlane, row: ConfigRow) -> Result<SavedConfig> {
    let warnings = warnings(plane, &read(&row)?).await?;
    let secrets = SecretInfo::states(row.secrets);
    Ok(SavedConfig {
        id: row.id,
        values: row.document.into(),
        secrets,
        warnings,
        servers: row.servers,
        older_servers: row.older_servers,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}

async fn warnings(plane: &ControlPlane, config: &AutoscaleConfig) -> Result<Vec<ConfigWarning>> {
    match references(plane, config).await {
        Ok((zone, provider)) => Ok(warnings_with(plane, config, &zone, &provider).await?),
        Err(Error::Problem(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn warnings_with(
    plane: &ControlPlane,
    config: &AutoscaleConfig,
    zone: &Zone,
    provider: &Provider,
) -> Result<Vec<ConfigWarning>> {
    let facts = observe::facts(plane, provider).await?;
    let values = sample_values(plane, config, zone);
    Ok(script::warnings(config, provider, &facts, &values))
}

/// What to look at in how the configs that use a provider config get on with it.
pub(crate) async fn warnings_about(
    plane: &ControlPlane,
    provider: &Provider,
) -> Result<Vec<ProviderWarning>> {
    let mut all = Vec::new();
    for row in plane.store().configs_using(provider.id).await? {
        // One that cannot be read says so on its own page.
        let Ok(config) = read(&row) else { continue };
        let Some(zone) = plane.store().zone(config.zone).await? else {
            continue;
        };
        let about = |warning: ConfigWarning| ProviderWarning {
            config_id: row.id,
            config_name: config.name.to_string(),
            key: warning.key,
            message: warning.message,
        };
        let warnings = warnings_with(plane, &config, &zone, provider).await?;
        all.extend(warnings.into_iter().map(about));
    }
    Ok(all)
}

async fn row(plane: &ControlPlane, id: ConfigId) -> Result<ConfigRow, Error> {
    let found: Result<_, StoreError> = plane.store().config(id).await;
    found?.ok_or_else(|| not_found("autoscale config"))
}

fn set_keys(secrets: &[SecretInfo]) -> SecretKeys {
    let set = |key: &str| secrets.iter().any(|secret| secret.key == key);
    FORM.secret_fields()
        .map(|field| field.key)
        .filter(|key| set(key))
        .collect()
}

fn columns(config: &AutoscaleConfig) -> ConfigColumns {
    ConfigColumns {
        name: config.name.to_string(),
        pool: config.pool,
        zone: config.zone,
        provider: config.provider,
        ldap: config
            .computer_record
            .as_ref()
            .map(|record| record.ldap_config),
        enabled: config.enabled,
        dry_run: config.dry_run,
        aggressive: config.aggressive_scaling,
        reusable: config.reusable,
        require_checkin: config.require_checkin,
        minimum: config.minimum_available_sessions,
        limits: config.limits(),
        backoff_secs: config.downscale_backoff_secs,
        provision_timeout_secs: config.provision_timeout_secs,
        protocol: config.connection.access.protocol(),
    }
}

fn changed(plane: &ControlPlane, pool: PoolId) {
    plane.changed(EventNoun::Pool, pool, Some(pool), None);
    plane.wake();
}
