//! Check-in: a server reports about itself. The write is all; the loop seats those who wait.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use domain::actor::Actor;
use domain::checkin::{CheckinReport, CheckinStatus};
use domain::error::{Problem, ProblemCode};
use domain::id::ServerId;
use domain::server::{FailReason, ServerState};
use domain::timestamp::Timestamp;
use serde_json::json;
use store::{Health, ServerRow, ServerWrite};

use crate::checkin_token::CheckinClaims;
use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::race::again_if_stale;

/// The longest message that is kept, in bytes.
const MAX_MESSAGE: usize = 1024;
/// Reports that a server may send at once; then one a second.
const BURST: i64 = 5;

/// How fast servers report: a bucket of [`BURST`] reports a server, filled by one a second.
#[derive(Default)]
pub(crate) struct Pace(BTreeMap<ServerId, (Timestamp, i64)>);

impl Pace {
    fn take(&mut self, server: ServerId, now: Timestamp) -> bool {
        // A bucket that has had time to fill says nothing any more.
        if self.0.len() > 10_000 {
            self.0.retain(|_, (at, _)| now.since(*at) < BURST * 1000);
        }
        let (at, left) = self.0.entry(server).or_insert((now, BURST));
        let refill = now.since(*at).max(0) / 1000;
        if refill > 0 {
            *left = (*left + refill).min(BURST);
            *at = at.plus_millis(refill * 1000);
        }
        let may = *left > 0;
        *left -= i64::from(may);
        may
    }
}

/// Records what the server behind `token` reports. A repeat changes nothing; a late report revives nothing.
///
/// # Errors
/// 401 for every token that is not a valid one, 410 once the server is gone, 429 when it reports too fast.
pub async fn record(plane: &ControlPlane, token: &str, report: CheckinReport) -> Result<()> {
    let claims = plane.inner().parts.tokens.read(token).ok_or_else(refused)?;
    let now = plane.now();
    if !plane
        .inner()
        .pace
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take(claims.server, now)
    {
        let mut problem = Problem::new(
            ProblemCode::TooManyRequests,
            "A server reports once a second at most.",
        );
        problem.retry_after = Some(1);
        return Err(problem.into());
    }
    // Two reports of one server at the same moment: the later one looks again.
    again_if_stale(async || {
        let row = plane.store().server(claims.server).await?;
        apply(plane, &claims, &report, row, now).await
    })
    .await
}

async fn apply(
    plane: &ControlPlane,
    claims: &CheckinClaims,
    report: &CheckinReport,
    row: Option<ServerRow>,
    now: Timestamp,
) -> Result<()> {
    let Some(row) = row.filter(|row| row.server.status.counts()) else {
        return Err(Problem::new(ProblemCode::Gone, "This server is gone.").into());
    };
    let server = &row.server;
    match server.status {
        ServerState::Requested
        | ServerState::Unknown
        | ServerState::Provisioning { .. }
        | ServerState::Booting { .. } => {}
        // Public scripts repeat their report for ever: heard, and nothing changes.
        ServerState::Running { .. }
        | ServerState::Draining { .. }
        | ServerState::Deleting { .. }
        | ServerState::Failed { .. }
        | ServerState::Deleted { .. } => return Ok(()),
    }
    if now >= claims.expires_at {
        return Err(refused());
    }
    let Some(write) = write(&row, report, now)? else {
        return Ok(());
    };
    let actor = Actor::Server(claims.server);
    let word = write.state.word();
    let audit = (word != server.status.word() || write.checked_in_at.is_some()).then(|| {
        plane.audit(
            &actor,
            "server.checkin",
            claims.server,
            json!({ "status": report.status, "state": word }),
        )
    });
    let pool = server.pool_id;
    let ended = plane.store().server_write(None, write, audit).await?;
    plane.server_changed(claims.server, pool, ended);
    plane.wake();
    Ok(())
}

/// What a report of a server on its way changes; none if nothing.
fn write(row: &ServerRow, report: &CheckinReport, now: Timestamp) -> Result<Option<ServerWrite>> {
    let server = &row.server;
    let message = report
        .status_message
        .as_deref()
        .map(clean)
        .filter(|message| !message.is_empty());
    let percent = report
        .status_progress
        .map(domain::checkin::Progress::percent);
    let state = server.status.clone();
    let base = |state, health| ServerWrite::new(server.id, server.version, state, now, health);
    let fault = |error: domain::server::IllegalTransition| Error::Fault(error.to_string());
    let write = match report.status {
        CheckinStatus::Running => {
            let is_booting = matches!(state, ServerState::Booting { .. });
            if !is_booting && server.checked_in_at.is_some() {
                return Ok(None);
            }
            // Before the provider says that the machine is up, the report is kept and counts then.
            let (state, health) = if is_booting {
                (state.running().map_err(fault)?, Health::Success)
            } else {
                (state, Health::Unchanged)
            };
            ServerWrite {
                progress: Some(100),
                checked_in_at: Some(now),
                ..base(state, health)
            }
        }
        CheckinStatus::Progress => {
            let progress =
                percent.filter(|percent| server.progress_percent.is_none_or(|old| *percent >= old));
            if message.is_none() && progress.is_none() {
                return Ok(None);
            }
            ServerWrite {
                progress,
                ..base(state, Health::Unchanged)
            }
        }
        CheckinStatus::Failed => {
            let state = state.fail(FailReason::Script).map_err(fault)?;
            ServerWrite {
                progress: percent,
                ..base(state, Health::Failure)
            }
        }
    };
    Ok(Some(ServerWrite {
        message: message.map(Some),
        ..write
    }))
}

/// One line of at most [`MAX_MESSAGE`] bytes without control characters.
fn clean(text: &str) -> String {
    let mut clean = String::new();
    for c in text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
    {
        if clean.len() + c.len_utf8() > MAX_MESSAGE {
            break;
        }
        clean.push(c);
    }
    clean.trim().to_owned()
}

/// The same answer for every token that is not a valid one.
fn refused() -> Error {
    Problem::new(
        ProblemCode::Unauthenticated,
        "The check-in token is not valid.",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_server_may_report_in_a_short_burst_and_then_once_a_second() {
        let (mut pace, server) = (Pace::default(), ServerId::from_uuid(Uuid::nil()));
        let start = Timestamp::from_millis(0);
        let taken = (0..10).filter(|_| pace.take(server, start)).count();
        assert_eq!(taken, 5);
        assert!(!pace.take(server, start.plus_millis(999)));
        assert!(pace.take(server, start.plus_millis(1000)));
        assert!(!pace.take(server, start.plus_millis(1500)));
        assert!(
            pace.take(ServerId::from_uuid(Uuid::max()), start),
            "each server has its own bucket"
        );
    }

    #[test]
    fn messages_are_one_short_line() {
        assert_eq!(clean(" a\u{1b}[31m\nb\0 "), "a[31m b");
        assert_eq!(clean(&"ü".repeat(1000)).len(), MAX_MESSAGE);
    }
}
