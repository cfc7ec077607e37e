//! Intents: the money wall.

use domain::id::{ConfigId, ProviderId};
use domain::secret::Secret;
use domain::server::{DeleteReason, FailReason, Origin, ServerState};
use domain::snapshot::Hold;
use serde_json::json;
use store::{AuditEntry, ConfigColumns, IntentOutcome, NewServer, ServerFilter};

use crate::database::{Db, NOW};
use crate::given::{ALL, Scaled, config_columns, document, machine, provider_input, running};

crate::on_both![
    an_intent_comes_back_as_it_was_written,
    max_instances_is_a_wall_for_every_state_that_costs_money,
    the_wall_stands_around_the_provider_config_and_not_the_pool,
    the_wall_counts_rows_and_no_machine_that_has_none,
    creates_of_the_last_hour_are_capped,
    a_config_that_changed_since_the_plan_makes_nothing,
    each_intent_is_judged_by_itself,
    while_everything_is_held_no_intent_is_written,
];

use IntentOutcome::{AtLimit, ConfigChanged, CreatesPerHour, Held, Recorded};

async fn an_intent_comes_back_as_it_was_written(db: Db) {
    let scaled = db.scaled().await;
    let new = db.new_server(&scaled, "desk-1");
    assert_eq!(db.intent(&scaled, new.clone()).await, Recorded);
    let row = db.server_row(new.id).await;
    assert_eq!((&row.server.name, row.server.version), (&new.name, 1));
    assert_eq!(
        (row.server.status.clone(), row.server.state_since),
        (ServerState::Requested, NOW)
    );
    let Scaled {
        config, provider, ..
    } = scaled;
    assert_eq!(
        row.server.origin,
        Origin::Scaled {
            config,
            provider,
            config_version: 1
        }
    );
    assert_eq!(
        (row.server.limits, row.username),
        (crate::given::seats(2), new.username)
    );
    assert!(row.require_checkin && row.reusable);
    assert_eq!(
        (row.provision_timeout_secs, row.attempts, row.retry_at),
        (600, 0, None)
    );
    assert_eq!(
        db.store.intent_request(new.id).await.unwrap(),
        Some(Secret::new("the create call"))
    );
    assert_eq!(
        db.store.server_connection(new.id).await.unwrap(),
        Some(Secret::new("the access data"))
    );
}

/// Records these in one transaction.
async fn record<const N: usize>(
    db: &Db,
    scaled: &Scaled,
    servers: [NewServer; N],
    cap: u32,
) -> [IntentOutcome; N] {
    let audit = servers.iter().map(|_| db.audit()).collect();
    let outcomes = db
        .store
        .record_intents(scaled.fence, servers.into(), cap, audit);
    outcomes
        .await
        .unwrap()
        .try_into()
        .expect("an outcome for each")
}

async fn limited(db: &Db, max_instances: u32) -> Scaled {
    let scaled = db.scaled().await;
    let input = provider_input("Cloud", max_instances);
    let edit = db
        .store
        .provider_replace(scaled.provider, 1, input, Vec::new(), NOW, db.audit());
    edit.await.unwrap();
    scaled
}

async fn max_instances_is_a_wall_for_every_state_that_costs_money(db: Db) {
    let scaled = limited(&db, 1).await;
    let mut server = db.requested(&scaled, "the only one").await;
    for state in [
        ServerState::Unknown,
        ServerState::Provisioning {
            machine: machine("m"),
        },
        ServerState::Booting {
            machine: machine("m"),
            address: crate::given::address(),
        },
        running("m"),
        ServerState::Draining {
            machine: Some(machine("m")),
            address: crate::given::address(),
            why: domain::server::DrainReason::Surplus,
        },
        ServerState::Failed {
            machine: Some(machine("m")),
            why: FailReason::MachineLost,
        },
        ServerState::Deleting {
            machine: Some(machine("m")),
            why: DeleteReason::Admin,
        },
    ] {
        let next = db.new_server(&scaled, "one too many");
        assert_eq!(
            db.intent(&scaled, next).await,
            AtLimit,
            "{:?}",
            server.status
        );
        server = db.moved(&server, state).await;
    }
    let next = db.new_server(&scaled, "one too many");
    assert_eq!(
        db.intent(&scaled, next).await,
        AtLimit,
        "{:?}",
        server.status
    );
    db.moved(
        &server,
        ServerState::Deleted {
            why: DeleteReason::Admin,
        },
    )
    .await;
    db.requested(&scaled, "the next one").await;
}

async fn the_wall_stands_around_the_provider_config_and_not_the_pool(db: Db) {
    let first = limited(&db, 2).await;
    let pool = db.pool("Shells").await;
    let columns = config_columns("Shells", pool, first.zone, first.provider);
    let second = Scaled {
        pool,
        config: db.config(columns).await,
        ..first
    };
    db.requested(&first, "one").await;
    db.requested(&second, "two").await;
    for scaled in [&first, &second] {
        let third = db.new_server(scaled, "three");
        assert_eq!(db.intent(scaled, third).await, AtLimit);
    }
    // A fixed server costs the provider nothing.
    db.fixed(pool, first.zone, "fixed", crate::given::seats(1))
        .await;
    let row = db.store.provider(first.provider).await.unwrap().unwrap();
    assert_eq!(row.health.existing, 2);
}

/// The planner is stricter: it counts machines of ours in the provider's list that have no row too.
async fn the_wall_counts_rows_and_no_machine_that_has_none(db: Db) {
    let scaled = limited(&db, 1).await;
    let lost = db.running(&scaled, "m-1").await;
    db.moved(
        &lost,
        ServerState::Deleted {
            why: DeleteReason::Failed(FailReason::MachineLost),
        },
    )
    .await;
    // `m-1` may still be in the provider's list: a stranger now.
    let next = db.new_server(&scaled, "desk-2");
    assert_eq!(db.intent(&scaled, next).await, Recorded);
}

async fn creates_of_the_last_hour_are_capped(db: Db) {
    let scaled = db.scaled().await;
    let at = |name: &str, secs| NewServer {
        created_at: NOW.plus_secs(secs),
        ..db.new_server(&scaled, name)
    };
    let [first, second] = record(&db, &scaled, [at("one", 0), at("two", 10)], 2).await;
    assert_eq!([first, second], [Recorded; 2]);
    // One that is gone has been made all the same.
    let server = db
        .store
        .servers_page(ServerFilter::default(), ALL)
        .await
        .unwrap();
    db.moved(
        &server[0],
        ServerState::Deleted {
            why: DeleteReason::Admin,
        },
    )
    .await;
    assert_eq!(
        record(&db, &scaled, [at("three", 3599)], 2).await,
        [CreatesPerHour]
    );
    assert_eq!(
        record(&db, &scaled, [at("three", 3600)], 2).await,
        [Recorded]
    );
    assert_eq!(
        record(&db, &scaled, [at("four", 3609)], 2).await,
        [CreatesPerHour]
    );
}

async fn a_config_that_changed_since_the_plan_makes_nothing(db: Db) {
    let scaled = db.scaled().await;
    let edit = async |version, change: fn(&mut ConfigColumns)| {
        let mut columns = config_columns("Desks", scaled.pool, scaled.zone, scaled.provider);
        change(&mut columns);
        let edit = db.store.config_replace(
            scaled.config,
            version,
            columns,
            document(json!({})),
            Vec::new(),
            NOW,
            db.audit(),
        );
        edit.await.unwrap();
    };
    let intent = async |config_version| {
        let server = NewServer {
            config_version,
            ..db.new_server(&scaled, "desk-1")
        };
        db.intent(&scaled, server).await
    };
    edit(1, |_| {}).await;
    assert_eq!(intent(1).await, ConfigChanged);
    edit(2, |columns| columns.enabled = false).await;
    assert_eq!(intent(3).await, ConfigChanged);
    edit(3, |columns| columns.dry_run = true).await;
    assert_eq!(intent(4).await, ConfigChanged);
    edit(4, |_| {}).await;
    assert_eq!(intent(5).await, Recorded);

    let other = db.provider("Another", 1).await;
    for (config, provider) in [
        (db.id(ConfigId::from_uuid), scaled.provider),
        (scaled.config, other),
        (scaled.config, db.id(ProviderId::from_uuid)),
    ] {
        let server = NewServer {
            config,
            provider,
            config_version: 5,
            ..db.new_server(&scaled, "desk-2")
        };
        assert_eq!(db.intent(&scaled, server).await, ConfigChanged);
    }
}

async fn each_intent_is_judged_by_itself(db: Db) {
    let scaled = limited(&db, 2).await;
    let stale = NewServer {
        config_version: 9,
        ..db.new_server(&scaled, "stale")
    };
    let before = db.number("SELECT COUNT(*) FROM audit").await;
    let new = |name| db.new_server(&scaled, name);
    let outcomes = record(
        &db,
        &scaled,
        [new("one"), stale, new("two"), new("three")],
        60,
    )
    .await;
    assert_eq!(outcomes, [Recorded, ConfigChanged, Recorded, AtLimit]);
    assert_eq!(db.number("SELECT COUNT(*) FROM servers").await, 2);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, before + 2);
}

async fn while_everything_is_held_no_intent_is_written(db: Db) {
    let scaled = db.scaled().await;
    let pause = async |is_paused| {
        let entry = AuditEntry {
            actor: "usr_1".to_owned(),
            ..db.audit()
        };
        db.store.deployment_pause(is_paused, entry).await.unwrap()
    };
    assert!(pause(true).await);
    assert!(!pause(true).await, "it is held already");
    let held = db.store.deployment().await.unwrap().pause.expect("a pause");
    assert_eq!((held.since, held.by.as_str()), (NOW, "usr_1"));
    let new = db.new_server(&scaled, "desk-1");
    assert_eq!(db.intent(&scaled, new).await, Held);
    let snapshot = db.store.snapshot(None, NOW).await.unwrap();
    assert_eq!(snapshot.hold, Some(Hold::Paused));
    assert_eq!(
        db.store.deployment_hold().await.unwrap(),
        Some(Hold::Paused)
    );
    assert_eq!(db.number("SELECT COUNT(*) FROM servers").await, 0);

    assert!(pause(false).await);
    assert!(!pause(false).await, "nothing is held");
    assert_eq!(db.store.deployment().await.unwrap().pause, None);
    let new = db.new_server(&scaled, "desk-2");
    assert_eq!(db.intent(&scaled, new).await, Recorded);
}
