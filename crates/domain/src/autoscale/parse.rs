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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        form::{Kind, check, check_draft, refusal, schema, view_schema},
        id::{LdapConfigId, PoolId, ProviderId, ZoneId},
        startup_script::Tag,
        value::{JsonObject, SsoDomain, Text},
    };
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    /// The order that documents and the manual keep.
    const KEYS: [&str; 30] = [
        "enabled",
        "name",
        "autoscale_type",
        "pool_id",
        "aggressive_scaling",
        "deployment_zone_id",
        "downscale_backoff_seconds",
        "require_checkin",
        "kasm_desktop_service_installed",
        "connection_type",
        "connection_port",
        "connection_credential_type",
        "sso_domain",
        "connection_username",
        "connection_password",
        "use_user_ssh_key",
        "connection_private_key",
        "connection_private_key_passphrase",
        "connection_info",
        "create_active_directory_computer_record",
        "ldap_config_id",
        "active_directory_computer_ou_dn",
        "recursive_ad_cleanup",
        "reusable",
        "minimum_available_sessions",
        "max_simultaneous_sessions_per_server",
        "max_simultaneous_users",
        "provider_id",
        "dry_run",
        "provision_timeout_seconds",
    ];

    fn id(prefix: &str) -> String {
        format!("{prefix}_01980000-0000-7000-8000-000000000001")
    }

    fn least() -> Draft {
        Draft::new()
            .with("name", "Finance")
            .with("pool_id", id("pool"))
            .with("deployment_zone_id", id("zone"))
            .with("provider_id", id("prov"))
    }

    fn ssh() -> Draft {
        least()
            .with("connection_type", "ssh")
            .with("connection_username", "ops")
    }

    fn rdp() -> Draft {
        least()
            .with("connection_type", "rdp")
            .with("connection_username", "ops")
    }

    fn with_record(draft: Draft) -> Draft {
        draft
            .with("create_active_directory_computer_record", true)
            .with("ldap_config_id", id("ldap"))
            .with("active_directory_computer_ou_dn", "OU=Desks,DC=corp")
    }

    fn no_secrets() -> SecretKeys {
        SecretKeys::none()
    }

    fn faults(draft: &Draft, secrets: &[&str]) -> Vec<(String, String)> {
        let secrets = secrets.iter().copied().collect();
        let errors = parse(draft, &secrets).unwrap_err();
        errors
            .into_iter()
            .map(|error| (error.pointer, error.code.into_owned()))
            .collect()
    }

    fn fault(draft: &Draft, secrets: &[&str]) -> (String, String) {
        let faults = faults(draft, secrets);
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].clone()
    }

    fn is(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn the_table_is_sound_and_in_order() {
        assert_eq!(FORM.flaws(), Vec::<String>::new());
        let keys: Vec<_> = FORM.fields.iter().map(|field| field.key).collect();
        assert_eq!(keys, KEYS);
    }

    #[test]
    fn the_least_document_takes_the_defaults() {
        let config = parse(&least(), &no_secrets()).unwrap();
        assert!(config.enabled && config.aggressive_scaling);
        assert!(!config.reusable && !config.require_checkin && !config.dry_run);
        assert_eq!(config.downscale_backoff_secs, 900);
        assert_eq!(config.provision_timeout_secs, 600);
        assert_eq!(config.minimum_available_sessions, 0);
        assert_eq!(config.limits().max_sessions, 1);
        assert_eq!(config.limits().max_users, None);
        assert_eq!(config.connection.access.protocol(), Protocol::KasmVnc);
        assert_eq!(config.connection.port.get(), 6901);
    }

    #[test]
    fn the_port_follows_the_type_until_it_is_entered() {
        for protocol in Protocol::ALL {
            let draft = ssh().with("connection_type", protocol.as_str());
            let config = parse(&draft, &["connection_password"].into_iter().collect()).unwrap();
            assert_eq!(config.connection.port.get(), protocol.default_port());
            let config = parse(
                &draft.with("connection_port", 4000),
                &["connection_password"].into_iter().collect(),
            );
            assert_eq!(config.unwrap().connection.port.get(), 4000);
        }
    }

    /// A key that `parse` does not read would be entered, checked, stored and ignored.
    #[test]
    fn parse_reads_every_key_and_no_other() {
        let mut read_keys = BTreeSet::new();
        for draft in [
            with_record(rdp()),
            ssh(),
            ssh().with("connection_credential_type", "sso"),
        ] {
            let draft = if draft.get("connection_credential_type").is_some() {
                let mut draft = draft;
                draft.remove("connection_username");
                draft
            } else {
                draft
            };
            let secrets = no_secrets();
            let reader = Reader::new(&FORM, &draft, &secrets).unwrap();
            read(&reader).unwrap();
            read_keys.extend(reader.keys_read());
        }
        assert_eq!(
            read_keys,
            KEYS.iter().map(|key| (*key).to_owned()).collect()
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            faults(&Draft::new(), &[]),
            [
                is("/name", "required"),
                is("/pool_id", "required"),
                is("/deployment_zone_id", "required"),
                is("/provider_id", "required"),
            ]
        );
        let blank = least().with("name", "  ");
        assert_eq!(fault(&blank, &[]), is("/name", "required"));
        let mut draft = rdp();
        draft.remove("connection_username");
        assert_eq!(fault(&draft, &[]), is("/connection_username", "required"));
        let draft = least().with("create_active_directory_computer_record", true);
        assert_eq!(
            faults(&draft, &[]),
            [
                is("/ldap_config_id", "required"),
                is("/active_directory_computer_ou_dn", "required")
            ]
        );
    }

    #[test]
    fn bounds_types_and_forms() {
        for (key, value, code) in [
            ("enabled", json!("yes"), "wrong_type"),
            ("name", json!("x".repeat(64)), "too_long"),
            ("name", json!("a\0"), "control_character"),
            ("name", json!(7), "wrong_type"),
            ("name", json!(null), "wrong_type"),
            ("pool_id", json!(id("zone")), "bad_format"),
            ("provider_id", json!("pool"), "bad_format"),
            ("downscale_backoff_seconds", json!(-1), "out_of_range"),
            ("downscale_backoff_seconds", json!(86_401), "out_of_range"),
            ("downscale_backoff_seconds", json!(1.5), "wrong_type"),
            ("downscale_backoff_seconds", json!("900"), "wrong_type"),
            ("downscale_backoff_seconds", json!(""), "required"),
            ("downscale_backoff_seconds", json!(1e300), "wrong_type"),
            ("connection_port", json!(0), "out_of_range"),
            ("connection_port", json!(65_536), "out_of_range"),
            ("connection_type", json!("telnet"), "not_a_choice"),
            ("connection_type", json!(1), "wrong_type"),
            ("connection_info", json!([]), "wrong_type"),
            ("connection_info", json!("{\"a\":"), "bad_format"),
            (
                "connection_info",
                json!({"a": "x".repeat(16_384)}),
                "too_long",
            ),
            ("minimum_available_sessions", json!(-1), "out_of_range"),
            (
                "max_simultaneous_sessions_per_server",
                json!(0),
                "out_of_range",
            ),
            ("provision_timeout_seconds", json!(9), "out_of_range"),
            ("no/such~key", json!(1), "unknown_field"),
        ] {
            let (pointer, found) = fault(&least().with(key, value.clone()), &[]);
            assert_eq!(found, code, "{key}: {value}");
            let escaped = key.replace('~', "~0").replace('/', "~1");
            assert_eq!(pointer, format!("/{escaped}"));
        }
        let five = least().with("minimum_available_sessions", json!(5.0));
        let config = parse(&five, &no_secrets()).unwrap();
        assert_eq!(config.minimum_available_sessions, 5);
    }

    #[test]
    fn docker_agents_are_in_the_form_and_refused() {
        let draft = least().with("autoscale_type", "docker_agent");
        assert_eq!(
            fault(&draft, &[]),
            is("/autoscale_type", "choice_unavailable")
        );
        let field = FORM.field("autoscale_type").unwrap();
        let reason = refusal(&FORM, field, "docker_agent", &draft);
        assert_eq!(reason, Some("This version scales servers only."));
    }

    #[test]
    fn each_protocol_knows_its_credentials() {
        let allowed = [
            ("kasmvnc", vec!["static"]),
            ("rdp", vec!["static", "dynamic", "sso", "smartcard"]),
            ("vnc", vec!["static"]),
            ("ssh", vec!["static", "sso"]),
        ];
        for (protocol, allowed) in allowed {
            for credentials in ["static", "dynamic", "sso", "smartcard"] {
                let mut draft = least()
                    .with("connection_type", protocol)
                    .with("connection_credential_type", credentials);
                if credentials == "static" {
                    draft.set("connection_username", "ops");
                }
                let result = parse(&draft, &no_secrets());
                assert_eq!(
                    result.is_ok(),
                    allowed.contains(&credentials),
                    "{protocol} {credentials}: {result:?}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_apply_may_be_kept_in_a_draft_and_not_be_saved() {
        for (draft, key, value) in [
            (least(), "max_simultaneous_users", json!(2)),
            (least(), "use_user_ssh_key", json!(false)),
            (least(), "sso_domain", json!("corp")),
            (least(), "ldap_config_id", json!(id("ldap"))),
            (least(), "recursive_ad_cleanup", json!(false)),
            (
                least()
                    .with("connection_type", "rdp")
                    .with("connection_credential_type", "sso"),
                "connection_username",
                json!("ops"),
            ),
        ] {
            let draft = draft.with(key, value);
            assert_eq!(fault(&draft, &[]), is(&format!("/{key}"), "not_applicable"));
            assert_eq!(check_draft(&FORM, &draft, &no_secrets()), []);
            assert_eq!(check(&FORM, &draft.only_shown(&FORM), &no_secrets()), []);
            assert!(draft.get(key).is_some());
        }
        // A secret that is set for a field that is not shown: a new one came in where none applies.
        assert_eq!(
            fault(&ssh(), &["connection_private_key"]),
            is("/connection_private_key", "not_applicable")
        );
    }

    /// A value that was entered before another choice hid it must not steer what is shown now.
    #[test]
    fn conditions_do_not_look_at_hidden_values() {
        let draft = ssh()
            .with("use_user_ssh_key", false)
            .with("connection_type", "rdp");
        let shown = |key| FORM.is_shown(FORM.field(key).unwrap(), &draft);
        assert!(!shown("use_user_ssh_key") && !shown("connection_private_key"));
        assert!(shown("connection_password") && shown("max_simultaneous_users"));
    }

    #[test]
    fn ssh_accounts_need_something_that_opens_them() {
        let proof = |draft: &Draft, secrets: &[&str]| {
            let config = parse(draft, &secrets.iter().copied().collect()).unwrap();
            match config.connection.access {
                Access::Ssh {
                    credentials: SshCredentials::Static { proof, .. },
                    ..
                } => proof,
                other => panic!("{other:?}"),
            }
        };
        let has_password = false;
        assert_eq!(proof(&ssh(), &[]), SshProof::UserKey { has_password });
        let own = ssh().with("use_user_ssh_key", false);
        assert_eq!(proof(&own, &["connection_password"]), SshProof::Password);
        assert_eq!(
            proof(
                &own,
                &[
                    "connection_private_key",
                    "connection_private_key_passphrase"
                ]
            ),
            SshProof::PrivateKey {
                has_passphrase: true,
                has_password
            }
        );
        assert_eq!(fault(&own, &[]), is("/connection_password", "required"));
        assert_eq!(
            fault(&own, &["connection_private_key_passphrase"]),
            is("/connection_private_key", "required")
        );
        let sso = least()
            .with("connection_type", "ssh")
            .with("connection_credential_type", "sso")
            .with("use_user_ssh_key", false);
        assert_eq!(fault(&sso, &[]), is("/use_user_ssh_key", "required"));
    }

    #[test]
    fn what_cannot_be_honoured_yet_is_saved_and_not_enabled() {
        let refused = |draft: &Draft| -> Vec<String> {
            let config = parse(draft, &no_secrets()).unwrap();
            config.not_yet().into_iter().map(|e| e.pointer).collect()
        };
        let credentials = "/connection_credential_type";
        for word in ["dynamic", "sso", "smartcard"] {
            let draft = least()
                .with("connection_type", "rdp")
                .with("connection_credential_type", word);
            assert_eq!(refused(&draft), [credentials]);
        }
        assert_eq!(
            refused(&with_record(rdp())),
            ["/create_active_directory_computer_record"]
        );
        let sso = least()
            .with("connection_type", "ssh")
            .with("connection_credential_type", "sso");
        for draft in [least(), rdp(), ssh(), sso] {
            assert!(refused(&draft).is_empty());
        }
    }

    #[test]
    fn tags_are_fillable_by_what_is_set() {
        let tags = |draft: &Draft, secrets: &[&str]| {
            parse(draft, &secrets.iter().copied().collect())
                .unwrap()
                .fillable_tags()
        };
        let always = BTreeSet::from([
            Tag::ServerHostname,
            Tag::ServerId,
            Tag::CheckinJwt,
            Tag::UpstreamAuthAddress,
        ]);
        assert_eq!(tags(&least(), &[]), always);
        let mut more = always.clone();
        more.extend([Tag::ConnectionUsername, Tag::ConnectionPassword]);
        assert_eq!(tags(&rdp(), &["connection_password"]), more);
        more.remove(&Tag::ConnectionPassword);
        more.extend([Tag::AdJoinCredential, Tag::Domain]);
        assert_eq!(tags(&with_record(rdp()), &[]), more);
    }

    #[test]
    fn the_schema_has_the_keys_of_the_table() {
        let document = schema(&FORM);
        let properties = document["properties"].as_object().unwrap();
        let keys: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(keys, KEYS.into());
        assert_eq!(
            document["required"],
            json!(["name", "pool_id", "deployment_zone_id", "provider_id"])
        );
        assert_eq!(document["additionalProperties"], false);
        let property = |key: &str| &document["properties"][key];
        assert_eq!(property("autoscale_type")["enum"], json!(["server"]));
        assert_eq!(property("connection_port")["maximum"], 65_535);
        assert_eq!(property("connection_port").get("default"), None);
        assert_eq!(property("downscale_backoff_seconds")["default"], 900);
        assert_eq!(
            property("connection_password")["type"],
            json!(["string", "null"])
        );
        let words = property("max_simultaneous_users")["description"].to_string();
        assert!(
            words.contains("Only when Connection Type is RDP or Connection Type is SSH."),
            "{words}"
        );
        let view = view_schema(&FORM);
        for field in FORM.secret_fields() {
            assert_eq!(view["properties"].get(field.key), None);
        }
    }

    #[test]
    fn typed_text_becomes_values() {
        let mut draft = Draft::new();
        for (key, text) in [
            ("name", "Finance"),
            ("pool_id", &id("pool")),
            ("deployment_zone_id", &id("zone")),
            ("provider_id", &id("prov")),
            ("reusable", "on"),
            ("minimum_available_sessions", " 7 "),
            ("connection_info", "{\"guac\": {}}"),
            ("connection_password", ""),
        ] {
            draft.set_text(&FORM, key, text);
        }
        let config = parse(&draft, &no_secrets()).unwrap();
        assert!(config.reusable);
        assert_eq!(config.minimum_available_sessions, 7);
        assert!(config.connection.info.members().contains_key("guac"));
        draft.set_text(&FORM, "connection_info", "{\n  oops");
        draft.set_text(&FORM, "minimum_available_sessions", "");
        let errors = check_draft(&FORM, &draft, &no_secrets());
        assert_eq!(
            errors[0].message,
            "Line 2, column 3: a key stands here, in double quotes."
        );
        assert_eq!(errors[1].code, "required");
    }

    fn text(max: usize) -> impl Strategy<Value = String> {
        "[^\\p{Cc}]{1,80}".prop_filter_map("blank", move |text| {
            let text: String = text.trim().chars().take(max).collect();
            let text = text.trim().to_owned();
            (!text.is_empty()).then_some(text)
        })
    }

    fn some_text() -> impl Strategy<Value = Text> {
        text(80).prop_map(|text| text.parse().unwrap())
    }

    fn some_domain() -> impl Strategy<Value = SsoDomain> {
        prop_oneof!["", "localhost", "CORP\\\\", "[a-z]{1,9}\\.local"]
            .prop_map(|text| text.parse().unwrap())
    }

    fn some_access() -> impl Strategy<Value = Access> {
        let users = || (1..=1000u32).prop_map(|n| NonZeroU32::new(n).unwrap());
        let vnc = || {
            (prop::option::of(some_text()), any::<bool>()).prop_map(|(username, has_password)| {
                VncLogin {
                    username,
                    has_password,
                }
            })
        };
        let rdp = prop_oneof![
            (some_text(), any::<bool>()).prop_map(|(username, has_password)| {
                RdpCredentials::Static {
                    username,
                    has_password,
                }
            }),
            Just(RdpCredentials::Dynamic),
            some_domain().prop_map(|domain| RdpCredentials::Sso { domain }),
            Just(RdpCredentials::Smartcard),
        ];
        let proof = prop_oneof![
            Just(SshProof::Password),
            any::<bool>().prop_map(|has_password| SshProof::UserKey { has_password }),
            any::<(bool, bool)>().prop_map(|(has_passphrase, has_password)| {
                SshProof::PrivateKey {
                    has_passphrase,
                    has_password,
                }
            }),
        ];
        let ssh = prop_oneof![
            (some_text(), proof)
                .prop_map(|(username, proof)| SshCredentials::Static { username, proof }),
            some_domain().prop_map(|domain| SshCredentials::Sso { domain }),
        ];
        prop_oneof![
            vnc().prop_map(Access::KasmVnc),
            vnc().prop_map(Access::Vnc),
            (rdp, users()).prop_map(|(credentials, max_users)| Access::Rdp {
                credentials,
                max_users
            }),
            (ssh, users()).prop_map(|(credentials, max_users)| Access::Ssh {
                credentials,
                max_users
            }),
        ]
    }

    fn some_config() -> impl Strategy<Value = AutoscaleConfig> {
        let uuid = || any::<u128>().prop_map(Uuid::from_u128);
        let record = (uuid(), "OU=[a-z]{1,9},DC=corp", any::<bool>()).prop_map(
            |(ldap, ou, recursive_cleanup)| ComputerRecord {
                ldap_config: LdapConfigId::from_uuid(ldap),
                ou: ou.parse().unwrap(),
                recursive_cleanup,
            },
        );
        let info = prop::collection::btree_map("[a-z]{1,5}", any::<i32>(), 0..3)
            .prop_map(|members| JsonObject::try_from(json!(members)).unwrap());
        (
            (any::<[bool; 6]>(), text(63), uuid(), uuid(), uuid()),
            (1..=u16::MAX, some_access(), info, prop::option::of(record)),
            (0..=86_400u32, 0..=10_000u32, 1..=1000u32, 10..=86_400u32),
        )
            .prop_map(
                |((on, name, pool, zone, provider), (port, access, info, record), numbers)| {
                    AutoscaleConfig {
                        enabled: on[0],
                        name: name.parse().unwrap(),
                        pool: PoolId::from_uuid(pool),
                        aggressive_scaling: on[1],
                        zone: ZoneId::from_uuid(zone),
                        downscale_backoff_secs: numbers.0,
                        require_checkin: on[2],
                        desktop_service_installed: on[3],
                        connection: Connection {
                            port: Port::new(port).unwrap(),
                            access,
                            info,
                        },
                        computer_record: record,
                        reusable: on[4],
                        minimum_available_sessions: numbers.1,
                        max_sessions_per_server: NonZeroU32::new(numbers.2).unwrap(),
                        provider: ProviderId::from_uuid(provider),
                        dry_run: on[5],
                        provision_timeout_secs: numbers.3,
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn a_config_survives_the_way_through_its_draft(config in some_config()) {
            let (draft, secrets) = (draft_of(&config), secrets_of(&config));
            prop_assert_eq!(parse(&draft, &secrets), Ok(config));
            // What is answered is what is shown: nothing is left to a default that may change.
            prop_assert_eq!(&draft.clone().filled(&FORM), &draft);
        }

        #[test]
        fn no_document_panics(
            values in prop::collection::btree_map(
                prop::sample::select(KEYS.to_vec()),
                prop_oneof![
                    Just(json!(null)), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from),
                    any::<f64>().prop_map(Value::from), any::<String>().prop_map(Value::from),
                    prop::sample::select(vec!["ssh", "rdp", "vnc", "static", "sso", "server"]).prop_map(Value::from),
                    Just(json!({})), Just(json!([1])),
                ],
                0..8,
            ),
            full in any::<bool>(),
        ) {
            let mut draft = if full { least() } else { Draft::new() };
            for (key, value) in values {
                if FORM.field(key).is_some_and(|field| !matches!(field.kind, Kind::Secret | Kind::SecretMultiline)) {
                    draft.set(key, value);
                }
            }
            if let Ok(config) = parse(&draft, &no_secrets()) {
                prop_assert_eq!(parse(&draft_of(&config), &secrets_of(&config)), Ok(config));
            }
        }
    }
}
