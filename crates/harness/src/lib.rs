//! Real Weir processes under load that are killed, stopped and cut off at any moment, with a real database and a provider's real counterpart.
//!
//! The simulation (`crates/sim`) shows that the rules hold; this shows that the program does: its transactions, its files,
//! its connections, its start. What people were promised is kept apart from Weir ([`ledger::Ledger`]), and so is what
//! machines there are ([`cloud::Cloud`]); the two are compared with what Weir says afterwards ([`judge`]).

#![expect(
    clippy::disallowed_methods,
    reason = "real processes run in real time; a seed decides what is done to them"
)]

pub mod client;
pub mod cloud;
pub mod crash;
pub mod dice;
pub mod grants;
pub mod judge;
pub mod ledger;
mod limits;
pub mod postgres;
pub mod record;
pub mod relay;
pub mod replicas;
pub mod site;
pub mod storm;
pub mod weir;

/// What stops a run: a sentence for whoever started it.
pub type Result<T> = std::result::Result<T, String>;

/// The id of a row without the word before it, as providers' tags have it.
pub fn bare(id: &str) -> String {
    id.rsplit('_').next().unwrap_or(id).to_owned()
}
