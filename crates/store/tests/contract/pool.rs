//! Pools, with what they hold.

use domain::connection::Protocol;
use domain::id::PoolId;
use domain::pool::{PoolCounts, PoolInput, PublishedApp};
use domain::server::{DeleteReason, DrainReason, FailReason, ServerState};
use domain::timestamp::Timestamp;
use store::PoolOffer;

use crate::database::{Db, NOW};
use crate::given::{ALL, address, machine, pool_input, seats};

crate::on_both![
    a_pool_comes_back_as_it_was_saved,
    a_stale_or_missing_pool_is_refused,
    a_pool_in_use_names_what_it_holds,
    the_history_of_a_pool_goes_with_it,
    a_pool_counts_what_it_holds,
    a_single_use_server_offers_one_seat_once,
];

async fn a_pool_comes_back_as_it_was_saved(db: Db) {
    let id = db.id(PoolId::from_uuid);
    let app = |key: &str| PublishedApp {
        key: key.to_owned(),
        name: "Writer — «Übung»".to_owned(),
        program: r"C:\Program Files\w.exe".to_owned(),
        arguments: "--say \"it's\"".to_owned(),
    };
    let input = PoolInput {
        name: "Desks".to_owned(),
        description: "for everyone".to_owned(),
        apps: vec![app("writer"), app("calc")],
    };
    let made = db.store.pool_insert(id, input.clone(), NOW, db.audit());
    let made = made.await.unwrap();
    assert_eq!(
        (&made.apps, made.protocol, made.version),
        (&input.apps, None, 1)
    );
    assert_eq!(db.store.pool(id).await.unwrap(), Some(made.clone()));
    assert_eq!(db.store.pools_page(ALL).await.unwrap(), [made]);

    let later: Timestamp = NOW.plus_secs(1);
    let fewer = PoolInput {
        apps: vec![app("calc")],
        ..input
    };
    let changed = db
        .store
        .pool_replace(id, 1, fewer.clone(), later, db.audit());
    let changed = changed.await.unwrap();
    assert_eq!(
        (&changed.apps, changed.updated_at, changed.version),
        (&fewer.apps, later, 2)
    );
    assert_eq!(db.store.pool(id).await.unwrap(), Some(changed));

    let offer = PoolOffer {
        name: "Desks".to_owned(),
        apps: fewer.apps,
        protocol: None,
    };
    assert_eq!(db.store.pool_offer(id).await.unwrap(), Some(offer));
    let missing = db.id(PoolId::from_uuid);
    assert_eq!(db.store.pool_offer(missing).await.unwrap(), None);
}

async fn a_stale_or_missing_pool_is_refused(db: Db) {
    let (there, missing) = (db.pool("Desks").await, db.id(PoolId::from_uuid));
    let replace = |id, version| {
        db.store
            .pool_replace(id, version, pool_input("Shells"), NOW, db.audit())
    };
    let delete = |id, version| db.store.pool_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn a_pool_in_use_names_what_it_holds(db: Db) {
    let scaled = db
        .scaled_by(|columns| "the config".clone_into(&mut columns.name))
        .await;
    db.fixed(scaled.pool, scaled.zone, "a fixed server", seats(1))
        .await;
    let waiting = db.queued(scaled.pool, db.user("ada").await.id).await;
    let delete = db.store.pool_delete(scaled.pool, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete).await;
    assert_eq!(
        by,
        [
            "a fixed server".to_owned(),
            waiting.to_string(),
            "the config".to_owned()
        ]
    );
}

async fn the_history_of_a_pool_goes_with_it(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let session = db.seated(&server, db.user("ada").await.id).await;
    db.end(session).await;
    let gone = db.store.fixed_server_delete(server.id, 1, None, db.audit());
    gone.await.unwrap();
    db.store.pool_delete(pool, 1, db.audit()).await.unwrap();
    assert_eq!(db.store.pool(pool).await.unwrap(), None);
    assert_eq!(db.store.session(session).await.unwrap(), None);
    assert_eq!(db.store.server(server.id).await.unwrap(), None);
}

async fn a_pool_counts_what_it_holds(db: Db) {
    let scaled = db.scaled().await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let busy = db.running(&scaled, "busy").await;
    db.running(&scaled, "idle").await;
    db.seated(&busy, ada).await;
    db.queued(scaled.pool, ben).await;
    for (name, state) in [
        (
            "booting",
            ServerState::Booting {
                machine: machine("booting"),
                address: address(),
            },
        ),
        (
            "draining",
            ServerState::Draining {
                machine: Some(machine("draining")),
                address: address(),
                why: DrainReason::Surplus,
            },
        ),
        (
            "failed",
            ServerState::Failed {
                machine: None,
                why: FailReason::Script,
            },
        ),
        (
            "deleted",
            ServerState::Deleted {
                why: DeleteReason::Admin,
            },
        ),
    ] {
        db.server_in(&scaled, name, state).await;
    }
    db.requested(&scaled, "requested").await;
    let pool = db.store.pool(scaled.pool).await.unwrap().unwrap();
    assert_eq!(pool.protocol, Some(Protocol::Ssh));
    let offer = db.store.pool_offer(pool.id).await.unwrap().unwrap();
    assert_eq!(offer.protocol, pool.protocol);
    assert_eq!(
        pool.counts,
        PoolCounts {
            servers: 6,
            starting: 2,
            running: 3,
            free_seats: 3,
            sessions: 1,
            waiting: 1
        }
    );
}

async fn a_single_use_server_offers_one_seat_once(db: Db) {
    let scaled = db.scaled_by(|columns| columns.reusable = false).await;
    let server = db.running(&scaled, "m-1").await;
    let free = async || {
        db.store
            .pool(scaled.pool)
            .await
            .unwrap()
            .unwrap()
            .counts
            .free_seats
    };
    assert_eq!(free().await, 1);
    let session = db.seated(&server, db.user("ada").await.id).await;
    assert_eq!(free().await, 0);
    db.end(session).await;
    assert_eq!(free().await, 0);
}
