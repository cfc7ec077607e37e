//! API keys.

use domain::actor::Role;
use domain::id::ApiKeyId;
use domain::user::ApiKey;

use crate::database::{Db, NOW};
use crate::given::ALL;

crate::on_both![an_api_key_comes_back_as_it_was_saved];

async fn an_api_key_comes_back_as_it_was_saved(db: Db) {
    let owner = db.user("ada").await.id;
    let mut keys = Vec::new();
    for (role, user_id) in [(Role::User, Some(owner)), (Role::Admin, None)] {
        let id = db.id(ApiKeyId::from_uuid);
        let key = ApiKey {
            id,
            name: "nightly".to_owned(),
            role,
            user_id,
            created_at: NOW,
        };
        let hash = format!("hash of {id}");
        db.store
            .api_key_insert(key.clone(), hash.clone(), db.audit())
            .await
            .unwrap();
        assert_eq!(
            db.store.api_key_find(id).await.unwrap(),
            Some((key.clone(), hash))
        );
        keys.push(key);
    }
    assert_eq!(db.store.api_keys_page(ALL).await.unwrap(), keys);

    let delete = || db.store.api_key_delete(keys[0].id, db.audit());
    delete().await.unwrap();
    assert_eq!(db.store.api_key_find(keys[0].id).await.unwrap(), None);
    db.refuses_as_missing(delete()).await;
}
