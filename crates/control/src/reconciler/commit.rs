//! Turns a plan into committed rows and the effects that follow from them.
//!
//! Each step is a transaction of its own that names the version it was decided on; seats are given in one, and so are
//! intents written. What comes too late is dropped: whatever changed the row has woken the loop already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::actor::Actor;
use domain::event::EventNoun;
use domain::id::{ConfigId, DecisionId, OrphanId, PoolId, ProviderId, ServerId, SessionId};
use domain::plan::{
    Action, Decision, Finding, Plan, Planned, PoolReport, ProviderReport, Reason, explain,
};
use domain::server::{DeleteReason, DrainReason, FailReason, MachineId, Origin, ServerState};
use domain::session::EndReason;
use domain::snapshot::{PoolSnapshot, ServerSnapshot, Sighting, Snapshot, Unprepared};
use domain::timestamp::Timestamp;
use serde_json::json;
use store::{
    Fence, Health, IntentOutcome, OrphanWrite, SeatOutcome, SeatWrite, ServerWrite, StoreError,
};

use super::effect::{Call, Effect};
use super::intent::{Recipe, StoredRequest};
use super::observe::{self, Digest};
use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::provider::open;

/// A create call that could not be put together is tried again after this long, in seconds.
const PREPARE_AGAIN_SECS: u32 = 30;

/// Writes what the plan says. The calls to make are given whatever happens: what has been committed for them, and noted
/// as under way, must lead to its outcome. Beside them stands what went wrong.
///
/// With a fault of one thing (a provider that cannot be opened, a row that cannot be read) the rest goes on; where the
/// database fails, nothing after it is tried.
pub(super) async fn commit(
    plane: &ControlPlane,
    fence: Fence,
    mut seen: Digest,
    plan: &Plan,
) -> (Vec<Effect>, Vec<Error>) {
    let orphans = std::mem::take(&mut seen.orphans);
    let mut commit = Commit {
        plane,
        fence,
        now: plane.now(),
        effects: Vec::new(),
        has_changed: false,
        faults: Vec::new(),
        outdated: BTreeSet::new(),
        servers: index(&seen.snapshot),
        seen: &seen,
    };
    if let Err(error) = commit.all(plan, orphans).await {
        commit.faults.push(error);
    }
    if commit.has_changed {
        plane.wake();
    }
    (commit.effects, commit.faults)
}

struct Commit<'a> {
    plane: &'a ControlPlane,
    fence: Fence,
    now: Timestamp,
    effects: Vec<Effect>,
    /// Something is not as the snapshot said any more: another tick is due at once.
    has_changed: bool,
    /// What went wrong.
    faults: Vec<Error>,
    /// Pools whose report says something else than what has been done.
    outdated: BTreeSet<PoolId>,
    servers: BTreeMap<ServerId, (&'a PoolSnapshot, &'a ServerSnapshot)>,
    seen: &'a Digest,
}

fn index(snapshot: &Snapshot) -> BTreeMap<ServerId, (&PoolSnapshot, &ServerSnapshot)> {
    let pools = snapshot.pools.iter();
    pools
        .flat_map(|pool| {
            pool.servers
                .iter()
                .map(move |server| (server.id, (pool, server)))
        })
        .collect()
}

impl Commit<'_> {
    /// What lists say of orphans, then all of a plan: steps and calls, then seats, which such a step may have freed, then new
    /// servers, then the reports.
    async fn all(&mut self, plan: &Plan, orphans: Vec<OrphanWrite>) -> Result<()> {
        self.note_orphans(orphans).await?;
        let mut seats = Vec::new();
        let mut creates = Vec::new();
        for planned in &plan.actions {
            match planned.action {
                Action::Seat { session, server } => seats.push((session, server, planned)),
                Action::Create { config, .. } => creates.push((config, planned)),
                _ => {
                    let done = self.carry_out(planned).await;
                    self.go_on(done)?;
                }
            }
        }
        self.seat(&seats).await?;
        self.create(&creates).await?;
        self.tell_of_providers(&plan.report.providers);
        self.write_down(&plan.report.pools).await
    }

    /// Notes a fault that concerns one thing alone; gives back one of the database.
    fn go_on(&mut self, done: Result<()>) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(error @ Error::Store(_)) => Err(error),
            Err(error) => {
                self.faults.push(error);
                Ok(())
            }
        }
    }

    async fn carry_out(&mut self, planned: &Planned) -> Result<()> {
        match &planned.action {
            // Together, each kind in one transaction.
            Action::Create { .. } | Action::Seat { .. } => Ok(()),
            Action::CallCreate { server } => self.call_create(*server).await,
            Action::Adopt {
                server,
                machine,
                address,
            } => {
                self.adopt(*server, machine.clone(), address.clone(), planned)
                    .await
            }
            Action::ProbePort { server, address } => {
                self.call(
                    *server,
                    Call::Probe {
                        server: *server,
                        address: address.clone(),
                    },
                )
                .await
            }
            Action::Authorize { server } => self.authorize(*server).await,
            Action::EndSession { session, how } => self.end_session(*session, *how, planned).await,
            Action::Drain { server, why } => self.drain(*server, *why, planned).await,
            Action::Fail { server, why } => {
                let end = (*why == FailReason::MachineLost).then_some(EndReason::ServerLost);
                // What has served people once did become ready: its loss says nothing of the next one's making.
                let was_ready = self
                    .servers
                    .get(server)
                    .is_some_and(|(_, seen)| matches!(seen.state, ServerState::Running { .. }));
                let health = if was_ready {
                    Health::Unchanged
                } else {
                    Health::Failure
                };
                self.step(*server, planned, health, end, |state| state.fail(*why))
                    .await
            }
            Action::Delete { server } => self.delete(*server, planned).await,
            Action::CallDelete { server, machine } => {
                self.call_delete(*server, machine.clone()).await
            }
            Action::Gone { server } => {
                let lost = self
                    .servers
                    .get(server)
                    .is_some_and(|(_, seen)| seen.state == ServerState::Unknown);
                let health = if lost {
                    Health::Failure
                } else {
                    Health::Unchanged
                };
                self.step(
                    *server,
                    planned,
                    health,
                    Some(EndReason::ServerLost),
                    ServerState::deleted,
                )
                .await
            }
            Action::DeleteStranger { provider, machine } => {
                self.delete_stranger(*provider, machine.clone(), planned)
                    .await
            }
            Action::List { provider } => self.list(*provider).await,
            Action::StartBackoff { config } => self.surplus(*config, Some(self.now)).await,
            Action::ClearBackoff { config } => self.surplus(*config, None).await,
        }
    }

    /// Intents of all planned servers in one transaction, then their calls.
    async fn create(&mut self, creates: &[(ConfigId, &Planned)]) -> Result<()> {
        // None: it has gone, or no call can be put together for it.
        let mut recipes: BTreeMap<ConfigId, Option<Recipe>> = BTreeMap::new();
        let mut intents = Vec::new();
        let mut calls = Vec::new();
        let mut audits = Vec::new();
        for (config, planned) in creates {
            if !recipes.contains_key(config) {
                let recipe = match Recipe::fetch(self.plane, *config).await {
                    Ok(recipe) => recipe,
                    Err(error @ Error::Store(_)) => return Err(error),
                    Err(error) => {
                        self.unprepared(planned, &error);
                        None
                    }
                };
                recipes.insert(*config, recipe);
            }
            let Some(Some(recipe)) = recipes.get(config) else {
                continue;
            };
            let id = ServerId::new(self.plane.clock(), self.plane.entropy());
            let (intent, request) =
                match recipe.intent(self.plane, (*config, self.seen.generation), id, self.now) {
                    Ok(intent) => intent,
                    Err(error) => {
                        self.unprepared(planned, &error);
                        recipes.insert(*config, None);
                        continue;
                    }
                };
            audits.push(self.audit("server.create", id, planned));
            calls.push((
                recipe.provider.id,
                id,
                request,
                Arc::clone(&recipe.open),
                intent.pool,
            ));
            intents.push(intent);
        }
        if intents.is_empty() {
            return Ok(());
        }
        let cap = self.plane.settings().reconciler.creates_per_hour;
        let outcomes = self
            .plane
            .store()
            .record_intents(self.fence, intents, cap, audits)
            .await?;
        for ((provider, server, request, open, pool), outcome) in calls.into_iter().zip(outcomes) {
            if outcome == IntentOutcome::Recorded {
                self.mark_call(server);
                self.push(
                    provider,
                    open,
                    Call::Create {
                        server,
                        request: Box::new(request),
                        is_repeat: false,
                    },
                );
                self.server_changed(server, pool);
            } else {
                // An edit came between the snapshot and this, and has woken the loop.
                self.outdated.insert(pool);
            }
        }
        Ok(())
    }

    /// Notes that the create call of a planned server cannot be put together. The next tick weighs that.
    fn unprepared(&mut self, planned: &Planned, error: &Error) {
        let Action::Create { pool, config, .. } = planned.action else {
            return;
        };
        let Some(version) = self.version_of(pool, config) else {
            return;
        };
        tracing::warn!(%config, %error, "a create call cannot be put together");
        let problem = match error {
            Error::Problem(problem) => problem.detail.clone(),
            error => error.to_string(),
        };
        let unprepared = Unprepared {
            problem,
            retry_at: self.now.plus_secs(PREPARE_AGAIN_SECS),
        };
        observe::lock(self.plane)
            .unprepared
            .insert(config, (version, unprepared));
        self.outdated.insert(pool);
        self.has_changed = true;
    }

    /// The stored call once more, byte for byte.
    async fn call_create(&mut self, server: ServerId) -> Result<()> {
        let Some(text) = self.plane.store().intent_request(server).await? else {
            return Ok(());
        };
        let request = StoredRequest::read(&text)?;
        self.call(
            server,
            Call::Create {
                server,
                request: Box::new(request),
                is_repeat: true,
            },
        )
        .await
    }

    async fn adopt(
        &mut self,
        server: ServerId,
        machine: domain::server::MachineId,
        address: Option<domain::connection::Address>,
        planned: &Planned,
    ) -> Result<()> {
        let Some(row) = self.plane.store().server(server).await? else {
            return Ok(());
        };
        let Some((pool, version)) = self
            .seen(server)
            .filter(|(_, version)| *version == row.server.version)
        else {
            return Ok(());
        };
        let was = row.server.status.word();
        let state = row
            .server
            .status
            .seen(machine, address)
            .map_err(|error| Error::Fault(error.to_string()))?;
        let is_ready =
            row.server.checked_in_at.is_some() && matches!(state, ServerState::Booting { .. });
        let (state, health) = if is_ready {
            (
                state
                    .running()
                    .map_err(|error| Error::Fault(error.to_string()))?,
                Health::Success,
            )
        } else {
            (state, Health::Unchanged)
        };
        let audit = (state.word() != was).then(|| self.audit("server.seen", server, planned));
        let write = ServerWrite {
            host_key: self.listed_host_key(server),
            ..ServerWrite::new(server, version, state, self.now, health)
        };
        self.write(write, audit, pool).await
    }

    async fn authorize(&mut self, server: ServerId) -> Result<()> {
        let Some((_, seen)) = self.servers.get(&server) else {
            return Ok(());
        };
        let Some(machine) = seen.state.machine().cloned() else {
            return Ok(());
        };
        let wanted = self.plane.store().server_keys(server).await?;
        self.call(
            server,
            Call::Authorize {
                server,
                machine,
                sequence: wanted.seq,
                keys: wanted.keys,
            },
        )
        .await
    }

    async fn drain(&mut self, server: ServerId, why: DrainReason, planned: &Planned) -> Result<()> {
        let Some((pool, version)) = self.seen(server) else {
            return Ok(());
        };
        let audit = self.audit("server.drain", server, planned);
        let only_if_empty = true;
        let store = self.plane.store();
        let is_done = store
            .server_drain(
                Some(self.fence),
                server,
                version,
                why,
                only_if_empty,
                self.now,
                audit,
            )
            .await?;
        self.changed_or_refused(is_done, server, pool);
        Ok(())
    }

    async fn delete(&mut self, server: ServerId, planned: &Planned) -> Result<()> {
        let Some((pool, version)) = self.seen(server) else {
            return Ok(());
        };
        let audit = self.audit("server.delete", server, planned);
        let store = self.plane.store();
        let is_done = store
            .server_delete_begin(Some(self.fence), server, version, self.now, audit)
            .await?;
        self.changed_or_refused(is_done, server, pool);
        Ok(())
    }

    /// Asks for a machine to be deleted. If its server failed, what it wrote last is read first; the tick after that finds
    /// the same to do.
    async fn call_delete(&mut self, server: ServerId, machine: MachineId) -> Result<()> {
        let Some((pool, seen)) = self.servers.get(&server) else {
            return Ok(());
        };
        let has_failed = matches!(
            seen.state,
            ServerState::Deleting {
                why: DeleteReason::Failed(_),
                ..
            }
        );
        let is_read = observe::lock(self.plane).consoles_read.contains(&server);
        if has_failed && !is_read {
            self.outdated.insert(pool.id);
            return self.call(server, Call::Console { server, machine }).await;
        }
        self.call(server, Call::Delete { server, machine }).await
    }

    async fn delete_stranger(
        &mut self,
        provider: ProviderId,
        machine: MachineId,
        planned: &Planned,
    ) -> Result<()> {
        let open = self.open(provider).await?;
        let detail = json!({ "reason": planned.reason, "machine": machine });
        let audit = self
            .plane
            .audit(&Actor::System, "machine.delete", provider, detail);
        let store = self.plane.store();
        let asked = store
            .orphan_ask(self.fence, provider, &machine, audit)
            .await?;
        let Some(id) = asked else {
            // An admin keeps it, or it has a row again: whoever did that has woken the loop.
            return Ok(());
        };
        self.plane.changed(EventNoun::Orphan, id, None, None);
        let mut observed = observe::lock(self.plane);
        let memory = observed.providers.entry(provider).or_default();
        if let Some(stranger) = memory.strangers.get_mut(&machine) {
            stranger.delete_in_flight = true;
        }
        drop(observed);
        self.push(provider, open, Call::DeleteStranger { machine });
        Ok(())
    }

    /// Writes what new lists say of orphans, all of it together, and tells of those that are new or over.
    async fn note_orphans(&self, writes: Vec<OrphanWrite>) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        let news: Vec<OrphanId> = writes
            .iter()
            .filter_map(|write| match write {
                OrphanWrite::Found { id, .. } | OrphanWrite::Over { id } => Some(*id),
                OrphanWrite::Seen { .. } => None,
            })
            .collect();
        let store = self.plane.store();
        store.orphans_write(self.fence, writes).await?;
        for id in news {
            self.plane.changed(EventNoun::Orphan, id, None, None);
        }
        Ok(())
    }

    async fn list(&mut self, provider: ProviderId) -> Result<()> {
        let open = self.open(provider).await;
        let mut observed = observe::lock(self.plane);
        let memory = observed.providers.entry(provider).or_default();
        // One that cannot be opened is not tried at every tick either.
        memory.last_list_at = Some(self.now);
        memory.list_in_flight = open.is_ok();
        drop(observed);
        self.push(provider, open?, Call::List);
        Ok(())
    }

    /// All planned seats in one transaction.
    async fn seat(&mut self, seats: &[(SessionId, ServerId, &Planned)]) -> Result<()> {
        let expires_at = self.now.plus_secs(self.plane.settings().session_secs);
        let mut known = Vec::new();
        let mut writes = Vec::new();
        let mut audits = Vec::new();
        for (session, server, planned) in seats {
            let Some((pool, _)) = self.servers.get(server) else {
                continue;
            };
            let waiter = pool.queue.iter().find(|waiter| waiter.id == *session);
            known.push((*session, *server, pool.id, waiter.map(|waiter| waiter.user)));
            writes.push(SeatWrite::SeatQueued {
                session: *session,
                server: *server,
                expires_at,
            });
            audits.push(self.plane.audit(
                &Actor::System,
                "session.assign",
                *session,
                json!({ "reason": planned.reason, "server_id": server }),
            ));
        }
        if writes.is_empty() {
            return Ok(());
        }
        let limits = self.plane.settings().person;
        let store = self.plane.store();
        let outcomes = match store
            .seat(Some(self.fence), writes, limits, self.now, audits)
            .await
        {
            Ok(outcomes) => outcomes,
            Err(StoreError::StaleVersion) => {
                self.has_changed = true;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for ((session, server, pool, owner), outcome) in known.into_iter().zip(outcomes) {
            if outcome == SeatOutcome::Done {
                self.plane
                    .changed(EventNoun::Session, session, Some(pool), owner);
                // The person's key is still to be put there.
                self.server_changed(server, pool);
            } else {
                self.has_changed = true;
            }
        }
        Ok(())
    }

    async fn end_session(
        &mut self,
        session: SessionId,
        how: EndReason,
        planned: &Planned,
    ) -> Result<()> {
        let audit = self.plane.audit(
            &Actor::System,
            "session.end",
            session,
            json!({ "reason": planned.reason, "how": how }),
        );
        if let Some(row) = self
            .plane
            .store()
            .session_end_planned(self.fence, session, how, self.now, audit)
            .await?
        {
            self.plane
                .changed(EventNoun::Session, session, Some(row.pool), Some(row.user));
        }
        // Refused: its end has been pushed, and when it is now is not known here.
        self.has_changed = true;
        Ok(())
    }

    async fn surplus(&mut self, config: ConfigId, since: Option<Timestamp>) -> Result<()> {
        Ok(self
            .plane
            .store()
            .surplus_write(self.fence, vec![(config, since)])
            .await?)
    }

    /// One step of a server's state machine, on the version that was planned with.
    async fn step(
        &mut self,
        server: ServerId,
        planned: &Planned,
        health: Health,
        end_sessions: Option<EndReason>,
        step: impl FnOnce(ServerState) -> Result<ServerState, domain::server::IllegalTransition>,
    ) -> Result<()> {
        let Some((pool, seen)) = self.servers.get(&server) else {
            return Ok(());
        };
        let pool = pool.id;
        let state = step(seen.state.clone()).map_err(|error| Error::Fault(error.to_string()))?;
        let health = if seen.origin == Origin::Fixed {
            Health::Unchanged
        } else {
            health
        };
        let write = ServerWrite {
            end_sessions,
            ..ServerWrite::new(server, seen.version, state, self.now, health)
        };
        let audit = self.audit("server.step", server, planned);
        self.write(write, Some(audit), pool).await
    }

    async fn write(
        &mut self,
        write: ServerWrite,
        audit: Option<store::AuditEntry>,
        pool: PoolId,
    ) -> Result<()> {
        let server = write.id;
        match self
            .plane
            .store()
            .server_write(Some(self.fence), write, audit)
            .await
        {
            Ok(ended) => {
                self.has_changed = true;
                self.plane.server_changed(server, pool, ended);
                Ok(())
            }
            Err(StoreError::StaleVersion) => {
                self.has_changed = true;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A call about a server, to its provider.
    async fn call(&mut self, server: ServerId, call: Call) -> Result<()> {
        let Some((_, seen)) = self.servers.get(&server) else {
            return Ok(());
        };
        let Origin::Scaled { provider, .. } = seen.origin else {
            return Ok(());
        };
        let open = self.open(provider).await?;
        if matches!(call, Call::Create { .. }) {
            self.mark_call(server);
        } else {
            observe::lock(self.plane).in_flight.insert(server);
        }
        self.push(provider, open, call);
        Ok(())
    }

    fn mark_call(&self, server: ServerId) {
        let mut observed = observe::lock(self.plane);
        observed.in_flight.insert(server);
        observed.without_effect.remove(&server);
        observed.called_at.insert(server, self.now);
    }

    fn push(
        &mut self,
        provider_id: ProviderId,
        provider: Arc<dyn providers::Provider>,
        call: Call,
    ) {
        self.effects.push(Effect {
            provider_id,
            provider,
            call,
        });
    }

    async fn open(&self, provider: ProviderId) -> Result<Arc<dyn providers::Provider>> {
        if let Some(open) = self.seen.opened.get(&provider) {
            return Ok(Arc::clone(open));
        }
        // Its row has its name, and opening it says why it cannot be opened.
        let row = self.plane.store().provider(provider).await?;
        let row =
            row.ok_or_else(|| Error::Fault(format!("the provider config {provider} has gone")))?;
        open(self.plane, (&row).into()).await
    }

    /// The public host key that the newest list shows for a server.
    fn listed_host_key(&self, server: ServerId) -> Option<String> {
        let (_, seen) = self.servers.get(&server)?;
        match &seen.sighting {
            Sighting::Present { host_key, .. } => host_key.clone(),
            Sighting::NotLookedFor | Sighting::Absent { .. } => None,
        }
    }

    fn seen(&self, server: ServerId) -> Option<(PoolId, i64)> {
        self.servers
            .get(&server)
            .map(|(pool, seen)| (pool.id, seen.version))
    }

    fn audit(
        &self,
        action: &'static str,
        server: ServerId,
        planned: &Planned,
    ) -> store::AuditEntry {
        let detail = json!({ "reason": planned.reason, "action": planned.action.word() });
        self.plane.audit(&Actor::System, action, server, detail)
    }

    /// A refused step is no reason to tick again at once: whoever has changed the server meanwhile has woken the loop, and
    /// where it was another process, the safety tick comes.
    fn changed_or_refused(&mut self, is_done: bool, server: ServerId, pool: PoolId) {
        if is_done {
            self.server_changed(server, pool);
        } else {
            self.outdated.insert(pool);
        }
    }

    fn server_changed(&mut self, server: ServerId, pool: PoolId) {
        self.has_changed = true;
        self.plane.server_changed(server, pool, Vec::new());
    }

    fn version_of(&self, pool: PoolId, config: ConfigId) -> Option<i64> {
        let pools = self.seen.snapshot.pools.iter();
        pools
            .filter(|known| known.id == pool)
            .flat_map(|pool| &pool.configs)
            .find(|known| known.id == config)
            .map(|known| known.version)
    }

    /// Keeps what lasts of each provider's report, for its page, and logs it where it differs from the one before.
    fn tell_of_providers(&self, reports: &[ProviderReport]) {
        for report in reports {
            let passes = |finding: &&Finding| {
                matches!(
                    finding.reason,
                    Reason::ListedDue | Reason::ListedForEvidence
                )
            };
            let findings = report.findings.iter().filter(|one| !passes(one));
            let findings: Vec<Finding> = findings.cloned().collect();
            let mut observed = observe::lock(self.plane);
            let memory = observed.providers.entry(report.provider_id).or_default();
            // The numbers move while the same holds.
            let what = |one: &Finding| (one.reason, one.until);
            let is_news = !memory
                .findings
                .iter()
                .map(what)
                .eq(findings.iter().map(what));
            if !is_news {
                memory.findings = findings;
                continue;
            }
            for finding in &findings {
                tracing::info!(
                    provider = %report.provider_id,
                    reason = finding.reason.code(),
                    "{}",
                    explain::sentence(finding, None)
                );
            }
            memory.findings = findings;
            drop(observed);
            self.plane
                .changed(EventNoun::Provider, report.provider_id, None, None);
        }
    }

    /// Records each pool's report if it differs from the one before, all of them together.
    async fn write_down(&mut self, reports: &[PoolReport]) -> Result<()> {
        let mut decisions = Vec::new();
        let mut decided = Vec::new();
        let is_true = |report: &&PoolReport| !self.outdated.contains(&report.pool_id);
        for report in reports.iter().filter(is_true) {
            let pool = report.pool_id;
            let known = observe::lock(self.plane)
                .decided
                .get(&pool)
                .map(|known| known == report);
            if known == Some(true) {
                continue;
            }
            // After a start: what the process before has recorded.
            let last = match known {
                None => self.plane.store().last_decision(pool).await?,
                Some(_) => None,
            };
            if last.is_none_or(|last| last.report != *report) {
                decisions.push(Decision {
                    id: DecisionId::new(self.plane.clock(), self.plane.entropy()),
                    pool_id: pool,
                    at: self.now,
                    report: report.clone(),
                });
            }
            decided.push((pool, report.clone()));
        }
        if !decisions.is_empty() {
            let store = self.plane.store();
            store.decisions_insert(self.fence, &decisions).await?;
        }
        observe::lock(self.plane).decided.extend(decided);
        for decision in decisions {
            let pool = Some(decision.pool_id);
            self.plane
                .changed(EventNoun::Decision, decision.id, pool, None);
        }
        Ok(())
    }
}
