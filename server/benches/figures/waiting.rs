//! Forty people ask in forty pools without a seat, on a cloud that makes machines in no time: what is left of their wait is
//! Weir's own.
//!
//! Both times begin just before the use case is called, so they hold all that comes before the commit too.
//! `request_to_create_call` ends where the create call reaches the cloud. `queue_overhead` ends at the time that is written with
//! the seat: that of the tick which gives it, before its transaction is over.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use control::ControlPlane;
use domain::actor::{Actor, Role};
use domain::clock::Clock as _;
use domain::form::Draft;
use domain::id::{PoolId, ServerId, SessionId, UserId};
use domain::page::{MAX_LIMIT, PageQuery};
use domain::pool::PoolInput;
use domain::provider::{ProviderInput, ProviderKind};
use domain::session::{Session, SessionRequest, SessionState};
use domain::snapshot::LoopSettings;
use domain::timestamp::Timestamp;
use domain::user::UserInput;
use domain::zone::ZoneInput;
use futures::future::join_all;
use serde_json::json;
use server::background::Background;
use server::clock::SystemClock;
use server::settings::Place;
use server::startup::{self, Weir};
use server::telemetry::Metrics;
use tokio::sync::watch;

use crate::{Figure, spread};

const PEOPLE: usize = 40;
/// Each round gives a time for each person.
const ROUNDS: usize = 10;
/// Between two looks at whether all have a seat: long, since a look at forty queues is work too.
const LOOK: Duration = Duration::from_millis(500);
const ME: &Actor = &Actor::System;

pub async fn measure(folder: &Path) -> Vec<Figure> {
    let place = Place {
        data: folder.join("data"),
        database_url: None,
        key_file: None,
    };
    let settings = control::Settings {
        reconciler: LoopSettings {
            creates_per_hour: 100_000,
            ..LoopSettings::default()
        },
        ..control::Settings::default()
    };
    let Weir {
        plane, registry, ..
    } = startup::open(&place, settings)
        .await
        .expect("an open store");
    let (stop, stopping) = watch::channel(false);
    let metrics = Arc::new(Metrics::default());
    let background = Background::new(plane.clone(), Arc::clone(&registry), metrics);
    let background = tokio::spawn(background.run(stopping));

    let places = set_up(&plane).await;
    let mut to_create = Vec::new();
    let mut overhead = Vec::new();
    for _ in 0..ROUNDS {
        let asked = join_all(places.iter().map(|place| ask(&plane, *place))).await;
        let seated = seats(&plane).await;
        let machines: BTreeMap<ServerId, Timestamp> = registry
            .clouds()
            .iter()
            .flat_map(|(_, cloud)| cloud.machines())
            .map(|machine| (machine.request.tags.server, machine.created_at))
            .collect();
        for (session, asked_at) in asked {
            let (server, assigned_at) = seated[&session];
            to_create.push(between(asked_at, machines[&server]));
            // The machine checks in at the moment of its making, so all of the wait is Weir's.
            overhead.push(between(asked_at, assigned_at));
        }
        for session in seated.keys() {
            control::session::end(&plane, ME, *session)
                .await
                .expect("it ends");
        }
        until_no_server_is_left(&plane).await;
    }
    stop.send(true).expect("the loop runs");
    background.await.expect("the loop ends");
    let mut figures = Vec::from(spread("request_to_create_call", &mut to_create));
    figures.extend(spread("queue_overhead", &mut overhead));
    figures
}

/// Forty people, each with a pool of their own that keeps nothing ready.
async fn set_up(plane: &ControlPlane) -> Vec<(UserId, PoolId)> {
    let zone = ZoneInput {
        name: "Here".to_owned(),
        upstream_auth_address: "127.0.0.1:3000".to_owned(),
    };
    let zone = control::zone::create(plane, ME, zone)
        .await
        .expect("a zone");
    let immediate = json!({ "boot_millis": 0, "script_millis": 0 });
    let provider = ProviderInput {
        name: "Cloud".to_owned(),
        kind: ProviderKind::Fake,
        max_instances: 1000,
        startup_script: "token={checkin_jwt}".to_owned(),
        settings: immediate.as_object().cloned().expect("an object"),
    };
    let provider = control::provider::create(plane, ME, provider)
        .await
        .expect("a provider");
    let mut places = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("pool-{number}");
        let pool = PoolInput {
            name: name.clone(),
            description: String::new(),
            apps: Vec::new(),
        };
        let pool = control::pool::create(plane, ME, pool)
            .await
            .expect("a pool");
        let config = Draft::new()
            .with("enabled", true)
            .with("name", name)
            .with("pool_id", pool.id.to_string())
            .with("deployment_zone_id", zone.id.to_string())
            .with("provider_id", provider.id.to_string())
            .with("connection_type", "ssh")
            .with("connection_username", "desk")
            .with("use_user_ssh_key", true)
            .with("aggressive_scaling", true)
            .with("require_checkin", true)
            .with("reusable", true)
            .with("minimum_available_sessions", 0)
            .with("max_simultaneous_sessions_per_server", 1)
            .with("max_simultaneous_users", 1)
            .with("downscale_backoff_seconds", 0);
        control::autoscale::create(plane, ME, config)
            .await
            .expect("a config");
        let person = UserInput {
            name: format!("person-{number}"),
            role: Role::User,
            password: None,
        };
        let person = control::user::create(plane, ME, person)
            .await
            .expect("a person");
        places.push((person.id, pool.id));
    }
    places
}

/// The session, and the moment before it was asked for.
async fn ask(plane: &ControlPlane, (user, pool): (UserId, PoolId)) -> (SessionId, Timestamp) {
    let request = SessionRequest {
        pool_id: pool,
        kind: None,
        user_id: None,
    };
    let person = Actor::Person {
        user,
        role: Role::User,
    };
    let asked_at = SystemClock.now();
    let session = control::session::request(plane, &person, request)
        .await
        .expect("it is accepted");
    (session.id, asked_at)
}

/// Waits until everybody has a seat: on which server, and since when.
async fn seats(plane: &ControlPlane) -> BTreeMap<SessionId, (ServerId, Timestamp)> {
    loop {
        let sessions = sessions(plane).await;
        let seated: BTreeMap<_, _> = sessions.iter().filter_map(seat).collect();
        if seated.len() == PEOPLE {
            return seated;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn seat(session: &Session) -> Option<(SessionId, (ServerId, Timestamp))> {
    match session.status {
        SessionState::Assigned {
            server_id,
            assigned_at,
        } => Some((session.id, (server_id, assigned_at))),
        _ => None,
    }
}

async fn sessions(plane: &ControlPlane) -> Vec<Session> {
    control::session::list(plane, ME, control::session::Filter::default(), &all())
        .await
        .expect("a list")
        .items
}

async fn until_no_server_is_left(plane: &ControlPlane) {
    while !control::server::list(plane, ME, &control::server::Filter::default(), &all())
        .await
        .expect("a list")
        .items
        .is_empty()
    {
        tokio::time::sleep(LOOK).await;
    }
}

fn all() -> PageQuery {
    PageQuery {
        cursor: None,
        limit: Some(MAX_LIMIT),
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    let millis = u64::try_from(to.since(from));
    Duration::from_millis(millis.expect("what is asked for comes later, by one clock"))
}
