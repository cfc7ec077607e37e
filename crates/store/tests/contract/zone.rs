//! Zones.

use domain::id::ZoneId;
use domain::zone::Zone;

use crate::database::{Db, NOW};
use crate::given::{seats, zone_input};

crate::on_both![
    a_zone_comes_back_as_it_was_saved,
    a_stale_or_missing_zone_is_refused,
    a_zone_in_use_names_its_configs_and_servers,
];

async fn a_zone_comes_back_as_it_was_saved(db: Db) {
    let id = db.id(ZoneId::from_uuid);
    let made = db
        .store
        .zone_insert(id, zone_input("Zürich"), NOW, db.audit());
    let made = made.await.unwrap();
    assert_eq!(
        made,
        Zone {
            id,
            input: zone_input("Zürich"),
            created_at: NOW,
            updated_at: NOW,
            version: 1
        }
    );
    assert_eq!(db.store.zone(id).await.unwrap(), Some(made));

    let later = NOW.plus_secs(1);
    let changed = db
        .store
        .zone_replace(id, 1, zone_input("Bern"), later, db.audit());
    let changed = changed.await.unwrap();
    assert_eq!(
        changed,
        Zone {
            id,
            input: zone_input("Bern"),
            created_at: NOW,
            updated_at: later,
            version: 2
        }
    );
    assert_eq!(db.store.zone(id).await.unwrap(), Some(changed));

    db.store.zone_delete(id, 2, db.audit()).await.unwrap();
    assert_eq!(db.store.zone(id).await.unwrap(), None);
}

async fn a_stale_or_missing_zone_is_refused(db: Db) {
    let (there, missing) = (db.zone("Here").await, db.id(ZoneId::from_uuid));
    let replace = |id, version| {
        db.store
            .zone_replace(id, version, zone_input("There"), NOW, db.audit())
    };
    let delete = |id, version| db.store.zone_delete(id, version, db.audit());
    db.refuses_as_stale(replace(there, 2)).await;
    db.refuses_as_stale(delete(there, 2)).await;
    db.refuses_as_missing(replace(missing, 1)).await;
    db.refuses_as_missing(delete(missing, 1)).await;
}

async fn a_zone_in_use_names_its_configs_and_servers(db: Db) {
    let scaled = db
        .scaled_by(|columns| "the config".clone_into(&mut columns.name))
        .await;
    for name in ["a", "b", "c", "d", "e"] {
        db.fixed(scaled.pool, scaled.zone, name, seats(1)).await;
    }
    let delete = db.store.zone_delete(scaled.zone, 1, db.audit());
    let (by, more) = db.refuses_in_use(delete).await;
    assert_eq!(
        (by, more),
        (["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(), 1)
    );
}
