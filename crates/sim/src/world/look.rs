//! The look after an event: the invariants are held against it, and what is new goes into the timeline.

use domain::session::{EndReason, SessionState};
use store::DecisionFilter;

use super::{Done, World};
use crate::Result;
use crate::invariants::{Gone, Invariant, Look, Violation, without_reason};

impl World {
    /// Looks at all there is, judges it, and writes down what has changed.
    pub(super) async fn look(&mut self, done: &Done, have_rows_changed: bool) -> Result<()> {
        let now = self.now();
        let known = self.seen.take().filter(|_| !have_rows_changed);
        let stored = if let Some(look) = known {
            look.stored
        } else {
            let stored = self.store.snapshot(None, now).await;
            let stored = stored.map_err(|error| format!("the store cannot be read: {error:?}"))?;
            self.clouds.expect(&stored);
            stored
        };
        let is_quiet = !self.is_woken;
        let look = Look {
            now,
            stored,
            alive: self.clouds.alive(),
            is_settled: done.is_tick && is_quiet && now >= self.lease_free_at,
            is_tick: done.is_tick,
            acts: done.acts,
            is_edit: done.is_edit,
            limited: done.limited,
            is_led_since: self
                .plane
                .as_ref()
                .map(|_| self.risen_at.max(self.lease_free_at)),
        };
        let machines = look.machines().count() as u64;
        self.totals.most_at_once = self.totals.most_at_once.max(machines);
        let gone = self.gone(&look).await?;
        self.write_down(&look, &gone);
        for violation in self.watch.look(&look, &gone) {
            self.violated(violation);
        }
        if self.is_calm {
            self.judge_waits(&gone).await?;
        }
        self.seen = Some(look);
        Ok(())
    }

    async fn gone(&self, look: &Look) -> Result<Gone> {
        let (sessions, servers) = self.watch.missing(look);
        let unreadable = |error| format!("the store cannot be read: {error:?}");
        let mut gone = Gone::default();
        for id in sessions {
            let row = self.store.session(id).await.map_err(unreadable)?;
            gone.sessions.insert(id, row);
        }
        for id in servers {
            let row = self.store.server(id).await.map_err(unreadable)?;
            gone.servers.insert(id, row.map(|row| row.server.status));
        }
        Ok(gone)
    }

    /// Once nothing fails, a wait that ends in vain needs a reason.
    async fn judge_waits(&mut self, gone: &Gone) -> Result<()> {
        for (id, row) in &gone.sessions {
            let Some(row) = row.as_ref().filter(|_| self.last.contains(id)) else {
                continue;
            };
            let SessionState::Ended {
                how: EndReason::QueueTimeout,
                ended_at,
                ..
            } = row.state
            else {
                continue;
            };
            let of_pool = DecisionFilter {
                pool: Some(row.pool),
                ..DecisionFilter::default()
            };
            let decisions = self
                .store
                .decisions_page(of_pool, None, 50)
                .await
                .map_err(|error| format!("the store cannot be read: {error:?}"))?;
            if let Some(reasons) = without_reason(&decisions, ended_at) {
                let what = format!("{id} waited in vain, and its pool says {reasons:?}");
                self.violated(Violation::new(
                    self.now(),
                    Invariant::WaitingAreSeated,
                    what,
                ));
            }
        }
        Ok(())
    }

    /// What has changed since the last look, in the timeline; and what people do next because of it.
    fn write_down(&mut self, look: &Look, gone: &Gone) {
        for (id, row) in &gone.sessions {
            self.open.remove(id);
            let how = match row.as_ref().map(|row| &row.state) {
                Some(SessionState::Ended { how, .. }) => how.as_str(),
                _ => "nowhere",
            };
            let name = self.timeline.name("session", id.uuid());
            self.note(&format!("{name} ends: {how}"));
        }
        for (id, state) in &gone.servers {
            self.states.remove(id);
            let name = self.timeline.name("server", id.uuid());
            self.note(&format!("{name} is gone: {state:?}"));
        }
        for (pool, server) in look.servers() {
            let word = server.state.word();
            if self.states.insert(server.id, word) != Some(word) {
                let pool = self.timeline.name("pool", pool.id.uuid());
                let name = self.timeline.name("server", server.id.uuid());
                self.note(&format!("{name} of {pool} is {word}"));
            }
        }
        let sessions = look.stored.pools.iter().flat_map(|pool| &pool.sessions);
        for session in sessions {
            if self.open.insert(session.id) {
                self.totals.seats += 1;
                let name = self.timeline.name("session", session.id.uuid());
                let server = self.timeline.name("server", session.server.uuid());
                self.note(&format!("{name} has a seat on {server}"));
                self.use_session(session.user, session.id);
            }
        }
    }
}
