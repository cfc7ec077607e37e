//! System containers and virtual machines of LXD or Incus, for people with one strong machine, and real servers for tests.
//!
//! It speaks their common REST API, over the Unix socket or over TLS with a client certificate. A machine's name is made from its
//! server, and the daemon gives a name once: that is the fence against doubles. The tags are configuration keys of the machine,
//! written by the call that makes it (`docs/providers/lxd.md`).

mod config;
mod form;

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod check;
#[cfg(feature = "ssr")]
mod instance;
#[cfg(feature = "ssr")]
mod provider;
#[cfg(feature = "ssr")]
mod refusal;

pub use config::{LxdAddress, LxdConfig, LxdType};
pub use form::FORM;

#[cfg(feature = "ssr")]
pub use provider::LxdProvider;
