//! Decisions of the loop, and what it remembers of its configs.

use domain::id::{DecisionId, PoolId};
use domain::plan::{Decision, Finding, PoolReport, Reason};
use domain::timestamp::Timestamp;
use store::DecisionFilter;

use crate::database::{Db, NOW};

crate::on_both![
    decisions_come_back_newest_first,
    decisions_are_found_by_a_reason_and_from_one_on,
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
    let page = async |pool, before, limit| {
        let filter = DecisionFilter {
            pool,
            ..DecisionFilter::default()
        };
        db.store
            .decisions_page(filter, before, limit)
            .await
            .unwrap()
    };
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

async fn decisions_are_found_by_a_reason_and_from_one_on(db: Db) {
    let (fence, pool) = (db.fence().await, db.pool("Desks").await);
    let mut made: Vec<Decision> = (0..4).map(|_| decision(&db, pool, NOW)).collect();
    made[1].report.findings[0].reason = Reason::HeldAtLimit;
    made[3]
        .report
        .findings
        .push(Finding::new(Reason::HeldAtLimit, 2));
    let kept = db.store.decisions_insert(fence, &made);
    kept.await.unwrap();
    let found = async |reason, up_to: Option<usize>| {
        let filter = DecisionFilter {
            pool: Some(pool),
            reason,
            up_to: up_to.map(|at| made[at].id),
        };
        let rows = db.store.decisions_page(filter, None, 9).await.unwrap();
        let place = |one: &Decision| made.iter().position(|other| other == one);
        rows.iter().filter_map(place).collect::<Vec<_>>()
    };
    assert_eq!(found(None, Some(2)).await, [2, 1, 0]);
    assert_eq!(found(Some(Reason::HeldAtLimit), None).await, [3, 1]);
    assert_eq!(found(Some(Reason::HeldAtLimit), Some(2)).await, [1]);
    assert_eq!(found(Some(Reason::HeldEnough), Some(1)).await, [0]);
    assert_eq!(found(Some(Reason::GrewProbe), None).await, [0; 0]);
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
