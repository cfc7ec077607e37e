//! OpenSSH servers on Weir's own machine: the provider for trying Weir out and for tests.
//!
//! Each server is a real sshd with its own folder, port on 127.0.0.1 and host key. Its start-up script really runs, and
//! people sign in with their keys as the account that Weir runs as. Machines outlive Weir: they are found again by their
//! folders. They do not outlive a restart of the computer; then they are shown as broken.
//!
//! The start-up script of one machine can be asked to fail: it finds [`BREAK`] set, and what it does then is its own affair.

mod config;
mod form;

#[cfg(feature = "ssr")]
mod folder;
#[cfg(feature = "ssr")]
mod process;
#[cfg(feature = "ssr")]
mod provider;
#[cfg(feature = "ssr")]
mod sshd;

pub use config::LocalConfig;
pub use form::FORM;

/// The variable that a start-up script finds set, to `1`, where its machine is the one that is to fail.
pub const BREAK: &str = "WEIR_BREAK";

#[cfg(feature = "ssr")]
pub use provider::LocalProvider;
