//! Who runs the loop, and the fence that keeps an earlier holder's writes out.

use domain::server::DrainReason;
use domain::session::EndReason;
use store::{SeatWrite, StoreError};

use crate::database::{Db, NOW};
use crate::decision::decision;
use crate::given::{NO_LIMITS, running, step};

crate::on_both![
    the_lease_has_one_holder,
    a_lease_that_was_given_back_or_ended_is_free_at_once,
    an_old_epoch_writes_nothing,
];

async fn the_lease_has_one_holder(db: Db) {
    let take = async |holder, at| {
        let fence = db.store.lease_take(holder, at, 1000).await.unwrap();
        fence.map(|fence| fence.epoch)
    };
    assert_eq!(take("one", NOW).await, Some(1));
    assert_eq!(take("two", NOW.plus_millis(999)).await, None);
    assert_eq!(
        take("one", NOW.plus_millis(999)).await,
        Some(1),
        "a renewal"
    );
    assert_eq!(take("two", NOW.plus_millis(1998)).await, None);
    assert_eq!(take("two", NOW.plus_millis(1999)).await, Some(2));
    assert_eq!(take("one", NOW.plus_millis(2000)).await, None);
    // Whoever comes back too late is a new holder, even where nobody else was.
    assert_eq!(take("two", NOW.plus_millis(9000)).await, Some(3));
}

async fn a_lease_that_was_given_back_or_ended_is_free_at_once(db: Db) {
    let take = async |holder| db.store.lease_take(holder, NOW, 1000).await.unwrap();
    let first = take("one").await.unwrap();
    db.store.lease_release("two", first).await.unwrap();
    assert_eq!(take("two").await, None, "only its holder gives it back");
    db.store.lease_release("one", first).await.unwrap();
    let second = take("two").await.unwrap();
    assert_eq!(second.epoch, 2);
    db.store.lease_end().await.unwrap();
    assert_eq!(take("three").await.unwrap().epoch, 3);
}

async fn an_old_epoch_writes_nothing(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "m-1").await;
    let waiting = db.queued(scaled.pool, db.user("ada").await.id).await;
    db.store.lease_end().await.unwrap();
    let newer = db
        .store
        .lease_take("another process", NOW, 1000)
        .await
        .unwrap();
    let (store, old) = (&db.store, scaled.fence);
    assert!(newer.unwrap().epoch > old.epoch);

    let intents = store.record_intents(
        old,
        vec![db.new_server(&scaled, "m-2")],
        60,
        vec![db.audit()],
    );
    let error = db.refusal(intents).await;
    assert!(matches!(error, StoreError::StaleFence));
    let write = store.server_write(Some(old), step(&server, running("m-1")), None);
    db.refuses_the_fence(write).await;
    let drain = store.server_drain(
        Some(old),
        server.id,
        server.version,
        DrainReason::Surplus,
        true,
        NOW,
        db.audit(),
    );
    db.refuses_the_fence(drain).await;
    let delete = store.server_delete_begin(Some(old), server.id, server.version, NOW, db.audit());
    db.refuses_the_fence(delete).await;
    let seat = SeatWrite::SeatQueued {
        session: waiting,
        server: server.id,
        expires_at: NOW,
    };
    let seat = store.seat(Some(old), vec![seat], NO_LIMITS, NOW, vec![db.audit()]);
    db.refuses_the_fence(seat).await;
    let made = [decision(&db, scaled.pool, NOW)];
    let kept = store.decisions_insert(old, &made);
    db.refuses_the_fence(kept).await;
    let surplus = store.surplus_write(old, vec![(scaled.config, Some(NOW))]);
    db.refuses_the_fence(surplus).await;
    // People need no lease.
    let ended = store.session_end(waiting, EndReason::Owner, NOW, None, db.audit());
    assert!(ended.await.unwrap().is_some());
}
