//! Answers of creating requests, by the key that the client sent.

use store::Idempotency;

use crate::database::{Db, NOW};

crate::on_both![
    a_key_belongs_to_its_first_request,
    a_forgotten_key_is_free_again
];

async fn a_key_belongs_to_its_first_request(db: Db) {
    let store = &db.store;
    let begin = async |actor, key, print| {
        store
            .idempotency_begin(actor, key, print, NOW)
            .await
            .unwrap()
    };
    assert_eq!(begin("ada", "k", "print").await, Idempotency::New);
    assert_eq!(begin("ada", "k", "print").await, Idempotency::Running(NOW));
    assert_eq!(begin("ada", "k", "other").await, Idempotency::Mismatch);
    assert_eq!(
        begin("ben", "k", "other").await,
        Idempotency::New,
        "keys are each actor's own"
    );
    store
        .idempotency_finish("ada", "k", 201, "{\"id\":\"ü\"}")
        .await
        .unwrap();
    let stored = Idempotency::Stored {
        status: 201,
        body: "{\"id\":\"ü\"}".to_owned(),
    };
    assert_eq!(begin("ada", "k", "print").await, stored);
    assert_eq!(begin("ada", "k", "other").await, Idempotency::Mismatch);
    // An answer that was given is not taken back.
    store.idempotency_forget("ada", "k").await.unwrap();
    assert_eq!(begin("ada", "k", "print").await, stored);
}

async fn a_forgotten_key_is_free_again(db: Db) {
    let begin = async || {
        db.store
            .idempotency_begin("ada", "k", "print", NOW)
            .await
            .unwrap()
    };
    begin().await;
    db.store.idempotency_forget("ada", "k").await.unwrap();
    assert_eq!(begin().await, Idempotency::New);
}
