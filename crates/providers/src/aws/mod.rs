//! Amazon EC2.
//!
//! EC2's Query protocol is spoken directly: a signed form goes out, XML comes back (ADR 12). One call makes one instance with
//! all its tags; a client token made of the server's id keeps a repeated call from making a second one.

mod config;
mod form;
mod shape;

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod check;
#[cfg(feature = "ssr")]
mod credentials;
#[cfg(feature = "ssr")]
mod error;
#[cfg(feature = "ssr")]
mod password;
#[cfg(feature = "ssr")]
mod provider;
#[cfg(feature = "ssr")]
mod request;
#[cfg(feature = "ssr")]
mod spec;
#[cfg(feature = "ssr")]
mod wire;

pub use config::{AddressKind, AwsConfig, CredentialSource};
pub use form::FORM;
#[cfg(feature = "ssr")]
pub use provider::AwsProvider;
