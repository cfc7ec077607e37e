//! One file a page, or a page and its two near relatives, named after their noun.

pub mod activity;
pub mod admin;
pub mod api_keys;
pub mod autoscale;
mod autoscale_forecast;
mod autoscale_mode;
mod autoscale_start;
pub mod directories;
pub mod drafts;
#[cfg(debug_assertions)]
pub mod gallery;
pub mod login;
pub mod manual;
pub mod not_found;
pub mod orphans;
pub mod pool;
pub mod pool_chart;
pub mod pool_decisions;
pub mod pool_demo;
pub mod pool_history;
pub mod pools;
pub mod portal;
pub mod profile;
pub mod providers;
pub mod server;
mod server_console;
pub mod server_start;
pub mod servers;
pub mod session;
pub mod sessions;
pub mod setup;
pub mod users;
pub mod zones;
