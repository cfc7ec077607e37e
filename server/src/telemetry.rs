//! Logs, and figures for operators.
//!
//! The figures are few and written by hand in the text format of Prometheus: a library would bring a registry, a
//! recorder and background work for less than fifty lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use control::ControlPlane;
use control::server::Filter;
use domain::actor::Actor;
use domain::error::{Problem, ProblemCode};
use domain::page::{MAX_LIMIT, PageQuery};
use subtle::ConstantTimeEq as _;
use tracing_subscriber::EnvFilter;

use crate::auth::bearer;
use crate::rest::error::{ApiError, ApiResult};
use crate::state::AppState;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line a person reads.
    Text,
    /// An object a line.
    Json,
}

/// Begins to log, to standard error. `RUST_LOG` chooses what.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Figures that count up.
#[derive(Default)]
pub struct Metrics {
    ticks: AtomicU64,
    failed_ticks: AtomicU64,
    effects: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    requests: Mutex<BTreeMap<u16, u64>>,
}

impl Metrics {
    /// A pass of the loop has ended.
    pub fn tick(&self, succeeded: bool) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        self.failed_ticks
            .fetch_add(u64::from(!succeeded), Ordering::Relaxed);
    }

    /// A call to a provider has ended.
    pub fn effect(&self, kind: &'static str, outcome: &'static str) {
        *self
            .effects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((kind, outcome))
            .or_default() += 1;
    }

    /// A request was answered.
    pub fn request(&self, status: u16) {
        *self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(status)
            .or_default() += 1;
    }

    fn write(&self, text: &mut Exposition) {
        text.head("weir_ticks_total", "counter", "Passes of the loop.");
        text.line("weir_ticks_total", "", self.ticks.load(Ordering::Relaxed));
        text.head(
            "weir_ticks_failed_total",
            "counter",
            "Passes of the loop that ended in an error.",
        );
        text.line(
            "weir_ticks_failed_total",
            "",
            self.failed_ticks.load(Ordering::Relaxed),
        );
        text.head(
            "weir_effects_total",
            "counter",
            "Calls to providers by kind and outcome.",
        );
        for ((kind, outcome), count) in
            &*self.effects.lock().unwrap_or_else(PoisonError::into_inner)
        {
            text.line(
                "weir_effects_total",
                &format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}"),
                *count,
            );
        }
        text.head(
            "weir_http_requests_total",
            "counter",
            "Answered requests by status.",
        );
        for (status, count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            text.line(
                "weir_http_requests_total",
                &format!("{{status=\"{status}\"}}"),
                *count,
            );
        }
    }
}

/// `GET /metrics`: only with the token that the operator has set.
pub async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> ApiResult<Response> {
    let Some(expected) = &state.web.metrics_token else {
        return Err(Problem::new(
            ProblemCode::NotFound,
            "Metrics are off. Start Weir with --metrics-token.",
        )
        .into());
    };
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer);
    let is_known =
        token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(expected.expose().as_bytes())));
    if !is_known {
        return Err(Problem::new(
            ProblemCode::Unauthenticated,
            "Send the metrics token as `Authorization: Bearer …`.",
        )
        .into());
    }
    let mut text = Exposition::default();
    state.metrics.write(&mut text);
    gauges(&state.plane, &mut text)
        .await
        .map_err(ApiError::from)?;
    Ok((
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text.0,
    )
        .into_response())
}

async fn gauges(plane: &ControlPlane, text: &mut Exposition) -> control::Result<()> {
    let mut servers: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut query = PageQuery {
        cursor: None,
        limit: Some(MAX_LIMIT),
    };
    loop {
        let page = control::server::list(plane, &Actor::System, &Filter::default(), &query).await?;
        for server in &page.items {
            *servers.entry(server.status.word()).or_default() += 1;
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    let (mut waiting, mut sessions, mut free) = (0_u64, 0_u64, 0_u64);
    loop {
        let page = control::pool::list(plane, &Actor::System, &query).await?;
        for pool in &page.items {
            waiting += u64::from(pool.counts.waiting);
            sessions += u64::from(pool.counts.sessions);
            free += u64::from(pool.counts.free_seats);
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    text.head(
        "weir_servers",
        "gauge",
        "Servers by state, deleted ones left out.",
    );
    for (state, count) in servers {
        text.line("weir_servers", &format!("{{state=\"{state}\"}}"), count);
    }
    for (name, help, value) in [
        (
            "weir_sessions_waiting",
            "People who wait for a seat.",
            waiting,
        ),
        ("weir_sessions_open", "Open sessions.", sessions),
        ("weir_seats_free", "Seats that can be taken at once.", free),
    ] {
        text.head(name, "gauge", help);
        text.line(name, "", value);
    }
    Ok(())
}

/// The text format of Prometheus.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a String cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}
