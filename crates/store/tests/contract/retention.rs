//! How long history is kept.

use std::slice;

use domain::audit::AuditFilter;
use domain::server::{DeleteReason, ServerState};
use store::{Idempotency, ServerWrite};

use crate::database::{Db, NOW};
use crate::decision::decision;
use crate::given::step;

crate::on_both![history_is_forgotten_after_its_time_and_what_lives_is_kept];

const DAY: i64 = 24 * 3_600_000;

async fn history_is_forgotten_after_its_time_and_what_lives_is_kept(db: Db) {
    let scaled = db.scaled().await;
    let ada = db.user("ada").await.id;
    let (gone, alive) = (
        db.running(&scaled, "gone").await,
        db.running(&scaled, "alive").await,
    );
    let ended = db.seated(&gone, ada).await;
    db.end(ended).await;
    let open = db.seated(&alive, ada).await;
    let ended_here = db.seated(&alive, ada).await;
    db.end(ended_here).await;
    let deleted = ServerState::Deleted {
        why: DeleteReason::Admin,
    };
    db.write(ServerWrite {
        at: NOW.plus_millis(-1),
        ..step(&gone, deleted)
    })
    .await;
    let [old, newest] = [-1, 0].map(|millis| decision(&db, scaled.pool, NOW.plus_millis(millis)));
    for decision in [&old, &newest] {
        let kept = db
            .store
            .decisions_insert(scaled.fence, slice::from_ref(decision));
        kept.await.unwrap();
    }
    db.store
        .idempotency_begin("ada", "k", "print", NOW)
        .await
        .unwrap();
    db.store
        .setup_link_put("link", NOW.plus_secs(1))
        .await
        .unwrap();
    let audit = db
        .store
        .audit_page(&AuditFilter::default(), None, 1000)
        .await
        .unwrap();
    let count = async |table: &str| db.number(format!("SELECT COUNT(*) FROM {table}")).await;

    db.store.retention(NOW.plus_millis(DAY)).await.unwrap();
    assert_eq!(count("setup_links").await, 0);
    let begin = db
        .store
        .idempotency_begin("ada", "k", "print", NOW)
        .await
        .unwrap();
    assert_eq!(begin, Idempotency::Running(NOW), "kept for a whole day");

    db.store.retention(NOW.plus_millis(30 * DAY)).await.unwrap();
    assert_eq!(
        (count("idempotency").await, count("decisions").await),
        (0, 1)
    );
    assert_eq!(db.store.server(gone.id).await.unwrap(), None);
    let session = db
        .store
        .session(ended)
        .await
        .unwrap()
        .expect("30 days are not over for it");
    assert_eq!(session.state.server(), None, "its server is forgotten");

    db.store
        .retention(NOW.plus_millis(30 * DAY + 1))
        .await
        .unwrap();
    assert_eq!(
        db.store.newest_decisions().await.unwrap(),
        [newest],
        "it still holds"
    );
    for ended in [ended, ended_here] {
        assert_eq!(db.store.session(ended).await.unwrap(), None);
    }
    assert!(db.store.session(open).await.unwrap().is_some());
    assert!(db.store.server(alive.id).await.unwrap().is_some());
    assert_eq!(
        db.store
            .audit_page(&AuditFilter::default(), None, 1000)
            .await
            .unwrap(),
        audit,
        "kept for good"
    );
}
