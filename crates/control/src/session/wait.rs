//! What is known about a wait: the place in the queue, why there is no seat yet, and how far the server is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::actor::Actor;
use domain::id::{PoolId, ServerId, SessionId};
use domain::plan::{ConfigReport, Finding, Reason, explain};
use domain::server::ServerState;
use domain::session::{Wait, WaitServer};
use domain::snapshot::{PoolSnapshot, ServerSnapshot};
use domain::start::StartTimes;
use store::SessionRow;

use crate::error::Result;
use crate::plane::ControlPlane;
use crate::reconciler::observe;
use crate::server;

/// The queues of one answer: each pool is looked at once, however many of its people are in the answer.
pub(super) struct Queues<'a> {
    plane: &'a ControlPlane,
    is_for_admin: bool,
    looks: BTreeMap<PoolId, Option<Look>>,
}

/// A pool with the reason of everyone who waits there.
struct Look {
    pool: PoolSnapshot,
    reasons: BTreeMap<SessionId, Reason>,
    /// What holds each of its configs back, where something does.
    held: Vec<(Finding, ConfigReport)>,
    usual: Option<StartTimes>,
}

impl<'a> Queues<'a> {
    /// What `actor` may know. Nothing is looked at yet.
    pub(super) fn new(plane: &'a ControlPlane, actor: &Actor) -> Self {
        Self {
            plane,
            is_for_admin: actor.is_admin(),
            looks: BTreeMap::new(),
        }
    }

    /// What the looks are made with.
    pub(super) const fn plane(&self) -> &'a ControlPlane {
        self.plane
    }

    /// The wait of a session. None: it has stopped waiting since it was read.
    pub(super) async fn wait(&mut self, session: &SessionRow) -> Result<Option<Wait>> {
        let look = match self.looks.entry(session.pool) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(look(self.plane, session.pool).await?),
        };
        let Some(Look {
            pool,
            reasons,
            held,
            usual,
        }) = look
        else {
            return Ok(None);
        };
        let Some(ahead) = pool.queue.iter().position(|one| one.id == session.id) else {
            return Ok(None);
        };
        let (ahead, waiting) = (count(ahead), count(pool.queue.len()));
        let reason = reasons
            .get(&session.id)
            .copied()
            .unwrap_or(Reason::QueuedInFlight);
        let server = match coming(pool, ahead) {
            Some(next) => coming_server(self.plane, next.id).await?,
            None => None,
        };
        let held: &[_] = match reason {
            Reason::QueuedHeld => held,
            _ => &[],
        };
        // The one that ends first. What is switched off on purpose holds nobody back where something else could serve.
        let first = held.iter().min_by_key(|(finding, _)| {
            let is_off = matches!(finding.reason, Reason::HeldDisabled | Reason::HeldDryRun);
            (is_off, finding.until.is_none(), finding.until)
        });
        let explanation = explain::to_whom_waits(reason, first.map(|(one, _)| one.reason));
        let obstacles = held
            .iter()
            .filter(|_| self.is_for_admin)
            .map(|(finding, config)| explain::sentence(finding, Some(config)))
            .collect();
        Ok(Some(Wait {
            position: ahead + 1,
            waiting,
            reason,
            explanation,
            again_at: first.and_then(|(finding, _)| finding.until),
            obstacles,
            server,
            usual: *usual,
        }))
    }
}

/// The reasons are those that the loop has where this pool is the only one: it knows what holds the pool back, and not that
/// another pool may be quicker at the same provider.
async fn look(plane: &ControlPlane, id: PoolId) -> Result<Option<Look>> {
    let snapshot = observe::look(plane, Some(id)).await?;
    let plan = scaling::plan(&snapshot, plane.now());
    let mut reports = plan.report.pools.into_iter();
    let Some(report) = reports.find(|report| report.pool_id == id) else {
        return Ok(None);
    };
    let reasons = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding.session_id?, finding.reason)))
        .collect();
    let holds = |finding: &&Finding| {
        let is_off = matches!(finding.reason, Reason::HeldDisabled | Reason::HeldDryRun);
        (is_off || finding.reason.is_obstacle()) && finding.server_id.is_none()
    };
    let held = report
        .configs
        .iter()
        .filter_map(|config| {
            let finding = config.findings.iter().find(holds)?;
            Some((finding.clone(), config.clone()))
        })
        .collect();
    let Some(pool) = snapshot.pools.into_iter().find(|pool| pool.id == id) else {
        return Ok(None);
    };
    let usual = server::usual_start(plane, id).await?;
    Ok(Some(Look {
        pool,
        reasons,
        held,
        usual,
    }))
}

/// What those who wait for a server see of it. None: it is gone since it was read.
async fn coming_server(plane: &ControlPlane, id: ServerId) -> Result<Option<WaitServer>> {
    let Some(server) = plane.store().server(id).await?.map(|row| row.server) else {
        return Ok(None);
    };
    let heard_at = plane.store().last_step_at(id).await?;
    Ok(Some(WaitServer {
        state: server.status.word().to_owned(),
        asked_at: server.created_at,
        state_since: server.state_since,
        heard_at: heard_at.unwrap_or(server.created_at),
        progress_percent: server.progress_percent,
        message: server.message,
    }))
}

/// The server on its way that will serve whoever has `ahead` people before them: the furthest comes first, and people
/// are seated in the order of the queue.
fn coming(pool: &PoolSnapshot, mut ahead: u32) -> Option<&ServerSnapshot> {
    let mut coming: Vec<_> = pool
        .servers
        .iter()
        .filter(|server| server.state.is_in_flight())
        .collect();
    coming.sort_by_key(|server| (rank(&server.state), server.created_at, server.id));
    coming.into_iter().find(|server| {
        let seats = if server.reusable {
            server.limits.seats()
        } else {
            1
        };
        let is_it = ahead < seats;
        ahead = ahead.saturating_sub(seats);
        is_it
    })
}

const fn rank(state: &ServerState) -> u8 {
    match state {
        ServerState::Booting { .. } => 0,
        ServerState::Provisioning { .. } => 1,
        _ => 2,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
