//! Live events (`GET /api/v1/events`): one stream a tab. An event says where to look again, never what is there.
//!
//! The id of an event holds the run of the process, so that a page that was away over a restart is told to read
//! everything again (`event: resync`) instead of missing what happened.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::event::ChangeEvent;
use futures::stream::{self, Stream};
use tokio::sync::{broadcast, watch};
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::state::{AppState, stopped};

/// A comment this often keeps proxies from giving up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(3);
/// A stream ends after this time and the browser comes back: a sign-in that has ended meanwhile ends here.
const LONGEST: Duration = Duration::from_secs(10 * 60);

const LAST_EVENT_ID: &str = "last-event-id";

/// How the header looks in the API's description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the derive alone")]
pub struct LastEventIdHeader {
    /// The id of the last event that was seen, to go on after it.
    #[param(rename = "Last-Event-ID", max_length = 100, required = false)]
    last_event_id: Option<String>,
}

/// Live events. Each event `change` names a thing to look at again; `resync` means: read everything again.
#[utoipa::path(get, path = "/events", tag = "events", params(LastEventIdHeader),
    responses((status = 200, body = ChangeEvent, content_type = "text/event-stream")))]
pub async fn stream_events(State(state): State<AppState>, Caller(actor): Caller, headers: HeaderMap) -> Response {
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let events = Sse::new(events(&state, actor, last)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut response = events.into_response();
    // nginx would gather events until a buffer is full.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

struct Listener {
    actor: Actor,
    run: String,
    pending: std::collections::VecDeque<Event>,
    receiver: broadcast::Receiver<ChangeEvent>,
    stopping: watch::Receiver<bool>,
    until: tokio::time::Instant,
}

fn events(
    state: &AppState,
    actor: Actor,
    last: Option<&str>,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let seen = last.map(|id| id.strip_prefix(&format!("{}-", state.run)).and_then(|number| number.parse().ok()));
    let subscription = match seen {
        None => control::event::subscribe(&state.plane, None),
        Some(seen) => control::event::subscribe(&state.plane, Some(seen.unwrap_or(u64::MAX))),
    };
    let mut listener = Listener {
        actor,
        run: state.run.clone(),
        pending: [Event::default().retry(RETRY).comment("hello")].into(),
        receiver: subscription.receiver,
        stopping: state.stopping.clone(),
        until: tokio::time::Instant::now() + LONGEST,
    };
    match subscription.missed {
        Some(missed) => missed.iter().for_each(|event| listener.push(event)),
        None => listener.pending.push_back(resync()),
    }
    stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            let received = tokio::select! {
                received = self.receiver.recv() => received,
                // An open stream would hold up the end of the process.
                () = stopped(&mut self.stopping) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
            };
            match received {
                Ok(event) => self.push(&event),
                Err(broadcast::error::RecvError::Lagged(_)) => self.pending.push_back(resync()),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    fn push(&mut self, event: &ChangeEvent) {
        if !control::event::may_hear(&self.actor, event) {
            return;
        }
        let id = format!("{}-{}", self.run, event.sequence);
        match Event::default().event("change").id(id).json_data(event) {
            Ok(event) => self.pending.push_back(event),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }
}

fn resync() -> Event {
    Event::default().event("resync").data("{}")
}
