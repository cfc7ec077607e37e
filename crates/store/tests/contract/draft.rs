//! Half-filled forms.

use domain::id::{DraftId, UserId};
use serde_json::json;
use store::Draft;

use crate::database::{Db, NOW};
use crate::given::document;

crate::on_both![
    a_draft_comes_back_as_it_was_saved,
    a_stale_or_missing_draft_is_refused
];

async fn made(db: &Db, user: UserId) -> Draft {
    let draft = Draft {
        id: db.id(DraftId::from_uuid),
        user,
        form: "autoscale".to_owned(),
        document: document(json!({ "name": "halb\0fertig", "reusable": null })),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    let kept = db
        .store
        .draft_insert(draft.clone(), db.audit())
        .await
        .unwrap();
    assert_eq!(kept, draft);
    kept
}

async fn a_draft_comes_back_as_it_was_saved(db: Db) {
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let (first, second) = (made(&db, ada).await, made(&db, ada).await);
    made(&db, ben).await;
    assert_eq!(db.store.draft(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(
        db.store.drafts_of(ada).await.unwrap(),
        [first.clone(), second.clone()]
    );

    let later = NOW.plus_secs(1);
    let values = document(json!({ "name": "fertig" }));
    let changed = db
        .store
        .draft_replace(first.id, 1, values.clone(), later)
        .await
        .unwrap();
    assert_eq!(
        changed,
        Draft {
            document: values,
            updated_at: later,
            version: 2,
            ..first
        }
    );
    assert_eq!(
        db.store.draft(changed.id).await.unwrap(),
        Some(changed.clone())
    );
    for _ in 0..2 {
        db.store.draft_delete(changed.id).await.unwrap();
        assert_eq!(
            db.store.drafts_of(ada).await.unwrap(),
            std::slice::from_ref(&second)
        );
    }
}

async fn a_stale_or_missing_draft_is_refused(db: Db) {
    let draft = made(&db, db.user("ada").await.id).await;
    let replace = |id, version| {
        db.store
            .draft_replace(id, version, document(json!({})), NOW)
    };
    db.refuses_as_stale(replace(draft.id, 2)).await;
    let missing = db.id(DraftId::from_uuid);
    db.refuses_as_missing(replace(missing, 1)).await;
}
