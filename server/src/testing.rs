//! An app in the test's own process: the real router, use cases and database, no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use control::checkin_token::CheckinTokens;
use control::{ControlPlane, reconciler};
use domain::actor::{Actor, Role};
use domain::clock::Clock;
use domain::id::DeploymentId;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use domain::user::{ApiKeyInput, User, UserInput};
use providers::registry::{Context, Registry};
use serde_json::{Value, json};
use store::Store;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::assets::Site;
use crate::auth::guessing::Guessing;
use crate::background::Background;
use crate::clock::OsEntropy;
use crate::settings::Place;
use crate::startup::{self, Weir};
use crate::state::{AppState, Parts, Web};
use crate::telemetry::Metrics;

/// The password of everyone in tests.
pub const PASSWORD: &str = "correct horse battery";

/// The address that browsers of tests use.
pub const ORIGIN: &str = "http://127.0.0.1:3000";

/// One app with its own database.
pub struct TestApp {
    /// All routes.
    pub router: Router,
    /// The use cases.
    pub plane: ControlPlane,
    /// The providers.
    pub registry: Arc<Registry>,
    /// What handlers work with.
    pub state: AppState,
    /// An admin.
    pub admin: User,
    /// The admin's key.
    pub admin_key: String,
    /// The person's key.
    pub user_key: String,
    stop: watch::Sender<bool>,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One member of the body as text.
    pub fn member(&self, key: &str) -> String {
        self.json()[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {self:?}"))
            .to_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Checks the status, showing the body where it is another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// Checks that it is a problem with this status and code.
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{answer:?}"
        );
        assert_eq!(answer.json()["code"], code, "{answer:?}");
        assert_eq!(answer.json()["status"], status, "{answer:?}");
        answer
    }
}

impl TestApp {
    /// An app on SQLite. What differs on Postgres is the store's to show, in its contract.
    pub async fn new() -> Self {
        Self::with_local(true).await
    }

    /// One that has no servers on this machine: a demo has machines in memory then.
    pub async fn without_local() -> Self {
        Self::with_local(false).await
    }

    async fn with_local(allow_local_provider: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place {
            data: folder.path().to_owned(),
            database_url: None,
            key_file: None,
        };
        let settings = control::Settings {
            allow_local_provider,
            ..control::Settings::default()
        };
        let Weir {
            plane,
            registry,
            store: _,
            fingerprint_key,
            run,
        } = startup::open(&place, settings).await.expect("an app");
        let (stop, stopping) = watch::channel(false);
        let web = Web {
            origin: ORIGIN.to_owned(),
            https: false,
            behind_proxy: false,
            metrics_token: Some(Secret::new("figures")),
        };
        let state = AppState::new(Parts {
            plane: plane.clone(),
            web,
            site: &Site::NONE,
            guessing: Guessing::default(),
            metrics: Arc::new(Metrics::default()),
            stopping,
            run,
            fingerprint_key,
        });
        let person = async |name: &str, role| {
            let input = UserInput {
                name: name.to_owned(),
                role,
                password: Some(Secret::new(PASSWORD)),
            };
            control::user::create(&plane, &Actor::System, input)
                .await
                .expect("a person")
        };
        let admin = person("ada", Role::Admin).await;
        let user = person("ben", Role::User).await;
        let key = async |user: &User| {
            let input = ApiKeyInput {
                name: format!("key of {}", user.name),
                role: user.role,
                user_id: Some(user.id),
            };
            control::api_key::create(&plane, &Actor::System, input)
                .await
                .expect("a key")
                .token
        };
        let (admin_key, user_key) = (key(&admin).await, key(&user).await);
        let router = crate::router::router(state.clone()).expect("routes");
        Self {
            router,
            plane,
            registry,
            state,
            admin,
            admin_key,
            user_key,
            stop,
            _folder: folder,
        }
    }

    /// Begins the loop, as the process does.
    pub fn begin_loop(&self) {
        let background = Background::new(
            self.plane.clone(),
            self.registry.clone(),
            self.state.metrics.clone(),
        );
        tokio::spawn(background.run(self.state.stopping.clone()));
    }

    /// Tells it to end.
    pub fn stop(&self) {
        self.stop.send(true).expect("somebody listens");
    }

    /// Sends a request and reads its answer to the end.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router has no error of its own");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// A request to the API with a key; an empty one is left out.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_with(key, method, path, body, &[]).await
    }

    /// The same with more headers.
    pub async fn call_with(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method: Method = method.parse().expect("a method");
        let path = if path.starts_with("/api/") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// As the admin's key.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call(&self.admin_key, method, path, body).await
    }

    /// As the person's key.
    pub async fn user(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call(&self.user_key, method, path, body).await
    }

    /// What this key reads at `path` once it is as wanted.
    #[expect(
        clippy::disallowed_methods,
        reason = "the loop under test works by the real clock"
    )]
    pub async fn until(&self, key: &str, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..200 {
            let answer = self.call(key, "GET", path, None).await.expect(200).json();
            if is_so(&answer) {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!(
            "{path} does not become so: {:?}",
            self.call(key, "GET", path, None).await
        );
    }

    /// Sends a form as a page of Weir does.
    pub async fn form(&self, path: &str, cookie: &str, fields: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(fields.to_owned()));
        self.send(request.expect("a request")).await
    }

    /// Signs a person in and gives the cookie.
    pub async fn sign_in(&self, name: &str) -> String {
        let fields = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.form("/ui/login", "", &fields).await.expect(303);
        answer
            .header("set-cookie")
            .split(';')
            .next()
            .expect("a cookie")
            .to_owned()
    }

    /// Changes some members of a provider config.
    pub async fn change_provider(&self, id: &str, changes: Value) -> Value {
        let path = format!("/providers/{id}");
        let old = self.admin("GET", &path, None).await.expect(200).json();
        let mut input = json!({});
        for key in [
            "name",
            "kind",
            "max_instances",
            "startup_script",
            "settings",
        ] {
            input[key] = changes.get(key).unwrap_or(&old[key]).clone();
        }
        let seen = format!("\"v{}\"", old["version"]);
        let seen = [("if-match", seen.as_str())];
        self.call_with(&self.admin_key, "PUT", &path, Some(input), &seen)
            .await
            .expect(200)
            .json()
    }

    /// A pool with one fixed SSH server of two seats, and nothing that makes another.
    pub async fn fixed(&self) -> Made {
        let made = self.pool("Desks", json!({ "enabled": false })).await;
        let server = json!({
            "name": "desk", "pool_id": made.pool, "zone_id": made.zone, "protocol": "ssh", "host": "desk.example",
            "port": 2222, "username": "desk", "limits": { "max_sessions": 2, "max_users": 2 },
        });
        self.admin("POST", "/servers", Some(server))
            .await
            .expect(201);
        made
    }

    /// Makes a zone, a fake cloud without delays, a pool, and a config with these values over the usual ones;
    /// null leaves one out.
    pub async fn pool(&self, name: &str, values: Value) -> Made {
        let zone = json!({ "name": name, "upstream_auth_address": "127.0.0.1:3000" });
        let zone = self
            .admin("POST", "/zones", Some(zone))
            .await
            .expect(201)
            .member("id");
        let provider = json!({
            "name": name, "kind": "fake", "max_instances": 10, "startup_script": "token={checkin_jwt}",
            "settings": { "boot_millis": 0, "script_millis": 0 },
        });
        let provider = self
            .admin("POST", "/providers", Some(provider))
            .await
            .expect(201)
            .member("id");
        let pool = self
            .admin("POST", "/pools", Some(json!({ "name": name })))
            .await
            .expect(201)
            .member("id");
        let mut config = json!({
            "enabled": true, "name": name, "pool_id": pool, "deployment_zone_id": zone, "provider_id": provider,
            "connection_type": "ssh", "connection_username": "desk", "use_user_ssh_key": true, "max_simultaneous_sessions_per_server": 2,
            "max_simultaneous_users": 2, "minimum_available_sessions": 0, "reusable": true,
        });
        for (key, value) in values.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        if let Some(config) = config.as_object_mut() {
            config.retain(|_, value| !value.is_null());
        }
        let answer = self
            .admin("POST", "/autoscale-configs", Some(config.clone()))
            .await
            .expect(201);
        Made {
            zone,
            provider,
            pool,
            config: answer.member("id"),
            document: config,
        }
    }
}

/// What [`TestApp::pool`] has made.
pub struct Made {
    /// The zone's id.
    pub zone: String,
    /// The provider config's id.
    pub provider: String,
    /// The pool's id.
    pub pool: String,
    /// The autoscale config's id.
    pub config: String,
    /// The autoscale config as it was sent.
    pub document: Value,
}

/// A clock that stands until a test moves it.
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Moves it on.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// An app whose clock and loop are moved by hand: between two steps of a test nothing happens by itself, and no machine of
/// its fake clouds acts.
pub struct ByHand {
    /// The app.
    pub app: TestApp,
    /// Its time.
    pub clock: Arc<HandClock>,
    parts: HandParts,
    _folder: TempDir,
}

/// What a process that begins anew works with again.
struct HandParts {
    store: Store,
    registry: Arc<Registry>,
}

impl ByHand {
    /// With nothing in it yet.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Place {
            data: folder.path().to_owned(),
            database_url: None,
            key_file: None,
        };
        let weir = startup::open(&home, control::Settings::default()).await;
        let Weir {
            plane,
            store,
            fingerprint_key,
            run,
            ..
        } = weir.expect("a database");
        // In whole seconds, as tokens count them.
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000_000)));
        let registry = Arc::new(Registry::new(Context {
            data: home.data,
            deployment: plane.deployment(),
            clock: clock.clone(),
            allow_local: false,
            search_path: String::new(),
        }));
        let parts = HandParts { store, registry };
        let mut app = TestApp::new().await;
        app.plane = parts.plane(&clock, plane.deployment(), 1);
        app.registry = parts.registry.clone();
        app.state = AppState::new(Parts {
            plane: app.plane.clone(),
            web: app.state.web.clone(),
            site: app.state.site,
            guessing: Guessing::default(),
            metrics: app.state.metrics.clone(),
            stopping: app.state.stopping.clone(),
            run,
            fingerprint_key,
        });
        app.router = crate::router::router(app.state.clone()).expect("routes");
        let key = ApiKeyInput {
            name: "by hand".to_owned(),
            role: Role::Admin,
            user_id: None,
        };
        let key = control::api_key::create(&app.plane, &Actor::System, key).await;
        app.admin_key = key.expect("a key").token;
        Self {
            app,
            clock,
            parts,
            _folder: folder,
        }
    }

    /// One pass of the loop with all its calls.
    pub async fn turn(&self) {
        self.turn_of(&self.app.plane).await;
    }

    /// One pass of the loop of this process.
    pub async fn turn_of(&self, plane: &ControlPlane) {
        let TestApp {
            registry, state, ..
        } = &self.app;
        let hands = Background::new(plane.clone(), registry.clone(), state.metrics.clone());
        let tick = reconciler::tick(plane).await.expect("a tick");
        assert!(tick.faults.is_empty(), "{:?}", tick.faults);
        for effect in tick.effects {
            let finished = effect.run(plane, &hands).await;
            let recorded = reconciler::record(plane, finished).await;
            recorded.expect("the outcome is recorded");
        }
    }

    /// Another process over the same database and clouds, which remembers nothing; the first is known to be dead.
    pub async fn another(&self) -> ControlPlane {
        let plane = self
            .parts
            .plane(&self.clock, self.app.plane.deployment(), 2);
        reconciler::take_over(&plane).await.expect("a take-over");
        plane
    }
}

impl HandParts {
    fn plane(
        &self,
        clock: &Arc<HandClock>,
        deployment: DeploymentId,
        process: u32,
    ) -> ControlPlane {
        ControlPlane::new(control::Parts {
            store: self.store.clone(),
            deployment,
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            providers: self.registry.clone(),
            tokens: CheckinTokens::new(&[1; 32], deployment),
            settings: control::Settings::default(),
            holder: format!("weir-by-hand-{process}"),
        })
    }
}
