//! The day: what is settled before anything happens.

use domain::timestamp::Timestamp;

use super::event::Event;
use super::{DAY, MINUTE, QUIET, START, World};
use crate::faults;

/// Requests that are planned for the day, besides those that meet ticks.
const REQUESTS: u32 = 200;

impl World {
    /// When people ask.
    pub(super) fn plan_requests(&mut self) {
        for (name, (pool, _)) in ["shells", "desktops", "kiosks", "screens"]
            .iter()
            .zip(&self.made.pools)
        {
            self.timeline.call(pool.uuid(), name);
        }
        let mut asked = 0;
        while asked < REQUESTS {
            // People come in bunches.
            let at = self.time_of_day();
            for _ in 0..self.dice.between(1, 5) {
                let (Some(user), Some(pool)) = (self.person(), self.pool()) else {
                    return;
                };
                let at = at.plus_millis(self.dice.millis(0, 20_000));
                self.push(at, Event::Ask(user, pool));
                asked += 1;
            }
        }
    }

    /// What is settled before anything happens.
    pub(super) fn plan_the_day(&mut self) {
        self.plan_requests();
        let make: [fn() -> Event; 8] = [
            || Event::Admin,
            || Event::Harm,
            || Event::EmptyLists,
            || Event::Jump,
            || Event::Fall,
            || Event::Depose,
            || Event::Neighbour,
            || Event::Spell,
        ];
        for make in make {
            for _ in 0..self.dice.between(1, faults::A_DAY) {
                let at = self.time_of_day();
                self.push(at, make());
            }
        }
        for _ in 0..30 {
            let at = self.time_of_day();
            self.push(at, Event::Admin);
        }
        self.push(START.plus_millis(DAY), Event::Calm);
        self.push(START.plus_millis(DAY + QUIET), Event::LastRequests);
    }

    fn time_of_day(&mut self) -> Timestamp {
        let minutes = self.dice.millis(0, 24 * 60 - 1);
        START.plus_millis(minutes * MINUTE + self.dice.millis(0, 60_000))
    }
}
