//! The use cases of Weir, below both of its faces.
//!
//! REST handlers and server functions are thin adapters of the functions here. Each takes the [`ControlPlane`] and,
//! first of its arguments, the [`domain::actor::Actor`] on whose behalf it acts: authorisation sits here, so that no
//! face can forget it. Nothing here spawns tasks or sleeps: [`reconciler::tick`] returns effects as values, and the
//! process (or the simulation) runs them.

pub mod api_key;
pub mod audit;
pub mod autoscale;
pub mod checkin;
pub mod checkin_token;
pub mod console;
pub mod decision;
pub mod demo;
pub mod deployment;
pub mod draft;
pub mod error;
pub mod event;
mod fields;
pub mod idempotency;
pub mod ldap_config;
pub mod login;
pub mod orphan;
mod page;
mod plane;
pub mod pool;
pub mod provider;
mod race;
pub mod reconciler;
pub mod replica;
pub mod retention;
pub mod script;
mod secret;
pub mod server;
pub mod session;
pub mod settings;
pub mod setup;
pub mod ssh_key;
pub mod user;
pub mod zone;

pub use error::{Error, Result};
pub use plane::{ControlPlane, Parts};
pub use settings::Settings;
