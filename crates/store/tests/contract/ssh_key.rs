//! SSH public keys of people, and which of them belong on a server.

use domain::id::{SshKeyId, UserId};
use domain::user::SshKey;

use crate::database::{Db, NOW};
use crate::given::seats;

crate::on_both![
    an_ssh_key_comes_back_as_it_was_saved,
    a_server_has_the_keys_of_those_with_an_open_session,
    what_changes_who_may_enter_is_counted,
];

/// A key; `text` tells it from others.
pub fn key(db: &Db, text: &str) -> SshKey {
    SshKey {
        id: db.id(SshKeyId::from_uuid),
        name: "laptop".to_owned(),
        public_key: format!("ssh-ed25519 {text}"),
        fingerprint: format!("SHA256:{text}"),
        created_at: NOW,
    }
}

async fn an_ssh_key_comes_back_as_it_was_saved(db: Db) {
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let keys = [key(&db, "one"), key(&db, "two")];
    for key in &keys {
        db.store
            .ssh_key_insert(ada, key.clone(), db.audit())
            .await
            .unwrap();
    }
    assert_eq!(db.store.ssh_keys_of(ada).await.unwrap(), keys);
    let same = SshKey {
        id: db.id(SshKeyId::from_uuid),
        ..keys[0].clone()
    };
    db.store
        .ssh_key_insert(ben, same, db.audit())
        .await
        .expect("another person's");

    let delete = |user| db.store.ssh_key_delete(user, keys[0].id, db.audit());
    db.refuses_as_missing(delete(ben)).await;
    delete(ada).await.unwrap();
    assert_eq!(db.store.ssh_keys_of(ada).await.unwrap(), [keys[1].clone()]);
    let nobody = db.id(UserId::from_uuid);
    let insert = db
        .store
        .ssh_key_insert(nobody, key(&db, "three"), db.audit());
    db.refuses_as_missing(insert).await;
}

async fn a_server_has_the_keys_of_those_with_an_open_session(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let people = [
        db.user("ada").await.id,
        db.user("ben").await.id,
        db.user("cleo").await.id,
    ];
    for (person, text) in people.into_iter().zip(["ada", "ben", "cleo"]) {
        db.store
            .ssh_key_insert(person, key(&db, text), db.audit())
            .await
            .unwrap();
    }
    let keys = async || db.store.server_keys(server.id).await.unwrap().keys;
    assert_eq!(keys().await, [""; 0]);
    let first = db.seated(&server, people[0]).await;
    db.seated(&server, people[0]).await;
    let third = db.seated(&server, people[1]).await;
    db.queued(pool, people[2]).await;
    assert_eq!(keys().await, ["ssh-ed25519 ada", "ssh-ed25519 ben"]);
    db.end(first).await;
    db.end(third).await;
    assert_eq!(
        keys().await,
        ["ssh-ed25519 ada"],
        "one session is still open"
    );
}

async fn what_changes_who_may_enter_is_counted(db: Db) {
    let server = db.entered_by_keys(seats(9)).await;
    let ada = db.user("ada").await.id;
    let row = async || db.server_row(server.id).await;
    assert_eq!(
        (row().await.access_wanted, row().await.access_applied),
        (0, 0)
    );

    let session = db.seated(&server, ada).await;
    let seated = db.store.session(session).await.unwrap().unwrap();
    assert_eq!((seated.access_seq, row().await.access_wanted), (1, 1));
    let added = key(&db, "ada");
    db.store
        .ssh_key_insert(ada, added.clone(), db.audit())
        .await
        .unwrap();
    assert_eq!(row().await.access_wanted, 2);
    db.store
        .ssh_key_delete(ada, added.id, db.audit())
        .await
        .unwrap();
    assert_eq!(db.store.server_keys(server.id).await.unwrap().seq, 3);
    db.end(session).await;
    assert_eq!(row().await.access_wanted, 4);

    // What the machine knows only grows.
    for (seq, applied) in [(3, 3), (2, 3), (4, 4)] {
        db.store.access_applied(server.id, seq).await.unwrap();
        assert_eq!(row().await.access_applied, applied);
    }
}
