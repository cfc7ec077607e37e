//! The words of Weir: ids, values, forms, state machines, snapshot and plan. No IO, no clock of its own; compiles for
//! the browser.

pub mod actor;
pub mod audit;
pub mod autoscale;
pub mod checkin;
pub mod clock;
pub mod connection;
pub mod draft;
pub mod error;
pub mod event;
pub mod form;
pub mod id;
pub mod ldap;
pub mod page;
pub mod plan;
pub mod pool;
pub mod provider;
pub mod secret;
pub mod server;
pub mod session;
pub mod snapshot;
pub mod startup_script;
pub mod timestamp;
pub mod user;
pub mod value;
pub mod zone;
