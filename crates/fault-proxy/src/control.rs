//! The control API: what tests, the crash harness and people with curl say to a running proxy.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};

use crate::ledger::{Counts, Event, Machine};
use crate::proxy::{Settings, Shared};
use crate::rule::Rule;
use crate::rules::Chaos;

/// All routes:
///
/// - `GET /counts`, `GET /journal`, `GET /machines`: what has happened.
/// - `POST /rules` arms one, `GET /rules` shows those that have not run out, `DELETE /rules` takes them and chance back.
/// - `PUT /chaos`: faults by chance. `PUT /settings`: list lag and page size.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/counts", get(counts))
        .route("/journal", get(journal))
        .route("/machines", get(machines))
        .route("/rules", post(arm).get(rules).delete(clear))
        .route("/chaos", put(chaos))
        .route("/settings", put(settings))
        .with_state(shared)
}

async fn counts(State(shared): State<Arc<Shared>>) -> Json<Counts> {
    Json(shared.counts())
}

async fn journal(State(shared): State<Arc<Shared>>) -> Json<Vec<Event>> {
    Json(shared.ledger.journal())
}

async fn machines(State(shared): State<Arc<Shared>>) -> Json<Vec<Machine>> {
    Json(shared.ledger.machines())
}

async fn rules(State(shared): State<Arc<Shared>>) -> Json<Vec<Rule>> {
    Json(shared.rules.armed())
}

async fn arm(State(shared): State<Arc<Shared>>, Json(rule): Json<Rule>) -> StatusCode {
    shared.rules.arm(rule);
    StatusCode::NO_CONTENT
}

async fn clear(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.rules.clear();
    StatusCode::NO_CONTENT
}

async fn chaos(State(shared): State<Arc<Shared>>, Json(chaos): Json<Chaos>) -> StatusCode {
    shared.rules.set_chaos(chaos);
    StatusCode::NO_CONTENT
}

async fn settings(State(shared): State<Arc<Shared>>, Json(settings): Json<Settings>) -> StatusCode {
    shared.set(settings);
    StatusCode::NO_CONTENT
}
