//! Autoscale configs.

use domain::connection::Protocol;
use domain::id::ConfigId;
use domain::server::{DeleteReason, SeatLimits, ServerState};
use serde_json::json;
use store::{ConfigColumns, ConfigRow, StoreError};

use crate::database::{Db, NOW};
use crate::given::{ALL, config_columns, document, fixed_input, seats};

crate::on_both![
    a_config_comes_back_as_it_was_saved,
    a_stale_or_missing_config_is_refused,
    a_config_in_use_names_its_servers,
    a_config_with_servers_stays_in_its_pool_and_zone,
    a_config_tells_how_many_of_its_servers_are_older_than_itself,
    a_pool_has_one_protocol,
];

async fn a_config_comes_back_as_it_was_saved(db: Db) {
    let (zone, pool) = (db.zone("Here").await, db.pool("Desks").await);
    let provider = db.provider("Cloud", 1).await;
    let id = db.id(ConfigId::from_uuid);
    let columns = ConfigColumns {
        dry_run: true,
        aggressive: true,
        reusable: false,
        limits: SeatLimits {
            max_sessions: 4,
            max_users: Some(3),
        },
        ..config_columns("Désks", pool, zone, provider)
    };
    let values =
        document(json!({ "name": "Désks", "connection_info": { "deep": [1, 2.5, null] } }));
    let made = db.store.config_insert(
        id,
        columns.clone(),
        values.clone(),
        Vec::new(),
        NOW,
        db.audit(),
    );
    let made = made.await.unwrap();
    assert_eq!((&made.columns, &made.document), (&columns, &values));
    assert_eq!((made.version, made.servers, made.older_servers), (1, 0, 0));
    assert_eq!(db.store.config(id).await.unwrap(), Some(made.clone()));
    assert_eq!(db.store.configs_page(None, ALL).await.unwrap(), [made]);

    let later = NOW.plus_secs(1);
    let disabled = ConfigColumns {
        enabled: false,
        protocol: Protocol::Rdp,
        ..columns
    };
    let changed = db.store.config_replace(
        id,
        1,
        disabled.clone(),
        document(json!({})),
        Vec::new(),
        later,
        db.audit(),
    );
    let changed = changed.await.unwrap();
    assert_eq!(
        (&changed.columns, changed.updated_at, changed.version),
        (&disabled, later, 2)
    );
    assert_eq!(db.store.config(id).await.unwrap(), Some(changed));

    db.store.config_delete(id, 2, db.audit()).await.unwrap();
    assert_eq!(db.store.config(id).await.unwrap(), None);
    assert_eq!(db.number("SELECT COUNT(*) FROM autoscale_loop").await, 0);
}

/// Replaces a config and its document by these columns and an empty one.
async fn replace(
    db: &Db,
    id: ConfigId,
    seen_version: i64,
    columns: ConfigColumns,
) -> store::Result<ConfigRow> {
    let none = document(json!({}));
    db.store
        .config_replace(id, seen_version, columns, none, Vec::new(), NOW, db.audit())
        .await
}

async fn a_stale_or_missing_config_is_refused(db: Db) {
    let scaled = db.scaled().await;
    let (there, missing) = (scaled.config, db.id(ConfigId::from_uuid));
    let replace = |id, version| {
        let columns = config_columns("Other", scaled.pool, scaled.zone, scaled.provider);
        replace(&db, id, version, columns)
    };
    let delete = |id, version| db.store.config_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn a_config_in_use_names_its_servers(db: Db) {
    let scaled = db.scaled().await;
    let server = db.requested(&scaled, "desk-1").await;
    let delete = || db.store.config_delete(scaled.config, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete()).await;
    assert_eq!(by, ["desk-1"]);
    db.moved(
        &server,
        ServerState::Deleted {
            why: DeleteReason::Admin,
        },
    )
    .await;
    delete().await.unwrap();
}

async fn a_config_with_servers_stays_in_its_pool_and_zone(db: Db) {
    let scaled = db.scaled().await;
    let server = db.requested(&scaled, "desk-1").await;
    let (pool, zone) = (db.pool("Others").await, db.zone("There").await);
    let elsewhere = |pool, zone| {
        let columns = config_columns("Desks", pool, zone, scaled.provider);
        replace(&db, scaled.config, 1, columns)
    };
    for refused in [elsewhere(pool, scaled.zone), elsewhere(scaled.pool, zone)] {
        let (by, _) = db.refuses_in_use(refused).await;
        assert_eq!(by, ["desk-1"]);
    }
    let why = DeleteReason::Admin;
    db.moved(&server, ServerState::Deleted { why }).await;
    elsewhere(pool, zone).await.unwrap();
}

async fn a_config_tells_how_many_of_its_servers_are_older_than_itself(db: Db) {
    let scaled = db.scaled().await;
    db.requested(&scaled, "old").await;
    let columns = config_columns("Desks", scaled.pool, scaled.zone, scaled.provider);
    let edit = replace(&db, scaled.config, 1, columns);
    edit.await.unwrap();
    let mut new = db.new_server(&scaled, "new");
    new.config_version = 2;
    db.intent(&scaled, new).await;
    let row = db.store.config(scaled.config).await.unwrap().unwrap();
    assert_eq!((row.servers, row.older_servers), (2, 1));
}

async fn a_pool_has_one_protocol(db: Db) {
    let scaled = db.scaled().await;
    let columns = |name: &str| ConfigColumns {
        protocol: Protocol::Vnc,
        ..config_columns(name, scaled.pool, scaled.zone, scaled.provider)
    };
    let insert = db.store.config_insert(
        db.id(ConfigId::from_uuid),
        columns("Second"),
        document(json!({})),
        Vec::new(),
        NOW,
        db.audit(),
    );
    let error = db.refusal(insert).await;
    assert!(matches!(
        error,
        StoreError::ProtocolMismatch {
            pool: Protocol::Ssh
        }
    ));
    // The only config of a pool may change it, unless a fixed server uses the old one.
    let change = |version| replace(&db, scaled.config, version, columns("Desks"));
    let server = db.fixed(scaled.pool, scaled.zone, "desk", seats(1)).await;
    let error = db.refusal(change(1)).await;
    assert!(matches!(
        error,
        StoreError::ProtocolMismatch {
            pool: Protocol::Ssh
        }
    ));
    db.store
        .fixed_server_delete(server.id, 1, None, db.audit())
        .await
        .unwrap();
    change(1).await.unwrap();
    let insert = db.store.fixed_server_insert(
        db.id(domain::id::ServerId::from_uuid),
        fixed_input(scaled.pool, scaled.zone, "desk", seats(1)),
        domain::secret::Secret::new("the access data"),
        NOW,
        db.audit(),
    );
    let error = db.refusal(insert).await;
    assert!(matches!(
        error,
        StoreError::ProtocolMismatch {
            pool: Protocol::Vnc
        }
    ));
}
