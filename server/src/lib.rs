//! The process: settings, routes, REST, live events, the clock. The binary `weir` is its command line; a benchmark drives
//! its loop.

pub mod assets;
mod audit;
mod auth;
pub mod background;
mod backup;
pub mod cli;
pub mod clock;
mod demo;
mod listen;
mod live;
mod openapi;
mod replicas;
mod rest;
mod router;
mod serve;
pub mod settings;
pub mod startup;
mod state;
pub mod telemetry;
#[cfg(test)]
mod testing;
mod tls;
#[cfg(test)]
mod twins;
mod ui;
