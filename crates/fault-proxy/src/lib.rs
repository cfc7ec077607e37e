//! A proxy before moto, for tests: it is as strict as EC2 where moto is lenient, and injects faults.
//!
//! moto keeps no client tokens, takes start-up scripts of any size, shows a new instance at once and never refuses for want of
//! room. Here a token is remembered, a script has its limit, a new instance may be listed late, and rules say which call
//! fails in which way. What was made and ended through the proxy is counted and kept in a journal: the judge of a test is
//! the proxy and not the program under test.
//!
//! Tests start a [`FaultProxy`] in their own process; other programs and people start the binary `fault-proxy` and use its second
//! address (`control`).

mod answer;
mod call;
mod control;
mod ledger;
mod memory;
mod proxy;
mod rule;
mod rules;

pub use ledger::{Counts, Event, Machine, What};
pub use proxy::{FaultProxy, Settings};
pub use rule::{DeadState, Fault, Rule};
pub use rules::{Chance, Chaos};
