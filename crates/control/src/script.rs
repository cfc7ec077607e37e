//! Start-up scripts: checked when saved, filled in once for each server, shown with masks.

use domain::autoscale::{AutoscaleConfig, ConfigWarning};
use domain::count::counted;
use domain::error::FieldError;
use domain::id::ServerId;
use domain::provider::Provider;
use domain::secret::Secret;
use domain::server::SeatLimits;
use domain::snapshot::ProviderFacts;
use domain::startup_script::{Script, Tag, TagValues};
use domain::zone::Zone;

use crate::error::{Result, invalid};

/// The longest template, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// What is wrong with a template, as errors of the provider's field.
pub(crate) fn check(template: &str) -> Vec<FieldError> {
    if template.len() > MAX_BYTES {
        let message = format!(
            "The script has {} bytes; {MAX_BYTES} is the most.",
            template.len()
        );
        return vec![FieldError::new("startup_script", "too_long", message)];
    }
    match Script::parse(template) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .iter()
            .map(|error| FieldError::new("startup_script", "script", format!("At {error}")))
            .collect(),
    }
}

/// What should be looked at when this config uses this provider. `values` are those of a sample server.
pub(crate) fn warnings(
    config: &AutoscaleConfig,
    provider: &Provider,
    facts: &ProviderFacts,
    values: &TagValues,
) -> Vec<ConfigWarning> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, message: String| {
        warnings.push(ConfigWarning {
            key: key.to_owned(),
            message,
        });
    };
    let script = Script::parse(&provider.startup_script).ok();
    let tags = script.as_ref().map(Script::tags).unwrap_or_default();
    for warning in script
        .iter()
        .flat_map(|script| script.warnings(&config.fillable_tags()))
    {
        warn(
            "startup_script",
            format!("In the start-up script, {warning}"),
        );
    }
    if let (Some(script), Some(limit)) = (&script, facts.script_limit_bytes) {
        let bytes = script.bytes(values);
        if bytes > limit as usize {
            warn(
                "startup_script",
                format!(
                    "With its values the start-up script has about {bytes} bytes, and this provider takes {limit}. No \
                     server is made until it is shorter."
                ),
            );
        }
    }
    if !facts.runs_script && !provider.startup_script.trim().is_empty() {
        warn(
            "startup_script",
            "This provider does not run the start-up script by itself.".to_owned(),
        );
    }
    if config.require_checkin && !tags.contains(&Tag::CheckinJwt) {
        warn(
            "require_checkin",
            "The start-up script does not use {checkin_jwt}, so nothing reports that a server is ready. Use the tag \
             in a call of set_server_status, or switch Require Checkin off."
                .to_owned(),
        );
    }
    if config.connection.access.uses_user_key() && !facts.can_authorize {
        warn(
            "use_user_ssh_key",
            "This provider cannot put people's keys on servers. Their keys must be trusted there already, by the \
             image or a directory."
                .to_owned(),
        );
    }
    let most = u64::from(provider.max_instances) * u64::from(SeatLimits::seats(config.limits()));
    if most < u64::from(config.minimum_available_sessions) {
        warn(
            "minimum_available_sessions",
            format!(
                "{} cannot be kept ready: {} with {} each make {most}.",
                counted(config.minimum_available_sessions, "session", "sessions"),
                counted(provider.max_instances, "server", "servers"),
                counted(config.limits().seats(), "session", "sessions")
            ),
        );
    }
    warnings
}

/// Fills a template in for one server.
pub(crate) fn render(template: &str, values: &TagValues, facts: &ProviderFacts) -> Result<Secret> {
    let script = Script::parse(template).map_err(|errors| {
        invalid(
            "startup_script",
            "script",
            errors.first().map(ToString::to_string).unwrap_or_default(),
        )
    })?;
    script
        .render(values, facts.script_limit_bytes.map(|limit| limit as usize))
        .map_err(|error| invalid("startup_script", "too_long", error.to_string()))
}

/// The values of a server's tags.
pub(crate) fn values(
    config: &AutoscaleConfig,
    zone: &Zone,
    server: ServerId,
    name: &str,
    password: Option<&Secret>,
    token: &Secret,
) -> TagValues {
    let mut values = TagValues::new()
        .with(Tag::ServerId, server.bare())
        .with(Tag::ServerHostname, name)
        .with(
            Tag::UpstreamAuthAddress,
            zone.input.upstream_auth_address.as_str(),
        )
        .with(Tag::CheckinJwt, token.expose());
    if let Some(username) = config.connection.access.username() {
        values = values.with(Tag::ConnectionUsername, username);
    }
    if let Some(password) = password {
        values = values.with(Tag::ConnectionPassword, password.expose());
    }
    values
}
