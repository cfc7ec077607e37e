//! How long one decision over a whole deployment takes.

use std::hint::black_box;
use std::time::Instant;

use domain::connection::{Address, Protocol};
use domain::id::{ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use domain::server::{MachineId, Origin, SeatLimits, ServerState};
use domain::session::SessionKind;
use domain::snapshot::{
    ConfigSnapshot, LoopSettings, MachineState, OpenSession, PoolSnapshot, ProviderFacts,
    ProviderSnapshot, ServerSnapshot, Sighting, Snapshot, Waiter,
};
use domain::timestamp::Timestamp;
use uuid::Uuid;

use crate::{Figure, spread};

/// Servers in one pool.
const POOL: usize = 100;
const ROUNDS: usize = 20;
/// Of a server.
const LIMITS: SeatLimits = SeatLimits {
    max_sessions: 2,
    max_users: Some(2),
};
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub fn measure() -> Vec<Figure> {
    [10_000, 100_000]
        .into_iter()
        .flat_map(|servers| {
            let snapshot = snapshot(servers);
            let mut times: Vec<_> = (0..ROUNDS)
                .map(|_| {
                    let begun = Instant::now();
                    let plan = scaling::plan(black_box(&snapshot), NOW);
                    drop(black_box(plan));
                    begun.elapsed()
                })
                .collect();
            spread(&format!("plan_{servers}_servers"), &mut times)
        })
        .collect()
}

/// Pools that are half in use, each with a person who waits although there is a seat: the decision has work to do.
fn snapshot(servers: usize) -> Snapshot {
    let mut ids = (1_u128..).map(Uuid::from_u128);
    let mut id = || ids.next().expect("ids do not end");
    let (provider, zone) = (ProviderId::from_uuid(id()), ZoneId::from_uuid(id()));
    let count = u32::try_from(servers).expect("it fits");
    Snapshot {
        settings: LoopSettings::default(),
        pools: (0..servers / POOL)
            .map(|_| pool(provider, zone, &mut id))
            .collect(),
        providers: vec![ProviderSnapshot {
            id: provider,
            max_instances: count * 2,
            existing: count,
            creates_last_hour: 0,
            oldest_create_at: None,
            failures: 0,
            failed_at: None,
            not_before: None,
            hold: None,
            facts: ProviderFacts {
                list_lag_millis: 0,
                repeatable_create: true,
                can_authorize: true,
                runs_script: true,
                script_limit_bytes: None,
            },
            list_in_flight: false,
            last_list_at: Some(NOW),
            doubted: 0,
            strangers: Vec::new(),
        }],
    }
}

fn pool(provider: ProviderId, zone: ZoneId, id: &mut impl FnMut() -> Uuid) -> PoolSnapshot {
    let config = ConfigSnapshot {
        id: ConfigId::from_uuid(id()),
        version: 1,
        created_at: NOW.plus_millis(-3_600_000),
        zone,
        provider,
        enabled: true,
        dry_run: false,
        aggressive: true,
        minimum: 90,
        limits: LIMITS,
        reusable: true,
        backoff_secs: 900,
        surplus_since: None,
        unprepared: None,
    };
    let servers: Vec<_> = (0..POOL).map(|_| server(&config, id)).collect();
    let sessions = servers
        .iter()
        .map(|server| OpenSession {
            id: SessionId::from_uuid(id()),
            server: server.id,
            user: UserId::from_uuid(id()),
            kind: SessionKind::Shell,
            expires_at: NOW.plus_millis(3_600_000),
        })
        .collect();
    PoolSnapshot {
        id: PoolId::from_uuid(id()),
        configs: vec![config],
        servers,
        sessions,
        queue: vec![Waiter {
            id: SessionId::from_uuid(id()),
            user: UserId::from_uuid(id()),
            kind: SessionKind::Shell,
            requested_at: NOW.plus_millis(-10),
            expires_at: NOW.plus_millis(900_000),
        }],
    }
}

fn server(config: &ConfigSnapshot, id: &mut impl FnMut() -> Uuid) -> ServerSnapshot {
    let machine = MachineId(id().to_string());
    let address = Address {
        host: "10.0.0.1".to_owned(),
        port: 22,
    };
    ServerSnapshot {
        id: ServerId::from_uuid(id()),
        zone: config.zone,
        version: 3,
        origin: Origin::Scaled {
            config: config.id,
            provider: config.provider,
            config_version: 1,
        },
        state: ServerState::Running {
            machine: Some(machine.clone()),
            address: address.clone(),
        },
        state_since: NOW.plus_millis(-60_000),
        created_at: NOW.plus_millis(-90_000),
        protocol: Protocol::Ssh,
        limits: config.limits,
        reusable: true,
        require_checkin: true,
        provision_timeout_secs: 600,
        first_user: None,
        call_in_flight: false,
        call_known: true,
        retry_at: None,
        delete_accepted: false,
        access_pending: false,
        sighting: Sighting::Present {
            machine,
            state: MachineState::Up,
            address: Some(address),
            host_key: None,
        },
    }
}
