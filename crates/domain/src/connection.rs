//! How people reach a server.

use serde::{Deserialize, Serialize};

/// The protocol of a connection ("Connection Type" of the wizard).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Protocol {
    /// A desktop in the browser by `KasmVNC`'s own client.
    KasmVnc,
    /// Remote Desktop Protocol.
    Rdp,
    /// A VNC desktop.
    Vnc,
    /// A secure shell.
    Ssh,
}

impl Protocol {
    /// All of them, in the wizard's order.
    pub const ALL: [Self; 4] = [Self::KasmVnc, Self::Rdp, Self::Vnc, Self::Ssh];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KasmVnc => "kasmvnc",
            Self::Rdp => "rdp",
            Self::Vnc => "vnc",
            Self::Ssh => "ssh",
        }
    }

    /// The name people know.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KasmVnc => "KasmVNC",
            Self::Rdp => "RDP",
            Self::Vnc => "VNC",
            Self::Ssh => "SSH",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str() == word)
    }

    /// The usual port, the wizard's proposal.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::KasmVnc => 6901,
            Self::Rdp => 3389,
            Self::Vnc => 5901,
            Self::Ssh => 22,
        }
    }

    /// Whether Max Simultaneous Users means something here: several people can share an RDP or SSH server.
    pub const fn counts_users(self) -> bool {
        matches!(self, Self::Rdp | Self::Ssh)
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}
