//! A cloud in memory.

mod config;
mod form;

pub use config::FakeConfig;
pub use form::FORM;
