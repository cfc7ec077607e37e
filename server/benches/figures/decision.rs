//! How long decisions take, and the memory for them: a pass over a whole deployment, as in each tick, and one event, as for each
//! request.

use std::hint::black_box;
use std::process::{Command, Stdio};
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

/// Servers, over all pools.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
const POOLS: usize = 1000;
const ROUNDS: usize = 20;
const EVENTS: usize = 10_000;
/// Before the number of servers: this process measures that size alone.
pub const ALONE: &str = "--servers";
/// Of a server.
const LIMITS: SeatLimits = SeatLimits {
    max_sessions: 2,
    max_users: Some(2),
};
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// All sizes, each in a process of its own, whose memory is its own.
pub fn measure() -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut passes = Vec::new();
    for servers in SIZES {
        let of_size = in_a_process_of_its_own(servers);
        passes.push(of_size[0].value);
        figures.extend(of_size);
    }
    // How time grows with size, from the smallest to the largest: 1 is in proportion.
    let growth = passes[SIZES.len() - 1] / passes[0];
    let of_size = |at: usize| f64::from(u32::try_from(SIZES[at]).expect("it fits"));
    let exponent = growth.ln() / (of_size(SIZES.len() - 1) / of_size(0)).ln();
    figures.push(Figure::new("plan_exponent", exponent, "1"));
    figures
}

fn in_a_process_of_its_own(servers: usize) -> Vec<Figure> {
    let program = std::env::current_exe().expect("a path");
    let output = Command::new(program)
        .args([ALONE, &servers.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "the figures of {servers} servers");
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines().map(Figure::read).collect()
}

/// The figures of one size: a pass over everything, one event, and the memory that both took.
pub fn of_size(servers: usize) -> Vec<Figure> {
    let snapshot = snapshot(servers);
    let mut passes: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let plan = scaling::plan(black_box(&snapshot), NOW);
            drop(black_box(plan));
            begun.elapsed()
        })
        .collect();
    let mut events: Vec<_> = (0..EVENTS)
        .map(|number| {
            let pool = &snapshot.pools[number % POOLS];
            let newcomer = Waiter {
                id: SessionId::from_uuid(Uuid::from_u128(number as u128)),
                ..pool.queue[0].clone()
            };
            let begun = Instant::now();
            let placed = scaling::place(black_box(pool), &[newcomer], NOW);
            drop(black_box(placed));
            begun.elapsed()
        })
        .collect();
    let mut figures = Vec::from(spread(&format!("plan_{servers}_servers"), &mut passes));
    figures.extend(spread(&format!("place_{servers}_servers"), &mut events));
    let name = format!("plan_{servers}_servers_rss");
    figures.push(Figure::new(name, most_memory(), "MB"));
    figures
}

/// The most memory that this process has had, in millions of bytes.
fn most_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let kib: f64 = most.and_then(|kib| kib.parse().ok()).expect("a figure");
    kib * 1024.0 / 1_000_000.0
}

/// Pools that are half in use, each with a person who waits although there is a seat: the decision has work to do.
fn snapshot(servers: usize) -> Snapshot {
    let mut ids = (1_u128..).map(Uuid::from_u128);
    let mut id = || ids.next().expect("ids do not end");
    let (provider, zone) = (ProviderId::from_uuid(id()), ZoneId::from_uuid(id()));
    let count = u32::try_from(servers).expect("it fits");
    Snapshot {
        settings: LoopSettings::default(),
        pools: (0..POOLS)
            .map(|_| pool(provider, zone, servers / POOLS, &mut id))
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

fn pool(
    provider: ProviderId,
    zone: ZoneId,
    servers: usize,
    id: &mut impl FnMut() -> Uuid,
) -> PoolSnapshot {
    let config = ConfigSnapshot {
        id: ConfigId::from_uuid(id()),
        version: 1,
        created_at: NOW.plus_millis(-3_600_000),
        zone,
        provider,
        enabled: true,
        dry_run: false,
        aggressive: true,
        minimum: u32::try_from(servers * 9 / 10).expect("it fits"),
        limits: LIMITS,
        reusable: true,
        backoff_secs: 900,
        surplus_since: None,
        unprepared: None,
    };
    let servers: Vec<_> = (0..servers).map(|_| server(&config, id)).collect();
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
