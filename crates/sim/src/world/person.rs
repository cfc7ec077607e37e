//! People and admins: who acts, what comes of it, and how the timeline tells it.

use control::server::Deletion;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::server::ServerState;
use domain::session::{Session, SessionState};

use super::event::Event;
use super::{Done, MINUTE, Rows, World};
use crate::faults;
use crate::invariants::{Invariant, Look, Violation};
use crate::workload::{self, Act, perform};

impl World {
    pub(super) fn person(&mut self) -> Option<UserId> {
        self.dice.pick(&self.made.people)
    }

    pub(super) fn pool(&mut self) -> Option<PoolId> {
        // Each session of a single-use pool costs a server, so that fewer go there.
        let turn = [0, 0, 0, 1, 1, 1, 2, 3, 3];
        let place = self.dice.pick(&turn)?;
        self.made.pools.get(place).map(|(pool, _)| *pool)
    }

    /// Who acts while the loop ticks.
    pub(super) fn companion(&mut self) -> Option<Act> {
        if self.is_calm || !self.is_of_seed() {
            return None;
        }
        match self.dice.below(10) {
            0..=5 => {
                let (user, pool) = (self.person()?, self.pool()?);
                self.ask(user, pool)
            }
            6..=7 => self.leave(),
            8 => workload::limit(&mut self.dice, &self.made),
            _ => self.admin(),
        }
    }

    pub(super) fn ask(&mut self, user: UserId, pool: PoolId) -> Option<Act> {
        let kinds = self.made.pools.iter().find(|(id, _)| *id == pool)?;
        let kind = self.dice.pick(&kinds.1)?;
        Some(Act::Ask { user, pool, kind })
    }

    /// Somebody with a session leaves.
    fn leave(&mut self) -> Option<Act> {
        let pools = &self.seen.as_ref()?.stored.pools;
        let sessions = pools.iter().flat_map(|pool| &pool.sessions);
        let sessions: Vec<_> = sessions.map(|one| (one.user, one.id)).collect();
        let (user, session) = self.dice.pick(&sessions)?;
        Some(Act::End { user, session })
    }

    pub(super) fn admin(&mut self) -> Option<Act> {
        let servers = |look: &Look, is: fn(&ServerState) -> bool| -> Vec<ServerId> {
            look.servers()
                .filter(|(_, server)| is(&server.state))
                .map(|(_, server)| server.id)
                .collect()
        };
        let look = self.seen.as_ref()?;
        let running = servers(look, ServerState::is_running);
        let draining = servers(look, |state| matches!(state, ServerState::Draining { .. }));
        let any = servers(look, |_| true);
        match self.dice.below(8) {
            0 => self.dice.pick(&running).map(Act::Drain),
            1 => self.dice.pick(&draining).map(Act::Undrain),
            2 => {
                let how = Deletion {
                    end_sessions: self.dice.percent(50),
                    grace: self.dice.percent(50),
                };
                let server = self.dice.pick(&any)?;
                Some(Act::Delete(server, how))
            }
            3 => match self.leave()? {
                Act::End { session, .. } => Some(Act::EndForced(session)),
                _ => None,
            },
            _ => workload::edit(&mut self.dice, &self.made),
        }
    }

    /// Somebody acts: alone, or just while the loop ticks.
    pub(super) async fn act(&mut self, act: Act) -> Done {
        let Some(plane) = self.plane.clone() else {
            // Nobody answers; people try again.
            if let Act::Ask { user, pool, .. } = act {
                let millis = self.dice.millis(20_000, 90_000);
                self.after(millis, Event::Ask(user, pool));
            }
            return Done::default();
        };
        if !self.is_calm && self.dice.percent(faults::MEETS_TICK) {
            return self.tick_with(Some(act)).await;
        }
        let mut done = Done::default();
        let result = perform(&plane, act.clone()).await;
        self.acted(&act, result, &mut done);
        done
    }

    pub(super) fn acted(
        &mut self,
        act: &Act,
        result: control::Result<Option<Session>>,
        done: &mut Done,
    ) {
        done.acts += 1;
        done.rows = Rows::Changed;
        done.is_edit |= act.is_edit();
        let what = self.in_words(act);
        if let Act::End { session, .. } = act
            && self.dice.percent(faults::TAKES_OVER)
        {
            self.take_over(*session);
        }
        if matches!(act, Act::Ask { .. }) {
            self.totals.requests += 1;
        }
        match result {
            Ok(None) => self.note(&what),
            Ok(Some(session)) => {
                let name = self.timeline.name("session", session.id.uuid());
                self.note(&format!("{what}: {name}, {}", session.status.word()));
                self.watch.accepted(session.id);
                if self.is_calm && self.is_of_seed() {
                    self.last.insert(session.id);
                }
                if matches!(session.status, SessionState::Queued) && self.dice.percent(15) {
                    let (user, id) = (session.user_id, session.id);
                    let millis = self.dice.millis(5_000, 800_000);
                    self.after(millis, Event::Do(Act::End { user, session: id }));
                }
            }
            Err(error) if error.is_fault() => self.violated(Violation::new(
                self.now(),
                Invariant::LoopGoesOn,
                format!("{what}: {error:?}"),
            )),
            Err(error) => self.note(&format!(
                "{what}: refused, {}",
                error.problem().code.as_str()
            )),
        }
    }

    /// Somebody asks at once for what somebody else has just left.
    fn take_over(&mut self, session: SessionId) {
        let pools = self.seen.iter().flat_map(|look| &look.stored.pools);
        let pool = pools
            .filter(|pool| pool.sessions.iter().any(|one| one.id == session))
            .map(|pool| pool.id)
            .next();
        let (Some(pool), Some(user)) = (pool, self.person()) else {
            return;
        };
        let millis = self.dice.millis(0, 2_000);
        self.after(millis, Event::Ask(user, pool));
    }

    /// Somebody with a seat connects, works and leaves, or forgets to.
    pub(super) fn use_session(&mut self, user: UserId, session: SessionId) {
        if self.dice.percent(30) {
            let millis = self.dice.millis(2_000, 120_000);
            self.after(millis, Event::Do(Act::KeepAlive { user, session }));
        }
        if self.dice.percent(85) {
            let longest = if self.is_calm { 15 } else { 180 };
            let minutes = self.dice.millis(1, longest);
            self.after(minutes * MINUTE, Event::Do(Act::End { user, session }));
        }
    }

    pub(super) fn ask_for_the_last_time(&mut self) {
        self.note("the last requests");
        for pool in self
            .made
            .pools
            .iter()
            .map(|(pool, _)| *pool)
            .collect::<Vec<_>>()
        {
            for _ in 0..3 {
                if let Some(user) = self.person() {
                    let millis = self.dice.millis(0, 30_000);
                    self.after(millis, Event::Ask(user, pool));
                }
            }
        }
    }

    fn in_words(&mut self, act: &Act) -> String {
        let names = &mut self.timeline;
        match act {
            Act::Ask { user, pool, kind } => {
                let user = names.name("person", user.uuid());
                format!(
                    "{user} asks for {kind:?} of {}",
                    names.name("pool", pool.uuid())
                )
            }
            Act::End { user, session } => {
                let user = names.name("person", user.uuid());
                format!("{user} ends {}", names.name("session", session.uuid()))
            }
            Act::KeepAlive { user, session } => {
                let user = names.name("person", user.uuid());
                format!("{user} works in {}", names.name("session", session.uuid()))
            }
            Act::EndForced(session) => {
                format!("an admin ends {}", names.name("session", session.uuid()))
            }
            Act::Drain(server) => {
                format!("an admin drains {}", names.name("server", server.uuid()))
            }
            Act::Undrain(server) => {
                format!(
                    "an admin takes {} back",
                    names.name("server", server.uuid())
                )
            }
            Act::Delete(server, how) => {
                let with = if how.end_sessions {
                    " with its sessions"
                } else {
                    ""
                };
                let when = if how.grace { " in a moment" } else { "" };
                format!(
                    "an admin deletes {}{with}{when}",
                    names.name("server", server.uuid())
                )
            }
            Act::Configure(config, key, value) => {
                format!(
                    "an admin sets {key} of {} to {value}",
                    names.name("config", config.uuid())
                )
            }
            Act::Script(provider, edition) => {
                let provider = names.name("provider", provider.uuid());
                format!("an admin changes the script of {provider} to edition {edition}")
            }
            Act::Maximum(provider, maximum) => {
                let provider = names.name("provider", provider.uuid());
                format!("an admin lets {provider} have {maximum} machines")
            }
        }
    }
}
