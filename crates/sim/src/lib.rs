//! Whole days of Weir in a moment: a virtual cloud, people, faults and a clock around the real `control` crate and the
//! real SQL on a database in memory.
//!
//! A seed decides everything: who asks when, what an admin changes, what breaks, how long each call takes, and where
//! concurrent work meets. The same seed gives the same timeline, byte for byte. After every event the [`invariants`]
//! are held against what the cloud knows to be true and what the store says.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `run` | a seed, and what came of it |
//! | `script` | a day that a text tells |
//! | `world` | the clock, the queue of events, and in a file a noun what each event does |
//! | `cloud` | the fake clouds, with a record of the calls that reach them |
//! | `workload` | the deployment, and what people and admins do |
//! | `faults` | what goes wrong, and how often |
//! | `invariants` | what must hold |
//! | `timeline` | what happened, in lines for a person |
//! | `chance` | the clock and the chance that everything is given |

mod chance;
pub mod cloud;
pub mod faults;
pub mod invariants;
mod run;
mod script;
pub mod timeline;
pub mod workload;
mod world;

pub use run::{Run, Totals, play, run, run_with_only};

/// A seed that cannot be run at all says why: a fault of the simulation or of Weir.
pub type Result<T> = std::result::Result<T, String>;
