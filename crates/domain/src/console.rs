//! What the console of a server's machine shows.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// The console of a server's machine: its newest part, with a mask for each secret that Weir knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConsoleLog {
    /// The machine shows it now.
    Machine {
        /// What it has written.
        text: String,
        /// Whether more was written before.
        is_cut: bool,
        /// Whether the server is still starting, so that more is to be expected.
        is_starting: bool,
    },
    /// The server failed and its machine is deleted: this is what it wrote last.
    Last {
        /// What it wrote.
        text: String,
        /// Whether more was written before.
        is_cut: bool,
        /// When it was read.
        read_at: Timestamp,
    },
    /// There is nothing to read.
    None {
        /// Why.
        why: String,
        /// Whether the server is still starting, so that there may be something soon.
        is_starting: bool,
    },
}

impl ConsoleLog {
    /// Whether the server is still starting, so that more is to be expected.
    pub const fn is_starting(&self) -> bool {
        match self {
            Self::Machine { is_starting, .. } | Self::None { is_starting, .. } => *is_starting,
            Self::Last { .. } => false,
        }
    }
}
