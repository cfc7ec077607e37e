//! Provider configs, with how creating through them goes.

use domain::id::ProviderId;
use domain::provider::{ProviderHealth, ProviderInput, ProviderKind};
use domain::secret::Secret;
use domain::server::{FailReason, ServerState};
use serde_json::json;
use store::{Health, SecretWrite, ServerWrite};

use crate::database::{Db, NOW};
use crate::given::{document, provider_input, running, step};

crate::on_both![
    a_provider_config_comes_back_as_it_was_saved,
    secrets_of_a_provider_config_are_kept_until_they_are_set_anew_or_removed,
    a_stale_or_missing_provider_config_is_refused,
    a_provider_config_in_use_names_its_configs_and_servers,
    failures_are_counted_in_a_row_and_forgotten_after_a_success_or_an_edit,
];

async fn a_provider_config_comes_back_as_it_was_saved(db: Db) {
    let id = db.id(ProviderId::from_uuid);
    let input = ProviderInput {
        name: "Rechenzentrum Süd".to_owned(),
        kind: ProviderKind::Local,
        max_instances: 3,
        startup_script: "#!/bin/sh\necho \"{server_id}\" '\\'\n".to_owned(),
        settings: document(json!({ "a": [1, null, "ü"], "b": { "c": true } })),
    };
    let made = db
        .store
        .provider_insert(id, input.clone(), Vec::new(), NOW, db.audit());
    let made = made.await.unwrap();
    assert_eq!(
        (&made.settings, &made.startup_script),
        (&input.settings, &input.startup_script)
    );
    assert_eq!(db.store.provider(id).await.unwrap(), Some(made));
    let later = NOW.plus_secs(1);
    let changed = db.store.provider_replace(
        id,
        1,
        provider_input("North", 4),
        Vec::new(),
        later,
        db.audit(),
    );
    let changed = changed.await.unwrap();
    assert_eq!(
        (changed.max_instances, changed.updated_at, changed.version),
        (4, later, 2)
    );
    assert_eq!(changed.kind, ProviderKind::Local, "the kind stays");
    assert_eq!(db.store.provider(id).await.unwrap(), Some(changed));
    db.store.provider_delete(id, 2, db.audit()).await.unwrap();
    assert_eq!(db.store.provider(id).await.unwrap(), None);
}

async fn secrets_of_a_provider_config_are_kept_until_they_are_set_anew_or_removed(db: Db) {
    let id = db.id(ProviderId::from_uuid);
    let write = |key: &str, value: Option<&str>| SecretWrite {
        key: key.to_owned(),
        value: value.map(Secret::new),
    };
    let replace = |version, secrets| {
        let input = provider_input("Cloud", 1);
        let at = NOW.plus_secs(1);
        db.store
            .provider_replace(id, version, input, secrets, at, db.audit())
    };
    let open = async || db.store.provider_secrets(id).await.unwrap();
    let secrets = vec![write("key", Some("one")), write("token", Some("two"))];
    let input = provider_input("Cloud", 1);
    let made = db
        .store
        .provider_insert(id, input, secrets, NOW, db.audit());
    assert_eq!(made.await.unwrap().secrets["key"].set_at, NOW);
    let both =
        [("key", "one"), ("token", "two")].map(|(key, text)| (key.to_owned(), Secret::new(text)));
    assert_eq!(open().await, both.into());

    let kept = replace(1, Vec::new()).await.unwrap();
    assert_eq!(kept.secrets["key"].set_at, NOW);
    assert_eq!(open().await.len(), 2);
    let secrets = vec![write("key", Some("three")), write("token", None)];
    let changed = replace(2, secrets).await.unwrap();
    assert_eq!(changed.secrets.keys().collect::<Vec<_>>(), ["key"]);
    assert_eq!(changed.secrets["key"].set_at, NOW.plus_secs(1));
    let one = [("key".to_owned(), Secret::new("three"))];
    assert_eq!(open().await, one.into());
    db.store.provider_delete(id, 3, db.audit()).await.unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM secrets").await, 0);
}

async fn a_stale_or_missing_provider_config_is_refused(db: Db) {
    let (there, missing) = (db.provider("Cloud", 1).await, db.id(ProviderId::from_uuid));
    let replace = |id, version| {
        db.store.provider_replace(
            id,
            version,
            provider_input("Other", 1),
            Vec::new(),
            NOW,
            db.audit(),
        )
    };
    let delete = |id, version| db.store.provider_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn a_provider_config_in_use_names_its_configs_and_servers(db: Db) {
    let scaled = db.scaled().await;
    db.requested(&scaled, "desk-1").await;
    let delete = db.store.provider_delete(scaled.provider, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete).await;
    assert_eq!(by, ["Desks", "desk-1"]);
}

async fn failures_are_counted_in_a_row_and_forgotten_after_a_success_or_an_edit(db: Db) {
    let scaled = db.scaled().await;
    let health = async || {
        db.store
            .provider(scaled.provider)
            .await
            .unwrap()
            .unwrap()
            .health
    };
    let failed = ServerState::Failed {
        machine: None,
        why: FailReason::CreateRefused,
    };
    let fail = async |name: &str, secs| {
        let server = db.requested(&scaled, name).await;
        let at = NOW.plus_secs(secs);
        db.write(ServerWrite {
            at,
            health: Health::Failure,
            ..step(&server, failed.clone())
        })
        .await;
    };
    fail("one", 1).await;
    fail("two", 2).await;
    let broken = ProviderHealth {
        existing: 2,
        failures: 2,
        failed_at: Some(NOW.plus_secs(2)),
        not_before: None,
    };
    assert_eq!(health().await, broken);

    let server = db.requested(&scaled, "three").await;
    db.write(ServerWrite {
        health: Health::Success,
        ..step(&server, running("m-3"))
    })
    .await;
    let well = ProviderHealth {
        existing: 3,
        ..ProviderHealth::default()
    };
    assert_eq!(health().await, well);

    fail("four", 4).await;
    let edit = db.store.provider_replace(
        scaled.provider,
        1,
        provider_input("Cloud", 9),
        Vec::new(),
        NOW,
        db.audit(),
    );
    edit.await
        .expect("the loop's notes do not change the version");
    assert_eq!(
        health().await,
        ProviderHealth {
            existing: 4,
            ..ProviderHealth::default()
        }
    );

    let rest = NOW.plus_secs(30);
    let server = db.requested(&scaled, "five").await;
    let unknown = step(&server, ServerState::Unknown);
    db.write(ServerWrite {
        health: Health::NotBefore(rest),
        ..unknown
    })
    .await;
    assert_eq!(health().await.not_before, Some(rest));
}
