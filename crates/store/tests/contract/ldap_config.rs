//! LDAP configs.

use domain::id::LdapConfigId;
use domain::secret::Secret;
use serde_json::json;
use store::SecretWrite;

use crate::database::{Db, NOW};
use crate::given::{ALL, document};

crate::on_both![
    an_ldap_config_comes_back_as_it_was_saved,
    a_stale_or_missing_ldap_config_is_refused,
    an_ldap_config_in_use_names_its_autoscale_configs,
];

const KEY: &str = "service_account_password";

async fn made(db: &Db) -> LdapConfigId {
    let id = db.id(LdapConfigId::from_uuid);
    let values = document(json!({ "url": "ldaps://dc.example" }));
    let secret = SecretWrite {
        key: KEY.to_owned(),
        value: Some(Secret::new("hunter2")),
    };
    let made = db.store.ldap_config_insert(
        id,
        "Corp".to_owned(),
        values.clone(),
        vec![secret],
        NOW,
        db.audit(),
    );
    let made = made.await.unwrap();
    assert_eq!((&made.document, made.version), (&values, 1));
    assert_eq!(
        (made.secrets[0].key.as_str(), made.secrets[0].set_at),
        (KEY, NOW)
    );
    assert_eq!(db.store.ldap_config(id).await.unwrap(), Some(made.clone()));
    assert_eq!(db.store.ldap_configs_page(ALL).await.unwrap(), [made]);
    id
}

async fn an_ldap_config_comes_back_as_it_was_saved(db: Db) {
    let id = made(&db).await;
    let later = NOW.plus_secs(1);
    let values = document(json!({ "url": "ldaps://other.example" }));
    let changed = db.store.ldap_config_replace(
        id,
        1,
        "Other".to_owned(),
        values.clone(),
        Vec::new(),
        later,
        db.audit(),
    );
    let changed = changed.await.unwrap();
    assert_eq!(
        (changed.name.as_str(), &changed.document),
        ("Other", &values)
    );
    assert_eq!((changed.updated_at, changed.version), (later, 2));
    assert_eq!(
        changed.secrets[0].set_at, NOW,
        "a secret that is not named stays"
    );
    assert_eq!(db.store.ldap_config(id).await.unwrap(), Some(changed));
    db.store
        .ldap_config_delete(id, 2, db.audit())
        .await
        .unwrap();
    assert_eq!(db.store.ldap_config(id).await.unwrap(), None);
    assert_eq!(db.number("SELECT COUNT(*) FROM secrets").await, 0);
}

async fn a_stale_or_missing_ldap_config_is_refused(db: Db) {
    let (there, missing) = (made(&db).await, db.id(LdapConfigId::from_uuid));
    let replace = |id, version| {
        let forget = SecretWrite {
            key: KEY.to_owned(),
            value: None,
        };
        db.store.ldap_config_replace(
            id,
            version,
            "Corp".to_owned(),
            document(json!({})),
            vec![forget],
            NOW,
            db.audit(),
        )
    };
    let delete = |id, version| db.store.ldap_config_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn an_ldap_config_in_use_names_its_autoscale_configs(db: Db) {
    let ldap = made(&db).await;
    db.scaled_by(|columns| columns.ldap = Some(ldap)).await;
    let delete = db.store.ldap_config_delete(ldap, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete).await;
    assert_eq!(by, ["Desks"]);
}
