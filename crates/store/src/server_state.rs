//! The columns that make a server's state, read and written as one.

use domain::connection::Address;
use domain::server::{MachineId, ServerState};

use crate::Result;
use crate::row::{Row, to_json};

/// A state as the columns `state`, `machine`, `host`, `port` and `why`.
pub(crate) struct StateColumns {
    pub state: &'static str,
    pub machine: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub why: Option<String>,
}

impl From<&ServerState> for StateColumns {
    fn from(state: &ServerState) -> Self {
        let why = match state {
            ServerState::Draining { why, .. } => Some(to_json(why)),
            ServerState::Deleting { why, .. } | ServerState::Deleted { why } => Some(to_json(why)),
            ServerState::Failed { why, .. } => Some(to_json(why)),
            ServerState::Requested
            | ServerState::Unknown
            | ServerState::Provisioning { .. }
            | ServerState::Booting { .. }
            | ServerState::Running { .. } => None,
        };
        let address = state.address();
        Self {
            state: state.word(),
            machine: state.machine().map(|machine| machine.0.clone()),
            host: address.map(|address| address.host.clone()),
            port: address.map(|address| address.port),
            why,
        }
    }
}

/// The state of a row.
pub(crate) fn read(row: &Row) -> Result<ServerState> {
    let machine =
        || Ok::<_, crate::StoreError>(row.get::<Option<String>>("machine")?.map(MachineId));
    let some_machine = || row.get::<String>("machine").map(MachineId);
    let address = || {
        Ok::<_, crate::StoreError>(Address {
            host: row.get("host")?,
            port: row.get("port")?,
        })
    };
    let word: String = row.get("state")?;
    Ok(match word.as_str() {
        "requested" => ServerState::Requested,
        "unknown" => ServerState::Unknown,
        "provisioning" => ServerState::Provisioning {
            machine: some_machine()?,
        },
        "booting" => ServerState::Booting {
            machine: some_machine()?,
            address: address()?,
        },
        "running" => ServerState::Running {
            machine: machine()?,
            address: address()?,
        },
        "draining" => ServerState::Draining {
            machine: machine()?,
            address: address()?,
            why: row.json("why")?,
        },
        "deleting" => ServerState::Deleting {
            machine: machine()?,
            why: row.json("why")?,
        },
        "failed" => ServerState::Failed {
            machine: machine()?,
            why: row.json("why")?,
        },
        "deleted" => ServerState::Deleted {
            why: row.json("why")?,
        },
        other => return Err(row.inconsistent("state", format!("`{other}` is not a state"))),
    })
}
