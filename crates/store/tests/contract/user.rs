//! People, and the one-time link that makes the first of them.

use domain::actor::Role;
use domain::id::{ApiKeyId, DraftId, UserId};
use domain::user::ApiKey;
use serde_json::json;
use store::Draft;

use crate::database::{Db, NOW};
use crate::given::{ALL, document, seats};
use crate::ssh_key;

crate::on_both![
    a_person_comes_back_as_saved,
    a_new_password_ends_the_persons_sign_ins,
    a_stale_or_missing_person_is_refused,
    a_person_with_sessions_is_kept_and_the_sessions_named,
    what_belongs_to_a_person_goes_with_the_person,
    a_set_up_link_makes_the_first_person_once,
];

async fn a_person_comes_back_as_saved(db: Db) {
    let new = db.new_user("ada");
    let hash = new.password_hash.clone();
    let made = db.store.user_insert(new, db.audit()).await.unwrap();
    assert_eq!((made.role, made.version), (Role::User, 1));
    assert_eq!(db.store.user(made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(
        db.store.user_by_name("ada").await.unwrap(),
        Some((made.clone(), hash.clone()))
    );
    let page = db.store.users_page(ALL).await.unwrap();
    assert_eq!(page, std::slice::from_ref(&made));

    let later = NOW.plus_secs(1);
    let changed = db
        .store
        .user_replace(made.id, 1, "eva", Role::Admin, None, later, db.audit());
    let changed = changed.await.unwrap();
    assert_eq!((changed.name.as_str(), changed.role), ("eva", Role::Admin));
    assert_eq!((changed.updated_at, changed.version), (later, 2));
    let found = db.store.user_by_name("eva").await.unwrap();
    assert_eq!(
        found,
        Some((changed, hash)),
        "without a new password the old one stays"
    );
    assert_eq!(db.store.user_by_name("ada").await.unwrap(), None);
}

async fn a_new_password_ends_the_persons_sign_ins(db: Db) {
    let (ada, ben) = (db.user("ada").await, db.user("ben").await);
    let later = NOW.plus_secs(600);
    for (token, user) in [("a", &ada), ("b", &ben)] {
        db.store
            .login_insert(token, user.id, NOW, later)
            .await
            .unwrap();
    }
    let replace = |version, hash: Option<&str>| {
        let hash = hash.map(str::to_owned);
        db.store
            .user_replace(ada.id, version, "ada", Role::User, hash, NOW, db.audit())
    };
    let signed_in = async |token| {
        db.store
            .login_find(token, NOW, 60_000)
            .await
            .unwrap()
            .is_some()
    };
    replace(1, None).await.unwrap();
    assert!(signed_in("a").await);
    replace(2, Some("another hash")).await.unwrap();
    assert!(!signed_in("a").await);
    assert!(signed_in("b").await);
}

async fn a_stale_or_missing_person_is_refused(db: Db) {
    let (there, missing) = (db.user("ada").await.id, db.id(UserId::from_uuid));
    let replace = |id, version| {
        db.store
            .user_replace(id, version, "eva", Role::User, None, NOW, db.audit())
    };
    let delete = |id, version| db.store.user_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn a_person_with_sessions_is_kept_and_the_sessions_named(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let ada = db.user("ada").await.id;
    let open = db.seated(&server, ada).await;
    let waiting = db.queued(pool, ada).await;
    let delete = db.store.user_delete(ada, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete).await;
    assert_eq!(by, [open.to_string(), waiting.to_string()]);
}

async fn what_belongs_to_a_person_goes_with_the_person(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let ada = db.user("ada").await.id;
    let session = db.seated(&server, ada).await;
    db.end(session).await;
    db.store
        .login_insert("hash", ada, NOW, NOW.plus_secs(60))
        .await
        .unwrap();
    let key = ApiKey {
        id: db.id(ApiKeyId::from_uuid),
        name: "laptop".to_owned(),
        role: Role::User,
        user_id: Some(ada),
        created_at: NOW,
    };
    db.store
        .api_key_insert(key, "hash".to_owned(), db.audit())
        .await
        .unwrap();
    db.store
        .ssh_key_insert(ada, ssh_key::key(&db, "one"), db.audit())
        .await
        .unwrap();
    let draft = Draft {
        id: db.id(DraftId::from_uuid),
        user: ada,
        form: "autoscale".to_owned(),
        document: document(json!({})),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    db.store.draft_insert(draft, db.audit()).await.unwrap();

    db.store.user_delete(ada, 1, db.audit()).await.unwrap();
    for table in [
        "users", "sessions", "logins", "api_keys", "ssh_keys", "drafts",
    ] {
        assert_eq!(
            db.number(format!("SELECT COUNT(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
}

async fn a_set_up_link_makes_the_first_person_once(db: Db) {
    let end = NOW.plus_secs(900);
    let (store, first) = (&db.store, db.new_user("ada"));
    store.setup_link_put("link", end).await.unwrap();
    store.setup_link_put("other link", end).await.unwrap();
    for (link, at, valid) in [
        ("link", NOW, true),
        ("link", end, false),
        ("wrong", NOW, false),
    ] {
        assert_eq!(store.setup_link_valid(link, at).await.unwrap(), valid);
    }
    let before = db.dump().await;
    for (link, at) in [("wrong", NOW), ("link", end)] {
        let made = store.setup_complete(link, at, first.clone(), db.audit());
        assert!(!made.await.unwrap());
    }
    assert_eq!(db.dump().await, before);
    assert!(
        store
            .setup_complete("link", NOW, first, db.audit())
            .await
            .unwrap()
    );
    assert!(store.deployment().await.unwrap().setup_done);
    for link in ["link", "other link"] {
        let second = store.setup_complete(link, NOW, db.new_user("ben"), db.audit());
        assert!(!second.await.unwrap());
        assert!(!store.setup_link_valid(link, NOW).await.unwrap());
    }
    assert_eq!(store.users_page(ALL).await.unwrap().len(), 1);
}
