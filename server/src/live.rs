//! Live events (`GET /api/v1/events`): one stream a tab. An event says where to look again, never what is there.
//!
//! The id of an event holds the run of the process, so that a page that was away over a restart is told to read
//! everything again (`event: resync`) instead of missing what happened. A page begins after the newest event before it was made.

#![expect(
    clippy::disallowed_methods,
    reason = "a stream is held open for a time of the real clock"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use control::event::{Heard, News};
use domain::actor::Actor;
use domain::event::ChangeEvent;
use domain::id::PoolId;
use futures::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::{broadcast, watch};
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::rest::params::Query;
use crate::state::{AppState, stopped};

/// A beat this often keeps proxies from giving up, and tells the browser that the network is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(3);
/// A stream ends after this time at the latest and the browser comes back: a sign-in that has ended meanwhile ends here.
const LONGEST: Duration = Duration::from_mins(10);

/// People hear of free seats this often at most: in a rush every page would ask again at each of them.
const SEATS: Duration = Duration::from_secs(2);

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

/// Where a stream begins.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// The same as `Last-Event-ID`, for browsers, which send the header only when they come back by themselves; the header
    /// counts where both are there.
    #[param(max_length = 100)]
    pub after: Option<String>,
}

/// The id of the newest event so far.
pub fn newest(state: &AppState) -> String {
    id(&state.run, control::event::newest(&state.plane))
}

/// Live events. Each event `change` names a thing to look at again; `resync` means: read everything again; `beat` says nothing
/// but that the stream is there.
#[utoipa::path(get, path = "/events", tag = "events", params(LastEventIdHeader, EventParams),
    responses((status = 200, body = ChangeEvent, content_type = "text/event-stream")))]
pub async fn stream_events(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<EventParams>,
    headers: HeaderMap,
) -> Response {
    let last = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok())
        .or(params.after.as_deref());
    let beat = Event::default().event("beat").data("{}");
    let events = Sse::new(events(&state, actor, last))
        .keep_alive(KeepAlive::new().interval(HEARTBEAT).event(beat));
    let mut response = events.into_response();
    // nginx would gather events until a buffer is full.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// How long a stream lasts. A browser that comes back is a request of its sign-in, so that one whose page is open does not
/// become idle.
fn lasts(login_idle_secs: u32) -> Duration {
    LONGEST.min(Duration::from_secs(login_idle_secs.into()) / 2)
}

struct Listener {
    actor: Actor,
    run: String,
    pending: std::collections::VecDeque<Event>,
    receiver: broadcast::Receiver<News>,
    stopping: watch::Receiver<bool>,
    until: tokio::time::Instant,
    /// Pools whose free seats have changed, to be told of at this time.
    seats: Option<(tokio::time::Instant, BTreeMap<PoolId, ChangeEvent>)>,
}

fn events(
    state: &AppState,
    actor: Actor,
    last: Option<&str>,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let seen = last.map(|id| {
        id.strip_prefix(&format!("{}-", state.run))
            .and_then(|number| number.parse().ok())
    });
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
        until: tokio::time::Instant::now() + lasts(state.plane.settings().login_idle_secs),
        seats: None,
    };
    if let Some(missed) = subscription.missed {
        for event in missed {
            listener.push(event);
        }
    } else {
        let resync = resync().id(id(&listener.run, subscription.newest));
        listener.pending.push_back(resync);
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
            let tell_at = self.seats.as_ref().map_or(self.until, |(at, _)| *at);
            let received = tokio::select! {
                received = self.receiver.recv() => received,
                () = tokio::time::sleep_until(tell_at), if self.seats.is_some() => {
                    let seats = self.seats.take().map(|(_, seats)| seats).unwrap_or_default();
                    let mut seats: Vec<_> = seats.into_values().collect();
                    seats.sort_by_key(|event| event.sequence);
                    for event in &seats {
                        self.tell(event);
                    }
                    continue;
                }
                // An open stream would hold up the end of the process.
                () = stopped(&mut self.stopping) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
            };
            match received {
                Ok(News::Change(event)) => self.push(event),
                Ok(News::Everything) | Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.pending.push_back(resync());
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    fn push(&mut self, event: ChangeEvent) {
        match control::event::as_heard_by(&self.actor, event) {
            Heard::Whole(event) => self.tell(&event),
            Heard::Seats(pool, event) => {
                let begin = || (tokio::time::Instant::now() + SEATS, BTreeMap::new());
                // The first of a pool: who comes back after what was told meanwhile still hears of it.
                let seats = &mut self.seats.get_or_insert_with(begin).1;
                seats.entry(pool).or_insert(event);
            }
            Heard::Not => {}
        }
    }

    fn tell(&mut self, event: &ChangeEvent) {
        // What is still to be told of seats lies after it.
        let seats = self.seats.iter().flat_map(|(_, seats)| seats.values());
        let untold = seats.map(|event| event.sequence.saturating_sub(1)).min();
        let seen = untold.map_or(event.sequence, |untold| untold.min(event.sequence));
        let told = Event::default().event("change").id(id(&self.run, seen));
        match told.json_data(event) {
            Ok(event) => self.pending.push_back(event),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }
}

/// The id of the event with this sequence number in this run.
fn id(run: &str, sequence: u64) -> String {
    format!("{run}-{sequence}")
}

fn resync() -> Event {
    Event::default().event("resync").data("{}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use axum::body::Body;
    use axum::http::Request;
    use domain::event::EventNoun;
    use domain::id::UserId;
    use futures::StreamExt as _;
    use serde_json::json;

    /// What a stream says within half a second.
    async fn listen(
        app: &TestApp,
        key: &str,
        last: Option<&str>,
        meanwhile: impl Future<Output = ()>,
    ) -> String {
        listen_at(app, "/api/v1/events", key, last, meanwhile).await
    }

    async fn listen_at(
        app: &TestApp,
        address: &str,
        key: &str,
        last: Option<&str>,
        meanwhile: impl Future<Output = ()>,
    ) -> String {
        use tower::ServiceExt as _;
        let mut request = Request::get(address).header("authorization", format!("Bearer {key}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = app
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = response.into_body().into_data_stream();
        meanwhile.await;
        let mut text = String::new();
        while let Ok(Some(chunk)) =
            tokio::time::timeout(Duration::from_millis(500), stream.next()).await
        {
            text.push_str(&String::from_utf8_lossy(&chunk.expect("a chunk")));
        }
        text
    }

    fn ids(text: &str) -> Vec<String> {
        text.lines()
            .filter_map(|line| line.strip_prefix("id: "))
            .map(ToOwned::to_owned)
            .collect()
    }

    #[tokio::test]
    async fn what_another_process_tells_is_heard_as_what_happens_here() {
        let app = TestApp::new().await;
        let tell = |notice: &str| control::replica::hear(&app.plane, notice);
        let change = json!({ "noun": "zone", "id": "zone_1", "pool": null, "user": null });
        let told =
            json!({ "from": "another", "wake": true, "everything": false, "changes": [change] });
        let heard = listen(&app, &app.admin_key, None, async {
            tell(&told.to_string());
        })
        .await;
        assert_eq!(ids(&heard).len(), 1, "{heard}");
        assert!(heard.contains("zone_1"), "{heard}");
        app.plane.woken().await;

        // What a later version tells may be anything.
        let seen = ids(&heard);
        let heard = listen(&app, &app.admin_key, None, async { tell("{\"v\":2}") }).await;
        assert!(heard.contains("event: resync"), "{heard}");
        app.plane.woken().await;
        // Who was away over that reads everything again too.
        let heard = listen(&app, &app.admin_key, Some(&seen[0]), async {}).await;
        assert!(heard.contains("event: resync"), "{heard}");
    }

    #[tokio::test]
    async fn a_page_hears_what_it_may_and_goes_on_where_it_was() {
        let app = TestApp::new().await;
        let pool = async |name: &str| {
            app.admin("POST", "/pools", Some(json!({ "name": name })))
                .await
                .expect(201);
        };
        let zone = async || {
            let body = json!({ "name": "Office", "upstream_auth_address": "weir.example" });
            app.admin("POST", "/zones", Some(body)).await.expect(201);
        };
        let heard = listen(&app, &app.admin_key, None, async {
            pool("A").await;
            zone().await;
        })
        .await;
        assert!(
            heard.contains("retry: 3000") && heard.contains("event: change"),
            "{heard}"
        );
        let seen = ids(&heard);
        assert_eq!(seen.len(), 2, "{heard}");
        // People hear of pools, not of zones.
        let heard = listen(&app, &app.user_key, Some(&seen[0]), async {
            pool("B").await;
        })
        .await;
        assert_eq!(ids(&heard).len(), 1, "{heard}");
        assert!(heard.contains("\"noun\":\"pool\""), "{heard}");
        // What came meanwhile is made up for.
        let heard = listen(&app, &app.admin_key, Some(&seen[0]), async {}).await;
        assert_eq!(ids(&heard).len(), 2, "{heard}");
        assert!(!heard.contains("resync"), "{heard}");
        // An id of another run, or of no run, means: read everything again.
        for last in ["another-1", "1", "", "-"] {
            let heard = listen(&app, &app.admin_key, Some(last), async {}).await;
            assert!(heard.contains("event: resync"), "{last}: {heard}");
            // From there it goes on.
            assert_eq!(ids(&heard), [newest(&app.state)], "{last}: {heard}");
        }
    }

    #[tokio::test]
    async fn a_page_begins_after_the_newest_event_before_it_was_made() {
        let app = TestApp::new().await;
        let address = format!("/api/v1/events?after={}", newest(&app.state));
        let heard = listen_at(&app, &address, &app.admin_key, None, async {}).await;
        assert!(
            !heard.contains("resync") && ids(&heard).is_empty(),
            "{heard}"
        );
        let body = json!({ "name": "Office", "upstream_auth_address": "weir.example" });
        app.admin("POST", "/zones", Some(body)).await.expect(201);
        let heard = listen_at(&app, &address, &app.admin_key, None, async {}).await;
        assert_eq!(ids(&heard), [newest(&app.state)], "{heard}");
        // A browser that comes back by itself knows better than the address.
        let seen = newest(&app.state);
        let heard = listen_at(&app, &address, &app.admin_key, Some(&seen), async {}).await;
        assert!(ids(&heard).is_empty(), "{heard}");
    }

    #[tokio::test]
    async fn of_servers_people_hear_once_in_a_while_that_their_pool_has_seats() {
        let (_stop, stopping) = watch::channel(false);
        let event = |sequence, noun, id: &str, pool| ChangeEvent {
            sequence,
            noun,
            id: id.to_owned(),
            pool_id: Some(pool),
            user_id: None,
        };
        let (sender, receiver) = broadcast::channel(8);
        let mut listener = Listener {
            actor: Actor::Person {
                user: UserId::from_uuid(uuid::Uuid::from_u128(1)),
                role: domain::actor::Role::User,
            },
            run: "run".to_owned(),
            pending: std::collections::VecDeque::new(),
            receiver,
            stopping,
            until: tokio::time::Instant::now() + LONGEST,
            seats: None,
        };
        let pool = PoolId::from_uuid(uuid::Uuid::from_u128(7));
        for sequence in 1..=3 {
            sender
                .send(News::Change(event(
                    sequence,
                    EventNoun::Server,
                    "srv_1",
                    pool,
                )))
                .expect("somebody hears");
        }
        // Who leaves after this one still hears of the seats on coming back.
        let name = event(4, EventNoun::Pool, "pool_1", pool);
        sender.send(News::Change(name)).expect("somebody hears");
        let heard = format!("{:?}", listener.next().await.expect("an event"));
        assert!(
            heard.contains("pool_1") && heard.contains("run-0"),
            "{heard}"
        );
        let heard = format!("{:?}", listener.next().await.expect("an event"));
        assert!(
            heard.contains(&pool.to_string()) && !heard.contains("srv_1"),
            "{heard}"
        );
        drop(sender);
        assert!(listener.next().await.is_none(), "three are told as one");
    }

    #[test]
    fn a_page_comes_back_before_its_sign_in_is_idle() {
        for idle in [60, 600, 1800, 86_400] {
            let away = lasts(idle) + RETRY;
            assert!(away < Duration::from_secs(idle.into()), "{idle}");
        }
        assert_eq!(lasts(1800), LONGEST);
    }

    #[tokio::test]
    async fn the_end_of_the_process_ends_streams() {
        let app = TestApp::new().await;
        let heard = listen(&app, &app.admin_key, None, async { app.stop() }).await;
        assert!(heard.contains("retry"), "{heard}");
        app.call("", "GET", "/api/v1/events", None)
            .await
            .expect_problem(401, "unauthenticated");
    }
}
