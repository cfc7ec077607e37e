//! REST: thin adapters of the use cases, one file a noun. Every path is below `/api/v1`.

pub mod api_key;
pub mod audit;
pub mod autoscale;
pub mod autoscale_version;
pub mod checkin;
pub mod create;
pub mod decision;
pub mod demo;
pub mod deployment;
pub mod draft;
pub mod error;
pub mod form;
pub mod json;
pub mod ldap_config;
pub mod orphan;
pub mod params;
pub mod pool;
pub mod provider;
pub mod server;
pub mod session;
pub mod ssh_key;
pub mod user;
pub mod version;
pub mod zone;
