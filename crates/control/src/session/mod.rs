//! Sessions: asked for, waited for, used and ended.

mod access;
mod gate;
mod wait;

use domain::actor::{Actor, Role};
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::page::{Page, PageQuery};
use domain::session::{
    Connection, EndReason, Revealed, Session, SessionKind, SessionRequest, SessionState,
};
use serde_json::json;
use store::{NewSession, ServerRow, SessionFilter, SessionRow};

use crate::error::{Result, invalid, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;

pub(crate) use access::Access;
use gate::Admission;
pub(crate) use gate::Gate;
use wait::Queues;

/// Asks for a session. It has a seat at once, or waits in the pool's queue; the answer's state says which.
///
/// # Errors
/// 409 `no_capacity_coming` where nobody can be seated and nothing is coming; 409 `session_quota_reached`; 429 where
/// the person has asked too often within a minute.
pub async fn request(
    plane: &ControlPlane,
    actor: &Actor,
    request: SessionRequest,
) -> Result<Session> {
    let user = for_whom(plane, actor, request.user_id).await?;
    let pool = plane
        .store()
        .pool_offer(request.pool_id)
        .await?
        .ok_or_else(|| {
            invalid(
                "pool_id",
                "not_found",
                "There is no such pool. Choose another one.",
            )
        })?;
    let Some(protocol) = pool.protocol else {
        return Err(Problem::new(
            ProblemCode::NoCapacityComing,
            format!("{} has no autoscale config and no server yet.", pool.name),
        )
        .into());
    };
    let kind = request.kind.unwrap_or_else(|| SessionKind::usual(protocol));
    if !kind.fits(protocol) {
        let message = format!(
            "{} is reached by {}, which cannot open this.",
            pool.name,
            protocol.label()
        );
        return Err(invalid("kind", "wrong_protocol", message));
    }
    if let SessionKind::App { app } = &kind
        && !pool.apps.iter().any(|known| known.key == *app)
    {
        return Err(invalid(
            "kind/app",
            "not_found",
            "The pool publishes no such app.",
        ));
    }
    let now = plane.now();
    let id = SessionId::new(plane.clock(), plane.entropy());
    let expires_at = now.plus_secs(plane.settings().queue_secs);
    let session = NewSession {
        id,
        pool: request.pool_id,
        user,
        kind,
        protocol,
        requested_at: now,
        expires_at,
    };
    let audit = plane.audit(
        actor,
        "session.request",
        id,
        json!({ "pool_id": request.pool_id, "pool_name": pool.name, "user_id": user }),
    );
    let admission = gate::enter(plane, session, audit).await?;
    if let Some(problem) = refusal(plane, admission, &pool.name) {
        return Err(problem.into());
    }
    changed(plane, id, request.pool_id, user);
    let row = plane
        .store()
        .session(id)
        .await?
        .ok_or_else(|| not_found("session"))?;
    view(plane, actor, row).await
}

/// Why a request is not let in; none where it is.
fn refusal(plane: &ControlPlane, admission: Admission, pool: &str) -> Option<Problem> {
    let limits = plane.settings().person;
    let problem = |code, detail: String, retry_after| {
        let mut problem = Problem::new(code, detail);
        problem.retry_after = retry_after;
        Some(problem)
    };
    match admission {
        Admission::Admitted => None,
        Admission::NoCapacityComing => problem(
            ProblemCode::NoCapacityComing,
            format!("{pool} has no free computer, and none is coming that is not spoken for."),
            None,
        ),
        Admission::QuotaReached => problem(
            ProblemCode::SessionQuotaReached,
            format!(
                "{} sessions at once are allowed. End one first.",
                limits.sessions
            ),
            None,
        ),
        Admission::TooFast(until) => {
            let secs = until.secs_since(plane.now()).max(1);
            problem(
                ProblemCode::TooManyRequests,
                format!(
                    "{} requests a minute are let in. Ask again in {secs} s.",
                    limits.requests_per_minute
                ),
                Some(secs),
            )
        }
        Admission::TooBusy => problem(
            ProblemCode::Unavailable,
            "Many people ask at this moment. Try again.".to_owned(),
            Some(1),
        ),
    }
}

/// Which sessions are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this pool.
    pub pool: Option<PoolId>,
    /// Only of this person; people see their own whatever is said here.
    pub user: Option<UserId>,
    /// Only on this server.
    pub server: Option<ServerId>,
    /// Ended ones too.
    pub include_ended: bool,
    /// Only those that wait, or only those that do not.
    pub waiting: Option<bool>,
    /// Only of people with this in their name, in capitals or not.
    pub user_name: Option<String>,
}

/// Sessions in the order of their requests: an admin sees all, others their own.
pub async fn list(
    plane: &ControlPlane,
    actor: &Actor,
    filter: Filter,
    query: &PageQuery,
) -> Result<Page<Session>> {
    let request = page::request(query)?;
    let mut fields = Fields::default();
    fields.part_of_name("user_name", filter.user_name.as_deref());
    fields.finish()?;
    let user = if actor.is_admin() {
        filter.user
    } else {
        Some(person(actor)?)
    };
    let filter = SessionFilter {
        user,
        pool: filter.pool,
        server: filter.server,
        open_only: !filter.include_ended,
        waiting: filter.waiting,
        user_name: filter.user_name.as_deref(),
    };
    let rows = plane.store().sessions_page(filter, request).await?;
    let page = page::page(rows, &request, |row: &SessionRow| row.id.uuid());
    let mut items = Vec::with_capacity(page.items.len());
    let mut queues = Queues::new(plane, actor);
    for row in page.items {
        items.push(view_with(&mut queues, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    })
}

/// One session: its owner's and admins' to see.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<Session> {
    let row = visible(plane, actor, id).await?;
    view(plane, actor, row).await
}

/// Ends a session, or the wait for one.
pub async fn end(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<Session> {
    let row = visible(plane, actor, id).await?;
    let is_owner = actor.user() == Some(row.user);
    let how = match (&row.state, is_owner) {
        (SessionState::Ended { .. }, _) => return view(plane, actor, row).await,
        (SessionState::Queued, true) => EndReason::Cancelled,
        (_, true) => EndReason::Owner,
        (_, false) => EndReason::Admin,
    };
    let audit = plane.audit(
        actor,
        "session.end",
        id,
        json!({ "how": how, "pool_id": row.pool, "pool_name": row.pool_name, "user_name": row.user_name }),
    );
    let ended = plane
        .store()
        .session_end(id, how, plane.now(), is_owner.then_some(row.user), audit)
        .await?;
    changed(plane, id, row.pool, row.user);
    plane.wake();
    match ended {
        Some(row) => view(plane, actor, row).await,
        // Somebody else ended it in between.
        None => get(plane, actor, id).await,
    }
}

/// The person is at work: pushes the session's end, and makes it Active.
pub async fn keepalive(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<Session> {
    let row = activate(plane, actor, id, None).await?;
    view(plane, actor, row).await
}

/// Shows the session's credentials to its owner, and to nobody else. Audited in the same transaction.
pub async fn reveal(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<Revealed> {
    let audit = plane.audit(actor, "session.reveal", id, json!({}));
    let row = activate(plane, actor, id, Some(audit)).await?;
    let server = row.state.server().ok_or_else(|| not_found("session"))?;
    Ok(Access::open(plane, server).await?.of(&row.user_name))
}

/// The `.rdp` file of a session of an RDP pool. Holds no password.
pub async fn rdp_file(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<String> {
    let audit = plane.audit(actor, "session.rdp_file", id, json!({}));
    let row = visible(plane, actor, id).await?;
    let session = view(plane, actor, row).await?;
    let connection = session
        .connection
        .as_ref()
        .filter(|connection| connection.protocol == domain::connection::Protocol::Rdp);
    let Some(connection) = connection else {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "Only an open RDP session has an .rdp file.",
        )
        .into());
    };
    let pool = plane
        .store()
        .pool(session.pool_id)
        .await?
        .ok_or_else(|| not_found("pool"))?;
    let app = match &session.kind {
        SessionKind::App { app } => pool.apps.iter().find(|known| known.key == *app),
        SessionKind::Desktop | SessionKind::Shell => None,
    };
    let text = domain::rdp::file(connection, app);
    activate(plane, actor, id, Some(audit)).await?;
    Ok(text)
}

async fn activate(
    plane: &ControlPlane,
    actor: &Actor,
    id: SessionId,
    audit: Option<store::AuditEntry>,
) -> Result<SessionRow> {
    let row = visible(plane, actor, id).await?;
    if actor.user() != Some(row.user) {
        return Err(not_found("session"));
    }
    let now = plane.now();
    let expires_at = now.plus_secs(plane.settings().session_secs);
    let was_assigned = matches!(row.state, SessionState::Assigned { .. });
    let activated = plane
        .store()
        .session_activate(id, row.user, now, expires_at, audit)
        .await?;
    let Some(activated) = activated else {
        let what = if row.state == SessionState::Queued {
            "still waits"
        } else {
            "is over"
        };
        return Err(Problem::new(ProblemCode::Conflict, format!("The session {what}.")).into());
    };
    if was_assigned {
        changed(plane, id, row.pool, row.user);
    }
    Ok(activated)
}

async fn visible(plane: &ControlPlane, actor: &Actor, id: SessionId) -> Result<SessionRow> {
    let row = plane.store().session(id).await?;
    row.filter(|row| actor.is_admin() || actor.user() == Some(row.user))
        .ok_or_else(|| not_found("session"))
}

async fn for_whom(plane: &ControlPlane, actor: &Actor, named: Option<UserId>) -> Result<UserId> {
    let is_admin_key = matches!(
        actor,
        Actor::ApiKey {
            role: Role::Admin,
            ..
        }
    );
    match (named, actor.user()) {
        (Some(named), own) if is_admin_key || *actor == Actor::System || own == Some(named) => {
            match plane.store().user(named).await? {
                Some(user) => Ok(user.id),
                None => Err(invalid("user_id", "not_found", "There is no such person.")),
            }
        }
        (Some(_), _) => Err(invalid(
            "user_id",
            "not_allowed",
            "Only an admin's API key asks for somebody else.",
        )),
        (None, Some(own)) => Ok(own),
        (None, None) => Err(invalid(
            "user_id",
            "required",
            "This key acts for nobody: name the person.",
        )),
    }
}

fn person(actor: &Actor) -> Result<UserId> {
    actor
        .user()
        .ok_or_else(|| Problem::new(ProblemCode::Forbidden, "Sessions belong to people.").into())
}

fn changed(plane: &ControlPlane, id: SessionId, pool: PoolId, user: UserId) {
    plane.changed(EventNoun::Session, id, Some(pool), Some(user));
    plane.wake();
}

async fn view(plane: &ControlPlane, actor: &Actor, row: SessionRow) -> Result<Session> {
    view_with(&mut Queues::new(plane, actor), row).await
}

/// One of several: each queue is looked at once.
async fn view_with(queues: &mut Queues<'_>, row: SessionRow) -> Result<Session> {
    let plane = queues.plane();
    let connection = match &row.state {
        SessionState::Assigned { server_id, .. } | SessionState::Active { server_id, .. } => {
            connection(plane, &row, *server_id).await?
        }
        SessionState::Queued | SessionState::Ended { .. } => None,
    };
    let wait = if row.state == SessionState::Queued {
        queues.wait(&row).await?
    } else {
        None
    };
    Ok(Session {
        id: row.id,
        pool_id: row.pool,
        pool_name: row.pool_name,
        user_id: row.user,
        user_name: row.user_name,
        kind: row.kind,
        status: row.state,
        server_name: row.server_name,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        connection,
        wait,
        version: row.version,
    })
}

async fn connection(
    plane: &ControlPlane,
    session: &SessionRow,
    server: ServerId,
) -> Result<Option<Connection>> {
    let Some(row) = plane.store().server(server).await? else {
        return Ok(None);
    };
    let Some(address) = row.server.status.address().cloned() else {
        return Ok(None);
    };
    let access = Access::open(plane, server).await?.of(&session.user_name);
    let has_credentials = access.password.is_some()
        || access.private_key.is_some()
        || !access.connection_info.members().is_empty();
    let is_opened_otherwise = access.password.is_some() || access.private_key.is_some();
    let needs_key = row.personal_keys
        && !is_opened_otherwise
        && plane.store().ssh_keys_of(session.user).await?.is_empty();
    Ok(Some(Connection {
        protocol: session.protocol,
        address,
        username: access.username,
        host_key: row.server.host_key.clone(),
        access_ready: is_access_ready(&row, session),
        needs_key,
        has_credentials,
    }))
}

fn is_access_ready(row: &ServerRow, session: &SessionRow) -> bool {
    row.access_applied >= session.access_seq
}
