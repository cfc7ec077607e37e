//! Sign-ins.

use crate::database::{Db, NOW};

crate::on_both![
    a_sign_in_is_found_until_it_is_over_or_idle,
    a_sign_in_that_is_used_does_not_become_idle,
    sign_ins_that_are_over_are_removed,
];

const IDLE: i64 = 1_800_000;

async fn a_sign_in_is_found_until_it_is_over_or_idle(db: Db) {
    let ada = db.user("ada").await;
    let find = async |token, at| db.store.login_find(token, at, IDLE).await.unwrap();
    let end = NOW.plus_secs(900);
    db.store
        .login_insert("short", ada.id, NOW, end)
        .await
        .unwrap();
    db.store
        .login_insert("idle", ada.id, NOW, NOW.plus_secs(36_000))
        .await
        .unwrap();
    assert_eq!(find("short", NOW).await, Some(ada));
    assert_eq!(find("short", end).await, None);
    assert!(find("idle", NOW.plus_millis(IDLE - 1)).await.is_some());
    assert_eq!(find("idle", NOW.plus_millis(3 * IDLE)).await, None);
    assert_eq!(find("another", NOW).await, None);
    for _ in 0..2 {
        db.store.login_delete("short").await.unwrap();
        assert_eq!(find("short", NOW).await, None);
    }
}

async fn a_sign_in_that_is_used_does_not_become_idle(db: Db) {
    let ada = db.user("ada").await.id;
    // The shortest time that can be set, too: there a use is written sooner than once a minute.
    for (token, idle) in [("long", IDLE), ("short", 60_000)] {
        db.store
            .login_insert(token, ada, NOW, NOW.plus_secs(36_000))
            .await
            .unwrap();
        let step = idle / 2;
        for steps in 1..=5 {
            let found = db
                .store
                .login_find(token, NOW.plus_millis(steps * step), idle);
            assert!(
                found.await.unwrap().is_some(),
                "{token}: used {steps} times"
            );
        }
    }
}

async fn sign_ins_that_are_over_are_removed(db: Db) {
    let ada = db.user("ada").await.id;
    let later = NOW.plus_secs(600);
    db.store
        .login_insert("over", ada, NOW, later)
        .await
        .unwrap();
    db.store
        .login_insert("valid", ada, NOW, later.plus_secs(1))
        .await
        .unwrap();
    db.store.logins_delete_expired(later, IDLE).await.unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM logins").await, 1);
    db.store
        .logins_delete_expired(NOW.plus_millis(IDLE), IDLE)
        .await
        .unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM logins").await, 0);
}
