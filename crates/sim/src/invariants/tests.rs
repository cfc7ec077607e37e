//! Bad worlds, one for each invariant: one that cannot object is none.

use domain::connection::{Address, Protocol};
use domain::id::{ConfigId, DecisionId, DeploymentId, GenerationId, PoolId, ZoneId};
use domain::plan::{ConfigReport, Decision, Downscale, Finding, PoolReport, Reason, Upscale};
use domain::provider::ProviderKind;
use domain::secret::Secret;
use domain::server::{DeleteReason, DrainReason, FailReason, MachineId, Origin, SeatLimits};
use domain::session::{EndReason, SessionKind, SessionState};
use domain::snapshot::{ConfigSnapshot, OpenSession, Sighting, Waiter};
use providers::Tags;
use store::StoredProvider;
use uuid::Uuid;

use super::*;
use crate::cloud::Call;
use crate::run::Totals;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

const POOL: PoolId = PoolId::from_uuid(uuid(1));
const PROVIDER: ProviderId = ProviderId::from_uuid(uuid(2));
const CONFIG: ConfigId = ConfigId::from_uuid(uuid(3));
const ZONE: ZoneId = ZoneId::from_uuid(uuid(4));
const DESK: ServerId = ServerId::from_uuid(uuid(10));
const ADA: UserId = UserId::from_uuid(uuid(20));
const BEN: UserId = UserId::from_uuid(uuid(21));

fn address() -> Address {
    Address {
        host: "10.0.0.1".to_owned(),
        port: 22,
    }
}

fn id_of(server: ServerId) -> MachineId {
    MachineId(format!("machine of {server}"))
}

fn running(server: ServerId) -> ServerState {
    ServerState::Running {
        machine: Some(id_of(server)),
        address: address(),
    }
}

fn server(id: ServerId, state: ServerState) -> ServerSnapshot {
    ServerSnapshot {
        id,
        zone: ZONE,
        version: 1,
        origin: Origin::Scaled {
            config: CONFIG,
            config_version: 1,
            provider: PROVIDER,
        },
        state,
        state_since: NOW,
        created_at: NOW,
        protocol: Protocol::Rdp,
        limits: SeatLimits {
            max_sessions: 2,
            max_users: Some(2),
        },
        reusable: true,
        require_checkin: true,
        provision_timeout_secs: 600,
        first_user: None,
        call_in_flight: false,
        call_known: false,
        retry_at: None,
        delete_accepted: false,
        access_pending: false,
        sighting: Sighting::NotLookedFor,
    }
}

fn request(server: ServerId, script: &str) -> CreateRequest {
    CreateRequest {
        name: "desk".to_owned(),
        tags: Tags {
            deployment: DeploymentId::from_uuid(uuid(5)),
            generation: None,
            pool: POOL,
            config: CONFIG,
            server,
        },
        script: Secret::new(script),
        connection_port: 22,
        spec: serde_json::Value::Null,
    }
}

fn machine(server: ServerId) -> Arc<FakeMachine> {
    Arc::new(FakeMachine {
        id: id_of(server),
        request: request(server, ""),
        address: address(),
        created_at: NOW,
        listed_at: NOW,
        up_at: Some(NOW),
        dies_at: None,
        delete_at: None,
        gone_at: None,
        keys: Vec::new(),
    })
}

fn session(number: u128, user: UserId, server: ServerId) -> OpenSession {
    OpenSession {
        id: SessionId::from_uuid(uuid(number)),
        server,
        user,
        kind: SessionKind::Desktop,
        expires_at: NOW.plus_secs(60),
    }
}

fn waiter(number: u128, user: UserId) -> Waiter {
    Waiter {
        id: SessionId::from_uuid(uuid(number)),
        user,
        kind: SessionKind::Desktop,
        requested_at: NOW,
        expires_at: NOW.plus_secs(60),
    }
}

/// One pool with one server that runs, its machine, and nobody in it: nothing is wrong.
fn good() -> Look {
    let config = ConfigSnapshot {
        id: CONFIG,
        version: 1,
        created_at: NOW,
        zone: ZONE,
        provider: PROVIDER,
        enabled: true,
        dry_run: false,
        aggressive: true,
        minimum: 0,
        limits: SeatLimits {
            max_sessions: 2,
            max_users: Some(2),
        },
        reusable: true,
        backoff_secs: 60,
        surplus_since: None,
        unprepared: None,
    };
    let provider = StoredProvider {
        version: 1,
        id: PROVIDER,
        kind: ProviderKind::Fake,
        settings: serde_json::Map::new(),
        max_instances: 2,
        existing: 1,
        creates_last_hour: 0,
        oldest_create_at: None,
        failures: 0,
        failed_at: None,
        not_before: None,
    };
    Look {
        now: NOW,
        stored: StoredSnapshot {
            generation: GenerationId::from_uuid(uuid(6)),
            hold: None,
            providers: vec![provider],
            orphans: Vec::new(),
            pools: vec![PoolSnapshot {
                id: POOL,
                configs: vec![config],
                servers: vec![server(DESK, running(DESK))],
                sessions: Vec::new(),
                queue: Vec::new(),
            }],
        },
        alive: BTreeMap::from([(PROVIDER, vec![machine(DESK)])]),
        is_settled: true,
        is_tick: true,
        acts: 0,
        is_edit: false,
        limited: None,
        is_led_since: Some(NOW),
    }
}

fn pool(look: &mut Look) -> &mut PoolSnapshot {
    &mut look.stored.pools[0]
}

fn objections(found: &[Violation]) -> BTreeSet<Invariant> {
    found.iter().map(|violation| violation.invariant).collect()
}

/// What is objected to in a look that comes after a good one.
fn after_good(change: impl FnOnce(&mut Look)) -> BTreeSet<Invariant> {
    after(|_| {}, change, &Gone::default())
}

/// What is objected to in a second look, after a first to which nobody objects.
fn after(
    first: impl FnOnce(&mut Look),
    second: impl FnOnce(&mut Look),
    gone: &Gone,
) -> BTreeSet<Invariant> {
    let mut watch = Watch::default();
    let mut look = good();
    first(&mut look);
    assert_eq!(watch.look(&look, &Gone::default()), []);
    let mut look = good();
    second(&mut look);
    objections(&watch.look(&look, gone))
}

fn only(invariant: Invariant) -> BTreeSet<Invariant> {
    BTreeSet::from([invariant])
}

fn row(how: Option<EndReason>) -> SessionRow {
    SessionRow {
        id: SessionId::from_uuid(uuid(30)),
        pool: POOL,
        pool_name: String::new(),
        user: ADA,
        user_name: String::new(),
        kind: SessionKind::Desktop,
        state: match how {
            Some(how) => SessionState::Ended {
                server_id: Some(DESK),
                how,
                ended_at: NOW,
            },
            None => SessionState::Queued,
        },
        server_name: None,
        protocol: Protocol::Rdp,
        requested_at: NOW,
        expires_at: NOW,
        access_seq: 0,
        version: 1,
    }
}

#[test]
fn nobody_objects_to_a_good_world() {
    assert_eq!(after_good(|_| {}), BTreeSet::new());
    assert_eq!(at_rest(&good(), |_| None), []);
}

#[test]
fn a_lost_session_is_missed() {
    let seated = |look: &mut Look| pool(look).sessions.push(session(30, ADA, DESK));
    let gone = |row: Option<SessionRow>| Gone {
        sessions: BTreeMap::from([(SessionId::from_uuid(uuid(30)), row)]),
        ..Gone::default()
    };
    for row in [None, Some(row(None))] {
        let found = after(seated, |_| {}, &gone(row));
        assert_eq!(found, only(Invariant::NoSessionLost));
    }
    let ended = gone(Some(row(Some(EndReason::Owner))));
    assert_eq!(after(seated, |_| {}, &ended), BTreeSet::new());
    let lost = gone(Some(row(Some(EndReason::ServerLost))));
    assert_eq!(
        after(seated, |_| {}, &lost),
        only(Invariant::NoLossOnDoubt),
        "its machine works"
    );
}

#[test]
fn what_is_no_longer_seen_is_asked_for() {
    let mut watch = Watch::default();
    let session = SessionId::from_uuid(uuid(30));
    watch.accepted(session);
    assert_eq!(watch.look(&good(), &Gone::default()), []);
    let mut look = good();
    pool(&mut look).servers.clear();
    assert_eq!(watch.missing(&look), (vec![session], vec![DESK]));
}

#[test]
fn a_session_with_two_places_is_seen() {
    let other = ServerId::from_uuid(uuid(11));
    let moved = after(
        |look| pool(look).sessions.push(session(30, ADA, DESK)),
        |look| pool(look).sessions.push(session(30, ADA, other)),
        &Gone::default(),
    );
    assert!(moved.contains(&Invariant::SeatedOnce));
    let twice = after_good(|look| {
        pool(look).sessions.push(session(30, ADA, DESK));
        pool(look).queue.push(waiter(30, ADA));
    });
    assert!(twice.contains(&Invariant::SeatedOnce));
}

#[test]
fn limits_are_held_for_whoever_is_seated() {
    let crowd = |users: &[UserId]| {
        after_good(|look| {
            for (number, user) in (30..).zip(users) {
                pool(look).sessions.push(session(number, *user, DESK));
            }
        })
    };
    let cem = UserId::from_uuid(uuid(22));
    assert_eq!(crowd(&[ADA, BEN]), BTreeSet::new());
    assert_eq!(crowd(&[ADA, BEN, cem]), only(Invariant::LimitsHold));
    assert_eq!(
        crowd(&[ADA, ADA]),
        only(Invariant::LimitsHold),
        "two desktops"
    );
}

#[test]
fn a_single_use_server_is_not_shared() {
    let single = |look: &mut Look, user| {
        pool(look).servers[0].reusable = false;
        pool(look).sessions.push(session(30, user, DESK));
    };
    let mut watch = Watch::default();
    let mut look = good();
    single(&mut look, ADA);
    assert_eq!(watch.look(&look, &Gone::default()), []);
    let mut look = good();
    single(&mut look, BEN);
    let found = watch.look(&look, &Gone::default());
    assert_eq!(objections(&found), only(Invariant::SingleUseServesOne));
}

#[test]
fn a_seat_on_a_server_that_drains_is_seen() {
    let found = after_good(|look| {
        pool(look).servers[0].state = ServerState::Draining {
            machine: Some(id_of(DESK)),
            address: address(),
            why: DrainReason::Surplus,
        };
        pool(look).sessions.push(session(30, ADA, DESK));
    });
    assert_eq!(found, only(Invariant::NoSeatWhileDraining));
}

#[test]
fn rows_and_machines_are_counted_against_the_maximum() {
    let rows = after_good(|look| look.stored.providers[0].existing = 3);
    assert_eq!(rows, only(Invariant::NeverAboveMaximum));
    let machines = after_good(|look| {
        let machines = look.alive.entry(PROVIDER).or_default();
        machines.extend((11..13).map(|number| machine(ServerId::from_uuid(uuid(number)))));
    });
    assert_eq!(machines, only(Invariant::NeverAboveMaximum));
    let lowered = after(
        |look| look.stored.providers[0].existing = 2,
        |look| {
            look.stored.providers[0].existing = 2;
            look.stored.providers[0].max_instances = 1;
        },
        &Gone::default(),
    );
    assert_eq!(lowered, BTreeSet::new(), "who is there may stay");
    let one_more_and_lowered = |when_lowered| {
        let lowered = move |look: &mut Look| {
            look.stored.providers[0].existing = 2;
            look.stored.providers[0].max_instances = 1;
            look.limited = Some((PROVIDER, when_lowered));
        };
        after(|_| {}, lowered, &Gone::default())
    };
    assert_eq!(one_more_and_lowered(2), BTreeSet::new(), "made before");
    let after_it = one_more_and_lowered(1);
    assert_eq!(after_it, only(Invariant::NeverAboveMaximum), "made after");
}

#[test]
fn a_second_machine_of_a_server_is_seen() {
    let found = after_good(|look| look.alive.entry(PROVIDER).or_default().push(machine(DESK)));
    assert_eq!(found, only(Invariant::OneMachine));
}

#[test]
fn a_server_too_many_is_seen() {
    let coming = |look: &mut Look, count: u128| {
        pool(look).servers[0].limits.max_sessions = 0;
        pool(look).queue.push(waiter(30, ADA));
        let new = (11..11 + count)
            .map(|number| server(ServerId::from_uuid(uuid(number)), ServerState::Requested));
        pool(look).servers.extend(new);
    };
    let found = |count| after_good(|look| coming(look, count));
    assert_eq!(found(1), BTreeSet::new());
    assert_eq!(found(2), only(Invariant::NothingMadeInVain));
}

#[test]
fn who_waits_beside_a_free_seat_is_seen() {
    let found = after_good(|look| pool(look).queue.push(waiter(30, ADA)));
    assert_eq!(found, only(Invariant::WaitingAreSeated));
}

#[test]
fn a_working_machine_that_is_taken_for_lost_is_seen() {
    let failed = after_good(|look| {
        pool(look).servers[0].state = ServerState::Failed {
            machine: Some(id_of(DESK)),
            why: FailReason::MachineLost,
        };
    });
    assert_eq!(failed, only(Invariant::NoLossOnDoubt));
    let why = DeleteReason::Failed(FailReason::CreateLost);
    let gone = Gone {
        servers: BTreeMap::from([(DESK, Some(ServerState::Deleted { why }))]),
        ..Gone::default()
    };
    let drains = |look: &mut Look| pool(look).servers[0].state = draining(DESK);
    let closed = after(drains, |look| pool(look).servers.clear(), &gone);
    assert_eq!(closed, only(Invariant::NoLossOnDoubt));
}

#[test]
fn a_call_without_an_intent_or_with_other_bytes_is_seen() {
    let create = |script: &str, row| Call::Create {
        at: NOW,
        request: request(DESK, script),
        row,
    };
    let mut watch = Watch::default();
    let early = watch.call(&create("a", None));
    assert_eq!(objections(&early), only(Invariant::IntentFirst));
    let requested = Some(ServerState::Requested);
    assert_eq!(watch.call(&create("a", requested.clone())), []);
    let other = watch.call(&create("b", requested));
    assert_eq!(objections(&other), only(Invariant::SameCallAgain));
}

#[test]
fn a_delete_that_must_not_be_is_seen() {
    let delete = |row, sessions| {
        Watch::default().call(&Call::Delete {
            at: NOW,
            machine: id_of(DESK),
            server: DESK,
            is_ours: true,
            row,
            sessions,
        })
    };
    let deleting = ServerState::Deleting {
        machine: Some(id_of(DESK)),
        why: DeleteReason::Admin,
    };
    assert_eq!(delete(Some(deleting.clone()), 0), []);
    assert_eq!(delete(None, 0), [], "a machine that nobody knows");
    let early = delete(Some(running(DESK)), 0);
    assert_eq!(objections(&early), only(Invariant::DeleteFromDeleting));
    let busy = delete(Some(deleting), 1);
    assert_eq!(objections(&busy), only(Invariant::NoDeleteInUse));
}

#[test]
fn a_machine_of_another_deployment_is_not_deleted() {
    let found = Watch::default().call(&Call::Delete {
        at: NOW,
        machine: id_of(DESK),
        server: DESK,
        is_ours: false,
        row: None,
        sessions: 0,
    });
    assert_eq!(objections(&found), only(Invariant::OthersAreLeftAlone));
}

fn booting(server: ServerId) -> ServerState {
    ServerState::Booting {
        machine: id_of(server),
        address: address(),
    }
}

fn draining(server: ServerId) -> ServerState {
    ServerState::Draining {
        machine: Some(id_of(server)),
        address: address(),
        why: DrainReason::Admin,
    }
}

#[test]
fn a_server_that_goes_back_is_seen() {
    let from = |was: ServerState, acts| {
        after(
            |look| pool(look).servers[0].state = was,
            |look| look.acts = acts,
            &Gone::default(),
        )
    };
    let back = after_good(|look| pool(look).servers[0].state = booting(DESK));
    assert_eq!(back, only(Invariant::StatesOnlyRise));
    assert_eq!(from(booting(DESK), 0), BTreeSet::new());
    assert_eq!(from(draining(DESK), 1), BTreeSet::new(), "taken back");
    assert_eq!(from(draining(DESK), 0), only(Invariant::StatesOnlyRise));
}

#[test]
fn a_server_at_work_that_is_deleted_without_draining_is_seen() {
    let deleted = |acts| {
        after_good(|look| {
            look.acts = acts;
            pool(look).servers[0].state = ServerState::Deleting {
                machine: Some(id_of(DESK)),
                why: DeleteReason::Admin,
            };
        })
    };
    assert_eq!(deleted(0), only(Invariant::DrainsFirst));
    assert_eq!(deleted(1), BTreeSet::new(), "an admin may be quick");
}

#[test]
fn a_machine_that_nobody_has_made_is_seen() {
    let found = after_good(|look| {
        let other = ServerId::from_uuid(uuid(11));
        pool(look).servers[0].state = running(other);
    });
    assert_eq!(found, only(Invariant::MachineIsReal));
}

#[test]
fn what_is_made_while_the_breaker_is_open_is_seen() {
    // Servers that are asked for after so many failures in a row, the last of them so long ago.
    let made = |failures: u128, secs: u32, servers: u128| {
        let id = |number| ServerId::from_uuid(uuid(number));
        let (mut watch, mut number) = (Watch::default(), 100);
        assert_eq!(watch.look(&good(), &Gone::default()), []);
        for _ in 0..failures {
            number += 1;
            let mut look = good();
            pool(&mut look).queue.push(waiter(30, ADA));
            look.is_settled = false;
            let requested = server(id(number), ServerState::Requested);
            pool(&mut look).servers.push(requested);
            watch.look(&look, &Gone::default());
            let why = DeleteReason::Failed(FailReason::CreateRefused);
            let gone = Gone {
                servers: BTreeMap::from([(id(number), Some(ServerState::Deleted { why }))]),
                ..Gone::default()
            };
            watch.look(&good(), &gone);
        }
        let mut look = good();
        look.is_tick = false;
        look.is_led_since = None;
        look.now = NOW.plus_secs(secs);
        let new = (11..11 + servers).map(|number| server(id(number), ServerState::Requested));
        pool(&mut look).servers.extend(new);
        objections(&watch.look(&look, &Gone::default()))
    };
    let holds = only(Invariant::BreakerHolds);
    assert_eq!(made(2, 0, 2), BTreeSet::new());
    assert_eq!(made(3, 299, 1), holds, "the pause");
    assert_eq!(made(3, 300, 1), BTreeSet::new());
    assert_eq!(made(3, 300, 2), holds, "one at a time");
    assert_eq!(made(4, 599, 1), holds, "the pause is twice as long");
}

#[test]
fn who_is_seated_before_one_who_has_waited_longer_is_seen() {
    let line = |look: &mut Look| {
        look.is_settled = false;
        let first = waiter(30, ADA);
        let second = Waiter {
            requested_at: NOW.plus_millis(1),
            ..waiter(31, BEN)
        };
        pool(look).servers[0].limits.max_sessions = 1;
        pool(look).queue.extend([first, second]);
    };
    let seated = |place: usize| {
        after(
            line,
            |look| {
                line(look);
                let one = pool(look).queue.remove(place);
                let number = one.id.uuid().as_u128();
                pool(look).sessions.push(session(number, one.user, DESK));
            },
            &Gone::default(),
        )
    };
    assert_eq!(seated(0), BTreeSet::new());
    assert_eq!(seated(1), only(Invariant::QueueInOrder));
}

#[test]
fn a_surplus_that_stays_is_seen() {
    let later = |secs, change: fn(&mut Look)| {
        after(
            |look| look.is_led_since = Some(NOW),
            |look| {
                look.now = NOW.plus_secs(secs);
                change(look);
            },
            &Gone::default(),
        )
    };
    // Its backoff and the five minutes in which Weir may be late.
    assert_eq!(later(360, |_| {}), BTreeSet::new());
    assert_eq!(later(361, |_| {}), only(Invariant::SurplusGoes));
    let needed = |look: &mut Look| pool(look).configs[0].minimum = 1;
    assert_eq!(later(361, needed), BTreeSet::new());
    let changed = |look: &mut Look| pool(look).configs[0].version = 2;
    assert_eq!(later(361, changed), BTreeSet::new());
    let is_down = |look: &mut Look| look.is_led_since = None;
    assert_eq!(later(361, is_down), BTreeSet::new());
}

#[test]
fn what_is_left_over_at_the_end_is_seen() {
    let at_end = |change: fn(&mut Look)| {
        let mut look = good();
        change(&mut look);
        objections(&at_rest(&look, |_| None))
    };
    let leaks = only(Invariant::NothingLeaks);
    assert_eq!(at_end(|look| look.alive.clear()), leaks);
    assert_eq!(at_end(|look| pool(look).servers.clear()), leaks);
    let waits = at_end(|look| pool(look).queue.push(waiter(30, ADA)));
    assert_eq!(waits, only(Invariant::WaitingAreSeated));
}

#[test]
fn a_wait_in_vain_needs_a_reason() {
    // The reasons of each decision with how many seconds before the wait's end it was made, newest first.
    let judged = |decisions: &[(i64, Reason)]| {
        let decisions: Vec<Decision> = decisions
            .iter()
            .map(|(secs, reason)| Decision {
                id: DecisionId::from_uuid(uuid(40)),
                pool_id: POOL,
                at: NOW.plus_millis(-secs * 1000),
                report: PoolReport {
                    pool_id: POOL,
                    configs: Vec::new(),
                    findings: vec![Finding::new(*reason, 1)],
                },
            })
            .collect();
        without_reason(&decisions, NOW)
    };
    let no_reason = |last| Some(BTreeSet::from([last]));
    let (held, coming) = (Reason::HeldAtLimit, Reason::QueuedInFlight);
    assert_eq!(judged(&[]), Some(BTreeSet::new()));
    assert_eq!(judged(&[(900, held)]), None);
    // The decision that ends it, and others just before, says nothing of it.
    assert_eq!(judged(&[(0, Reason::EndedQueueTimeout), (900, held)]), None);
    assert_eq!(judged(&[(900, coming)]), no_reason(coming));
    // Held until a server could come no sooner; until it could have come long ago; and then nothing came.
    assert_eq!(judged(&[(20, coming), (900, held)]), None);
    assert_eq!(judged(&[(181, coming), (900, held)]), no_reason(coming));
    let nothing = Reason::HeldEnough;
    assert_eq!(judged(&[(20, nothing), (900, held)]), no_reason(nothing));
}

#[test]
fn a_minimum_that_is_not_kept_needs_a_reason() {
    let mut look = good();
    pool(&mut look).configs[0].minimum = 3;
    let found = at_rest(&look, |_| None);
    assert_eq!(objections(&found), only(Invariant::MinimumIsKept));
    let report = PoolReport {
        pool_id: POOL,
        configs: vec![ConfigReport {
            config_id: CONFIG,
            config_version: 1,
            zone_id: ZONE,
            provider_id: PROVIDER,
            up: Upscale::default(),
            down: Downscale::default(),
            findings: vec![Finding::new(Reason::HeldAtLimit, 1)],
            problem: None,
        }],
        findings: Vec::new(),
    };
    assert_eq!(at_rest(&look, |_| Some(report.clone())), []);
}

#[test]
fn a_day_on_which_little_happens_is_seen() {
    let day = |requests, faults: &[&'static str]| {
        let totals = Totals {
            requests,
            faults: faults.iter().map(|word| (*word, 1)).collect(),
            ..Totals::default()
        };
        full_day(NOW, &totals)
    };
    let faults = ["dies", "slow boot", "throttled"];
    assert_eq!(day(200, &faults), []);
    for (requests, faults) in [(199, &faults[..]), (200, &faults[..2])] {
        let found = day(requests, faults);
        assert_eq!(objections(&found), only(Invariant::DayIsFull));
    }
    assert_eq!(day(0, &[]).len(), 2, "each is said");
}
