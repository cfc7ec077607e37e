//! What was done by whom.

use domain::audit::AuditFilter;
use serde_json::json;
use store::AuditEntry;

use crate::database::{Db, NOW};
use crate::given::zone_input;

crate::on_both![
    entries_come_back_newest_first,
    entries_about_one_thing_and_by_people_are_found_with_names,
    an_entry_is_written_with_what_it_says_or_not_at_all,
    an_entry_by_itself_needs_the_lease
];

async fn entries_come_back_newest_first(db: Db) {
    let mut written = Vec::new();
    for name in ["one", "two", "three"] {
        let entry = AuditEntry {
            actor: "person ada".to_owned(),
            action: "zone.create",
            target: name.to_owned(),
            detail: json!({ "name": "Zürich\0", "count": 9_007_199_254_740_993_i64 }),
            ..db.audit()
        };
        let id = db.id(domain::id::ZoneId::from_uuid);
        db.store
            .zone_insert(id, zone_input(name), NOW, entry.clone())
            .await
            .unwrap();
        written.insert(0, entry);
    }
    let page = db
        .store
        .audit_page(&AuditFilter::default(), None, 2)
        .await
        .unwrap();
    let rest = db
        .store
        .audit_page(&AuditFilter::default(), Some(page[1].id), 9)
        .await
        .unwrap();
    let read = page.into_iter().chain(rest);
    for (row, entry) in read.zip(&written) {
        assert_eq!(
            (row.id, row.at, &row.actor),
            (entry.id, entry.at, &entry.actor)
        );
        assert_eq!(
            (row.action.as_str(), &row.target),
            (entry.action, &entry.target)
        );
        assert_eq!(row.detail, entry.detail);
    }
}

async fn entries_about_one_thing_and_by_people_are_found_with_names(db: Db) {
    let ada = db.user("ada").await.id;
    let zone = async |actor: String, target: &str| {
        let entry = AuditEntry {
            actor,
            target: target.to_owned(),
            ..db.audit()
        };
        let id = db.id(domain::id::ZoneId::from_uuid);
        let input = zone_input(&format!("{target} of {}", entry.actor));
        db.store.zone_insert(id, input, NOW, entry).await.unwrap();
    };
    let gone = db.id(domain::id::UserId::from_uuid);
    zone(ada.to_string(), "here").await;
    zone(gone.to_string(), "here").await;
    zone("system".to_owned(), "here").await;
    zone(ada.to_string(), "there").await;
    let names = async |filter: AuditFilter| {
        let rows = db.store.audit_page(&filter, None, 100).await.unwrap();
        let of = rows
            .into_iter()
            .filter(|row| ["here", "there"].contains(&&*row.target));
        of.map(|row| row.actor_name).collect::<Vec<_>>()
    };
    let here = |by_people| AuditFilter {
        target: Some("here".to_owned()),
        by_people,
    };
    let ada = Some("ada".to_owned());
    assert_eq!(names(here(false)).await, [None, None, ada.clone()]);
    assert_eq!(names(here(true)).await, [None, ada.clone()]);
    let by_people = AuditFilter {
        target: None,
        by_people: true,
    };
    assert_eq!(names(by_people).await, [ada.clone(), None, ada]);
}

async fn an_entry_is_written_with_what_it_says_or_not_at_all(db: Db) {
    let first = db.audit();
    let id = db.id(domain::id::ZoneId::from_uuid);
    db.store
        .zone_insert(id, zone_input("Here"), NOW, first.clone())
        .await
        .unwrap();
    // An entry that cannot be written takes what it speaks of with it.
    let id = db.id(domain::id::ZoneId::from_uuid);
    db.refusal(db.store.zone_insert(id, zone_input("There"), NOW, first))
        .await;
}

async fn an_entry_by_itself_needs_the_lease(db: Db) {
    let take = async |holder| db.store.lease_take(holder, NOW, 1000).await.unwrap();
    let old = take("one").await.expect("nobody has it");
    db.store.audit_write(old, db.audit()).await.unwrap();
    db.store.lease_release("one", old).await.unwrap();
    take("another").await.expect("nobody has it");
    db.refuses_the_fence(db.store.audit_write(old, db.audit()))
        .await;
    assert_eq!(
        db.store
            .audit_page(&AuditFilter::default(), None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
}
