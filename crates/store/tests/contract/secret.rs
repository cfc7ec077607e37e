//! Secrets at rest: they come back as they were, and nothing of them stands in the database.

use domain::id::ConfigId;
use domain::secret::Secret;
use domain::server::{DeleteReason, ServerState};
use serde_json::json;
use store::{SecretWrite, StoreError};

use crate::database::{Db, NOW};
use crate::given::{Scaled, config_columns, document, running};

crate::on_both![
    every_text_comes_back_as_it_was_sealed,
    a_secret_is_kept_set_anew_or_removed,
    no_clear_secret_stands_in_the_database,
    a_sealed_value_that_was_moved_does_not_open,
    a_deleted_server_keeps_no_secret,
];

async fn write(db: &Db, scaled: &Scaled, version: i64, writes: &[(&str, Option<&str>)]) {
    let secrets = writes.iter().map(|&(key, value)| SecretWrite {
        key: key.to_owned(),
        value: value.map(Secret::new),
    });
    let columns = config_columns("Desks", scaled.pool, scaled.zone, scaled.provider);
    let at = NOW.plus_secs(u32::try_from(version).unwrap());
    let edit = db.store.config_replace(
        scaled.config,
        version,
        columns,
        document(json!({})),
        secrets.collect(),
        at,
        db.audit(),
    );
    edit.await.unwrap();
}

async fn read(db: &Db, config: ConfigId, key: &str) -> Option<Secret> {
    db.store
        .secret_open(&config.to_string(), key)
        .await
        .unwrap()
}

async fn every_text_comes_back_as_it_was_sealed(db: Db) {
    let scaled = db.scaled().await;
    let long = "日本語 'quoted' \\ \r\n".repeat(5000);
    let texts = ["", "a\0b", "\u{10ffff}\u{1}", &long];
    for (version, text) in (1..).zip(texts) {
        write(
            &db,
            &scaled,
            version,
            &[("connection_password", Some(text))],
        )
        .await;
        let opened = read(&db, scaled.config, "connection_password").await;
        assert_eq!(opened, Some(Secret::new(text)));
    }
}

async fn a_secret_is_kept_set_anew_or_removed(db: Db) {
    let scaled = db.scaled().await;
    let infos = async || {
        let row = db.store.config(scaled.config).await.unwrap().unwrap();
        let infos = row.secrets.into_iter();
        infos
            .map(|info| (info.key, info.set_at))
            .collect::<Vec<_>>()
    };
    let at = |secs| NOW.plus_secs(secs);
    write(&db, &scaled, 1, &[("b", Some("one")), ("a", Some("two"))]).await;
    assert_eq!(
        infos().await,
        [("a".to_owned(), at(1)), ("b".to_owned(), at(1))]
    );
    write(&db, &scaled, 2, &[("a", Some("three"))]).await;
    assert_eq!(
        infos().await,
        [("a".to_owned(), at(2)), ("b".to_owned(), at(1))]
    );
    assert_eq!(
        read(&db, scaled.config, "a").await,
        Some(Secret::new("three"))
    );
    write(&db, &scaled, 3, &[("a", None)]).await;
    assert_eq!(infos().await, [("b".to_owned(), at(1))]);
    assert_eq!(read(&db, scaled.config, "a").await, None);
    assert_eq!(
        read(&db, scaled.config, "b").await,
        Some(Secret::new("one"))
    );
    db.store
        .config_delete(scaled.config, 4, db.audit())
        .await
        .unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM secrets").await, 0);
}

async fn no_clear_secret_stands_in_the_database(db: Db) {
    const CLEAR: &str = "correct horse battery staple";
    let scaled = db.scaled().await;
    write(&db, &scaled, 1, &[("connection_password", Some(CLEAR))]).await;
    let mut server = db.new_server(&scaled, "desk-1");
    server.config_version = 2;
    server.request = Secret::new(CLEAR);
    server.connection = Secret::new(CLEAR);
    let id = server.id;
    db.intent(&scaled, server).await;
    assert_eq!(
        db.store.intent_request(id).await.unwrap(),
        Some(Secret::new(CLEAR))
    );
    assert_eq!(
        db.store.server_connection(id).await.unwrap(),
        Some(Secret::new(CLEAR))
    );

    let dump = format!("{:?}", db.dump().await);
    assert!(dump.contains("desk-1"), "what is no secret is readable");
    for part in CLEAR.split(' ') {
        assert!(!dump.contains(part), "`{part}` stands in the database");
    }
}

async fn a_sealed_value_that_was_moved_does_not_open(db: Db) {
    let scaled = db.scaled().await;
    let (first, second) = (
        db.running(&scaled, "one").await,
        db.running(&scaled, "two").await,
    );
    write(&db, &scaled, 1, &[("a", Some("one")), ("b", Some("two"))]).await;
    db.run(
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE key = 'a') WHERE key = 'b'",
    )
    .await;
    let opened = db.store.secret_open(&scaled.config.to_string(), "b").await;
    assert!(
        matches!(
            opened,
            Err(StoreError::Seal {
                table: "secrets",
                ..
            })
        ),
        "{opened:?}"
    );

    db.run(format!(
        "UPDATE servers SET connection_sealed = (SELECT connection_sealed FROM servers WHERE id = '{}') WHERE id = '{}'",
        first.id.bare(),
        second.id.bare()
    ))
    .await;
    let opened = db.store.server_connection(second.id).await;
    assert!(
        matches!(
            opened,
            Err(StoreError::Seal {
                table: "servers",
                ..
            })
        ),
        "{opened:?}"
    );
}

async fn a_deleted_server_keeps_no_secret(db: Db) {
    let scaled = db.scaled().await;
    let server = db.server_in(&scaled, "desk-1", running("m-1")).await;
    db.moved(
        &server,
        ServerState::Deleted {
            why: DeleteReason::Admin,
        },
    )
    .await;
    assert_eq!(db.store.intent_request(server.id).await.unwrap(), None);
    assert_eq!(db.store.server_connection(server.id).await.unwrap(), None);
}
