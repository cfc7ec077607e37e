//! The proxy itself: what happens to a call between its caller and moto.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::answer::{self, Refusal};
use crate::call::Call;
use crate::ledger::{Counts, Event, Ledger, Machine, What};
use crate::memory::{Memory, Remembered};
use crate::rule::{DeadState, Fault, Rule};
use crate::rules::{Chaos, Rules};

/// How the cloud behaves without any fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A new instance is missing from lists for this long, in milliseconds.
    pub list_lag_millis: u64,
    /// No page of a list holds more entries.
    pub page_size: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            list_lag_millis: 0,
            page_size: 1000,
        }
    }
}

/// A running proxy. It ends when this is dropped.
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    control: SocketAddr,
    /// The listeners; dropping them ends all connections.
    _tasks: JoinSet<()>,
}

/// What the listeners share.
pub(crate) struct Shared {
    upstream: String,
    list_lag_millis: AtomicU64,
    page_size: AtomicU32,
    pub(crate) rules: Rules,
    pub(crate) ledger: Ledger,
    memory: Memory,
}

impl FaultProxy {
    /// Starts a proxy before moto at `upstream` (`127.0.0.1:5000`, or a URL) on two free ports of the loopback address.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(upstream: &str, settings: Settings) -> io::Result<Self> {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::listen(upstream, settings, free, free).await
    }

    /// Starts a proxy on these addresses: one for calls, one for control.
    ///
    /// # Errors
    /// An address is taken.
    pub async fn listen(
        upstream: &str,
        settings: Settings,
        address: SocketAddr,
        control: SocketAddr,
    ) -> io::Result<Self> {
        let upstream = upstream.strip_prefix("http://").unwrap_or(upstream);
        let shared = Arc::new(Shared {
            upstream: upstream.trim_end_matches('/').to_owned(),
            list_lag_millis: AtomicU64::default(),
            page_size: AtomicU32::default(),
            rules: Rules::default(),
            ledger: Ledger::new(),
            memory: Memory::default(),
        });
        shared.set(settings);
        let (calls, orders) = (
            TcpListener::bind(address).await?,
            TcpListener::bind(control).await?,
        );
        let (address, control) = (calls.local_addr()?, orders.local_addr()?);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(calls, Arc::clone(&shared)));
        let router = crate::control::router(Arc::clone(&shared));
        tasks.spawn(async move {
            if let Err(source) = axum::serve(orders, router).await {
                eprintln!("the control API has ended: {source}");
            }
        });
        Ok(Self {
            shared,
            address,
            control,
            _tasks: tasks,
        })
    }

    /// Where calls go: the provider's `endpoint_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the control API is.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Arms a rule. What was armed first comes first.
    pub fn arm(&self, rule: Rule) {
        self.shared.rules.arm(rule);
    }

    /// Takes back all rules, and chance with them.
    pub fn clear(&self) {
        self.shared.rules.clear();
    }

    /// Faults by chance from now on.
    pub fn set_chaos(&self, chaos: Chaos) {
        self.shared.rules.set_chaos(chaos);
    }

    /// Changes how the cloud behaves without faults.
    pub fn set(&self, settings: Settings) {
        self.shared.set(settings);
    }

    /// Totals since the start.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// What has happened, in its order.
    pub fn journal(&self) -> Vec<Event> {
        self.shared.ledger.journal()
    }

    /// How long it has run, in milliseconds: the clock of the journal.
    pub fn age_millis(&self) -> u64 {
        self.shared.ledger.now()
    }

    /// All instances that ever were.
    pub fn machines(&self) -> Vec<Machine> {
        self.shared.ledger.machines()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that could not be taken is the caller's to repeat.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| answer_to(Arc::clone(&shared), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // It fails by intent where a fault ends it.
            drop(connection.await);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Why a connection ends without an answer.
#[derive(Debug)]
enum Broken {
    /// A fault says so.
    Dropped,
    /// The call did not arrive, or moto does not answer.
    Failed(String),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dropped => f.write_str("dropped by a fault"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Broken {}

/// A call on its way to moto: what it was sent with, and its body.
struct Forward {
    method: Method,
    path: Uri,
    headers: HeaderMap,
}

async fn answer_to(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|source| Broken::Failed(source.to_string()))?;
    let body = body.to_bytes();
    let forward = Forward {
        method: parts.method,
        path: parts.uri,
        headers: parts.headers,
    };
    let Some(call) = Call::read(&body) else {
        return shared.forward(&forward, body).await;
    };
    shared.ledger.called(call.action());
    shared.through(forward, call).await
}

impl Shared {
    pub(crate) fn set(&self, settings: Settings) {
        self.list_lag_millis
            .store(settings.list_lag_millis, Ordering::Relaxed);
        self.page_size.store(settings.page_size, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            faults: self.rules.happened(),
            ..self.ledger.counts()
        }
    }

    /// A call with its fault, if it has one.
    async fn through(
        self: &Arc<Self>,
        forward: Forward,
        call: Call,
    ) -> Result<Response<Full<Bytes>>, Broken> {
        let slot = call.token().map(|token| self.memory.slot(token));
        let is_repeat = match &slot {
            Some(slot) => slot.lock().await.is_some(),
            None => false,
        };
        let fault = self.rules.take(&call, is_repeat);
        if let Some(fault) = &fault {
            self.ledger.note(What::Fault {
                action: call.action().to_owned(),
                fault: fault.word().to_owned(),
            });
        }
        match &fault {
            Some(Fault::Error {
                code,
                retry_after_secs,
            }) => {
                let refusal = Refusal {
                    retry_after_secs: *retry_after_secs,
                    ..Refusal::new(code, "The test says so.")
                };
                return Ok(refused(&refusal));
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::DropBefore) => return Err(Broken::Dropped),
            Some(Fault::Delay { millis }) => pause(*millis).await,
            _ => {}
        }
        // On its own: what has arrived has its effect, even if the caller does not wait for it.
        let shared = Arc::clone(self);
        let of_call = fault.clone();
        let effect = tokio::spawn(async move { shared.effect(forward, call, slot, of_call).await });
        let response = effect
            .await
            .map_err(|source| Broken::Failed(source.to_string()))??;
        match fault {
            Some(Fault::DropAfter) => Err(Broken::Dropped),
            Some(Fault::HangAfter) => std::future::pending().await,
            Some(Fault::Truncated) => {
                let (mut parts, body) = response.into_parts();
                parts.headers.remove(CONTENT_LENGTH);
                let bytes = body
                    .collect()
                    .await
                    .map(http_body_util::Collected::to_bytes);
                let bytes = bytes.unwrap_or_default();
                Ok(Response::from_parts(
                    parts,
                    Full::new(bytes.slice(..bytes.len() / 2)),
                ))
            }
            _ => Ok(response),
        }
    }

    /// What EC2 would do, and what the ledger notes of it.
    async fn effect(
        self: Arc<Self>,
        forward: Forward,
        call: Call,
        slot: Option<crate::memory::Slot>,
        fault: Option<Fault>,
    ) -> Result<Response<Full<Bytes>>, Broken> {
        if let Err(refusal) = call.check() {
            return Ok(self.refuse(&call, &refusal));
        }
        let mut place = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        if let Some(known) = place.as_ref().and_then(|place| place.as_ref()) {
            return Ok(
                match known.repeat(&call, self.ledger.is_alive(&known.machine)) {
                    Ok(answer) => {
                        let machine = known.machine.clone();
                        self.ledger.note(What::Repeated { machine });
                        xml(StatusCode::OK, answer)
                    }
                    Err(refusal) => self.refuse(&call, &refusal),
                },
            );
        }
        let sent = call
            .clone()
            .with_pages_of(self.page_size.load(Ordering::Relaxed));
        let response = self.forward(&forward, Bytes::from(sent.body())).await?;
        if response.status() != StatusCode::OK {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|source| Broken::Failed(source.to_string()))?;
        let body = body.to_bytes();
        let text = String::from_utf8_lossy(&body);
        let answer = match call.action() {
            "RunInstances" => {
                for machine in answer::texts(&text, "instanceId") {
                    self.made(&forward, &call, machine, fault.as_ref()).await?;
                    if let Some(place) = place.as_mut() {
                        **place = Some(Remembered::new(
                            call.clone(),
                            body.clone(),
                            machine.to_owned(),
                        ));
                    }
                }
                body.clone()
            }
            "TerminateInstances" => {
                for machine in answer::texts(&text, "instanceId") {
                    self.ledger.ended(machine);
                }
                body.clone()
            }
            "DescribeInstances" => match self.described(&call, &text, fault.as_ref()) {
                Ok(text) => Bytes::from(text),
                Err(refusal) => return Ok(refused(&refusal)),
            },
            _ => body.clone(),
        };
        Ok(Response::from_parts(parts, Full::new(answer)))
    }

    /// An instance is there; a fault may end it at once or later.
    async fn made(
        self: &Arc<Self>,
        forward: &Forward,
        call: &Call,
        machine: &str,
        fault: Option<&Fault>,
    ) -> Result<(), Broken> {
        let extra = match fault {
            Some(Fault::ListedLate { millis }) => *millis,
            _ => 0,
        };
        let lag = self.list_lag_millis.load(Ordering::Relaxed) + extra;
        self.ledger.made(machine, call, lag);
        let Some(Fault::FailsLater {
            state,
            after_millis,
        }) = fault
        else {
            return Ok(());
        };
        let (shared, machine) = (Arc::clone(self), machine.to_owned());
        let (state, after_millis) = (*state, *after_millis);
        let forward = Forward {
            method: forward.method.clone(),
            path: forward.path.clone(),
            headers: forward.headers.clone(),
        };
        let end = async move {
            pause(after_millis).await;
            shared.fail(&forward, &machine, state).await
        };
        if after_millis == 0 {
            return end.await;
        }
        tokio::spawn(async move {
            if let Err(why) = end.await {
                eprintln!("an instance could not be made to fail: {why}");
            }
        });
        Ok(())
    }

    async fn fail(&self, forward: &Forward, machine: &str, state: DeadState) -> Result<(), Broken> {
        let (action, word) = match state {
            DeadState::Terminated => ("TerminateInstances", "terminated"),
            DeadState::Stopped => ("StopInstances", "stopped"),
        };
        let body = format!("Action={action}&Version=2016-11-15&InstanceId.1={machine}");
        let response = self.forward(forward, Bytes::from(body)).await?;
        if response.status() != StatusCode::OK {
            return Err(Broken::Failed(format!(
                "{action} was answered by {}",
                response.status()
            )));
        }
        self.ledger
            .failed(machine, word, state == DeadState::Terminated);
        Ok(())
    }

    /// A list as EC2 would give it: without what is too new, and with the reason of what has failed.
    fn described(&self, call: &Call, text: &str, fault: Option<&Fault>) -> Result<String, Refusal> {
        let hidden = self.ledger.hidden();
        let is_hidden = |item: &str| {
            answer::texts(item, "instanceId")
                .iter()
                .any(|id| hidden.contains(*id))
        };
        if call.has("InstanceId.1") && is_hidden(text) {
            return Err(Refusal::new(
                "InvalidInstanceID.NotFound",
                "The instance ID does not exist",
            ));
        }
        let shown = answer::map_items(text, "reservationSet", |item| {
            if is_hidden(item) {
                return None;
            }
            let ids = answer::texts(item, "instanceId");
            let reason = ids.first().and_then(|id| self.ledger.reason(id));
            Some(reason.map_or_else(
                || item.to_owned(),
                |reason| answer::with_reason(item, &reason),
            ))
        });
        Ok(match fault {
            Some(Fault::PageMissing) => answer::without_next_page(&shown),
            _ => shown,
        })
    }

    fn refuse(&self, call: &Call, refusal: &Refusal) -> Response<Full<Bytes>> {
        self.ledger.note(What::Refused {
            action: call.action().to_owned(),
            code: refusal.code.clone(),
        });
        refused(refusal)
    }

    /// Sends a body to moto on a connection of its own.
    async fn forward(
        &self,
        forward: &Forward,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Broken> {
        let failed = |source: &dyn std::fmt::Display| {
            Broken::Failed(format!("moto does not answer: {source}"))
        };
        let stream = TcpStream::connect(&self.upstream)
            .await
            .map_err(|source| failed(&source))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|source| failed(&source))?;
        let _connection = AbortOnDrop(tokio::spawn(async move { drop(connection.await) }));
        let path = forward
            .path
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = forward.method.clone();
        *request.uri_mut() = path
            .parse()
            .map_err(|source: http::uri::InvalidUri| failed(&source))?;
        request.headers_mut().clone_from(&forward.headers);
        request.headers_mut().remove(CONTENT_LENGTH);
        if let Ok(host) = self.upstream.parse() {
            request.headers_mut().insert(HOST, host);
        }
        let response = sender
            .send_request(request)
            .await
            .map_err(|source| failed(&source))?;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|source| failed(&source))?;
        for hop in ["connection", "transfer-encoding", "content-length"] {
            parts.headers.remove(hop);
        }
        Ok(Response::from_parts(parts, Full::new(body.to_bytes())))
    }
}

/// Ends a task with its owner.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = xml(status, Bytes::from(refusal.body()));
    if let Some(secs) = refusal.retry_after_secs {
        response.headers_mut().insert(RETRY_AFTER, secs.into());
    }
    response
}

fn xml(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/xml;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test double plays a slow cloud"
)]
async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
