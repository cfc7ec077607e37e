//! A server: its life as a state machine, and what is known of it.

use serde::{Deserialize, Serialize};

use crate::connection::{Address, Protocol};
use crate::id::{ConfigId, PoolId, ProviderId, ServerId, ZoneId};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The provider's own name for a machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct MachineId(pub String);

/// Why a server takes no new sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DrainReason {
    /// More free seats than needed, for longer than the backoff.
    Surplus,
    /// A single-use server whose person has left.
    SingleUseDone,
    /// An admin said so.
    Admin,
    /// An admin deletes it: the sessions on it end with the grace period.
    Removal,
}

/// How long a server that is drained or deleted by hand can be taken back, before anything of it goes.
pub const GRACE_SECS: u32 = 10;

impl DrainReason {
    /// Until when a server that drains for this reason since then can surely be taken back; none where the loop drains it.
    pub fn grace_end(self, since: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Admin | Self::Removal => Some(since.plus_secs(GRACE_SECS)),
            Self::Surplus | Self::SingleUseDone => None,
        }
    }
}

/// Why a server cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FailReason {
    /// The provider refused to make it.
    CreateRefused,
    /// Nobody knows whether it was made, and two complete lists do not show it.
    CreateLost,
    /// The provider accepted but no machine was up within the launch time.
    LaunchTimeout,
    /// It has not checked in within the provision time-out.
    CheckinTimeout,
    /// Its start-up script reported a failure.
    Script,
    /// The machine went away or stopped by itself.
    MachineLost,
}

/// Why a server is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeleteReason {
    /// It was drained for this reason.
    Drained(DrainReason),
    /// It failed for this reason.
    Failed(FailReason),
    /// An admin said so.
    Admin,
    /// The database is a copy that was told to go its own way: the machine stays with the original.
    Forked,
}

/// A server's state with what exists in that state. Every state but `Deleted` counts as money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ServerState {
    /// The intent is written; the provider has not answered yet.
    Requested,
    /// The create call ended without an answer: there may or may not be a machine.
    Unknown,
    /// The provider has a machine for it that is not up yet.
    Provisioning {
        /// The machine.
        machine: MachineId,
    },
    /// The machine is up; the server has not checked in yet.
    Booting {
        /// The machine.
        machine: MachineId,
        /// Where it will listen.
        address: Address,
    },
    /// Takes sessions. A fixed server has no machine.
    Running {
        /// The machine; none for a fixed server.
        machine: Option<MachineId>,
        /// Where it listens.
        address: Address,
    },
    /// Takes no new sessions; ends with its last one.
    Draining {
        /// The machine; none for a fixed server.
        machine: Option<MachineId>,
        /// Where it listens.
        address: Address,
        /// Why.
        why: DrainReason,
    },
    /// The machine is being deleted, until the provider no longer shows it.
    Deleting {
        /// The machine; none where none was ever seen.
        machine: Option<MachineId>,
        /// Why.
        why: DeleteReason,
    },
    /// Not usable; deleted next.
    Failed {
        /// The machine, if one is known.
        machine: Option<MachineId>,
        /// Why.
        why: FailReason,
    },
    /// Nothing is left of it.
    Deleted {
        /// Why.
        why: DeleteReason,
    },
}

/// A step that the state machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a server that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// The state it is in.
    pub from: &'static str,
    /// The state that was asked for.
    pub to: &'static str,
}

impl ServerState {
    /// The words of all states, in the order of a server's life.
    pub const WORDS: [&'static str; 9] = [
        "requested",
        "unknown",
        "provisioning",
        "booting",
        "running",
        "draining",
        "deleting",
        "failed",
        "deleted",
    ];

    /// The state's word in JSON and in the database.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Unknown => "unknown",
            Self::Provisioning { .. } => "provisioning",
            Self::Booting { .. } => "booting",
            Self::Running { .. } => "running",
            Self::Draining { .. } => "draining",
            Self::Deleting { .. } => "deleting",
            Self::Failed { .. } => "failed",
            Self::Deleted { .. } => "deleted",
        }
    }

    /// The provider's machine, where one is known.
    pub const fn machine(&self) -> Option<&MachineId> {
        match self {
            Self::Provisioning { machine } | Self::Booting { machine, .. } => Some(machine),
            Self::Running { machine, .. }
            | Self::Draining { machine, .. }
            | Self::Deleting { machine, .. }
            | Self::Failed { machine, .. } => machine.as_ref(),
            Self::Requested | Self::Unknown | Self::Deleted { .. } => None,
        }
    }

    /// Where the server listens, where that is known.
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::Booting { address, .. }
            | Self::Running { address, .. }
            | Self::Draining { address, .. } => Some(address),
            Self::Requested
            | Self::Unknown
            | Self::Provisioning { .. }
            | Self::Deleting { .. }
            | Self::Failed { .. }
            | Self::Deleted { .. } => None,
        }
    }

    /// On its way to `Running`: its seats are "in flight".
    pub const fn is_in_flight(&self) -> bool {
        matches!(
            self,
            Self::Requested | Self::Provisioning { .. } | Self::Booting { .. }
        )
    }

    /// Whether it takes new sessions.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Whether it can be deleted by hand: not while nobody knows whether its machine is there, and not once it is on its
    /// way out.
    pub const fn is_deletable(&self) -> bool {
        matches!(
            self,
            Self::Provisioning { .. }
                | Self::Booting { .. }
                | Self::Running { .. }
                | Self::Draining { .. }
                | Self::Failed { .. }
        )
    }

    /// Whether an admin deletes it: it takes its sessions along once its grace period is over.
    pub const fn is_removal(&self) -> bool {
        matches!(
            self,
            Self::Draining {
                why: DrainReason::Removal,
                ..
            }
        )
    }

    /// Whether it may cost money: everything but `Deleted`.
    pub const fn counts(&self) -> bool {
        !matches!(self, Self::Deleted { .. })
    }

    /// The provider shows or has accepted a machine. Fields are filled, a state never moves back: a machine that is
    /// up (`address`) brings `Booting`, one that is not brings `Provisioning`.
    pub fn seen(
        self,
        seen: MachineId,
        address: Option<Address>,
    ) -> Result<Self, IllegalTransition> {
        match (self, address) {
            (Self::Requested | Self::Unknown | Self::Provisioning { .. }, Some(address)) => {
                Ok(Self::Booting {
                    machine: seen,
                    address,
                })
            }
            (Self::Requested | Self::Unknown | Self::Provisioning { .. }, None) => {
                Ok(Self::Provisioning { machine: seen })
            }
            (Self::Booting { machine, .. }, Some(address)) => {
                Ok(Self::Booting { machine, address })
            }
            (Self::Deleting { machine, why }, _) => Ok(Self::Deleting {
                machine: machine.or(Some(seen)),
                why,
            }),
            (Self::Failed { machine, why }, _) => Ok(Self::Failed {
                machine: machine.or(Some(seen)),
                why,
            }),
            (state @ (Self::Booting { .. } | Self::Running { .. } | Self::Draining { .. }), _) => {
                Ok(state)
            }
            (state @ Self::Deleted { .. }, _) => Err(state.illegal("provisioning")),
        }
    }

    /// The create call ended without an answer.
    pub fn unknown(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Requested | Self::Unknown => Ok(Self::Unknown),
            state => Err(state.illegal("unknown")),
        }
    }

    /// Ready for people: it has checked in, or its port answers where no check-in is required.
    pub fn running(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Booting { machine, address } => Ok(Self::Running {
                machine: Some(machine),
                address,
            }),
            state @ Self::Running { .. } => Ok(state),
            state => Err(state.illegal("running")),
        }
    }

    /// Takes no new sessions from now on. One that drains already goes on for its first reason, except that it is to be
    /// deleted with its sessions.
    pub fn drain(self, why: DrainReason) -> Result<Self, IllegalTransition> {
        match self {
            Self::Running { machine, address } => Ok(Self::Draining {
                machine,
                address,
                why,
            }),
            Self::Draining {
                machine, address, ..
            } if why == DrainReason::Removal => Ok(Self::Draining {
                machine,
                address,
                why,
            }),
            state @ Self::Draining { .. } => Ok(state),
            state => Err(state.illegal("draining")),
        }
    }

    /// Takes sessions again.
    pub fn undrain(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Draining {
                machine, address, ..
            } => Ok(Self::Running { machine, address }),
            state => Err(state.illegal("running")),
        }
    }

    /// Cannot be used.
    pub fn fail(self, why: FailReason) -> Result<Self, IllegalTransition> {
        match self {
            Self::Requested | Self::Unknown => Ok(Self::Failed { machine: None, why }),
            Self::Provisioning { machine } | Self::Booting { machine, .. } => Ok(Self::Failed {
                machine: Some(machine),
                why,
            }),
            Self::Running { machine, .. } | Self::Draining { machine, .. } => {
                Ok(Self::Failed { machine, why })
            }
            state @ (Self::Failed { .. } | Self::Deleting { .. } | Self::Deleted { .. }) => {
                Err(state.illegal("failed"))
            }
        }
    }

    /// To be deleted. Only from `Draining` and `Failed`; the caller's guard proves that no session is left. An
    /// admin's delete of a server that is not up yet goes the same way.
    pub fn delete(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Draining { machine, why, .. } => Ok(Self::Deleting {
                machine,
                why: DeleteReason::Drained(why),
            }),
            Self::Failed { machine, why } => Ok(Self::Deleting {
                machine,
                why: DeleteReason::Failed(why),
            }),
            Self::Provisioning { machine } | Self::Booting { machine, .. } => Ok(Self::Deleting {
                machine: Some(machine),
                why: DeleteReason::Admin,
            }),
            state @ Self::Deleting { .. } => Ok(state),
            state => Err(state.illegal("deleting")),
        }
    }

    /// The provider no longer shows it. A definite refusal of the create call ends here too.
    pub fn deleted(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Deleting { why, .. } => Ok(Self::Deleted { why }),
            Self::Requested => Ok(Self::Deleted {
                why: DeleteReason::Failed(FailReason::CreateRefused),
            }),
            Self::Unknown => Ok(Self::Deleted {
                why: DeleteReason::Failed(FailReason::CreateLost),
            }),
            Self::Failed { why, .. } => Ok(Self::Deleted {
                why: DeleteReason::Failed(why),
            }),
            Self::Provisioning { .. }
            | Self::Booting { .. }
            | Self::Running { .. }
            | Self::Draining { .. } => Ok(Self::Deleted {
                why: DeleteReason::Failed(FailReason::MachineLost),
            }),
            state @ Self::Deleted { .. } => Ok(state),
        }
    }

    const fn illegal(&self, to: &'static str) -> IllegalTransition {
        IllegalTransition {
            from: self.word(),
            to,
        }
    }
}

/// How many sessions a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeatLimits {
    /// Max Simultaneous Sessions Per Server, at least 1.
    pub max_sessions: u32,
    /// Max Simultaneous Users, at least 1; none where the protocol does not count users.
    pub max_users: Option<u32>,
}

impl SeatLimits {
    /// Seats of an empty server: the lower of the two limits (each new session may be a new person).
    pub fn seats(self) -> u32 {
        self.free(0, 0)
    }

    /// Seats of a server that is made now: a single-use one serves one person, whatever its limits. A limit of 0, which no
    /// form lets through, counts as 1.
    pub fn seats_of_new(self, reusable: bool) -> u32 {
        if reusable { self.seats().max(1) } else { 1 }
    }

    /// Seats left with this many open sessions of this many distinct people.
    pub fn free(self, sessions: u32, users: u32) -> u32 {
        let by_sessions = self.max_sessions.saturating_sub(sessions);
        self.max_users.map_or(by_sessions, |max| {
            by_sessions.min(max.saturating_sub(users))
        })
    }
}

/// Where a server comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Origin {
    /// Made by the loop.
    Scaled {
        /// For this autoscale config.
        config: ConfigId,
        /// Through this provider config.
        provider: ProviderId,
        /// With this version of the config.
        config_version: i64,
    },
    /// Entered by an admin; the loop never makes, drains or deletes it.
    Fixed,
}

/// A server as REST and pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Server {
    /// The id.
    pub id: ServerId,
    /// The name at the provider and in lists.
    pub name: String,
    /// Its pool.
    pub pool_id: PoolId,
    /// The pool's name.
    pub pool_name: String,
    /// Its zone.
    pub zone_id: ZoneId,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its state.
    #[serde(flatten)]
    pub status: ServerState,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// The protocol people use.
    pub protocol: Protocol,
    /// How many sessions it takes.
    pub limits: SeatLimits,
    /// Open sessions on it.
    pub open_sessions: u32,
    /// Progress of its start-up script, 0 to 100, as last reported.
    pub progress_percent: Option<u8>,
    /// What its start-up script last said, or why it failed.
    pub message: Option<String>,
    /// When it reported `running`.
    pub checked_in_at: Option<Timestamp>,
    /// The public host key a client should pin (`ssh-ed25519 AAAA…`), where known.
    pub host_key: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Counts up with every change.
    pub version: i64,
}

impl Server {
    /// When it is deleted at the earliest, if that is only a matter of time: it was drained or deleted by hand, and no session
    /// keeps it.
    pub fn deletion_due(&self) -> Option<Timestamp> {
        let ServerState::Draining { why, .. } = self.status else {
            return None;
        };
        let is_made = matches!(self.origin, Origin::Scaled { .. });
        let is_kept = self.open_sessions > 0 && !self.status.is_removal();
        why.grace_end(self.state_since)
            .filter(|_| is_made && !is_kept)
    }
}

/// What an admin enters for a fixed server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FixedServerInput {
    /// 1 to 63 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// The pool it serves.
    pub pool_id: PoolId,
    /// The zone it stands in.
    pub zone_id: ZoneId,
    /// Protocol.
    pub protocol: Protocol,
    /// Host name or IP address.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 253))]
    pub host: String,
    /// TCP port, 1 to 65535.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub port: u16,
    /// The account people use.
    #[serde(default)]
    pub username: Option<String>,
    /// The account's password. Who has a session there can show it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(write_only))]
    pub password: Option<Secret>,
    /// A private key that opens the account; SSH alone. Who has a session there can show it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(write_only))]
    pub private_key: Option<Secret>,
    /// The passphrase of that key.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(write_only))]
    pub private_key_passphrase: Option<Secret>,
    /// How many sessions it takes.
    pub limits: SeatLimits,
    /// The public host key a client should pin.
    #[serde(default)]
    pub host_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> MachineId {
        MachineId("m-1".into())
    }

    fn address() -> Address {
        Address {
            host: "10.0.0.1".into(),
            port: 22,
        }
    }

    #[test]
    fn the_whole_life() {
        let state = ServerState::Requested
            .seen(machine(), None)
            .expect("accepted");
        let state = state.seen(machine(), Some(address())).expect("up");
        let state = state.running().expect("checked in");
        let state = state.drain(DrainReason::Surplus).expect("drains");
        let state = state.delete().expect("deleting");
        let state = state.deleted().expect("gone");
        assert_eq!(
            state,
            ServerState::Deleted {
                why: DeleteReason::Drained(DrainReason::Surplus)
            }
        );
        assert!(!state.counts());
    }

    #[test]
    fn an_answer_of_the_provider_never_moves_a_state_back() {
        let running = ServerState::Running {
            machine: Some(machine()),
            address: address(),
        };
        assert_eq!(running.clone().seen(machine(), None), Ok(running.clone()));
        assert!(running.unknown().is_err());
        let deleting = ServerState::Deleting {
            machine: None,
            why: DeleteReason::Admin,
        };
        assert_eq!(
            deleting.seen(machine(), Some(address())),
            Ok(ServerState::Deleting {
                machine: Some(machine()),
                why: DeleteReason::Admin
            })
        );
    }

    #[test]
    fn a_busy_server_cannot_be_deleted_at_once() {
        let running = ServerState::Running {
            machine: Some(machine()),
            address: address(),
        };
        assert_eq!(
            running.delete(),
            Err(IllegalTransition {
                from: "running",
                to: "deleting"
            })
        );
    }

    #[test]
    fn a_late_check_in_revives_nothing() {
        for state in [
            ServerState::Failed {
                machine: None,
                why: FailReason::CheckinTimeout,
            },
            ServerState::Deleted {
                why: DeleteReason::Admin,
            },
            ServerState::Requested,
        ] {
            assert!(state.running().is_err());
        }
    }

    #[test]
    fn capacity_is_the_lower_of_the_two_limits() {
        let limits = SeatLimits {
            max_sessions: 10,
            max_users: Some(2),
        };
        assert_eq!(limits.seats(), 2);
        assert_eq!(limits.free(9, 1), 1);
        assert_eq!(limits.free(3, 2), 0);
        assert_eq!(
            SeatLimits {
                max_sessions: 4,
                max_users: None
            }
            .free(1, 1),
            3
        );
    }
}
