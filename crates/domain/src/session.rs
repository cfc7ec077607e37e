//! A session: one person's desktop, app or shell, from the request to its end.

use serde::{Deserialize, Serialize};

use crate::connection::{Address, Protocol};
use crate::id::{PoolId, ServerId, SessionId, UserId};
use crate::plan::Reason;
use crate::server::IllegalTransition;
use crate::start::StartTimes;
use crate::timestamp::Timestamp;
use crate::value::JsonObject;

/// What a person opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
// It stands flattened in a session, among fields that it does not know.
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionKind {
    /// A whole desktop (RDP, VNC, `KasmVNC`).
    Desktop,
    /// One published app of an RDP pool.
    App {
        /// The app's key in the pool.
        app: String,
    },
    /// A shell (SSH).
    Shell,
}

impl SessionKind {
    /// What a pool of this protocol opens when nothing is said.
    pub const fn usual(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Ssh => Self::Shell,
            Protocol::KasmVnc | Protocol::Rdp | Protocol::Vnc => Self::Desktop,
        }
    }

    /// Whether a pool of this protocol can open it.
    pub const fn fits(&self, protocol: Protocol) -> bool {
        match self {
            Self::Desktop => !matches!(protocol, Protocol::Ssh),
            Self::App { .. } => matches!(protocol, Protocol::Rdp),
            Self::Shell => matches!(protocol, Protocol::Ssh),
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EndReason {
    /// Its owner ended it.
    Owner,
    /// Its owner no longer wanted to wait.
    Cancelled,
    /// An admin ended it.
    Admin,
    /// Its time was over.
    Expired,
    /// No seat came within the queue time-out.
    QueueTimeout,
    /// Its server was lost.
    ServerLost,
}

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Owner,
        Self::Cancelled,
        Self::Admin,
        Self::Expired,
        Self::QueueTimeout,
        Self::ServerLost,
    ];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Cancelled => "cancelled",
            Self::Admin => "admin",
            Self::Expired => "expired",
            Self::QueueTimeout => "queue_timeout",
            Self::ServerLost => "server_lost",
        }
    }
}

/// A session's state with what exists in that state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionState {
    /// Waits for a seat.
    Queued,
    /// Has a seat; the person has not connected yet.
    Assigned {
        /// The server.
        server_id: ServerId,
        /// Since when.
        assigned_at: Timestamp,
    },
    /// In use.
    Active {
        /// The server.
        server_id: ServerId,
        /// When it was assigned.
        assigned_at: Timestamp,
        /// First reveal, `.rdp` download or keepalive.
        active_since: Timestamp,
    },
    /// Over.
    Ended {
        /// The server, if it ever had one.
        server_id: Option<ServerId>,
        /// How.
        how: EndReason,
        /// When.
        ended_at: Timestamp,
    },
}

impl SessionState {
    /// The state's word in JSON and in the database.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Assigned { .. } => "assigned",
            Self::Active { .. } => "active",
            Self::Ended { .. } => "ended",
        }
    }

    /// The server it is or was on.
    pub const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Queued => None,
            Self::Assigned { server_id, .. } | Self::Active { server_id, .. } => Some(*server_id),
            Self::Ended { server_id, .. } => *server_id,
        }
    }

    /// Takes a seat: Assigned or Active.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Assigned { .. } | Self::Active { .. })
    }

    /// Gets a seat.
    pub fn assign(
        self,
        server_id: ServerId,
        assigned_at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        match self {
            Self::Queued => Ok(Self::Assigned {
                server_id,
                assigned_at,
            }),
            state => Err(IllegalTransition {
                from: state.word(),
                to: "assigned",
            }),
        }
    }

    /// The person connects (again).
    pub fn activate(self, now: Timestamp) -> Result<Self, IllegalTransition> {
        match self {
            Self::Assigned {
                server_id,
                assigned_at,
            } => Ok(Self::Active {
                server_id,
                assigned_at,
                active_since: now,
            }),
            state @ Self::Active { .. } => Ok(state),
            state => Err(IllegalTransition {
                from: state.word(),
                to: "active",
            }),
        }
    }

    /// It is over. A session ends once: a second end is refused.
    pub fn end(self, how: EndReason, ended_at: Timestamp) -> Result<Self, IllegalTransition> {
        match self {
            Self::Ended { .. } => Err(IllegalTransition {
                from: "ended",
                to: "ended",
            }),
            state => Ok(Self::Ended {
                server_id: state.server(),
                how,
                ended_at,
            }),
        }
    }
}

/// What a person or program sends to open a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRequest {
    /// The pool.
    pub pool_id: PoolId,
    /// What to open; the pool's usual kind when absent.
    #[serde(default)]
    pub kind: Option<SessionKind>,
    /// For whom; only an admin key names somebody.
    #[serde(default)]
    pub user_id: Option<UserId>,
}

/// A session as its owner and admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The pool.
    pub pool_id: PoolId,
    /// The pool's name.
    pub pool_name: String,
    /// Whose session it is.
    pub user_id: UserId,
    /// The person's name.
    pub user_name: String,
    /// What is opened.
    #[serde(flatten)]
    pub kind: SessionKind,
    /// Its state.
    #[serde(flatten)]
    pub status: SessionState,
    /// The name of the server it is or was on.
    pub server_name: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ends by itself: the wait while queued, the session afterwards.
    pub expires_at: Timestamp,
    /// Where to connect, once there is a seat.
    pub connection: Option<Connection>,
    /// What is known about the wait, while there is one.
    pub wait: Option<Wait>,
    /// Counts up with every change.
    pub version: i64,
}

/// Where to connect. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connection {
    /// Protocol.
    pub protocol: Protocol,
    /// Host and port.
    #[serde(flatten)]
    pub address: Address,
    /// The account on the server, where one is known.
    pub username: Option<String>,
    /// The server's public host key, where known.
    pub host_key: Option<String>,
    /// Whether the person's key is on the server already. True where no key needs to be put there.
    pub access_ready: bool,
    /// Whether only a key of the person's profile opens the server, and none is there.
    pub needs_key: bool,
    /// Whether a reveal shows more than the user name.
    pub has_credentials: bool,
}

/// What is known about a wait: facts, and figures of recorded starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wait {
    /// Place in the pool's queue, from 1.
    pub position: u32,
    /// How many wait in this pool.
    pub waiting: u32,
    /// Why there is no seat yet.
    pub reason: Reason,
    /// The same in words for who waits.
    pub explanation: String,
    /// When the pool tries again to grow, where it is held back until then.
    pub again_at: Option<Timestamp>,
    /// What holds the pool back, a sentence for each of its configs; for admins alone.
    pub obstacles: Vec<String>,
    /// The server being prepared that this session will most likely get.
    pub server: Option<WaitServer>,
    /// How long the last starts of the pool took, if there were enough to say something.
    pub usual: Option<StartTimes>,
}

/// The server that someone waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitServer {
    /// State word.
    pub state: String,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When something was last heard of it: its state changed, or its script said something new.
    pub heard_at: Timestamp,
    /// Progress as its script reports it, 0 to 100.
    pub progress_percent: Option<u8>,
    /// What its script last said.
    pub message: Option<String>,
}

/// The secrets of a session: shown on demand to its owner alone, never stored by the browser.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revealed {
    /// The account.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// A private key that opens the account.
    pub private_key: Option<String>,
    /// The key's passphrase.
    pub private_key_passphrase: Option<String>,
    /// The config's Connection Info, for clients that know what it means; it may hold secrets.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub connection_info: JsonObject,
}

impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_session_is_seated_once_and_ends_once() {
        let server = ServerId::from_uuid(Uuid::nil());
        let now = Timestamp::from_millis(5);
        let state = SessionState::Queued.assign(server, now).expect("a seat");
        assert!(state.clone().assign(server, now).is_err());
        let state = state
            .activate(now)
            .expect("connects")
            .end(EndReason::Owner, now)
            .expect("ends");
        assert_eq!(state.server(), Some(server));
        assert!(state.clone().end(EndReason::Expired, now).is_err());
        assert!(state.activate(now).is_err());
    }

    #[test]
    fn kinds_fit_protocols() {
        for protocol in Protocol::ALL {
            assert!(SessionKind::usual(protocol).fits(protocol));
        }
        assert!(!SessionKind::App { app: "word".into() }.fits(Protocol::Vnc));
    }
}
