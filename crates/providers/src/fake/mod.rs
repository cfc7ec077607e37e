//! A cloud in memory: for demos, tests and the simulation.
//!
//! Its machines boot, check in, die and go at due times on the clock that it is given. They are no computers: whoever
//! owns the cloud asks [`FakeCloud::due`] for what they do and hands it on, as their own calls would.

mod config;
mod form;

#[cfg(feature = "ssr")]
mod cloud;
#[cfg(feature = "ssr")]
mod faults;
#[cfg(feature = "ssr")]
mod machine;
#[cfg(feature = "ssr")]
mod provider;

#[cfg(feature = "ssr")]
pub use cloud::{Calls, FakeCloud, FakeEvent};
pub use config::FakeConfig;
#[cfg(feature = "ssr")]
pub use faults::{Fault, FaultPlan};
pub use form::FORM;
#[cfg(feature = "ssr")]
pub use machine::FakeMachine;
#[cfg(feature = "ssr")]
pub use provider::FakeProvider;
