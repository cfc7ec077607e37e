//! The process's clock and its source of chance: the only place that reads either from the system.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the process's clock and its source of chance"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use domain::clock::{Clock, Entropy};
use domain::timestamp::Timestamp;

/// The system's wall clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a machine without a clock: the epoch is as good as any answer there.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random source.
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Going on with predictable keys and tokens would be worse than stopping.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
