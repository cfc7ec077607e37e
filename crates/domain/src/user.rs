//! People, their SSH keys, and API keys.

use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::id::{ApiKeyId, SshKeyId, UserId};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// What an admin enters for a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserInput {
    /// Sign-in name, 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-`, `@`; unique.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9._@-]+$")
    )]
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// At least 12 characters. Absent on a change: keeps the old one; absent on a new person: no password sign-in.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 12, max_length = 256))]
    pub password: Option<Secret>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The id.
    pub id: UserId,
    /// Sign-in name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Made up for the demo: a visitor cannot sign in, cannot be changed, and goes with the demo.
    pub visitor: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}

/// What a person enters for an SSH key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SshKeyInput {
    /// 1 to 63 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// The public key as one line (`ssh-ed25519 AAAA… comment`). Absent: Weir makes a pair and shows the private half
    /// once.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 8192))]
    pub public_key: Option<String>,
}

/// A person's SSH public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SshKey {
    /// The id.
    pub id: SshKeyId,
    /// Its name.
    pub name: String,
    /// The public key as one line.
    pub public_key: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A new key, with its private half if Weir made it. The private half is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewSshKey {
    /// The key.
    #[serde(flatten)]
    pub key: SshKey,
    /// The private key in OpenSSH's format: shown this once.
    pub private_key: Option<String>,
}

/// What an admin enters for an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyInput {
    /// 1 to 63 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// What the key may do.
    pub role: Role,
    /// The person it acts for; a key with the role `user` needs one.
    #[serde(default)]
    pub user_id: Option<UserId>,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The person it acts for.
    pub user_id: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A new API key with its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// What a program sends as `Authorization: Bearer …`: shown this once.
    pub token: String,
}
