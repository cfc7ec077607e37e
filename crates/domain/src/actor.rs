//! Who asks. Every use case takes an [`Actor`] first, so no way in can forget to check.

use serde::{Deserialize, Serialize};

use crate::error::{Problem, ProblemCode};
use crate::id::{ApiKeyId, ServerId, UserId};

/// What a person or API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Launches sessions and sees its own things.
    User,
    /// Configures everything as well.
    Admin,
}

impl Role {
    /// The word in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "user" => Some(Self::User),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// The one on whose behalf something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    Person {
        /// Who.
        user: UserId,
        /// With which role.
        role: Role,
    },
    /// A program with an API key.
    ApiKey {
        /// Which key.
        key: ApiKeyId,
        /// With which role.
        role: Role,
        /// The person it acts for; an admin key may have none.
        user: Option<UserId>,
    },
    /// A server that reports about itself with its check-in token.
    Server(ServerId),
    /// Weir: the loop, the command line of its host.
    System,
}

impl Actor {
    /// Refuses everyone but admins and Weir itself.
    pub fn require_admin(&self) -> Result<(), Problem> {
        match self {
            Self::System
            | Self::Person {
                role: Role::Admin, ..
            }
            | Self::ApiKey {
                role: Role::Admin, ..
            } => Ok(()),
            Self::Person { .. } | Self::ApiKey { .. } | Self::Server(_) => Err(Problem::new(
                ProblemCode::Forbidden,
                "Only an admin can do this.",
            )),
        }
    }

    /// Whether the actor has the admin role.
    pub fn is_admin(&self) -> bool {
        self.require_admin().is_ok()
    }

    /// The person behind the actor, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Person { user, .. } => Some(*user),
            Self::ApiKey { user, .. } => *user,
            Self::Server(_) | Self::System => None,
        }
    }

    /// The actor in the audit log: `usr_…`, `key_…`, `srv_…` or `system`.
    pub fn label(&self) -> String {
        match self {
            Self::Person { user, .. } => user.to_string(),
            Self::ApiKey { key, .. } => key.to_string(),
            Self::Server(server) => server.to_string(),
            Self::System => "system".to_owned(),
        }
    }
}
