//! What was done by whom.

use domain::audit::AuditFilter;
use serde_json::json;
use store::{AuditEntry, ChainFault};

use crate::database::{Db, NOW};
use crate::given::zone_input;

crate::on_both![
    entries_come_back_newest_first,
    entries_about_one_thing_and_by_people_are_found_with_names,
    an_entry_is_written_with_what_it_says_or_not_at_all,
    an_entry_by_itself_needs_the_lease,
    a_chain_that_nobody_touched_is_whole,
    what_is_changed_moved_or_taken_out_of_the_chain_is_found,
    only_the_holder_of_the_lease_links,
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

/// Three zones are made, each with its entry, and linked.
async fn linked(db: &Db) {
    for name in ["one", "two", "three"] {
        let id = db.id(domain::id::ZoneId::from_uuid);
        let made = db.store.zone_insert(id, zone_input(name), NOW, db.audit());
        made.await.unwrap();
    }
    let fence = db.fence().await;
    assert_eq!(db.store.audit_link(fence).await.unwrap(), 3);
    assert_eq!(db.store.audit_link(fence).await.unwrap(), 0);
}

async fn faults(db: &Db) -> Vec<ChainFault> {
    db.store.audit_verify().await.unwrap().faults
}

async fn a_chain_that_nobody_touched_is_whole(db: Db) {
    linked(&db).await;
    let before = db.store.audit_verify().await.unwrap();
    assert_eq!((before.faults.len(), before.unlinked), (0, 0));
    let (number, hash) = before.head.expect("a head");
    assert_eq!((number, hash.len()), (3, 64));

    let id = db.id(domain::id::ZoneId::from_uuid);
    let made = db
        .store
        .zone_insert(id, zone_input("four"), NOW, db.audit());
    made.await.unwrap();
    assert_eq!(db.store.audit_verify().await.unwrap().unlinked, 1);
    let fence = db.fence().await;
    assert_eq!(db.store.audit_link(fence).await.unwrap(), 1);
    let after = db.store.audit_verify().await.unwrap();
    assert_eq!(after.faults, []);
    assert_eq!(after.head.expect("a head").0, 4);

    let entries = db.store.audit_linked(2).await.unwrap();
    let numbers: Vec<i64> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [3, 4]);
    assert_eq!(db.store.audit_linked(4).await.unwrap(), []);
}

async fn what_is_changed_moved_or_taken_out_of_the_chain_is_found(db: Db) {
    linked(&db).await;
    let entries = db.store.audit_linked(0).await.unwrap();
    let second = &entries[1];
    let changed = [ChainFault::Changed(2, second.id)];
    for (column, text) in [
        ("actor", "'nobody'"),
        ("action", "'zone.delete'"),
        ("target", "'x'"),
        ("detail", "'{\"x\":1}'"),
        ("at", "at + 1"),
        ("hash", "REPLACE(hash, SUBSTR(hash, 1, 1), 'x')"),
    ] {
        let id = second.id.bare();
        db.run(format!(
            "CREATE TABLE kept AS SELECT * FROM audit WHERE id = '{id}'"
        ))
        .await;
        db.run(format!(
            "UPDATE audit SET {column} = {text} WHERE id = '{id}'"
        ))
        .await;
        let found = faults(&db).await;
        assert_eq!(found[0], changed[0], "{column}");
        // Who changes a hash breaks the link to the next one too.
        assert_eq!(
            found.len(),
            if column == "hash" { 2 } else { 1 },
            "{column}"
        );
        db.run(format!(
            "UPDATE audit SET {column} = (SELECT {column} FROM kept) WHERE id = '{id}'"
        ))
        .await;
        db.run("DROP TABLE kept").await;
    }
    assert_eq!(faults(&db).await, []);

    db.run("UPDATE audit SET number = number + 10 WHERE number = 3")
        .await;
    assert_eq!(faults(&db).await, [ChainFault::Missing(3, 12)]);
    db.run("UPDATE audit SET number = 3 WHERE number = 13")
        .await;
    db.run("DELETE FROM audit WHERE number = 2").await;
    assert_eq!(faults(&db).await, [ChainFault::Missing(2, 2)]);
}

async fn only_the_holder_of_the_lease_links(db: Db) {
    let before = db.fence().await;
    let id = db.id(domain::id::ZoneId::from_uuid);
    let made = db.store.zone_insert(id, zone_input("one"), NOW, db.audit());
    made.await.unwrap();
    db.store.lease_end().await.unwrap();
    let after = db.fence().await;
    db.refuses_the_fence(db.store.audit_link(before)).await;
    assert_eq!(db.store.audit_link(after).await.unwrap(), 1);
}
