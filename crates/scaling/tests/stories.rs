//! Stories with exact plans and a hand-moved clock.

use domain::connection::{Address, Protocol};
use domain::id::{ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use domain::orphan::OrphanDecision;
use domain::plan::{Action, ConfigReport, Finding, Outcome, Plan, Planned, Reason};
use domain::server::{
    DeleteReason, DrainReason, FailReason, MachineId, Origin, SeatLimits, ServerState,
};
use domain::session::{EndReason, SessionKind};
use domain::snapshot::{
    ConfigSnapshot, Hold, Listed, LoopSettings, MachineState, OpenSession, PoolSnapshot,
    ProviderFacts, ProviderSnapshot, ServerSnapshot, Sighting, Snapshot, Stranger, Unprepared,
    Waiter,
};
use domain::timestamp::Timestamp;
use uuid::Uuid;

const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn id(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn server_id(number: u32) -> ServerId {
    ServerId::from_uuid(id(number))
}

fn session_id(number: u32) -> SessionId {
    SessionId::from_uuid(id(number))
}

fn config_id(number: u32) -> ConfigId {
    ConfigId::from_uuid(id(number))
}

fn machine(number: u32) -> MachineId {
    MachineId(format!("m-{number}"))
}

fn address() -> Address {
    Address {
        host: "10.0.0.1".into(),
        port: 3389,
    }
}

const ONE_SEAT: SeatLimits = SeatLimits {
    max_sessions: 1,
    max_users: None,
};

fn zone(number: u32) -> ZoneId {
    ZoneId::from_uuid(id(number))
}

fn provider(number: u32) -> ProviderSnapshot {
    ProviderSnapshot {
        id: ProviderId::from_uuid(id(number)),
        max_instances: 10,
        existing: 0,
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
        last_list_at: Some(NOON),
        doubted: 0,
        strangers: Vec::new(),
    }
}

/// One seat a server, kept free: `minimum`.
fn config(number: u32, minimum: u32) -> ConfigSnapshot {
    ConfigSnapshot {
        id: config_id(number),
        version: 1,
        created_at: NOON,
        zone: zone(1),
        provider: provider(1).id,
        enabled: true,
        dry_run: false,
        aggressive: true,
        minimum,
        limits: ONE_SEAT,
        reusable: true,
        backoff_secs: 900,
        surplus_since: None,
        unprepared: None,
    }
}

/// A server of config 1 that runs and is in the list.
fn running(number: u32, limits: SeatLimits) -> ServerSnapshot {
    ServerSnapshot {
        id: server_id(number),
        version: 1,
        zone: zone(1),
        origin: Origin::Scaled {
            config: config_id(1),
            provider: provider(1).id,
            config_version: 1,
        },
        state: ServerState::Running {
            machine: Some(machine(number)),
            address: address(),
        },
        state_since: NOON,
        created_at: NOON,
        protocol: Protocol::Rdp,
        limits,
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
            machine: machine(number),
            state: MachineState::Up,
            address: Some(address()),
            host_key: None,
        },
    }
}

fn booting(number: u32, limits: SeatLimits) -> ServerSnapshot {
    ServerSnapshot {
        state: ServerState::Booting {
            machine: machine(number),
            address: address(),
        },
        ..running(number, limits)
    }
}

fn session(number: u32, server: u32, person: u32) -> OpenSession {
    OpenSession {
        id: session_id(number),
        server: server_id(server),
        user: UserId::from_uuid(id(person)),
        kind: SessionKind::Desktop,
        expires_at: NOON.plus_secs(12 * 3600),
    }
}

fn waiter(number: u32, person: u32) -> Waiter {
    Waiter {
        id: session_id(number),
        user: UserId::from_uuid(id(person)),
        kind: SessionKind::Desktop,
        requested_at: NOON,
        expires_at: NOON.plus_secs(900),
    }
}

fn pool(configs: Vec<ConfigSnapshot>, servers: Vec<ServerSnapshot>) -> PoolSnapshot {
    PoolSnapshot {
        id: PoolId::from_uuid(id(1)),
        configs,
        servers,
        sessions: Vec::new(),
        queue: Vec::new(),
    }
}

/// The pool with providers 1 and 2, whose rows are counted.
fn snapshot(pool: PoolSnapshot) -> Snapshot {
    let mut providers = vec![provider(1), provider(2)];
    for one in &mut providers {
        let ours = pool.servers.iter().filter(
            |server| matches!(server.origin, Origin::Scaled { provider, .. } if provider == one.id),
        );
        one.existing = u32::try_from(ours.count()).expect("few servers");
    }
    Snapshot {
        settings: LoopSettings::default(),
        providers,
        pools: vec![pool],
    }
}

fn plan(pool: PoolSnapshot) -> Plan {
    scaling::plan(&snapshot(pool), NOON)
}

fn create(config: u32, reason: Reason) -> Planned {
    create_by(config, 1, reason)
}

fn create_by(config: u32, by: u32, reason: Reason) -> Planned {
    let action = Action::Create {
        pool: PoolId::from_uuid(id(1)),
        config: config_id(config),
        provider: provider(by).id,
    };
    Planned { action, reason }
}

fn seat(request: u32, server: u32) -> Planned {
    Planned {
        action: Action::Seat {
            session: session_id(request),
            server: server_id(server),
        },
        reason: Reason::AssignedFreeSeat,
    }
}

fn drain(server: u32, why: DrainReason, reason: Reason) -> Planned {
    Planned {
        action: Action::Drain {
            server: server_id(server),
            why,
        },
        reason,
    }
}

fn fail(server: u32, why: FailReason, reason: Reason) -> Planned {
    Planned {
        action: Action::Fail {
            server: server_id(server),
            why,
        },
        reason,
    }
}

fn delete(server: u32, reason: Reason) -> Planned {
    Planned {
        action: Action::Delete {
            server: server_id(server),
        },
        reason,
    }
}

fn start_backoff(config: u32) -> Planned {
    Planned {
        action: Action::StartBackoff {
            config: config_id(config),
        },
        reason: Reason::BackoffStarted,
    }
}

fn clear_backoff(config: u32) -> Planned {
    Planned {
        action: Action::ClearBackoff {
            config: config_id(config),
        },
        reason: Reason::BackoffCleared,
    }
}

/// (reason, count) of a config's findings.
fn said(config: &ConfigReport) -> Vec<(Reason, u32)> {
    let findings = config.findings.iter();
    findings.map(|one| (one.reason, one.count)).collect()
}

fn config_report(plan: &Plan, nth: usize) -> &ConfigReport {
    &plan.report.pools[0].configs[nth]
}

fn pool_says(plan: &Plan, reason: Reason) -> u32 {
    let findings = plan.report.pools[0].findings.iter();
    findings
        .filter(|one| one.reason == reason)
        .map(|one| one.count)
        .sum()
}

fn answers(pool: &PoolSnapshot, newcomers: &[Waiter]) -> Vec<(Outcome, Reason)> {
    let placements = scaling::place(pool, newcomers, NOON);
    placements
        .into_iter()
        .map(|one| (one.outcome, one.reason))
        .collect()
}

#[test]
fn two_users_with_ten_sessions_each_count_as_two_seats() {
    let limits = SeatLimits {
        max_sessions: 10,
        max_users: Some(2),
    };
    let config = ConfigSnapshot {
        limits,
        ..config(1, 4)
    };
    let plan = plan(pool(vec![config.clone()], Vec::new()));
    let below = create(1, Reason::GrewBelowMinimum);
    assert_eq!(plan.actions, [below.clone(), below.clone()]);
    let up = config_report(&plan, 0).up;
    assert_eq!((up.want, up.seats_per_server, up.create), (4, 2, 2));

    // One person with nine sessions: one seat by users, one by sessions.
    let mut with_person = pool(vec![config], vec![running(1, limits), running(2, limits)]);
    with_person.sessions = (0..9).map(|nth| session(100 + nth, 1, 7)).collect();
    let plan = self::plan(with_person);
    assert_eq!(plan.actions, [below]);
    assert_eq!(config_report(&plan, 0).up.free_seats, 3);
}

#[test]
fn a_session_is_followed_by_a_new_standby_server() {
    let mut pool = pool(vec![config(1, 1)], vec![running(1, ONE_SEAT)]);
    let plan = self::plan(pool.clone());
    assert_eq!(plan.actions, []);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::HeldEnough, 0), (Reason::KeptMinimum, 1)]
    );
    pool.sessions.push(session(100, 1, 7));
    assert_eq!(
        self::plan(pool).actions,
        [create(1, Reason::GrewBelowMinimum)]
    );
}

#[test]
fn seats_in_flight_cover_the_need() {
    let mut pool = pool(
        vec![config(1, 1)],
        vec![booting(1, ONE_SEAT), booting(2, ONE_SEAT)],
    );
    pool.queue.push(waiter(100, 7));
    let plan = self::plan(pool);
    assert_eq!(plan.actions, []);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::HeldEnoughStarting, 0)]
    );
    assert_eq!(pool_says(&plan, Reason::QueuedInFlight), 1);
}

#[test]
fn a_server_without_an_answer_is_in_flight_once_a_list_shows_its_machine() {
    let mut found = booting(2, ONE_SEAT);
    found.state = ServerState::Unknown;
    let creates = |server: &ServerSnapshot| {
        let plan = plan(pool(vec![config(1, 1)], vec![server.clone()]));
        config_report(&plan, 0).up.create
    };
    assert_eq!(creates(&found), 0);
    found.sighting = Sighting::NotLookedFor;
    assert_eq!(creates(&found), 1);
}

#[test]
fn a_burst_with_aggressive_scaling_queues_whole_and_shares_new_servers() {
    let limits = SeatLimits {
        max_sessions: 2,
        max_users: None,
    };
    let config = ConfigSnapshot {
        limits,
        ..config(1, 0)
    };
    let burst: Vec<_> = (0..3).map(|nth| waiter(100 + nth, nth)).collect();
    let mut pool = pool(vec![config], Vec::new());
    assert_eq!(
        answers(&pool, &burst),
        [(Outcome::Queue, Reason::QueuedAggressive); 3]
    );
    pool.queue = burst;
    let plan = self::plan(pool);
    let waiting = create(1, Reason::GrewWaiting);
    assert_eq!(plan.actions, [waiting.clone(), waiting]);
    assert_eq!(said(config_report(&plan, 0)), [(Reason::GrewWaiting, 2)]);
    assert_eq!(pool_says(&plan, Reason::QueuedInFlight), 3);
}

#[test]
fn a_burst_without_aggressive_scaling_queues_only_for_seats_in_flight() {
    let config = ConfigSnapshot {
        aggressive: false,
        ..config(1, 2)
    };
    let mut pool = pool(
        vec![config],
        vec![running(1, ONE_SEAT), booting(2, ONE_SEAT)],
    );
    let burst: Vec<_> = (0..3).map(|nth| waiter(100 + nth, nth)).collect();
    assert_eq!(
        answers(&pool, &burst),
        [
            (Outcome::Seat(server_id(1)), Reason::AssignedFreeSeat),
            (Outcome::Queue, Reason::QueuedInFlight),
            (Outcome::Refuse, Reason::RefusedNoCapacityComing),
        ]
    );
    // Who waits already is not turned away, even with nothing in flight.
    pool.queue = vec![waiter(90, 9), waiter(91, 8)];
    pool.servers.clear();
    assert_eq!(
        answers(&pool, &burst[..1]),
        [
            (Outcome::Queue, Reason::QueuedHeld),
            (Outcome::Queue, Reason::QueuedHeld),
            (Outcome::Refuse, Reason::RefusedNoCapacityComing),
        ]
    );
}

#[test]
fn max_instances_is_a_wall() {
    let mut pool = pool(vec![config(1, 1)], vec![running(1, ONE_SEAT)]);
    pool.sessions.push(session(100, 1, 7));
    pool.queue.push(waiter(101, 8));
    let mut snapshot = snapshot(pool);
    snapshot.providers[0].max_instances = 2;
    // A machine without a row costs money too.
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, [create(1, Reason::GrewWaiting)]);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::GrewWaiting, 1), (Reason::HeldAtLimit, 1)]
    );
    snapshot.providers[0].strangers.push(stranger(NOON));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    assert_eq!(said(config_report(&plan, 0)), [(Reason::HeldAtLimit, 2)]);
    assert_eq!(pool_says(&plan, Reason::QueuedHeld), 1);
}

#[test]
fn what_cannot_be_put_together_is_not_tried_all_the_time() {
    let retry_at = NOON.plus_secs(30);
    let config = ConfigSnapshot {
        unprepared: Some(Unprepared {
            problem: "The script is too long.".to_owned(),
            retry_at,
        }),
        ..config(1, 2)
    };
    let snapshot = snapshot(pool(vec![config], Vec::new()));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    assert_eq!(plan.next_at, Some(retry_at));
    let report = config_report(&plan, 0);
    assert_eq!(said(report), [(Reason::HeldUnprepared, 2)]);
    assert_eq!(report.problem.as_deref(), Some("The script is too long."));
    // Nothing has changed: then it is tried once more.
    let plan = scaling::plan(&snapshot, retry_at);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::GrewBelowMinimum, 2)]
    );
    assert_eq!(config_report(&plan, 0).problem, None);
}

#[test]
fn creates_an_hour_are_capped() {
    let mut snapshot = snapshot(pool(vec![config(1, 2)], Vec::new()));
    snapshot.providers[0].creates_last_hour = 59;
    snapshot.providers[0].oldest_create_at = Some(NOON.plus_secs(10).plus_millis(-3_600_000));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, [create(1, Reason::GrewBelowMinimum)]);
    let held = config_report(&plan, 0).findings[1].clone();
    assert_eq!((held.reason, held.count), (Reason::HeldCreatesPerHour, 1));
    assert_eq!(held.until, Some(NOON.plus_secs(10)));
    assert_eq!(plan.next_at, Some(NOON.plus_secs(10)));
}

#[test]
fn one_zone_keeps_the_largest_minimum() {
    let second = ConfigSnapshot {
        provider: provider(2).id,
        ..config(2, 3)
    };
    let plan = plan(pool(vec![config(1, 2), second], Vec::new()));
    let first = create(1, Reason::GrewBelowMinimum);
    assert_eq!(
        plan.actions,
        [
            first.clone(),
            first,
            create_by(2, 2, Reason::GrewBelowMinimum)
        ]
    );
}

#[test]
fn two_zones_keep_one_minimum_each_and_count_a_wait_once() {
    let second = ConfigSnapshot {
        zone: zone(2),
        ..config(2, 1)
    };
    let mut pool = pool(vec![config(1, 1), second], Vec::new());
    pool.queue.push(waiter(100, 7));
    let plan = plan(pool);
    assert_eq!(
        plan.actions,
        [
            create(1, Reason::GrewWaiting),
            create(1, Reason::GrewBelowMinimum),
            create(2, Reason::GrewBelowMinimum),
        ]
    );
    assert_eq!(config_report(&plan, 1).up.waiting, 0);
}

#[test]
fn a_later_config_takes_over_where_the_first_cannot_create() {
    let second = ConfigSnapshot {
        provider: provider(2).id,
        zone: zone(2),
        ..config(2, 0)
    };
    let mut pool = pool(vec![config(1, 0), second], Vec::new());
    pool.queue.push(waiter(100, 7));
    let mut snapshot = snapshot(pool);
    snapshot.providers[0].not_before = Some(NOON.plus_secs(60));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, [create_by(2, 2, Reason::GrewWaiting)]);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::HeldProviderBackoff, 1)]
    );
}

#[test]
fn the_backoff_is_set_runs_and_comes_due() {
    let mut pool = pool(
        vec![config(1, 1)],
        vec![running(1, ONE_SEAT), running(2, ONE_SEAT)],
    );
    let plan = self::plan(pool.clone());
    assert_eq!(plan.actions, [start_backoff(1)]);
    assert_eq!(
        said(config_report(&plan, 0)),
        [
            (Reason::HeldEnough, 0),
            (Reason::KeptMinimum, 1),
            (Reason::BackoffStarted, 1),
            (Reason::KeptBackoff, 1)
        ]
    );
    assert_eq!(
        config_report(&plan, 0).down.due_at,
        Some(NOON.plus_secs(900))
    );

    pool.configs[0].surplus_since = Some(NOON.plus_secs(1).plus_millis(-900_000));
    assert_eq!(self::plan(pool.clone()).actions, []);
    pool.configs[0].surplus_since = Some(NOON.plus_millis(-900_000));
    let plan = self::plan(pool);
    assert_eq!(
        plan.actions,
        [drain(1, DrainReason::Surplus, Reason::ShrankSurplus)]
    );
    assert_eq!(config_report(&plan, 0).down.drain, 1);
}

#[test]
fn the_backoff_is_cleared_when_nothing_could_go() {
    let mut pool = pool(vec![config(1, 0)], vec![running(1, ONE_SEAT)]);
    pool.configs[0].surplus_since = Some(NOON.plus_millis(-900_000));
    pool.sessions.push(session(100, 1, 7));
    assert_eq!(plan(pool).actions, [clear_backoff(1)]);
}

#[test]
fn a_server_in_use_is_kept_although_it_is_surplus() {
    let limits = SeatLimits {
        max_sessions: 2,
        max_users: None,
    };
    let mut pool = pool(vec![config(1, 0)], vec![running(1, limits)]);
    pool.sessions.push(session(100, 1, 7));
    let plan = plan(pool);
    assert_eq!(plan.actions, []);
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::HeldEnough, 0), (Reason::KeptInUse, 1)]
    );
}

#[test]
fn servers_of_an_older_config_version_go_first() {
    let mut newer = running(1, ONE_SEAT);
    newer.origin = Origin::Scaled {
        config: config_id(1),
        provider: provider(1).id,
        config_version: 2,
    };
    let mut pool = pool(vec![config(1, 1)], vec![newer, running(2, ONE_SEAT)]);
    pool.configs[0].backoff_secs = 0;
    assert_eq!(
        plan(pool).actions,
        [
            start_backoff(1),
            drain(2, DrainReason::Surplus, Reason::ShrankSurplus)
        ]
    );
}

#[test]
fn what_an_admin_drains_or_deletes_can_be_taken_back_for_a_while() {
    let by_hand = |why| {
        let mut server = running(1, ONE_SEAT);
        server.state = server.state.drain(why).expect("a legal step");
        server.state_since = NOON.plus_millis(-9999);
        pool(Vec::new(), vec![server])
    };
    let end = NOON.plus_millis(1);
    let said_of = |plan: &Plan| {
        let findings = plan.report.pools[0].findings.iter();
        findings
            .map(|one| (one.reason, one.count, one.until))
            .collect::<Vec<_>>()
    };
    for why in [DrainReason::Admin, DrainReason::Removal] {
        let mut empty = by_hand(why);
        let early = plan(empty.clone());
        assert_eq!(early.actions, [], "{why:?}");
        assert_eq!(said_of(&early), [(Reason::KeptGrace, 0, Some(end))]);
        assert_eq!(early.next_at, Some(end), "{why:?}");
        empty.servers[0].state_since = NOON.plus_millis(-10_000);
        assert_eq!(plan(empty).actions, [delete(1, Reason::ShrankDrained)]);
    }

    // Sessions keep the one that drains, and end with the one that is deleted, both once the time is over.
    let mut drained = by_hand(DrainReason::Admin);
    drained.sessions.push(session(100, 1, 7));
    drained.servers[0].state_since = NOON.plus_millis(-10_000);
    let kept = plan(drained);
    assert_eq!(kept.actions, []);
    assert_eq!(pool_says(&kept, Reason::KeptDraining), 1);

    let mut removed = by_hand(DrainReason::Removal);
    removed.sessions.push(session(100, 1, 7));
    let early = plan(removed.clone());
    assert_eq!(early.actions, []);
    assert_eq!(said_of(&early), [(Reason::KeptGrace, 1, Some(end))]);
    assert_eq!(early.next_at, Some(end));
    removed.servers[0].state_since = NOON.plus_millis(-10_000);
    let end = Planned {
        action: Action::EndSession {
            session: session_id(100),
            how: EndReason::Admin,
        },
        reason: Reason::EndedRemoval,
    };
    assert_eq!(
        plan(removed).actions,
        [end, delete(1, Reason::ShrankDrained)]
    );
}

#[test]
fn a_single_use_server_serves_one_person_and_goes() {
    let limits = SeatLimits {
        max_sessions: 3,
        max_users: None,
    };
    let config = ConfigSnapshot {
        limits,
        reusable: false,
        ..config(1, 0)
    };
    let person = UserId::from_uuid(id(7));
    let mut server = running(1, limits);
    server.reusable = false;
    let mut pool = pool(vec![config], vec![server]);
    // Untouched it is one seat: the second person waits, though the limits would let them in.
    let in_use = [waiter(100, 7), waiter(101, 8)];
    assert_eq!(
        answers(&pool, &in_use),
        [
            (Outcome::Seat(server_id(1)), Reason::AssignedFreeSeat),
            (Outcome::Queue, Reason::QueuedAggressive),
        ]
    );
    // Its person gets further seats.
    pool.servers[0].first_user = Some(person);
    pool.sessions.push(session(100, 1, 7));
    let app = Waiter {
        kind: SessionKind::App { app: "word".into() },
        ..waiter(102, 7)
    };
    assert_eq!(answers(&pool, &[app])[0].0, Outcome::Seat(server_id(1)));
    // With the last session it drains at once, whatever the backoff, and takes nobody more.
    pool.sessions.clear();
    pool.queue.push(waiter(103, 7));
    assert_eq!(
        plan(pool).actions,
        [
            drain(1, DrainReason::SingleUseDone, Reason::ShrankSingleUse),
            create(1, Reason::GrewWaiting),
        ]
    );
}

#[test]
fn a_desktop_stands_beside_apps_and_a_second_desktop_does_not() {
    let limits = SeatLimits {
        max_sessions: 4,
        max_users: Some(1),
    };
    let mut pool = pool(vec![config(1, 0)], vec![running(1, limits)]);
    pool.sessions.push(session(100, 1, 7));
    let app = |number| Waiter {
        kind: SessionKind::App { app: "word".into() },
        ..waiter(number, 7)
    };
    let seated = (Outcome::Seat(server_id(1)), Reason::AssignedFreeSeat);
    let queued = (Outcome::Queue, Reason::QueuedAggressive);
    // The person is on the server, so the one user slot is no bar; a stranger's is taken.
    assert_eq!(
        answers(&pool, &[waiter(101, 7), app(102), waiter(103, 8), app(104)]),
        [queued, seated, queued, seated]
    );
}

#[test]
fn a_second_desktop_of_one_person_gets_a_server_of_its_own() {
    let limits = SeatLimits {
        max_sessions: 4,
        max_users: None,
    };
    let config = ConfigSnapshot {
        limits,
        ..config(1, 2)
    };
    let mut pool = pool(vec![config], vec![running(1, limits)]);
    pool.sessions.push(session(100, 1, 7));
    pool.queue.push(waiter(101, 7));
    let plan = plan(pool);
    assert_eq!(plan.actions, [create(1, Reason::GrewWaiting)]);
    let up = config_report(&plan, 0).up;
    assert_eq!((up.free_seats, up.want, up.create), (3, 1, 1));
}

#[test]
fn a_late_check_in_fails_the_server() {
    let mut late = booting(1, ONE_SEAT);
    late.created_at = NOON.plus_millis(-599_999);
    let plan = plan(pool(vec![config(1, 1)], vec![late.clone()]));
    assert_eq!(plan.actions, []);
    assert_eq!(plan.next_at, Some(NOON.plus_millis(1)));

    late.created_at = NOON.plus_millis(-600_000);
    let plan = self::plan(pool(vec![config(1, 1)], vec![late.clone()]));
    assert_eq!(
        plan.actions,
        [
            fail(1, FailReason::CheckinTimeout, Reason::FailedCheckinTimeout),
            create(1, Reason::GrewBelowMinimum),
        ]
    );
    late.state = late
        .state
        .fail(FailReason::CheckinTimeout)
        .expect("a legal step");
    let plan = self::plan(pool(Vec::new(), vec![late]));
    assert_eq!(plan.actions, [delete(1, Reason::ShrankFailed)]);
}

#[test]
fn a_machine_that_does_not_come_up_fails_at_the_launch_time_out() {
    let mut slow = booting(1, ONE_SEAT);
    slow.state = ServerState::Provisioning {
        machine: machine(1),
    };
    slow.state_since = NOON.plus_millis(-300_000);
    slow.sighting = Sighting::Present {
        machine: machine(1),
        state: MachineState::Pending,
        address: None,
        host_key: None,
    };
    let plan = plan(pool(Vec::new(), vec![slow]));
    assert_eq!(
        plan.actions,
        [fail(
            1,
            FailReason::LaunchTimeout,
            Reason::FailedLaunchTimeout
        )]
    );
}

#[test]
fn three_failures_open_the_breaker_and_a_probe_follows() {
    let mut snapshot = snapshot(pool(vec![config(1, 3)], Vec::new()));
    let source = &mut snapshot.providers[0];
    source.failures = 2;
    source.failed_at = Some(NOON);
    assert_eq!(scaling::plan(&snapshot, NOON).actions.len(), 3);

    snapshot.providers[0].failures = 3;
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    let held = &config_report(&plan, 0).findings[0];
    assert_eq!(held.reason, Reason::HeldBreakerOpen);
    assert_eq!(held.until, Some(NOON.plus_secs(300)));

    for source in &mut snapshot.providers {
        source.last_list_at = Some(NOON.plus_secs(300));
    }
    let plan = scaling::plan(&snapshot, NOON.plus_secs(300));
    assert_eq!(plan.actions, [create(1, Reason::GrewProbe)]);

    // One probe at a time.
    snapshot.pools[0].servers.push(ServerSnapshot {
        created_at: NOON.plus_secs(300),
        ..booting(1, ONE_SEAT)
    });
    let plan = scaling::plan(&snapshot, NOON.plus_secs(300));
    assert_eq!(plan.actions, []);
    assert_eq!(said(config_report(&plan, 0))[0].0, Reason::HeldBreakerOpen);

    // A fourth failure doubles the time.
    snapshot.pools[0].servers.clear();
    snapshot.providers[0].failures = 4;
    let plan = scaling::plan(&snapshot, NOON.plus_secs(300));
    assert_eq!(plan.actions, []);
}

#[test]
fn a_disabled_config_is_left_alone_and_its_servers_serve() {
    let off = ConfigSnapshot {
        enabled: false,
        surplus_since: Some(NOON),
        ..config(1, 5)
    };
    let mut pool = pool(vec![off], vec![running(1, ONE_SEAT), running(2, ONE_SEAT)]);
    pool.queue.push(waiter(100, 7));
    pool.servers[1].state = pool.servers[1]
        .state
        .clone()
        .drain(DrainReason::Admin)
        .expect("a legal step");
    pool.servers[1].state_since = NOON.plus_millis(-60_000);
    let plan = plan(pool);
    assert_eq!(
        plan.actions,
        [
            delete(2, Reason::ShrankDrained),
            seat(100, 1),
            clear_backoff(1)
        ]
    );
    assert_eq!(
        said(config_report(&plan, 0)),
        [(Reason::HeldDisabled, 5), (Reason::BackoffCleared, 0)]
    );
}

#[test]
fn a_dry_run_says_what_it_would_do() {
    let mut trial = ConfigSnapshot {
        dry_run: true,
        ..config(1, 2)
    };
    let plan = plan(pool(vec![trial.clone()], Vec::new()));
    assert_eq!(plan.actions, []);
    assert_eq!(said(config_report(&plan, 0)), [(Reason::HeldDryRun, 2)]);

    trial.minimum = 0;
    trial.surplus_since = Some(NOON.plus_millis(-900_000));
    let plan = self::plan(pool(vec![trial], vec![running(1, ONE_SEAT)]));
    assert_eq!(plan.actions, []);
    let report = config_report(&plan, 0);
    assert_eq!(
        said(report),
        [(Reason::HeldEnough, 0), (Reason::HeldDryRun, 1)]
    );
    assert_eq!((report.down.removable, report.down.drain), (1, 0));
}

#[test]
fn while_everything_is_paused_nothing_is_made_drained_or_deleted() {
    let mut surplus = config(1, 0);
    surplus.surplus_since = Some(NOON.plus_millis(-900_000));
    let mut wanting = config(2, 1);
    wanting.zone = zone(2);
    let mut leaving = running(2, ONE_SEAT);
    leaving.state = ServerState::Deleting {
        machine: Some(machine(2)),
        why: DeleteReason::Admin,
    };
    let servers = vec![running(1, ONE_SEAT), leaving];
    let mut snapshot = snapshot(pool(vec![surplus, wanting], servers));
    let mut lone = stranger(NOON.plus_millis(-600_000));
    lone.lists = 2;
    snapshot.providers[0].strangers.push(lone);
    let goes_on = scaling::plan(&snapshot, NOON);
    for provider in &mut snapshot.providers {
        provider.hold = Some(Hold::Paused);
    }
    let held = scaling::plan(&snapshot, NOON);
    let words = |plan: &Plan| {
        let changes = plan.actions.iter().filter(|one| {
            matches!(
                one.action,
                Action::Create { .. }
                    | Action::Drain { .. }
                    | Action::CallDelete { .. }
                    | Action::DeleteStranger { .. }
            )
        });
        changes.count()
    };
    assert_eq!(
        (words(&goes_on), words(&held)),
        (4, 0),
        "{:?}",
        held.actions
    );
    let report = config_report(&held, 0);
    assert!(
        said(report).contains(&(Reason::HeldPaused, 1)),
        "{report:?}"
    );
    assert_eq!((report.down.removable, report.down.drain), (1, 0));
    assert_eq!(said(config_report(&held, 1)), [(Reason::HeldPaused, 1)]);
    let of_provider = &held.report.providers[0].findings;
    assert!(
        of_provider.contains(&Finding::new(Reason::HeldPaused, 2)),
        "{of_provider:?}"
    );
}

#[test]
fn who_only_observes_says_so_and_changes_nothing() {
    let mut leaving = running(1, ONE_SEAT);
    leaving.state = ServerState::Deleting {
        machine: Some(machine(1)),
        why: DeleteReason::Admin,
    };
    let mut snapshot = snapshot(pool(vec![config(1, 1)], vec![leaving]));
    let mut lone = stranger(NOON.plus_millis(-600_000));
    lone.lists = 2;
    snapshot.providers[0].strangers.push(lone);
    snapshot.providers[0].max_instances = 10;
    snapshot.providers[0].hold = Some(Hold::Observing);
    let held = scaling::plan(&snapshot, NOON);
    assert!(
        held.actions
            .iter()
            .all(|one| matches!(one.action, Action::List { .. })),
        "{:?}",
        held.actions
    );
    assert_eq!(said(config_report(&held, 0)), [(Reason::HeldObserving, 1)]);
    let of_provider = &held.report.providers[0].findings;
    assert!(
        of_provider.contains(&Finding::new(Reason::HeldObserving, 2)),
        "{of_provider:?}"
    );
}

#[test]
fn what_came_of_machines_since_a_copy_was_made_is_not_judged_by_it() {
    let long_ago = NOON.plus_millis(-86_400_000);
    let late = ServerSnapshot {
        created_at: long_ago,
        state_since: long_ago,
        ..booting(1, ONE_SEAT)
    };
    let shared = ServerSnapshot {
        access_pending: true,
        ..running(2, ONE_SEAT)
    };
    let mut snapshot = snapshot(pool(vec![config(1, 1)], vec![late, shared]));
    snapshot.providers[0].facts.can_authorize = true;
    let mut judged = |hold| {
        snapshot.providers[0].hold = hold;
        let plan = scaling::plan(&snapshot, NOON);
        let is_deed =
            |one: &&Planned| matches!(one.action, Action::Fail { .. } | Action::Authorize { .. });
        plan.actions.iter().filter(is_deed).count()
    };
    assert_eq!(judged(Some(Hold::Observing)), 0);
    assert_eq!(judged(None), 2);
}

#[test]
fn a_machine_of_another_generation_stays_and_takes_no_place() {
    let mut foreign = stranger(NOON.plus_millis(-86_400_000));
    foreign.foreign = true;
    foreign.lists = 100;
    let mut snapshot = snapshot(pool(vec![config(1, 1)], Vec::new()));
    snapshot.providers[0].max_instances = 1;
    snapshot.providers[0].strangers.push(foreign);
    let plan = scaling::plan(&snapshot, NOON);
    let is_create = |one: &Planned| matches!(one.action, Action::Create { .. });
    assert!(plan.actions.iter().any(is_create), "{:?}", plan.actions);
    let deletes = |one: &Planned| matches!(one.action, Action::DeleteStranger { .. });
    assert!(!plan.actions.iter().any(deletes), "{:?}", plan.actions);
    let told = &plan.report.providers[0].findings;
    assert!(
        told.contains(&Finding::new(Reason::OrphanForeign, 1)),
        "{told:?}"
    );
    // The same machine, made by this generation, takes the only place and goes.
    snapshot.providers[0].strangers[0].foreign = false;
    let plan = scaling::plan(&snapshot, NOON);
    assert!(!plan.actions.iter().any(is_create), "{:?}", plan.actions);
    assert!(plan.actions.iter().any(deletes), "{:?}", plan.actions);
}

fn stranger(first_seen_at: Timestamp) -> Stranger {
    Stranger {
        machine: machine(9),
        foreign: false,
        first_seen_at,
        lists: 2,
        listed: Listed::Shown,
        decision: OrphanDecision::Quarantine,
        decided_at: None,
        delete_in_flight: false,
        retry_at: None,
    }
}

#[test]
fn a_machine_without_a_row_is_quarantined_and_then_deleted() {
    let mut snapshot = snapshot(pool(Vec::new(), Vec::new()));
    snapshot.providers[0].strangers.push(stranger(NOON));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    let told = &plan.report.providers[0].findings[0];
    assert_eq!(told.reason, Reason::OrphanQuarantined);
    assert_eq!(told.until, Some(NOON.plus_secs(600)));

    for source in &mut snapshot.providers {
        source.last_list_at = Some(NOON.plus_secs(600));
    }
    let plan = scaling::plan(&snapshot, NOON.plus_secs(600));
    assert_eq!(
        plan.actions,
        [Planned {
            action: Action::DeleteStranger {
                provider: provider(1).id,
                machine: machine(9)
            },
            reason: Reason::OrphanDeleted
        }]
    );
    // Asked once, it is left alone until the lists can show that it has gone.
    let retry_at = NOON.plus_secs(660);
    snapshot.providers[0].strangers[0].retry_at = Some(retry_at);
    let asked = scaling::plan(&snapshot, NOON.plus_secs(600));
    assert_eq!(asked.actions, []);
    let told = &asked.report.providers[0].findings[0];
    assert_eq!(
        (told.reason, told.until),
        (Reason::CalledDelete, Some(retry_at))
    );
    for source in &mut snapshot.providers {
        source.last_list_at = Some(retry_at);
    }
    assert_eq!(scaling::plan(&snapshot, retry_at).actions, plan.actions);
    // One list is not enough, however long ago.
    snapshot.providers[0].strangers[0].lists = 1;
    assert_eq!(scaling::plan(&snapshot, NOON.plus_secs(600)).actions, []);
}

/// What is done about a machine without a row, and what is said of it, at this time.
fn judged(stranger: &Stranger, now: Timestamp) -> (usize, Reason, Option<Timestamp>) {
    let mut snapshot = snapshot(pool(Vec::new(), Vec::new()));
    for source in &mut snapshot.providers {
        source.last_list_at = Some(now);
    }
    snapshot.providers[0].strangers.push(stranger.clone());
    let plan = scaling::plan(&snapshot, now);
    let told = &plan.report.providers[0].findings[0];
    (plan.actions.len(), told.reason, told.until)
}

#[test]
fn what_an_admin_decides_of_a_machine_without_a_row_holds() {
    let over = NOON.plus_secs(600);
    let kept = Stranger {
        decision: OrphanDecision::Keep,
        decided_at: Some(NOON),
        ..stranger(NOON)
    };
    assert_eq!(judged(&kept, over), (0, Reason::OrphanKept, None));
    // Taken back, its grace time begins anew.
    let released = Stranger {
        decision: OrphanDecision::Quarantine,
        decided_at: Some(over),
        ..kept
    };
    let end = NOON.plus_secs(1200);
    assert_eq!(
        judged(&released, over),
        (0, Reason::OrphanQuarantined, Some(end))
    );
    assert_eq!(judged(&released, end), (1, Reason::OrphanDeleted, None));
    // Condemned, it does not wait for it; for a second list it does.
    let condemned = Stranger {
        decision: OrphanDecision::Delete,
        ..released
    };
    assert_eq!(judged(&condemned, over), (1, Reason::OrphanDeleted, None));
    let seen_once = Stranger {
        lists: 1,
        ..condemned
    };
    assert_eq!(
        judged(&seen_once, over),
        (0, Reason::OrphanAwaitsList, None)
    );
}

#[test]
fn a_machine_without_a_row_is_not_deleted_on_the_word_of_an_earlier_process() {
    let over = NOON.plus_secs(600);
    let known = Stranger {
        listed: Listed::NotLookedFor,
        ..stranger(NOON)
    };
    assert_eq!(judged(&known, over), (0, Reason::OrphanAwaitsList, None));
    let gone = Stranger {
        listed: Listed::Missing,
        ..known.clone()
    };
    assert_eq!(judged(&gone, over), (0, Reason::GoneNotProven, None));

    // It costs money until a list does not show it.
    let counted = |stranger: Stranger| {
        let mut snapshot = snapshot(pool(vec![config(1, 1)], Vec::new()));
        snapshot.providers[0].max_instances = 1;
        snapshot.providers[0].strangers.push(stranger);
        config_report(&scaling::plan(&snapshot, NOON), 0)
            .up
            .existing
    };
    assert_eq!((counted(known), counted(gone)), (1, 0));
}

fn absent(lists: u32, span_millis: i64) -> Sighting {
    Sighting::Absent {
        first_at: NOON.plus_millis(-span_millis),
        last_at: NOON,
        lists,
    }
}

#[test]
fn a_row_without_a_machine_ends_its_sessions_and_fails() {
    let mut pool = pool(vec![config(1, 0)], vec![running(1, ONE_SEAT)]);
    pool.sessions.push(session(100, 1, 7));
    pool.servers[0].sighting = absent(1, 0);
    let plan = self::plan(pool.clone());
    assert_eq!(plan.actions, []);
    assert_eq!(pool_says(&plan, Reason::GoneNotProven), 1);

    pool.servers[0].sighting = absent(2, 1000);
    let plan = self::plan(pool);
    assert_eq!(
        plan.actions,
        [
            Planned {
                action: Action::EndSession {
                    session: session_id(100),
                    how: EndReason::ServerLost
                },
                reason: Reason::EndedServerLost
            },
            fail(1, FailReason::MachineLost, Reason::FailedMachineLost),
        ]
    );
}

#[test]
fn a_short_list_proves_nothing() {
    let mut servers: Vec<_> = (1..=10).map(|nth| running(nth, ONE_SEAT)).collect();
    for server in &mut servers[..3] {
        server.sighting = absent(2, 1000);
    }
    let busy = config(1, 10);
    let plan = self::plan(pool(vec![busy.clone()], servers.clone()));
    let lost = |nth| fail(nth, FailReason::MachineLost, Reason::FailedMachineLost);
    assert_eq!(plan.actions, [lost(1), lost(2), lost(3)]);

    servers[3].sighting = absent(1, 0);
    let mut deleting = running(11, ONE_SEAT);
    deleting.state = ServerState::Deleting {
        machine: Some(machine(11)),
        why: DeleteReason::Admin,
    };
    deleting.delete_accepted = true;
    deleting.sighting = absent(2, 1000);
    servers.push(deleting);
    let plan = self::plan(pool(vec![busy], servers));
    assert_eq!(plan.actions, []);
    let told = &plan.report.providers[0].findings[0];
    assert_eq!((told.reason, told.count), (Reason::HeldShortList, 4));

    // Fewer are left to miss, and the list is no better for it.
    let mut servers: Vec<_> = (1..=2).map(|nth| running(nth, ONE_SEAT)).collect();
    for server in &mut servers {
        server.sighting = absent(2, 1000);
    }
    let mut snapshot = snapshot(pool(vec![config(1, 2)], servers));
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions[..2], [lost(1), lost(2)]);
    snapshot.providers[0].doubted = 4;
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    let told = &plan.report.providers[0].findings[0];
    assert_eq!((told.reason, told.count), (Reason::HeldShortList, 4));
}

#[test]
fn a_fixed_server_counts_and_is_left_alone() {
    let mut fixed = running(1, ONE_SEAT);
    fixed.origin = Origin::Fixed;
    fixed.state = ServerState::Running {
        machine: None,
        address: address(),
    };
    fixed.sighting = absent(5, 60_000);
    let mut pool = pool(vec![config(1, 1)], vec![fixed]);
    let plan = self::plan(pool.clone());
    assert_eq!(plan.actions, []);
    assert_eq!(said(config_report(&plan, 0)), [(Reason::HeldEnough, 0)]);

    pool.queue.push(waiter(100, 7));
    assert_eq!(
        self::plan(pool.clone()).actions,
        [seat(100, 1), create(1, Reason::GrewBelowMinimum)]
    );

    // Drained by an admin, it takes nobody and is not deleted.
    pool.configs.clear();
    pool.servers[0].state = pool.servers[0]
        .state
        .clone()
        .drain(DrainReason::Admin)
        .expect("a legal step");
    assert_eq!(self::plan(pool).actions, []);
}

#[test]
fn an_unanswered_create_is_looked_for_before_it_is_repeated() {
    let mut row = booting(1, ONE_SEAT);
    row.state = ServerState::Requested;
    row.call_known = false;
    row.sighting = Sighting::NotLookedFor;
    let call = Planned {
        action: Action::CallCreate {
            server: server_id(1),
        },
        reason: Reason::CalledCreateAgain,
    };
    let mut snapshot = snapshot(pool(vec![config(1, 1)], vec![row]));
    assert_eq!(
        scaling::plan(&snapshot, NOON).actions,
        std::slice::from_ref(&call)
    );

    snapshot.providers[0].facts.repeatable_create = false;
    snapshot.providers[0].last_list_at = Some(NOON.plus_millis(-1000));
    let list = Planned {
        action: Action::List {
            provider: provider(1).id,
        },
        reason: Reason::ListedForEvidence,
    };
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, [list]);
    assert_eq!(pool_says(&plan, Reason::CalledLookFirst), 1);

    snapshot.providers[0].last_list_at = Some(NOON);
    snapshot.pools[0].servers[0].sighting = absent(1, 0);
    assert_eq!(scaling::plan(&snapshot, NOON).actions, [call]);
}

#[test]
fn a_lost_create_is_given_up_after_two_lists_that_lie_a_list_lag_apart() {
    let mut row = booting(1, ONE_SEAT);
    row.state = ServerState::Unknown;
    row.sighting = absent(2, 30_999);
    let mut snapshot = snapshot(pool(Vec::new(), vec![row]));
    snapshot.providers[0].facts.list_lag_millis = 30_000;
    let plan = scaling::plan(&snapshot, NOON);
    assert_eq!(plan.actions, []);
    assert_eq!(pool_says(&plan, Reason::GoneNotProven), 1);

    snapshot.pools[0].servers[0].sighting = absent(2, 31_000);
    assert_eq!(
        scaling::plan(&snapshot, NOON).actions,
        [Planned {
            action: Action::Gone {
                server: server_id(1)
            },
            reason: Reason::FailedCreateLost
        }]
    );
}

#[test]
fn waits_and_sessions_end_by_themselves_and_free_their_seat_at_once() {
    let mut pool = pool(vec![config(1, 0)], vec![running(1, ONE_SEAT)]);
    pool.sessions.push(OpenSession {
        expires_at: NOON,
        ..session(100, 1, 7)
    });
    pool.queue.push(Waiter {
        expires_at: NOON,
        ..waiter(101, 8)
    });
    pool.queue.push(waiter(102, 9));
    let end = |number, how, reason| Planned {
        action: Action::EndSession {
            session: session_id(number),
            how,
        },
        reason,
    };
    assert_eq!(
        plan(pool).actions,
        [
            end(100, EndReason::Expired, Reason::EndedExpired),
            end(101, EndReason::QueueTimeout, Reason::EndedQueueTimeout),
            seat(102, 1),
        ]
    );
}
