//! What the planner is told.

use domain::server::{DeleteReason, DrainReason, FailReason, Origin, SeatLimits, ServerState};
use domain::session::EndReason;
use domain::snapshot::{ConfigSnapshot, OpenSession, Waiter};
use store::{Health, NewServer, SeatWrite, ServerFilter, ServerWrite};

use crate::database::{Db, NOW};
use crate::given::{ALL, address, config_columns, machine, running, seats, step};

crate::on_both![
    a_provider_config_counts_all_that_costs_money_over_all_pools,
    creates_of_the_last_hour_are_counted_with_the_oldest,
    a_pool_shows_its_configs_servers_sessions_and_queue,
    a_server_shows_what_the_planner_asks_of_it,
    a_snapshot_shows_one_moment,
];

async fn a_provider_config_counts_all_that_costs_money_over_all_pools(db: Db) {
    let scaled = db.scaled().await;
    let (m, at) = (|name: &str| Some(machine(name)), address);
    for (name, state) in [
        ("a", ServerState::Unknown),
        (
            "b",
            ServerState::Provisioning {
                machine: machine("b"),
            },
        ),
        (
            "c",
            ServerState::Booting {
                machine: machine("c"),
                address: at(),
            },
        ),
        ("d", running("d")),
        (
            "e",
            ServerState::Draining {
                machine: m("e"),
                address: at(),
                why: DrainReason::Surplus,
            },
        ),
        (
            "f",
            ServerState::Deleting {
                machine: m("f"),
                why: DeleteReason::Admin,
            },
        ),
        (
            "g",
            ServerState::Failed {
                machine: m("g"),
                why: FailReason::Script,
            },
        ),
        (
            "h",
            ServerState::Deleted {
                why: DeleteReason::Admin,
            },
        ),
    ] {
        db.server_in(&scaled, name, state).await;
    }
    db.requested(&scaled, "i").await;
    let elsewhere = db.pool("Shells").await;
    db.fixed(elsewhere, scaled.zone, "fixed", seats(1)).await;
    for scope in [None, Some(scaled.pool), Some(elsewhere)] {
        let snapshot = db.store.snapshot(scope, NOW).await.unwrap();
        assert_eq!(
            snapshot.providers[0].existing, 8,
            "all states but deleted, whatever pool is asked for"
        );
    }
    let snapshot = db.store.snapshot(Some(scaled.pool), NOW).await.unwrap();
    assert_eq!(snapshot.pools[0].servers.len(), 8);
}

async fn creates_of_the_last_hour_are_counted_with_the_oldest(db: Db) {
    let scaled = db.scaled().await;
    for (name, secs) in [("one", 0), ("two", 10), ("three", 20)] {
        let created_at = NOW.plus_secs(secs);
        let server = NewServer {
            created_at,
            ..db.new_server(&scaled, name)
        };
        db.intent(&scaled, server).await;
    }
    let server = db
        .store
        .servers_page(ServerFilter::default(), ALL)
        .await
        .unwrap();
    db.moved(
        &server[1],
        ServerState::Deleted {
            why: DeleteReason::Admin,
        },
    )
    .await;
    for (secs, count, oldest) in [
        (20, 3, Some(0)),
        (3600, 2, Some(10)),
        (3610, 1, Some(20)),
        (3620, 0, None),
    ] {
        let snapshot = db.store.snapshot(None, NOW.plus_secs(secs)).await.unwrap();
        let provider = &snapshot.providers[0];
        let oldest = oldest.map(|secs| NOW.plus_secs(secs));
        assert_eq!(
            (provider.creates_last_hour, provider.oldest_create_at),
            (count, oldest)
        );
    }
}

async fn a_pool_shows_its_configs_servers_sessions_and_queue(db: Db) {
    let limits = SeatLimits {
        max_sessions: 3,
        max_users: Some(2),
    };
    let scaled = db.scaled_by(|columns| columns.limits = limits).await;
    let columns = config_columns("Second", scaled.pool, scaled.zone, scaled.provider);
    let second = db.config(columns).await;
    let server = db.running(&scaled, "m-1").await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let ended = db.seated(&server, ada).await;
    db.end(ended).await;
    let (first, other) = (db.seated(&server, ada).await, db.seated(&server, ben).await);
    let used = db
        .store
        .session_activate(first, ada, NOW, NOW.plus_secs(900), None);
    used.await.unwrap();
    let waiting = db.new_session(scaled.pool, ben);
    db.seat(SeatWrite::Queue(waiting.clone())).await;
    db.pool("Empty").await;

    let snapshot = db.store.snapshot(None, NOW).await.unwrap();
    let [pool, empty] = snapshot.pools.as_slice() else {
        panic!("{:?}", snapshot.pools)
    };
    assert_eq!(
        (pool.id, empty.servers.len() + empty.configs.len()),
        (scaled.pool, 0)
    );
    let config = ConfigSnapshot {
        id: scaled.config,
        version: 1,
        created_at: NOW,
        zone: scaled.zone,
        provider: scaled.provider,
        enabled: true,
        dry_run: false,
        aggressive: false,
        minimum: 1,
        limits,
        reusable: true,
        backoff_secs: 900,
        surplus_since: None,
        unprepared: None,
    };
    let second = ConfigSnapshot {
        id: second,
        limits: seats(2),
        ..config.clone()
    };
    assert_eq!(
        pool.configs,
        [config, second],
        "in the order in which they act"
    );
    let open = |id, user| OpenSession {
        id,
        server: server.id,
        user,
        kind: waiting.kind.clone(),
        expires_at: NOW.plus_secs(900),
    };
    assert_eq!(pool.sessions, [open(first, ada), open(other, ben)]);
    let waiter = Waiter {
        id: waiting.id,
        user: ben,
        kind: waiting.kind.clone(),
        requested_at: waiting.requested_at,
        expires_at: waiting.expires_at,
    };
    assert_eq!(pool.queue, [waiter]);
}

async fn a_server_shows_what_the_planner_asks_of_it(db: Db) {
    let scaled = db.scaled_by(|columns| columns.reusable = false).await;
    let server = db.running(&scaled, "m-1").await;
    let ada = db.user("ada").await.id;
    db.seated(&server, ada).await;
    let later = NOW.plus_secs(5);
    let write = ServerWrite {
        retry_at: Some(Some(later)),
        health: Health::NotBefore(later),
        ..step(&server, server.status.clone())
    };
    db.write(write).await;
    let fixed = db.fixed(scaled.pool, scaled.zone, "fixed", seats(7)).await;

    let snapshot = db.store.snapshot(Some(scaled.pool), NOW).await.unwrap();
    let [made, entered] = snapshot.pools[0].servers.as_slice() else {
        panic!("{:?}", snapshot.pools)
    };
    assert_eq!(
        (made.id, &made.state, made.version),
        (server.id, &server.status, 3)
    );
    assert_eq!(
        (made.limits, made.reusable, made.require_checkin),
        (seats(2), false, true)
    );
    assert_eq!(
        (made.first_user, made.retry_at, made.access_pending),
        (Some(ada), Some(later), true)
    );
    assert_eq!(made.provision_timeout_secs, 600);
    assert_eq!((entered.id, entered.origin), (fixed.id, Origin::Fixed));
    assert_eq!(
        (entered.limits, entered.reusable, entered.access_pending),
        (seats(7), true, false)
    );
    assert_eq!(snapshot.providers[0].not_before, Some(later));
}

/// Servers come and go with their sessions; no snapshot shows a session without its server.
async fn a_snapshot_shows_one_moment(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let ada = db.user("ada").await.id;
    let writer = db.clone();
    let writer = tokio::spawn(async move {
        for _ in 0..50 {
            let server = writer.fixed(pool, zone, "desk", seats(1)).await;
            writer.seated(&server, ada).await;
            let end = Some(EndReason::Admin);
            let delete = writer
                .store
                .fixed_server_delete(server.id, 1, end, writer.audit());
            delete.await.unwrap();
        }
    });
    while !writer.is_finished() {
        let snapshot = db.store.snapshot(Some(pool), NOW).await.unwrap();
        let pool = &snapshot.pools[0];
        for session in &pool.sessions {
            assert!(
                pool.servers
                    .iter()
                    .any(|server| server.id == session.server),
                "{pool:?}"
            );
        }
    }
    writer.await.unwrap();
}
