//! The autoscale config: the rules attached to a pool in one zone.
//!
//! [`FORM`] is what people fill in, [`parse`] the one way from a draft to a config, [`draft_of`] the way back. The types
//! have no room for combinations that the form refuses. A config holds no secret, only which secrets are set.

mod forecast;
mod form;
mod parse;
mod template;
mod version;
mod view;

pub use forecast::Forecast;
pub use form::FORM;
pub use parse::{draft_of, parse, secrets_of};
pub use template::{BEGUN_FROM, TEMPLATES, Template, copied};
pub use version::{ConfigVersion, FieldChange, SecretChange, changes};
pub use view::{ConfigWarning, PlanPreview, RenderedScript, SavedConfig, SecretState, Validation};

use crate::{
    connection::Protocol,
    error::FieldError,
    id::{LdapConfigId, PoolId, ProviderId, ZoneId},
    server::SeatLimits,
    startup_script::Tag,
    value::{Dn, JsonObject, Name, Port, SsoDomain, Text},
};
use std::{collections::BTreeSet, num::NonZeroU32};

/// What an admin has decided for the servers of a pool in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the form, not one state in disguise"
)]
pub struct AutoscaleConfig {
    /// The loop makes and removes its servers.
    pub enabled: bool,
    /// Unique among the configs.
    pub name: Name,
    /// The pool that its servers serve.
    pub pool: PoolId,
    /// A request without a free seat always queues.
    pub aggressive_scaling: bool,
    /// Where its servers stand.
    pub zone: ZoneId,
    /// How long servers must have been superfluous before they go, in seconds.
    pub downscale_backoff_secs: u32,
    /// A server is Running when it has checked in; off: when its port answers.
    pub require_checkin: bool,
    /// The servers have the Kasm Desktop Service. Recorded only.
    pub desktop_service_installed: bool,
    /// How people reach a server.
    pub connection: Connection,
    /// The computer record that is made for each server.
    pub computer_record: Option<ComputerRecord>,
    /// A server serves again after a session; off means single use.
    pub reusable: bool,
    /// Free seats kept ready.
    pub minimum_available_sessions: u32,
    /// Open sessions that a server holds at most.
    pub max_sessions_per_server: NonZeroU32,
    /// The source of its servers, with the start-up script and the limit of machines.
    pub provider: ProviderId,
    /// Decided and recorded, not done.
    pub dry_run: bool,
    /// How long a server may take to become Running, in seconds.
    pub provision_timeout_secs: u32,
}

/// How people reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The port that it listens on.
    pub port: Port,
    /// The protocol, with what belongs to it.
    pub access: Access,
    /// Extra settings for clients, passed on as they are.
    pub info: JsonObject,
}

/// A protocol with the credentials and limits that it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A desktop in the browser.
    KasmVnc(VncLogin),
    /// Remote Desktop.
    Rdp {
        /// How people sign in.
        credentials: RdpCredentials,
        /// People on one server at the same time.
        max_users: NonZeroU32,
    },
    /// A VNC desktop.
    Vnc(VncLogin),
    /// A shell.
    Ssh {
        /// How people sign in.
        credentials: SshCredentials,
        /// People on one server at the same time.
        max_users: NonZeroU32,
    },
}

/// Static Credentials of the VNC kinds, where each part may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VncLogin {
    /// The account, where the server asks for one.
    pub username: Option<Text>,
    /// Whether a password is set.
    pub has_password: bool,
}

/// How people sign in to an RDP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RdpCredentials {
    /// One account for all.
    Static {
        /// The account.
        username: Text,
        /// Whether a password is set; without one the person types it.
        has_password: bool,
    },
    /// The desktop service makes an account for each person.
    Dynamic,
    /// The person's own directory account.
    Sso {
        /// How its name is spelt there.
        domain: SsoDomain,
    },
    /// The person's card.
    Smartcard,
}

/// How people sign in to an SSH server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SshCredentials {
    /// One account for all.
    Static {
        /// The account.
        username: Text,
        /// What opens it.
        proof: SshProof,
    },
    /// The person's own account and the person's own key.
    Sso {
        /// How the account is spelt there.
        domain: SsoDomain,
    },
}

/// What opens a static SSH account. A password beside a key is for scripts and `sudo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshProof {
    /// The password.
    Password,
    /// The key that each person has here.
    UserKey {
        /// Whether a password is set too.
        has_password: bool,
    },
    /// A private key, the same for all.
    PrivateKey {
        /// Whether a passphrase for it is set.
        has_passphrase: bool,
        /// Whether a password is set too.
        has_password: bool,
    },
}

/// The computer record that is made in a directory for each server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputerRecord {
    /// The directory.
    pub ldap_config: LdapConfigId,
    /// Where the record goes.
    pub ou: Dn,
    /// What lies below the record goes with it.
    pub recursive_cleanup: bool,
}

impl AutoscaleConfig {
    /// The limits of a server that is made now.
    pub fn limits(&self) -> SeatLimits {
        let max_users = match &self.connection.access {
            Access::Rdp { max_users, .. } | Access::Ssh { max_users, .. } => Some(max_users.get()),
            Access::KasmVnc(_) | Access::Vnc(_) => None,
        };
        SeatLimits {
            max_sessions: self.max_sessions_per_server.get(),
            max_users,
        }
    }

    /// The start-up script tags that this config fills, with its zone, which always has an address.
    pub fn fillable_tags(&self) -> BTreeSet<Tag> {
        let access = &self.connection.access;
        let mut tags = BTreeSet::from([
            Tag::ServerHostname,
            Tag::ServerId,
            Tag::CheckinJwt,
            Tag::UpstreamAuthAddress,
        ]);
        tags.extend(access.username().map(|_| Tag::ConnectionUsername));
        tags.extend(access.has_password().then_some(Tag::ConnectionPassword));
        if self.computer_record.is_some() {
            tags.extend([Tag::AdJoinCredential, Tag::Domain]);
        }
        tags
    }

    /// Why this config cannot be enabled in this version; empty if it can. It can always be saved disabled.
    pub fn not_yet(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |key, what: &str| {
            let message =
                format!("{what} in this version. Choose another or save the config disabled.");
            errors.push(FieldError::new(key, "not_yet", message));
        };
        if let Access::Rdp { credentials, .. } = &self.connection.access {
            let key = "connection_credential_type";
            match credentials {
                RdpCredentials::Static { .. } => {}
                RdpCredentials::Dynamic => {
                    refuse(key, "Dynamic User Accounts cannot be made on RDP servers");
                }
                RdpCredentials::Sso { .. } => {
                    refuse(key, "SSO User Accounts cannot sign in to RDP servers");
                }
                RdpCredentials::Smartcard => {
                    refuse(key, "Smartcards cannot be passed on to RDP servers");
                }
            }
        }
        if self.computer_record.is_some() {
            refuse(
                "create_active_directory_computer_record",
                "Computer records cannot be made",
            );
        }
        errors
    }
}

impl Access {
    /// The protocol.
    pub const fn protocol(&self) -> Protocol {
        match self {
            Self::KasmVnc(_) => Protocol::KasmVnc,
            Self::Rdp { .. } => Protocol::Rdp,
            Self::Vnc(_) => Protocol::Vnc,
            Self::Ssh { .. } => Protocol::Ssh,
        }
    }

    /// The account of Static Credentials.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::KasmVnc(login) | Self::Vnc(login) => login.username.as_ref().map(Text::as_str),
            Self::Rdp {
                credentials: RdpCredentials::Static { username, .. },
                ..
            }
            | Self::Ssh {
                credentials: SshCredentials::Static { username, .. },
                ..
            } => Some(username.as_str()),
            Self::Rdp { .. } | Self::Ssh { .. } => None,
        }
    }

    /// Whether the password of Static Credentials is set.
    pub const fn has_password(&self) -> bool {
        match self {
            Self::KasmVnc(login) | Self::Vnc(login) => login.has_password,
            Self::Rdp { credentials, .. } => matches!(
                credentials,
                RdpCredentials::Static {
                    has_password: true,
                    ..
                }
            ),
            Self::Ssh { credentials, .. } => match credentials {
                SshCredentials::Static { proof, .. } => match proof {
                    SshProof::Password => true,
                    SshProof::UserKey { has_password }
                    | SshProof::PrivateKey { has_password, .. } => *has_password,
                },
                SshCredentials::Sso { .. } => false,
            },
        }
    }

    /// Whether people sign in with the key that they have here.
    pub const fn uses_user_key(&self) -> bool {
        matches!(
            self,
            Self::Ssh {
                credentials: SshCredentials::Sso { .. }
                    | SshCredentials::Static {
                        proof: SshProof::UserKey { .. },
                        ..
                    },
                ..
            }
        )
    }

    /// How people's names become accounts, with SSO User Accounts.
    pub const fn sso_domain(&self) -> Option<&SsoDomain> {
        match self {
            Self::Rdp {
                credentials: RdpCredentials::Sso { domain },
                ..
            }
            | Self::Ssh {
                credentials: SshCredentials::Sso { domain },
                ..
            } => Some(domain),
            _ => None,
        }
    }
}
