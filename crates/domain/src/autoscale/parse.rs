//! From a draft to a config and back.

use super::{
    Access, AutoscaleConfig, ComputerRecord, Connection, FORM, RdpCredentials, SshCredentials,
    SshProof, VncLogin,
};
use crate::{
    connection::Protocol,
    error::FieldError,
    form::{Draft, Reader, SecretKeys},
    value::Port,
};
use serde_json::Value;
use std::num::NonZeroU32;

/// Reads a config from a draft that holds no secrets any more; `secrets` says which are set.
///
/// # Errors
/// What [`crate::form::check`] finds, else the first rule that spans several fields and is broken.
pub fn parse(draft: &Draft, secrets: &SecretKeys) -> Result<AutoscaleConfig, Vec<FieldError>> {
    read(&Reader::new(&FORM, draft, secrets)?)
}

/// The draft that [`parse`] reads as this config, with [`secrets_of`] beside it. It holds exactly the shown fields.
pub fn draft_of(config: &AutoscaleConfig) -> Draft {
    let access = &config.connection.access;
    let mut draft = Draft::new()
        .with("enabled", config.enabled)
        .with("name", config.name.as_str())
        .with("autoscale_type", "server")
        .with("pool_id", config.pool.to_string())
        .with("aggressive_scaling", config.aggressive_scaling)
        .with("deployment_zone_id", config.zone.to_string())
        .with("downscale_backoff_seconds", config.downscale_backoff_secs)
        .with("require_checkin", config.require_checkin)
        .with(
            "kasm_desktop_service_installed",
            config.desktop_service_installed,
        )
        .with("connection_type", access.protocol().as_str())
        .with("connection_port", config.connection.port.get())
        .with("connection_credential_type", credential_word(access))
        .with(
            "connection_info",
            Value::from(config.connection.info.clone()),
        )
        .with(
            "create_active_directory_computer_record",
            config.computer_record.is_some(),
        )
        .with("reusable", config.reusable)
        .with(
            "minimum_available_sessions",
            config.minimum_available_sessions,
        )
        .with(
            "max_simultaneous_sessions_per_server",
            config.max_sessions_per_server.get(),
        )
        .with("provider_id", config.provider.to_string())
        .with("dry_run", config.dry_run)
        .with("provision_timeout_seconds", config.provision_timeout_secs);
    if let Some(domain) = access.sso_domain() {
        draft.set("sso_domain", domain.to_string());
    }
    if let Some(username) = access.username() {
        draft.set("connection_username", username);
    }
    if access.protocol() == Protocol::Ssh {
        draft.set("use_user_ssh_key", access.uses_user_key());
    }
    if let Some(users) = config.limits().max_users {
        draft.set("max_simultaneous_users", users);
    }
    if let Some(record) = &config.computer_record {
        draft.set("ldap_config_id", record.ldap_config.to_string());
        draft.set("active_directory_computer_ou_dn", record.ou.as_str());
        draft.set("recursive_ad_cleanup", record.recursive_cleanup);
    }
    draft
}

/// The secrets that are set in this config.
pub fn secrets_of(config: &AutoscaleConfig) -> SecretKeys {
    let access = &config.connection.access;
    let private_key = match access {
        Access::Ssh {
            credentials:
                SshCredentials::Static {
                    proof: SshProof::PrivateKey { has_passphrase, .. },
                    ..
                },
            ..
        } => Some(*has_passphrase),
        _ => None,
    };
    [
        ("connection_password", access.has_password()),
        ("connection_private_key", private_key.is_some()),
        (
            "connection_private_key_passphrase",
            private_key == Some(true),
        ),
    ]
    .into_iter()
    .filter(|(_, set)| *set)
    .map(|(key, _)| key)
    .collect()
}

fn read(form: &Reader<'_>) -> Result<AutoscaleConfig, Vec<FieldError>> {
    // One word is on offer; reading it here keeps the key from being ignored when a second one comes.
    let kind: String = form.required("autoscale_type")?;
    if kind != "server" {
        let message = "This version scales servers only.";
        return Err(Reader::error(
            "autoscale_type",
            "choice_unavailable",
            message,
        ));
    }
    Ok(AutoscaleConfig {
        enabled: form.bool("enabled"),
        name: form.required("name")?,
        pool: form.required("pool_id")?,
        aggressive_scaling: form.bool("aggressive_scaling"),
        zone: form.required("deployment_zone_id")?,
        downscale_backoff_secs: form.int("downscale_backoff_seconds")?,
        require_checkin: form.bool("require_checkin"),
        desktop_service_installed: form.bool("kasm_desktop_service_installed"),
        connection: Connection {
            port: form.int::<Port>("connection_port")?,
            access: access(form)?,
            info: form.object("connection_info")?,
        },
        computer_record: if form.bool("create_active_directory_computer_record") {
            Some(ComputerRecord {
                ldap_config: form.required("ldap_config_id")?,
                ou: form.required("active_directory_computer_ou_dn")?,
                recursive_cleanup: form.bool("recursive_ad_cleanup"),
            })
        } else {
            None
        },
        reusable: form.bool("reusable"),
        minimum_available_sessions: form.int("minimum_available_sessions")?,
        max_sessions_per_server: at_least_one(form, "max_simultaneous_sessions_per_server")?,
        provider: form.required("provider_id")?,
        dry_run: form.bool("dry_run"),
        provision_timeout_secs: form.int("provision_timeout_seconds")?,
    })
}

fn access(form: &Reader<'_>) -> Result<Access, Vec<FieldError>> {
    let word: String = form.required("connection_type")?;
    let protocol = Protocol::from_word(&word)
        .ok_or_else(|| Reader::error("connection_type", "not_a_choice", "Choose another."))?;
    Ok(match protocol {
        Protocol::KasmVnc => Access::KasmVnc(vnc_login(form)?),
        Protocol::Vnc => Access::Vnc(vnc_login(form)?),
        Protocol::Rdp => Access::Rdp {
            credentials: rdp_credentials(form)?,
            max_users: at_least_one(form, "max_simultaneous_users")?,
        },
        Protocol::Ssh => Access::Ssh {
            credentials: ssh_credentials(form)?,
            max_users: at_least_one(form, "max_simultaneous_users")?,
        },
    })
}

fn vnc_login(form: &Reader<'_>) -> Result<VncLogin, Vec<FieldError>> {
    Ok(VncLogin {
        username: form.optional("connection_username")?,
        has_password: form.has_secret("connection_password"),
    })
}

fn rdp_credentials(form: &Reader<'_>) -> Result<RdpCredentials, Vec<FieldError>> {
    let word: String = form.required("connection_credential_type")?;
    match word.as_str() {
        "static" => Ok(RdpCredentials::Static {
            username: form.required("connection_username")?,
            has_password: form.has_secret("connection_password"),
        }),
        "dynamic" => Ok(RdpCredentials::Dynamic),
        "sso" => Ok(RdpCredentials::Sso {
            domain: form.optional("sso_domain")?.unwrap_or_default(),
        }),
        "smartcard" => Ok(RdpCredentials::Smartcard),
        _ => Err(no_such_credentials()),
    }
}

fn ssh_credentials(form: &Reader<'_>) -> Result<SshCredentials, Vec<FieldError>> {
    let word: String = form.required("connection_credential_type")?;
    let user_key = form.bool("use_user_ssh_key");
    match word.as_str() {
        "static" => Ok(SshCredentials::Static {
            username: form.required("connection_username")?,
            proof: ssh_proof(form, user_key)?,
        }),
        "sso" if user_key => Ok(SshCredentials::Sso {
            domain: form.optional("sso_domain")?.unwrap_or_default(),
        }),
        "sso" => Err(Reader::error(
            "use_user_ssh_key",
            "required",
            "Switch this on: with SSO User Accounts people sign in to SSH servers with their own keys.",
        )),
        _ => Err(no_such_credentials()),
    }
}

fn ssh_proof(form: &Reader<'_>, user_key: bool) -> Result<SshProof, Vec<FieldError>> {
    let has_password = form.has_secret("connection_password");
    let has_passphrase = form.has_secret("connection_private_key_passphrase");
    let private_key = form.has_secret("connection_private_key");
    if user_key {
        Ok(SshProof::UserKey { has_password })
    } else if private_key {
        Ok(SshProof::PrivateKey {
            has_passphrase,
            has_password,
        })
    } else if has_passphrase {
        Err(Reader::error(
            "connection_private_key",
            "required",
            "There is a passphrase, but no private key that it opens. Enter the key or remove the passphrase.",
        ))
    } else if has_password {
        Ok(SshProof::Password)
    } else {
        Err(Reader::error(
            "connection_password",
            "required",
            "Enter a password or a private key, or switch on Use User SSH Key: nothing else opens the account.",
        ))
    }
}

fn no_such_credentials() -> Vec<FieldError> {
    let message = "This protocol does not know these credentials. Choose others.";
    Reader::error("connection_credential_type", "choice_unavailable", message)
}

fn at_least_one(form: &Reader<'_>, key: &str) -> Result<NonZeroU32, Vec<FieldError>> {
    let number = form.int::<u32>(key)?;
    NonZeroU32::new(number).ok_or_else(|| Reader::error(key, "out_of_range", "The least is 1."))
}

const fn credential_word(access: &Access) -> &'static str {
    match access {
        Access::KasmVnc(_)
        | Access::Vnc(_)
        | Access::Rdp {
            credentials: RdpCredentials::Static { .. },
            ..
        }
        | Access::Ssh {
            credentials: SshCredentials::Static { .. },
            ..
        } => "static",
        Access::Rdp {
            credentials: RdpCredentials::Dynamic,
            ..
        } => "dynamic",
        Access::Rdp {
            credentials: RdpCredentials::Sso { .. },
            ..
        }
        | Access::Ssh {
            credentials: SshCredentials::Sso { .. },
            ..
        } => "sso",
        Access::Rdp {
            credentials: RdpCredentials::Smartcard,
            ..
        } => "smartcard",
    }
}
