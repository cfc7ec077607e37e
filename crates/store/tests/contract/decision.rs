//! Decisions of the loop, and what it remembers of its configs.

use domain::id::{DecisionId, PoolId};
use domain::plan::{Decision, Finding, PoolReport, Reason};
use domain::timestamp::Timestamp;

use crate::database::{Db, NOW};

crate::on_both![
    decisions_come_back_newest_first,
    a_surplus_is_set_and_cleared
];

/// A decision about this pool.
pub fn decision(db: &Db, pool_id: PoolId, at: Timestamp) -> Decision {
    Decision {
        id: db.id(DecisionId::from_uuid),
        pool_id,
        at,
        report: PoolReport {
            pool_id,
            configs: Vec::new(),
            findings: vec![Finding::new(Reason::HeldEnough, 0)],
        },
    }
}

async fn decisions_come_back_newest_first(db: Db) {
    let fence = db.fence().await;
    let (desks, shells) = (db.pool("Desks").await, db.pool("Shells").await);
    let made = [desks, shells, desks].map(|pool| decision(&db, pool, NOW));
    // Of one pass, and of a later one.
    for decisions in [&made[..2], &made[2..]] {
        let kept = db.store.decisions_insert(fence, decisions);
        kept.await.unwrap();
    }
    let [first, other, last] = made;
    let page =
        async |pool, before, limit| db.store.decisions_page(pool, before, limit).await.unwrap();
    assert_eq!(
        page(None, None, 9).await,
        [last.clone(), other.clone(), first.clone()]
    );
    assert_eq!(page(None, None, 2).await, [last.clone(), other]);
    assert_eq!(page(Some(desks), Some(last.id), 9).await, [first]);
    assert_eq!(
        db.store.last_decision(desks).await.unwrap(),
        Some(last.clone())
    );
    let (mut newest, mut expected) = (
        db.store.newest_decisions().await.unwrap(),
        vec![page(Some(shells), None, 1).await.remove(0), last],
    );
    for decisions in [&mut newest, &mut expected] {
        decisions.sort_by_key(|decision| decision.pool_id);
    }
    assert_eq!(newest, expected, "one a pool");
    // They go with their pool.
    db.store.pool_delete(desks, 1, db.audit()).await.unwrap();
    assert_eq!(db.store.last_decision(desks).await.unwrap(), None);
}

async fn a_surplus_is_set_and_cleared(db: Db) {
    let scaled = db.scaled().await;
    for since in [Some(NOW), None] {
        let write = db
            .store
            .surplus_write(scaled.fence, vec![(scaled.config, since)]);
        write.await.unwrap();
        let snapshot = db.store.snapshot(None, NOW).await.unwrap();
        assert_eq!(snapshot.pools[0].configs[0].surplus_since, since);
        assert_eq!(
            snapshot.pools[0].configs[0].version, 1,
            "the version is the admin's"
        );
    }
}
