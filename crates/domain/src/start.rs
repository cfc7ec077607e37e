//! How servers come up: the steps of one, and how long the last starts of a pool took.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// One step in a server's life: it got into another state, or its script said something new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerStep {
    /// When.
    pub at: Timestamp,
    /// The state's word.
    pub state: String,
    /// Progress of its start-up script, 0 to 100, as last reported.
    pub progress_percent: Option<u8>,
    /// What its start-up script last said, or why it failed.
    pub message: Option<String>,
}

/// What became of a server, and what is usual in its pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerHistory {
    /// Its steps, oldest first. The first is not among them: it was asked for at its `created_at`.
    pub steps: Vec<ServerStep>,
    /// When its first session began.
    pub first_session_at: Option<Timestamp>,
    /// How long the last starts of its pool took, if there were enough to say something.
    pub usual: Option<StartTimes>,
}

/// How new servers of a pool come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolStarts {
    /// How long its last starts took, if there were enough to say something.
    pub usual: Option<StartTimes>,
}

/// A recorded start: a server that was asked for and became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the provider had accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When its machine was up.
    pub up_at: Option<Timestamp>,
    /// When it took sessions.
    pub ready_at: Timestamp,
}

/// How long starts took. Each figure is of recorded starts, counted from the moment at which the server was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartTimes {
    /// How many starts the figures are of.
    pub starts: u32,
    /// Half of the servers were accepted by the provider within this time, in milliseconds.
    pub accepted_millis: i64,
    /// Half of the machines were up within this time, in milliseconds.
    pub up_millis: i64,
    /// Half of the servers were ready within this time, in milliseconds.
    pub ready_millis: i64,
    /// 95 of 100 servers were ready within this time, in milliseconds.
    pub ready_p95_millis: i64,
}

impl StartTimes {
    /// The newest starts that are looked at.
    pub const RECENT: u32 = 20;
    /// Fewer starts say nothing about the next one.
    pub const ENOUGH: usize = 5;

    /// The figures of these starts; none where they are too few.
    pub fn of(starts: &[Start]) -> Option<Self> {
        if starts.len() < Self::ENOUGH {
            return None;
        }
        // A step that was not seen took no time of its own: the next one stands for it.
        let up = |start: &Start| start.up_at.unwrap_or(start.ready_at);
        let accepted = |start: &Start| start.accepted_at.unwrap_or_else(|| up(start));
        let figure = |when: &dyn Fn(&Start) -> Timestamp, share: usize| {
            let mut times: Vec<i64> = starts
                .iter()
                .map(|start| when(start).since(start.asked_at).max(0))
                .collect();
            times.sort_unstable();
            // Nearest rank: the smallest time that so many of a hundred did not exceed.
            let rank = (times.len() * share).div_ceil(100).max(1);
            times[rank - 1]
        };
        Some(Self {
            starts: u32::try_from(starts.len()).unwrap_or(u32::MAX),
            accepted_millis: figure(&accepted, 50),
            up_millis: figure(&up, 50),
            ready_millis: figure(&|start| start.ready_at, 50),
            ready_p95_millis: figure(&|start| start.ready_at, 95),
        })
    }
}

impl StartTimes {
    /// How much of the usual time has passed, in percent: never more than 95, for only the server itself knows that it is
    /// ready.
    pub fn share_passed(&self, elapsed_millis: i64) -> i64 {
        (elapsed_millis.max(0).saturating_mul(100) / self.ready_millis.max(1)).min(95)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(accepted: Option<i64>, up: Option<i64>, ready: i64) -> Start {
        let asked_at = Timestamp::from_millis(1_000);
        Start {
            asked_at,
            accepted_at: accepted.map(|millis| asked_at.plus_millis(millis)),
            up_at: up.map(|millis| asked_at.plus_millis(millis)),
            ready_at: asked_at.plus_millis(ready),
        }
    }

    #[test]
    fn few_starts_say_nothing() {
        let starts = [start(Some(1), Some(2), 3); StartTimes::ENOUGH];
        assert_eq!(StartTimes::of(&starts[1..]), None);
        assert!(StartTimes::of(&starts).is_some());
    }

    #[test]
    fn the_figures_are_those_of_the_starts() {
        let mut starts: Vec<Start> = (1..=20)
            .rev()
            .map(|second| start(Some(100), Some(200), second * 1000))
            .collect();
        let times = StartTimes::of(&starts).expect("enough");
        assert_eq!(
            times,
            StartTimes {
                starts: 20,
                accepted_millis: 100,
                up_millis: 200,
                ready_millis: 10_000,
                ready_p95_millis: 19_000,
            }
        );
        assert_eq!(
            [-5, 0, 5_000, 60_000].map(|elapsed| times.share_passed(elapsed)),
            [0, 0, 50, 95]
        );
        // One that was never seen on its way was there at once.
        for start in &mut starts {
            (start.accepted_at, start.up_at) = (None, None);
        }
        let times = StartTimes::of(&starts).expect("enough");
        assert_eq!((times.accepted_millis, times.up_millis), (10_000, 10_000));
    }
}
