//! The versions of autoscale configs: each is kept as it was saved, and can be taken back with its secrets.

use domain::id::ConfigId;
use domain::secret::Secret;
use serde_json::json;
use store::{AuditEntry, ConfigRow, ConfigVersionRow, SecretWrite, StoreError};

use crate::database::{Db, NOW};
use crate::given::{Scaled, config_columns, document};

crate::on_both![
    each_version_is_kept_as_it_was_saved,
    versions_come_newest_first_in_pages,
    a_version_comes_back_with_its_secrets,
    a_refused_change_makes_no_version,
    versions_go_with_their_config_and_what_was_done_stays,
    configs_from_before_have_their_present_version,
];

const PASSWORD: &str = "connection_password";

/// Saves a config with this as its minimum and, where one is given, another password.
async fn save(
    db: &Db,
    scaled: &Scaled,
    seen: i64,
    minimum: u32,
    password: Option<&str>,
) -> store::Result<ConfigRow> {
    let secret = password.map(|password| SecretWrite {
        key: PASSWORD.to_owned(),
        value: Some(Secret::new(password)),
    });
    let (columns, values) = content(scaled, minimum);
    let at = NOW.plus_secs(u32::try_from(seen).unwrap());
    let secrets = secret.into_iter().collect();
    db.store
        .config_replace(
            scaled.config,
            seen,
            columns,
            values,
            secrets,
            at,
            db.audit(),
        )
        .await
}

async fn restore(db: &Db, scaled: &Scaled, seen: i64, version: i64) -> store::Result<ConfigRow> {
    let (columns, values) = content(scaled, 0);
    let at = NOW.plus_secs(u32::try_from(seen).unwrap());
    db.store
        .config_restore(
            scaled.config,
            seen,
            version,
            columns,
            values,
            at,
            db.audit(),
        )
        .await
}

fn content(
    scaled: &Scaled,
    minimum: u32,
) -> (
    store::ConfigColumns,
    serde_json::Map<String, serde_json::Value>,
) {
    let mut columns = config_columns("Desks", scaled.pool, scaled.zone, scaled.provider);
    columns.minimum = minimum;
    (columns, document(json!({ "minimum": minimum })))
}

async fn versions(db: &Db, config: ConfigId) -> Vec<ConfigVersionRow> {
    db.store.config_versions(config, None, 100).await.unwrap()
}

async fn password(db: &Db, config: ConfigId) -> Option<Secret> {
    let opened = db.store.secret_open(&config.to_string(), PASSWORD).await;
    opened.unwrap()
}

async fn each_version_is_kept_as_it_was_saved(db: Db) {
    let scaled = db.scaled().await;
    let ada = db.user("ada").await;
    save(&db, &scaled, 1, 3, Some("one")).await.unwrap();
    let by_ada = AuditEntry {
        actor: ada.id.to_string(),
        ..db.audit()
    };
    let (columns, values) = content(&scaled, 5);
    let later = NOW.plus_secs(2);
    let edit = db.store.config_replace(
        scaled.config,
        2,
        columns,
        values.clone(),
        Vec::new(),
        later,
        by_ada,
    );
    let now = edit.await.unwrap();

    let kept = versions(&db, scaled.config).await;
    let numbers: Vec<_> = kept.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let [third, second, first] = kept.as_slice() else {
        panic!("{kept:?}");
    };
    assert_eq!((&third.document, third.at), (&values, later));
    assert_eq!(third.actor, ada.id.to_string());
    assert_eq!(third.actor_name.as_deref(), Some("ada"));
    // Nothing was done to the secret since.
    assert_eq!(
        (&third.secrets, &second.secrets),
        (&now.secrets, &now.secrets)
    );
    assert_eq!(third.secrets[0].key, PASSWORD);
    assert_eq!(second.document, document(json!({ "minimum": 3 })));
    assert_eq!(
        (second.actor.as_str(), &second.actor_name),
        ("system", &None)
    );
    assert_eq!((first.at, first.secrets.len()), (NOW, 0));
    assert!(kept.iter().all(|version| version.restored_from.is_none()));
}

async fn versions_come_newest_first_in_pages(db: Db) {
    let scaled = db.scaled().await;
    for seen in 1..5 {
        save(&db, &scaled, seen, 1, None).await.unwrap();
    }
    let page = async |before| {
        let page = db.store.config_versions(scaled.config, before, 2).await;
        let page = page.unwrap().into_iter();
        page.map(|version| version.version).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [5, 4]);
    assert_eq!(page(Some(4)).await, [3, 2]);
    assert_eq!(page(Some(2)).await, [1]);
    assert_eq!(page(Some(1)).await, [0; 0]);
    let one = async |version| {
        let found = db.store.config_version(scaled.config, version).await;
        found.unwrap().map(|found| found.version)
    };
    assert_eq!(
        (one(3).await, one(6).await, one(0).await),
        (Some(3), None, None)
    );
    assert_eq!(one(i64::MAX).await, None);
    let other = db.id(ConfigId::from_uuid);
    assert_eq!(versions(&db, other).await, []);
}

async fn a_version_comes_back_with_its_secrets(db: Db) {
    let scaled = db.scaled().await;
    for (seen, text) in [(1, "one"), (2, "two")] {
        save(&db, &scaled, seen, 1, Some(text)).await.unwrap();
    }
    let secrets_of = |kept: &[ConfigVersionRow], number: i64| {
        let version = kept.iter().find(|version| version.version == number);
        version.unwrap().secrets.clone()
    };
    for (seen, version, text) in [(3, 2, Some("one")), (4, 3, Some("two")), (5, 1, None)] {
        let row = restore(&db, &scaled, seen, version).await.unwrap();
        assert_eq!((row.version, row.columns.minimum), (seen + 1, 0));
        assert_eq!(password(&db, scaled.config).await, text.map(Secret::new));
        // Since when it is set and by whom comes back too: it is the same secret.
        let kept = versions(&db, scaled.config).await;
        assert_eq!(row.secrets, secrets_of(&kept, version));
        assert_eq!(
            (kept[0].version, kept[0].restored_from),
            (seen + 1, Some(version))
        );
        assert_eq!(kept[0].secrets, row.secrets);
    }
}

async fn a_refused_change_makes_no_version(db: Db) {
    let scaled = db.scaled().await;
    db.requested(&scaled, "desk-1").await;
    save(&db, &scaled, 1, 1, Some("one")).await.unwrap();
    db.refuses_as_stale(save(&db, &scaled, 1, 2, Some("two")))
        .await;
    db.refuses_as_stale(restore(&db, &scaled, 1, 1)).await;
    // A version that was never there has no secrets to go back to, so those that are set stay.
    db.refuses_as_missing(restore(&db, &scaled, 2, 3)).await;
    let elsewhere = Scaled {
        pool: db.pool("Others").await,
        ..scaled
    };
    let error = db.refusal(restore(&db, &elsewhere, 2, 1)).await;
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert_eq!(versions(&db, elsewhere.config).await.len(), 2);
}

async fn versions_go_with_their_config_and_what_was_done_stays(db: Db) {
    let scaled = db.scaled().await;
    save(&db, &scaled, 1, 1, Some("one")).await.unwrap();
    let entries = db.number("SELECT COUNT(*) FROM audit").await;
    let delete = db.store.config_delete(scaled.config, 2, db.audit());
    delete.await.unwrap();
    for table in ["autoscale_versions", "autoscale_version_secrets"] {
        assert_eq!(db.number(format!("SELECT COUNT(*) FROM {table}")).await, 0);
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, entries + 1);
}

async fn configs_from_before_have_their_present_version(db: Db) {
    let scaled = db.scaled().await;
    let ada = db.user("ada").await;
    save(&db, &scaled, 1, 1, Some("one")).await.unwrap();
    save(&db, &scaled, 2, 2, None).await.unwrap();
    let other = db
        .config(config_columns(
            "Others",
            scaled.pool,
            scaled.zone,
            scaled.provider,
        ))
        .await;
    // As they were before versions were kept: the audit log alone tells who has saved them.
    let by_ada = AuditEntry {
        actor: ada.id.to_string(),
        action: "autoscale_config.replace",
        target: scaled.config.to_string(),
        ..db.audit()
    };
    db.store.audit_write(scaled.fence, by_ada).await.unwrap();
    let before = versions(&db, scaled.config).await.remove(0);
    for table in ["autoscale_version_secrets", "autoscale_versions"] {
        db.run(format!("DROP TABLE {table}")).await;
    }
    db.run(include_str!(
        "../../../../migrations/0009_autoscale_versions.sql"
    ))
    .await;

    let kept = versions(&db, scaled.config).await;
    let expected = ConfigVersionRow {
        actor: ada.id.to_string(),
        actor_name: Some("ada".to_owned()),
        ..before
    };
    assert_eq!(kept, [expected]);
    let kept = versions(&db, other).await;
    assert_eq!((kept.len(), kept[0].actor.as_str()), (1, "system"));
    // It goes on from there.
    save(&db, &scaled, 3, 4, Some("two")).await.unwrap();
    restore(&db, &scaled, 4, 3).await.unwrap();
    assert_eq!(password(&db, scaled.config).await, Some(Secret::new("one")));
}
