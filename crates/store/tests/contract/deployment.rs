//! The database of one installation, and the key that belongs to it.

use store::{DatabaseUrl, MasterKey, OpenError, Store};

use crate::database::{Db, NOW, key};

crate::on_both![
    a_database_stays_the_same_deployment,
    another_key_is_refused_and_changes_nothing,
    a_schema_of_a_newer_weir_is_refused,
    a_database_is_new_until_it_was_opened,
];

async fn a_database_stays_the_same_deployment(db: Db) {
    let first = db.store.deployment().await.unwrap();
    assert_eq!((first.created_at, first.setup_done), (NOW, false));
    let again = db.reopen(&key()).await.unwrap();
    assert_eq!(again.deployment().await.unwrap(), first);
    again.ping().await.unwrap();
    again.close().await;
    assert!(again.ping().await.is_err());
}

async fn another_key_is_refused_and_changes_nothing(db: Db) {
    let before = db.dump().await;
    let other = MasterKey::from_bytes([8; 32]);
    let Err(OpenError::WrongKey { expected, found }) = db.reopen(&other).await else {
        panic!("opened with a wrong key")
    };
    assert_eq!((expected, found), (key().id(), other.id()));
    assert_eq!(db.dump().await, before);
}

async fn a_schema_of_a_newer_weir_is_refused(db: Db) {
    db.run("UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
    let opened = db.reopen(&key()).await.map(|_| ());
    assert!(
        matches!(opened, Err(OpenError::NewerSchema { migration: 9999 })),
        "{opened:?}"
    );
}

async fn a_database_is_new_until_it_was_opened(db: Db) {
    assert!(!Store::is_new(&db.url).await.unwrap());
    assert!(Store::is_new(&DatabaseUrl::SqliteMemory).await.unwrap());
    // A process that died between the schema and the first row.
    db.run("DELETE FROM deployment").await;
    assert!(Store::is_new(&db.url).await.unwrap());
}
